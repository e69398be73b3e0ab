"""The trace judges what runs: every way to write a layer, and the receptive field against the spread of a NaN."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from common.anatomy.network import anatomy, parameter_count

IMAGES = torch.rand(2, 1, 28, 28)


class Network(nn.Module):
    """A strided convolution to 8×14×14, then whatever `head` makes of that map with the layers here."""

    def __init__(self, head):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.linear = nn.Linear(8, 10)
        self.dense = nn.Linear(8 * 14 * 14, 10)
        self.mix = nn.Conv2d(8, 8, 3, padding=1)
        self.places = nn.Linear(14 * 14, 1)
        self.whole = nn.Conv2d(8, 10, 14)
        self.padded = nn.Conv2d(8, 10, 27, padding=13)
        self.one = nn.Conv2d(8 * 14 * 14, 10, 1)
        self.weight = nn.Parameter(torch.randn(8, 14, 14))
        self.register_buffer("buffer", torch.randn(8, 10))
        self.attribute = torch.randn(8, 10)
        self.head = head

    def forward(self, images):
        return self.head(self, torch.relu(self.stem(images)))


FULLY_CONNECTED = {
    "linear on a flattened map": lambda n, x: n.dense(x.flatten(1)),
    "the matrix product by hand": lambda n, x: (n.dense.weight @ x.flatten(1).T).T,
    "a convolution as large as the map": lambda n, x: n.whole(x).flatten(1),
    "a padded one, then averaged": lambda n, x: n.padded(x).mean((2, 3)),
    "a 1×1 convolution on a flattened map": lambda n, x: n.one(x.reshape(len(x), -1, 1, 1)).flatten(1),
    "an einsum": lambda n, x: n.linear(torch.einsum("nchw,chw->nc", x, n.weight)),
    "one weight a place": lambda n, x: n.linear(n.places(x.flatten(2)).squeeze(-1)),
    "beside an honest average": lambda n, x: n.linear(x.mean((2, 3))) + n.dense(x.flatten(1)),
}
AVERAGED = {
    "mean over both sides": lambda n, x: n.linear(x.mean((2, 3))),
    "one side after the other": lambda n, x: n.linear(x.mean(2).mean(2)),
    "mean over a flattened map": lambda n, x: n.linear(x.flatten(2).mean(-1)),
    "a sum, divided": lambda n, x: n.linear(x.sum((2, 3)) / 196),
    "pooling in two steps": lambda n, x: n.linear(F.avg_pool2d(F.avg_pool2d(x, 2), 7).flatten(1)),
    "adaptive pooling": lambda n, x: n.linear(F.adaptive_avg_pool2d(x, 1).flatten(1)),
    "a linear layer at each place, averaged": lambda n, x: n.linear(x.flatten(2).transpose(1, 2)).mean(1),
    "squeeze and excitation": lambda n, x: n.linear((x * x.mean((2, 3), keepdim=True).sigmoid()).mean((2, 3))),
    "weights at each place, mixed before the average": lambda n, x: n.linear(n.mix(x * n.weight).mean((2, 3))),
}


@pytest.mark.parametrize("name", FULLY_CONNECTED)
def test_fully_connected_however_it_is_written(name: str) -> None:
    traced = anatomy(Network(FULLY_CONNECTED[name]), IMAGES)
    assert any(operation.fully_connected for operation in traced.operations)
    # A padded convolution keeps a map, which may be averaged all the same.
    assert "fully connected" in traced.collapses or name == "a padded one, then averaged"


@pytest.mark.parametrize("name", AVERAGED)
def test_global_average_however_it_is_written(name: str) -> None:
    traced = anatomy(Network(AVERAGED[name]), IMAGES)
    assert traced.collapses == {"average"} and traced.flat and not traced.not_understood
    assert not any(operation.fully_connected for operation in traced.operations)
    assert traced.seen[0] >= 28


@pytest.mark.parametrize(
    ("head", "how"),
    [
        (lambda n, x: n.linear(x.amax((2, 3))), "max"),
        (lambda n, x: n.linear(F.adaptive_max_pool2d(x, 1).flatten(1)), "max"),
        (lambda n, x: n.linear(x[:, :, 7, 7]), "pick"),
    ],
)
def test_other_ways_to_leave_the_plane_are_named(head, how: str) -> None:
    assert anatomy(Network(head), IMAGES).collapses == {how}


def test_what_the_trace_cannot_follow_is_said() -> None:
    def attention(n, x):
        places = x.flatten(2)
        return n.linear((places @ (places.transpose(1, 2) @ places).softmax(-1)).mean(-1))

    assert anatomy(Network(attention), IMAGES).not_understood


def test_a_layer_used_twice_counts_once_and_one_that_never_runs_counts() -> None:
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)
            self.never = nn.Conv2d(1, 1, 3)

        def forward(self, images):
            return self.conv(self.conv(images)).mean((2, 3))

    network = Twice()
    traced = anatomy(network, IMAGES)
    assert parameter_count(network) == 20
    assert [operation.parameters for operation in traced.operations] == [10, 0, 0]
    assert traced.receptive_field == (5, 5)


WINDOWS = {
    "plain": nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 5)),
    "stride and pooling": nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3)),
    "dilation": nn.Sequential(
        nn.Conv2d(1, 4, 3, dilation=3), nn.AvgPool2d(2, stride=1), nn.Conv2d(4, 4, 3, dilation=2)
    ),
    "unequal sides": nn.Sequential(nn.Conv2d(1, 4, (1, 3)), nn.MaxPool2d((2, 1)), nn.Conv2d(4, 4, (3, 3))),
    "space to depth": nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)),
    "depthwise, then pointwise": nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 8, 1)),
}


def _spread(network: nn.Module, size: int) -> tuple[int, int]:
    """Measure the receptive field of an output in the middle: which single NaN pixels of the image reach it?"""
    network.eval()
    with torch.no_grad():
        shape = network(torch.zeros(1, 1, size, size)).shape
        row, column = shape[2] // 2, shape[3] // 2
        images = torch.zeros(size * size, 1, size, size)
        images.view(size * size, -1).fill_diagonal_(float("nan"))
        reached = network(images)[:, 0, row, column].isnan().view(size, size)
    rows, columns = reached.any(1).nonzero(), reached.any(0).nonzero()
    return (int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1)


@pytest.mark.parametrize("name", WINDOWS)
def test_receptive_field_is_as_far_as_a_nan_spreads(name: str) -> None:
    traced = anatomy(WINDOWS[name], torch.rand(2, 1, 32, 32))
    assert traced.receptive_field == _spread(WINDOWS[name], 32)


def test_a_branch_beside_a_loud_channel_counts() -> None:
    def head(n: Network, x: torch.Tensor) -> torch.Tensor:
        loud = x + 2_000 * F.one_hot(torch.tensor(0), 8).view(1, 8, 1, 1)
        return n.linear((loud + n.mix(n.mix(x))).mean((2, 3)))

    network = Network(head)
    with torch.no_grad():
        network.mix.weight[0] = 0
    # Two convolutions over places that lie two pixels apart, after the stem's three pixels.
    assert anatomy(network, IMAGES).receptive_field == (11, 11)
