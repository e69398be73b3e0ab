"""Asks a submission's code in the sandbox, and takes its answers with distrust. Imports nothing that takes time."""

import contextlib
import dataclasses
import json
import os
import selectors
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from checker.sandbox import processes, scratch
from checker.sandbox.frames import Frame, FrameError, FrameReader, clean, strict_json
from checker.sandbox.isolation import (
    AUTO,
    BUBBLEWRAP,
    REPOSITORY,
    choose_isolation,
    command,
    environment,
    import_path,
    place_of,
    restrictions,
    sandbox,
)
from checker.sandbox.restrict import NOBODY
from checker.sandbox.start import Supervisor
from checker.sandbox.submission_copy import copy_submission
from checker.sandbox.tasks import GB, MB, WEIGHTS, Answer, Limits, Problem, Task
from checker.sandbox.zygote import Zygote, ZygoteError


@dataclasses.dataclass(frozen=True)
class Sandbox:
    """Where and how a stranger's code runs; see `run`."""

    isolation: str = AUTO
    hidden: tuple[Path, ...] = ()
    limits: Limits = dataclasses.field(default_factory=Limits)
    zygote: Zygote | None = None


TAIL = 2000
MARKER = "CHECKER_SANDBOX"
_SECONDS_TO_CLEAN_UP = 20
_SECONDS_TO_END = 1
_TOLD_BY_THE_CODE = ("refused", "memory", "exit")
_PIECE = 1 << 20


def run(
    folder: Path,
    tasks: Sequence[Task],
    *,
    isolation: str = AUTO,
    limits: Limits | None = None,
    hidden: Sequence[Path] = (),
    zygote: Zygote | None = None,
) -> "Answers":
    """Start answering `tasks` with the code of the submission `folder`, and return the answers: an iterator, and a
    context manager that ends everything.

    The code starts at once, while the caller does something else; its time counts only while an answer is waited for.
    isolation: see checker.sandbox.isolation; hidden: folders that it must not see, beside $DATA_DIR and data/;
    zygote: forks the process, so that it need not import everything anew; only bubblewrap's is forked
    Raises IsolationError. Whatever the submission does is an answer with a problem.
    """
    return Answers(Path(folder), tuple(tasks), choose_isolation(isolation), limits or Limits(), hidden, zygote)


def warm(isolation: str) -> Zygote | None:
    """Return a zygote for `run`, or None where that isolation has none."""
    if choose_isolation(isolation) != BUBBLEWRAP:
        return None
    path = [*import_path(), str(REPOSITORY)]
    return Zygote(path, environment(place_of(BUBBLEWRAP, Path()).scratch))


