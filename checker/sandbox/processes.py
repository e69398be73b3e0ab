"""Processes seen from outside through /proc: a tree, what it uses, and its end. Where there is no /proc (macOS),
nothing is seen."""

import contextlib
import os
import random
import signal
import stat
import time

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SECONDS_TO_MEASURE, _LEAST_MEASURED = 0.1, 8


def descendants(root: int, *, zombies: bool = False) -> list[int]:
    """Return the processes that descend from `root`, without `zombies` only those that still run."""
    children: dict[int, list[int]] = {}
    ended = set()
    for pid in _all():
        # The name stands in parentheses and may hold anything, a ")" included.
        fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        if len(fields) > 1:
            children.setdefault(int(fields[1]), []).append(pid)
            if fields[0] in b"ZX":
                ended.add(pid)
    found, level = [], [root]
    while level:
        level = [child for parent in level for child in children.get(parent, ())]
        found += level
    return [pid for pid in found if zombies or pid not in ended]


def marked(marker: str) -> list[int]:
    """Return the processes that were started with `marker` (NAME=value) in their environment."""
    return [
        pid for pid in _all() if pid != os.getpid() and marker.encode() in _read(f"/proc/{pid}/environ").split(b"\0")
    ]


def memory(pids: list[int], enough: int) -> int:
    """Return the bytes of memory that processes use together, files without a name included; above `enough`, pages that
    they share count once, and of many processes some stand for all: the kernel walks through every page."""
    nameless = _nameless_files(pids)
    resident = {pid: resident_size(pid) for pid in pids}
    if nameless + sum(resident.values()) <= enough:
        return nameless + sum(resident.values())
    end = time.monotonic() + _SECONDS_TO_MEASURE
    share, measured = 0, 0
    for count, pid in enumerate(random.sample(pids, len(pids))):
        if count >= _LEAST_MEASURED and time.monotonic() > end:  # They might be forking.
            break
        share += _kilobytes(f"/proc/{pid}/smaps_rollup", b"Pss:")
        measured += resident[pid]
    return nameless + share * sum(resident.values()) // max(measured, 1)


def resident_size(pid: int | str) -> int:
    """Return the bytes of memory that a process uses, shared or not; 0 where it has ended."""
    return int((_read(f"/proc/{pid}/statm").split() or [b"0", b"0"])[1]) * _PAGE


def memory_left() -> int | None:
    """Return the bytes that this machine has left, or None where it doesn't say."""
    return _kilobytes("/proc/meminfo", b"MemAvailable:") or None


def kill(pids: list[int]) -> None:
    """Kill processes that may have ended already."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def kill_descendants(root: int, seconds: float = 10.0) -> None:
    """Kill everything that descends from `root`, which is this process and adopts orphans, until nothing is left."""
    end = time.monotonic() + seconds
    while (pids := descendants(root)) and time.monotonic() < end:
        kill(pids)
        reap()
        time.sleep(0.002)
    reap()


def reap() -> dict[int, int]:
    """Return the wait status of each child of this process that has ended, and let them go."""
    ended = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            ended[pid] = status
    return ended


def _nameless_files(pids: list[int]) -> int:
    """Return the bytes of the open files that no folder holds: memfd_create makes such, and so does deleting one."""
    sizes = {}
    for pid in pids:
        with contextlib.suppress(OSError), os.scandir(f"/proc/{pid}/fd") as opened:
            for entry in opened:
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                        sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())


def _all() -> list[int]:
    with contextlib.suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return []


def _read(path: str) -> bytes:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read()
    return b""


def _kilobytes(path: str, name: bytes) -> int:
    for line in _read(path).splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0
