"""Session 5: the published network is the published one, and train.py is kind to mistakes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from common.anatomy.network import anatomy, parameter_count
from common.command_line import main
from tests.conftest import REPOSITORY
from tools.sessions import load

SESSION = load("session05")


def test_every_run_takes_fifteen_epochs() -> None:
    assert {recipe.epochs for recipe in SESSION.recipes.values()} == {15}


def test_the_published_network_is_the_published_one() -> None:
    network = SESSION.build("published-9680")
    assert parameter_count(network) == 9_680
    assert anatomy(network, torch.rand(2, 1, 28, 28)).receptive_field == (18, 18)
    recipe = SESSION.recipes["published-9680"]
    assert (recipe.optimizer, recipe.lr, recipe.momentum, recipe.batch_size) == ("sgd", 0.025, 0.8, 128)


def test_one_epoch_on_mnist_reaches_97_percent(real_data: Path, tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "session05/train.py",
            "--run",
            "batch-norm",
            "--epochs",
            "1",
            "--out",
            str(tmp_path),
            "--data-dir",
            str(real_data),
        ],
        cwd=REPOSITORY,
        check=True,
    )
    line = json.loads((tmp_path / "batch-norm" / "epochs.jsonl").read_text())
    assert line["test_correct"] >= 9_700 and line["train_total"] == 60_000


def test_a_wrong_device_is_one_sentence_and_exit_code_2() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    finished = subprocess.run(
        [sys.executable, "session05/train.py", "--device", "cuda"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2 and not finished.stdout
    assert finished.stderr == "The device 'cuda' is not available on this machine; try --device cpu.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--epochs", "abc"], "'abc' is not a whole number"),
        (["--epochs", "0"], "0 is not a positive number"),
        (["--seed", "1.5"], "'1.5' is not a whole number"),
        (["--seed", "-1"], "-1 is not between"),
        (["--run", "nobody's"], "invalid choice"),
    ],
)
def test_a_wrong_argument_is_one_sentence(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        main(SESSION, "")
    assert ended.value.code == 2 and words in capsys.readouterr().err


def test_another_recipe_does_not_replace_the_committed_run() -> None:
    finished = subprocess.run(
        [sys.executable, "session05/train.py", "--epochs", "1"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2 and "--out" in finished.stderr


def test_ctrl_c_leaves_a_resumable_run_and_one_line(real_data: Path, tmp_path: Path) -> None:
    import signal
    import time

    process = subprocess.Popen(
        [
            sys.executable,
            "session05/train.py",
            "--run",
            "published-9680",
            "--out",
            str(tmp_path),
            "--data-dir",
            str(real_data),
        ],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        stdout=subprocess.DEVNULL,
        # A shell lets its background jobs ignore Ctrl-C, and so would this test's process.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    for _ in range(600):
        if (tmp_path / ".published-9680" / "run.json").exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Interrupted" in errors and f"--data-dir {real_data} --resume" in errors and "Traceback" not in errors
    assert (tmp_path / ".published-9680").is_dir()
