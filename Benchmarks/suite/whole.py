"""Whole recorders, one after the other on the same device, as fast as it gives."""
import shutil
import time

from . import check, recorders, run, shapes

PART = "As fast as the device gives, to memory: CPU seconds for each recorded hour"
START = "Starting: ms of CPU, half a second of real time among it"
START_AND_END = "Starting and ending: ms of CPU for 10 ms of sound (arecord: 1 s)"
LENGTH = "Over the length: CPU seconds for each recorded hour"
MEMORY = "Over the length: memory, MB"


def measure(results, folder, settings):
    alsa = [recorders.tapeline, recorders.floor, recorders.arecord, recorders.ffmpeg, recorders.sox]
    scale = settings.scale
    compare(results, folder, settings, "WAV, 16 kHz mono", shapes.VOICE, 3600 * scale, alsa)
    compare(results, folder, settings, "WAV, 48 kHz stereo", shapes.STEREO, 3600 * scale, [*alsa, recorders.arecord_digest])
    compare(results, folder, settings, "WAV, 8 ch 48 kHz S32", shapes.EIGHT, 600 * scale, [*alsa, recorders.arecord_digest])
    compare(results, folder, settings, "WAV, 8 ch 192 kHz S32", shapes.EIGHT_FAST, 150 * scale, alsa)
    for container in ("rf64", "w64"):
        others = [of(recorders.tapeline, container), recorders.floor, recorders.arecord]
        title = f"{container.upper()}, 48 kHz stereo"
        compare(results, folder, settings, title, shapes.STEREO, 1800 * scale, others)
    for container, seconds, piped in (
        ("flac", 1200, recorders.arecord_flac),
        ("ogg-vorbis", 300, recorders.arecord_oggenc),
        ("ogg-opus", 300, recorders.arecord_opusenc),
    ):
        subjects = [of(recorders.tapeline, container), piped]
        # The Opus of ffmpeg lacks frames.
        if container != "ogg-opus":
            subjects.append(of(recorders.ffmpeg, container))
        if container in recorders.SOX_TYPES:
            subjects.append(of(recorders.sox, container))
        compare(results, folder, settings, f"{container}, speech", shapes.SPEECH, seconds * scale, subjects)
    start(results, folder, settings)
    length(results, folder, settings)


def of(recorder, container):
    return lambda *words: recorder(*words, container=container)


def compare(results, folder, settings, title, shape, seconds, makers):
    device, source = shapes.device(shape, folder, "max"), shapes.samples_file(shape, folder)
    seconds = max(10, round(seconds))
    for _ in settings.rounds(title):
        costs = {}
        for make in makers:
            path = folder / "recorded"
            recorder = make(device, shape, seconds, path)
            costs[recorder.name] = run.run(recorder.command, folder).cpu * 3600 / seconds
            if not check.is_right(recorder, shape, path, source, seconds):
                break
            path.unlink()
        else:
            results.add_round(PART, title, costs)


def start(results, folder, settings):
    device, clocked = (shapes.device(shapes.STEREO, folder, speed) for speed in ("max", "real"))
    path = folder / "recorded"
    for _ in settings.rounds("starting and ending"):
        for make in (recorders.tapeline, recorders.arecord, recorders.ffmpeg, recorders.sox):
            recorder = make(device, shapes.STEREO, 0.01 if make is not recorders.arecord else 1, path)
            results.add(START_AND_END, "WAV, 48 kHz stereo", recorder.name, run.run(recorder.command, folder).cpu * 1000)
            # The state that the first run has left is there, and not what the killed one leaves.
            recorder = make(clocked, shapes.STEREO, 60, path)
            with open(folder / "log", "w+") as log:
                process = run.start(recorder.command, log)
                time.sleep(0.5)
                results.add(START, "WAV, 48 kHz stereo", recorder.name, run.kill(process).cpu * 1000)
            for left in folder.glob("recorded*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def length(results, folder, settings):
    """The same for ten minutes and for hours."""
    device, source = shapes.device(shapes.STEREO, folder, "max"), shapes.samples_file(shapes.STEREO, folder)
    for _ in settings.rounds("over the length", 2):
        for minutes in (10, 60, 300):
            path = folder / "recorded"
            recorder = recorders.tapeline(device, shapes.STEREO, minutes * 60, path)
            cost = run.run(recorder.command, folder, watching=True)
            check.same_samples(recorder, shapes.STEREO, path, source, minutes * 60)
            path.unlink()
            results.add(LENGTH, "WAV, 48 kHz stereo", f"{minutes} min", cost.cpu * 60 / minutes)
            results.add(MEMORY, "WAV, 48 kHz stereo", f"{minutes} min", cost.memory)
