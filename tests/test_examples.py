"""The set-ups to copy do what they say, as far as that goes without their services."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from checker.arguments import parser
from tests.conftest import REPOSITORY

GRADESCOPE = REPOSITORY / "examples" / "gradescope"


@pytest.fixture
def autograder(tmp_path: Path) -> Path:
    """Gradescope's layout: the content of the zip file in source/, and a submission."""
    file = tmp_path / "autograder.zip"
    subprocess.run([GRADESCOPE / "make_zip.sh", file], check=True)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(tmp_path / "source")
    (tmp_path / "submission").mkdir()
    return tmp_path


def run(autograder: Path) -> int:
    """Run run_autograder as Gradescope does, from another folder, and return its exit code."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    given = {"AUTOGRADER": str(autograder), "PYTHON": sys.executable}
    script = ["bash", autograder / "source" / "run_autograder"]
    return subprocess.run(script, env=environment | given, cwd="/").returncode


def test_gradescope_gets_results_of_a_submission_that_holds_nothing(autograder: Path) -> None:
    assert run(autograder) == 0
    assert "There is no folder" in (autograder / "results" / "results.json").read_text()


def test_gradescope_gets_no_results_where_the_checker_fails(autograder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (autograder / "results").mkdir()
    (autograder / "results" / "results.json").write_text("those of an earlier submission")
    monkeypatch.setenv("ASSIGNMENT", "session99")
    assert run(autograder) != 0 and not (autograder / "results" / "results.json").exists()


@pytest.mark.for_real
def test_gradescope_gets_a_test_for_each_rule(
    autograder: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(real_data))
    shutil.copytree(REPOSITORY / "session05" / "runs" / "smallest", autograder / "submission" / "runs" / "smallest")
    assert run(autograder) == 0
    results = json.loads((autograder / "results" / "results.json").read_text())
    assert len(results["tests"]) > 5 and sum(each.get("score", 0) for each in results["tests"]) > 0


def test_scripts_have_no_mistake_that_bash_sees() -> None:
    for script in GRADESCOPE.iterdir():
        subprocess.run(["bash", "-n", script], check=True)


def test_the_commands_of_the_workflow_are_the_checkers() -> None:
    job = yaml.safe_load((REPOSITORY / "examples" / "check-submission.yml").read_text())["jobs"]["check"]
    commands = re.findall(
        r"python -m checker (.*?) (?:\|\||$)", "\n".join(each.get("run", "") for each in job["steps"]), re.M
    )
    formats = [parser().parse_args(each.replace('"$ASSIGNMENT"', "session05").split()).format for each in commands]
    assert formats == ["markdown", "junit"]


def test_the_image_has_what_the_dockerfile_copies() -> None:
    text = (REPOSITORY / "Dockerfile").read_text()
    copied = [source for source, _ in re.findall(r"^COPY (\S+) (\S+)$", text, re.M)]
    kept = [
        each.removeprefix("!") for each in (REPOSITORY / ".dockerignore").read_text().splitlines() if each[:1] == "!"
    ]
    assert all((REPOSITORY / each).exists() for each in copied)
    assert all(any(Path(each).match(pattern) for pattern in kept) for each in copied)
    assert 'ENTRYPOINT ["python", "-m", "checker"]' in text
