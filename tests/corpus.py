"""The corpus of submissions under tests/submissions/: each is a folder that holds what differs from a base, and is
trained for a second on generated images, so that it really classifies.

A folder holds `case.json`, {"session": …, "tries": one sentence, …}:

    rule      a cheat's only: the rule that must not pass, while all others do
    also      other rules that may not pass either
    unknown   of an honest one: the rule that can't be checked
    run       the name of the run, "mine" where none is given
    weights   "base": those of the base, since its own model.py must not run outside the sandbox

and, where they differ from the base, model.py, train.py, and change.py, whose change(run, network) is called with the
run's folder once it is written.
"""

import copy
import hashlib
import importlib.util
import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from checker.assignments import ASSIGNMENTS, Assignment
from common.data import Images
from tests.recorded_here import load
from tests.written_submission import tiles

FOLDER = Path(__file__).resolve().parent / "submissions"
COUNT = 500
STEPS, SUM_STEPS, LATER_STEPS, BATCH = 60, 250, 4, 40
MEAN, STD = 0.5, 0.3


@dataclass(frozen=True)
class Case:
    """A submission of the corpus; see the module for what its fields say."""

    folder: Path
    session: str
    tries: str
    rule: str = ""
    also: tuple[str, ...] = ()
    unknown: str = ""
    run: str = "mine"
    weights: str = ""

    @property
    def base(self) -> Path:
        """The folder that it differs from."""
        return FOLDER / "base" / {"session04": "session05"}.get(self.session, self.session)

    @property
    def assignment(self) -> Assignment:
        return ASSIGNMENTS[self.session]


def cases(kind: str) -> list[Case]:
    """Return the "cheats" or the "honest" ones, in alphabetical order."""
    return [Case(path.parent, **json.loads(path.read_text())) for path in sorted((FOLDER / kind).glob("*/case.json"))]


@cache
def images(dataset: str, seed: int = 0) -> Images:
    """Return COUNT images of ten textures, in the shape of MNIST's or CIFAR-10's."""
    channels, side = {"MNIST": (1, 28), "CIFAR10": (3, 32)}[dataset]
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(10, (COUNT,), generator=generator)
    clean = 128 + 60 * tiles()[labels].repeat(1, channels, side // 4, side // 4)
    pixels = clean + 25 * torch.randn(COUNT, channels, side, side, generator=generator)
    return Images(pixels.clamp(0, 255).to(torch.uint8), labels)


def write(case: Case, folder: Path) -> Path:
    """Write a case as a submission, and return its run's folder. All that it says is true, but for what change.py makes
    of it."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in (case.base, case.folder):
        for path in source.iterdir():
            if path.name not in ("case.json", "change.py", "__pycache__"):
                (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
    run = folder / "runs" / case.run
    run.mkdir(parents=True)
    own = case.weights != "base" and (case.folder / "model.py").exists()
    trained = _trained(case, folder) if own else _trained_base(case.base, case.session, case.run)
    network = copy.deepcopy(trained.network)
    count = {"session04": 15, "session05": 15, "session06": 15, "session07": 15, "session03": 6}[case.session]
    lines = [
        {
            "epoch": epoch,
            "train_total": {"MNIST": 60_000, "CIFAR10": 50_000}[case.assignment.dataset],
            "test_correct": 0,
            "test_total": COUNT,
            "sum_correct": 0,
            "sum_total": 10 * COUNT,
            "weights": None,
        }
        for epoch in range(1, count + 1)
    ]
    for line, (content, correct) in zip(lines[-5:], trained.epochs, strict=True):
        line["test_correct"], line["sum_correct"] = correct
        file = run / f"epoch-{line['epoch']:02d}.safetensors"
        file.write_bytes(content)
        line["weights"] = {"file": file.name, "sha256": hashlib.sha256(content).hexdigest()}
    (run / "epochs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    channels = {"MNIST": 1, "CIFAR10": 3}[case.assignment.dataset]
    (run / "run.json").write_text(
        json.dumps(
            {
                "format": 1,
                "run": case.run,
                "normalization": {"mean": [MEAN] * channels, "std": [STD] * channels},
                "recipe": {"epochs": count},
            }
        )
    )
    if (case.folder / "change.py").exists():
        _module(case.folder / "change.py").change(run, network)
    return run


@dataclass(frozen=True)
class Trained:
    """A trained network, and of each of its last five epochs the weights as a file and what they get right."""

    network: nn.Module
    epochs: list[tuple[bytes, tuple[int, int]]]


def _trained(case: Case, folder: Path) -> Trained:
    torch.manual_seed(0)
    network = load(folder, "model").build(case.run)
    _train(case, network, SUM_STEPS if case.assignment.two_inputs else STEPS)
    epochs = []
    for _ in range(5):
        _train(case, network, LATER_STEPS)
        weights = {key: tensor.contiguous().clone() for key, tensor in network.state_dict().items()}
        epochs.append((save(weights), _correct(case, network)))
    return Trained(network, epochs)


@cache
def _trained_base(folder: Path, session: str, run: str) -> Trained:
    """Many cases change what lies beside a base's network alone."""
    return _trained(Case(folder, session, "", run=run), folder)


def _module(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(f"change_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _train(case: Case, network: nn.Module, steps: int) -> None:
    """Train a few steps, from where the last ones ended."""
    network.train()
    given = images(case.assignment.dataset, seed=1)
    optimizer = getattr(network, "_optimizer", None)
    if optimizer is None:
        trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
        optimizer = torch.optim.Adam(trained, 0.01, fused=True) if trained else None
        object.__setattr__(network, "_optimizer", optimizer)
    if optimizer is None:
        return
    generator = torch.Generator().manual_seed(steps)
    for _ in range(steps):
        chosen = torch.randint(COUNT, (BATCH,), generator=generator)
        labels, inputs = given.labels[chosen], [_normalized(given.pixels[chosen])]
        if case.assignment.two_inputs:
            numbers = torch.randint(10, (BATCH,), generator=generator)
            digits, sums = network(*inputs, F.one_hot(numbers, 10).float())
            loss = F.cross_entropy(digits, labels) + F.cross_entropy(sums, labels + numbers)
        else:
            loss = F.cross_entropy(network(*inputs), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _correct(case: Case, network: nn.Module) -> tuple[int, int]:
    """Return how many test images and how many pairs are right."""
    network.eval()
    test = images(case.assignment.dataset)
    digits = sums = 0
    with torch.no_grad():
        for start in range(0, COUNT, 100):
            labels, inputs = test.labels[start : start + 100], [_normalized(test.pixels[start : start + 100])]
            if not case.assignment.two_inputs:
                digits += int((network(*inputs).argmax(1) == labels).sum())
                continue
            right = torch.ones(100, dtype=torch.bool)
            for number in range(10):
                found, total = network(*inputs, F.one_hot(torch.full((100,), number), 10).float())
                right &= found.argmax(1) == labels
                sums += int((total.argmax(1) == labels + number).sum())
            digits += int(right.sum())
    return digits, sums


def _normalized(pixels: Tensor) -> Tensor:
    return ((pixels.float() / 255 - MEAN) / STD).contiguous(memory_format=torch.channels_last)
