"""How many views of an image a network takes, and what it makes of a single one."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.anatomy.program import from_bytes, to_bytes
from common.anatomy.record import record
from common.anatomy.replay import replay
from common.anatomy.views import views
from common.anatomy.weights import fill


class Looking(nn.Module):
    """Logits of one view, and `how` a network takes views of an image."""

    def __init__(self, how: Callable[["Looking", Tensor], Tensor]) -> None:
        super().__init__()
        self.stem, self.norm, self.conv, self.head = (
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.Linear(4, 10),
        )
        self.how = how

    def one(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.conv(F.relu(self.norm(self.stem(x))))).mean((2, 3)))

    def forward(self, x: Tensor) -> Tensor:
        return self.how(self, x)


def _shifts(s: Looking, x: Tensor) -> Tensor:
    moves = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
    return sum(s.one(x.roll(move, (2, 3))) for move in moves) / len(moves)


def _padded_shifts(s: Looking, x: Tensor) -> Tensor:
    padded = F.pad(x, (1, 1, 1, 1))
    return torch.stack(
        [
            s.one(padded[:, :, row : row + 28, column : column + 28])
            for row, column in ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
        ]
    ).mean(0)


def _mirror(s: Looking, x: Tensor) -> Tensor:
    return F.log_softmax(0.5 * (s.one(x) + s.one(x.flip(3))), 1)


def _stacked(s: Looking, x: Tensor) -> Tensor:
    return s.one(torch.cat([x, x.flip(-1), x.roll(1, 2)])).view(3, -1, 10).mean(0)


def _stacked_chunks(s: Looking, x: Tensor) -> Tensor:
    one, other = s.one(torch.cat((x, torch.flip(x, (3,))), dim=0)).chunk(2)
    return (one.softmax(1) + other.softmax(1)).log()


def _without_the_image_itself(s: Looking, x: Tensor) -> Tensor:
    return s.one(x.roll(1, 3)) + s.one(x.roll(-1, 3))


def _of_features(s: Looking, x: Tensor) -> Tensor:
    return s.head((s.conv(s.stem(x)) + s.conv(s.stem(x.flip(3))).flip(3)).mean((2, 3)))


@pytest.mark.parametrize(
    ("how", "count", "single"),
    [
        (_shifts, 5, lambda s, x: s.one(x)),
        (_padded_shifts, 5, lambda s, x: s.one(x)),
        (_mirror, 2, lambda s, x: F.log_softmax(s.one(x), 1)),
        (_stacked, 3, lambda s, x: s.one(x)),
        (_stacked_chunks, 2, lambda s, x: (2 * s.one(x).softmax(1)).log()),
        (_without_the_image_itself, 2, lambda s, x: 2 * s.one(x.roll(1, 3))),
        (_of_features, 2, lambda s, x: s.head((s.conv(s.stem(x)) + s.conv(s.stem(x)).flip(3)).mean((2, 3)))),
    ],
)
def test_views_are_counted_and_one_of_them_is_looked_at_alone(how: Callable, count: int, single: Callable) -> None:
    torch.manual_seed(0)
    network, images = Looking(how).eval(), torch.randn(4, 1, 28, 28)
    program = from_bytes(*to_bytes(record(network, [(1, 28, 28)], 4)))
    found = views(program)
    assert found.count == count and found.program is not None
    with torch.no_grad():
        both, alone = replay(found.program, fill(program, network.state_dict()), images)
        torch.testing.assert_close(both, network(images), rtol=0, atol=1e-5)
        torch.testing.assert_close(alone, single(network, images), rtol=0, atol=1e-5)
    # It computes nothing twice: the layers of one view are there already.
    assert len(found.program.nodes) < 2 * len(program.nodes)


def test_views_of_a_program_that_gives_its_values_other_names() -> None:
    program = record(Looking(_mirror).eval(), [(1, 28, 28)], 4)
    text, constants = to_bytes(program)
    first = next(node.name for node in views(program).program.nodes if node.name.endswith("_of_one_view"))
    taken = text.decode().replace(f'"{program.nodes[0].name}"', f'"{first}"')
    assert taken != text.decode()
    found = views(from_bytes(taken.encode(), constants)).program
    names = [node.name for node in found.nodes]
    assert len(set(names)) == len(names)


def _plain(s: Looking, x: Tensor) -> Tensor:
    return s.one(x)


def _recurrent(s: Looking, x: Tensor) -> Tensor:
    x = s.stem(x)
    for _ in range(3):
        x = F.relu(s.conv(x))
    return s.head(x.mean((2, 3)))


def _two_stems(s: Looking, x: Tensor) -> Tensor:
    return s.head((s.stem(x) + F.conv2d(x, s.conv.weight[:, :1], padding=1)).mean((2, 3)))


def _halves(s: Looking, x: Tensor) -> Tensor:
    return s.one(F.pad(x, (1, 1, 1, 1), "reflect")[:, :, 1:-1, 1:-1] * 0.5)


@pytest.mark.parametrize("how", [_plain, _recurrent, _two_stems, _halves])
def test_one_view_is_one_view(how: Callable) -> None:
    found = views(record(Looking(how).eval(), [(1, 28, 28)], 4))
    assert found.count == 1 and found.program is None


def test_weights_that_meet_a_part_of_the_image_twice_are_not_hidden() -> None:
    """A siamese use of the first weights, on halves of the image, is counted as views: what it makes of one half is
    told beside it."""

    def siamese(s: Looking, x: Tensor) -> Tensor:
        return s.one(x[:, :, :14]) - s.one(x[:, :, 14:])

    assert views(record(Looking(siamese).eval(), [(1, 28, 28)], 4)).count == 2
