"""An nbdkit plugin: a disk that logs every write and flush, and a witness's disk beside it whose writes are the log's notes.

    nbdkit python disk_log.py file=DISK.img log=LOG

Of one run any number of power cuts can then be made. The export `disk` is DISK.img; `witness` holds 512 KiB in memory. The log
is a sequence of `header` and as many bytes as it says; see `replay.py`.
"""

import os
import struct

import nbdkit

API_VERSION = 2
header = struct.Struct("<BQI")  # kind, offset, byte count
WRITE, FLUSH, NOTE = 1, 2, 3
parameters = {}
log = None


def config(key, value):
    parameters[key] = value


def thread_model():
    # The log's order is the order of what happened.
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def after_fork():
    global log
    log = os.open(parameters["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


def note_down(kind, offset=0, content=b""):
    os.write(log, header.pack(kind, offset, len(content)) + content)


class Export:
    def __init__(self, name):
        self.file = os.open(parameters["file"], os.O_RDWR) if name == "disk" else None
        self.memory = bytearray(512 << 10)


def open(readonly):
    return Export(nbdkit.export_name())


def get_size(export):
    return len(export.memory) if export.file is None else os.fstat(export.file).st_size


def can_write(export):
    return True


def can_flush(export):
    return True


def can_fua(export):
    # The client flushes instead.
    return nbdkit.FUA_NONE


def pread(export, buffer, offset, flags):
    if export.file is None:
        buffer[:] = export.memory[offset : offset + len(buffer)]
    else:
        buffer[:] = os.pread(export.file, len(buffer), offset)


def pwrite(export, buffer, offset, flags):
    content = bytes(buffer)
    if export.file is None:
        export.memory[offset : offset + len(content)] = content
        note_down(NOTE, offset, content.rstrip(b"\0"))
    else:
        note_down(WRITE, offset, content)
        os.pwrite(export.file, content, offset)


def flush(export, flags):
    if export.file is not None:
        note_down(FLUSH)


def close(export):
    if export.file is not None:
        os.close(export.file)
