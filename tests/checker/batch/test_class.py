"""A class, from a folder of submissions to a table and a report for each, whatever interrupts it."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from checker.__main__ import main
from checker.batch import command, process
from tests.conftest import REPOSITORY

NAMED = '\n\ndef build(name):\n    """Any run\'s network."""\n    return Published9680()\n'


def hand_in(folder: Path) -> Path:
    """Write a submission whose network is recorded in the sandbox: published-9680, which holds less than 99.4 %."""
    shutil.copytree(REPOSITORY / "session05/runs/published-9680", folder / "runs/mine")
    for file in folder.glob("runs/mine/program.*"):
        file.unlink()
    (folder / "model.py").write_text((REPOSITORY / "session05/model.py").read_text() + NAMED)
    return folder


def check(folder: Path, output: Path, *options: str) -> int:
    return main(["session05", "--batch", str(folder), "--output", str(output), *options])


def reports(output: Path) -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text())["submissions"][0] for path in output.with_suffix("").glob("*.json")}


@pytest.mark.for_real
def test_each_submission_gets_its_verdict_and_only_what_changed_is_checked_again(
    tmp_path: Path, real_data: Path, capsys: pytest.CaptureFixture
) -> None:
    folder, output = tmp_path / "class", tmp_path / "results.csv"
    anna = hand_in(folder / "anna")
    shutil.copytree(anna, folder / "bert")
    with zipfile.ZipFile(folder / "carl.zip", "w") as file:
        for path in sorted(anna.rglob("*")):
            file.write(path, Path("Session 5") / path.relative_to(anna))
    shutil.copytree(anna, folder / "dora")
    (folder / "dora/model.py").write_text("import os\nos._exit(0)\n")
    (folder / "emil").mkdir()
    (folder / "fred.zip").write_text("no zip file")
    with zipfile.ZipFile(folder / "gina.zip", "w") as file:
        for path in sorted((anna / "runs").rglob("*")):
            file.write(path, Path("gina") / path.relative_to(anna))
        file.writestr("gina/model.py", "import torch\n")
    (folder / "notes.txt").write_text("")

    assert check(folder, output, "--data-dir", str(real_data)) == 0
    said = capsys.readouterr()
    assert "Left out, as they are no submissions: notes.txt" in said.err
    assert "7 submissions" in said.out and "✗ 3 failed" in said.out and "? 4 could not be checked" in said.out
    found = reports(output)
    assert {name: each["passed"] for name, each in found.items()} == {
        "anna": False,
        "bert": False,
        "carl.zip": False,
        "dora": None,
        "emil": None,
        "fred.zip": None,
        "gina.zip": None,
    }
    (run,) = found["carl.zip"]["runs"]
    assert [rule["id"] for rule in run["rules"] if rule["passed"] is not True] == ["sustained_accuracy"]
    assert "ended Python" in found["dora"]["runs"][0]["rules"][0]["message"]
    (rule, *_) = found["gina.zip"]["runs"][0]["rules"]
    assert rule["message"].startswith("submission/gina/model.py has no function build(name)")  # No place of a moment.
    assert "neither a folder runs nor a notebook" in found["emil"]["problem"]
    assert "can't be unpacked" in found["fred.zip"]["problem"]
    assert "anna" not in json.dumps(found["bert"])  # Its content is the same, and was checked once.
    rows = output.read_text().splitlines()
    assert [row.partition(",")[0] for row in rows][-7:] == sorted(found)

    with (folder / "emil/model.py").open("w") as file:
        file.write("# begun")
    assert check(folder, output, "--data-dir", str(real_data)) == 0
    assert "1 checked now" in (out := capsys.readouterr().out) and "6 known from the ledger" in out
    assert reports(output) == found


