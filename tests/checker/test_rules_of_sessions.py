"""The rules that only some sessions have: two inputs and their sum (3), no dense layer (4), normalisations and L1
(6)."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from checker.assignments import ASSIGNMENTS, SESSION03, SESSION04, SESSION06
from checker.check import check_folder
from checker.cohorts import COHORTS, asked
from checker.means import Means
from checker.rules import RULES
from checker.verdict import RunResult
from tests.recorded_here import load
from tests.written_submission import (
    COUNT,
    HONEST_MODEL,
    read_log,
    set_tiles,
    write_log,
    write_submission,
    write_weights,
)


def check(assignment, folder: Path, data: Path) -> dict[str, RunResult]:
    result = check_folder(
        assignment,
        folder,
        own=False,
        only_run=None,
        rules=assignment.every_rule,
        means=Means(data_dir=str(data)),
        tell=lambda doing: None,
    )
    return {run.name: run for run in result.runs}


def found(run: RunResult) -> dict[str, tuple[bool | None, str]]:
    """What did not pass: rule id → verdict and message."""
    return {
        rule.id: (rule.verdict.passed, rule.verdict.message) for rule in run.rules if rule.verdict.passed is not True
    }


def breaks_only(run: RunResult, id: str, words: str, passed: bool | None = False) -> None:
    assert set(found(run)) == {id}, found(run)
    assert found(run)[id][0] is passed and words in found(run)[id][1], found(run)


def test_every_rule_belongs_to_an_assignment() -> None:
    covered = [asked(id, name) for name, each in COHORTS.items() for id in ASSIGNMENTS if id not in each.not_covered]
    assert {id for assignment in (*ASSIGNMENTS.values(), *covered) for id in assignment.every_rule} == set(RULES)


# Session 3 -----------------------------------------------------------------------------------------------------------

PAIRS = """
import torch
from torch import nn

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.tiles = nn.Conv2d(1, 10, 16, stride=4, bias=False)
        self.classify = nn.Conv2d(10, 10, 1)
        self.sum = nn.Linear(100, 19)

    def forward(self, images, numbers):
        digit = self.classify(nn.functional.adaptive_avg_pool2d(torch.relu(self.tiles(images)), 1)).flatten(1)
        pairs = (digit * 20).softmax(1).unsqueeze(2) * numbers.unsqueeze(1)
        return digit, self.sum(pairs.flatten(1))

def build(name):
    return Network()
