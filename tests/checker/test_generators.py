"""What a few numbers generate counts as those few, and what nothing generates counts in full."""

import pytest
import torch

from checker.generators import generators

BINOMIAL = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0])
GAUSSIAN = torch.exp(-((torch.arange(7) - 3.0) ** 2) / 4.5)
ROWS, COLUMNS = torch.meshgrid(torch.linspace(-1, 1, 12), torch.linspace(-1, 1, 12), indexing="ij")
RANDOM = torch.randn(8, 1, 3, 3, generator=torch.Generator().manual_seed(0))
FEW = {
    "ones": torch.ones(3, 4),
    "a ramp": torch.arange(49.0),
    "coordinates": torch.stack([ROWS, COLUMNS])[None],
    "coordinates and a radius": torch.stack([ROWS, COLUMNS, (ROWS**2 + COLUMNS**2).sqrt()]),
    "a blur for each channel": (BINOMIAL[:, None] * BINOMIAL / 256).expand(8, 1, 5, 5),
    "a Gaussian": GAUSSIAN[:, None] * GAUSSIAN,
    "Sobel": torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]),
    "an identity": torch.eye(16),
    "Laplace": torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]),
    "a triangle": torch.ones(9, 9).tril(),
    "a mask for attention": torch.zeros(9, 9).masked_fill(torch.ones(9, 9).triu(1).bool(), -torch.inf),
    "indices of a triangle": torch.triu_indices(9, 9, 1),
    "rows of a triangle's indices": torch.tril_indices(9, 9)[0],
    "nothing": torch.zeros(0),
    "the same few again": torch.tensor([0.3, 0.7]).repeat(40),
}
FULL = {
    "random numbers": RANDOM,
    "random signs": RANDOM.sign(),
    "random choices of three": (3 * RANDOM).round().clamp(-1, 1),
    "sines": torch.sin(12.9 * torch.arange(64)),
    "fractions": (torch.arange(64) * 0.618).frac(),
    "three means": torch.tensor([0.49, 0.48, 0.44]),
    "a permutation": torch.randperm(64, generator=torch.Generator().manual_seed(0)),
}


@pytest.mark.parametrize("name", FEW)
def test_a_few_numbers_generate_it(name: str) -> None:
    assert len(generators(FEW[name], "x")) <= 5


@pytest.mark.parametrize("name", FULL)
def test_it_counts_in_full(name: str) -> None:
    assert len(generators(FULL[name], "x")) == FULL[name].numel()
