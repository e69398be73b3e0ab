"""Results as a table for a spreadsheet: a line for each submission."""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from types import MappingProxyType

from checker.cohorts import asked
from checker.intake.files import shown
from checker.points import grade
from checker.report.overview import accuracy, parameters
from checker.verdict import RunResult, SubmissionResult, combine

_WORDS = {True: "passed", False: "failed", None: "could not be checked"}
# What makes a spreadsheet compute a cell, at its beginning or where a spreadsheet that separates by semicolons would
# begin another, quoted or not; as wide signs too, which some read as the others.
_FORMULA = re.compile(r'(^|[;\t\r\n])(["\s]*[=+\-@＝＋－＠\t\r])')


def as_csv(results: Sequence[SubmissionResult], also: Mapping[str, Sequence[str]] = MappingProxyType({})) -> str:
    """Return the table, with a byte-order mark, by which spreadsheets know that it is UTF-8.

    also: further columns by their heading, with a cell for each result
    Columns: name, those, assignment, cohort, verdict, points, max points, runs (those that decide), one for each rule,
    parameters (most of all deciding runs), worst accuracy (in percent, of all of them), and why a submission has not
    passed.
    """
    rules = list(dict.fromkeys(rule.id for result in results for run in result.runs for rule in run.rules))
    text = StringIO("\ufeff", newline="")
    text.seek(0, 2)
    table = csv.writer(text, lineterminator="\r\n")
    before = ["name", *also, "assignment", "cohort", "verdict", "points", "max points", "runs"]
    table.writerow([*before, *map(_harmless, rules), "parameters", "worst accuracy", "problem"])
    for place, result in enumerate(results):
        name, *row = _row(result, rules)
        cells = [name, *(shown(column[place], 500) for column in also.values()), *row]
        table.writerow([_harmless(cell) for cell in cells])
    return text.getvalue()


def _row(result: SubmissionResult, rules: Iterable[str]) -> list[str]:
    deciding = [run for run in result.runs if run.required]
    earned = grade(result, asked(result.assignment, result.cohort))
    counts = [count for run in deciding if (count := parameters(run)) is not None]
    accuracies = [each for run in deciding if (each := accuracy(run)) is not None]
    return [
        shown(Path(result.path).name or result.path, 200),
        result.assignment,
        result.cohort,
        _WORDS[result.passed],
        f"{earned.points:g}",
        f"{earned.most:g}",
        shown(", ".join(run.name for run in deciding), 500),
        *(_verdict(deciding, id) for id in rules),
        str(max(counts, default="")),
        f"{min(accuracies):.2f}" if accuracies else "",
        shown(_problem(result, deciding), 500),
    ]


def _verdict(runs: Iterable[RunResult], id: str) -> str:
    """Return what was found by one rule in all runs; "" where none was asked for it."""
    found = [rule.verdict.passed for run in runs for rule in run.rules if rule.id == id]
    return _WORDS[combine(found)] if found else ""


def _problem(result: SubmissionResult, runs: Iterable[RunResult]) -> str:
    """Return why a submission has not passed: what failed comes before what could not be checked."""
    if result.problem is not None:
        return result.problem
    for passed in (False, None):
        for run in runs:
            for rule in run.rules:
                if rule.verdict.passed is passed:
                    return f"{run.name}: {rule.title}: {rule.verdict.message}"
    return "" if result.passed else "There is no run that decides."


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet computes: an apostrophe before what it would make it a formula."""
    return _FORMULA.sub(r"\1'\2", cell)
