"""Whether our own code takes more instructions than it did: `.ci/guard`.

Counted by callgrind, as the difference of a short and a long run, so that nothing depends on time or load, and the start
does not count. Only instructions in the program itself count: what the C libraries take depends on the processor.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM = ".build/measure/release/Measure"
BOUNDS = pathlib.Path("Benchmarks/bounds.txt")
# A compiler's next version may do this much worse.
MARGIN = 0.10
RAMP_FRAMES = 65536
RATE = 48000
# Repeats of the ramp that make a minute.
MINUTE = 60 * RATE / RAMP_FRAMES
SHORT, LONG = 4, 24


def own_instructions(arguments, folder):
    """Those in the program's own object, without what it calls in others."""
    output = folder / "callgrind"
    tool = ["valgrind", "-q", "--tool=callgrind", "--compress-pos=no", "--compress-strings=no"]
    subprocess.run([*tool, f"--callgrind-out-file={output}", PROGRAM, *arguments], check=True, stdout=subprocess.DEVNULL)
    count, is_own, is_call = 0, False, False
    for line in output.read_text().splitlines():
        if line.startswith("ob="):
            is_own = line.endswith("/Measure")
        elif line.startswith("calls="):
            # The next line is what the callee took.
            is_call = True
        elif re.match(r"\d", line):
            count += int(line.split()[1]) if is_own and not is_call else 0
            is_call = False
    return count


def ring(folder):
    counts = [own_instructions(["ring", "one", str(blocks)], folder) for blocks in (10000, 30000)]
    return (counts[1] - counts[0]) / 20000


def minute(container, folder):
    samples = folder / "ramp.raw"
    if not samples.exists():
        shape = ["--format", "S16_LE", "--channels", "2", "--rate", str(RATE), "--frames", str(RAMP_FRAMES)]
        subprocess.run(["Fixtures/generate", "ramp", *shape, str(samples)], check=True)
    words = ["record", container, "S16_LE", str(RATE), "2"]
    files = [str(samples), str(folder / "encoded")]
    counts = [own_instructions([*words, str(repeats), *files], folder) for repeats in (SHORT, LONG)]
    return (counts[1] - counts[0]) * MINUTE / (LONG - SHORT)


def bounds():
    lines = [line.split() for line in BOUNDS.read_text().splitlines() if line and not line.startswith("#")]
    return {words[0]: float(words[1]) for words in lines}


def main():
    failures = []
    with tempfile.TemporaryDirectory(prefix="tapeline-guard.") as name:
        folder = pathlib.Path(name)
        measures = {"ring": ring, "wav": lambda f: minute("wav", f), "flac": lambda f: minute("flac", f)}
        for name, bound in bounds().items():
            count = measures[name](folder)
            print(f"tapeline: guard: {name}: {count:.0f} instructions, {count / bound:.2f} of the bound")
            if count > bound * (1 + MARGIN):
                failures.append(f"{name} takes {count:.0f} instructions, and {bound:.0f} with {MARGIN:.0%} more are its bound")
    if failures:
        sys.exit(f"tapeline: slower than it was: {'; '.join(failures)}: look for why, or say in {BOUNDS} why it must be")


main()