def test_what_would_write_among_the_submissions_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "a").mkdir()
    assert check(tmp_path, tmp_path / "results.csv") == 2
    assert "lies among the submissions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["all", "--batch", ".", "--output", "r.csv"], "A class hands in one assignment"),
        (["session05", "--batch", "."], "needs a file"),
        (["session05", "--batch", ".", "--output", "r.csv", "--path", "x"], "Leave --path"),
        (["session05", "--batch", ".", "--output", "r.csv", "--format", "junit"], "no reports as junit"),
        (["session05", "--batch", ".", "--output", "r"], "places of their own"),
        (["session05", "--batch", ".", "--output", "r.csv", "--ledger", "r.csv"], "places of their own"),
        (["session05", "--batch", "missing", "--output", "r.csv"], "can't be read as a folder"),
    ],
)
def test_wrong_arguments_are_one_sentence(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert said in err and len(err.splitlines()) == 1 and os.listdir(tmp_path) == []


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is checked: the name of a submission says what happens."""
    monkeypatch.setattr(process, "PROGRAM", "tests.checker.batch.a_worker")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))


def test_reports_that_have_no_place_are_told_of_before_anything_is_checked(
    tmp_path: Path, stand_in: None, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "class/anna").mkdir(parents=True)
    assert check(tmp_path / "class", tmp_path / "r.csv", "--reports", str(tmp_path / "no/where")) == 2
    assert "can't be a folder for reports" in capsys.readouterr().err
    assert not (tmp_path / "class/anna.tried").exists()


def test_what_changes_while_it_is_checked_has_no_verdict_and_neither_has_its_like(
    tmp_path: Path, stand_in: None
) -> None:
    folder, output = tmp_path / "class", tmp_path / "r.csv"
    for name in ("changes", "like-it"):
        (folder / name).mkdir(parents=True)
    assert check(folder, output, "--select", "epochs") == 0
    found = reports(output)
    assert found["changes"]["problem"] == "It changed while it was checked. Check it again."
    assert found["like-it"]["problem"] == "It stands in."
    (folder / "changes/new").unlink()
    assert check(folder, output, "--select", "epochs") == 0
    assert reports(output)["changes"]["problem"] == "It stands in."


@pytest.mark.parametrize("name", ["bob.ipynb", "bob.zip", "漢" * 84])
def test_a_folder_of_any_name_is_a_folder(name: str, tmp_path: Path, real_data: Path) -> None:
    folder, output = tmp_path / "class", tmp_path / "r.csv"
    hand_in(folder / name)
    assert check(folder, output, "--select", "epochs", "--data-dir", str(real_data)) == 0
    (found,) = reports(output).values()
    assert found["passed"] is True and found["path"].startswith(name[:20])


def test_names_become_file_names(tmp_path: Path) -> None:
    names = ["anna", "a/../b", "line\nbreak", "x" * 200, ".hidden", "bär", "漢" * 84, "Bert", "bert"]
    digest = hashlib.sha256(b"line\nbreak").hexdigest()[:8]
    names.append(f"line_break-{digest}")
    found = list(command._file_names(names))
    assert found[0] == "anna" and found[5] == "bär" and len({name.casefold() for name in found}) == len(names)
    assert all(len(name.encode()) < 200 and "/" not in name and "\n" not in name and name[0] != "." for name in found)


STAND_IN = """
import sys
from checker.batch import process
process.PROGRAM = "tests.checker.batch.a_worker"
from checker.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_run_that_is_killed_at_any_moment_goes_on_where_it_was(tmp_path: Path) -> None:
    folder, output = tmp_path / "class", tmp_path / "results.csv"
    names = [f"slow-{number:02}" for number in range(30)]
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "model.py").write_text(name)
    command = [sys.executable, "-c", STAND_IN, "session05", "--batch", str(folder), "--output", str(output)]
    generator, kills = random.Random(0), 0
    while True:
        process = subprocess.Popen([*command, "--select", "epochs"], cwd=REPOSITORY, stdout=-1, stderr=-1, text=True)
        try:
            # Ever later: on a busy machine the first come before the run has begun.
            said, _ = process.communicate(timeout=(0.6 + generator.random()) * 1.2**kills)
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
    assert process.returncode == 0 and kills >= 1
    assert "30 submissions" in said and sorted(reports(output)) == names
    tries = [len((folder / f"{name}.tried").read_text()) for name in names]
    assert sum(tries) <= 30 + 2 * kills and min(tries) == 1  # What was being checked is checked again, nothing else.
