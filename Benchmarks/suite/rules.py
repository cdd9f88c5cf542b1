"""The rules of speed that a ratio decides: what it is of, and the bound."""
from . import encoders, realtime, ring, whole

TAPELINE = "tapeline"
STEREO = "WAV, 48 kHz stereo"
AT_10_MS = "WAV, 48 kHz stereo, 10 ms periods"

RULES = (
    ("PERF-1", "real time, defaults, of arecord", realtime.CPU, STEREO, "arecord", 0.6),
    ("PERF-1", "real time, 10 ms periods, of arecord", realtime.CPU, AT_10_MS, "arecord", 1.05),
    ("PERF-1", "real time, 10 ms periods, of ffmpeg", realtime.CPU, AT_10_MS, "ffmpeg", 0.5),
    ("PERF-2", "as fast as it gives, stereo, of arecord", whole.PART, STEREO, "arecord", 1.2),
    ("", "for comparison: the same, of arecord and a digest", whole.PART, STEREO, "arecord, openssl dgst", None),
    ("PERF-2", "as fast as it gives, stereo, of ffmpeg", whole.PART, STEREO, "ffmpeg", 0.45),
    ("PERF-2", "as fast as it gives, 8 ch S32, of arecord", whole.PART, "WAV, 8 ch 48 kHz S32", "arecord", 1.05),
    ("", "for comparison: the same, of arecord and a digest", whole.PART, "WAV, 8 ch 48 kHz S32", "arecord, openssl dgst", None),
    ("PERF-2", "as fast as it gives, FLAC, of arecord \\| flac", whole.PART, "flac, speech", "arecord | flac", 0.85),
    ("PERF-3", "pcm16, of write(2)", encoders.PART, "pcm16, stereo", "write(2) of 64 KiB", 1.05),
    ("PERF-3", "pcm24, of write(2)", encoders.PART, "pcm24, stereo", "write(2) of 64 KiB", 1.5),
    ("PERF-3", "FLAC, of a C loop", encoders.PART, "FLAC, 16 bits, stereo", "C loop over libsndfile", 1.03),
    ("PERF-3", "Vorbis, of a C loop", encoders.PART, "Vorbis, stereo", "C loop over libsndfile", 1.03),
    ("PERF-4", "ring, instructions, of C", ring.INSTRUCTIONS, ring.CASE, "C, cached indices", 1.0),
    ("PERF-4", "ring, two threads, time, of C", ring.TWO, ring.CASE, "C, cached indices", 1.1),
)
# Rule, words, part, case, subject, bound, unit.
LIMITS = (
    ("PERF-6", "own memory of a stereo session", realtime.OWN_MEMORY, STEREO, TAPELINE, 16 + 4, "MB, the ring's two views among them"),
    ("PERF-6", "the same, with programs' and libraries' pages", realtime.MEMORY, STEREO, TAPELINE, 16 + 4, "MB"),
    ("PERF-6", "start, until frames are recorded", whole.START, STEREO, TAPELINE, 30, "ms of CPU"),
)


def verdicts(results):
    """Rule, words, bound, what was seen, whether it is met; None where no rule says."""
    for rule, words, part, case, other, bound in RULES:
        if results.has(part, case, TAPELINE, other) and (seen := results.ratio(part, case, TAPELINE, other)):
            is_met = None if bound is None else seen[0] <= bound
            yield rule, words, bound or "", f"{seen[0]:.2f} ({seen[1]:.2f} to {seen[2]:.2f})", is_met
    for rule, words, part, case, subject, bound, unit in LIMITS:
        if results.has(part, case, subject):
            seen = results.median(part, case, subject)
            yield rule, words, f"{bound} {unit}", f"{seen:.1f}", seen <= bound
