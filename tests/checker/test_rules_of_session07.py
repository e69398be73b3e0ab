"""The rules of session 7: what is declared but does nothing, and augmentations that don't augment, don't count."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from checker import check
from checker.assignments import SESSION07
from checker.means import Means
from checker.verdict import RunResult
from common.data import Images
from tests.recorded_here import load
from tests.written_submission import tiles, write_submission

COUNT = 1_000
OUTER = 0.3  # Of each kernel's taps but the middle one: an identity would be no convolution.
MODEL = """
import torch
from torch import nn
import torch.nn.functional as F

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.tiles = nn.Conv2d(3, 10, 16, stride=4, bias=False)
        self.depthwise = nn.Conv2d(10, 10, 3, padding=1, groups=10, bias=False)
        self.pointwise = nn.Conv2d(10, 10, 1, bias=False)
        self.wide = nn.Conv2d(10, 10, 3, padding=1, bias=False)
        self.dilated = nn.Conv2d(10, 10, 3, padding=2, dilation=2, bias=False)
        self.classify = nn.Linear(10, 10)

    def forward(self, images):
        x = torch.relu(self.tiles(images))
        x = self.pointwise(self.depthwise(x))
        x = self.dilated(self.wide(x))
        return self.classify(x.mean((2, 3)))

def build(name):
    return Network()
"""
TRAIN = """
import albumentations as A
from model import build

def augmentation():
    return A.Compose([
        A.HorizontalFlip(p=0.5),
        A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=10, p=0.5),
        A.CoarseDropout(
            num_holes_range=(1, 1), hole_height_range=(16, 16), hole_width_range=(16, 16), fill=(125, 123, 114)
        ),
    ])
