"""The overview of many runs or students: a row and a point each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checker.assignments import ASSIGNMENTS
from checker.cohorts import asked
from checker.intake.files import shown
from checker.report import charts
from checker.report.charts import Networks, Point
from checker.report.published import published_networks
from checker.verdict import MEASURED, RunResult, SubmissionResult

KINDS = {True: "passed", False: "failed", None: "unknown"}


@dataclass(frozen=True)
class Row:
    """A line of the overview: a run, or a student.

    kind: "passed", "failed" or "unknown"; decides: whether it must pass; address: where the link leads
    rules: ids of those that have not been passed
    """

    address: str
    group: str
    name: str
    kind: str
    decides: bool
    parameters: int | None
    accuracy: float | None
    rules: tuple[str, ...]


def rows_of_runs(number: int, result: SubmissionResult) -> list[Row]:
    """Return a row a run of the submission that is the `number`-th on the page, or one that says that there is none."""
    if result.problem:
        return [Row(f"#s{number}", result.assignment, "", "unknown", True, None, None, ())]
    return [
        Row(
            f"#s{number}r{place}",
            result.assignment,
            run.name,
            KINDS[run.passed],
            run.required,
            parameters(run),
            accuracy(run),
            _wanting(run),
        )
        for place, run in enumerate(result.runs)
    ]


def row_of_student(result: SubmissionResult, address: str) -> Row:
    """Return one row for all runs that must pass, with the most parameters and the worst accuracy of them.

    address: of the student's page
    """
    decide = [run for run in result.runs if run.required]
    counts = [count for run in decide if (count := parameters(run)) is not None]
    accuracies = [each for run in decide if (each := accuracy(run)) is not None]
    return Row(
        address,
        "",
        shown(Path(result.path).name or result.path),
        KINDS[result.passed],
        True,
        max(counts, default=None),
        min(accuracies, default=None),
        tuple(dict.fromkeys(rule for run in decide for rule in _wanting(run))),
    )


def _wanting(run: RunResult) -> tuple[str, ...]:
    return tuple(rule.id for rule in run.rules if rule.verdict.passed is not True)


def accuracy(run: RunResult) -> float | None:
    """Return what the worst of the last epochs reaches, in percent; None where that was not measured."""
    return _measured(run, "sustained_accuracy")


def _measured(run: RunResult, id: str) -> float | None:
    verdict = next((rule.verdict for rule in run.rules if rule.id == id), None)
    value = verdict.measured if verdict is not None and verdict.evidence == MEASURED else None
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def parameters(run: RunResult) -> int | None:
    """Return how many parameters a run's network has; None where that was not measured."""
    if run.details:
        return run.details.parameters
    measured = _measured(run, "parameters")
    return None if measured is None else int(measured)


def plots(results: Sequence[SubmissionResult], *, named: bool) -> list[Networks]:
    """Return a plot a data set: the checked runs, and what others have published for the same sessions."""
    points: dict[str, list[Point]] = {}
    for result in results:
        for run in result.runs:
            count, reached = parameters(run), accuracy(run)
            if count is not None and reached is not None:
                dataset = asked(result.assignment, result.cohort).dataset
                points.setdefault(dataset, []).append(
                    Point("ours", run.name if named else "", count, reached, "worst of the last five epochs")
                )
    for each in published_networks() if points else ():
        dataset = ASSIGNMENTS[each.session].dataset
        if each.parameters is not None and any(result.assignment == each.session for result in results):
            points.setdefault(dataset, []).append(
                Point("published", each.name, each.parameters, each.accuracy, each.stated)
            )
    return [plot for dataset, found in points.items() if (plot := charts.networks(dataset, found))]
