"""From the signal to the end of the session's span, for a recording of an hour."""
import json
import signal
import time

from . import check, recorders, run, shapes

PART = "The end of an hour's recording: ms from the signal"
HOUR = 3600


def measure(results, folder, settings):
    shape = shapes.STEREO
    source = shapes.samples_file(shape, folder)
    # The device gives an hour at once, and then nothing until the signal.
    device = f"{shapes.device(shape, folder, 'max')},STALL={HOUR * shape.rate}:900000"
    for _ in settings.rounds("the end", 3):
        for make in (recorders.tapeline, recorders.arecord):
            path = folder / "recorded"
            recorder = make(device, shape, 2 * HOUR, path)
            with open(folder / "log", "w+") as log:
                process = run.start(recorder.command, log)
                wait_for(HOUR * shape.rate * shape.frame_bytes, path)
                asked = run.wall()
                process.send_signal(signal.SIGINT)
                if recorder.name == "arecord":
                    process.wait()
                else:
                    run.end(process, log)
            ended = run.wall()
            check.same_samples(recorder, shape, path, source, HOUR)
            results.add(PART, "until the program's end", recorder.name, (ended - asked) * 1000)
            if recorder.name == "tapeline":
                results.add(PART, "until the span's end", recorder.name, (span_end(path) - asked) * 1000)
            path.unlink()


def wait_for(size, path):
    part = path.with_name(path.name + ".part")
    while max((p.stat().st_size for p in (path, part) if p.exists()), default=0) < size:
        time.sleep(0.05)
    # It is all in the file; now whoever wrote it may sleep.
    time.sleep(0.6)


def span_end(path):
    with open(f"{path}.state/spans.jsonl") as lines:
        request = json.loads(lines.readlines()[-1])
    return int(request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["endTimeUnixNano"]) / 1e9
