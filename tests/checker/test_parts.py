"""Parts of an image: views that are treated alike are none, and which is which tells places apart."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from checker.experiments.parts import parts_exchanged
from checker.rules.anatomy import ALIKE
from common.anatomy.record import record
from common.anatomy.weights import fill


class Seeing(nn.Module):
    """One convolution, and what `how` makes of its averages over parts of the image."""

    def __init__(self, how: Callable[["Seeing", Tensor], Tensor]) -> None:
        super().__init__()
        self.how = how
        self.stem, self.gray = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(1, 8, 3, padding=1)
        self.one, self.two, self.three = nn.Linear(8, 10), nn.Linear(16, 10), nn.Linear(24, 10)

    def averages(self, part: Tensor) -> Tensor:
        return self.stem(part).relu().mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        return self.how(self, images)


def quarters(images: Tensor) -> list[Tensor]:
    return [images[:, :, row : row + 8, column : column + 8] for row in (0, 8) for column in (0, 8)]


ALIKE_PARTS = {
    "the image": lambda n, x: n.one(n.averages(x)),
    "shifts, averaged": lambda n, x: n.one(n.averages(x[:, :, 1:]) + n.averages(x[:, :, :-1])),
    "its mirror image": lambda n, x: n.two(torch.cat([n.averages(x), n.averages(x.flip(3))], 1)),
    "its channels": lambda n, x: n.three(
        torch.cat([n.gray(x[:, channel : channel + 1]).relu().mean((2, 3)) for channel in range(3)], 1)
    ),
    "shifts in the batch": lambda n, x: n.one(
        n.averages(torch.cat([x[:, :, 2:], x[:, :, :-2]])).view(2, -1, 8).mean(0)
    ),
    "its middle": lambda n, x: n.one(n.averages(x[:, :, 4:12, 4:12])),
    "black and white": lambda n, x: n.one(n.averages((x > 0.5).float())),
    "every other row": lambda n, x: n.two(torch.cat([n.averages(x[:, :, ::2]), n.averages(x)], 1)),
}
KNOWN_PARTS = {
    "shifts, told apart": lambda n, x: n.two(torch.cat([n.averages(x[:, :, 1:]), n.averages(x[:, :, :-1])], 1)),
    "shifts in the batch": lambda n, x: n.two(
        n.averages(torch.stack([x[:, :, 2:], x[:, :, :-2]], 1).flatten(0, 1)).view(-1, 16)
    ),
    "quarters": lambda n, x: n.one(sum(map(n.averages, quarters(x)))),
    "quarters, detached": lambda n, x: n.one(sum(n.averages(part.detach()) for part in quarters(x))),
    "quarters, black and white": lambda n, x: n.one(sum(n.averages((part > 0.5).float()) for part in quarters(x))),
    "quarters in the batch": lambda n, x: n.one(n.averages(torch.cat(quarters(x))).view(4, -1, 8).mean(0)),
}


def moved(how: Callable[[Seeing, Tensor], Tensor]) -> float:
    torch.manual_seed(0)
    network = Seeing(how).eval()
    program = record(network, [(3, 16, 16)], 4)
    images = torch.rand(4, 3, 16, 16, dtype=torch.float64)
    return parts_exchanged(program, fill(program, network.state_dict(), dtype=torch.float64), images)


@pytest.mark.parametrize("name", ALIKE_PARTS)
def test_views_that_are_treated_alike(name: str) -> None:
    assert moved(ALIKE_PARTS[name]) <= ALIKE


@pytest.mark.parametrize("name", KNOWN_PARTS)
def test_parts_that_are_known_apart(name: str) -> None:
    found = moved(KNOWN_PARTS[name])
    assert found > ALIKE and (math.isinf(found) == name.startswith("quarters"))
