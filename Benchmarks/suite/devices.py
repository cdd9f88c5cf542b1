"""Many devices at once in one process, in real time, all counts of them beside each other."""
import time

from . import check, recorders, run, shapes

CPU = "Many devices in one process: ms of CPU for each device and second"
MEMORY = "Many devices in one process: MB for each device"
COUNTS = (1, 2, 4, 8, 16, 32)
SHORT = 2
CASE = "WAV, 48 kHz stereo"


def measure(results, folder, settings):
    shape, source = shapes.STEREO, shapes.samples_file(shapes.STEREO, folder)
    name = shapes.device(shape, folder, "real")
    long = SHORT + settings.seconds
    for _ in settings.rounds("many devices", 2):
        began = []
        for count in COUNTS:
            for seconds in (SHORT, long):
                place = folder / f"{count}-{seconds}"
                place.mkdir(exist_ok=True)
                command = [".build/measure/release/Measure", "devices", str(seconds), str(place)]
                log = open(place / "log", "w+")
                began.append((count, seconds, place, run.start([*command, *(f"{name},ID={i}" for i in range(count))], log), log))
        time.sleep(settings.seconds)
        for count, seconds, _, process, _ in began:
            if seconds == long:
                results.add(MEMORY, CASE, str(count), run.memory(process)[0] / count)
        costs = {}
        for count, seconds, place, process, log in began:
            costs[count, seconds] = run.end(process, log)
            log.close()
            for index in range(count):
                path = place / f"{index}.wav"
                check.same_samples(recorders.Recorder(f"device {index}", [], "wav"), shape, path, source, seconds)
                path.unlink()
        for count in COUNTS:
            cpu = costs[count, long].cpu - costs[count, SHORT].cpu
            results.add(CPU, CASE, str(count), cpu * 1000 / settings.seconds / count)
