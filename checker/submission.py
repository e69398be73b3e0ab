"""A submission as data: what its files say and what its network is. Nothing here has been believed, and nothing here
can run."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from checker.verdict import CannotCheckError

if TYPE_CHECKING:
    from checker.notebook import Run
    from common.anatomy.program import Program

LAST_EPOCHS = 5  # Each of them must hold what is asked.
Value = TypeVar("Value")


@dataclass(frozen=True)
class LoggedEpoch:
    """One line of epochs.jsonl, as far as rules use it; `file` and `sha256` are None where no weights were kept.

    sum_correct, sum_total: over all pairs of an image and a number, for networks of two inputs
    train_correct, train_loss, test_loss: for curves alone, None where the log has no finite number of that name
    """

    epoch: int
    train_total: int
    test_correct: int
    test_total: int
    sum_correct: int | None
    sum_total: int | None
    file: str | None
    sha256: str | None
    train_correct: float | None = None
    train_loss: float | None = None
    test_loss: float | None = None


# Stands for the log of a network that has not been trained: rules ask for the weights of the last epoch.
INITIAL = "initial.safetensors"
BEGUN = LoggedEpoch(0, 0, 0, 0, None, None, INITIAL, None)


@dataclass(frozen=True)
class WeightFile:
    """The weights of an epoch as safetensors, and the SHA-256 of the file that they were read from."""

    content: bytes = field(repr=False)
    sha256: str


@dataclass(frozen=True)
class SubmittedRun:
    """What one run's folder holds. What can't be read is the error that says why.

    record:  run.json
    log:     epochs.jsonl, at least one line
    weights: epoch → its weights, of the last epochs; what the sandbox turns into safetensors comes when it is done
    program: the recorded network; it comes when it is recorded
    trained: False where the only weights are those that the network begins with
    notebook: what a notebook shows of it, where it comes from one
    """

    name: str
    record: "dict[str, Any] | CannotCheckError"
    log: "tuple[LoggedEpoch, ...] | CannotCheckError"
    weights: "dict[int, Future[WeightFile]]" = field(compare=False)
    program: "Future[Program]" = field(compare=False)
    trained: bool = True
    notebook: "Run | None" = None


@dataclass(frozen=True)
class Submission:
    """All runs of a submission, and the sandbox's answer about the augmentation of its train.py, where it has one.


    isolation: how its code was run: "bubblewrap", "process", or "none" where none was
    close: ends its code, where that still runs; what has not been answered by then is an error. May be called again
    """

    path: Path
    runs: dict[str, SubmittedRun]
    augmentation: "Future[object] | None" = field(compare=False)
    isolation: str
    close: Callable[[], None] = field(compare=False)


def read(value: Value | CannotCheckError) -> Value:
    """Return what was read, or raise the error that stands in its place."""
    if isinstance(value, CannotCheckError):
        raise value
    return value
