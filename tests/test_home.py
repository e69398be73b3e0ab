"""What the repository says of itself in several places is the same in each."""

import re
import subprocess
import sys
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


def test_the_checker_alone_has_the_same_pins_and_all_that_it_imports() -> None:
    alone = dict(re.findall(r"^([\w.-]+)==([^ ;\n]+)", (REPOSITORY / "requirements-checker.txt").read_text(), re.M))
    assert {name: PINNED.get(name) for name in alone} == alone and len(alone) < len(PINNED) / 2
    assert not re.search("cuda|nvidia|triton", " ".join(alone))
    # Everything else that is installed is out of reach, but for what PyTorch's CUDA build needs.
    script = f"""
import importlib, pkgutil, re, sys
from importlib.machinery import PathFinder
from importlib.metadata import packages_distributions
allowed = {sorted(alone)!r}
plain = lambda name: re.sub("[._-]+", "-", name).lower()
found = packages_distributions().items()
missing = {{module for module, of in found if not any(plain(each) in allowed for each in of)}}
missing -= {{"checker", "common", "functorch", "torchgen", "nvidia", "cuda", "triton"}}
class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in missing else PathFinder.find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Without
import checker
for each in pkgutil.walk_packages(checker.__path__, "checker."):
    if not each.name.endswith("__main__"):
        importlib.import_module(each.name)
from common.data import MNIST, load_images
import albumentations, torchvision.datasets
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=REPOSITORY)


def test_the_hooks_have_the_same_linter() -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())["repos"]
    assert [each["rev"] for each in hooks if each["repo"].endswith("ruff-pre-commit")] == [f"v{PINNED['ruff']}"]


def test_the_citation_names_this_version() -> None:
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"] and citation["license"] == PROJECT["license"]
    assert citation["authors"] == PROJECT["authors"]


def test_the_console_script_is_the_checker() -> None:
    assert PROJECT["scripts"] == {"deep-vision-checker": f"{main.__module__}:{main.__name__}"}
