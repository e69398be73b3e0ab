"""A folder with model.py and runs/NAME: read at once, but for what the sandbox makes of its code, which comes as it is
done."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from checker.intake.files import shown
from checker.intake.recorded import PROGRAM, program_for, read_program
from checker.intake.run_folder import LOG, MOST_WEIGHTS_IN_ALL, read_log, read_record, read_weights
from checker.sandbox.run import Answers, Sandbox
from checker.sandbox.run import run as start
from checker.sandbox.tasks import Answer, Task
from checker.submission import BEGUN, INITIAL, Submission, SubmittedRun, WeightFile, read
from checker.verdict import CannotCheckError, FaultError
from common.anatomy import FIXED_BATCH


def read_folder(
    folder: Path,
    names: Sequence[str],
    inputs: Sequence[tuple[int, ...]],
    *,
    networks: bool,
    augmentation: bool,
    sandbox: Sandbox,
) -> Submission:
    """Return the runs called `names` of a folder.

    inputs: shapes of the networks' inputs without the batch
    networks, augmentation: whether these are needed, so that the folder's code must run
    """
    runs: dict[str, SubmittedRun] = {}
    for name in names:
        left = MOST_WEIGHTS_IN_ALL - sum(map(_size, runs.values()))
        runs[name] = _read_run(folder / "runs" / name, inputs, left)
    pipeline: Future[object] | None = Future() if os.path.lexists(folder / "train.py") else None
    digests: dict[str, str] = {}
    asked = _questions(folder, runs, inputs, digests, networks=networks)
    if augmentation and pipeline is not None:
        asked.append((Task("augmentation"), pipeline, lambda answer: answer.value))
    if not asked:
        return Submission(folder, runs, pipeline, "none", lambda: None)
    return ask(folder, asked, runs, pipeline, sandbox, digests)


# A task, where its answer belongs, and what reads the answer.
Question = tuple[Task, Future[Any], Callable[[Answer], object]]


def ask(
    folder: Path,
    asked: Sequence[Question],
    runs: dict[str, SubmittedRun],
    pipeline: Future[object] | None,
    sandbox: Sandbox,
    digests: dict[str, str] | None = None,
) -> Submission:
    """Start asking the code of a folder in the sandbox, and return the submission that its answers become part of.

    digests: takes those of the weight files that the sandbox reads
    """
    answers = start(
        folder,
        [task for task, _, _ in asked],
        isolation=sandbox.isolation,
        hidden=sandbox.hidden,
        limits=sandbox.limits,
        zygote=sandbox.zygote,
    )
    if digests is not None:
        digests.update(answers.digests)
    taking = threading.Thread(target=_take, args=(answers, asked), daemon=True)
    taking.start()

    def close() -> None:
        answers.stop()
        taking.join()

    return Submission(folder, runs, pipeline, answers.isolation, close)


def _size(run: SubmittedRun) -> int:
    """How many bytes of weights were read; what is for the sandbox to read was not kept."""
    return sum(len(file.result().content) for file in run.weights.values() if file.done() and file.exception() is None)


def _read_run(folder: Path, inputs: Sequence[tuple[int, ...]], most: int) -> SubmittedRun:
    if folder.is_symlink():
        error = CannotCheckError(
            f"{shown(folder.name)} is a link, and links are not followed.", "Put the run's folder itself there."
        )
        return SubmittedRun(folder.name, error, error, {}, Future())
    trained = (folder / LOG).exists() or not (folder / INITIAL).exists()
    log = read_log(folder, two_inputs=len(inputs) > 1) if trained else (BEGUN,)
    weights = {} if isinstance(log, CannotCheckError) else read_weights(folder, log, most)
    program = read_program(folder, inputs) if os.path.lexists(folder / PROGRAM) else Future()
    return SubmittedRun(folder.name, read_record(folder), log, weights, program, trained)


def _questions(
    folder: Path,
    runs: dict[str, SubmittedRun],
    inputs: Sequence[tuple[int, ...]],
    digests: Mapping[str, str],
    *,
    networks: bool,
) -> list[Question]:
    """Return what is asked of the folder's code, where the answer belongs, and how it is read.

    digests: the SHA-256 of the weight files that the sandbox reads, by their path, there before its first answer
    """
    asked: list[Question] = []
    for name, run in runs.items():
        if networks and not os.path.lexists(folder / "runs" / name / PROGRAM):
            asked.append(
                (
                    Task("network", {"run": name, "inputs": [list(shape) for shape in inputs], "batch": FIXED_BATCH}),
                    run.program,
                    program_for(inputs),
                )
            )
    for name, run in runs.items() if networks else ():
        pending = [place for place, file in run.weights.items() if not file.done()]
        for place in pending:
            file = f"runs/{name}/{read(run.log)[place - len(run.weights)].file}"
            asked.append((Task("weights", {"file": file}), run.weights[place], _weights_of(file, digests)))
    return asked


def _take(answers: Answers, asked: Sequence[Question]) -> None:
    """Put each answer where it belongs. Whatever happens, each place gets an answer or an error: somebody waits for
    it."""
    try:
        with answers:
            for (_, place, reading), answer in zip(asked, answers, strict=True):
                try:
                    if answer.problem is not None:
                        problem = FaultError if answer.problem.kind == "start" else CannotCheckError
                        raise problem(answer.problem.message, answer.problem.help)
                    place.set_result(reading(answer))
                except Exception as error:
                    place.set_exception(error)
    finally:
        for _, place, _ in asked:
            if not place.done():
                place.set_exception(CannotCheckError("The sandbox ended before it had answered.", "Check it again."))


def _weights_of(file: str, digests: Mapping[str, str]) -> Callable[[Answer], WeightFile]:
    """Return what takes the weights of a file, together with the digest of those bytes that the sandbox had of it."""

    def weights(answer: Answer) -> WeightFile:
        if file not in digests:
            raise CannotCheckError(
                f"{shown(Path(file).name)} changed while it was read.", "Check it again when nothing writes there."
            )
        return WeightFile(answer.blob, digests[file])

    return weights
