"""Has each submission of a class checked that the ledger doesn't know yet: locally, or on a cluster."""

from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checker.batch.entries import Entry, content_digest, submissions
from checker.batch.ledger import Ledger
from checker.batch.process import problem_of
from checker.batch.setup import Setup, key_of
from checker.details import from_values
from checker.intake.files import shown
from checker.report.json import submission_from_json
from checker.verdict import CannotCheckError, SubmissionResult


@dataclass(frozen=True)
class Checked:
    """A submission and its result, whose path is the submission's name.

    fingerprints: of the runs that were measured, as JSON; see checker.copies
    fault: the checker's own, which is not kept; seconds: that checking it took; known: the ledger knew it
    """

    entry: Entry
    result: SubmissionResult
    fingerprints: tuple[dict[str, Any], ...]
    fault: bool
    seconds: float
    known: bool


def entries_of(folder: Path, part: tuple[int, int]) -> tuple[list[Entry], list[str]]:
    """Return the submissions of a folder with their digests, of `part` (i, n) every n-th from the i-th on, and the
    names of what is none. Raises CannotCheckError."""
    paths, left_out = submissions(folder)
    mine = paths[part[0] - 1 :: part[1]]
    with ThreadPoolExecutor() as threads:
        digests = list(threads.map(content_digest, mine))
    return [Entry(path.name, path, digest) for path, digest in zip(mine, digests, strict=True)], left_out


def check_all(
    entries: Sequence[Entry], setup: Setup, ledger: Ledger, *, jobs: int, scheduler: str | None
) -> Generator[Checked, None, None]:
    """Yield what is found of each submission, first of those that the ledger knows; others it keeps before they are
    yielded.

    Raises CannotCheckError where nothing can be checked, or a verdict can't be kept.
    """
    fingerprint = setup.fingerprint()
    pending: dict[str, list[Entry]] = {}  # Of several with the same content one is checked.
    for entry in entries:
        key = key_of(entry, fingerprint)
        outcome = ledger.verdict(key)
        if outcome is None:
            pending.setdefault(key, []).append(entry)
        else:
            yield _checked(entry, setup, outcome, known=True)
    if not pending:
        return
    first = {same[0]: key for key, same in pending.items()}
    if scheduler is None:
        from checker.batch import local

        found = local.outcomes(list(first), setup, jobs)
    else:
        from checker.batch import cluster

        found = cluster.outcomes(list(first), setup, scheduler)
    for entry, outcome in found:
        if "stop" in outcome:
            raise CannotCheckError(outcome["stop"], "Verdicts that were found by then are kept.")
        key = first[entry]
        if "fault" not in outcome:
            ledger.keep(key, outcome)
        for same in pending[key]:
            yield _checked(same, setup, outcome, known=False)


def _checked(entry: Entry, setup: Setup, outcome: dict[str, Any], *, known: bool) -> Checked:
    name, problem = shown(entry.name, 200), problem_of(outcome)
    if problem is None:
        result = submission_from_json(outcome["result"])
        known_details = zip(result.runs, outcome["details"], strict=True)
        runs = [replace(run, details=None if each is None else from_values(each)) for run, each in known_details]
        result = replace(result, path=name, runs=tuple(runs))
    else:
        result = SubmissionResult(setup.assignment, setup.asked.title, name, (), problem, cohort=setup.cohort)
    prints = tuple(outcome.get("fingerprints", ()))
    return Checked(entry, result, prints, "fault" in outcome, float(outcome.get("seconds", 0)), known)
