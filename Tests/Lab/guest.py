"""A machine with Debian's stock kernel, emulated by qemu, that runs one job and turns itself off."""

import json
import pathlib
import socket
import subprocess
import tempfile
import time

top = pathlib.Path(__file__).resolve().parents[2]
build = top / ".build/lab"


class Guest:
    """The guest of `Tests/Lab/guest`, started; what it says is in the file `console`."""

    def __init__(self, folder, job, disks=(), file_system=None, devices=(), memory=384):
        """`disks` are files or NBD URLs; the first is at /data where `file_system` is given. `devices` are qemu's options."""
        self.folder = pathlib.Path(folder)
        self.console = self.folder / "console"
        self.console.unlink(missing_ok=True)
        self.monitor = self.folder / "monitor"
        image = self.folder / "initrd"
        # The kernel unpacks one archive after the other.
        with tempfile.TemporaryDirectory() as staging:
            pathlib.Path(staging, "job").write_text(job)
            archive = subprocess.run(
                ["cpio", "--create", "--format", "newc", "--quiet", "--owner", "0:0"],
                input=b"job\n", cwd=staging, capture_output=True, check=True,
            ).stdout
        base = (build / "guest/initrd").read_bytes()
        image.write_bytes(base + bytes(-len(base) % 512) + archive)
        # An emulated TSC is measured wrongly on a busy machine; the HPET is this machine's own clock.
        words = "console=ttyS0 quiet panic=-1 clocksource=hpet tsc=unstable no_timer_check mitigations=off"
        if file_system:
            words += f" lab_disk={file_system}"
        command = [
            "qemu-system-x86_64", "-accel", "tcg", "-icount", "shift=1", "-machine", "pc", "-cpu", "max",
            "-smp", "1", "-m", str(memory), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-serial", f"file:{self.console}", "-qmp", f"unix:{self.monitor},server=on,wait=off",
            "-kernel", str(build / "guest/vmlinuz"), "-initrd", str(image), "-append", words, "-device", "virtio-rng-pci",
        ]
        for disk in disks:
            command += ["-drive", f"file={disk},format=raw,if=virtio,cache=writeback"]
        self.process = subprocess.Popen([*command, *devices], stdin=subprocess.DEVNULL)

    def said(self):
        return self.console.read_text(errors="replace").replace("\r", "") if self.console.exists() else ""

    def wait_until_said(self, text, seconds, count=1):
        """Waits until the job has said something so often."""
        end = time.monotonic() + seconds
        while self.said().count(text) < count:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the guest did not say {text!r}; it said: {self.said()[-2000:]}")
            time.sleep(0.05)

    def wait(self, seconds):
        """Waits for the job's end; a job that fails, or does not end in time, is an error."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.cut()
            raise RuntimeError(f"the guest did not end in {seconds} s; it said: {self.said()[-2000:]}") from None
        if "lab: job ended with 0" not in self.said():
            raise RuntimeError(f"the guest's job failed; it said: {self.said()[-2000:]}")

    def cut(self):
        """Takes its power; what it had written is on its disks."""
        self.process.kill()
        self.process.wait()

    def ask(self, command, **arguments):
        """A command to qemu's monitor."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(30)
            monitor.connect(str(self.monitor))
            with monitor.makefile("rw") as lines:
                lines.readline()
                for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                    lines.write(json.dumps(request) + "\n")
                    lines.flush()
                    answer = json.loads(lines.readline())
                    while "event" in answer:
                        answer = json.loads(lines.readline())
                    if "error" in answer:
                        raise RuntimeError(f"qemu refuses {command}: {answer['error']['desc']}")
