"""The report in a terminal: no verdict is lost on a narrow one, and what decides nothing does not look failed."""

import io

import pytest
from rich.console import Console

from checker.report.terminal import as_rich
from checker.verdict import RuleResult, RunResult, SubmissionResult, Verdict

LONG = "the logits move by 3.1 % of their range when the places of the last maps are exchanged"


def result(*, required: bool) -> SubmissionResult:
    rules = (
        RuleResult("parameters", "", Verdict(True, 42_122, "< 100,000", "42,122 parameters")),
        RuleResult("sustained_accuracy", "", Verdict(False, 99.3, ">= 99.4 %", "99.30 99.31 99.35 99.37 99.35")),
        RuleResult("no_fully_connected", "", Verdict(None, None, "", LONG, "Have it judged by a person.")),
    )
    return SubmissionResult("session05", "Session 5", "session05", (RunResult("skeleton", required, 1.0, rules),))


def shown(width: int, *, required: bool) -> str:
    file = io.StringIO()
    as_rich([result(required=required)], None, Console(file=file, width=width, no_color=True, highlight=False))
    return file.getvalue()


def coloured(*, required: bool) -> str:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system="standard", _environ={})
    as_rich([result(required=required)], True, console)
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 60, 71, 72, 80, 200])
def test_no_verdict_is_lost_at_any_width(width: int) -> None:
    text = shown(width, required=True)
    words = " ".join(text.split())
    assert max(map(len, text.splitlines())) <= width and "…" not in text
    rules = ("parameters", "sustained_accuracy", "no_fully_connected")
    for said in ("✓", "✗", "? ", *rules, "42,122", "99.30 %", "FAILED"):
        assert said in words, (said, text)
    if width < 72:
        assert LONG in words and "(>= 99.4 %; measured)" in words


def test_a_run_for_comparison_does_not_look_failed() -> None:
    red = "\x1b[31m"
    assert red in coloured(required=True) and red not in coloured(required=False)
    text = " ".join(shown(80, required=False).split())
    assert "for comparison, decides nothing" in text and "comparison, misses 2 rules" in text and "FAILED" not in text
