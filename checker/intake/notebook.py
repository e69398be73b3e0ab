"""A notebook: its text says which networks it trained, and what it printed of their epochs. Of its code only what
builds a network is run, in the sandbox. Weights that lie beside it belong to the network that they fill."""

import contextlib
import dataclasses
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from checker.intake.files import MB, read_regular, shown
from checker.intake.folder import Question, ask
from checker.intake.model_file import first_weights, model_task
from checker.intake.recorded import program_for
from checker.notebook import Network, Notebook, read_notebook
from checker.sandbox.run import Sandbox
from checker.sandbox.tasks import INITIAL, WEIGHTS, Answer, Task
from checker.submission import BEGUN, LAST_EPOCHS, LoggedEpoch, Submission, SubmittedRun, WeightFile
from checker.verdict import CannotCheckError
from common.data import Normalization

MOST_NOTEBOOK, MOST_SOURCE = 16 * MB, MB
MOST_SOURCES, MOST_DEEP = 500, 3
MOST_WEIGHT_FILES, MOST_WEIGHTS = 20, 64 * MB


def read_notebook_file(path: Path) -> Notebook:
    """Return what a notebook shows, together with the Python files beside it. Raises CannotCheckError."""
    content = read_regular(path, MOST_NOTEBOOK, "Name the notebook to check.")
    return read_notebook(content, _sources(path.parent))


def submission_of(
    path: Path,
    notebook: Notebook,
    inputs: Sequence[tuple[int, ...]],
    usual: Normalization,
    sandbox: Sandbox,
) -> Submission:
    """Return the notebook's runs, whose networks have the weights that they begin with.

    usual: the normalisation that is taken where the notebook shows none for so many channels
    """
    beside = _weight_files(path.parent)
    candidates: dict[str, Future[WeightFile]] = {name: Future() for name in beside}
    shown_one = notebook.normalization
    normalization = usual
    if shown_one is not None and len(shown_one.mean) == len(usual.mean):
        normalization = Normalization(shown_one.mean, shown_one.std)
    runs: dict[str, SubmittedRun] = {}
    asked: list[Question] = []
    with tempfile.TemporaryDirectory(prefix="checker-notebook-") as scratch:
        for number, run in enumerate(notebook.runs, start=1):
            program: Future[Any] = Future()
            weights: Future[WeightFile] = Future()
            record = {"normalization": dataclasses.asdict(normalization)}
            runs[run.name] = SubmittedRun(run.name, record, (BEGUN,), {0: weights}, program, False, run)
            if isinstance(run.network, CannotCheckError):
                for place in (program, weights):
                    place.set_exception(run.network)
                continue
            file = f"network_of_run_{number}.py"
            _write(Path(scratch), {**run.network.files, file: run.network.source})
            answered: Future[Any] = Future()
            answered.add_done_callback(_told_by_cells(run.network, file, program))
            asked.append((model_task(file, run.name, "", inputs), answered, program_for(inputs)))
            asked.append((Task(INITIAL), weights, first_weights))
        if not asked:
            return Submission(path, runs, None, "none", lambda: None)
        for name, content in beside.items():
            if name.endswith(".safetensors"):
                candidates[name].set_result(WeightFile(content, hashlib.sha256(content).hexdigest()))
            else:
                (Path(scratch) / name).write_bytes(content)
                asked.append((Task(WEIGHTS, {"file": name}), candidates[name], _weights_of(content)))
        # Its files are copied before this returns.
        submission = ask(Path(scratch), asked, runs, None, sandbox)
    trained = {name: _trained(run, candidates) for name, run in runs.items()} if candidates else runs
    return dataclasses.replace(submission, runs=trained)


