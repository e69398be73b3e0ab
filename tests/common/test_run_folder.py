"""A run survives whatever ends it: the folder is complete or absent, and a resumed run ends with the same numbers."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from common import run_folder
from common.epoch import Epoch
from common.errors import FileError, RunError
from common.run_folder import RunFolder
from tests.conftest import REPOSITORY
from tests.tiny_session.train import RECIPE, train


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("whole"))


def numbers(run: Path) -> list[dict]:
    """The log without the times."""
    lines = [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if "second" not in key} for line in lines]


def test_a_run_folder_holds_what_it_promises(uninterrupted: Path) -> None:
    assert sorted(path.name for path in uninterrupted.iterdir()) == [
        "curves.png",
        *(f"epoch-{epoch:02d}.safetensors" for epoch in range(3, 8)),
        "epochs.jsonl",
        "misclassified.png",
        "program.json",
        "program.safetensors",
        "run.json",
        "summary.txt",
    ]
    record = json.loads((uninterrupted / "run.json").read_text())
    assert record["format"] == 1 and record["run"] == "tiny" and record["recipe"]["epochs"] == 7
    assert record["parameters"] == 8 * 17 + 16 + 90
    assert [path.name for path in uninterrupted.parent.iterdir()] == ["tiny"]
    assert numbers(uninterrupted)[-1]["test_correct"] > 250  # Chance is 50.


def test_the_same_recipe_gives_the_same_weights(uninterrupted: Path, tmp_path: Path) -> None:
    assert numbers(train(tmp_path)) == numbers(uninterrupted)


def test_another_seed_gives_other_weights(uninterrupted: Path, tmp_path: Path) -> None:
    other = numbers(train(tmp_path, recipe=replace(RECIPE, seed=1)))
    assert other[-1]["weights"] != numbers(uninterrupted)[-1]["weights"]


@pytest.mark.parametrize(
    ("function", "call"),
    [
        ("os.fsync", 1),  # while run.json is written for the first time
        ("Adam.step", 60),  # in the third epoch
        ("os.fsync", 9),  # between its log and its checkpoint
        ("os.fsync", 18),  # while a checkpoint is written
        ("Path.rename", 1),  # when all is done, before the run has its place
    ],
)
def test_a_killed_run_resumes_to_the_same_numbers(
    uninterrupted: Path, tmp_path: Path, function: str, call: int
) -> None:
    killed = subprocess.run(
        [sys.executable, "-m", "tests.tiny_session.train", str(tmp_path), function, str(call)],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr
    assert not (tmp_path / "tiny").exists()
    resumed = train(tmp_path, resume=True)
    assert numbers(resumed) == numbers(uninterrupted)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]
    assert not any(path.name.startswith(".") or path.suffix == ".pt" for path in resumed.iterdir())


def test_a_run_killed_while_it_replaces_an_older_one(uninterrupted: Path, tmp_path: Path) -> None:
    train(tmp_path, recipe=replace(RECIPE, epochs=1))
    # Files are put into place by Path.replace; the first Path.rename moves the older run away, the second the new one
    # in.
    killed = subprocess.run(
        [sys.executable, "-m", "tests.tiny_session.train", str(tmp_path), "Path.rename", "2"],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -9, killed.stderr
    assert numbers(train(tmp_path, resume=True)) == numbers(uninterrupted)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]


def test_a_finished_run_is_replaced_only_by_a_finished_one(
    uninterrupted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = train(tmp_path, recipe=replace(RECIPE, epochs=1))
    before = numbers(short)

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_folder.RunFolder, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert numbers(short) == before
    assert numbers(train(tmp_path, resume=True)) == numbers(uninterrupted)


def test_an_unfinished_run_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".tiny").mkdir()
    with pytest.raises(RunError, match="--resume"):
        train(tmp_path)


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no unfinished run"):
        train(tmp_path, resume=True)


@pytest.fixture
def unfinished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that was interrupted after two epochs."""
    original = run_folder.RunFolder.add

    def add(self: run_folder.RunFolder, epoch: Epoch, *rest: object) -> None:
        original(self, epoch, *rest)
        if epoch.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_folder.RunFolder, "add", add)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    return tmp_path


