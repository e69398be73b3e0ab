"""Markdown, JUnit, CSV and Gradescope: each renders what is frozen, and no name in it can be more than a name."""

import csv
import json
import math
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from markdown_it import MarkdownIt
from markdown_it.token import Token

from checker.assignments import ASSIGNMENTS, Points
from checker.report.csv import as_csv
from checker.report.formats import document
from checker.report.gradescope import as_gradescope
from checker.report.junit import as_junit
from checker.report.markdown import MOST_BYTES, as_markdown
from checker.verdict import RuleResult, RunResult, SubmissionResult, Verdict
from tests.checker.report_pages import FAILED, UNKNOWN, results, run, students

HOSTILE = (
    "\x1b[31mred\x1b[0m",
    "two\nlines\r\n| a | row |\n| --- | --- |",
    "a | b \\| c \\\\| d",
    "</td></tr></table><script>alert(1)</script>",
    "<img src=x onerror=alert(1)> <!-- <![CDATA[",
    "[click](https://evil.example) ![](https://evil.example/x.png) <https://evil.example>",
    "https://evil.example www.evil.example me@evil.example mailto:me@evil.example",
    "`code` ``` **bold** __bold__ ~~gone~~ # heading > quote - item 1. item",
    "[ref]: https://evil.example",
    "[^1] $x$ :white_check_mark: @everyone org/repo#1",
    "]]> &lt; &#60; & < > \" '",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =cmd|' /C calc'!A0",
    "＝1+1",
    'a;=1+1;"b"',
    "\ud800\udfff lone \udcff \ufffe\uffff \x00 \x0b",
    "\u202egnp.exe\u2066",
    "x" * 5_000,
    "",
)
FORMULA = tuple("=+-@\t\r＝＋－＠")


def hostile(text: str) -> SubmissionResult:
    """A submission that is called so all over."""
    verdicts = {
        "epochs": Verdict(True, text, text, text, text),
        "two_inputs": Verdict(False, text, text, text, text),
        "dilated": Verdict(None, text, text, text, text),
    }
    rules = tuple(RuleResult(id, text, each) for id, each in verdicts.items())
    return SubmissionResult("session05", text, text, (RunResult(text, True, 1.0, rules, notes=(text,)),))


def everything() -> list[SubmissionResult]:
    return [*results(), *students(8), *map(hostile, HOSTILE), replace(hostile("x"), runs=(), problem=HOSTILE[3])]


# Markdown ------------------------------------------------------------------------------------------


def tokens(text: str) -> list[Token]:
    """What a reader of GitHub's tables, strikethrough and HTML makes of it."""
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [each for token in parsed for each in (token, *(token.children or ()))]


def kinds(result: SubmissionResult) -> list[str]:
    return [each.type for each in tokens(as_markdown([result], result.passed)) if each.type != "text_special"]


@pytest.mark.parametrize("text", [text for text in HOSTILE if text], ids=range(len(HOSTILE) - 1))
def test_markdown_has_the_shape_that_harmless_names_give_it(text: str) -> None:
    assert kinds(hostile(text)) == kinds(hostile("harmless"))


def test_markdown_shows_a_name_as_it_is() -> None:
    shown = "".join(
        each.content for each in tokens(as_markdown([hostile("a | b <i> *c*")], False)) if not each.children
    )
    assert "a | b <i> *c*" in shown


@pytest.mark.parametrize("sign", ["https://", "www.", "me@", ":tada:", "#1", "$x$", "@all"])
def test_markdown_leaves_nothing_that_is_linked_without_markup(sign: str) -> None:
    assert sign not in as_markdown([hostile(f"{sign}evil")], False)


def test_markdown_tells_each_verdict_and_the_points() -> None:
    text = as_markdown(students(3), False)
    assert text.startswith("## ❌ Session 5: failed")
    assert "Train for fewer epochs" in text and "16 epochs" in text and " of 44 |" in text


def test_a_summary_has_room_for_what_is_left_of_a_class() -> None:
    text = as_markdown(students(3_000), False)
    assert len(text.encode()) <= MOST_BYTES + 200 and "submissions have no room here" in text
    assert "student&#45;2999" in text


