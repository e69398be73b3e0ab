"""Muon's steps, and what it takes them for."""

import pytest
import torch
from torch import nn

from common.muon import Muon, orthogonalized


@pytest.mark.parametrize("shape", [(4, 9), (16, 144), (32, 9)])
def test_a_step_changes_all_directions_alike(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    found = orthogonalized(matrix)
    assert found.shape == matrix.shape
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.6 and values.max() < 1.3
    # The singular vectors are those of the matrix: between them nothing but a diagonal is left.
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    between = left.T @ found @ right.T
    assert (between - between.diag().diag()).abs().max() < 1e-3


def test_only_kernels_that_a_normalisation_follows_are_orthogonalised() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 3, groups=4, bias=False), nn.Conv2d(4, 10, 1)
    )
    kernels, others = Muon(network, 0.02, 0.95, 0.01).param_groups
    assert kernels["kernels"] and kernels["params"] == [network[0].weight]
    assert not others["kernels"] and len(others["params"]) == 5


def test_steps_follow_the_rate_whatever_the_size_of_the_gradient() -> None:
    network = nn.Sequential(nn.Conv2d(8, 8, 3, bias=False), nn.Conv2d(8, 10, 1))
    before = [each.detach().clone() for each in network.parameters()]
    optimizer = Muon(network, 0.02, 0.95, 0.0)
    torch.manual_seed(0)
    for parameter in network.parameters():
        parameter.grad = 1000 * torch.randn_like(parameter)
    optimizer.step()
    muon, *adam = [(old - new).square().mean().sqrt() for old, new in zip(before, network.parameters(), strict=True)]
    # A fifth of the rate, to within what the singular values differ from 1; Adam's first step is the rate itself.
    assert 0.6 < muon / (0.2 * 0.02) < 1.3
    torch.testing.assert_close(torch.stack(adam), torch.full((2,), 0.02))