"""


def set_weights(network: nn.Module) -> None:
    """Every layer hands on what the first one detects."""
    with torch.no_grad():
        network.tiles.weight.copy_(tiles().repeat(1, 3, 4, 4) / 48)
        for name, layer in network.named_children():
            if name not in ("tiles", "classify", "square") and isinstance(layer, nn.Conv2d):
                layer.weight.zero_()
                middle = [side // 2 for side in layer.kernel_size]
                for channel in range(layer.weight.shape[0]):
                    # Of two outputs a channel the first one goes on.
                    source = channel * layer.in_channels // 10 if layer.groups == 1 else 0
                    layer.weight[channel, source] = OUTER
                    layer.weight[channel, source, *middle] = 1
                    if layer.kernel_size == (1, 1) and layer.groups == 1:  # Else no channels would be mixed.
                        layer.weight[channel, (source + 1) % layer.in_channels] = OUTER
                if layer.groups not in (1, layer.in_channels):
                    for channel in range(10):
                        layer.weight[channel].zero_()
                        layer.weight[channel, channel % layer.weight.shape[1]] = OUTER
                        layer.weight[channel, channel % layer.weight.shape[1], *middle] = 1
        network.classify.weight.copy_(torch.eye(10) * 10)
        network.classify.bias.zero_()


@pytest.fixture(autouse=True)
def generated_cifar(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(10, (COUNT,), generator=generator)
    pixels = 128 + 80 * tiles()[labels].repeat(1, 3, 8, 8) + 10 * torch.randn(COUNT, 3, 32, 32, generator=generator)
    monkeypatch.setattr(
        "checker.test_set.load_images",
        lambda dataset, split, folder: Images(pixels.clamp(0, 255).to(torch.uint8), labels),
    )


def found(
    folder: Path, model: str = MODEL, train: str | None = TRAIN, prepare: Callable[[nn.Module], None] = set_weights
) -> dict[str, tuple[bool | None, str]]:
    """Write a submission, check it, and return what did not pass: rule id → verdict and message."""
    write_submission(folder, model=model, prepare=prepare, epochs=20, channels=3, count=COUNT)
    if train is not None:
        (folder / "train.py").write_text(train)
    result = check.check_folder(
        SESSION07,
        folder,
        own=False,
        only_run=None,
        rules=SESSION07.every_rule,
        means=Means(),
        tell=lambda doing: None,
    )
    run: RunResult = result.runs[0]
    return {
        rule.id: (rule.verdict.passed, rule.verdict.message) for rule in run.rules if rule.verdict.passed is not True
    }


def test_an_honest_submission_passes(tmp_path: Path) -> None:
    assert found(tmp_path) == {}
    assert not (tmp_path / "__pycache__").exists()


def test_unusual_honest_ones_pass(tmp_path: Path) -> None:
    # One convolution is depthwise and dilated at once, has two outputs a channel, and is written as a function.
    model = (
        MODEL.replace("self.pointwise = nn.Conv2d(10,", "self.pointwise = nn.Conv2d(20,")
        .replace(
            "self.depthwise = nn.Conv2d(10, 10, 3, padding=1, groups=10, bias=False)",
            "self.depthwise = nn.Conv2d(10, 20, 3, padding=2, dilation=2, groups=10, bias=False)",
        )
        .replace("self.depthwise(x)", "F.silu(F.conv2d(x, self.depthwise.weight, padding=2, dilation=2, groups=10))")
        .replace("self.dilated(self.wide(x))", "self.wide(x)")
        .replace("        self.dilated = nn.Conv2d(10, 10, 3, padding=2, dilation=2, bias=False)\n", "")
        .replace("self.wide = nn.Conv2d(10, 10, 3, padding=1,", "self.wide = nn.Conv2d(10, 10, 5, padding=2,")
    )
    # The image is normalised before the hole is cut, which is then filled with the normalised mean.
    train = (
        TRAIN.replace(
            "A.CoarseDropout(",
            "A.Normalize(mean=(0.4914, 0.4822, 0.4465), std=(0.247, 0.243, 0.262)),\n        A.CoarseDropout(",
        )
        .replace("fill=(125, 123, 114)", "fill=0")
        .replace(
            "A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=10, p=0.5)",
            "A.Affine(translate_percent=(-0.1, 0.1), scale=(0.9, 1.1), rotate=(-10, 10), p=0.5)",
        )
        .replace("(16, 16)", "(0.5, 0.5)")
    )
    assert found(tmp_path, model, train) == {}


@pytest.mark.parametrize(
    ("old", "new", "rule", "words"),
    [
        (
            "groups=10, bias=False)",
            "groups=5, bias=False)",
            "depthwise_separable",
            "depthwise has 5 groups for 10 channels: grouped, not depthwise",
        ),
        (
            "self.pointwise(self.depthwise(x))",
            "self.wide(x)",
            "depthwise_separable",
            "no convolution has a group for each channel",
        ),
        (
            "self.pointwise(self.depthwise(x))",
            "x + 0 * self.pointwise(self.depthwise(x))",
            "depthwise_separable",
            "without depthwise the accuracy is the same",
        ),
        (
            "self.pointwise(self.depthwise(x))",
            "self.depthwise(x)",
            "depthwise_separable",
            "no 1×1 convolution follows depthwise",
        ),
        (
            "self.pointwise(self.depthwise(x))",
            "(lambda y: y + 0 * self.pointwise(y))(self.depthwise(x))",
            "depthwise_separable",
            "without the 1×1 convolution after depthwise the accuracy is the same",
        ),
        (
            "return self.classify(x.mean((2, 3)))",
            "x = self.depthwise(x).mean((2, 3), True)\n        return self.classify(self.pointwise(x).flatten(1))",
            "depthwise_separable",
            "no 1×1 convolution follows depthwise",
        ),
        (
            "nn.Conv2d(10, 10, 3, padding=1, groups=10, bias=False)",
            "nn.Conv2d(10, 10, 11, padding=5, groups=10, bias=False)",
            "depthwise_separable",
            "reaches beyond its 5×5 map",
        ),
        (
            "self.dilated(self.wide(x))",
            "self.wide(self.wide(self.wide(x)))",
            "dilated",
            "no convolution has a dilation",
        ),
        (
            "self.dilated(self.wide(x))",
            "(lambda y: y + 0 * self.dilated(y))(self.wide(x))",
            "dilated",
            "without dilated the accuracy is the same",
        ),
        (
            "nn.Conv2d(10, 10, 3, padding=2, dilation=2, bias=False)",
            "nn.Conv2d(10, 10, 1, dilation=2, bias=False)",
            "dilated",
            "dilated is 1×1: there is nothing to dilate",
        ),
        ("padding=2, dilation=2", "padding=5, dilation=5", "dilated", "dilated reaches beyond its 5×5 map"),
        (
            "x = self.pointwise(",
            "x = F.max_pool2d(x, 3, 1, 1)\n        x = self.pointwise(",
            "no_max_pooling",
            "1 × max pool to 10×5×5",
        ),
        ("x.mean((2, 3))", "x.amax((2, 3))", "no_max_pooling", "1 × max pool"),
        (
            "x = self.pointwise(",
            "x = F.pad(x, (0, 1, 0, 1))\n        x = torch.maximum(x[:, :, 1:, 1:], x[:, :, :-1, :-1])\n"
            "        x = self.pointwise(",
            "no_max_pooling",
            "1 × max pool to 10×5×5",
        ),
        (
            "x = self.pointwise(",
            "x = torch.clamp(x, min=x.roll(1, 3))\n        x = self.pointwise(",
            "no_max_pooling",
            "1 × max pool to 10×5×5",
        ),
        (
            "nn.Conv2d(10, 10, 3, padding=2, dilation=2, bias=False)",
            "nn.Conv2d(10, 10, (3, 1), padding=(1, 0), dilation=(1, 2), bias=False)",
            "dilated",
            "dilated is 3×1: there is nothing to dilate",
        ),
    ],
    ids=[
        "grouped",
        "never called",
        "times zero",
        "no pointwise",
        "pointwise times zero",
        "pointwise after the average",
        "kernel over the map",
        "no dilation",
        "dilated times zero",
        "1×1 dilated",
        "dilation over the map",
        "max pool",
        "maximum",
        "maximum by hand",
        "clamp",
        "dilated across its width",
    ],
)
def test_what_is_declared_but_does_nothing(tmp_path: Path, old: str, new: str, rule: str, words: str) -> None:
    assert old in MODEL
    wrong = found(tmp_path, MODEL.replace(old, new))
    # A map that is not averaged, and a layer less in the way of the receptive field or beyond the whole map, break
    # their own rules too.
    beside = {"global_average_pooling", "receptive_field"}
    assert set(wrong) - beside == {rule} and wrong[rule][0] is False and words in wrong[rule][1], wrong


@pytest.mark.parametrize(
    "shown",
    [
        "x",
        "x + 0 * self.wide(self.wide(self.wide(x)))",
        "x.add_(0 * self.wide(self.wide(x)))",
        "x * (1 + 1e-20 * self.wide(self.wide(x)))",
        "F.conv2d(x, self.wide.weight, padding=30, dilation=30)",
        "F.conv2d(F.pad(x, (30,) * 4), self.wide.weight, dilation=30)",
    ],
    ids=[
        "too small",
        "times zero",
        "times zero in place",
        "hardly anything",
        "over the map",
        "over the map, padded by hand",
    ],
)
def test_a_receptive_field_that_is_too_small(tmp_path: Path, shown: str) -> None:
    wrong = found(
        tmp_path, MODEL.replace("x = self.dilated(self.wide(x))", f"x = self.dilated(x)\n        x = {shown}")
    )
    assert set(wrong) == {"receptive_field"} and "40" in wrong["receptive_field"][1], wrong


@pytest.mark.parametrize(
    "shown",
    [
        "torch.maximum(x, self.wide(x.flip(3)).flip(3))",
        "torch.maximum(F.pad(x, (1,) * 4)[:, :, :-2, :-2], torch.zeros_like(x)).roll(1, 2)",
        "torch.where(x > 0, x, 0.1 * x)",
    ],
    ids=["of mirror images", "a ReLU by hand", "a leaky ReLU by hand"],
)
def test_a_maximum_that_pools_nothing(tmp_path: Path, shown: str) -> None:
    wrong = found(
        tmp_path,
        MODEL.replace("x = self.dilated(self.wide(x))", f"x = self.dilated(self.wide(x))\n        x = {shown}"),
    )
    # Whether maps that are shifted or mirrored behind the last window are averaged evenly, and how far they see, can't
    # be told.
    assert set(wrong) <= {"global_average_pooling", "receptive_field"} and all(
        passed is None for passed, _ in wrong.values()
    ), wrong


def test_layers_that_run_for_large_batches_only(tmp_path: Path) -> None:
    model = MODEL.replace(
        "x = self.pointwise(self.depthwise(x))",
        "many = float(len(x) == 1000)\n        x = (1 - many) * 2 * self.wide(self.wide(x)) "
        "+ many * self.pointwise(self.depthwise(x))",
    )
    assert "without depthwise the accuracy is the same" in found(tmp_path, model)["depthwise_separable"][1]


def test_layers_that_give_only_their_bias(tmp_path: Path) -> None:
    model = (
        MODEL.replace("groups=10, bias=False)", "groups=10)")
        .replace("dilation=2, bias=False)", "dilation=2)")
        .replace("self.pointwise(self.depthwise(x))", "self.wide(self.wide(x)) + self.pointwise(self.depthwise(0 * x))")
        .replace("self.dilated(self.wide(x))", "self.wide(self.wide(x)) + self.dilated(0 * x)")
    )

    def prepare(network: nn.Module) -> None:
        set_weights(network)
        with torch.no_grad():
            # The classifier takes back what the biases add.
            network.depthwise.bias.copy_(5 * torch.eye(10)[3])
            network.dilated.bias.copy_(5 * torch.eye(10)[4])
            network.classify.bias.copy_(-50 * (torch.eye(10)[3] + torch.eye(10)[4]))

    wrong = found(tmp_path, model, prepare=prepare)
    assert set(wrong) == {"depthwise_separable", "dilated"}
    assert "without depthwise the accuracy is the same" in wrong["depthwise_separable"][1]
    assert "without dilated the accuracy is the same" in wrong["dilated"][1]


@pytest.mark.parametrize(
    ("old", "new", "passed", "words"),
    [
        ("        A.HorizontalFlip(p=0.5),\n", "", False, "there is no HorizontalFlip"),
        (
            "A.HorizontalFlip(p=0.5)",
            "A.HorizontalFlip(p=0.0)",
            False,
            "HorizontalFlip is applied to less than 5% of the images",
        ),
        (
            "A.HorizontalFlip(p=0.5)",
            "A.OneOf([A.HorizontalFlip(p=1)], p=1e-12)",
            False,
            "HorizontalFlip is applied to less than 5%",
        ),
        (
            "num_holes_range=(1, 1), hole_height_range=(16, 16)",
            "num_holes_range=(1, 1), p=1e-12, hole_height_range=(16, 16)",
            False,
            "CoarseDropout is applied to less",
        ),
        (
            "A.HorizontalFlip(p=0.5)",
            "A.OneOf([A.HorizontalFlip(p=1)] + 199 * [A.NoOp(p=1)], p=1)",
            False,
            "HorizontalFlip is applied to less than 5%",
        ),
        ("shift_limit=0.1", "shift_limit=0", False, "ShiftScaleRotate shifts next to nothing"),
        ("scale_limit=0.1", "scale_limit=0", False, "ShiftScaleRotate scales next to nothing"),
        ("rotate_limit=10", "rotate_limit=0", False, "ShiftScaleRotate rotates next to nothing"),
        (
            "A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=10, p=0.5)",
            "A.VerticalFlip()",
            False,
            "there is no ShiftScaleRotate",
        ),
        ("hole_height_range=(16, 16)", "hole_height_range=(8, 8)", False, "the hole is 8×16, not 16×16"),
        ("num_holes_range=(1, 1)", "num_holes_range=(3, 3)", False, "CoarseDropout cuts no single hole"),
        (
            "A.CoarseDropout(",
            "A.CoarseDropout(num_holes_range=(8, 8), p=0.5),\n        A.CoarseDropout(",
            False,
            "2 CoarseDropouts cut holes",
        ),
        (
            "hole_height_range=(16, 16)",
            "hole_height_range=(15, 16)",
            False,
            "CoarseDropout cuts no single hole of one size",
        ),
        ("fill=(125, 123, 114)", "fill=0", False, "the hole is filled with 0, 0, 0, not with the mean 125, 123, 114"),
        (
            "fill=(125",
            "fill_value=(125",
            False,
            "the mean 125, 123, 114; albumentations 2 ignores fill_value (now fill)",
        ),
        ("fill=(125, 123, 114)", "fill='random'", False, "the hole is filled with random"),
        ("return A.Compose(", "return list(", None, "Describing augmentation() of train.py as data raised"),
        ("def augmentation()", "def transforms()", None, "has no function augmentation()"),
        (
            "def augmentation()",
            "raise RuntimeError('trains at once')\ndef augmentation()",
            None,
            "raised RuntimeError: trains at once",
        ),
        ("    return A.Compose(", "    1 / 0\n    return A.Compose(", None, "raised ZeroDivisionError"),
    ],
)
def test_augmentations_that_do_not_augment(tmp_path: Path, old: str, new: str, passed: bool | None, words: str) -> None:
    assert old in TRAIN
    wrong = found(tmp_path, train=TRAIN.replace(old, new))
    assert (
        set(wrong) == {"augmentations"} and wrong["augmentations"][0] is passed and words in wrong["augmentations"][1]
    ), wrong


@pytest.mark.parametrize(
    "flip",
    ["A.OneOf([A.HorizontalFlip(p=0.01), A.NoOp(p=0.01)], p=1)", "A.SomeOf([A.HorizontalFlip(p=0.5), A.NoOp()], n=1)"],
)
def test_a_transform_among_others(tmp_path: Path, flip: str) -> None:
    assert found(tmp_path, train=TRAIN.replace("A.HorizontalFlip(p=0.5)", flip)) == {}


def test_another_affine_transform_and_no_dropout_beside_the_right_ones(tmp_path: Path) -> None:
    train = TRAIN.replace(
        "A.ShiftScaleRotate(", "A.Affine(shear=(-5, 5), p=0.5),\n        A.ShiftScaleRotate("
    ).replace("A.CoarseDropout(", "A.CoarseDropout(p=0.0),\n        A.CoarseDropout(")
    assert found(tmp_path, train=train) == {}


@pytest.mark.parametrize(
    ("recorded", "passed", "evidence"),
    [
        ("same", True, "recorded"),
        ("other", False, "recorded"),
        (None, True, "declared"),
        ("without train.py", True, "recorded"),
        ("other without train.py", False, "recorded"),
    ],
)
def test_the_record_must_tell_of_the_same_pipeline(
    tmp_path: Path, recorded: str | None, passed: bool, evidence: str
) -> None:
    run = write_submission(tmp_path, model=MODEL, prepare=set_weights, epochs=5, channels=3, count=COUNT)
    (tmp_path / "train.py").write_text(TRAIN)
    if recorded is not None:
        description = load(tmp_path, "train").augmentation().to_dict() | {"__version__": "another"}
        if "other" in recorded:
            description["transform"]["transforms"].pop(0)
        record = json.loads((run / "run.json").read_text()) | {"augmentation": description}
        (run / "run.json").write_text(json.dumps(record))
        if "without" in recorded:
            (tmp_path / "train.py").unlink()
    result = check.check_folder(
        SESSION07,
        tmp_path,
        own=False,
        only_run=None,
        rules=["augmentations"],
        means=Means(),
        tell=lambda doing: None,
    )
    verdict = result.runs[0].rules[0].verdict
    assert (verdict.passed, verdict.evidence) == (passed, evidence), verdict


def test_one_submission_does_not_see_the_neighbours_of_another(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "train.py").write_text("from transforms_of_mine import augmentation\n")
        (tmp_path / name / "transforms_of_mine.py").write_text(f"def augmentation():\n    return {name!r}\n")
    assert [load(tmp_path / name, "train").augmentation() for name in ("first", "second")] == ["first", "second"]


def test_no_train_script(tmp_path: Path) -> None:
    wrong = found(tmp_path, train=None)
    assert (
        set(wrong) == {"augmentations"}
        and wrong["augmentations"][0] is None
        and "There is no" in wrong["augmentations"][1]
    )


def separable_layers(folder: Path, model: str, count: int) -> tuple[bool | None, object]:
    """Write a submission and return whether it has `count` depthwise-separable layers, and how many it has."""
    write_submission(folder, model=model, prepare=set_weights, epochs=5, channels=3, count=COUNT)
    assignment = replace(SESSION07, rules={"depthwise_separable": {"count": count}}, runs={})
    result = check.check_folder(
        assignment,
        folder,
        own=False,
        only_run=None,
        rules=["depthwise_separable"],
        means=Means(),
        tell=lambda doing: None,
    )
    verdict = result.runs[0].rules[0].verdict
    return verdict.passed, verdict.measured


def test_a_layer_that_runs_twice_is_one_layer(tmp_path: Path) -> None:
    twice = MODEL.replace(
        "x = self.pointwise(self.depthwise(x))", "x = self.pointwise(self.depthwise(self.pointwise(self.depthwise(x))))"
    )
    assert separable_layers(tmp_path / "twice", twice, 2) == (False, 1)
    two = MODEL.replace(
        "x = self.pointwise(self.depthwise(x))", "x = self.pointwise(self.second(self.pointwise(self.depthwise(x))))"
    ).replace(
        "        self.wide =",
        "        self.second = nn.Conv2d(10, 10, 3, padding=1, groups=10, bias=False)\n        self.wide =",
    )
    assert separable_layers(tmp_path / "two", two, 2) == (True, 2)


def test_a_network_that_looks_twice(tmp_path: Path) -> None:
    looks = MODEL.replace(
        "    def forward(self, images):\n",
        "    def forward(self, images):\n        return self.look(images) + self.look(images.roll(8, 3))\n\n"
        "    def look(self, images):\n",
    )
    assert found(tmp_path, looks) == {}
    assert separable_layers(tmp_path / "again", looks, 1) == (True, 1)