# JUnit ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    """Jenkins' schema, as pytest has it."""
    return xmlschema.XMLSchema(str(Path(__file__).with_name("junit-10.xsd")))


def test_junit_is_valid(schema: xmlschema.XMLSchema) -> None:
    schema.validate(as_junit(everything()))
    schema.validate(as_junit([]))


def test_the_schema_refuses_what_is_no_junit(schema: xmlschema.XMLSchema) -> None:
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        schema.validate(as_junit(students(1)).replace("<testcase ", "<testcase flavour='1' "))


def test_junit_counts_failures_and_errors() -> None:
    root = ElementTree.fromstring(as_junit([replace(students(1)[0], runs=(run("a", FAILED, UNKNOWN, UNKNOWN),))]))
    (suite,) = root
    assert {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "11",
        "failures": "1",
        "errors": "2",
        "skipped": "0",
    }
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("11", "1", "2")
    failure = suite.find("testcase/failure")
    assert failure is not None and failure.get("message") == "16 epochs"
    assert "Train for fewer epochs." in (failure.text or "")


def test_a_run_for_comparison_fails_nothing_in_junit() -> None:
    result = replace(students(1)[0], runs=(run("skeleton", FAILED, required=False),))
    root = ElementTree.fromstring(as_junit([result]))
    assert root.get("failures") == "0" and root.find("testsuite/testcase/skipped") is not None


def test_a_submission_that_cannot_be_read_is_an_error_in_junit() -> None:
    root = ElementTree.fromstring(as_junit([SubmissionResult("session05", "", "a", (), "no ]]> runs")]))
    error = root.find("testsuite/testcase/error")
    assert root.get("errors") == "1" and error is not None and error.get("message") == "no ]]> runs"


# CSV -----------------------------------------------------------------------------------------------


def rows(results: list[SubmissionResult]) -> list[dict[str, str]]:
    text = as_csv(results)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(StringIO(text[1:], newline=""), strict=True))


def test_the_table_has_a_line_for_each_submission() -> None:
    table = rows(everything())
    assert len(table) == len(everything()) and all(None not in row and None not in row.values() for row in table)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_is_a_formula_whatever_separates_cells(text: str, separator: str) -> None:
    for line in csv.reader(StringIO(as_csv([hostile(text)])[1:], newline=""), delimiter=separator):
        for cell in line:
            assert not cell.strip(" ").startswith(FORMULA), cell


def test_what_the_table_says_of_a_class() -> None:
    passed, _, failed, unknown = rows(students(4))
    assert passed["name"] == "student-0" and passed["verdict"] == "passed" and passed["problem"] == ""
    assert passed["parameters"] == "7890" and passed["worst accuracy"] == "99.51" and passed["runs"] == "mine"
    assert passed["points"] == "44" and passed["max points"] == "44"
    assert failed["verdict"] == "failed" and failed["problem"].endswith("16 epochs") and failed["rule_6"] == "failed"
    assert unknown["verdict"] == unknown["rule_6"] == "could not be checked" and "line 12" in unknown["problem"]


def test_a_failure_comes_before_what_could_not_be_checked() -> None:
    (row,) = rows([replace(students(1)[0], runs=(run("a", UNKNOWN), run("b", FAILED)))])
    assert row["problem"].startswith("b: ") and row["rule_6"] == "failed"


def test_a_problem_is_told_in_the_table() -> None:
    (row,) = rows([SubmissionResult("session05", "", "class/x.zip", (), "It is no zip file.")])
    assert row["name"] == "x.zip" and row["problem"] == "It is no zip file." and row["max points"] == "100"


def test_a_nan_is_no_number_in_the_table() -> None:
    rule = RuleResult("sustained_accuracy", "", Verdict(False, math.nan, "", ""))
    (row,) = rows([SubmissionResult("session05", "", "a", (RunResult("mine", True, 1.0, (rule,)),))])
    assert row["worst accuracy"] == "" and row["points"] == "0"


