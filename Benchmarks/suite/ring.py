"""The ring against others, for each block of 64 frames of 4 bytes that goes in and out."""
from . import run

INSTRUCTIONS = "The ring: instructions for each block of 64 frames of 4 bytes"
ONE = "The ring: ns for each block, in one thread"
TWO = "The ring: ns for each block, between two processors"
CASE = "write and read"
PEERS = {"two copies alone": "copies", "C, cached indices": "cached", "JACK": "jack", "boost": "boost"}


def commands(threads):
    yield "tapeline", [".build/measure/release/Measure", "ring", threads]
    for title, name in PEERS.items():
        if threads == "one" or name != "copies":
            yield title, [".build/bench/rings", name, threads]


def measure(results, folder, settings):
    for title, command in commands("one"):
        counts = [run.instructions([*command, str(blocks)], folder) for blocks in (20000, 60000)]
        results.add(INSTRUCTIONS, CASE, title, (counts[1] - counts[0]) / 40000)
    for part, threads in ((ONE, "one"), (TWO, "two")):
        for _ in settings.rounds(f"the ring, {threads}", 5):
            for title, command in commands(threads):
                with open(folder / "log", "w+") as log:
                    run.end(run.start([*command, "4000000"], log), log)
                    log.seek(0)
                    results.add(part, CASE, title, float(log.read()))
