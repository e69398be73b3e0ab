"""From an assignment and a folder to a result: which runs are there, and what every rule finds in them."""

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.assignments import Assignment
from checker.intake.archive import unpack
from checker.intake.files import shown
from checker.intake.find import begin
from checker.intake.folder import read_folder
from checker.intake.model_file import read_model
from checker.intake.notebook import read_notebook_file, submission_of
from checker.means import Means
from checker.rules import RULES
from checker.rules.claims import CLAIMED
from checker.submission import Submission
from checker.verdict import (
    UNTRAINED,
    CannotCheckError,
    FaultError,
    RuleResult,
    RunResult,
    SubmissionResult,
    Verdict,
)
from common.errors import UserError

if TYPE_CHECKING:
    from checker.evidence import Evidence

MOST_RUNS = 50
MOST_ARCHIVES = 3  # One in the other.


def check_handed_in(
    assignment: Assignment,
    path: Path,
    *,
    rules: list[str],
    means: Means,
    tell: Callable[[str], None],
    only_run: str | None = None,
    details: bool = False,
) -> SubmissionResult:
    """Check what a student hands in: a folder, in which the submission may lie deeper, a zip file of one, or a
    notebook.

    Raises as check_folder does.
    """
    with tempfile.TemporaryDirectory(prefix="checker-unpacked-") as scratch:
        place = begin(path) if path.is_dir() else path
        depth = 0
        while place.suffix.lower() == ".zip" and not place.is_dir():
            if depth == MOST_ARCHIVES:
                raise CannotCheckError(
                    f"{shown(path.name)} holds a zip file in a zip file, and so on.", "Zip the folder itself, once."
                )
            depth += 1
            # Called as the archive is, since messages tell of it.
            target = Path(scratch) / str(depth) / (place.stem or "submission")
            target.parent.mkdir()
            unpack(place, target)
            place = begin(target)
        check = check_notebook if place.suffix.lower() == ".ipynb" and not place.is_dir() else check_folder
        options: dict[str, Any] = {} if check is check_notebook else {"own": False, "details": details}
        try:
            found = check(assignment, place, only_run=only_run, rules=rules, means=means, tell=tell, **options)
        except CannotCheckError as error:
            raise type(error)(_unpacked(error.message, scratch), _unpacked(error.help, scratch)) from error
        runs = tuple(
            replace(run, rules=tuple(replace(rule, verdict=_plainly(rule.verdict, scratch)) for rule in run.rules))
            for run in found.runs
        )
        return replace(found, path=str(path), runs=runs)


def _plainly(verdict: Verdict, scratch: str) -> Verdict:
    help = verdict.help and _unpacked(verdict.help, scratch)
    return replace(verdict, message=_unpacked(verdict.message, scratch), help=help)


def _unpacked(text: str, scratch: str) -> str:
    """Return a sentence in which files are called as they are in the archive: where it was unpacked is another place
    each time."""
    return re.sub(rf"{re.escape(str(Path(scratch).resolve()))}/\d+/|{re.escape(scratch)}/\d+/", "", text)


def check_folder(
    assignment: Assignment,
    folder: Path,
    *,
    own: bool,
    only_run: str | None,
    rules: list[str],
    means: Means,
    tell: Callable[[str], None],
    details: bool = False,
) -> SubmissionResult:
    """Check the runs of `folder` against `assignment`, with the rules whose ids are in `rules`.

    own: it is the session's own folder, so every run that the assignment names must be there
    means: what it is checked with
    tell: hears what is being done
    details: gather what a page shows beside the verdicts, see checker.details
    Raises CannotCheckError where there is nothing to check, UserError where the test images are missing or not the
    published ones.
    """
    if not own and not assignment.all_runs:
        # What we promise of our own runs is no concern of others, whose runs may have any name.
        assignment = replace(assignment, runs={})
    names = [
        name for name in run_names(assignment, folder, own, only_run) if set(rules) & set(assignment.rules_of(name))
    ]
    if not names:
        raise CannotCheckError(
            f"None of the rules {', '.join(rules)} is asked of {only_run or 'the runs there'}.",
            f"--list {assignment.id} shows which run must meet which.",
        )
    needs = frozenset().union(*(RULES[id].needs for name in names for id in assignment.rules_of(name) if id in rules))
    compared = {
        str(limits["without"])
        for name in names
        for id in rules
        for limits in [assignment.limits(name, id)]
        if "without" in limits
    }
    # The submission's code starts now, in its sandbox, while this process imports what it measures with.
    submission = read_folder(
        folder,
        [*names, *(name for name in sorted(compared - set(names)) if (folder / "runs" / name).is_dir())],
        assignment.inputs,
        networks="network" in needs,
        augmentation="augmentation" in needs,
        sandbox=means.sandbox,
    )
    found = _judged(assignment, submission, names, rules, means, tell, details)
    return SubmissionResult(
        assignment.id, assignment.title, str(folder), found, isolation=submission.isolation, cohort=assignment.cohort
    )


