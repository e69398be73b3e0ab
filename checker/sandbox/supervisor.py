"""Stands between the checker and a stranger's processes: starts them, watches what they use, and ends them all.

    python -I -S supervisor.py JOB

A process of its own, so that nothing stays behind however the checker ends: it holds the other end of stdin, and when
that closes, everything that descends from here is killed, what forked away and changed its session included (orphans
are adopted: PR_SET_CHILD_SUBREAPER), and the scratch folder is removed. Then one line on stdout says how the child
ended.
"""

import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import Any

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from checker.sandbox import processes, scratch

POLL_SECONDS = 0.05
LOOKS_PER_MEASUREMENT_OF_DISK = 10
LEAST_MEMORY_LEFT = 0.03  # Share of the machine's memory: files in memory are nobody's memory, but they fill it.
_SUBREAPER = 36
_KEYCTL, _JOIN_SESSION_KEYRING = {"x86_64": 250, "aarch64": 219}, 1


def spawn(job: dict[str, Any]) -> int:
    """Start job["command"] as a program, with stdout and stderr on this process's stderr, and return its process."""
    os.set_inheritable(job["answers"], True)
    return os.posix_spawn(
        job["command"][0],
        job["command"],
        job["environment"],
        setsid=True,
        file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, 2, 1)],
    )


def main(job: dict[str, Any], start: Callable[[dict[str, Any]], int] = spawn) -> None:
    """Start a child with `start`, and watch it until it ends, uses too much, or stdin closes; print how it ended.

    command, environment: what is started; answers: the file descriptor that the child inherits
    memory, processes, scratch: limits; folder: removed at the end; written: the folder below that is measured, or None
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    _adopt_orphans()
    _leave_keyring()
    ended: dict[str, object] = {"kind": "stopped"}
    try:
        child = start(job)
        os.close(job["answers"])
        ended = _watch(child, job)
        _kill_session(child)
    except SystemExit:
        pass
    finally:
        processes.kill_descendants(os.getpid())
        scratch.remove(job["folder"])
        os.write(1, json.dumps(ended).encode())


def _watch(child: int, job: dict[str, Any]) -> dict[str, object]:
    look = 0
    while True:
        # First what has happened already: it is the reason why the checker stops, if it does.
        status = processes.reap().get(child)
        if status is not None:
            code = os.waitstatus_to_exitcode(status)
            # bubblewrap tells of a signal as a shell does.
            if code > 128 and job["written"] is None:
                code = 128 - code
            return {"kind": "crash", "signal": -code} if code < 0 else {"kind": "exit", "code": code}
        kind = _too_much(job, measure_disk=look % LOOKS_PER_MEASUREMENT_OF_DISK == 0)
        if kind is not None:
            return {"kind": kind}
        if select.select([0], [], [], POLL_SECONDS)[0]:
            return {"kind": "stopped"}
        look += 1


def _too_much(job: dict[str, Any], *, measure_disk: bool) -> str | None:
    # One that has ended, and that its parent doesn't let go, still fills the system's table.
    if len(processes.descendants(os.getpid(), zombies=True)) > job["processes"]:
        return "processes"
    pids = processes.descendants(os.getpid())
    left = processes.memory_left()
    if processes.memory(pids, job["memory"]) > job["memory"] or (
        left is not None and left < LEAST_MEMORY_LEFT * _machine_memory()
    ):
        return "memory"
    if measure_disk:
        if job["written"] is not None:
            return "disk" if scratch.used(job["written"]) > job["scratch"] else None
        # bubblewrap's /tmp has its size, but every empty file in it takes the kernel's memory.
        return (
            "disk"
            if pids and scratch.entries_in_memory(pids[-1], "/tmp", job["scratch"]) > scratch.MOST_ENTRIES
            else None
        )
    return None


def _machine_memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _kill_session(child: int) -> None:
    """All of them at once, as long as they stayed in the session they were started in: a fork bomb has no time to go
    on."""
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def _leave_keyring() -> None:
    """Have a keyring of its own: what one submission leaves in that of a login another one would find."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).syscall(_KEYCTL.get(os.uname().machine, -1), _JOIN_SESSION_KEYRING, None)


def _stop(number: int, frame: object) -> None:
    sys.exit()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
