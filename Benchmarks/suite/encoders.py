"""Encoders, from memory to memory, against the plainest loops; what a program's start costs does not count."""
from . import check, recorders, run, shapes

PART = "Encoding from memory: CPU seconds for each hour"
CASES = (
    ("pcm16, stereo", "wav", shapes.SPEECH, 3600, ("wav", "pieces")),
    ("pcm24, stereo", "wav", shapes.SPEECH_24, 1800, ("wav", "pieces")),
    ("FLAC, 16 bits, stereo", "flac", shapes.SPEECH, 300, ("flac",)),
    ("FLAC, 24 bits, stereo", "flac", shapes.SPEECH_24, 300, ("flac",)),
    ("Vorbis, stereo", "ogg-vorbis", shapes.SPEECH, 240, ("ogg-vorbis",)),
)
TITLES = {"pieces": "write(2) of 64 KiB"}


def measure(results, folder, settings):
    for case, container, shape, seconds, others in CASES:
        source, path = shapes.samples_file(shape, folder), folder / "encoded"
        source_seconds = source.stat().st_size / shape.frame_bytes / shape.rate
        repeats = 1 + max(1, round(seconds * settings.scale / source_seconds))
        for _ in settings.rounds(f"encoding {case}"):
            for title, command in [("tapeline", [".build/measure/release/Measure", "encode", container])] + [
                (TITLES.get(other, "C loop over libsndfile"), [".build/bench/encode", other]) for other in others
            ]:
                cpu = {}
                for count in (1, repeats):
                    words = [shape.format, shape.rate, shape.channels, count, source, path]
                    cpu[count] = run.run([*map(str, [*command, *words])], folder).cpu
                    verify(title, container, shape, path, source, count)
                    path.unlink()
                hours = (repeats - 1) * source_seconds / 3600
                results.add(PART, case, title, (cpu[repeats] - cpu[1]) / hours)


def verify(title, container, shape, path, source, repeats):
    if shape.format == "S16_LE":
        frames = repeats * (source.stat().st_size // shape.frame_bytes)
        check.same_samples(recorders.Recorder(title, [], container), shape, path, source, frames / shape.rate)
        return
    # 24 bits are packed in the file.
    packed = bytearray(source.stat().st_size // 4 * 3)
    for byte in range(3):
        packed[byte::3] = source.read_bytes()[byte::4]
    size = repeats * len(packed)
    with check.stream(recorders.Recorder(title, [], container), path, size) as samples:
        for _ in range(repeats):
            if samples.read(len(packed)) != packed:
                raise check.WrongResult(f"{title}: not the samples that it was given")
