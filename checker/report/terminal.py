"""Results as a person reads them in a terminal. Nothing here decides anything."""

from io import StringIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checker.details import Details
from checker.intake.files import shown
from checker.verdict import UNTRAINED, RuleResult, RunResult, SubmissionResult

_SHOWN = {True: ("✓", "passed", "green"), False: ("✗", "FAILED", "red"), None: ("?", "could not be checked", "yellow")}
_SO_FAR = "keeps every rule that can be checked before training; the others could not be checked yet"
# Fewer columns than this are too few for a table: each rule is a paragraph then.
_TABLE = 72

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
            if run.details is not None and run.details.layers and not run.trained:
                console.print((_layer_table if console.width >= _TABLE else _layer_paragraphs)(run.details))
                console.print()
            console.print((_run_table if console.width >= _TABLE else _run_paragraphs)(run))
            _print_advice(run, console)
    console.print((_summary if console.width >= _TABLE else _summary_lines)(results))
    symbol, word, style = _SHOWN[passed]
    if all(_is_good_so_far(run) for result in results for run in result.runs or (None,)):
        word = _SO_FAR
    console.print(Text(f"{symbol} {word}", style=f"bold {style}"))


def as_text(results: list[SubmissionResult], passed: bool | None) -> str:
    """Return the rich report as plain text, 80 columns wide."""
    text = StringIO()
    as_rich(results, passed, Console(file=text, width=80, no_color=True))
    return text.getvalue()


def _is_good_so_far(run: RunResult | None) -> bool:
    """Whether a network that is yet to be trained keeps all rules that can be checked by then."""
    return run is not None and not run.trained and all(rule.verdict.passed for rule, _ in _asked(run))


def _title(run: RunResult) -> Text:
    return Text(run.name if run.required else f"{run.name} · for comparison, decides nothing", style="bold")


def _style(passed: bool | None, required: bool) -> str:
    """What doesn't decide doesn't alarm."""
    return _SHOWN[passed][2] if required else "dim"


def _messages(run: RunResult) -> list[str]:
    """Return what each rule says; what several can't check for one reason is said once."""
    said: dict[str, str] = {}
    messages = []
    for rule in run.rules:
        unknown = rule.verdict.passed is None
        first = said.setdefault(rule.verdict.message, rule.id) if unknown else rule.id
        messages.append(rule.verdict.message if first == rule.id else f"see {first}")
    return messages


def _asked(run: RunResult) -> list[tuple[RuleResult, str]]:
    """Return the rules that are asked of a run, and what each says; those that wait for its training are told in one
    line below."""
    rules = list(zip(run.rules, _messages(run), strict=True))
    return [(rule, message) for rule, message in rules if rule.verdict.message != UNTRAINED]


def _layer_table(details: Details) -> Table:
    table = Table(expand=True, box=None, pad_edge=False, header_style="dim")
    table.add_column("layer", ratio=1)
    table.add_column("in", ratio=1)
    for heading in ("output", "parameters", "sees"):
        table.add_column(heading, justify="right", no_wrap=True)
    for layer in details.layers:
        table.add_row(
            Text(layer.what),
            Text(layer.module, style="dim"),
            _times(layer.output),
            f"{layer.parameters:,}" if layer.parameters else "",
            _times(layer.receptive_field),
        )
    return table


