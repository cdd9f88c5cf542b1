"""Runs a command, and tells what the kernel says of it."""
import dataclasses
import os
import subprocess
import time


class Failed(Exception):
    pass


@dataclasses.dataclass(frozen=True)
class Cost:
    """Of a process and all its children: user and system time in seconds, wake-ups; MB at most, where that was watched."""

    cpu: float
    wakeups: int
    memory: float = 0


def start(command, log):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def end(process, log):
    """Waits for a process that `start` began."""
    cost = wait(process)
    if process.returncode != 0:
        log.seek(0)
        raise Failed(f"{process.args} ended with {process.returncode}: {log.read()[-300:]}")
    return cost


def kill(process):
    process.kill()
    return wait(process)


def wait(process):
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_nvcsw)


def memory(process):
    """Of a process that runs: MB in all at its most, and those now that are of no file."""
    with open(f"/proc/{process.pid}/status") as lines:
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith("kB\n")}
    return sizes["VmHWM"], sizes["RssAnon"] + sizes["RssShmem"]


def run(command, folder, watching=False):
    with open(folder / "log", "w+") as log:
        process = start(command, log)
        most = watch(process) if watching else 0
        return dataclasses.replace(end(process, log), memory=most)


def watch(process):
    """MB at its most. The kernel's own figure at a process's end has the parent's memory in it."""
    most = 0
    while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        try:
            most = max(most, memory(process)[0])
        except KeyError:
            break
        time.sleep(0.02)
    return most


def instructions(command, folder):
    """How many instructions a command takes, by callgrind."""
    output = folder / "callgrind"
    run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={output}", *command], folder)
    for line in output.read_text().splitlines():
        if line.startswith(("summary:", "totals:")):
            return int(line.split()[1])
    raise Failed(f"callgrind said nothing of {command}")


def wall():
    return time.clock_gettime(time.CLOCK_REALTIME)
