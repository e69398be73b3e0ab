"""The cohorts' limits on CIFAR-10: session 7, and session 6 of ERA."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from checker.check import check_folder
from checker.cohorts import asked
from checker.means import Means
from checker.verdict import RunResult
from common.data import Images
from tests.checker.test_rules_of_session07 import COUNT, MODEL, TRAIN, set_weights
from tests.written_submission import tiles, write_submission


def cifar(monkeypatch: pytest.MonkeyPatch, mislabeled: int = 0) -> None:
    """Generated images in place of CIFAR-10's, of which so many have another label than they show."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (COUNT,), generator=generator)
    pixels = 128 + 80 * tiles()[labels].repeat(1, 3, 8, 8) + 10 * torch.randn(COUNT, 3, 32, 32, generator=generator)
    labels[:mislabeled] = (labels[:mislabeled] + 1) % 10
    monkeypatch.setattr(
        "checker.test_set.load_images",
        lambda dataset, split, folder: Images(pixels.clamp(0, 255).to(torch.uint8), labels),
    )


@pytest.fixture(autouse=True)
def generated_cifar(monkeypatch: pytest.MonkeyPatch) -> None:
    cifar(monkeypatch)


def checked(cohort: str, session: str, folder: Path, *rules: str) -> dict[str, RunResult]:
    assignment = asked(session, cohort)
    result = check_folder(
        assignment,
        folder,
        own=False,
        only_run=None,
        rules=list(rules) or assignment.every_rule,
        means=Means(),
        tell=lambda doing: None,
    )
    return {run.name: run for run in result.runs}


def missed(run: RunResult) -> dict[str, tuple[bool | None, str]]:
    return {
        rule.id: (rule.verdict.passed, rule.verdict.message) for rule in run.rules if rule.verdict.passed is not True
    }


def write(folder: Path, model: str = MODEL, train: str = TRAIN, epochs: int = 20) -> None:
    write_submission(folder, model=model, prepare=set_weights, epochs=epochs, channels=3, count=COUNT)
    (folder / "train.py").write_text(train)


OWN = 3 * 10 * 256 + 90 + 100 + 900 + 900 + 110


def of_size(count: int, model: str = MODEL, own: int = OWN) -> str:
    return model.replace(
        "self.classify =", f"self.spare = nn.Parameter(torch.zeros({count - own}))\n        self.classify ="
    )


@pytest.mark.parametrize(
    ("cohort", "count", "passed"),
    [
        ("eva4", 999_999, True),
        ("eva5", 1_000_000, False),
        ("eva6", 199_999, True),
        ("era", 200_000, False),
        ("eva7", 99_999, True),
        ("eva7", 100_000, False),
    ],
)
def test_sizes(tmp_path: Path, cohort: str, count: int, passed: bool) -> None:
    write(tmp_path, of_size(count))
    run = checked(cohort, "session07", tmp_path, "parameters")["mine"]
    assert run.rules[0].verdict.measured == count and run.passed is passed


@pytest.mark.parametrize(
    ("cohort", "session", "wrong", "passed"),
    [
        ("eva5", "session07", 200, True),
        ("eva5", "session07", 201, False),
        ("eva8", "session07", 150, True),
        ("eva8", "session07", 151, False),
        ("eva7", "session07", 130, True),
        ("eva7", "session07", 131, False),
        ("era", "session06", 300, True),
        ("era", "session06", 301, False),
    ],
)
def test_thresholds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cohort: str, session: str, wrong: int, passed: bool
) -> None:
    cifar(monkeypatch, mislabeled=wrong)
    for name in ("batch", "layer", "group") if session == "session06" else ("mine",):
        write_submission(tmp_path / name, model=MODEL, prepare=set_weights, name=name, channels=3, count=COUNT)
        (tmp_path / name / "runs" / name).rename(_runs(tmp_path) / name)
        (tmp_path / "model.py").write_text(MODEL)
    runs = checked(cohort, session, tmp_path, "sustained_accuracy")
    assert {run.passed for run in runs.values()} == {passed}
    assert {run.rules[0].verdict.measured for run in runs.values()} == {100 - wrong / 10}


