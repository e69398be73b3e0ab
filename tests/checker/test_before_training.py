"""A network that is checked before it is trained: what can be judged is, and other rules say what they need."""

import json
from pathlib import Path

import pytest

from checker.__main__ import main
from checker.rules import RULES
from tests.conftest import REPOSITORY
from tests.corpus import images

NETWORKS = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.kernel = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return F.relu(self.norm(self.kernel(x)))


class Small(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.blocks = nn.Sequential(Block(1, width), Block(width, width), nn.MaxPool2d(2), Block(width, width),
                                    Block(width, width))
        self.last = nn.Conv2d(width, 10, 1)

    def forward(self, x):
        return F.log_softmax(self.last(F.adaptive_avg_pool2d(self.blocks(x), 1)).flatten(1), 1)


class Dense(Small):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(8 * 14 * 14, 10)

    def forward(self, x):
        return self.last(self.blocks(x).flatten(1))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "networks.py").write_text(NETWORKS)
    return tmp_path / "networks.py"


def check(data: Path, capsys: pytest.CaptureFixture, *arguments: object) -> tuple[int, dict[str, dict]]:
    code = main(["session05", "--data-dir", str(data), "--format", "json", *map(str, arguments)])
    (run,) = json.loads(capsys.readouterr().out)["submissions"][0]["runs"]
    assert run["trained"] is False
    return code, {rule["id"]: rule for rule in run["rules"]}


def test_what_needs_no_training_is_judged(file: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    code, rules = check(generated_data, capsys, "--model", f"{file}:Small")
    assert code == 2  # Nothing is broken, and not all could be checked.
    assert {id for id, rule in rules.items() if rule["passed"]} == {
        "no_hidden_parameters",
        "parameters",
        "no_fully_connected",
        "global_average_pooling",
        "receptive_field",
    }
    assert {id for id, rule in rules.items() if rule["passed"] is None} == {
        id for id in rules if "training" in RULES[id].needs
    }


def test_the_last_class_of_a_file_is_its_network(
    file: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    code, rules = check(generated_data, capsys, "--model", file)
    assert code == 1
    assert {id for id, rule in rules.items() if rule["passed"] is False} == {
        "parameters",
        "no_fully_connected",
        "global_average_pooling",
    }
    assert "last" in rules["no_fully_connected"]["message"]


def test_arguments_of_its_class_are_given_by_a_call(
    file: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    _, rules = check(generated_data, capsys, "--model", file, "--init", "Small(width=16)", "--select", "parameters")
    assert rules["parameters"]["measured"] == 7_418


def test_layers_that_matter_do_so_before_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("checker.test_set.load_images", lambda dataset, split, folder: images(dataset.name))
    model = REPOSITORY / "session07" / "model.py"
    code = main(["session07", "--model", str(model), "--run", "cifar10"])
    printed = capsys.readouterr().out
    assert code == 2 and "good so far" in printed and "depthwise" in printed and "✗" not in printed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "nowhere.py"], "There is no file nowhere.py"),
        (["--model", "README.md"], "is no Python file"),
        (["--init", "Net()"], "--model"),
        (["--model", "x.py", "--path", "."], "leave --path out"),
    ],
)
def test_what_can_not_be_asked_is_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert main(["session05", *arguments]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("source", "init", "words"),
    [
        ("import torch\nx = 1", None, "defines no network"),
        (NETWORKS, "Net()", "NameError"),
        (NETWORKS.replace("width=8)", "width)"), "Small()", "missing 1 required positional argument: 'width'"),
        ("raise SystemExit", None, "Importing"),
        (NETWORKS, "Small", "not a network"),
    ],
)
def test_a_network_that_can_not_be_built_says_why(
    source: str, init: str | None, words: str, tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "mine.py").write_text(source)
    arguments = ["--model", tmp_path / "mine.py", "--select", "parameters", *(["--init", init] if init else [])]
    code, rules = check(generated_data, capsys, *arguments)
    assert code == 2 and words in rules["parameters"]["message"] + rules["parameters"]["help"]
