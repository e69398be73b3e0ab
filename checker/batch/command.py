"""`--batch`: a class from a folder of submissions to a table of results and a report for each student."""

import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from checker.batch.entries import name_digest
from checker.batch.ledger import Ledger
from checker.batch.run import Checked, check_all, entries_of
from checker.batch.setup import Setup
from checker.intake.files import read_regular, shown
from checker.roster import MOST_BYTES, Joined, join, read_roster
from checker.verdict import CannotCheckError
from common.files import write_atomically

if TYPE_CHECKING:
    from checker.copies import Copy

SECONDS_BETWEEN_LINES = 15.0
MOST_LISTED = 20
MOST_OF_NAME = 160  # Bytes, of 255 that file systems take.
_LIKE_OURS = re.compile("-[0-9a-f]{8}$")
_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
_REMEDY = "choose another --output"


@dataclass(frozen=True)
class Class:
    """What was found of a class's submissions, in how many seconds, and where it was written.

    copies: submissions that are copies of each other or of ours; roster: whose they are, None without one
    """

    found: tuple[Checked, ...]
    copies: "tuple[Copy, ...]"
    roster: Joined | None
    seconds: float
    output: Path
    reports: Path


def check_class(
    folder: Path,
    output: Path,
    setup: Setup,
    *,
    reports: Path | None,
    formats: Sequence[str],
    ledgers: Sequence[Path],
    jobs: int | None,
    scheduler: str | None,
    part: tuple[int, int],
    roster: Path | None,
) -> "Class":
    """Check every submission of `folder`, write the table to `output` and a report for each to `reports`, and return
    what was found.

    reports: a folder, beside `output` where none is named; formats: of the reports beside JSON, "html" or "markdown"
    ledgers: the first keeps verdicts, others are read; beside `output` where none is named
    part: (i, n) for every n-th submission from the i-th on; roster: a CSV file of the class, see checker.roster
    Raises CannotCheckError, UserError.
    """
    reports = reports or output.with_suffix("")
    ledgers = ledgers or [output.with_suffix(".ledger")]
    if len({place.resolve() for place in (output, reports, ledgers[0])}) < 3:
        raise CannotCheckError(
            "The table, the ledger and the reports need places of their own.",
            "Name them with --output results.csv, --ledger and --reports.",
        )
    for place in (output, reports, ledgers[0]):
        if place.resolve().is_relative_to(folder.resolve()):
            raise CannotCheckError(
                f"{place} lies among the submissions.", "Name another place with --output, --reports and --ledger."
            )
    students = None if roster is None else read_roster(read_regular(roster, MOST_BYTES, "Name the file of the class."))
    entries, left_out = entries_of(folder, part)
    try:
        reports.mkdir(exist_ok=True)
    except OSError as error:
        raise CannotCheckError(
            f"{reports} can't be a folder for reports ({error.strerror}).", "Name another one with --reports."
        ) from error
    if left_out:
        names = ", ".join(map(shown, left_out[:5]))
        print(f"Left out, as they are no submissions: {names}{', …' * (len(left_out) > 5)}", file=sys.stderr)
    began = time.monotonic()
    with (
        Ledger(ledgers[0], ledgers[1:]) as ledger,
        closing(check_all(entries, setup, ledger, jobs=jobs or _cores(), scheduler=scheduler)) as checking,
    ):
        found = sorted(_watched(checking, len(entries)), key=lambda each: each.entry.name)
    copies = _copies(found, setup)
    joined = None if students is None else join(students, [each.entry.name for each in found])
    _write(found, output, reports, formats, _columns(found, copies, joined))
    return Class(tuple(found), tuple(copies), joined, time.monotonic() - began, output, reports)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _watched(checking: Iterator[Checked], total: int) -> Iterator[Checked]:
    """Show how far it is: a bar with the time left on a terminal, a line now and then elsewhere."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, TextColumn("left"), console=console, transient=True) as progress:
            task = progress.add_task("checking", total=total)
            for each in checking:
                progress.advance(task)
                yield each
        return
    told = time.monotonic()
    began, checked = told, 0
    for number, each in enumerate(checking, start=1):
        checked += not each.known
        now = time.monotonic()
        if now - told >= SECONDS_BETWEEN_LINES:
            left = (now - began) / max(checked, 1) * (total - number)
            print(f"{number:,} of {total:,} checked, about {_minutes(left)} left", file=sys.stderr, flush=True)
            told = now
        yield each


def _copies(found: Sequence[Checked], setup: Setup) -> "list[Copy]":
    prints = {each.entry.name: each.fingerprints for each in found if each.fingerprints}
    if not prints:  # Nothing was measured, and comparing imports PyTorch.
        return []
    from checker.copies import Fingerprint, find_copies, ours

    mine = {name: [Fingerprint.from_json(each) for each in several] for name, several in prints.items()}
    return find_copies(mine, ours(setup.asked.dataset, setup.data_dir))


def _columns(found: Sequence[Checked], copies: "Sequence[Copy]", joined: Joined | None) -> dict[str, list[str]]:
    """Return what the table says of each submission beside its verdict: whose it is, and of what it is a copy."""
    columns: dict[str, list[str]] = {}
    names = [each.entry.name for each in found]
    if joined is not None:
        students = [joined.students.get(name) for name in names]
        columns["student"] = ["" if each is None else each.name for each in students]
        columns["key"] = ["" if each is None else each.key for each in students]
    said: dict[str, list[str]] = {name: [] for name in names}
    for each in copies:
        for name in each.submissions:
            said[name].append(each.sentence)
    columns["copies"] = [" ".join(said[name]) for name in names]
    return columns


def _write(
    found: Sequence[Checked], output: Path, reports: Path, formats: Sequence[str], columns: dict[str, list[str]]
) -> None:
    from checker.report.csv import as_csv
    from checker.report.formats import document

    results = [each.result for each in found]
    write_atomically(output.resolve(), as_csv(results, columns), _REMEDY)
    for each, name in zip(results, _file_names(each.entry.name for each in found), strict=True):
        for format, suffix in (("json", ".json"), ("html", ".html"), ("markdown", ".md")):
            if format == "json" or format in formats:
                text = document(format, [each], each.passed)
                write_atomically(reports / f"{name}{suffix}", text, "choose another --reports")


def _file_names(names: Iterable[str]) -> Iterator[str]:
    """Yield a name for each student's report that every file system takes, no two alike, in whatever letters."""
    names = list(names)
    plain = [
        os.fsencode(re.sub(r"[^\w.-]+", "_", name))[:MOST_OF_NAME].decode(errors="ignore").lstrip(".") for name in names
    ]
    used = Counter(each.casefold() for each in plain)
    for name, each in zip(names, plain, strict=True):
        own = each == name and used[each.casefold()] == 1 and not _LIKE_OURS.search(each)
        yield each if own else f"{each}-{name_digest(name)}"


