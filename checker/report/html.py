"""Results as a page: one HTML file with its styles, charts and images in it, which asks for nothing and runs nothing.

Whatever a submission has named or logged is escaped by the templates, all of it; the page's policy forbids scripts
besides.
"""

import base64
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from checker.details import Layer
from checker.intake.files import shown
from checker.report import charts
from checker.report.overview import KINDS, Row, accuracy, plots, row_of_student, rows_of_runs
from checker.verdict import RuleResult, RunResult, SubmissionResult, combine

_WORDS = {"passed": "passed", "failed": "failed", "unknown": "could not be checked"}
# So many runs are open when the page is; of more, those that must pass and haven't.
_OPEN_AT_ONCE = 2


@dataclass(frozen=True)
class Finding:
    """A rule's verdict as it is shown: what several rules say alike is said once, by the first of them."""

    rule: RuleResult
    kind: str
    message: str
    help: str | None


def as_html(results: list[SubmissionResult], passed: bool | None) -> str:
    """Return the page of some submissions: an overview, where they are several, and a card a run."""
    if len(results) == 1:
        return _page(results[0].title, passed, results)
    return _page(
        "The sessions' trained networks, measured again",
        passed,
        results,
        rows=[row for number, result in enumerate(results) for row in rows_of_runs(number, result)],
        things="runs",
    )


def student_page(result: SubmissionResult) -> str:
    """Return the page of one submission, a card a run."""
    return _page(result.title, result.passed, [result])


def class_page(results: Sequence[SubmissionResult], addresses: Sequence[str]) -> str:
    """Return the page of a class: a line a student, with filters, that leads to the student's own page.

    addresses: of these pages, as seen from this one
    """
    title = results[0].title if len({result.assignment for result in results}) == 1 else "The class at a glance"
    rows = [row_of_student(result, address) for result, address in zip(results, addresses, strict=True)]
    return _page(title, combine(result.passed for result in results), results, rows=rows, things="students")


def _page(
    title: str,
    passed: bool | None,
    results: Sequence[SubmissionResult],
    *,
    rows: Sequence[Row] = (),
    things: str = "",
) -> str:
    """things: what a row is, "runs" or "students"; students have pages of their own"""
    runs = [run for result in results for run in result.runs]
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=title,
            kind=KINDS[passed],
            results=results,
            cards=things != "students",
            few=len(runs) <= _OPEN_AT_ONCE,
            rows=rows,
            things=things,
            counts=Counter(row.kind for row in rows),
            rules=list(dict.fromkeys(rule for row in rows for rule in row.rules)),
            plots=plots(results, named=things != "students"),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        charts=charts,
        words=_WORDS,
        findings=_findings,
        kind_of=lambda passed: KINDS[passed],
        accuracy_of=accuracy,
        drawn=_drawn,
    )
    environment.filters.update(
        shown=lambda text: shown(text, 500),
        base64=lambda content: base64.b64encode(content).decode(),
        times=lambda sides: "×".join(map(str, sides)),
    )
    return environment


def _findings(run: RunResult) -> list[Finding]:
    said: dict[str, str] = {}
    advised: set[str | None] = set()
    found = []
    for rule in run.rules:
        verdict = rule.verdict
        first = said.setdefault(verdict.message, rule.title) if verdict.passed is None else rule.title
        help = None if verdict.passed or verdict.help in advised else verdict.help
        advised.add(help)
        message = verdict.message if first == rule.title else f"As for “{first}”."
        found.append(Finding(rule, KINDS[verdict.passed], message, help))
    return found


def _drawn(layer: Layer, side: int) -> dict[str, str]:
    """Return two little rectangles as SVG paths: a layer's map, as wide as it is and as high as it has channels, and
    what one of its places sees of the image."""
    channels, *places = layer.output or (1,)
    width = max(2, round(56 * min(1, places[-1] / side))) if places and side else 2
    height = min(18, round(3 + 1.6 * math.log2(max(1, channels))))
    field = max(1, round(14 * min(1, max(layer.receptive_field) / side))) if side else 14
    return {
        "map": f"M{30 - width / 2:g} {10 - height / 2:g}h{width}v{height}h-{width}z",
        "field": f"M{7 - field / 2:g} {7 - field / 2:g}h{field}v{field}h-{field}z",
    }
