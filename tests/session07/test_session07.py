"""Session 7: its networks and its pipeline keep the assignment's rules, and the loop trains on it."""

from dataclasses import replace

import pytest
import torch

from checker.augmentation import inspect, rebuilt
from common.anatomy.network import anatomy, parameter_count
from common.data import Images
from common.training import Trainer
from tools.sessions import load

SESSION = load("session07")


@pytest.mark.parametrize(
    ("run", "parameters", "receptive_field", "strided"), [("cifar10", 200_000, 44, 2), ("under-100k", 100_000, 52, 1)]
)
def test_the_networks_keep_the_rules(run: str, parameters: int, receptive_field: int, strided: int) -> None:
    network = SESSION.build(run).eval()
    assert parameter_count(network) < parameters
    traced = anatomy(network, torch.rand(2, 3, 32, 32))
    assert min(traced.receptive_field) > receptive_field and not any(
        each.kind == "max pool" for each in traced.operations
    )
    # Each layer runs twice: once for the image, once for its mirror image.
    convolutions = {each.weight_name: each for each in traced.operations if each.kind == "convolution"}
    assert 2 * len(convolutions) == sum(each.kind == "convolution" for each in traced.operations)
    assert sum(each.stride == (2, 2) for each in convolutions.values()) == strided
    assert sum(each.dilation == (2, 2) for each in convolutions.values()) == 2
    separable = [each for each in convolutions.values() if each.groups == each.weight[0] > 1]
    pointwise = frozenset().union(*(each.before for each in convolutions.values() if each.weight[2:] == (1, 1)))
    assert len(separable) >= 2 and {each.call for each in separable} == pointwise


def test_the_mirror_image_counts_in_evaluation_alone() -> None:
    network = SESSION.build("cifar10").eval()
    images = torch.rand(4, 3, 32, 32)
    with torch.no_grad():
        one, mirrored = network.network(images), network.network(images.flip(3))
        assert not torch.equal(one, mirrored)
        torch.testing.assert_close(network(images), (one + mirrored) / 2)
        assert torch.equal(network.train()(images), network.network(images))


def test_the_pipeline_keeps_the_rules() -> None:
    images = torch.randint(256, (100, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)).numpy()
    assert inspect(rebuilt(SESSION.augmentation().to_dict()), images, 16, (125.3, 123.0, 113.9)).problems == ()


def test_the_loop_learns_from_the_pipeline() -> None:
    labels = torch.arange(256) % 10
    images = Images((25 * labels).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 32, 32), labels)
    torch.manual_seed(0)
    recipe = replace(SESSION.recipes["cifar10"], epochs=6, lr=0.02, averaging=0.0)
    trainer = Trainer(SESSION.build("cifar10"), recipe, images, torch.device("cpu"), SESSION.task, SESSION.augmentation)
    losses = [trainer.train_epoch(epoch)["train_loss"] for epoch in range(1, 7)]
    assert losses[-1] < 0.6 * losses[0], losses
