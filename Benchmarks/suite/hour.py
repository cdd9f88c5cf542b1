"""An hour in real time: what a second costs in the first ten minutes and over the whole."""
import json
import signal
import sys
import time

from . import check, recorders, run, shapes

CPU = "An hour in real time: ms of CPU for each second"
MEMORY = "An hour in real time: memory of its own, that of no file, MB"
CASE = "WAV, 48 kHz stereo"
# Since the second before which the start is done: a name, and until when.
START, SPANS = 10, (("10 min", 600), ("60 min", 3600))


def measure(results, folder, settings):
    shape, path = shapes.STEREO, folder / "recorded"
    device, source = shapes.device(shape, folder, "real"), shapes.samples_file(shape, folder)
    recorder = recorders.tapeline(device, shape, 2 * SPANS[-1][1], path)
    with open(folder / "log", "w+") as log:
        process = run.start(recorder.command, log)
        time.sleep(START)
        begin, before = time.monotonic(), cpu_seconds(process)
        for name, seconds in SPANS:
            time.sleep(max(0, begin + seconds - time.monotonic()))
            cost = (cpu_seconds(process) - before) * 1000 / (time.monotonic() - begin)
            results.add(CPU, CASE, name, cost)
            results.add(MEMORY, CASE, name, run.memory(process)[1])
            print(f"an hour in real time: {name}: {cost:.3f} ms of CPU for each second", file=sys.stderr)
        process.send_signal(signal.SIGINT)
        run.end(process, log)
    frames = json.loads(path.with_name(path.name + ".json").read_text())["recording"]["frames"]
    check.same_samples(recorder, shape, path, source, frames / shape.rate)


def cpu_seconds(process):
    """Of all its threads, those that have ended among them: the process's clock, as clock_getcpuclockid(3) makes it."""
    return time.clock_gettime(~process.pid << 3 | 2)
