"""From an assignment and a folder to a result: which runs are there, and what every rule finds in them."""

import time
from collections.abc import Callable
from pathlib import Path

from checker.assignments import Assignment
from checker.rules import RULES
from checker.submission import Run, load_build
from checker.verdict import CannotCheckError, RuleResult, RunResult, SubmissionResult, Verdict


def check_folder(assignment: Assignment, folder: Path, *, own: bool, only_run: str | None, rules: list[str],
                 device: str, data_dir: str | None, tell: Callable[[str], None]) -> SubmissionResult:
    """Check the runs of `folder` against `assignment`, with the rules whose ids are in `rules`.

    own: it is the session's own folder, so every run that the assignment names must be there
    tell: hears what is being done
    Raises CannotCheckError where there is nothing to check.
    """
    names = _run_names(assignment, folder, own, only_run)
    kept: dict[str, object] = {}

    def once(key: str, make: Callable[[], object]) -> object:
        if key not in kept:
            kept[key] = _caught(make)
        if isinstance(kept[key], CannotCheckError):
            raise kept[key]
        return kept[key]

    def test_images() -> object:
        from common.data import load_mnist
        from common.errors import DataError

        try:
            return load_mnist("test", data_dir)
        except DataError as error:
            raise CannotCheckError(str(error), "See the README on data.") from error

    results = []
    for name in names:
        run = Run(name, folder / "runs" / name, lambda: once("build", lambda: load_build(folder)),
                  lambda: once("data", test_images), device)
        results.append(_check_run(assignment, run, rules, tell))
    return SubmissionResult(assignment.id, assignment.title, str(folder), tuple(results))


def _caught(make: Callable[[], object]) -> object:
    try:
        return make()
    except CannotCheckError as error:
        return error


def _run_names(assignment: Assignment, folder: Path, own: bool, only_run: str | None) -> list[str]:
    if not folder.is_dir():
        raise CannotCheckError(f"There is no folder {folder}.", "Give a folder that holds model.py and runs/ with --path.")
    runs = folder / "runs"
    if not runs.is_dir():
        raise CannotCheckError(f"There is no folder {runs}.", "Train first: each run leaves a folder runs/NAME there.")
    found = sorted(path.name for path in runs.iterdir() if path.is_dir() and not path.name.startswith("."))
    if own:
        # Ours must all be there; one that is missing shows as runs that can't be checked.
        found = list(assignment.runs) + [name for name in found if name not in assignment.runs]
    if only_run is not None:
        if only_run not in found:
            raise CannotCheckError(f"There is no run {only_run!r} in {runs}.",
                                   f"The runs there are: {', '.join(found) or 'none'}.")
        return [only_run]
    if not found:
        raise CannotCheckError(f"{runs} holds no run.", "Train first: each run leaves a folder runs/NAME there.")
    return found


def _check_run(assignment: Assignment, run: Run, rules: list[str], tell: Callable[[str], None]) -> RunResult:
    started = time.perf_counter()
    results = []
    for id in rules:
        limits = assignment.limits(run.name, id)
        tell(f"{run.name}: {RULES[id].title.format(**limits)}")
        results.append(RuleResult(id, RULES[id].title.format(**limits), _verdict(run, id, limits)))
    seconds = round(time.perf_counter() - started, 1)
    return RunResult(run.name, assignment.rules_for(run.name).required, seconds, tuple(results))


def _verdict(run: Run, id: str, limits: dict[str, object]) -> Verdict:
    try:
        return RULES[id].check(run, **limits)
    except CannotCheckError as error:
        return Verdict(None, None, RULES[id].title.format(**limits), error.message, error.help)