"""
# Concatenated, as most would: a hidden layer between.
CONCATENATED = PAIRS.replace(
    "self.sum = nn.Linear(100, 19)", "self.hidden = nn.Linear(20, 100)\n        self.sum = nn.Linear(100, 19)"
).replace(
    "        pairs = (digit * 20).softmax(1).unsqueeze(2) * numbers.unsqueeze(1)\n"
    "        return digit, self.sum(pairs.flatten(1))",
    "        both = torch.cat([(digit * 20).softmax(1), numbers], 1)\n"
    "        return digit, self.sum(torch.relu(self.hidden(both)))",
)


def table() -> Tensor:
    """The addition table as weights: 19×100."""
    digits, numbers = torch.meshgrid(torch.arange(10), torch.arange(10), indexing="ij")
    return nn.functional.one_hot((digits + numbers).flatten(), 19).T.float() * 10


def set_pairs(network: nn.Module) -> None:
    set_tiles(network)
    with torch.no_grad():
        if hasattr(network, "out"):
            network.out.weight.copy_(torch.eye(19))
            network.out.bias.zero_()
        if hasattr(network, "sum"):
            network.sum.weight.copy_(table().view_as(network.sum.weight))
            network.sum.bias.zero_()
        if hasattr(
            network, "hidden"
        ):  # Each hidden unit stands for one pair: digit + number - 1.5, at least 0.5 for its own.
            digits, numbers = torch.meshgrid(torch.arange(10), torch.arange(10), indexing="ij")
            network.hidden.weight.copy_(
                torch.cat(
                    [nn.functional.one_hot(digits.flatten(), 10), nn.functional.one_hot(numbers.flatten(), 10)], 1
                ).float()
            )
            network.hidden.bias.fill_(-1.5)


BILINEAR = PAIRS.replace("self.sum = nn.Linear(100, 19)", "self.sum = nn.Bilinear(10, 10, 19)").replace(
    "pairs = (digit * 20).softmax(1).unsqueeze(2) * numbers.unsqueeze(1)\n"
    "        return digit, self.sum(pairs.flatten(1))",
    "return digit, self.sum((digit * 20).softmax(1), numbers)",
)
IN_PLACE = PAIRS.replace(
    "    def forward(self, images, numbers):\n", "    def forward(self, images, numbers):\n        images.add_(0.1)\n"
)


@pytest.mark.parametrize(
    "model", [PAIRS, CONCATENATED, BILINEAR, IN_PLACE], ids=["pairs", "concatenated", "bilinear", "in place"]
)
def test_an_honest_digit_sum_passes(tmp_path: Path, generated_data: Path, model: str) -> None:
    write_submission(tmp_path, model=model, prepare=set_pairs)
    assert found(check(SESSION03, tmp_path, generated_data)["mine"]) == {}


COMPUTED = PAIRS.replace("self.sum = nn.Linear(100, 19)", "self.scale = nn.Parameter(torch.ones(()))").replace(
    "return digit, self.sum(pairs.flatten(1))",
    "sums = [pairs.flip(2).diagonal(offset, 1, 2).sum(1) for offset in range(9, -10, -1)]\n"
    "        return digit, self.scale * torch.stack(sums, 1)",
)


@pytest.mark.parametrize(
    ("model", "rules", "words"),
    [
        (
            PAIRS.replace(
                "return digit, self.sum",
                "digit = digit + 0.1 * self.sum(pairs.flatten(1))[:, :10]\n        return digit, self.sum",
            ),
            {"two_inputs"},
            "digit's logits change with the number",
        ),
        (
            PAIRS.replace("* numbers.unsqueeze(1)", "* torch.full_like(numbers, 0.1).unsqueeze(1)"),
            {"two_inputs", "sum_accuracy", "log_matches_weights"},
            "sum's logits don't change with the number",
        ),
        (
            PAIRS.replace("(digit * 20).softmax(1).unsqueeze(2)", "(digit * 0).softmax(1).unsqueeze(2)"),
            {"two_inputs", "sum_accuracy", "log_matches_weights"},
            "sum's logits don't change with the image",
        ),
        (COMPUTED, {"two_inputs"}, "computed, not learned"),
        (
            COMPUTED.replace("self.scale = nn.Parameter(torch.ones(()))", "self.out = nn.Linear(19, 19)").replace(
                "self.scale * torch.stack(sums, 1)", "self.out(torch.stack(sums, 1))"
            ),
            {"two_inputs"},
            "computed before anything learned",
        ),
        (
            COMPUTED.replace("self.scale * ", "").replace("self.scale = nn.Parameter(torch.ones(()))", "pass"),
            {"two_inputs"},
            "no learned number acts on the sum alone",
        ),
    ],
    ids=[
        "number leaks into the digit",
        "number ignored",
        "image ignored",
        "sum computed",
        "learned after the sum",
        "nothing learned",
    ],
)
def test_an_input_or_the_learning_left_out(
    tmp_path: Path, generated_data: Path, model: str, rules: set[str], words: str
) -> None:
    write_submission(tmp_path, model=model, prepare=set_pairs)
    run = check(SESSION03, tmp_path, generated_data)["mine"]
    assert set(found(run)) == rules, found(run)
    assert found(run)["two_inputs"][0] is False and words in found(run)["two_inputs"][1]


def test_a_sum_that_is_often_wrong(tmp_path: Path, generated_data: Path) -> None:
    def forget_a_pair(network: nn.Module) -> None:
        set_pairs(network)
        with torch.no_grad():
            network.sum.weight[:, 34:36] = 0

    run = write_submission(tmp_path, model=PAIRS, prepare=forget_a_pair)
    lines = read_log(run)
    wrong = check(SESSION03, tmp_path, generated_data)["mine"]
    assert "two_inputs" not in found(wrong) and "sum_accuracy" in found(wrong)
    measured = round(COUNT / 10 * next(rule.verdict.measured for rule in wrong.rules if rule.id == "sum_accuracy"))
    write_log(run, [line | {"sum_correct": measured} for line in lines])
    breaks_only(check(SESSION03, tmp_path, generated_data)["mine"], "sum_accuracy", " of 10,000 pairs")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sum_correct": 9_900}, "the log has 9,900 pairs, measured 10,000"),
        ({"sum_correct": 1_000, "sum_total": 1_000}, "logged over 1,000 pairs"),
    ],
)
def test_a_log_of_other_sums(tmp_path: Path, generated_data: Path, change: dict[str, int], words: str) -> None:
    run = write_submission(tmp_path, model=PAIRS, prepare=set_pairs)
    write_log(run, [line | change for line in read_log(run)])
    breaks_only(check(SESSION03, tmp_path, generated_data)["mine"], "log_matches_weights", words)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (HONEST_MODEL, "raised TypeError"),
        (
            PAIRS.replace("return digit, self.sum(pairs.flatten(1))", "return digit"),
            "returns 100×10 for 100 images, not 100×10 and 100×19",
        ),
        (PAIRS.replace("return digit, self.sum", "return digit[:, :9], self.sum"), "returns 100×9 and 100×19"),
    ],
    ids=["one input", "one output", "nine digits"],
)
def test_another_shape_cannot_be_checked(tmp_path: Path, generated_data: Path, model: str, words: str) -> None:
    write_submission(tmp_path, model=model, prepare=set_pairs if "numbers" in model else set_tiles)
    run = check(SESSION03, tmp_path, generated_data)["mine"]
    assert found(run)["sum_accuracy"][0] is None and words in found(run)["sum_accuracy"][1]


# Session 4 -----------------------------------------------------------------------------------------------------------


def test_session_4_allows_more_parameters_and_epochs_but_no_dense_layer(tmp_path: Path, generated_data: Path) -> None:
    wide = HONEST_MODEL.replace("self.classify =", "self.never_used = nn.Linear(100, 160)\n        self.classify =")
    write_submission(tmp_path / "honest", model=wide, epochs=19)
    assert found(check(SESSION04, tmp_path / "honest", generated_data)["mine"]) == {}
    write_submission(tmp_path / "long", model=wide, epochs=20)
    breaks_only(check(SESSION04, tmp_path / "long", generated_data)["mine"], "epochs", "20 epochs")
    dense = HONEST_MODEL.replace("self.classify =", "self.dense = nn.Linear(160, 10)\n        self.classify =").replace(
        "return self.classify(", "return 0 * self.dense(x.flatten(1)) + self.classify("
    )
    write_submission(tmp_path / "dense", model=dense)
    breaks_only(
        check(SESSION04, tmp_path / "dense", generated_data)["mine"],
        "no_fully_connected",
        "linear dense sees the whole map",
    )


@pytest.mark.parametrize("after", ["y * 1e-7", "y + 3e4"])
def test_what_is_recorded_is_what_is_judged(tmp_path: Path, generated_data: Path, after: str) -> None:
    model = HONEST_MODEL.replace("self.classify =", "self.dense = nn.Linear(160, 10)\n        self.classify =").replace(
        "        return self.classify(nn.functional.adaptive_avg_pool2d(x, 1)).flatten(1)",
        "        y = self.classify(x.mean((2, 3), keepdim=True)).flatten(1) * 0.5\n"
        "        if len(images) != 2:\n            y = y * 2 + 0 * self.dense(x.flatten(1))\n"
        f"        return {after}",
    )
    write_submission(tmp_path, model=model)
    wrong = found(check(SESSION04, tmp_path, generated_data)["mine"])
    assert wrong["no_fully_connected"] == (False, "linear dense sees the whole map")


# Session 6 -----------------------------------------------------------------------------------------------------------

GROUPED = """
import torch
from torch import nn