def _weight_files(folder: Path) -> dict[str, bytes]:
    """Return the weight files beside a notebook, in the order of the numbers in their names."""

    def by_numbers(name: str) -> list[tuple[int, str]]:
        return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d{1,9})", name)]

    names = [
        name for name in os.listdir(folder) if name.endswith((".safetensors", ".pt", ".pth")) and name.isprintable()
    ]
    found: dict[str, bytes] = {}
    for name in sorted(names, key=by_numbers)[-MOST_WEIGHT_FILES:]:
        with contextlib.suppress(CannotCheckError):
            found[name] = read_regular(folder / name, MOST_WEIGHTS, "")
    return found


def _weights_of(content: bytes) -> Callable[[Answer], WeightFile]:
    digest = hashlib.sha256(content).hexdigest()
    return lambda answer: WeightFile(answer.blob, digest)


def _trained(run: SubmittedRun, candidates: dict[str, Future[WeightFile]]) -> SubmittedRun:
    """Return a run with those weights that fill its network, as those of its last epochs; where none do, as it was."""
    from checker.statistics import parsed
    from common.anatomy.weights import left_over, misfits

    if run.notebook is None or isinstance(run.notebook.epochs, CannotCheckError) or run.program.exception() is not None:
        return run
    program = run.program.result()
    fitting: dict[str, WeightFile] = {}
    for name, candidate in candidates.items():
        with contextlib.suppress(CannotCheckError, ValueError):
            tensors = parsed(candidate.result().content)
            if not misfits(program, tensors) and not left_over(program, tensors):
                fitting[name] = candidate.result()
    if not fitting:
        return run
    log = tuple(
        LoggedEpoch(
            epoch=place if epoch.number is None else epoch.number,
            train_total=(epoch.train and epoch.train.total) or 0,
            test_correct=epoch.test.correct or 0,
            test_total=epoch.test.total or 0,
            sum_correct=None,
            sum_total=None,
            file=None,
            sha256=None,
        )
        for place, epoch in enumerate(run.notebook.epochs.epochs, start=1)
    )
    last = log[-LAST_EPOCHS:]
    weights: dict[int, Future[WeightFile]] = {place: Future() for place in range(len(last))}
    files = list(fitting.items())[-len(last) :]
    for place, missing in enumerate(last[: len(last) - len(files)]):
        weights[place].set_exception(
            CannotCheckError(
                f"No weights of epoch {missing.epoch} lie beside the notebook.",
                "Keep those of the last five epochs, in files that are named by their numbers.",
            )
        )
    named = list(log)
    for place, (name, content) in enumerate(files, start=len(last) - len(files)):
        weights[place].set_result(content)
        named[place - len(last)] = dataclasses.replace(last[place], file=name)
    return dataclasses.replace(run, log=tuple(named), weights=weights, trained=True)


def _sources(folder: Path) -> dict[str, str]:
    """Return the Python files beside a notebook that can be read, path below its folder → text."""
    found: dict[str, str] = {}
    for place, folders, files in os.walk(folder, followlinks=False):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(
            name
            for name in folders
            if depth < MOST_DEEP and not name.startswith(".") and name not in ("__pycache__", "site-packages")
        )
        for name in sorted(files):
            if not name.endswith(".py") or len(found) == MOST_SOURCES:
                continue
            path = Path(place, name)
            try:
                found[str(path.relative_to(folder))] = read_regular(path, MOST_SOURCE, "").decode("utf-8-sig")
            except (CannotCheckError, UnicodeDecodeError):
                continue
    return found


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        if path.resolve().is_relative_to(folder.resolve()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="surrogatepass")


def _told_by_cells(network: Network, file: str, place: Future[Any]) -> Any:
    """Return what hands an answer on, in whose sentences lines of the slice are lines of cells."""
    line = re.compile(rf"{re.escape(file)}, line (\d+)")

    def hand_on(answered: Future[Any]) -> None:
        error = answered.exception()
        if isinstance(error, CannotCheckError):
            message = line.sub(lambda found: network.place(int(found[1])) or "the end of the slice", error.message)
            error = CannotCheckError(shown(message, 500), error.help)
        if error is not None:
            place.set_exception(error)
        else:
            place.set_result(answered.result())

    return hand_on
