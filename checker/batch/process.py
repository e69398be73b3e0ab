"""A worker as whoever hands it submissions sees it: started when it is needed, replaced when it has died."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from checker.batch.setup import PACKAGE, Setup

PROGRAM = "checker.batch.worker"
TRIES = 2
_SECONDS_TO_START, _SECONDS_TO_END = 120, 10


class _DiedError(Exception):
    """The worker has ended; the text is the last thing that it said."""


class Worker:
    """One warm process; `outcome` is for one thread at a time."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._closed = False

    def outcome(self, path: Path) -> dict[str, Any]:
        """Return the outcome of a submission: its result, or what stands in its place.

        {"result": …}, {"late": seconds} where it took longer than it may, {"stop": why nothing can be checked}, or
        {"fault": what went wrong in the checker itself, twice}, which may stand beside a result; and "seconds" that it
        took
        """
        began, outcome = time.monotonic(), {"fault": "it was not tried"}
        for _ in range(TRIES):
            try:
                outcome = self._ask(path)
            except _DiedError as error:
                outcome = {"fault": str(error)}
            if "fault" not in outcome or self._closed:
                break
            self._end()
        return outcome | {"seconds": round(time.monotonic() - began, 2)}

    def close(self) -> None:
        """End it for good. May be called again, and while another thread waits for an outcome, which is a fault."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin and process.stdout
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_SECONDS_TO_END)  # It cleans up.
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _ask(self, path: Path) -> dict[str, Any]:
        seconds = self._setup.checking + (_SECONDS_TO_START if self._process is None else 0)
        process = self._process or self._started()
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps(str(path)).encode() + b"\n")
            answer, end = b"", time.monotonic() + seconds
            while not answer.endswith(b"\n"):
                if not select.select([process.stdout], [], [], max(0, end - time.monotonic()))[0]:
                    self._end()
                    return {"late": self._setup.checking}
                piece = os.read(process.stdout.fileno(), 1 << 20)
                if not piece:
                    raise _DiedError(self._last_words())
                answer += piece
            outcome: dict[str, Any] = json.loads(answer)
            return outcome
        except (OSError, ValueError) as error:
            raise _DiedError(self._last_words()) from error

    def _started(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise _DiedError("it was closed")
        environment = dict(os.environ)
        if "DATA_DIR" in environment:
            environment["DATA_DIR"] = os.path.abspath(environment["DATA_DIR"])
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            bufsize=0,
            env=environment,
            cwd=PACKAGE.parent,
            start_new_session=True,
        )
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asdict(self._setup)).encode() + b"\n")
        return self._process

    def _last_words(self) -> str:
        if self._said is None:
            return "it ended"
        self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, self._said.tell() - 2000))
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it ended without a word"


def problem_of(outcome: dict[str, Any]) -> str | None:
    """Return what stands in the place of a result, None where there is one."""
    if "late" in outcome:
        return (
            f"Checking it took longer than {outcome['late']:g} seconds. Networks of the sessions take one or two for "
            "each epoch: make it smaller, or submit fewer runs."
        )
    if "changed" in outcome:
        return "It changed while it was checked. Check it again."
    if "result" not in outcome:
        return (
            f"The checker failed on it twice ({outcome['fault']}): that is the checker's fault and not the "
            "submission's. Have it judged by a person, and report this to the checker's authors."
        )
    return None