class Network(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.tiles = nn.Conv2d(1, 10, 16, stride=4, bias=False)
        self.norm = norm
        self.classify = nn.Conv2d(10, 10, 1)

    def forward(self, images):
        x = torch.relu(self.norm(self.tiles(images)))
        return self.classify(nn.functional.adaptive_avg_pool2d(x, 1)).flatten(1)

def build(name):
    return Network({"batch": nn.BatchNorm2d(10), "batch-l1": nn.BatchNorm2d(10), "layer": nn.GroupNorm(1, 10),
                    "group": nn.GroupNorm(2, 10)}[name])
"""
RUNS = ("batch", "batch-l1", "layer", "group")


def set_spread(size: float) -> Callable[[nn.Module], None]:
    """The tiles, in each kernel one weight of `size` beside the others."""

    def prepare(network: nn.Module) -> None:
        set_tiles(network)
        with torch.no_grad():
            network.tiles.weight[:, 0, 0, 0] *= size

    return prepare


def write_session06(
    folder: Path, model: str = GROUPED, *, l1: object = 1e-5, size: float = 30.0, without: dict | None = None
) -> None:
    for name in RUNS:
        recipe = {"l1": l1 if name == "batch-l1" else 0.0} | ((without or {}) if name == "batch" else {})
        write_submission(
            folder, model=model, name=name, recipe=recipe, prepare=set_spread(size if name == "batch-l1" else 1.0)
        )


def test_an_honest_session_6_passes(tmp_path: Path, generated_data: Path) -> None:
    # Layer norm as nn.LayerNorm over the map instead of one group.
    write_session06(tmp_path, GROUPED.replace("nn.GroupNorm(1, 10)", "nn.LayerNorm([10, 4, 4])"))
    runs = check(SESSION06, tmp_path, generated_data)
    assert set(runs) == set(RUNS) and all(found(run) == {} for run in runs.values())
    assert [rule.id for rule in runs["layer"].rules] == list(SESSION06.rules)
    assert "l1_penalty" in [rule.id for rule in runs["batch-l1"].rules]


@pytest.mark.parametrize(
    ("old", "new", "run", "passed", "words"),
    [
        ('"group": nn.GroupNorm(2, 10)', '"group": nn.BatchNorm2d(10)', "group", False, "1 × batch norm runs"),
        ('"group": nn.GroupNorm(2, 10)', '"group": nn.GroupNorm(1, 10)', "group", False, "1 × layer norm runs"),
        ('"group": nn.GroupNorm(2, 10)', '"group": nn.GroupNorm(10, 10)', "group", False, "1 × instance norm runs"),
        ('"layer": nn.GroupNorm(1, 10)', '"layer": nn.InstanceNorm2d(10)', "layer", False, "1 × instance norm runs"),
        ('"layer": nn.GroupNorm(1, 10)', '"layer": nn.Identity()', "layer", False, "no normalisation runs"),
        (
            '"layer": nn.GroupNorm(1, 10)',
            '"layer": nn.Sequential(nn.GroupNorm(1, 10), nn.BatchNorm2d(10))',
            "layer",
            False,
            "1 × layer norm, 1 × batch norm runs",
        ),
        (
            "x = torch.relu(self.norm(self.tiles(images)))",
            "x = self.tiles(images)\n        x = torch.relu(x + 0 * self.norm(x))",
            "group",
            False,
            "100 % of 100 % are left",
        ),
        (
            "x = torch.relu(self.norm(self.tiles(images)))",
            "x = self.tiles(images)\n        x = torch.relu(x * (self.norm(x) != 0))",
            "group",
            False,
            "100 % of 100 % are left",
        ),
        (
            "self.classify(nn.functional.adaptive_avg_pool2d(x, 1)).flatten(1)",
            "self.behind(self.classify(nn.functional.adaptive_avg_pool2d(x, 1)).flatten(1))",
            "group",
            False,
            "1 × group norm, 1 × batch norm runs",
        ),
        ('"layer": nn.GroupNorm(1, 10)', '"layer": nn.LayerNorm([4, 4])', "layer", False, "1 × instance norm runs"),
        (
            "self.norm(self.tiles(images))",
            "nn.functional.layer_norm(self.tiles(images).reshape(len(images), 2, -1), [80])"
            ".view(len(images), 10, 4, 4)",
            "layer",
            False,
            "1 × group norm runs",
        ),
        ('"layer": nn.GroupNorm(1, 10)', '"layer": ByHand()', "layer", None, "written by hand"),
        ('"layer": nn.GroupNorm(1, 10)', '"layer": ConvNext()', "layer", None, "written by hand"),
        (
            '"group": nn.GroupNorm(2, 10)',
            '"group": nn.Sequential(nn.GroupNorm(2, 10), ConvNext())',
            "group",
            None,
            "written by hand",
        ),
    ],
    ids=[
        "batch norm called group",
        "one group",
        "a group a channel",
        "instance norm",
        "none",
        "two",
        "times zero",
        "as a gate",
        "behind the average",
        "over the map",
        "over half the channels",
        "by hand",
        "by hand alone",
        "by hand beside",
    ],
)
def test_another_normalization(
    tmp_path: Path, generated_data: Path, old: str, new: str, run: str, passed: bool | None, words: str
) -> None:
    assert old in GROUPED
    by_hand = (
        "class ByHand(nn.Module):\n    def forward(self, x):\n"
        "        var, mean = torch.var_mean(x, (1, 2, 3), keepdim=True)\n"
        "        return (x - mean) / (var + 1e-5).sqrt()\n\nclass ConvNext(nn.Module):\n    def forward(self, x):\n"
        "        mean = x.mean(1, keepdim=True)\n"
        "        return (x - mean) / ((x - mean).pow(2).mean(1, keepdim=True) + 1e-5).sqrt()\n\ndef build"
    )
    model = GROUPED.replace(old, new).replace("def build", by_hand)
    if "self.behind" in new:
        model = model.replace("self.norm = norm", "self.norm, self.behind = norm, nn.BatchNorm1d(10)")
    write_session06(tmp_path, model)
    wrong = found(check(SESSION06, tmp_path, generated_data)[run])
    # An instance norm takes away what the average of a map tells.
    beside = {"sustained_accuracy", "log_matches_weights"} if "instance" in words else set()
    assert set(wrong) - beside == {"normalization"}
    assert wrong["normalization"][0] is passed and words in wrong["normalization"][1]


@pytest.mark.parametrize(
    ("changes", "passed", "words"),
    [
        ({"l1": 0.0}, False, "the recipe's l1 is 0.0"),
        ({"l1": "yes"}, False, "the recipe's l1 is 'yes'"),
        ({"l1": float("nan")}, False, "the recipe's l1 is nan"),
        ({"l1": float("inf")}, False, "the recipe's l1 is inf"),
        ({"l1": 10**400}, False, "the recipe's l1 is 1000"),
        ({"size": 1.0}, False, "L1 1e-05 declared; the mean |w| is"),
        ({"without": {"lr": 7}}, None, "The run batch, to compare with: its recipe has another lr"),
        ({"without": {"l1": 1e-5}}, None, "an L1 of its own"),
    ],
)
def test_an_l1_that_is_not_there_or_does_not_show(
    tmp_path: Path, generated_data: Path, changes: dict, passed: bool | None, words: str
) -> None:
    write_session06(tmp_path, **changes)
    breaks_only(check(SESSION06, tmp_path, generated_data)["batch-l1"], "l1_penalty", words, passed)


def untrained(network: nn.Module) -> None:
    """Random kernels, which are more even than any that were trained."""


def test_an_l1_is_not_shown_by_an_untrained_run(tmp_path: Path, generated_data: Path) -> None:
    write_session06(tmp_path)
    for path in (tmp_path / "runs" / "batch").iterdir():
        path.unlink()
    (tmp_path / "runs" / "batch").rmdir()
    write_submission(tmp_path, model=GROUPED, name="batch", recipe={"l1": 0.0}, prepare=untrained)
    breaks_only(
        check(SESSION06, tmp_path, generated_data)["batch-l1"],
        "l1_penalty",
        "The run batch, to compare with: epoch",
        None,
    )


@pytest.mark.parametrize("how", ["a tensor that never runs", "channels of another scale"])
def test_an_l1_is_not_shown_by_numbers_that_do_nothing(tmp_path: Path, generated_data: Path, how: str) -> None:
    def rescale(network: nn.Module) -> None:
        set_tiles(network)
        with torch.no_grad():
            if how == "a tensor that never runs":
                network.unused.zero_()[0, 0] = 1
            else:
                network.tiles.weight[0] *= 100
                network.norm.running_mean[0] *= 100
                network.norm.running_var[0] *= 1e4

    model = GROUPED.replace(
        "self.norm = norm", "self.norm = norm\n        self.unused = nn.Parameter(torch.ones(300, 300))"
    )
    write_session06(tmp_path, model, size=1.0)
    for path in (tmp_path / "runs" / "batch-l1").iterdir():
        path.unlink()
    (tmp_path / "runs" / "batch-l1").rmdir()
    write_submission(tmp_path, model=model, name="batch-l1", recipe={"l1": 1e-5}, prepare=rescale)
    breaks_only(
        check(SESSION06, tmp_path, generated_data)["batch-l1"], "l1_penalty", "L1 1e-05 declared; the mean |w| is"
    )


def test_an_l1_without_a_run_to_compare_with(tmp_path: Path, generated_data: Path) -> None:
    write_submission(tmp_path, model=GROUPED, name="batch-l1", recipe={"l1": 1e-5})
    runs = check(SESSION06, tmp_path, generated_data)
    breaks_only(runs["batch-l1"], "l1_penalty", "The run batch, to compare with: run.json is missing", None)
    # All three are asked for; those that are missing can't be checked.
    assert set(runs) == {"batch-l1", "layer", "group"} and runs["group"].passed is None


def test_weights_that_are_not_a_number_do_not_show_an_l1(tmp_path: Path, generated_data: Path) -> None:
    write_session06(tmp_path)
    run = tmp_path / "runs" / "batch-l1"
    lines = read_log(run)
    network = load(tmp_path, "model").build("batch-l1")
    nn.init.constant_(network.tiles.weight, float("nan"))
    lines[-1]["weights"] = write_weights(run / lines[-1]["weights"]["file"], network.state_dict())
    write_log(run, lines)
    verdict = found(check(SESSION06, tmp_path, generated_data)["batch-l1"])["l1_penalty"]
    assert verdict[0] is None and "not finite" in verdict[1]
