"""What a person is told who trains: on any terminal, on a busy machine, and at the end."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from common import command_line, threads
from common.command_line import main
from common.data import MNIST, Images
from common.session import Session
from tests.tiny_session.train import RECIPE, SESSION, data

IMAGES = data(300, 1)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    """The tiny session on a data set that is published as `IMAGES`."""
    monkeypatch.setattr(command_line, "load_images", lambda dataset, split, folder: IMAGES)
    return replace(
        SESSION,
        recipes={"tiny": replace(RECIPE, epochs=1)},
        dataset=replace(MNIST, digests=dict.fromkeys(MNIST.digests, IMAGES.digest())),
    )


def train(session: Session, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    return main(session, "")


def test_images_that_are_not_the_published_ones_are_not_trained_on(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(command_line, "load_images", lambda *of: Images(IMAGES.pixels, IMAGES.labels.flip(0)))
    assert train(session, monkeypatch, "--out", str(tmp_path)) == 2
    assert "is not MNIST as it was published" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_training_ends_by_saying_where_the_run_is_and_how_to_check_it(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def told(out: Path) -> str:
        assert train(session, monkeypatch, "--out", str(out)) == 0
        return capsys.readouterr().out.splitlines()[-1]

    mine = tmp_path / "mine"
    assert told(mine / "runs") == (
        f"The run is in {mine}/runs/tiny; check it with: python -m checker tiny_session --path {mine} --run tiny"
    )
    assert told(tmp_path / "other").endswith("python -m checker tiny_session --path FOLDER --run tiny")
    (mine / "model.py").write_text("")
    session = replace(session, folder=mine)
    assert told(mine / "runs") == f"The run is in {mine}/runs/tiny; check it with: python -m checker mine --run tiny"


def test_a_terminal_that_knows_only_ascii(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", written)
    assert train(session, monkeypatch, "--out", str(tmp_path)) == 0
    written.seek(0)
    assert "Receptive field: 4?4 before" in written.read()


def test_a_busy_machine_is_one_line_at_the_start(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "idle_cores", lambda: 1.1)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert train(session, monkeypatch, "--out", str(tmp_path)) == 0
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    assert (
        capsys.readouterr().err
        == "The machine is busy: training with 1 of 2 threads (set OMP_NUM_THREADS to decide otherwise).\n"
    )


def test_runs_that_another_process_is_writing_are_not_offered_for_deletion(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / ".tiny"
    folder.mkdir()
    assert train(session, monkeypatch, "--run", "all", "--out", str(tmp_path)) == 2
    assert "delete its hidden folder" in capsys.readouterr().err
    writer = (
        "import fcntl, sys\nlock = open(sys.argv[1], 'a')\nfcntl.lockf(lock, fcntl.LOCK_EX)\nprint(flush=True)\ninput()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", writer, str(folder / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline()
        for run in ("all", "tiny"):
            assert train(session, monkeypatch, "--run", run, "--out", str(tmp_path)) == 2
            told = capsys.readouterr().err
            assert "Another process is training the run" in told and "delete" not in told
        other.kill()