def check_model(
    assignment: Assignment,
    file: Path,
    *,
    built_by: str,
    run: str | None,
    rules: list[str],
    means: Means,
    tell: Callable[[str], None],
) -> SubmissionResult:
    """Check the network that a file defines, with the weights that it begins with, as far as rules need no others.

    built_by: the expression that builds it; "" for build(run), or the last class in the file
    run: what its run will be called, where the assignment asks something of a run by its name
    Raises as check_folder does.
    """
    from common.data import DATASETS

    if not assignment.all_runs:
        assignment = replace(assignment, runs={})
    name = run or file.stem
    submission = read_model(
        file,
        name,
        built_by,
        assignment.inputs,
        DATASETS[assignment.dataset].normalization,
        sandbox=means.sandbox,
    )
    found = _judged(assignment, submission, [name], rules, means, tell, True)
    return SubmissionResult(
        assignment.id, assignment.title, str(file), found, isolation=submission.isolation, cohort=assignment.cohort
    )


def check_notebook(
    assignment: Assignment,
    file: Path,
    *,
    only_run: str | None,
    rules: list[str],
    means: Means,
    tell: Callable[[str], None],
) -> SubmissionResult:
    """Check the networks that a notebook trained: what they are made of, and what it printed of their epochs.

    Raises as check_folder does.
    """
    from common.data import DATASETS

    if not assignment.all_runs:
        assignment = replace(assignment, runs={})
    notebook = read_notebook_file(file)
    names = [run.name for run in notebook.runs if only_run in (None, run.name)]
    if not names:
        raise CannotCheckError(
            f"{shown(file.name)} trains no network called {only_run!r}.",
            f"Those that it trains are called {', '.join(run.name for run in notebook.runs)}.",
        )
    submission = submission_of(
        file,
        notebook,
        assignment.inputs,
        DATASETS[assignment.dataset].normalization,
        sandbox=means.sandbox,
    )
    found = _judged(assignment, submission, names, rules, means, tell, True)
    notes = tuple(_sentence(note.sentence, note.cells) for note in notebook.notes)
    found = tuple(replace(run, notes=run.notes + notes * (run is found[-1])) for run in found)
    return SubmissionResult(
        assignment.id, assignment.title, str(file), found, isolation=submission.isolation, cohort=assignment.cohort
    )


def _judged(
    assignment: Assignment,
    submission: Submission,
    names: list[str],
    rules: list[str],
    means: Means,
    tell: Callable[[str], None],
    details: bool,
) -> tuple[RunResult, ...]:
    """Return what the rules find in the runs of a submission called `names`."""
    tell(f"{shown(str(submission.path))}: starting")
    with contextlib.closing(submission):
        return _check_runs(assignment, submission, names, rules, means, tell, details)


def _check_runs(
    assignment: Assignment,
    submission: Submission,
    names: list[str],
    rules: list[str],
    means: Means,
    tell: Callable[[str], None],
    details: bool,
) -> tuple[RunResult, ...]:
    """Check all runs side by side: each is a thread that waits for what the workers measure."""
    from checker.evidence import Evidence

    tests = means.tests(assignment.dataset)
    runs: dict[str, Evidence] = {}
    for (
        name,
        run,
    ) in submission.runs.items():  # What was measured of one is not measured again to compare another with it.
        runs[name] = Evidence(submission, run, tests, means.device, siblings=runs, two_inputs=assignment.two_inputs)
    with ThreadPoolExecutor(len(names)) as threads:
        checks = [threads.submit(_check_run, assignment, runs[name], rules, means, tell, details) for name in names]
        try:
            return tuple(each.result() for each in checks)
        except BaseException:  # Ctrl-C above all: nobody waits any more for what the threads wait for.
            threads.shutdown(wait=False, cancel_futures=True)
            tests.close()
            submission.close()
            raise


