"""Format 1: what is written can be read back, and nothing else can."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from checker.report.json import as_json, submission_as_json, submission_from_json
from checker.verdict import SubmissionResult, Verdict
from tests.checker.report_pages import FAILED, UNKNOWN, results, run, students


def plain(result: SubmissionResult) -> SubmissionResult:
    """The result without details, which the format doesn't carry."""
    return replace(result, runs=tuple(replace(run, details=None) for run in result.runs))


@pytest.mark.parametrize("result", [*results(), *students(4)])
def test_a_result_is_read_back_as_it_was(result: SubmissionResult) -> None:
    written = json.dumps(submission_as_json(result), allow_nan=False)
    assert submission_from_json(json.loads(written)) == plain(result)


def test_notes_and_single_views_are_read_back() -> None:
    told = replace(run("mine", FAILED, UNKNOWN), notes=("Cell 3 prints 12.", "\udcff"), trained=False, views=None)
    result = SubmissionResult("session05", "Session 5", "a\udcffb", (told,), isolation="bubblewrap")
    assert submission_from_json(json.loads(json.dumps(submission_as_json(result)))) == plain(result)


@pytest.mark.parametrize(
    ("measured", "read"),
    [(math.nan, None), (math.inf, None), ([14, -math.inf], [14, None]), (("a", 1), ["a", 1]), (99.5, 99.5)],
)
def test_numbers_that_json_does_not_know_are_read_as_none(measured: object, read: object) -> None:
    result = SubmissionResult("session05", "", "", (run("mine", Verdict(False, measured, "", "")),))
    found = submission_from_json(json.loads(json.dumps(submission_as_json(result), allow_nan=False)))
    assert found.runs[0].rules[-1].verdict.measured == read


def change(*path: str | int, to: object) -> Callable[[dict[str, Any]], object]:
    """Return what changes a value that lies behind these keys."""

    def changed(value: Any) -> None:
        for key in path[:-1]:
            value = value[key]
        value[path[-1]] = to

    return changed


def without(*path: str | int) -> Callable[[dict[str, Any]], object]:
    def changed(value: Any) -> None:
        for key in path[:-1]:
            value = value[key]
        del value[path[-1]]

    return changed


RUN, RULE = ("runs", 0), ("runs", 0, "rules", 0)


@pytest.mark.parametrize(
    "damage",
    [
        change("title", to=None),
        change("problem", to=3),
        change("isolation", to="a jail"),
        change("runs", to={}),
        change("runs", to=[None]),
        change("passed", to=False),
        change(*RUN, "passed", to=None),
        change(*RUN, "seconds", to="1"),
        change(*RUN, "seconds", to=math.nan),
        change(*RUN, "required", to=1),
        change(*RUN, "views", to=True),
        change(*RUN, "single_view", to=math.inf),
        change(*RUN, "notes", to=[1]),
        change(*RULE, "passed", to="yes"),
        change(*RULE, "measured", to={}),
        change(*RULE, "measured", to=[[[[[[1]]]]]]),
        change(*RULE, "measured", to=math.nan),
        change(*RULE, "evidence", to="believed"),
        without("path"),
        without("problem"),
        without(*RUN, "trained"),
        without(*RULE, "help"),
        without(*RULE, "title"),
    ],
)
def test_what_is_malformed_is_refused(damage: Callable[[dict[str, Any]], object]) -> None:
    value = submission_as_json(students(1)[0])
    damage(value)
    with pytest.raises(ValueError, match=r"is missing|is no|is none of|says|say|holds"):
        submission_from_json(value)


@pytest.mark.parametrize("value", [None, [], "{}", 3, {}])
def test_what_is_no_submission_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"is missing|is no|is none of|says|say|holds"):
        submission_from_json(value)


def test_a_field_that_is_not_known_is_passed_over() -> None:
    result = students(1)[0]
    assert submission_from_json(submission_as_json(result) | {"new": 1}) == plain(result)


def test_the_report_holds_titles() -> None:
    report = json.loads(as_json(students(1), True))
    assert report["format"] == 1 and report["submissions"][0]["title"] == "Session 5"
    assert report["submissions"][0]["runs"][0]["rules"][0]["title"] == "What parameters asks for"