def _runs(folder: Path) -> Path:
    (folder / "runs").mkdir(exist_ok=True)
    return folder / "runs"


def with_pools(count: int) -> str:
    pools = "".join("        x = F.max_pool2d(x, 3, 1, 1)\n" for _ in range(count))
    return MODEL.replace("        x = self.pointwise", f"{pools}        x = self.pointwise")


@pytest.mark.parametrize(("count", "passed"), [(0, True), (3, True), (4, False)])
def test_three_max_poolings_are_allowed(tmp_path: Path, count: int, passed: bool) -> None:
    write(tmp_path, with_pools(count))
    run = checked("eva4", "session07", tmp_path, "max_poolings")["mine"]
    assert run.passed is passed and f"{count} × max pool" in run.rules[0].verdict.message


def test_a_pooling_that_runs_for_two_views_is_one(tmp_path: Path) -> None:
    model = with_pools(3).replace("def forward(self, images):", "def once(self, images):")
    model = model.replace(
        "\ndef build(name):",
        "\n    def forward(self, images):\n"
        "        return self.once(images) + self.once(images.flip(3))\n\ndef build(name):",
    )
    write(tmp_path, model)
    run = checked("eva4", "session07", tmp_path, "max_poolings")["mine"]
    assert missed(run) == {}, missed(run)


def test_a_maximum_in_disguise_may_be_one_too_many(tmp_path: Path) -> None:
    model = MODEL.replace(
        "        x = self.pointwise", "        x = torch.maximum(x, x.roll(1, 2))\n        x = self.pointwise"
    )
    write(tmp_path, model)
    run = checked("eva4", "session07", tmp_path, "max_poolings")["mine"]
    assert run.passed is not True or run.rules[0].verdict.measured == 1


def test_session_7_of_eva_4_allows_pooling_and_eva_6_does_not(tmp_path: Path) -> None:
    write(tmp_path, with_pools(1))
    assert "no_max_pooling" not in missed(checked("eva4", "session07", tmp_path)["mine"])
    assert missed(checked("eva6", "session07", tmp_path, "no_max_pooling")["mine"])["no_max_pooling"][0] is False


# Two separable layers, and a map on which 56 pixels can be told from 48.
TWO = (
    MODEL.replace("stride=4,", "stride=4, padding=8,")
    .replace(
        "self.wide =",
        "self.depthwise2 = nn.Conv2d(10, 10, 3, padding=1, groups=10, bias=False)\n"
        "        self.pointwise2 = nn.Conv2d(10, 10, 1, bias=False)\n        self.wide =",
    )
    .replace("self.dilated(self.wide(x))", "self.dilated(self.wide(self.pointwise2(self.depthwise2(x))))")
)
GRAY = TRAIN.replace("A.HorizontalFlip(p=0.5),", "A.HorizontalFlip(p=0.5),\n        A.ToGray(p=0.2),")


def test_an_honest_submission_keeps_what_eva_7_asks(tmp_path: Path) -> None:
    write(tmp_path, TWO, GRAY)
    assert missed(checked("eva7", "session07", tmp_path)["mine"]) == {}


@pytest.mark.parametrize(
    ("model", "train", "rule", "words"),
    [
        (TWO, TRAIN, "grayscale", "there is no ToGray"),
        (TWO, GRAY.replace("ToGray(p=0.2)", "ToGray(p=0.01)"), "grayscale", "less than 5%"),
        (
            TWO.replace("self.depthwise2(x)", "self.wide(x)"),
            GRAY,
            "depthwise_separable",
            "depthwise alone",
        ),
    ],
    ids=["no grayscale", "hardly any grayscale", "one separable layer"],
)
def test_what_eva_7_asks_beyond(tmp_path: Path, model: str, train: str, rule: str, words: str) -> None:
    write(tmp_path, model, train)
    wrong = missed(checked("eva7", "session07", tmp_path)["mine"])
    assert set(wrong) == {rule} and wrong[rule][0] is False and words in wrong[rule][1], wrong


