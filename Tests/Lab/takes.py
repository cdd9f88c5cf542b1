"""What recordings hold, as readers tell that are not tapeline's."""

import array
import pathlib
import re
import struct
import subprocess
from operator import mul

top = pathlib.Path(__file__).resolve().parents[2]

# The codec's last block or page, in seconds: what a cut may take beyond the last second (REC-8).
block_seconds = {
    "wav": 0,
    "rf64": 0,
    "w64": 0,
    "flac": 4096 / 48000,
    # Two long blocks, which overlap.
    "ogg-vorbis": 4096 / 48000,
    # A page, and the packet that the encoder still holds.
    "ogg-opus": 0.2 + 0.02,
}


def decode(path, container):
    """The samples of a 16-bit stereo file at 48 kHz; a reader that complains is an error."""
    reader = {
        "flac": ["flac", "--decode", "--silent", "--stdout", "--force-raw-format", "--endian=little", "--sign=signed", path],
        "ogg-vorbis": ["oggdec", "--quiet", "--raw", "--output=-", path],
        "ogg-opus": ["opusdec", "--quiet", "--no-dither", "--rate", "48000", path, "-"],
    }.get(container, ["ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-"])
    result = subprocess.run(reader, capture_output=True, timeout=60, check=False)
    words = result.stderr.decode(errors="replace").strip()
    # The one thing that stays unknown of a FLAC file whose writer died.
    if result.returncode != 0 or words and not words.endswith("cannot check MD5 signature since it was unset in the STREAMINFO"):
        raise ValueError(f"{reader[0]} says of {path}: {words}")
    return result.stdout


def frame_ends(path, container, bytes_per_frame=4):
    """Where in a file its frames are whole, as (byte count, frame count), rising: also true of each first part of it."""
    content = pathlib.Path(path).read_bytes()
    if container in ("wav", "rf64"):
        return Uncompressed(content.index(b"data") + 8, bytes_per_frame)
    if container == "w64":
        # A chunk of Wave64 has a name of 16 bytes and a size of 8.
        return Uncompressed(content.index(b"data") + 24, bytes_per_frame)
    return Blocks(list(flac_blocks(path) if container == "flac" else ogg_pages(content)))


class Uncompressed:
    def __init__(self, start, bytes_per_frame):
        self.start = start
        self.bytes_per_frame = bytes_per_frame

    def frames(self, byte_count):
        return max(0, (byte_count - self.start) // self.bytes_per_frame)


class Blocks:
    def __init__(self, ends):
        self.ends = ends

    def frames(self, byte_count):
        return max((frames for end, frames in self.ends if end <= byte_count), default=0)


def flac_blocks(path):
    """By flac's own analysis."""
    analysis = subprocess.run(
        ["flac", "--analyze", "--silent", "--stdout", path], capture_output=True, text=True, timeout=120, check=True
    ).stdout
    frames = 0
    for line in analysis.splitlines():
        found = re.match(r"frame=\d+\s+offset=(\d+)\s+bits=(\d+)\s+blocksize=(\d+)", line)
        if found:
            offset, bits, count = map(int, found.groups())
            frames += count
            yield offset + (bits + 7) // 8, frames


def ogg_pages(content):
    """By RFC 3533, and RFC 7845 for what Opus leaves out at the start."""
    place = skipped = 0
    while content[place : place + 4] == b"OggS":
        position = struct.unpack_from("<q", content, place + 6)[0]
        segments = content[place + 26]
        sizes = content[place + 27 : place + 27 + segments]
        body = place + 27 + segments
        if content[body : body + 8] == b"OpusHead":
            skipped = struct.unpack_from("<H", content, body + 10)[0]
        place = body + sum(sizes)
        if position > skipped:
            yield place, position - skipped


def fixture(frame_count):
    """The samples of the speech that the fixture microphone repeats."""
    speech = (top / "Fixtures/speech-48k-stereo.wav").read_bytes()[44:]
    wanted = frame_count * 4
    return (speech * (wanted // len(speech) + 1))[:wanted]


def likeness(samples, others):
    """How like two sounds are, from 0 to 1: the least correlation over half-seconds in which there is sound."""
    least = 1.0
    one = array.array("h", samples)
    other = array.array("h", others)
    step = 48000
    for start in range(0, min(len(one), len(other)) - step + 1, step):
        a, b = one[start : start + step], other[start : start + step]
        energy, other_energy = sum(map(mul, a, a)), sum(map(mul, b, b))
        if other_energy > step * 100**2:
            least = min(least, sum(map(mul, a, b)) / max(1.0, (energy * other_energy) ** 0.5))
    return least
