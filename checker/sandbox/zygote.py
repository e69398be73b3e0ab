"""A process that has imported what recording needs before there is any submission, and forks one for each: that saves
the seconds in which a new one would import it. It runs no stranger's code itself, and works with bubblewrap alone.

    python -I -S -B zygote.py PATH FILE-DESCRIPTOR

PATH is its sys.path as JSON. On the file descriptor, a socket, comes a job of the supervisor with the files that the
supervisor is to have (stdin, stdout, stderr, and where the answers go); back goes a file descriptor of its process.
"""

import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any

MOST_JOB = 100_000
_ONLY_HERE: set[str] = set()
_FILES = 4


class ZygoteError(Exception):
    """The zygote has ended."""


class Zygote:
    """The process, as the checker sees it."""

    def __init__(self, path: list[str], environment: dict[str, str]) -> None:
        """Start it; it imports while the checker does something else. path: its sys.path"""
        self._socket, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", "-W", "ignore", __file__, json.dumps(path), str(there.fileno())],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(there.fileno(),),
                cwd="/",
                start_new_session=True,
            )

    def fork(self, job: dict[str, Any], files: list[int]) -> int:
        """Start a supervisor that has `files`, and return a file descriptor of its process. Raises ZygoteError."""
        try:
            socket.send_fds(self._socket, [json.dumps(job).encode()], files)
            _, (process, *_), _, _ = socket.recv_fds(self._socket, 1, 1)
        except (OSError, ValueError) as error:
            raise ZygoteError from error
        return process

    def close(self) -> None:
        """End it. Supervisors end when their stdin does."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


def _serve(control: socket.socket) -> None:
    """Fork a supervisor for each job, until the checker has ended."""
    while True:
        message, files, _, _ = socket.recv_fds(control, MOST_JOB, _FILES)
        if not message:
            return
        child = os.fork()
        if not child:
            _become_supervisor(json.loads(message), control, files)
        process = os.pidfd_open(child)
        socket.send_fds(control, [b"."], [process])
        for each in (process, *files):
            os.close(each)
        with contextlib.suppress(ChildProcessError):  # Those that have ended by now.
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _become_supervisor(job: dict[str, Any], control: socket.socket, files: list[int]) -> None:
    from checker.sandbox import processes, supervisor

    try:
        os.setsid()
        control.close()
        *standard, answers = files
        for number, file in enumerate(standard):
            os.dup2(file, number)
            os.close(file)
        os.set_inheritable(answers, False)
        # Its processes begin with what was imported here, which is no use of theirs.
        memory = job["memory"] + processes.resident_size("self")
        supervisor.main(job | {"answers": answers, "memory": memory}, _start)
    finally:
        os._exit(0)


def _start(job: dict[str, Any]) -> int:
    """Fork the process that answers, let it enter the sandbox, and return its number."""
    from checker.sandbox.enter import empty_sandbox, enter

    sandbox = empty_sandbox(job["command"], job["environment"])
    with open(job["work"], encoding="utf-8") as file:
        work = json.load(file)
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(2, 1)
        enter(sandbox, work["submission"], job["answers"])
        sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", buffering=1, closefd=False)
        sys.stderr = open(2, "w", buffering=1, closefd=False)
        sys.path[:] = work["path"]
        from checker.sandbox import inside

        _forget(os.listdir(work["submission"]))
        inside.main(work, job["answers"])
    except BaseException as error:  # It is our fault, and the last thing that was printed says which.
        os.write(2, f"{type(error).__name__}: {error}\n".encode(errors="replace"))
    finally:
        os._exit(1)
    return 0


def _forget(files: list[str]) -> None:
    """Forget the modules that a process which imports everything anew would not have, where the submission has others
    of their names."""
    theirs = _ONLY_HERE & {file.removesuffix(".py") for file in files}
    for name in [name for name in sys.modules if name.partition(".")[0] in theirs]:
        del sys.modules[name]


def _warm_up() -> None:
    """Import what recording imports, and record something, so that all is there when a submission comes."""
    import torch
    from torch import nn

    from checker.sandbox import enter, frames, inside, restrict, state_dict, supervisor  # noqa: F401
    from common.anatomy.program import to_bytes
    from common.anatomy.record import record

    known = set(sys.modules)
    for name in ("torchvision", "safetensors.torch", "albumentations"):
        with contextlib.suppress(Exception):  # Recording can do without.
            __import__(name)
    _ONLY_HERE.update({name.partition(".")[0] for name in sys.modules} - {name.partition(".")[0] for name in known})
    torch.set_num_threads(1)
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, bias=False),
        nn.ReLU(),
        nn.BatchNorm2d(8),
        nn.Dropout(0.1),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 10, 1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.LogSoftmax(1),
    )
    to_bytes(record(network, [(1, 28, 28)], 100))


if __name__ == "__main__":
    sys.path[:] = json.loads(sys.argv[1])
    with socket.socket(fileno=int(sys.argv[2])) as connection:
        _warm_up()
        gc.collect()
        gc.freeze()  # So that no fork writes into what it shares with the others.
        _serve(connection)