class Answers(Iterator[Answer]):
    """The answers to tasks, in their order. Ends everything that was started after the last one, on close() and on
    deletion.

    isolation: the one that is used; digests: the SHA-256 of the weight files that are read, by their path;
    printed: the end of what the code printed, for the checker's own diagnosis, hostile text
    """

    def __init__(
        self,
        folder: Path,
        tasks: tuple[Task, ...],
        isolation: str,
        limits: Limits,
        hidden: Sequence[Path],
        zygote: Zygote | None,
    ) -> None:
        self.isolation, self.printed = isolation, ""
        self.digests: dict[str, str] = {}
        self._tasks, self._limits = tasks, limits
        self._answered, self._printed_bytes, self._is_ready, self._is_stopped = 0, 0, False, False
        self._problem: Problem | None = None
        self._zygote = zygote if isolation == BUBBLEWRAP else None
        self._supervisor: Supervisor | None = None
        self._reader = FrameReader(limits.json, limits.blob)
        self._last_word = b""
        self._pipes: dict[str, int] = {}
        self._selector = selectors.DefaultSelector()
        self._place = Path(tempfile.mkdtemp(prefix="checker-sandbox-")).resolve()
        self._marker = f"{MARKER}={self._place.name}"
        try:
            self._start(folder, hidden)
        except BaseException:
            self.close()
            raise

    def __next__(self) -> Answer:
        was_closed = self._supervisor is None and self._problem is None
        if self._answered == len(self._tasks) or was_closed:
            self.close()
            raise StopIteration
        task = self._tasks[self._answered]
        if self._problem is None:
            try:
                answer = self._receive(task)
            except BaseException:  # Ctrl-C above all.
                self.close()
                raise
            self._problem = answer.problem if self._supervisor is None else None
        elif not self._answered:
            answer = Answer(problem=self._problem)
        else:
            answer = _refusal(
                self._problem.kind, f"{task.doing} was not tried: {self._problem.message}", self._problem.help
            )
        self._answered += 1
        if self._answered == len(self._tasks):
            self.close()
        return answer

    def __enter__(self) -> "Answers":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def stop(self) -> None:
        """End what runs, while another thread waits for an answer: it gets a problem, and closes."""
        supervisor, self._is_stopped = self._supervisor, True
        if supervisor is not None:
            with contextlib.suppress(OSError, ValueError):
                supervisor.stdin.write(b".")

    def close(self) -> None:
        """End every process that was started and remove what was written. May be called again."""
        supervisor, self._supervisor = self._supervisor, None
        try:
            if supervisor is not None:
                self._end(supervisor)
        finally:
            for pipe in self._pipes.values():
                os.close(pipe)
            self._pipes.clear()
            self._selector.close()
            scratch.remove(str(self._place))

    def _start(self, folder: Path, hidden: Sequence[Path]) -> None:
        """Copy the submission, write the job and start the supervisor, which starts the child."""
        limits, name = self._limits, clean(str(folder))
        try:
            wanted = {str(task.arguments.get("file")) for task in self._tasks if task.kind == WEIGHTS}
            left_out, self.digests = copy_submission(folder, self._place / "submission", wanted, limits)
        except OSError as error:
            self._problem = Problem(
                "refused", f"{name} can't be read ({error.strerror}).", "See whether it is a folder, and yours to read."
            )
            return
        place = place_of(self.isolation, self._place)
        restrict = restrictions(self.isolation, place)
        scratch_folder = self._place / "scratch"
        scratch_folder.mkdir()
        if restrict is not None and restrict["nobody"]:
            self._place.chmod(0o711)
            shutil.chown(scratch_folder, NOBODY, NOBODY)
        (self._place / "job.json").write_text(
            json.dumps(
                {
                    "name": name,
                    "submission": place.submission,
                    "path": place.path,
                    "left_out": left_out,
                    "restrict": restrict,
                    "tasks": [dataclasses.asdict(task) for task in self._tasks],
                    "limits": {
                        "memory": limits.memory,
                        "scratch": limits.scratch,
                        "open_files": limits.open_files,
                        "processes": limits.processes,
                        "seconds": 2 * limits.seconds * max(1, len(self._tasks)),
                        "blob": limits.blob,
                    },
                }
            )
        )
        data = [Path(path) for path in (os.environ.get("DATA_DIR"), REPOSITORY / "data") if path]
        self._start_supervisor(place.scratch, [*hidden, *data])

    def _start_supervisor(self, scratch_of_child: str, hidden: Sequence[Path]) -> None:
        receive, send = os.pipe()
        self._pipes["answers"] = receive
        job = {
            "environment": environment(scratch_of_child) | dict([self._marker.split("=")]),
            "memory": self._limits.memory,
            "processes": self._limits.processes,
            "scratch": self._limits.scratch,
            "folder": str(self._place),
            "written": None if self.isolation == BUBBLEWRAP else scratch_of_child,
        }
        try:
            if self._zygote is None:
                job["command"] = command(self.isolation, self._place, send, self._limits, hidden)
                self._supervisor = Supervisor.started(job | {"answers": send}, send)
            else:
                job["command"] = sandbox(self._place, self._limits, hidden)
                self._supervisor = Supervisor.forked(self._zygote, job | {"work": str(self._place / "job.json")}, send)
        except ZygoteError:
            self._problem = _not_started("what it is forked from has ended")
            return
        finally:
            os.close(send)
        for pipe, name in (
            (receive, "answers"),
            (self._supervisor.stderr, "printed"),
            (self._supervisor.stdout, "last word"),
        ):
            self._selector.register(pipe, selectors.EVENT_READ, name)

    def _receive(self, task: Task) -> Answer:
        """Wait for the answer to `task`. Where there is none, everything is ended, and no other task will be
        answered."""
        deadline, is_closed = time.monotonic() + self._limits.seconds, False
        try:
            while True:
                answer = self._take(task)
                if answer is not None:
                    return answer
                left = deadline - time.monotonic()
                if left <= 0:
                    return self._ended(task, "closed" if is_closed else "time")
                for key, _ in self._selector.select(left):
                    piece = os.read(key.fd, _PIECE)
                    if not piece:
                        self._selector.unregister(key.fileobj)
                    if key.data == "answers":
                        self._reader.feed(piece)
                        if (
                            not piece
                        ):  # Either Python has ended, which the supervisor tells in a moment, or it goes on in silence.
                            is_closed, deadline = True, min(deadline, time.monotonic() + _SECONDS_TO_END)
                    elif key.data == "last word":
                        self._last_word += piece[:1000]
                        if not piece:
                            self._drain()
                            return self._take(task) or self._ended(task, None)
                    elif self._prints_too_much(piece):
                        return self._ended(task, "printed")
        except FrameError as error:
            return self._ended(task, "output", f"what it sent {error}")

    def _take(self, task: Task) -> Answer | None:
        """Return the answer to `task`, where it has come. Raises FrameError."""
        while (frame := self._reader.take()) is not None:
            if self._is_ready:
                return _answer(frame, self._answered)
            if frame.value != {"ready": True}:
                raise FrameError("came too early")
            self._is_ready = True
        return None

    def _drain(self) -> None:
        """Take up what came before everything ended."""
        os.set_blocking(self._pipes["answers"], False)
        most = self._limits.json + self._limits.blob
        with contextlib.suppress(BlockingIOError):
            while most > 0 and (piece := os.read(self._pipes["answers"], _PIECE)):
                self._reader.feed(piece)
                most -= len(piece)

    def _prints_too_much(self, piece: bytes) -> bool:
        self._printed_bytes += len(piece)
        self.printed = (self.printed + piece[-TAIL:].decode(errors="replace"))[-TAIL:]
        return self._printed_bytes > self._limits.printed

    def _ended(self, task: Task, kind: str | None, detail: str = "") -> Answer:
        """End everything, and return what happened: `kind`, or what the supervisor tells."""
        self.close()
        word = _last_word(self._last_word)
        if kind in (None, "time", "closed") and word.get("kind") not in (None, "stopped"):
            kind = word["kind"]
        if self._is_stopped and kind is None:
            return _refusal("stopped", f"{task.doing} was stopped.", "Check it again.")
        if not self._is_ready and kind != "time":
            last = clean(self.printed.strip().rpartition("\n")[2], 200)
            return Answer(problem=_not_started(last or "its process ended"))
        return Answer(problem=_problem(task, kind, word, self._limits, detail))

    def _end(self, supervisor: Supervisor) -> None:
        """Tell the supervisor to clean up, and wait for that. One that was killed leaves the cleaning to us."""
        try:
            with contextlib.suppress(OSError):
                supervisor.stdin.write(b".")
            supervisor.stdin.close()
            self._hear_out(supervisor)
        finally:
            supervisor.kill()
            for _ in range(100):
                left = processes.marked(self._marker)
                if not left:
                    break
                processes.kill(left)
                time.sleep(0.01)

    def _hear_out(self, supervisor: Supervisor) -> None:
        """Wait until the supervisor has ended, while nothing that it or its children write can block them."""
        end = time.monotonic() + _SECONDS_TO_CLEAN_UP
        stdout, stderr = supervisor.stdout, supervisor.stderr
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            selector.register(stderr, selectors.EVENT_READ)
            while time.monotonic() < end:
                for key, _ in selector.select(end - time.monotonic()):
                    piece = os.read(key.fd, _PIECE)
                    if key.fileobj is stdout:
                        self._last_word += piece[:1000]
                        if not piece:
                            self._hear_last_prints(stderr)
                            return
                    elif not piece:
                        selector.unregister(key.fileobj)
                    else:
                        self._prints_too_much(piece)

    def _hear_last_prints(self, stderr: IO[bytes]) -> None:
        os.set_blocking(stderr.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            self._prints_too_much(os.read(stderr.fileno(), _PIECE))


def _answer(frame: Frame, number: int) -> Answer:
    """Return what a frame says to the task `number`. Raises FrameError."""
    match frame.value:
        case {"task": task, "value": value, **rest} if task == number and type(task) is int and not rest:
            return Answer(value, frame.blob)
        case {"task": task, "problem": [str(kind), str(message), str(help)], **rest} if (
            task == number and type(task) is int and kind in _TOLD_BY_THE_CODE and not rest
        ):
            return _refusal(kind, message, help)
    raise FrameError("is none to what was asked")


def _last_word(text: bytes) -> dict[str, Any]:
    """Return what the supervisor said last; nothing where it was killed. Without Landlock the code could have said it
    too."""
    try:
        word = strict_json(text)
    except FrameError:
        return {}
    return {key: value for key, value in word.items() if isinstance(value, str | int)} if isinstance(word, dict) else {}


def _not_started(why: str) -> Problem:
    return Problem(
        "start",
        clean(f"The sandbox did not start: {why}."),
        'That is the checker\'s fault: try it with the isolation "process", and report it.',
    )


def _refusal(kind: str, message: str, help: str) -> Answer:
    return Answer(problem=Problem(kind, clean(message), clean(help)))


def _problem(task: Task, kind: str | None, word: dict[str, Any], limits: Limits, detail: str) -> Problem:
    """Return the sentence on an end of the kind that this process (`kind`) or the supervisor (`word`) found."""
    number = word.get("signal", 0)
    if number == getattr(signal, "SIGXCPU", None):
        kind = "time"
    name = signal.Signals(number).name if number in signal.valid_signals() else f"signal {number}"
    alone = "Build the network and nothing else: keep training and data behind if __name__ == '__main__'."
    files = "The code uses files that it did not open; it must leave them alone."
    found = {
        "time": ("time", f"took longer than {limits.seconds:g} seconds", alone),
        "memory": (
            "memory",
            f"needed more than {limits.memory / GB:.1f} GB of memory, or all that this machine had left",
            alone,
        ),
        "processes": ("processes", f"started more than {limits.processes} processes", alone),
        "disk": ("disk", f"wrote more than {limits.scratch / MB:.0f} MB of files", alone),
        "crash": ("crash", f"crashed Python ({name})", "Try it in Python, with python -X faulthandler."),
        "exit": (
            "exit",
            f"ended Python (exit code {word.get('code')}) before it had answered",
            "Remove sys.exit() and os._exit().",
        ),
        "printed": ("output", f"printed more than {limits.printed / MB:.0f} MB", "Remove what prints."),
        "output": ("output", f"gave no answer that can be read: {detail}", files),
        "closed": ("output", "closed the file that its answer goes to", files),
        None: ("crash", "killed the process that watches over it", "Remove what sends signals to other processes."),
    }
    kind, what, help = found.get(kind, found[None])
    return Problem(kind, clean(f"{task.doing} {what}."), clean(help))