def test_a_run_that_another_process_is_writing_is_neither_resumed_nor_started_again(tmp_path: Path) -> None:
    writer = (
        "import sys; from pathlib import Path; from common.run_folder import RunFolder\n"
        "folder = RunFolder(Path(sys.argv[1]), 'busy', {'started': ''}); folder.start()\n"
        "print('ready', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", writer, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "ready\n"
        for take_up in (RunFolder(tmp_path, "busy", {}).resume, RunFolder(tmp_path, "busy", {}).start):
            with pytest.raises(RunError, match="Another process is training"):
                take_up()
        other.kill()
        other.wait()
    with pytest.raises(RunError, match="There is an unfinished run"):
        RunFolder(tmp_path, "busy", {}).start()
    assert RunFolder(tmp_path, "busy", {}).resume() is None


def test_a_run_with_another_recipe_is_not_resumed(unfinished: Path) -> None:
    with pytest.raises(RunError, match="another recipe"):
        train(unfinished, recipe=replace(RECIPE, lr=0.1), resume=True)


def with_threads(unfinished: Path, threads: int, monkeypatch: pytest.MonkeyPatch, stop: int | None = None) -> Path:
    """Resume the unfinished run with a number of threads; interrupt it after epoch `stop`."""
    original = run_folder.RunFolder.add

    def add(self: run_folder.RunFolder, epoch: Epoch, *rest: object) -> None:
        original(self, epoch, *rest)
        if epoch.epoch == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(torch, "get_num_threads", lambda: threads)
        patch.setattr(torch, "set_num_threads", lambda number: None)
        patch.setattr(run_folder.RunFolder, "add", add)
        return train(unfinished, resume=True)


def test_a_run_goes_on_with_another_number_of_threads_and_says_so(
    unfinished: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(KeyboardInterrupt):
        with_threads(unfinished, 4, monkeypatch, stop=4)
    assert capsys.readouterr().err == (
        "The run goes on with 4 threads, not 1: it will end with other roundings than an uninterrupted "
        "one (OMP_NUM_THREADS=1 gives the same).\n"
    )
    with pytest.raises(KeyboardInterrupt):
        with_threads(unfinished, 4, monkeypatch, stop=5)
    assert not capsys.readouterr().err
    record = json.loads((with_threads(unfinished, 1, monkeypatch) / "run.json").read_text())
    assert record["threads"] == 1 and record["threads_from_epoch"] == {"1": 1, "3": 4, "6": 1}
    assert "1 thread, not 4" in capsys.readouterr().err


def test_threads_that_trained_no_epoch_are_forgotten(unfinished: Path, capsys: pytest.CaptureFixture) -> None:
    path = unfinished / ".tiny" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"threads_from_epoch": {"1": 1, "3": 2}}))
    record = json.loads((train(unfinished, resume=True) / "run.json").read_text())
    assert "threads_from_epoch" not in record and not capsys.readouterr().err


def test_a_run_with_one_number_of_threads_says_no_more(unfinished: Path, capsys: pytest.CaptureFixture) -> None:
    record = json.loads((train(unfinished, resume=True) / "run.json").read_text())
    assert record["threads"] == 1 and "threads_from_epoch" not in record and not capsys.readouterr().err


def test_a_log_that_lost_an_epoch_is_not_resumed(unfinished: Path) -> None:
    log = unfinished / ".tiny" / "epochs.jsonl"
    log.write_text(log.read_text().splitlines(keepends=True)[0])
    with pytest.raises(RunError, match="is damaged"):
        train(unfinished, resume=True)


@pytest.mark.parametrize("name", ["last.pt", "run.json", "epochs.jsonl"])
def test_a_damaged_unfinished_run_is_one_sentence(unfinished: Path, name: str) -> None:
    path = unfinished / ".tiny" / name
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(RunError, match="is damaged"):
        train(unfinished, resume=True)


def test_a_full_disk_is_one_sentence_and_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(tmp_path, "run", {})
    folder.start()
    folder.write("file", "old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FileError, match=r"No space left.*--resume"):
        folder.write("file", "new")
    assert (folder.path / "file").read_text() == "old" and {each.name for each in folder.path.iterdir()} == {
        "file",
        "lock",
        "run.json",
    }


def test_a_folder_that_cannot_be_created_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="--out"):
        train(tmp_path / "file")


def test_checkpoints_hold_only_tensors_and_numbers(unfinished: Path) -> None:
    assert torch.load(unfinished / ".tiny" / "last.pt", weights_only=True)["epoch"] == 2
