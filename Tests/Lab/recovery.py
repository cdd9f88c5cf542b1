"""A guest's disk after its end, mounted where the guest had it, and `tapeline recover` run on it."""

import contextlib
import pathlib
import subprocess

from guest import build

# The guest's own files: below them every path is what it was in the guest.
root = build / "guest/root"
data = root / "data"
make_file_system = {
    "ext4": ["mkfs.ext4", "-q"],
    "xfs": ["mkfs.xfs", "-q"],
    "btrfs": ["mkfs.btrfs", "-q"],
}
# Of a recording that had just begun, there may be no more.
nothing = "the process died before any audio was on the disk: nothing can be recovered\n"


def make_disk(path, file_system):
    with open(path, "wb") as file:
        # The least that xfs takes.
        file.truncate((320 if file_system == "xfs" else 128) << 20)
    subprocess.run([*make_file_system[file_system], path], check=True, stdout=subprocess.DEVNULL)


def inside(path):
    """Where a file of the guest's is."""
    return pathlib.Path(f"{root}{path}")


@contextlib.contextmanager
def mounted(disk):
    """A disk at /data, as at a start: what the file system's own journal does not mend, its checker does."""
    command = ["mount", "-o", "loop", disk, data]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        subprocess.run(["fsck", "-fy", disk], capture_output=True, check=False)
        subprocess.run(command, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", data], check=True)


def open_root():
    """Gives the guest's root what programs in it look for; nobody else sees these mounts."""
    for name in ("proc", "dev"):
        subprocess.run(["mount", "--bind", f"/{name}", root / name], check=True)


def recover():
    """Runs `tapeline recover` on the disk that is mounted; returns what is amiss."""
    result = subprocess.run(
        ["chroot", root, "tapeline", "recover", "--state", "/data/state", "--directory", "/data", "--quiet"],
        capture_output=True, text=True, timeout=120, check=False,
    )
    if result.returncode == 0 or result.returncode == 74 and result.stderr.endswith(nothing):
        return []
    return [f"tapeline recover ended with {result.returncode}: {result.stderr.strip()}"]


def left_behind():
    """What no recovery should leave."""
    return [f"{path.relative_to(data)} is left" for path in data.rglob("*") if path.suffix in (".part", ".damaged")]
