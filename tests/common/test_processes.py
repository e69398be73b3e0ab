"""Two processes that train one network: each image once, and the same network as one process at the same batch size
makes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from common.batches import batches
from common.data import Images
from common.errors import DeviceError, RunError
from common.pipeline import AugmentedBatches
from common.processes import Processes, joined
from common.recipe import Recipe
from common.training import Trainer
from tests.common.test_pipeline import Noise
from tests.common.test_pipeline import images as coloured_images
from tests.conftest import REPOSITORY
from tests.tiny_session.model import build

CPU = torch.device("cpu")
TWO = (Processes(0, 2), Processes(1, 2))


def train(runs: Path, processes: int, *options: str) -> subprocess.CompletedProcess:
    launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    return subprocess.run(
        [sys.executable, *launcher, "-m", "tests.tiny_session.together", str(runs), *options],
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("together")
    trained = train(runs, 2)
    assert trained.returncode == 0, trained.stderr
    assert trained.stdout.count("epoch  5 of 5") == 1  # One of them reports.
    return runs / "plain"


def log(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "epochs.jsonl").read_text().splitlines()]


def test_two_processes_train_what_one_does(together: Path, tmp_path: Path) -> None:
    alone = train(tmp_path, 1)
    assert alone.returncode == 0, alone.stderr
    for ours, theirs in zip(log(together), log(tmp_path / "plain"), strict=True):
        assert ours["train_total"] == theirs["train_total"] == 2_999
        assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=1e-4)
        assert (
            abs(ours["train_correct"] - theirs["train_correct"]) <= 3
            and abs(ours["test_correct"] - theirs["test_correct"]) <= 1
        )
    assert log(together)[-1]["train_correct"] > 1_500  # Chance is 300.
    ours, theirs = (load_file(run / "epoch-05.safetensors") for run in (together, tmp_path / "plain"))
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-3, atol=1e-4)
    assert json.loads((together / "run.json").read_text())["processes"] == 2


def test_two_killed_processes_resume_to_the_same_weights_and_only_two(together: Path, tmp_path: Path) -> None:
    assert train(tmp_path, 2, "--die").returncode != 0
    assert len(log(tmp_path / ".plain")) == 2 and not (tmp_path / "plain").exists()
    refused = train(tmp_path, 1, "--resume")
    assert refused.returncode != 0 and "has another processes" in refused.stderr
    # A mistake that the first process finds ends the others too, by the same sentence.
    refused = train(tmp_path, 2)
    assert refused.returncode != 0 and refused.stderr.count("RunError: There is an unfinished run in") == 2
    assert refused.stderr.count("0 threads left") == 2
    resumed = train(tmp_path, 2, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert (tmp_path / "plain" / "epoch-05.safetensors").read_bytes() == (
        together / "epoch-05.safetensors"
    ).read_bytes()


def test_two_processes_train_session_7(tmp_path: Path) -> None:
    trained = train(tmp_path, 2, "--cifar")
    assert trained.returncode == 0, trained.stderr
    (line,) = log(tmp_path / "fast")
    assert line["train_total"] == line["test_total"] == 300 and line["train_loss"] < 5


def test_two_processes_train_one_run_after_another(tmp_path: Path) -> None:
    trained = train(tmp_path, 2, "--all")
    assert trained.returncode == 0, trained.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"plain", "tiny"}
    # One that meets the end of Python may abort its process, on a busy machine.
    assert trained.stderr.count("0 threads left") == 2
    (tmp_path / ".tiny").mkdir()
    refused = train(tmp_path, 2, "--all")
    assert refused.returncode != 0 and refused.stderr.count("There are unfinished runs") == 1  # One of them says it.


def test_shares_of_blocks_are_the_batch_each_image_once() -> None:
    pixels = torch.arange(250, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    images = Images(pixels, torch.arange(250))

    def stream(processes: Processes) -> list[torch.Tensor]:
        torch.manual_seed(3)
        return [labels for _, labels in batches(images, Recipe(batch_size=32), processes)]

    whole, *shares = map(stream, (Processes(), *TWO))
    for batch, first, second in zip(whole, *shares, strict=True):
        assert sorted(batch.tolist()) == sorted(first.tolist() + second.tolist()) and abs(len(first) - len(second)) <= 1
    assert sorted(torch.cat(whole).tolist()) == list(range(250))


def test_shares_from_workers_are_the_batch_each_image_once() -> None:
    recipe = Recipe(batch_size=64)
    whole, *shares = (
        [labels for _, labels in AugmentedBatches(coloured_images(), recipe, Noise, CPU, processes)(1)]
        for processes in (Processes(), *TWO)
    )
    for batch, first, second in zip(whole, *shares, strict=True):
        assert sorted(batch.tolist()) == sorted(first.tolist() + second.tolist()) and abs(len(first) - len(second)) <= 1


def test_a_batch_smaller_than_the_processes_is_one_sentence() -> None:
    images = Images(torch.zeros(33, 1, 28, 28, dtype=torch.uint8), torch.zeros(33, dtype=torch.int64))
    with pytest.raises(RunError, match="fewer images than the 2 processes"):
        Trainer(build("plain"), Recipe(batch_size=32), images, CPU, processes=Processes(1, 2))


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("WORLD_SIZE", "2"), ("LOCAL_WORLD_SIZE", "2"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(DeviceError, match="more processes than GPUs"), joined("cuda"):
        pass


def test_launched_processes_of_which_one_is_killed_end_in_a_line_and_resume(tmp_path: Path) -> None:
    died = train(tmp_path, 1, "--launch", "--die")
    told = [line for line in died.stderr.splitlines() if not line.endswith("threads left")]
    assert died.returncode == 1 and told == [
        "Process 1 of 2 was ended by SIGKILL; go on from the last whole epoch with: python tiny_session/train.py "
        f"--run plain --out {tmp_path} --processes 2 --resume"
    ]
    assert len(log(tmp_path / ".plain")) == 2
    resumed = train(tmp_path, 1, "--launch", "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert len(log(tmp_path / "plain")) == 5
    assert json.loads((tmp_path / "plain" / "run.json").read_text())["processes"] == 2
    assert resumed.stdout.count("The run is in") == 1


def test_a_mistake_is_told_once_however_many_are_launched(tmp_path: Path) -> None:
    refused = train(tmp_path, 1, "--launch", "--resume")
    told = [line for line in refused.stderr.splitlines() if not line.endswith("threads left")]
    assert refused.returncode == 2 and len(told) == 1 and "There is no unfinished run" in told[0]
