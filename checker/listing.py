"""What the checker can say without checking anything: the rules of each assignment, and a rule's page."""

from typing import TYPE_CHECKING

from checker.arguments import nearest
from checker.assignments import ASSIGNMENTS, Assignment
from checker.rules import RULES
from checker.rules.rule import Rule
from checker.verdict import CannotCheckError

if TYPE_CHECKING:
    from rich.console import Console


def known_rule(id: str) -> Rule:
    """Return the rule called `id`. Raises CannotCheckError where there is none."""
    if id not in RULES:
        raise CannotCheckError(
            f"There is no rule {id!r}.", nearest(id, RULES).strip() or f"The rules are: {', '.join(RULES)}."
        )
    return RULES[id]


def print_rules(only: str | None, console: "Console") -> None:
    """Print each assignment's runs and rules; of one alone where `only` names it."""
    from rich.padding import Padding
    from rich.text import Text

    for assignment in ASSIGNMENTS.values():
        if only not in (None, "all", assignment.id):
            continue
        console.print(Text(f"{assignment.id}: {assignment.title}", style="bold"))
        for name, run in assignment.runs.items():
            own = "; ".join(RULES[id].title.format(**assignment.limits(name, id)) for id in run.limits)
            console.print(
                Padding(
                    Text(f"{name}{'' if run.required else ' (shown, not required to pass)'}{': ' if own else ''}{own}"),
                    (0, 0, 0, 2),
                    expand=False,
                )
            )
        for id in assignment.every_rule:
            # A rule that only one run must meet is shown with that run's limits.
            one = (
                ""
                if id in assignment.rules
                else next(name for name, run in assignment.runs.items() if id in run.limits)
            )
            title = f"{id}: {RULES[id].title.format(**assignment.limits(one, id))}{one and f' ({one})'}"
            console.print(Padding(Text(title), (1, 0, 0, 2), expand=False))
            console.print(Padding(Text(f"{RULES[id].reason} {RULES[id].how}", style="dim"), (0, 0, 0, 4), expand=False))


def asked_by(rule: Rule) -> list[Assignment]:
    """Return the assignments that ask `rule` of a run."""
    return [assignment for assignment in ASSIGNMENTS.values() if rule.id in assignment.every_rule]


def limits_of(rule: Rule) -> list[tuple[str, str, str]]:
    """Return what each assignment asks by `rule`: (assignment, "every run" or a run's name, the rule's title)."""
    rows = []
    for assignment in asked_by(rule):
        if rule.id in assignment.rules:
            rows.append((assignment.id, "every run", rule.title.format(**assignment.rules[rule.id])))
        for name, run in assignment.runs.items():
            if rule.id in run.limits:
                rows.append((assignment.id, name, rule.title.format(**assignment.limits(name, rule.id))))
    return rows


def print_page(rule: Rule, console: "Console") -> None:
    """Print a rule's page: what docs/rules.md says of it."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from checker.rules.pages import pages

    page = pages()[rule.id]
    console.print(Text(rule.id, style="bold"))
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for row in limits_of(rule):
        table.add_row(*map(Text, row))
    console.print(Padding(table, (0, 0, 0, 2), expand=False))
    examples = [("Breaks it", page.breaks, page.breaks_by), ("Keeps it", page.keeps, page.keeps_by)]
    for heading, text in (
        ("Why", rule.reason),
        ("How", rule.how),
        ("What it can't see", page.cannot_see),
        *(
            (heading, words or f"{', '.join(names)} (folders of tests/submissions)")
            for heading, names, words in examples
        ),
    ):
        console.print(Padding(Text(heading, style="bold"), (1, 0, 0, 2), expand=False))
        console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))
