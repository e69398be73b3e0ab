"""docs/rules.md, written from the rules themselves: their titles, reasons, methods, limits, constants and examples."""

import ast
import json
import tokenize
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from checker.listing import asked_by, limits_of
from checker.rules import RULES
from checker.rules.pages import Page, pages
from checker.rules.rule import Rule
from tools.sessions import REPOSITORY
from tools.tables import table

# Where the numbers stand that verdicts depend on.
MODULES = (
    "rules/accuracy.py",
    "rules/anatomy.py",
    "rules/layers.py",
    "rules/training.py",
    "rules/weights.py",
    "tolerances.py",
    "submission.py",
    "subject.py",
    "measure.py",
    "experiments/kernels.py",
    "experiments/places.py",
    "experiments/reach.py",
    "constants.py",
    "generators.py",
    "augmentation.py",
    "diagnosis.py",
)
HEAD = """# The rules

What each rule asks, why it exists, how it finds out, and what it can't see. `python -m tools.pages` writes this page
from the rules; `python -m checker explain RULE` prints one of them, and `--list` the
short form of all. Each example is a whole submission, or what of it
differs from an ordinary one: `python -m tests.checker.test_corpus NAME` prints what the checker says of it."""


def write() -> str:
    """Return the page."""
    texts = pages()
    asked = [
        [
            f"[`{rule.id}`](#{rule.id})",
            ", ".join(each.removeprefix("session").lstrip("0") for each in asked_by(rule)),
        ]
        for rule in RULES.values()
    ]
    sections = [HEAD, table(["rule", "sessions"], asked, left=2)]
    sections += [_section(rule, texts[rule.id]) for rule in RULES.values()]
    sections += [
        "## Constants\n\nEvery number that a verdict depends on, with the comment beside it in the code.",
        _constants(),
    ]
    return "\n\n".join(sections) + "\n"


def _section(rule: Rule, page: Page) -> str:
    rows = [
        [assignment, run if run.startswith("every run") else f"`{run}`", title]
        for assignment, run, title in limits_of(rule)
    ]
    return "\n\n".join(
        [
            f"## {rule.id}",
            table(["session", "run", "asks"], rows, left=3),
            f"**Why.** {rule.reason}",
            f"**How.** {rule.how}",
            f"**What it can't see.** {page.cannot_see}",
            f"**Breaks it.**{_examples('cheats', page.breaks, page.breaks_by)}",
            f"**Keeps it.**{_examples('honest', page.keeps, page.keeps_by)}",
        ]
    )


def _examples(kind: str, names: tuple[str, ...], words: str) -> str:
    if not names:
        return f" {words}"
    cases = {
        name: json.loads((REPOSITORY / "tests/submissions" / kind / name / "case.json").read_text()) for name in names
    }
    return "\n" + "".join(
        f"\n- [{name}](../tests/submissions/{kind}/{name}): {case['tries']}" for name, case in cases.items()
    )


def _constants() -> str:
    rows = []
    for module in MODULES:
        rows += [
            [
                ", ".join(f"`{name}`" for name in names),
                ", ".join(f"{value:g}" for value in values),
                words,
                f"[{module}](../checker/{module})",
            ]
            for names, values, words in constants(REPOSITORY / "checker" / module)
        ]
    return table(["name", "value", "what it is", "where"], rows, left=4)


def constants(path: Path) -> Iterator[tuple[tuple[str, ...], tuple[float, ...], str]]:
    """Yield the numbers that a module names in capitals, with the comment before or beside them.

    What one line or one comment names together comes together: names, values, words.
    """
    source = path.read_text()
    comments = {
        token.start[0]: (token.string.lstrip("# "), token.line.lstrip().startswith("#"))
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign):
            continue
        names, values = (each.elts if isinstance(each, ast.Tuple) else [each] for each in (node.targets[0], node.value))
        beside = comments.get(node.lineno, ("", False))[0]
        above: list[str] = []
        line = node.lineno - 1
        while comments.get(line, ("", False))[1]:
            above.insert(0, comments[line][0])
            line -= 1
        numbers = [(name.id, _number(value)) for name, value in zip(names, values, strict=False) if _is_constant(name)]
        numbers = [(name, value) for name, value in numbers if value is not None]
        if numbers:
            yield tuple(name for name, _ in numbers), tuple(value for _, value in numbers), beside or " ".join(above)


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id.isupper() and not node.id.startswith("_")


def _number(node: ast.expr) -> float | None:
    """Return the number that an expression of numbers alone stands for, else None."""
    if any(
        not isinstance(each, ast.Constant | ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop)
        for each in ast.walk(node)
    ):
        return None
    value = eval(compile(ast.Expression(node), "", "eval"))
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
