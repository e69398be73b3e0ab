"""Whoever asks for TensorBoard gets each epoch's numbers; nobody else imports it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from common import tensorboard
from common.epoch import Epoch
from common.run import train_run
from tests.conftest import REPOSITORY
from tests.tiny_session.train import RECIPE, SESSION, data, no_table


def written(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Return the scalars in a folder: name → (step, value)."""
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder)).Reload()
    return {name: [(each.step, each.value) for each in events.Scalars(name)] for name in events.Tags()["scalars"]}


def test_every_epoch_s_numbers_are_written_beside_the_run(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    images = data(300, 1)
    with no_table():
        run = train_run(SESSION, "tiny", RECIPE, images, images, torch.device("cpu"), tmp_path, tensorboard=True)
    found = written(tmp_path / ".tensorboard" / "tiny")
    assert set(found) == {"loss/train", "loss/test", "accuracy/train", "accuracy/test", "learning rate"}
    assert [step for step, _ in found["loss/test"]] == list(range(1, RECIPE.epochs + 1))
    # The run itself holds what any other does.
    assert sorted(path.name for path in run.iterdir() if path.suffix == ".json") == ["program.json", "run.json"]


def test_further_accuracies_are_written_and_older_numbers_removed(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    epoch = Epoch(3, 0.1, 1.0, 50, 100, 2.0, 40, 80, 1.0, 100.0, {"sum_correct": 30, "sum_total": 40})
    for _ in range(2):
        with tensorboard.scalars(tmp_path) as write:
            write(epoch)
    found = written(tmp_path)
    assert found["accuracy/test"] == [(3, 50.0)] and found["accuracy/sum"] == [(3, 75.0)]


def test_a_missing_package_is_one_sentence() -> None:
    code = (
        "import sys, importlib.util\nimportlib.util.find_spec = lambda name: None\n"
        "from pathlib import Path\nfrom tests.tiny_session.train import SESSION\nfrom common.command_line import main\n"
        "sys.argv = ['train.py', '--tensorboard', '--out', sys.argv[1]]\nsys.exit(main(SESSION, ''))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code, "somewhere"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 2 and "Traceback" not in finished.stderr
    assert finished.stderr == "--tensorboard needs the package tensorboard; install it: pip install tensorboard.\n"


def test_nobody_else_imports_it() -> None:
    code = "import sys, common.command_line, common.run\nprint([name for name in sys.modules if 'tensorboard' in name])"
    finished = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert finished.stdout == "['common.tensorboard']\n"
