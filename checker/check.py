"""From an assignment and a folder to a result: which runs are there, and what every rule finds in them."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from checker.assignments import Assignment
from checker.rules import RULES
from checker.student_code import load_build
from checker.submission import Run
from checker.verdict import (
    CannotCheckError,
    RuleResult,
    RunResult,
    SubmissionResult,
    Verdict,
)
from common.errors import UserError

if TYPE_CHECKING:
    from torch import nn

    from common.data import Images

    BuildFunction = Callable[[str], nn.Module]


def check_folder(assignment: Assignment, folder: Path, *, own: bool, only_run: str | None, rules: list[str],
                 device: str, data_dir: str | None, tell: Callable[[str], None]) -> SubmissionResult:
    """Check the runs of `folder` against `assignment`, with the rules whose ids are in `rules`.

    own: it is the session's own folder, so every run that the assignment names must be there
    tell: hears what is being done
    Raises CannotCheckError where there is nothing to check, DataError where the test images are missing.
    """
    if not own and not assignment.all_runs:
        # What we promise of our own runs is no concern of others, whose runs may have any name.
        assignment = replace(assignment, runs={})
    names = [name for name in _run_names(assignment, folder, own, only_run) if set(rules) & set(assignment.rules_of(name))]
    if not names:
        raise CannotCheckError(f"None of the rules {', '.join(rules)} is asked of {only_run or 'the runs there'}.",
                               f"--list {assignment.id} shows which run must meet which.")
    # Loaded when a rule first asks, and then once for all runs: --select may ask for neither.
    build = cache(lambda: _attempt(lambda: load_build(folder)))
    test_images = cache(lambda: load_test_images(assignment.dataset, data_dir))
    runs = [Run(name, folder / "runs" / name, lambda: _unwrap(build()), test_images, device,
                two_inputs=assignment.two_inputs) for name in names]
    for run in runs:  # What was measured of one is not measured again to compare another with it.
        run.siblings.update({each.name: each for each in runs})
    return SubmissionResult(assignment.id, assignment.title, str(folder),
                            tuple(_check_run(assignment, run, rules, tell) for run in runs))


def load_test_images(dataset: str, data_dir: str | None) -> "Images":
    """Return the test images of the data set that torchvision calls `dataset`. Raises DataError."""
    from common.data import DATASETS, load_images

    return load_images(DATASETS[dataset], "test", data_dir)


def _attempt(load: "Callable[[], BuildFunction]") -> "BuildFunction | CannotCheckError":
    """Return what `load` returns or raises, so that a model.py that can't be imported is tried only once."""
    try:
        return load()
    except CannotCheckError as error:
        return error


def _unwrap(loaded: "BuildFunction | CannotCheckError") -> "BuildFunction":
    if isinstance(loaded, CannotCheckError):
        raise loaded
    return loaded


def _run_names(assignment: Assignment, folder: Path, own: bool, only_run: str | None) -> list[str]:
    if not folder.is_dir():
        raise CannotCheckError(f"There is no folder {folder}.", "Give a folder that holds model.py and runs/ with --path.")
    runs = folder / "runs"
    if (folder / "epochs.jsonl").is_file() and folder.resolve().parent.name == "runs":
        session = folder.resolve().parent.parent
        raise CannotCheckError(f"{folder} is one run of a submission.", f"Use --path {session} --run {folder.resolve().name}.")
    if not runs.is_dir():
        raise CannotCheckError(f"There is no folder {runs}.", "Train first: each run leaves a folder runs/NAME there.")
    found = sorted(path.name for path in runs.iterdir() if path.is_dir() and not path.name.startswith("."))
    # What must be there is checked whether it is there or not; a run that is missing can't be checked.
    if own:
        found = list(assignment.runs) + [name for name in found if name not in assignment.runs]
    elif assignment.all_runs:
        found = sorted({*found, *(name for name, run in assignment.runs.items() if run.required)})
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
    for id in [id for id in assignment.rules_of(run.name) if id in rules]:
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
    except UserError:
        raise
    except Exception as error:  # There is always a submission that nobody thought of, and it has not passed.
        lines = str(error).splitlines() or [""]
        return Verdict(None, None, RULES[id].title.format(**limits), f"Judging it raised {type(error).__name__}: {lines[0]}",
                       "Have it judged by a person, and report this to the checker's authors.")
