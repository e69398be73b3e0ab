"""What a process gives up for good before it runs a stranger's code. Runs in the child, before anything else is
imported."""

import contextlib
import os
import resource
import struct
import sys
from pathlib import Path
from typing import Any

NOBODY = 65534

# linux/landlock.h. The numbers of the system calls are the same on every processor that PyTorch is built for.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _PATH_BENEATH = 1, 1
_READ_FILE, _READ_DIR, _WRITE_FILE, _TRUNCATE = 1 << 2, 1 << 3, 1 << 1, 1 << 14
_EVERYTHING_WITH_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP, _SIGNALS_AND_SOCKETS = 3, 3
_NO_NEW_PRIVILEGES = 38
_NEW_NETWORK, _NEW_IPC, _NEW_USER = 0x40000000, 0x08000000, 0x10000000
_CAPABILITIES_VERSION = 0x20080522


def limit(memory: int, scratch: int, open_files: int, processes: int, seconds: float) -> None:
    """Limit what this process and its children may use: bytes of memory beside what it has, and of a file, open files,
    processes, CPU seconds.

    Memory counts what is private and writable: PyTorch reserves gigabytes of addresses that it never touches.
    """
    _lower(resource.RLIMIT_DATA, memory + data_size())
    _lower(resource.RLIMIT_FSIZE, scratch)
    _lower(resource.RLIMIT_NOFILE, open_files)
    # The kernel counts the user's other processes too; root is not limited, which is why the supervisor counts as well.
    _lower(resource.RLIMIT_NPROC, processes + _threads_of_user())
    _lower(resource.RLIMIT_CPU, int(seconds) + 1)
    _lower(resource.RLIMIT_CORE, 0)


def data_size() -> int:
    """Return the bytes of this process's memory that RLIMIT_DATA counts; 0 where the system doesn't say."""
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:
        return int(file.read().split()[5]) * resource.getpagesize()
    return 0


def become_nobody() -> None:
    """Change from root to nobody."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def leave_namespaces() -> bool:
    """Leave the network and the shared memory of this machine's other processes; return whether the kernel let us."""
    if sys.platform != "linux":
        return False
    libc = _libc()
    return any(libc.unshare(flags) == 0 for flags in (_NEW_NETWORK | _NEW_IPC, _NEW_NETWORK | _NEW_IPC | _NEW_USER))


def drop_privileges() -> None:
    """Give up root's capabilities, and gaining any by starting a program."""
    if sys.platform == "linux":
        libc = _libc()
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        libc.capset(struct.pack("Ii", _CAPABILITIES_VERSION, 0), bytes(24))


def landlock_version() -> int:
    """Return the kernel's version of Landlock, which knows files from 1, TCP from 4, signals from 6 on; 0 where there
    is none.

    https://docs.kernel.org/userspace-api/landlock.html
    """
    return max(0, _libc().syscall(_CREATE_RULESET, None, 0, _VERSION)) if sys.platform == "linux" else 0


def landlock(version: int, readable: list[str], writable: list[str]) -> None:
    """Let this process see no other files than those below `readable` and `writable`, start no program, open no TCP
    connection and signal no process that isn't its own descendant, as far as that version can do that. Raises OSError
    where it fails."""
    libc = _libc()
    files = _EVERYTHING_WITH_FILES[max(known for known in _EVERYTHING_WITH_FILES if known <= version)]
    attributes = struct.pack("QQQ", files, _TCP if version >= 4 else 0, _SIGNALS_AND_SOCKETS if version >= 6 else 0)
    attributes = attributes[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        raise OSError("Landlock refuses its rules")
    without_starting = files & ~1
    for paths, allowed in ((readable, _READ_FILE | _READ_DIR), (writable, without_starting)):
        for path in paths:
            if Path(path).exists():
                _allow(libc, ruleset, path, allowed & files)
    if libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
        raise OSError("Landlock does not start")
    os.close(ruleset)


def _allow(libc: Any, ruleset: int, path: str, allowed: int) -> None:
    if not Path(path).is_dir():
        allowed &= _READ_FILE | _WRITE_FILE | _TRUNCATE
    beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", allowed, beneath), 0)
    os.close(beneath)


def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _lower(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(OSError, ValueError):  # macOS knows some of them, and lets none be set.
        resource.setrlimit(kind, (value, value))


def _threads_of_user() -> int:
    count = 0
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            count += len(os.listdir(entry / "task")) if entry.stat().st_uid == os.getuid() else 0
    return count