def _layer_paragraphs(details: Details) -> Table:
    """The same on a narrow terminal: a paragraph a layer."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for layer in details.layers:
        table.add_row(
            Text(
                f"{layer.what}: {_times(layer.output)}, {layer.parameters:,} parameters, sees "
                f"{_times(layer.receptive_field)}"
            )
        )
    return table


def _times(sides: tuple[int, ...]) -> str:
    return "×".join(map(str, sides))


def _run_table(run: RunResult) -> Table:
    table = Table(title=_title(run), title_justify="left", expand=True, box=None, pad_edge=False, header_style="dim")
    table.add_column("", width=1)
    table.add_column("rule", width=22)
    table.add_column("found", ratio=1)
    table.add_column("required", width=12)
    table.add_column("by", width=8)
    for rule, message in _asked(run):
        verdict, style = rule.verdict, _style(rule.verdict.passed, run.required)
        unknown = verdict.passed is None
        table.add_row(
            Text(_SHOWN[verdict.passed][0], style=style),
            Text(rule.id),
            Text(message, style="" if verdict.passed else style),
            Text("" if unknown else verdict.required),
            Text("" if unknown else verdict.evidence, style="dim"),
        )
    return table


def _run_paragraphs(run: RunResult) -> Table:
    """The same on a narrow terminal: a paragraph a rule."""
    table = Table(title=_title(run), title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(width=1)
    table.add_column(ratio=1)
    for rule, message in _asked(run):
        verdict, style = rule.verdict, _style(rule.verdict.passed, run.required)
        found = f"{rule.id}: {message}"
        asked = "" if verdict.passed is None else f" ({verdict.required}; {verdict.evidence})"
        table.add_row(Text(_SHOWN[verdict.passed][0], style=style), Text(found + asked))
    return table


def _print_advice(run: RunResult, console: Console) -> None:
    for note in run.notes:
        console.print(Padding(Text(f"· {note}", style="dim"), (0, 0, 0, 3)))
    waiting = [rule.id for rule in run.rules if rule.verdict.message == UNTRAINED]
    if waiting:
        console.print(Padding(Text(f"Needs trained weights: {', '.join(waiting)}", style="dim"), (0, 0, 0, 3)))
    advice: dict[str, str] = {}
    for rule, _ in _asked(run):
        if rule.verdict.passed is not True and rule.verdict.help:
            advice.setdefault(rule.verdict.help, rule.id)
    for help, id in advice.items():
        console.print(Padding(Text(f"→ {id}: {help}", style="cyan"), (0, 0, 0, 3)))
    console.print()


def _verdict(run: RunResult) -> tuple[str, Text]:
    """Return the sign and the words for a run in the summary."""
    sign, word, style = _SHOWN[run.passed]
    if _is_good_so_far(run):
        word = "good so far"
    if run.required:
        return sign, Text(word, style=style)
    missed = sum(rule.verdict.passed is not True for rule in run.rules)
    words = f"comparison, misses {missed} rule{'s' * (missed > 1)}" if missed else "comparison"
    return "·", Text(words, style="dim")


def _summary(results: list[SubmissionResult]) -> Table:
    table = Table(
        title=Text("Summary", style="bold"), title_justify="left", box=None, pad_edge=False, header_style="dim"
    )
    table.add_column("", width=1)
    for heading in ("run", "parameters", "holds", "seconds", ""):
        table.add_column(heading, justify="left" if heading in ("run", "") else "right", no_wrap=bool(heading))
    for result in results:
        if result.problem:
            sign, word, style = _SHOWN[None]
            table.add_row(Text(sign, style=style), result.assignment, "", "", "", Text(word, style=style))
        for run in result.runs:
            sign, words = _verdict(run)
            count, accuracy = _measured(run, "parameters"), _measured(run, "sustained_accuracy")
            table.add_row(
                Text(sign, style=words.style),
                Text(f"{result.assignment} {run.name}"),
                "" if count is None else f"{count:,}",
                "" if accuracy is None else f"{accuracy:.2f} %",
                f"{run.seconds:.1f}",
                words,
            )
    return table


def _summary_lines(results: list[SubmissionResult]) -> Table:
    """The same on a narrow terminal: a line a run."""
    table = Table(
        title=Text("Summary", style="bold"), title_justify="left", show_header=False, box=None, pad_edge=False
    )
    table.add_column(width=1)
    table.add_column(ratio=1)
    for result in results:
        if result.problem:
            sign, word, style = _SHOWN[None]
            table.add_row(Text(sign, style=style), Text(f"{result.assignment}: {word}", style=style))
        for run in result.runs:
            sign, words = _verdict(run)
            accuracy = _measured(run, "sustained_accuracy")
            held = "" if accuracy is None else f", holds {accuracy:.2f} %"
            line = Text.assemble(f"{result.assignment} {run.name}: ", words, held)
            table.add_row(Text(sign, style=words.style), line)
    return table


def _measured(run: RunResult, id: str) -> object:
    return next((rule.verdict.measured for rule in run.rules if rule.id == id), None)
