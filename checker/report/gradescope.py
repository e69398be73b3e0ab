"""Results as Gradescope reads them: results.json of its autograder specification
(https://gradescope-autograders.readthedocs.io/en/latest/specs/)."""

import json
import math
from typing import Any

from checker.cohorts import asked
from checker.intake.files import shown
from checker.points import Grade, RulePoints, grade
from checker.report.overview import accuracy, parameters
from checker.verdict import SubmissionResult

_WORDS = {True: "Passed.", False: "Failed.", None: "Could not be checked."}


def as_gradescope(results: list[SubmissionResult]) -> str:
    """Return results.json: a test for each rule of the runs that count, in plain text, which Gradescope escapes.

    Its scores add up to the points of checker.points. Of a submission that could not be read there is one test, worth
    all points. What a run prints stays with the instructors.
    """
    grades = [grade(result, asked(result.assignment, result.cohort)) for result in results]
    report: dict[str, Any] = {
        "execution_time": math.ceil(sum(run.seconds for result in results for run in result.runs)),
        "output": "\n\n".join(map(_summary, results, grades)),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [test for result, earned in zip(results, grades, strict=True) for test in _tests(result, earned)],
        "leaderboard": [row for result, earned in zip(results, grades, strict=True) for row in _ranked(result, earned)],
    }
    return json.dumps(report, indent=2, allow_nan=False) + "\n"


def _summary(result: SubmissionResult, earned: Grade) -> str:
    lines = [shown(result.title, 300), _WORDS[result.passed], f"{earned.points:g} of {earned.most:g} points"]
    if result.problem is not None:
        lines.append(shown(result.problem, 1000))
    else:
        lines.append(f"Points are of: {shown(', '.join(earned.runs), 500) or 'no run'}.")
    others = [run for run in result.runs if run.name not in earned.runs]
    lines += [f"{shown(run.name)}, which counts nothing: {_WORDS[run.passed].lower()}" for run in others]
    lines += [shown(note, 300) for run in result.runs for note in run.notes]
    return "\n".join(lines)


def _tests(result: SubmissionResult, earned: Grade) -> list[dict[str, Any]]:
    if not earned.rules:
        told = result.problem or "No run decides."
        return [_test("The submission can be read", told, 0, earned.most, passed=False)]
    several = len(earned.runs) > 1
    return [
        _test(
            f"{each.run}: {each.rule.title}" if several else each.rule.title,
            _told(each),
            each.points,
            each.most,
            passed=each.rule.verdict.passed is True,
            visibility=each.visibility,
        )
        for each in earned.rules
    ]


def _test(
    name: str, output: str, score: float, most: float, *, passed: bool, visibility: str = "visible"
) -> dict[str, Any]:
    return {
        "name": shown(name, 300),
        "name_format": "text",
        "score": score,
        "max_score": most,
        "status": "passed" if passed else "failed",
        "output": "\n".join(shown(line, 1000) for line in output.split("\n")),
        "output_format": "text",
        "visibility": visibility,
    }


def _told(each: RulePoints) -> str:
    verdict = each.rule.verdict
    found = f"{_WORDS[verdict.passed]} {' '.join(verdict.message.split())}"
    if verdict.passed is not None:
        found += f" ({verdict.required}; {verdict.evidence})"
    return "\n".join(filter(None, (found, each.note, None if verdict.passed else verdict.help)))


def _ranked(result: SubmissionResult, earned: Grade) -> list[dict[str, Any]]:
    """Return what a leaderboard shows: of a submission that has passed alone, since numbers of others mean little."""
    runs = [run for run in result.runs if run.name in earned.runs]
    if result.passed is not True:
        return []
    counts = [count for run in runs if (count := parameters(run)) is not None]
    accuracies = [each for run in runs if (each := accuracy(run)) is not None]
    rows: list[dict[str, Any]] = []
    if accuracies:
        rows.append({"name": "Worst of the last five epochs (%)", "value": round(min(accuracies), 2)})
    if counts:
        rows.append({"name": "Parameters", "value": max(counts), "order": "asc"})
    return rows
