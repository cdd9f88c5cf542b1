"""What a disk that `disk_log.py` logged holds after a power cut at any moment."""

import collections
import os
import pathlib
import struct
import subprocess

header = struct.Struct("<BQI")
WRITE, FLUSH, NOTE = 1, 2, 3
sector = 512

Event = collections.namedtuple("Event", "kind offset content")


def read_log(path):
    """All events of a run, in order."""
    log = pathlib.Path(path).read_bytes()
    events = []
    place = 0
    while place < len(log):
        kind, offset, count = header.unpack_from(log, place)
        place += header.size
        events.append(Event(kind, offset, log[place : place + count]))
        place += count
    return events


class Disk:
    """A disk that goes through a run's events, and whose power can be cut after each of them."""

    def __init__(self, base, image):
        """`base` is what the disk held before the run; `image` is where it is rebuilt."""
        self.image = pathlib.Path(image)
        copy(base, self.image)
        self.file = os.open(self.image, os.O_RDWR)
        self.unflushed = []
        self.flush_count = 0

    def apply(self, event):
        """A write is on the disk for certain once it is flushed."""
        if event.kind == WRITE:
            self.unflushed.append(event)
        elif event.kind == FLUSH:
            for write in self.unflushed:
                os.pwrite(self.file, write.content, write.offset)
            self.flush_count += bool(self.unflushed)
            self.unflushed = []

    def cut(self, image, random):
        """Makes `image` what is found after a cut now: of what was not flushed all, nothing, the first part, or some sectors.

        Returns what tells this disk from all others of the run.
        """
        copy(self.image, image)
        sectors = [
            (write.offset + start, write.content[start : start + sector])
            for write in self.unflushed
            for start in range(0, len(write.content), sector)
        ]
        kind = random.choice(["all", "nothing", "first", "some", "some"])
        if kind == "all":
            kept = sectors
        elif kind == "nothing":
            kept = []
        elif kind == "first":
            kept = sectors[: random.randint(0, len(sectors))]
        else:
            kept = [each for each in sectors if random.random() < 0.5]
        file = os.open(image, os.O_RDWR)
        for offset, content in kept:
            os.pwrite(file, content, offset)
        os.close(file)
        return self.flush_count, hash(tuple(kept))

    def close(self):
        os.close(self.file)


def copy(source, target):
    subprocess.run(["cp", "--sparse=always", source, target], check=True)
