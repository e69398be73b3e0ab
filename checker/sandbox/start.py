"""How the process that watches over a stranger's code is started: as a program, or forked from what has imported
everything."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from checker.sandbox.zygote import Zygote

_SECONDS_TO_DIE = 20


@dataclass(frozen=True)
class Supervisor:
    """A running supervisor. When its stdin closes it cleans up; on stdout comes its last word, on stderr what is
    printed.

    kill: ends it, waits for its end, and closes its pipes
    """

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    kill: Callable[[], None]

    @classmethod
    def started(cls, job: dict[str, Any], answers: int) -> "Supervisor":
        """Start it as a program, which inherits `answers`."""
        program = str(Path(__file__).with_name("supervisor.py"))
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", program, json.dumps(job)],
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=(answers,),
            cwd="/",
            start_new_session=True,
        )
        assert process.stdin and process.stdout and process.stderr

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()

        return cls(process.stdin, process.stdout, process.stderr, kill)

    @classmethod
    def forked(cls, zygote: Zygote, job: dict[str, Any], answers: int) -> "Supervisor":
        """Let a zygote fork it. Raises ZygoteError."""
        (its_stdin, stdin), (stdout, its_stdout), (stderr, its_stderr) = os.pipe(), os.pipe(), os.pipe()
        pipes = open(stdin, "wb", 0), open(stdout, "rb", 0), open(stderr, "rb", 0)
        try:
            process = zygote.fork(job, [its_stdin, its_stdout, its_stderr, answers])
        except BaseException:
            for pipe in pipes:
                pipe.close()
            raise
        finally:
            for each in (its_stdin, its_stdout, its_stderr):
                os.close(each)

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], _SECONDS_TO_DIE)
            os.close(process)
            for pipe in pipes[1:]:
                pipe.close()

        return cls(*pipes, kill)
