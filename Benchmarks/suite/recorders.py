"""The recorders that are measured, as command lines: each records SECONDS of a device to a file."""
import dataclasses
import shlex

from . import shapes

TAPELINE = ".build/release/tapeline"


@dataclasses.dataclass(frozen=True)
class Recorder:
    name: str
    command: list
    # How the file is read back: what is before the samples is not looked at.
    container: str


def tapeline(device, shape, seconds, path, container="wav", period=None):
    command = [TAPELINE, "record", "-D", device, "-d", seconds, "--container", container, "--output", path, "--force"]
    command += ["--state", f"{path}.state", "--quiet"] + (["--period-size", period] if period else [])
    return Recorder("tapeline", list(map(str, command)), container)


def floor(device, shape, seconds, path, period=None, title="readi + write(2)"):
    words = [".build/bench/floor", device, shape.format, shape.rate, shape.channels, seconds, path]
    return Recorder(title, list(map(str, words + ([period] if period else []))), "raw")


def arecord(device, shape, seconds, path, period=None):
    command = ["arecord", "-q", "-D", device, "-d", seconds, "-t", "wav", "-f", shape.format]
    command += ["-r", shape.rate, "-c", shape.channels] + (["--period-size", period] if period else [])
    return Recorder("arecord", [*map(str, command), str(path)], "wav")


def arecord_digest(device, shape, seconds, path):
    """With the digest that every recording of Tapeline's has, by the same library."""
    first = shlex.join(arecord(device, shape, seconds, path).command)
    line = f"{first} && openssl dgst -sha256 {shlex.quote(str(path))}"
    return Recorder("arecord, openssl dgst", ["sh", "-c", line], "wav")


def piped(name, device, shape, seconds, path, encoder, container):
    """arecord into an encoder's standard input."""
    first = shlex.join(arecord(device, shape, seconds, "-").command)
    return Recorder(name, ["sh", "-c", f"{first} | {encoder} {shlex.quote(str(path))} -"], container)


def arecord_flac(device, shape, seconds, path):
    return piped("arecord | flac", device, shape, seconds, path, "flac -5 --silent -f -o", "flac")


def arecord_oggenc(device, shape, seconds, path):
    return piped("arecord | oggenc", device, shape, seconds, path, "oggenc -Q -q 4 -o", "ogg-vorbis")


def arecord_opusenc(device, shape, seconds, path):
    first = shlex.join(arecord(device, shape, seconds, "-").command)
    line = f"{first} | opusenc --quiet --bitrate 128 - {shlex.quote(str(path))}"
    return Recorder("arecord | opusenc", ["sh", "-c", line], "ogg-opus")


FFMPEG_CODECS = {
    "flac": ["-c:a", "flac", "-compression_level", "5", "-f", "flac"],
    "ogg-vorbis": ["-c:a", "libvorbis", "-q:a", "4", "-f", "ogg"],
    "ogg-opus": ["-c:a", "libopus", "-b:a", "128k", "-f", "ogg"],
}


def ffmpeg(device, shape, seconds, path, container="wav"):
    codec = {"S16_LE": "pcm_s16le", "S32_LE": "pcm_s32le"}[shape.format]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "alsa", "-c:a", codec, "-sample_rate", shape.rate]
    command += ["-channels", shape.channels, "-i", device]
    # Its own option for a length goes by the clock. A packet is a period, 10 ms.
    if container == "wav":
        command += ["-frames:a", round(100 * seconds), "-c:a", "copy", "-f", "wav"]
    else:
        command += ["-af", f"atrim=end_sample={round(seconds * shape.rate)}", *FFMPEG_CODECS[container]]
    return Recorder("ffmpeg", [*map(str, command), str(path)], container)


SOX_TYPES = {"wav": ["-t", "wav"], "flac": ["-t", "flac", "-C", "5"], "ogg-vorbis": ["-t", "vorbis", "-C", "4"]}


def sox(device, shape, seconds, path, container="wav"):
    bits = 8 * shapes.SAMPLE_BYTES[shape.format]
    command = ["sox", "-q", "-D", "-t", "alsa", "-r", shape.rate, "-c", shape.channels, "-b", bits, device]
    command += [*SOX_TYPES[container], path, "trim", 0, seconds]
    return Recorder("sox", list(map(str, command)), container)