def run_names(assignment: Assignment, folder: Path, own: bool, only_run: str | None) -> list[str]:
    """Return the runs of `folder` that are to be looked at: `only_run`, where that is given. Raises CannotCheckError
    where there are none."""
    if not os.path.isdir(folder):  # Path.is_dir raises where a name is too long.
        raise CannotCheckError(
            f"There is no folder {folder}.", "Give a folder that holds model.py and runs/ with --path."
        )
    runs = folder / "runs"
    if (folder / "epochs.jsonl").is_file() and folder.resolve().parent.name == "runs":
        session = folder.resolve().parent.parent
        raise CannotCheckError(
            f"{folder} is one run of a submission.", f"Use --path {session} --run {folder.resolve().name}."
        )
    if runs.is_symlink():
        raise CannotCheckError(f"{runs} is a link, and links are not followed.", "Put the folder itself there.")
    if not runs.is_dir():
        raise CannotCheckError(f"There is no folder {runs}.", "Train first: each run leaves a folder runs/NAME there.")
    try:
        found = sorted(path.name for path in runs.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise CannotCheckError(
            f"{runs} can't be read ({error.strerror}).", "See whether the folder is yours to read."
        ) from error
    # What must be there is checked whether it is there or not; a run that is missing can't be checked.
    if own:
        found = list(assignment.runs) + [name for name in found if name not in assignment.runs]
    elif assignment.all_runs:
        found = sorted({*found, *(name for name, run in assignment.runs.items() if run.required)})
    if only_run is not None:
        if only_run not in found:
            raise CannotCheckError(
                f"There is no run {only_run!r} in {runs}.",
                f"The runs there are: {', '.join(map(shown, found)) or 'none'}.",
            )
        return [only_run]
    if len(found) > MOST_RUNS:
        raise CannotCheckError(
            f"{runs} holds {len(found):,} runs, more than {MOST_RUNS}.",
            "Keep those that are to be checked, or choose one with --run.",
        )
    if not found:
        raise CannotCheckError(f"{runs} holds no run.", "Train first: each run leaves a folder runs/NAME there.")
    return found


def _check_run(
    assignment: Assignment, run: "Evidence", rules: list[str], means: Means, tell: Callable[[str], None], details: bool
) -> RunResult:
    started = time.perf_counter()
    results = []
    for id in [id for id in assignment.rules_of(run.name) if id in rules]:
        limits = assignment.limits(run.name, id)
        tell(f"{shown(run.name)}: {RULES[id].title.format(**limits)}")
        results.append(RuleResult(id, RULES[id].title.format(**limits), _plain(_verdict(run, id, limits))))
    seconds = round(time.perf_counter() - started, 1)
    gathered = None
    if details:
        from checker.gather import gather

        threshold = assignment.limits(run.name, "sustained_accuracy").get("threshold")
        gathered = gather(run, threshold if isinstance(threshold, int | float) else None)
    if means.observe is not None:
        means.observe(run)
    required = assignment.rules_for(run.name).required
    notes = _notes_on(run)
    return RunResult(
        shown(run.name), required, seconds, tuple(results), *run.views_and_single(), gathered, run.trained, notes
    )


def _notes_on(run: "Evidence") -> tuple[str, ...]:
    """Return what is to be told of what a notebook shows of a run."""
    if run.notebook is None:
        return ()
    told = [_sentence(note.sentence, note.cells) for note in run.notebook.notes]
    if not isinstance(run.notebook.epochs, CannotCheckError):
        told += map(_sentence, run.notebook.epochs.notes)
    for epoch in run.last_epochs if run.trained else ():
        if epoch.file is not None:
            told.append(_sentence(f"{epoch.file} is taken for the weights of epoch {epoch.epoch}."))
    printed = run.notebook.printed_parameters
    if printed is not None and run.recorded and printed.count != run.parameter_count:
        told.append(
            f"Cell {printed.cell} prints {printed.count:,} parameters; the network has {run.parameter_count:,}."
        )
    return tuple(told)


def _sentence(text: str, cells: tuple[int, ...] = ()) -> str:
    where = (
        f" (cell{'s' * (len(cells) > 1)} {', '.join(map(str, cells[:6]))}{', …' * (len(cells) > 6)})" if cells else ""
    )
    return shown(f"{text}{where}", 300)


def _verdict(run: "Evidence", id: str, limits: dict[str, object]) -> Verdict:
    try:
        if run.notebook is not None and id in CLAIMED[run.trained]:
            return CLAIMED[run.trained][id](run, **limits)
        if "training" in RULES[id].needs and not run.trained:
            raise CannotCheckError(UNTRAINED, "Train the network, then check the run.")
        return RULES[id].check(run, **limits)
    except CannotCheckError as error:
        fault = isinstance(error, FaultError)
        return Verdict(None, None, RULES[id].title.format(**limits), error.message, error.help, fault=fault)
    except UserError:
        raise
    except Exception as error:  # There is always a submission that nobody thought of, and it has not passed.
        lines = str(error).splitlines() or [""]
        return Verdict(
            None,
            None,
            RULES[id].title.format(**limits),
            f"Judging it raised {type(error).__name__}: {lines[0]}",
            "Have it judged by a person, and report this to the checker's authors.",
            fault=True,
        )


def _plain(verdict: Verdict) -> Verdict:
    """Names and messages may come from the submission: nothing in them may move the cursor or break a line."""
    return replace(
        verdict,
        message=shown(verdict.message, 500),
        help=None if verdict.help is None else shown(verdict.help, 500),
        measured=shown(verdict.measured, 500) if isinstance(verdict.measured, str) else verdict.measured,
    )
