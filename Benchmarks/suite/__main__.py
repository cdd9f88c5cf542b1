"""Measures the parts that it is told to, and writes what it saw. `Benchmarks/compare` has built what it runs."""
import argparse
import json
import os
import pathlib
import platform
import shutil
import sys
import tempfile

from . import check, devices, encoders, end, hour, plot, realtime, results, ring, run, table, whole

PARTS = {"whole": whole, "realtime": realtime, "ring": ring, "encoders": encoders, "end": end, "devices": devices}
# Takes an hour by itself.
ON_REQUEST = {"hour": hour}


class Settings:
    """How long and how often: `quick` is for a look, the other for figures to publish."""

    def __init__(self, quick):
        self.scale = 0.5 if quick else 1
        self.seconds = 16 if quick else 40
        self.most = 3 if quick else 5

    def rounds(self, title, most=None):
        for number in range(min(self.most, most or self.most)):
            print(f"{title}: round {number + 1}", file=sys.stderr)
            yield number


def machine():
    with open("/proc/cpuinfo") as lines:
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    return f"{os.cpu_count()} cores of {model}, {system}, Linux {platform.release()}"


def main():
    parser = argparse.ArgumentParser(prog="Benchmarks/compare", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="minutes instead of an hour")
    every = PARTS | ON_REQUEST
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(every)} (default: all but {', '.join(ON_REQUEST)})")
    arguments = parser.parse_args()
    unknown = [part for part in arguments.parts if part not in every]
    if unknown:
        parser.error(f"there is no part {unknown[0]}: choose of {', '.join(every)}")
    found, settings = results.Results(), Settings(arguments.quick)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tapeline-bench.", dir="/dev/shm"))
    try:
        for part in arguments.parts or PARTS:
            every[part].measure(found, folder, settings)
    except (check.WrongResult, run.Failed) as error:
        sys.exit(f"tapeline: {error}")
    finally:
        shutil.rmtree(folder)
    write(found)


def write(found):
    target = pathlib.Path(".build/bench")
    (target / "results.json").write_text(json.dumps(found.values, indent=1))
    text = table.markdown(found, machine())
    (target / "table.md").write_text(text)
    picture = plot.svg(found)
    if picture:
        pathlib.Path("Benchmarks/speed.svg").write_text(picture)
    print(text)
    print("tapeline: the table is in .build/bench/table.md, all values in results.json beside it", file=sys.stderr)


main()
