"""What a run leaves beside its weights: curves that say what they show, and a layer table of 80 columns."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from common.augment import Affine
from common.run import pictures
from common.summary import summary
from tests.tiny_session.train import SESSION


@pytest.mark.parametrize(("augmentations", "label"), [((), "train"), ((Affine(degrees=5),), "train (as augmented)")])
def test_curves_are_called_augmented_where_images_were(
    augmentations: tuple, label: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {}
    monkeypatch.setattr("common.figures.curves", lambda *named, train: given.setdefault("train", train).encode())
    monkeypatch.setattr("common.figures.misclassified", lambda *named: b"")
    task = SimpleNamespace(also=(), evaluate=lambda *named: SimpleNamespace(predictions=torch.zeros(1)))
    recipe = replace(SESSION.recipes[SESSION.main], augmentations=augmentations)
    pictures(replace(SESSION, task=task, augmentation=None), "run", recipe, [], nn.Identity(), torch.zeros(1))
    assert given["train"] == label


def test_a_layer_table_fits_80_columns() -> None:
    class ConvolutionWithAnExcessivelyLongName(nn.Conv2d):
        pass

    layers = [nn.Sequential(nn.Conv2d(16 if number else 1, 16, 3, padding=1), nn.ReLU()) for number in range(6)]
    network = nn.Sequential(
        *layers, ConvolutionWithAnExcessivelyLongName(16, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    lines = summary(network, (1, 28, 28)).splitlines()
    assert max(map(len, lines)) <= 80
    (long,) = [line for line in lines if "ConvolutionWith" in line]
    assert "…-" in long and "170" in long and "13×13" in long
