"""What the checker can say without checking anything: the rules of each assignment, and a rule's page."""

from typing import TYPE_CHECKING

from checker.arguments import nearest
from checker.assignments import ASSIGNMENTS, Assignment
from checker.cohorts import COHORTS, Cohort, asked
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


def print_rules(only: str | None, cohort: str, console: "Console") -> None:
    """Print each assignment's runs and rules; of one alone where `only` names it.

    cohort: whose limits are shown; "" for the general ones, and what differs from them in each cohort
    """
    from rich.padding import Padding
    from rich.text import Text

    for id in ASSIGNMENTS:
        if only not in (None, "all", id):
            continue
        if cohort and id in COHORTS[cohort].not_covered:
            console.print(Text(f"{id}: not covered for {cohort}", style="bold"))
            console.print(Padding(Text(COHORTS[cohort].not_covered[id]), (0, 0, 0, 2), expand=False))
            continue
        assignment = asked(id, cohort)
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
        differing: dict[str, list[str]] = {}
        for each in [COHORTS[cohort]] if cohort else COHORTS.values():
            differing.setdefault(_differing(assignment.id, each), []).append(each.id)
        for words, names in differing.items():
            if words:
                console.print(Padding(Text(f"--cohort {', '.join(names)}: {words}"), (1, 0, 0, 2), expand=False))


def _differing(id: str, cohort: Cohort) -> str:
    """Return what a cohort asks otherwise than all do in the session called `id`, "" where nothing."""
    if id in cohort.not_covered:
        return f"not covered. {cohort.not_covered[id]}"
    general, its = ASSIGNMENTS[id], asked(id, cohort.id)
    parts = [RULES[rule].title.format(**its.rules[rule]) for rule in _other_rules(general, its)]
    parts += [f"without {rule}" for rule in general.every_rule if rule not in its.every_rule and rule in general.points]
    parts += [f"on {its.dataset}"] * (its.dataset != general.dataset)
    parts += [f"runs {', '.join(its.runs)}"] * (list(its.runs) != list(general.runs))
    note = cohort.notes.get(id, "")
    if not parts and not note:
        return ""
    return f"{'; '.join(parts) or 'the same limits'}.{note and f' {note}'}"


def _other_rules(general: Assignment, its: Assignment) -> list[str]:
    """Return the ids of the rules for every run that `its` has other limits for than `general`, or alone has."""
    return [id for id, limits in its.rules.items() if general.rules.get(id) != limits]


def asked_by(rule: Rule) -> list[str]:
    """Return the ids of the assignments that ask `rule` of a run, of any cohort."""
    return [id for id in ASSIGNMENTS if any(rule.id in each.every_rule for each in _of_all(id).values())]


def limits_of(rule: Rule) -> list[tuple[str, str, str]]:
    """Return what each assignment asks by `rule`: (assignment, "every run" or a run's name, the rule's title). A cohort
    stands beside "every run" where it asks something else."""
    rows = []
    for assignment in ASSIGNMENTS.values():
        if rule.id in assignment.rules:
            rows.append((assignment.id, "every run", rule.title.format(**assignment.rules[rule.id])))
        for name, run in assignment.runs.items():
            if rule.id in run.limits:
                rows.append((assignment.id, name, rule.title.format(**assignment.limits(name, rule.id))))
        cohorts: dict[str, list[str]] = {}
        for cohort, its in _of_all(assignment.id).items():
            if cohort and rule.id in _other_rules(assignment, its):
                cohorts.setdefault(rule.title.format(**its.rules[rule.id]), []).append(cohort)
        rows += [(assignment.id, f"every run ({', '.join(names)})", title) for title, names in cohorts.items()]
    return rows


def _of_all(id: str) -> dict[str, Assignment]:
    """Return what each cohort that is covered asks in the session called `id`, by the cohort's name; "" stands for the
    general limits."""
    return {"": ASSIGNMENTS[id]} | {
        each.id: asked(id, each.id) for each in COHORTS.values() if id not in each.not_covered
    }


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
