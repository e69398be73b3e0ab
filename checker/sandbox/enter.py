"""Enters the namespaces of a sandbox that bubblewrap has made: for a process that was forked, since one that bubblewrap
starts would have to import everything anew."""

import fcntl
import json
import os
import select
import signal
from collections.abc import Sequence
from typing import Any

from checker.sandbox.restrict import drop_privileges

_OWNER = 0xB701  # NS_GET_USERNS of linux/nsfs.h: the user namespace that a namespace belongs to.
_SPACES = ("mnt", "pid", "net", "ipc", "uts", "cgroup")
_SECONDS_TO_START = 20
_BOUNDING_SET_DROP, _DUMPABLE, _PARENT_DEATH_SIGNAL = 24, 4, 1


class NoSandboxError(Exception):
    """There is no sandbox to enter."""


def empty_sandbox(command: Sequence[str], environment: dict[str, str]) -> int:
    """Start bubblewrap, and return a process in its sandbox that does nothing until this one ends. Raises
    NoSandboxError.

    command: bubblewrap with its arguments, without what it starts
    """
    told, telling = os.pipe()
    waiting, _ = os.pipe()  # Nothing is ever written, and it closes when this process ends.
    info = os.dup(telling)
    os.set_inheritable(info, True)
    os.posix_spawn(
        command[0],
        [*command, "--info-fd", str(info), "--", "/bin/sh", "-c", "echo; read nothing"],
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, waiting, 0), (os.POSIX_SPAWN_DUP2, telling, 1)],
    )
    for each in (telling, waiting, info):
        os.close(each)
    said = b""
    while not said.endswith(b"}\n\n"):  # The empty line comes when everything is mounted.
        if not select.select([told], [], [], _SECONDS_TO_START)[0] or not (piece := os.read(told, 4096)):
            raise NoSandboxError("bubblewrap made no sandbox")
        said += piece
    os.close(told)
    pid: int = json.loads(said)["child-pid"]
    return pid


def enter(pid: int, folder: str, kept: int) -> None:
    """Go on as a process of the sandbox that `pid` lives in, without any privilege, in `folder`; of open files it has
    stdin, stdout, stderr and `kept`. A parent stays behind outside, and ends as this one does. Raises NoSandboxError.
    """
    others = [name for name in _SPACES if not os.path.samefile(f"/proc/{pid}/ns/{name}", f"/proc/self/ns/{name}")]
    spaces = {name: os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY) for name in ("user", *others)}
    # bubblewrap gives its user a namespace within the one that owns the others, so that it can't make more of them.
    owner = fcntl.ioctl(spaces["mnt"], _OWNER)
    own = [] if os.path.sameopenfile(owner, spaces["user"]) else [spaces["user"]]
    libc = _libc()
    for space in (owner, *(spaces[name] for name in others), *own):
        if libc.setns(space, 0) != 0:
            raise NoSandboxError("the kernel lets nobody into bubblewrap's sandbox")
    child = os.fork()  # Who enters a process namespace stays outside; its children are in there.
    if child:
        os.closerange(0, os.sysconf("SC_OPEN_MAX"))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(code if code >= 0 else 128 - code)  # As bubblewrap and shells tell of a signal.
    libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
    os.chdir(folder)
    for capability in range(64):
        libc.prctl(_BOUNDING_SET_DROP, capability, 0, 0, 0)
    drop_privileges()
    libc.prctl(_DUMPABLE, 1, 0, 0, 0)  # Like every program that was started: it may read its own /proc/self.


def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)
