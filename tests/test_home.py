"""What the repository says of itself in several places is the same in each."""

import re
import tomllib

import yaml
from packaging.requirements import Requirement

from checker.__main__ import main
from tests.conftest import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
PINNED = dict(re.findall(r"^([\w.-]+)==([^ ;\n]+)", (REPOSITORY / "requirements.txt").read_text(), re.M))


def test_every_dependency_is_pinned_to_a_version_that_will_do() -> None:
    asked = [*PROJECT["dependencies"], *(each for extra in PROJECT["optional-dependencies"].values() for each in extra)]
    wanted = [each for each in map(Requirement, asked) if each.name != PROJECT["name"]]
    assert len(wanted) > 15
    assert not [str(each) for each in wanted if PINNED[each.name.lower()] not in each.specifier]


def test_the_hooks_have_the_same_linter() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
    assert [each["rev"] for each in hooks if each["repo"].endswith("ruff-pre-commit")] == [f"v{PINNED['ruff']}"]


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"] and citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]


def test_the_console_script_is_the_checker() -> None:
    assert PROJECT["scripts"] == {"deep-vision-checker": f"{main.__module__}:{main.__name__}"}
