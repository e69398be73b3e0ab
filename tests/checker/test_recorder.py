"""The recorder: what it leaves is accepted as it is, and runs nothing of whoever recorded it."""

import json
from pathlib import Path

import nbformat
import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from torch import nn

from checker.check import check_folder
from checker.means import Means
from checker.recorder import Recorder
from checker.verdict import SubmissionResult
from common.errors import RunError
from tests.conftest import REPOSITORY
from tests.corpus import cases, images, write
from tests.recorded_here import load
from tests.written_submission import read_log

CASE = next(case for case in cases("honest") if case.folder.name == "base-05")
USUAL = {"mean": (0.5,), "std": (0.3,), "assignment": "session05"}


@pytest.fixture
def network() -> nn.Module:
    return load(CASE.base, "model").build("mine")


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the check at the beginning out, which takes seconds."""
    monkeypatch.setattr(Recorder, "_warn", lambda self: None)


def check(folder: Path, monkeypatch: pytest.MonkeyPatch) -> SubmissionResult:
    monkeypatch.setattr("checker.test_set.load_images", lambda dataset, split, folder: images(dataset.name))

    def start(*of: object, **options: object) -> None:
        raise AssertionError("a sandbox was started, and there is no code to run")

    monkeypatch.setattr("checker.intake.folder.start", start)
    return check_folder(
        CASE.assignment,
        folder,
        own=False,
        only_run=None,
        rules=CASE.assignment.every_rule,
        means=Means(),
        tell=lambda doing: None,
    )


@pytest.mark.usefixtures("unchecked")
def test_a_recorded_run_is_accepted_as_it_is(
    network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = write(CASE, tmp_path / "trained")
    recorder = Recorder(tmp_path / "mine/runs/first", nn.DataParallel(network.train()), **USUAL)
    assert network.training
    log = read_log(trained)
    for line in log:
        if line["weights"]:
            network.load_state_dict(torch_weights(trained / line["weights"]["file"]))
        recorder.epoch(train_total=60_000, test_correct=torch.tensor(line["test_correct"]), test_total=500)
    folder = tmp_path / "mine/runs/first"
    kept = [f"epoch-{number}.safetensors" for number in range(11, 16)]
    assert sorted(path.name for path in folder.iterdir()) == [
        *kept,
        "epochs.jsonl",
        "program.json",
        "program.safetensors",
        "run.json",
    ]
    result = check(tmp_path / "mine", monkeypatch)
    assert result.passed is True and result.isolation == "none"


def torch_weights(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


@pytest.mark.usefixtures("unchecked")
def test_a_recorded_network_is_checked_before_its_first_epoch(
    network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Recorder(tmp_path / "runs/mine", network, **USUAL)
    (run,) = check(tmp_path, monkeypatch).runs
    assert run.trained is False and run.passed is None
    assert {rule.id for rule in run.rules if rule.verdict.passed} >= {"parameters", "no_fully_connected"}


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("program.json", "{", "can't be read as JSON"),
        ("program.json", "{}", "The recorded network must have"),
        ("program.safetensors", "no tensors", "constants of the recorded network can't be read"),
        ("program.safetensors", None, "program.safetensors is missing"),
    ],
)
def test_a_damaged_recording_can_not_be_checked(
    network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, content: str | None, words: str
) -> None:
    Recorder(tmp_path / "runs/mine", network, **USUAL)
    path = tmp_path / "runs/mine" / file
    path.unlink() if content is None else path.write_text(content)
    (run,) = check(tmp_path, monkeypatch).runs
    rules = {rule.id: rule.verdict for rule in run.rules}
    assert rules["parameters"].passed is None and words in rules["parameters"].message


@pytest.mark.usefixtures("unchecked")
def test_a_run_goes_on_or_is_dropped_only_when_asked(network: nn.Module, tmp_path: Path) -> None:
    folder = tmp_path / "runs/mine"
    Recorder(folder, network, **USUAL).epoch(train_total=60_000, test_correct=9_000)
    with pytest.raises(RunError, match="holds 1 epochs of a run"):
        Recorder(folder, network, **USUAL)
    again = Recorder(folder, network, **USUAL, resume=True)
    again.epoch(train_total=60_000, test_correct=9_100)
    assert [line["epoch"] for line in read_log(folder)] == [1, 2]
    Recorder(folder, network, **USUAL, replace=True).epoch(train_total=60_000, test_correct=9_200)
    assert [line["test_correct"] for line in read_log(folder)] == [9_200]


class ByValues(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean((1, 2, 3)) if x.sum() > 0 else x.amax((1, 2, 3))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"assignment": "session99"}, "There is no assignment"),
        ({"mean": (0.5, 0.5, 0.5), "std": (0.3, 0.3, 0.3)}, "mean has 3 numbers"),
        ({"std": (0.0,)}, "mean and std are of no use"),
        ({"folder": "mine"}, "is no run's folder"),
        ({"network": ByValues()}, "decides by the values"),
    ],
)
def test_a_mistake_is_one_sentence(network: nn.Module, tmp_path: Path, changes: dict, words: str) -> None:
    given = {"folder": "runs/mine", "network": network, **USUAL, **changes}
    with pytest.raises(RunError, match=words):
        Recorder(tmp_path / given.pop("folder"), given.pop("network"), **given)


STUDENT = """
import torch
from torch import nn
from checker.recorder import Recorder
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 64, 3, padding=1), nn.ReLU())
        self.fc = nn.Linear(64 * 28 * 28, 10)
    def forward(self, x):
        return self.fc(self.features(x).flatten(1))
model = Net()
recorder = Recorder("session/runs/mine", model, mean=(0.1307,), std=(0.3081,), assignment="session05")
"""
LOOP = """
for epoch in range(3):
    if epoch == 2:
        raise KeyboardInterrupt
    recorder.epoch(train_total=60_000, test_correct=9_000 + epoch)
"""
GO_ON = """
recorder = Recorder("session/runs/mine", model, mean=(0.1307,), std=(0.3081,), assignment="session05", resume=True)
recorder.epoch(train_total=60_000, test_correct=9_002)
"""


def test_in_a_real_kernel_it_says_at_once_what_is_broken_and_survives_an_interrupt(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(real_data.resolve()))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in (STUDENT, LOOP, GO_ON)])
    client = NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        with pytest.raises(CellExecutionError, match="KeyboardInterrupt"):
            client.execute_cell(notebook.cells[1], 1)
        client.execute_cell(notebook.cells[2], 2)
    told = "".join(output.get("text", "") for output in notebook.cells[0].outputs)
    assert "✗ parameters: 502,410 parameters; required < 10,000" in told and "✗ no_fully_connected" in told
    lines = [json.loads(line) for line in (tmp_path / "session/runs/mine/epochs.jsonl").read_text().splitlines()]
    assert [(line["epoch"], line["test_correct"]) for line in lines] == [(1, 9_000), (2, 9_001), (3, 9_002)]