@pytest.mark.parametrize(("model", "sees", "passed"), [(TWO, 56, True), (MODEL, 48, False)])
def test_how_far_eva_7_must_see(tmp_path: Path, model: str, sees: int, passed: bool) -> None:
    write(tmp_path, model)
    run = checked("eva7", "session07", tmp_path, "receptive_field")["mine"]
    assert run.passed is passed and f"maps {sees}" in run.rules[0].verdict.message, run.rules[0].verdict.message
    assert checked("eva6", "session07", tmp_path, "receptive_field")["mine"].passed is True


# Session 6 of ERA ----------------------------------------------------------------------------------------------------

GROUPED = """
import torch
from torch import nn
import torch.nn.functional as F

class Network(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.tiles = nn.Conv2d(3, 10, 16, stride=4, bias=False)
        self.norm = norm
        self.classify = nn.Conv2d(10, 10, 1)

    def forward(self, images):
        x = torch.relu(self.norm(self.tiles(images)))
        return self.classify(F.adaptive_avg_pool2d(x, 1)).flatten(1)

def build(name):
    return Network({"batch": nn.BatchNorm2d(10), "layer": nn.GroupNorm(1, 10), "group": nn.GroupNorm(2, 10)}[name])
"""


def set_colored(network: nn.Module) -> None:
    with torch.no_grad():
        network.tiles.weight.copy_(tiles().repeat(1, 3, 4, 4) / 48)
        network.classify.weight.copy_(torch.eye(10).view(10, 10, 1, 1))
        network.classify.bias.zero_()


def write_three(folder: Path, change: Callable[[str], str] = lambda model: model, epochs: int = 20) -> None:
    for name in ("batch", "layer", "group"):
        write_submission(
            folder,
            model=change(GROUPED),
            prepare=set_colored,
            name=name,
            epochs=epochs,
            channels=3,
            count=COUNT,
        )


def pooled(count: int) -> Callable[[str], str]:
    pools = "".join("        x = x + 1e-3 * F.max_pool2d(x, 3, 1, 1)\n" for _ in range(count))
    return lambda model: model.replace("        return self.classify(", f"{pools}        return self.classify(")


def spare(count: int) -> Callable[[str], str]:
    own = 3 * 10 * 256 + 20 + 110
    return lambda model: of_size(count, model, own)


@pytest.mark.parametrize(
    ("change", "epochs", "broken"),
    [
        (pooled(2), 20, set()),
        (pooled(3), 20, {"max_poolings"}),
        (spare(49_999), 20, set()),
        (spare(50_000), 20, {"parameters"}),
        (pooled(0), 21, {"epochs"}),
        (
            lambda model: model.replace('"layer": nn.GroupNorm(1, 10)', '"layer": nn.BatchNorm2d(10)'),
            20,
            {"normalization"},
        ),
    ],
    ids=[
        "two poolings",
        "three poolings",
        "49,999",
        "50,000",
        "21 epochs",
        "a batch norm for a layer norm",
    ],
)
def test_session_6_of_era(tmp_path: Path, change: Callable[[str], str], epochs: int, broken: set[str]) -> None:
    write_three(tmp_path, change, epochs)
    runs = checked("era", "session06", tmp_path)
    assert set(runs) == {"batch", "layer", "group"}
    assert {id for run in runs.values() for id in missed(run)} == broken


def test_session_6_of_era_ends_in_an_average(tmp_path: Path) -> None:
    write_three(tmp_path, lambda model: model.replace("F.adaptive_avg_pool2d(x, 1)", "x.amax((2, 3), True)"))
    runs = checked("era", "session06", tmp_path, "global_average_pooling")
    assert {run.passed for run in runs.values()} == {False}
