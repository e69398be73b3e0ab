"""CONTRIBUTING.md, taken at its word: its examples of a rule are run as they stand there."""

import re
import textwrap
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from checker.assignments import SESSION05
from checker.rules import RULES, layers
from checker.rules.pages import Page
from tests.checker.test_rules import check, verdicts
from tests.conftest import REPOSITORY
from tests.written_submission import write_submission


def blocks(heading: str, language: str) -> list[str]:
    """Return the code in `language` under a heading of CONTRIBUTING.md."""
    section = (REPOSITORY / "CONTRIBUTING.md").read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [textwrap.dedent(block) for block in re.findall(rf"   ```{language}\n(.*?)   ```", section, re.DOTALL)]


@pytest.fixture
def rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's rule, for one test."""
    monkeypatch.setitem(RULES, "few_convolutions", None)
    exec(blocks("Add a rule", "python")[0], dict(vars(layers)))


@pytest.mark.usefixtures("rule")
@pytest.mark.parametrize(("limit", "passed"), [(7, True), (0, False)])
def test_the_rule_of_the_guide_is_a_rule(tmp_path: Path, generated_data: Path, limit: int, passed: bool) -> None:
    write_submission(tmp_path)
    assignment = replace(SESSION05, rules={"few_convolutions": {"limit": limit}})
    assert verdicts(check(tmp_path, generated_data, assignment)) == {"few_convolutions": passed}


def test_the_page_of_the_guide_is_a_page() -> None:
    (text,) = blocks("Add a rule", "toml")
    ((id, entry),) = tomllib.loads(text).items()
    page = Page(**entry)
    assert id == "few_convolutions" and page.cannot_see and page.breaks_by and page.keeps_by


def test_every_file_that_the_guide_names_is_there() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"`((?:common|checker|tests|tools|session0\d|benchmarks|docs)/[\w./-]*)`", text))
    missing = {path for path in named if not (REPOSITORY / path).exists() and "session08" not in path}
    assert named and not missing