def summarise(checked: Class, screen: Console) -> None:
    """Print how many passed, and at which rules the others failed."""
    found = checked.found
    rules: dict[str, Counter[bool | None]] = {}
    for each in found:
        for run in each.result.runs:
            for rule in run.rules:
                rules.setdefault(rule.id, Counter())[rule.verdict.passed] += 1
    table = Table(box=None, pad_edge=False)
    for heading in ("runs by rule", *(mark for mark, _ in _MARKS.values())):
        table.add_column(heading, justify="left" if heading == "runs by rule" else "right")
    for id, counts in sorted(rules.items(), key=lambda each: -each[1][False]):
        table.add_row(id, *(Text(f"{counts[passed]:,}", style=_MARKS[passed][1]) for passed in _MARKS))
    if rules:
        screen.print(table)
        screen.print()
    verdicts = Counter(each.result.passed for each in found)
    screen.print(f"{len(found):,} submission{'s' * (len(found) != 1)}")
    for passed, word in ((True, "passed"), (False, "failed"), (None, "could not be checked")):
        mark, style = _MARKS[passed]
        screen.print(Text(f"{mark} {verdicts[passed]:,} {word}", style=style))
    for each in [each for each in found if each.fault][:5]:
        screen.print(Text(f"? {each.result.path}: {each.result.problem}"))
    _list(screen, [each.sentence for each in checked.copies], "copy", "copies")
    if checked.roster is not None:
        _list(screen, checked.roster.problems, "name that isn't clear", "names that aren't clear")
        missing = [shown(f"{each.name} ({each.key})", 100) for each in checked.roster.missing]
        _list(screen, missing, "student handed in nothing", "students handed in nothing")
        _list(
            screen,
            [shown(each) for each in checked.roster.strangers],
            "submission is nobody's",
            "submissions are nobody's",
        )
    new = sum(not each.known for each in found)
    screen.print(f"{new:,} checked now in {_minutes(checked.seconds)}, {len(found) - new:,} known from the ledger")
    screen.print(Text(f"{checked.output}, and a report for each in {checked.reports}/"))


def _list(screen: Console, said: Sequence[str], one: str, several: str) -> None:
    if said:
        screen.print(Text(f"{len(said):,} {one if len(said) == 1 else several}:"))
        for each in said[:MOST_LISTED]:
            screen.print(Text(f"  {each}"))
        if len(said) > MOST_LISTED:
            screen.print(f"  and {len(said) - MOST_LISTED:,} more")


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
