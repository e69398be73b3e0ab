"""Session 4: the published network is the published one, layer for layer."""

import torch

from common.anatomy.network import anatomy, parameter_count
from tools.sessions import load

SESSION = load("session04")


def test_the_published_network_is_the_published_one() -> None:
    network = SESSION.build("published-10066")
    assert parameter_count(network) == 10_066
    traced = anatomy(network, torch.rand(2, 1, 28, 28))
    # The publication's own table: a convolution's parameters + those of its batch norm.
    assert [each.parameters for each in traced.operations if each.parameters] == [
        80,
        16,
        1168,
        32,
        2320,
        32,
        32,
        136,
        16,
        1168,
        32,
        4640,
        64,
        330,
    ]
    assert [
        each.output[1] for each in traced.operations if each.kind in ("convolution", "max pool", "global average")
    ] == [26, 24, 22, 11, 11, 9, 7, 1, 1]
    recipe = SESSION.recipes["published-10066"]
    assert (recipe.optimizer, recipe.lr, recipe.batch_size, recipe.epochs) == ("sgd", 0.1, 64, 17)


def test_under_20k_is_under_20k() -> None:
    assert parameter_count(SESSION.build("under-20k")) < 20_000
    assert SESSION.recipes["under-20k"].epochs == 19
