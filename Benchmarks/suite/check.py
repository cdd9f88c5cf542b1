"""Whether what was recorded is what the device gave: a wrong result has no speed."""
import array
import subprocess
import sys

FRAMES_OF_LIKENESS = 48000


class WrongResult(Exception):
    pass


def is_right(recorder, shape, path, source, seconds):
    """The same, where another's fault costs the round only."""
    try:
        same_samples(recorder, shape, path, source, seconds)
    except WrongResult as error:
        if recorder.name == "tapeline":
            raise
        print(f"tapeline: this round does not count: {error}", file=sys.stderr)
        return False
    return True


def same_samples(recorder, shape, path, source, seconds):
    """Lossless: every sample. Lossy: the length, and a second that must sound like the device's."""
    frames = round(seconds * shape.rate)
    if recorder.container in ("ogg-vorbis", "ogg-opus"):
        return like(recorder, shape, path, source, frames)
    total, expected = 0, source.read_bytes()
    with stream(recorder, path, frames * shape.frame_bytes) as samples:
        if recorder.name != "tapeline":
            # Others may begin with a later frame.
            head = samples.read(64)
            start = max(0, (expected + expected[:64]).find(head))
            expected = expected[start:] + expected[:start]
            first = head + samples.read(len(expected) - len(head))
            if first != expected[: len(first)]:
                raise WrongResult(f"{recorder.name}: other samples than the device's")
            total = len(first)
        while block := samples.read(len(expected)):
            if block != expected[: len(block)]:
                raise WrongResult(f"{recorder.name}: other samples than the device's after {total} bytes")
            total += len(block)
    if total != frames * shape.frame_bytes:
        raise WrongResult(f"{recorder.name}: {total} bytes of samples instead of {frames * shape.frame_bytes}")


def stream(recorder, path, size):
    """A file's samples. PCM containers are read from their end: what is before the samples varies."""
    if recorder.container == "flac":
        command = ["flac", "-d", "-c", "-s", "--force-raw-format", "--endian=little", "--sign=signed", str(path)]
        return subprocess.Popen(command, stdout=subprocess.PIPE).stdout
    file = open(path, "rb")
    file.seek(max(0, path.stat().st_size - size - padding(recorder, path, size)))
    return file


def padding(recorder, path, size):
    """W64 fills its chunks up to 8 bytes."""
    return -size % 8 if recorder.container == "w64" else 0


def like(recorder, shape, path, source, frames):
    decoder = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-ar", str(shape.rate), "-"]
    decoded = subprocess.run(decoder, stdout=subprocess.PIPE, check=True).stdout
    if len(decoded) != frames * shape.frame_bytes:
        raise WrongResult(f"{recorder.name}: {len(decoded) // shape.frame_bytes} frames instead of {frames}")
    begin = (frames // 2) * shape.frame_bytes
    original = source.read_bytes()
    got = numbers(decoded[begin : begin + FRAMES_OF_LIKENESS * shape.frame_bytes])
    offset = begin % len(original)
    wanted = numbers((original[offset:] + original)[: 2 * len(got)])
    likeness = correlation(got, wanted)
    if likeness < 0.9:
        raise WrongResult(f"{recorder.name}: the sound is not the device's (correlation {likeness:.2f})")


def numbers(samples):
    values = array.array("h", samples)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def correlation(a, b):
    product = sum(x * y for x, y in zip(a, b))
    return product / max(1, (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5)
