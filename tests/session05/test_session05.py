"""Session 5: the networks are what the assignment asks, and the committed runs hold what they claim."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.sessions import load
from checker.__main__ import main
from checker.assignments import SESSION05
from common.anatomy import parameter_count, trace
from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "session05"
SESSION = load("session05")


def test_every_run_has_a_network_a_recipe_and_rules() -> None:
    assert list(SESSION.recipes) == list(SESSION05.runs)
    assert {path.name for path in (FOLDER / "runs").iterdir() if not path.name.startswith(".")} == set(SESSION.recipes)


@pytest.mark.parametrize("name", SESSION.recipes)
def test_networks_return_ten_logits_and_average_their_maps(name: str) -> None:
    network = SESSION.build(name)
    assert network(torch.rand(3, 1, 28, 28)).shape == (3, 10)
    traced = trace(network, torch.rand(2, 1, 28, 28))
    assert traced.collapses == {"average"} and traced.flat and not traced.not_understood
    assert SESSION.recipes[name].epochs == 15


def test_the_published_network_is_the_published_one() -> None:
    network = SESSION.build("published-9680")
    assert parameter_count(network) == 9_680
    assert trace(network, torch.rand(2, 1, 28, 28)).receptive_field == (18, 18)
    recipe = SESSION.recipes["published-9680"]
    assert (recipe.optimizer, recipe.lr, recipe.momentum, recipe.batch_size) == ("sgd", 0.025, 0.8, 128)


def test_model_py_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text((FOLDER / "model.py").read_text())
    subprocess.run([sys.executable, "-I", "-c", "import runpy; runpy.run_path('model.py')['build']('smallest')"],
                   cwd=tmp_path, check=True)


@pytest.mark.parametrize("name", SESSION.recipes)
def test_committed_runs_were_trained_with_the_committed_code(name: str) -> None:
    import hashlib

    record = json.loads((FOLDER / "runs" / name / "run.json").read_text())
    assert record["model_sha256"] == hashlib.sha256((FOLDER / "model.py").read_bytes()).hexdigest()
    assert record["recipe"] == json.loads(json.dumps(SESSION.recipes[name].as_dict()))
    assert record["parameters"] == parameter_count(SESSION.build(name))
    for file in ("curves.png", "misclassified.png", "summary.txt"):
        assert (FOLDER / "runs" / name / file).stat().st_size > 0


def test_the_checker_passes_the_committed_runs(real_data: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    assert main(["session05", "--data-dir", str(real_data), "--format", "json", "--output", str(report)]) == 0
    runs = {run["name"]: run for run in json.loads(report.read_text())["submissions"][0]["runs"]}
    assert all(runs[name]["passed"] for name in ("scheduled", "under-8k", "smallest"))
    measured = {name: {rule["id"]: rule["measured"] for rule in run["rules"]} for name, run in runs.items()}
    assert measured["scheduled"]["sustained_accuracy"] >= 99.5
    assert measured["under-8k"]["sustained_accuracy"] >= 99.5
    assert all(rules["log_matches_weights"] <= 2 for rules in measured.values())


def test_one_epoch_on_mnist_reaches_97_percent(real_data: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "session05/train.py", "--run", "smallest", "--epochs", "1", "--out", str(tmp_path),
                    "--data-dir", str(real_data)], cwd=REPOSITORY, check=True)
    line = json.loads((tmp_path / "smallest" / "epochs.jsonl").read_text())
    assert line["test_correct"] >= 9_700 and line["train_total"] == 60_000


def test_a_wrong_device_is_one_sentence_and_exit_code_2() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    finished = subprocess.run([sys.executable, "session05/train.py", "--device", "cuda"], cwd=REPOSITORY,
                              capture_output=True, text=True, check=False)
    assert finished.returncode == 2 and not finished.stdout
    assert finished.stderr == "The device 'cuda' is not available on this machine; try --device cpu.\n"


def test_another_recipe_does_not_replace_the_committed_run() -> None:
    finished = subprocess.run([sys.executable, "session05/train.py", "--epochs", "1"], cwd=REPOSITORY,
                              capture_output=True, text=True, check=False)
    assert finished.returncode == 2 and "--out" in finished.stderr


def test_the_readme_shows_what_was_measured() -> None:
    finished = subprocess.run([sys.executable, "benchmarks/readme.py", "--check"], cwd=REPOSITORY,
                              capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


def test_ctrl_c_leaves_a_resumable_run_and_one_line(real_data: Path, tmp_path: Path) -> None:
    import signal
    import time

    process = subprocess.Popen([sys.executable, "session05/train.py", "--run", "published-9680", "--out", str(tmp_path),
                                "--data-dir", str(real_data)], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True,
                               stdout=subprocess.DEVNULL,
                               # A shell lets its background jobs ignore Ctrl-C, and so would this test's process.
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
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
