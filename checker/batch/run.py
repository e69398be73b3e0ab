"""Has each submission of a class checked that the ledger doesn't know yet: locally, or on a cluster."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from checker.batch.entries import Entry, content_digest, name_digest, submissions
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
        outcome = None if entry.digest is None else ledger.verdict(key)
        if outcome is None:
            pending.setdefault(key, []).append(entry)
        else:
            yield _checked(entry, setup, outcome, known=True)
    while pending:
        first = {same[0]: key for key, same in pending.items()}
        left: dict[str, list[Entry]] = {}
        for entry, outcome in _outcomes(list(first), setup, jobs, scheduler):
            if "stop" in outcome:
                raise CannotCheckError(outcome["stop"], "Verdicts that were found by then are kept.")
            key = first[entry]
            same, others = pending[key], []
            if content_digest(entry.path) != entry.digest:  # Then nobody knows what was checked.
                outcome, same, others = {"changed": True}, same[:1], same[1:]
            elif "fault" not in outcome and entry.digest is not None:
                ledger.keep(key, outcome)
            if others:
                left[key] = others
            for each in same:
                yield _checked(each, setup, outcome, known=False)
        pending = left


def _outcomes(
    entries: Sequence[Entry], setup: Setup, jobs: int, scheduler: str | None
) -> Iterator[tuple[Entry, dict[str, Any]]]:
    if scheduler is None:
        from checker.batch import local

        return local.outcomes(entries, setup, jobs)
    from checker.batch import cluster

    return cluster.outcomes(entries, setup, scheduler)


def _checked(entry: Entry, setup: Setup, outcome: dict[str, Any], *, known: bool) -> Checked:
    name, problem = _plain(entry.name), problem_of(outcome)
    if problem is None:
        result = submission_from_json(outcome["result"])
        known_details = zip(result.runs, outcome["details"], strict=True)
        runs = [replace(run, details=None if each is None else from_values(each)) for run, each in known_details]
        result = replace(result, path=name, runs=tuple(runs))
    else:
        result = SubmissionResult(setup.assignment, setup.asked.title, name, (), problem, cohort=setup.cohort)
    prints = tuple(outcome.get("fingerprints", ()))
    return Checked(entry, result, prints, "fault" in outcome, float(outcome.get("seconds", 0)), known)


def _plain(name: str) -> str:
    """Return a name that every report can show, of its own where others look alike."""
    plain = shown(name, 200)
    return plain if plain == name else f"{plain} ({name_digest(name)})"
