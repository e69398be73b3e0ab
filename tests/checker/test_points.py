"""What a result is worth: full points, parts of them, and nothing for what nobody could check."""

import math
from dataclasses import replace

import pytest

from checker.assignments import ASSIGNMENTS, SESSION05, SESSION06, Assignment, Points
from checker.cohorts import COHORTS, asked
from checker.points import Grade, grade
from checker.verdict import RuleResult, RunResult, SubmissionResult, Verdict

ONE = replace(
    SESSION05,
    points={
        "sustained_accuracy": Points(10, at_least=((99.3, 6), (99.0, 3)), only_with=("no_hidden_parameters",)),
        "parameters": Points(4, fewer_than=((12_000, 2),)),
        "no_hidden_parameters": Points(1, visibility="after_published"),
    },
)


def found(name: str = "mine", *, required: bool = True, **verdicts: Verdict) -> RunResult:
    return RunResult(name, required, 1.0, tuple(RuleResult(id, id, each) for id, each in verdicts.items()))


def worth(*runs: RunResult, assignment: Assignment = ONE, problem: str | None = None) -> Grade:
    return grade(SubmissionResult(assignment.id, "", "", runs, problem), assignment)


def failed(measured: object, evidence: str = "measured") -> Verdict:
    return Verdict(False, measured, "", "", None, evidence)


PASSED, UNKNOWN = Verdict(True, 1, "", ""), Verdict(None, None, "", "")


@pytest.mark.parametrize(
    ("verdict", "points"),
    [
        (PASSED, 10),
        (failed(99.39), 6),
        (failed(99.3), 6),
        (failed(99.29), 3),
        (failed(98.99), 0),
        (failed(math.nan), 0),
        (failed(math.inf), 0),
        (failed(None), 0),
        (failed(True), 0),
        (failed("99.35"), 0),
        (failed([99.35]), 0),
        (failed(99.35, "recorded"), 0),
        (failed(99.35, "declared"), 0),
        (UNKNOWN, 0),
    ],
)
def test_what_an_accuracy_earns(verdict: Verdict, points: float) -> None:
    earned = worth(found(sustained_accuracy=verdict))
    assert (earned.points, earned.most) == (points, 10)


@pytest.mark.parametrize(
    ("measured", "points"), [(11_999, 2), (12_000, 0), (0, 0), (-1, 0), (math.nan, 0), (-math.inf, 0)]
)
def test_what_a_size_earns(measured: float, points: float) -> None:
    assert worth(found(parameters=failed(measured))).points == points


def test_what_could_not_be_checked_says_why_it_earns_nothing() -> None:
    (rule,) = worth(found(sustained_accuracy=UNKNOWN)).rules
    assert rule.points == 0 and rule.note == "No points for what could not be checked."
    (rule,) = worth(found(sustained_accuracy=failed(99.35))).rules
    assert rule.note == "Partial credit for at least 99.3."


@pytest.mark.parametrize("hidden", [failed(900), UNKNOWN])
def test_an_accuracy_by_hidden_parameters_earns_nothing(hidden: Verdict) -> None:
    earned = worth(found(sustained_accuracy=PASSED, no_hidden_parameters=hidden))
    assert earned.points == 0 and earned.rules[0].note == "No points without no_hidden_parameters."
    assert worth(found(sustained_accuracy=PASSED, no_hidden_parameters=PASSED)).points == 11


def test_visibility_is_the_rule_s() -> None:
    earned = worth(found(sustained_accuracy=PASSED, no_hidden_parameters=PASSED))
    assert [each.visibility for each in earned.rules] == ["visible", "after_published"]


def test_the_best_run_counts_as_a_whole() -> None:
    earned = worth(
        found("accurate", sustained_accuracy=PASSED, parameters=failed(20_000)),
        found("small", sustained_accuracy=failed(98.0), parameters=PASSED),
    )
    assert (earned.runs, earned.points, earned.most) == (("accurate",), 10, 14)


def test_a_run_for_comparison_counts_nothing() -> None:
    earned = worth(found("skeleton", required=False, sustained_accuracy=PASSED))
    assert (earned.runs, earned.points, earned.most) == ((), 0, 15)


def test_named_runs_all_count() -> None:
    points = {"normalization": Points(8)}
    assignment = replace(SESSION06, points=points)
    earned = worth(
        found("batch-l1", normalization=PASSED),
        found("layer", normalization=UNKNOWN),
        found("group", normalization=PASSED),
        found("batch", required=False, normalization=PASSED),
        assignment=assignment,
    )
    assert (earned.runs, earned.points, earned.most) == (("batch-l1", "layer", "group"), 16, 24)


@pytest.mark.parametrize("assignment", ASSIGNMENTS.values(), ids=ASSIGNMENTS)
def test_a_problem_earns_nothing_of_all_points(assignment: Assignment) -> None:
    earned = worth(assignment=assignment, problem="There is no folder runs.")
    assert (earned.points, earned.most) == (0, 100)


def every_assignment() -> list[Assignment]:
    covered = [asked(id, cohort) for cohort, its in COHORTS.items() for id in ASSIGNMENTS if id not in its.not_covered]
    return [*ASSIGNMENTS.values(), *covered]


@pytest.mark.parametrize("assignment", every_assignment(), ids=lambda each: f"{each.id}-{each.cohort}")
def test_every_rule_has_points_and_a_part_is_less_than_the_whole(assignment: Assignment) -> None:
    assert set(assignment.rules) <= set(assignment.points) <= set(assignment.every_rule)
    for points in assignment.points.values():
        assert all(0 < part < points.full for _, part in (*points.at_least, *points.fewer_than))
        assert set(points.only_with) <= set(assignment.rules)
    for id, limit in (("sustained_accuracy", "threshold"), ("parameters", "limit")):
        if id in assignment.rules:
            asks = assignment.rules[id][limit]
            assert all(value < asks for value, _ in assignment.points[id].at_least)
            assert all(value > asks for value, _ in assignment.points[id].fewer_than)
