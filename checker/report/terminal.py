"""Results as a person reads them in a terminal. Nothing here decides anything."""

from io import StringIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checker.intake.files import shown
from checker.verdict import RunResult, SubmissionResult

_SHOWN = {True: ("✓", "passed", "green"), False: ("✗", "FAILED", "red"), None: ("?", "could not be checked", "yellow")}

# What is said of how the submission's code was run; bubblewrap is as it should be.
_ISOLATED = {"bubblewrap": "", "none": "", "process": "\nIts code ran in a process with limits, not under bubblewrap."}


def as_rich(results: list[SubmissionResult], passed: bool | None, console: Console) -> None:
    """Print the report: a table a run, then one line a run and the verdict."""
    for result in results:
        console.print(Text(result.title, style="bold"))
        console.print(f"{shown(result.path, 500)}{_ISOLATED[result.isolation]}\n", highlight=False, markup=False)
        if result.problem:
            console.print(Text(f"{result.problem}\n", style="yellow"))
        for run in result.runs:
            console.print(_run_table(run))
            _print_advice(run, console)
    console.print(_summary(results))
    symbol, word, style = _SHOWN[passed]
    console.print(Text(f"{symbol} {word}", style=f"bold {style}"))


def as_text(results: list[SubmissionResult], passed: bool | None) -> str:
    """Return the rich report as plain text, 80 columns wide."""
    text = StringIO()
    as_rich(results, passed, Console(file=text, width=80, no_color=True))
    return text.getvalue()


def _run_table(run: RunResult) -> Table:
    note = "" if run.required else " · shown, not required to pass"
    table = Table(
        title=Text(f"{run.name}{note}", style="bold"),
        title_justify="left",
        expand=True,
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    table.add_column("", width=1)
    table.add_column("rule", width=22)
    table.add_column("found", ratio=1)
    table.add_column("required", width=12)
    table.add_column("by", width=8)
    said: dict[str, str] = {}
    for rule in run.rules:
        verdict = rule.verdict
        symbol, _, style = _SHOWN[verdict.passed]
        unknown = verdict.passed is None
        first = said.setdefault(verdict.message, rule.id) if unknown else rule.id
        message = verdict.message if first == rule.id else f"see {first}"
        table.add_row(
            Text(symbol, style=style),
            Text(rule.id),
            Text(message, style="" if verdict.passed else style),
            Text("" if unknown else verdict.required),
            Text("" if unknown else verdict.evidence, style="dim"),
        )
    return table


def _print_advice(run: RunResult, console: Console) -> None:
    advice: dict[str, str] = {}
    for rule in run.rules:
        if rule.verdict.passed is not True and rule.verdict.help:
            advice.setdefault(rule.verdict.help, rule.id)
    for help, id in advice.items():
        console.print(Padding(Text(f"→ {id}: {help}", style="cyan"), (0, 0, 0, 3)))
    console.print()


def _summary(results: list[SubmissionResult]) -> Table:
    table = Table(
        title=Text("Summary", style="bold"), title_justify="left", box=None, pad_edge=False, header_style="dim"
    )
    table.add_column("", width=1)
    for heading in ("run", "parameters", "holds", "seconds", ""):
        table.add_column(heading, justify="left" if heading in ("run", "") else "right", no_wrap=True)
    for result in results:
        if result.problem:
            symbol, word, style = _SHOWN[None]
            table.add_row(Text(symbol, style=style), result.assignment, "", "", "", Text(word, style=style))
        for run in result.runs:
            symbol, word, style = _SHOWN[run.passed]
            count, accuracy = _measured(run, "parameters"), _measured(run, "sustained_accuracy")
            table.add_row(
                Text(symbol, style=style),
                Text(f"{result.assignment} {run.name}"),
                "" if count is None else f"{count:,}",
                "" if accuracy is None else f"{accuracy:.2f} %",
                f"{run.seconds:.1f}",
                Text(word if run.required else f"({word})", style=style if run.required else "dim"),
            )
    return table


def _measured(run: RunResult, id: str) -> object:
    return next((rule.verdict.measured for rule in run.rules if rule.id == id), None)
