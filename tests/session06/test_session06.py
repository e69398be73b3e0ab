"""Session 6: one network, three normalisations, and a worked example that is right."""

import re

import pytest
import torch
from torch import nn

from common.anatomy.network import anatomy, parameter_count
from common.recipe import Recipe
from common.training import Trainer
from tests.conftest import REPOSITORY
from tests.tiny_session.model import build
from tests.tiny_session.train import data
from tools.sessions import load

SESSION = load("session06")


@pytest.mark.parametrize(
    ("run", "kind"),
    [("batch", "batch norm"), ("batch-l1", "batch norm"), ("layer", "layer norm"), ("group", "group norm")],
)
def test_only_the_named_normalization_runs_and_all_cost_the_same(run: str, kind: str) -> None:
    network = SESSION.build(run)
    assert parameter_count(network) == 9_042
    kinds = [each.kind for each in anatomy(network, torch.rand(2, 1, 28, 28)).operations if "norm" in each.kind]
    assert kinds == [kind] * 6


def test_the_three_runs_differ_in_what_they_should() -> None:
    recipes = SESSION.recipes
    assert {recipe.epochs for recipe in recipes.values()} == {20}
    assert recipes["batch-l1"].l1 > 0 == recipes["batch"].l1 == recipes["layer"].l1 == recipes["group"].l1


def numbers(row: str) -> list[list[float]]:
    return [[float(number) for number in cell.split(",")] for cell in row.split("|")]


def test_the_worked_example_is_what_torch_computes() -> None:
    text = (REPOSITORY / "session06" / "README.md").read_text()
    given = torch.tensor(
        [numbers(found) for found in re.findall(r"^\| image \d \|(.*)\|$", text, re.MULTILINE)], dtype=torch.float64
    )
    assert given.shape == (2, 4, 2)
    layers = {
        "batch norm": nn.BatchNorm2d(4, eps=1e-12),
        "layer norm": nn.GroupNorm(1, 4, eps=0),
        "group norm": nn.GroupNorm(2, 4, eps=0),
    }
    for name, layer in layers.items():
        shown = torch.tensor(
            [numbers(found) for found in re.findall(rf"^\| {name} \| \d \|(.*)\|$", text, re.MULTILINE)],
            dtype=torch.float64,
        )
        computed = layer.double()(given.unsqueeze(2)).squeeze(2).detach()
        torch.testing.assert_close(shown, computed, rtol=0, atol=0.005)


def test_the_costs_in_the_readme_are_the_costs() -> None:
    maps = [
        each.output
        for each in anatomy(SESSION.build("layer"), torch.rand(2, 1, 28, 28)).operations
        if "norm" in each.kind
    ]
    text = (REPOSITORY / "session06" / "README.md").read_text()
    channels = sum(parameter_count(nn.GroupNorm(1, each[0])) for each in maps)
    places = sum(parameter_count(nn.LayerNorm(each)) for each in maps)
    assert f"{channels} in the six layers" in text and f"{places:,} in this network" in text


def test_l1_is_in_the_gradient_of_kernels_and_of_nothing_else() -> None:
    def weights(l1: float) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)
        trainer = Trainer(
            build("tiny"),
            Recipe(epochs=1, lr=0.1, momentum=0.0, batch_size=100, l1=l1),
            data(100, 1),
            torch.device("cpu"),
        )
        before = {key: value.clone() for key, value in trainer.network.state_dict().items()}
        trainer.train_epoch(1)
        return {key: value - before[key] for key, value in trainer.network.state_dict().items()} | {
            "start": before["0.weight"]
        }

    without, with_l1 = weights(0.0), weights(0.01)
    pull = with_l1["0.weight"] - without["0.weight"]
    torch.testing.assert_close(pull, -0.1 * 0.01 * without["start"].sign(), rtol=1e-3, atol=1e-6)
    assert torch.equal(with_l1["1.weight"], without["1.weight"]) and torch.equal(with_l1["0.bias"], without["0.bias"])