def test_what_a_notebook_prints_is_no_worst_accuracy() -> None:
    rule = RuleResult("sustained_accuracy", "", Verdict(False, 99.3, "", "", evidence="recorded"))
    (row,) = rows([SubmissionResult("session05", "", "a", (RunResult("mine", True, 1.0, (rule,)),))])
    assert row["worst accuracy"] == ""


# Gradescope ----------------------------------------------------------------------------------------


def results_json(results: list[SubmissionResult]) -> dict:
    report: dict = json.loads(as_gradescope(results), parse_constant=lambda constant: pytest.fail(constant))
    return report


def test_gradescope_gets_what_its_specification_names() -> None:
    report = results_json(everything())
    assert set(report) == {
        "execution_time",
        "output",
        "output_format",
        "visibility",
        "stdout_visibility",
        "tests",
        "leaderboard",
    }
    assert report["output_format"] == "text" and report["stdout_visibility"] == "hidden"
    for test in report["tests"]:
        assert set(test) == {
            "name",
            "name_format",
            "score",
            "max_score",
            "status",
            "output",
            "output_format",
            "visibility",
        }
        assert 0 <= test["score"] <= test["max_score"] and test["status"] in ("passed", "failed")
        assert test["output_format"] == test["name_format"] == "text"
        assert test["visibility"] in ("visible", "hidden", "after_due_date", "after_published")
        assert len(test["output"]) < 5_000 and "\x1b" not in test["output"] + test["name"]


def test_gradescope_scores_add_up_and_say_why() -> None:
    rules = (
        RuleResult("sustained_accuracy", "Held", Verdict(False, 99.31, ">= 99.4 %", "99.31", "Train longer.")),
        RuleResult("parameters", "Few", Verdict(True, 7_890, "< 10,000", "7,890 parameters")),
        RuleResult("epochs", "Soon", Verdict(None, None, "", "The log is missing.", "Keep it.")),
    )
    report = results_json([SubmissionResult("session05", "Session 5", "a", (RunResult("mine", True, 1.2, rules),))])
    held, few, soon = report["tests"]
    assert (held["score"], held["max_score"], held["status"]) == (20, 30, "failed")
    assert "Partial credit for at least 99.3." in held["output"] and "Train longer." in held["output"]
    assert (few["score"], few["status"]) == (14, "passed")
    assert (soon["score"], soon["max_score"], soon["status"]) == (0, 10, "failed")
    assert "Could not be checked. The log is missing." in soon["output"] and "Keep it." in soon["output"]
    assert "34 of 54 points" in report["output"] and report["execution_time"] == 2 and report["leaderboard"] == []


def test_a_leaderboard_ranks_what_has_passed() -> None:
    report = results_json(students(1))
    assert report["leaderboard"] == [
        {"name": "Worst of the last five epochs (%)", "value": 99.51},
        {"name": "Parameters", "value": 7_890, "order": "asc"},
    ]
    assert results_json(students(4)[2:3])["leaderboard"] == []


def test_visibility_is_told_to_gradescope(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {"parameters": Points(5, visibility="after_due_date")}
    monkeypatch.setitem(ASSIGNMENTS, "session05", replace(ASSIGNMENTS["session05"], points=points))
    visibility = {test["name"]: test["visibility"] for test in results_json(students(1))["tests"]}
    assert visibility["What parameters asks for"] == "after_due_date"
    assert visibility["What rule 0 asks for"] == "visible"


def test_a_submission_that_cannot_be_read_earns_nothing_at_gradescope() -> None:
    (test,) = results_json([SubmissionResult("session05", "Session 5", "a", (), "It is no zip file.")])["tests"]
    assert (test["score"], test["max_score"], test["status"]) == (0, 100, "failed")
    assert test["output"] == "It is no zip file."


# All -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["json", "markdown", "junit", "csv", "gradescope"])
def test_every_format_can_be_written_whatever_names_there_are(format: str) -> None:
    text = document(format, everything(), False)
    assert text.encode() and "\x1b" not in text and "\x00" not in text


@pytest.mark.parametrize("render", [as_junit, as_csv, as_gradescope, lambda each: as_markdown(each, None)])
def test_no_submission_at_all_is_a_report_too(render: Callable[[list[SubmissionResult]], str]) -> None:
    assert render([])
