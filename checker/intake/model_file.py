"""A file that defines a network which nobody has trained yet: recorded with the weights that it begins with."""

import dataclasses
import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from checker.intake.files import shown
from checker.intake.folder import Question, ask
from checker.intake.recorded import program_for
from checker.sandbox.run import Sandbox
from checker.sandbox.tasks import INITIAL, MB, MODEL, Answer, Task
from checker.submission import BEGUN, Submission, SubmittedRun, WeightFile
from checker.verdict import CannotCheckError
from common.anatomy import FIXED_BATCH
from common.data import Normalization


def read_model(
    file: Path,
    run: str,
    built_by: str,
    inputs: Sequence[tuple[int, ...]],
    normalization: Normalization,
    sandbox: Sandbox,
) -> Submission:
    """Return a submission whose only run, called `run`, has a network and its first weights.

    built_by: the expression that builds it; "" for build(run), or the last class in the file
    Raises CannotCheckError where there is no such file.
    """
    if not file.is_file():
        raise CannotCheckError(f"There is no file {shown(str(file))}.", "Name the file that defines the network.")
    if file.suffix != ".py":
        raise CannotCheckError(f"{shown(str(file))} is no Python file.", "Put the network's class into a .py file.")
    program: Future[Any] = Future()
    weights: Future[WeightFile] = Future()
    record = {"normalization": dataclasses.asdict(normalization)}
    begun = SubmittedRun(run, record, (BEGUN,), {0: weights}, program, trained=False)
    asked: list[Question] = [
        (model_task(file.name, run, built_by, inputs), program, program_for(inputs)),
        (Task(INITIAL), weights, first_weights),
    ]
    # What lies beside the file may be somebody's whole home: Python files come first, and a network needs little else.
    limits = dataclasses.replace(sandbox.limits, files=500, copied=8 * MB)
    return ask(file.parent, asked, {run: begun}, None, dataclasses.replace(sandbox, limits=limits))


def model_task(file: str, run: str, built_by: str, inputs: Sequence[tuple[int, ...]]) -> Task:
    """Return what asks the sandbox for a network of `file`; see read_model."""
    shapes = [list(shape) for shape in inputs]
    return Task(MODEL, {"file": file, "run": run, "built_by": built_by, "inputs": shapes, "batch": FIXED_BATCH})


def first_weights(answer: Answer) -> WeightFile:
    """Return the weights that the last network began with."""
    return WeightFile(answer.blob, hashlib.sha256(answer.blob).hexdigest())
