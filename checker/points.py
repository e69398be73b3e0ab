"""What a result is worth in points, as its assignment's data says. Every renderer that shows points asks here.

Passed earns a rule's points in full. Failed earns a part, where the assignment gives one for what was measured, and
only for what the checker itself measured: what a log or a notebook says of a failure would else earn more than what it
says of a success. What could not be checked earns nothing, and says so; a submission that could not be read earns
nothing of all.

One network is asked for in most sessions, and a folder may hold the steps that led to it. So its best run counts, as a
whole: no rule of one run and another of the next. Where an assignment names the runs that it wants, each of them
counts, and one that is missing earns nothing.
"""

import math
from dataclasses import dataclass

from checker.assignments import Assignment, Points, Visibility
from checker.verdict import MEASURED, RuleResult, RunResult, SubmissionResult, Verdict


@dataclass(frozen=True)
class RulePoints:
    """What one rule earned a run. note: why it isn't all or nothing as the verdict says, "" where it is"""

    run: str
    rule: RuleResult
    points: float
    most: float
    note: str
    visibility: Visibility


@dataclass(frozen=True)
class Grade:
    """What a submission earned. runs: the names of those that count; rules: of these runs, in the report's order"""

    points: float
    most: float
    runs: tuple[str, ...]
    rules: tuple[RulePoints, ...]


def grade(result: SubmissionResult, assignment: Assignment) -> Grade:
    """Return what a result is worth by the points of the assignment that it was checked against."""
    counting = [run for run in result.runs if run.required]
    if result.problem is not None or not counting:
        return Grade(0, _most(assignment), (), ())
    graded = [_of_run(run, assignment) for run in counting]
    if not assignment.all_runs:
        # Of two that earn the same, the first.
        graded = [max(graded, key=lambda rules: sum(each.points for each in rules))]
    rules = tuple(each for of_run in graded for each in of_run)
    points, most = (round(sum(values), 6) for values in ([r.points for r in rules], [r.most for r in rules]))
    return Grade(points, most, tuple(dict.fromkeys(each.run for each in rules)), rules)


def _most(assignment: Assignment) -> float:
    """Return what a submission can earn that has every run which the assignment asks for."""
    names = [name for name, run in assignment.runs.items() if run.required] if assignment.all_runs else [""]
    ids = [id for name in names for id in (assignment.rules_of(name) if name else assignment.rules)]
    return sum(assignment.points[id].full for id in ids if id in assignment.points)


def _of_run(run: RunResult, assignment: Assignment) -> list[RulePoints]:
    verdicts = {rule.id: rule.verdict.passed for rule in run.rules}
    found = []
    for rule in run.rules:
        worth = assignment.points.get(rule.id, Points(0))
        points, note = _earned(rule.verdict, worth)
        missing = [id for id in worth.only_with if verdicts.get(id, True) is not True]
        if points and missing:
            points, note = 0.0, f"No points without {', '.join(missing)}."
        found.append(RulePoints(run.name, rule, points, worth.full, note, worth.visibility))
    return found


def _earned(verdict: Verdict, worth: Points) -> tuple[float, str]:
    if verdict.passed:
        return worth.full, ""
    if verdict.passed is None:
        return 0.0, "No points for what could not be checked."
    value = verdict.measured
    # No number is at least as large as a NaN, or smaller.
    if verdict.evidence != MEASURED or isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0, ""
    reached = [(points, f"at least {limit:,}") for limit, points in worth.at_least if limit <= value < math.inf]
    reached += [(points, f"fewer than {limit:,}") for limit, points in worth.fewer_than if 0 < value < limit]
    points, words = max(reached, default=(0.0, ""))
    return points, f"Partial credit for {words}." if reached else ""
