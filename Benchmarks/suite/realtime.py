"""Whole recorders in real time, all of a case at once: what a second costs is the difference of a long and a short run."""
import time

from . import check, recorders, run, shapes

CPU = "In real time: ms of CPU for each second"
WAKEUPS = "In real time: wake-ups in each second"
MEMORY = "In real time: memory, MB, shared pages of programs and libraries among it"
OWN_MEMORY = "In real time: memory of its own, that of no file, MB"
SHORT = 2


def measure(results, folder, settings):
    alsa = [recorders.tapeline, recorders.floor, recorders.arecord, recorders.ffmpeg, recorders.sox]
    compare(results, folder, settings, "WAV, 16 kHz mono", shapes.VOICE, alsa)
    # The same loop at the period that tapeline chooses: what its wake-ups cost at least.
    at_250_ms = lambda *words: recorders.floor(*words, period=12000, title="readi + write(2), 250 ms")
    compare(results, folder, settings, "WAV, 48 kHz stereo", shapes.STEREO, [*alsa, at_250_ms])
    at_10_ms = [
        lambda *words: recorders.tapeline(*words, period=480),
        lambda *words: recorders.floor(*words, period=480),
        lambda *words: recorders.arecord(*words, period=480),
        recorders.ffmpeg,
    ]
    compare(results, folder, settings, "WAV, 48 kHz stereo, 10 ms periods", shapes.STEREO, at_10_ms)
    compare(results, folder, settings, "WAV, 8 ch 48 kHz S32", shapes.EIGHT, alsa)
    compare(results, folder, settings, "WAV, 8 ch 192 kHz S32", shapes.EIGHT_FAST, alsa)
    for container, piped in (("flac", recorders.arecord_flac), ("ogg-opus", recorders.arecord_opusenc)):
        subjects = [lambda *words, c=container: recorders.tapeline(*words, container=c), piped]
        # The Opus of ffmpeg lacks frames.
        if container != "ogg-opus":
            subjects.append(lambda *words, c=container: recorders.ffmpeg(*words, container=c))
        compare(results, folder, settings, f"{container}, speech", shapes.SPEECH, subjects)


def compare(results, folder, settings, title, shape, makers):
    device, source = shapes.device(shape, folder, "real"), shapes.samples_file(shape, folder)
    long = SHORT + settings.seconds
    for _ in settings.rounds(title):
        began = []
        for index, make in enumerate(makers):
            for seconds in (SHORT, long):
                path, log = folder / f"recorded-{index}-{seconds}", open(folder / f"log-{index}-{seconds}", "w+")
                recorder = make(device, shape, seconds, path)
                began.append((recorder, seconds, path, run.start(recorder.command, log), log))
        time.sleep(settings.seconds)
        memory = {recorder.name: run.memory(process) for recorder, seconds, _, process, _ in began if seconds == long}
        costs = {}
        for recorder, seconds, path, process, log in began:
            costs[recorder.name, seconds] = run.end(process, log)
            log.close()
        if not all(check.is_right(recorder, shape, path, source, seconds) for recorder, seconds, path, *_ in began):
            continue
        for name in {recorder.name: 0 for recorder, *_ in began}:
            short, full = costs[name, SHORT], costs[name, long]
            results.add(CPU, title, name, max(0, full.cpu - short.cpu) * 1000 / settings.seconds)
            results.add(WAKEUPS, title, name, (full.wakeups - short.wakeups) / settings.seconds)
            # Of a pipe there is only the shell's.
            if "|" not in name:
                results.add(MEMORY, title, name, memory[name][0])
                results.add(OWN_MEMORY, title, name, memory[name][1])
