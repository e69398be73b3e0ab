"""Results as GitHub-flavoured Markdown, for a CI job's summary ($GITHUB_STEP_SUMMARY) or a comment."""

import re
from collections.abc import Iterable

from checker.cohorts import asked
from checker.intake.files import shown
from checker.points import grade
from checker.report.overview import accuracy, parameters
from checker.verdict import UNTRAINED, RunResult, SubmissionResult

_SIGNS = {True: "✅", False: "❌", None: "❔"}
_WORDS = {True: "passed", False: "failed", None: "could not be checked"}
# A job's summary may hold a mebibyte.
MOST_BYTES = 1_000_000
_PLAIN = frozenset(" ,;'\"?%=/")
# GitHub reads these once more after the Markdown is a page: mentions, issues, formulas, emoji.
_READ_LATER = str.maketrans({"@": "＠", "#": "＃", "$": "＄"})
_EMOJI = re.compile(r":(?=[\w+-]+:)")


def as_markdown(results: list[SubmissionResult], passed: bool | None) -> str:
    """Return the report: a table with a line for each run, then what each submission's rules found, as far as a job's
    summary has room for it."""
    heading = results[0].title if len({result.title for result in results}) == 1 else "The checker's report"
    parts = [f"## {_SIGNS[passed]} {escaped(heading)}: {_WORDS[passed]}\n\n{_overview(results)}\n"]
    room, left_out = MOST_BYTES - len(parts[0].encode()), 0
    for part in map(_submission, results):
        size = len(part.encode())
        if size <= room:
            parts.append(part)
            room -= size
        else:
            left_out += 1
    if left_out:
        parts.append(f"\nThe details of {left_out:,} of {len(results):,} submissions have no room here.\n")
    return "".join(parts)


def escaped(text: str, most: int = 300) -> str:
    """Return a stranger's text so that it is shown, and nothing in it is markup, a link, HTML or the end of a table's
    cell: letters and digits as they are, other signs as references, which Markdown reads as text."""
    text = _EMOJI.sub("꞉", shown(text, most)).translate(_READ_LATER)
    return "".join(each if each.isalnum() or each in _PLAIN or ord(each) > 127 else f"&#{ord(each)};" for each in text)


def _overview(results: Iterable[SubmissionResult]) -> str:
    rows = []
    for result in results:
        earned = grade(result, asked(result.assignment, result.cohort))
        points = f"{earned.points:g} of {earned.most:g}"
        if result.problem is not None or not result.runs:
            rows.append([_SIGNS[None], escaped(result.path), "", "", "", points, escaped(result.problem or "no run")])
        for run in result.runs:
            count, held = parameters(run), accuracy(run)
            rows.append(
                [
                    _SIGNS[run.passed] if run.required else "·",
                    escaped(result.path),
                    escaped(run.name),
                    "" if count is None else f"{count:,}",
                    "" if held is None else f"{held:.2f} %",
                    points if run.name in earned.runs else "",
                    _wanting(run),
                ]
            )
    headings = ["", "submission", "run", "parameters", "worst of the last five", "points", "not passed"]
    return _table(headings, rows, right=(3, 4, 5))


def _wanting(run: RunResult) -> str:
    if not run.required:
        return "for comparison, decides nothing"
    return ", ".join(escaped(rule.id) for rule in run.rules if rule.verdict.passed is not True)


def _submission(result: SubmissionResult) -> str:
    return "".join(_run(result, run) for run in result.runs)


def _run(result: SubmissionResult, run: RunResult) -> str:
    rows, advice = [], dict.fromkeys(rule.verdict.help for rule in run.rules if rule.verdict.passed is not True)
    for rule in run.rules:
        verdict = rule.verdict
        if verdict.message != UNTRAINED:
            unknown = verdict.passed is None
            rows.append(
                [
                    _SIGNS[verdict.passed],
                    escaped(rule.title),
                    escaped(verdict.message),
                    "" if unknown else escaped(verdict.required),
                    "" if unknown else escaped(verdict.evidence),
                ]
            )
    parts = [
        f"\n### {escaped(result.path)} · {escaped(run.name)}\n\n",
        _table(["", "rule", "found", "required", "by"], rows),
        "".join(f"\n- {escaped(help)}" for help in advice if help),
        "".join(f"\n- {escaped(note)}" for note in run.notes),
        "\n",
    ]
    return "".join(parts)


def _table(headings: list[str], rows: Iterable[list[str]], right: tuple[int, ...] = ()) -> str:
    below = ["---:" if column in right else "---" for column in range(len(headings))]
    return "".join(f"| {' | '.join(row)} |\n" for row in [headings, below, *rows])
