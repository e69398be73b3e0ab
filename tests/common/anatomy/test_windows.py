"""The receptive field is as far as a NaN spreads, whatever slides over the map; and what a window is taken for."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.anatomy.network import anatomy

SIDE = 24


class Windows(nn.Module):
    """Whatever `way` does with an image, with the layers here."""

    def __init__(self, way: Callable[["Windows", Tensor], Tensor]) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3)
        self.again = nn.Conv2d(4, 4, 3)
        self.pointwise = nn.Conv2d(4, 4, 1)
        self.way = way

    def forward(self, images: Tensor) -> Tensor:
        return self.way(self, images)


def _after(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 4, 3), *layers)


# What is followed exactly.
EXACT = {
    "3×3": _after(nn.Conv2d(4, 4, 3)),
    "padded": _after(nn.Conv2d(4, 4, 5, padding=2)),
    "even": _after(nn.Conv2d(4, 4, 4), nn.Conv2d(4, 4, 2)),
    "sides that differ": _after(
        nn.Conv2d(4, 4, (1, 5)), nn.Conv2d(4, 4, (3, 1), stride=(2, 1)), nn.Conv2d(4, 4, (2, 3))
    ),
    "dilated": _after(nn.Conv2d(4, 4, 3, dilation=2), nn.Conv2d(4, 4, 3, dilation=(3, 1))),
    "strided": _after(nn.Conv2d(4, 4, 3, stride=2), nn.Conv2d(4, 4, 3)),
    "strided 1×1": _after(nn.Conv2d(4, 4, 1, stride=2), nn.Conv2d(4, 4, 3)),
    "grouped": _after(nn.Conv2d(4, 8, 3, groups=2), nn.Conv2d(8, 4, 1)),
    "depthwise": _after(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 4, 1)),
    "same, even": _after(nn.Conv2d(4, 4, 4, padding="same")),
    "max pool": _after(nn.MaxPool2d(2), nn.Conv2d(4, 4, 3)),
    "overlapping max pool": _after(nn.MaxPool2d(3, 2, 1), nn.Conv2d(4, 4, 3)),
    "dilated max pool": _after(nn.MaxPool2d(3, 1, dilation=2)),
    "ceil mode": _after(nn.MaxPool2d(3, 2, ceil_mode=True), nn.AvgPool2d(2, ceil_mode=True)),
    "average pool": _after(nn.AvgPool2d(2), nn.Conv2d(4, 4, 3)),
    "average pool without padding": _after(nn.AvgPool2d(3, 1, 1, count_include_pad=False)),
    "LP pool": _after(nn.LPPool2d(2, 2)),
    "adaptive average, even": _after(nn.AdaptiveAvgPool2d(11), nn.Conv2d(4, 4, 3)),
    "adaptive max, even": _after(nn.AdaptiveMaxPool2d(11)),
    "pixel unshuffle": nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, 4, 3)),
    "pixel shuffle": _after(nn.PixelShuffle(2)),
    "nearest, twice as large": _after(nn.Upsample(scale_factor=2)),
    "circular": _after(nn.ConstantPad2d(1, 0), nn.Conv2d(4, 4, 3)),
    "unfolded and mixed": Windows(lambda s, x: (F.unfold(s.first(x), 3).view(len(x), 4, 9, 20, 20)).sum(2)),
    "shifted": Windows(lambda s, x: s.first(x)[:, :, 2:, 2:]),
    "slices that are added": Windows(lambda s, x: s.again(s.first(x)[:, :, ::2, ::2])),
}
# What is never followed as less than it is, but may be as more.
NEVER_LESS = {
    "transposed": _after(nn.ConvTranspose2d(4, 4, 2, stride=2), nn.Conv2d(4, 4, 3)),
    "transposed, overlapping": _after(nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1)),
    "transposed, dilated": _after(nn.ConvTranspose2d(4, 4, 3, dilation=2), nn.Conv2d(4, 4, 3)),
    "transposed, more stride than kernel": _after(nn.ConvTranspose2d(4, 4, 2, stride=3, padding=1), nn.Conv2d(4, 4, 3)),
    "adaptive average, uneven": _after(nn.AdaptiveAvgPool2d(5), nn.Conv2d(4, 4, 3)),
    "adaptive average, nearly all": _after(nn.AdaptiveAvgPool2d(19)),
    "adaptive max, uneven": _after(nn.AdaptiveMaxPool2d((7, 9))),
    "bilinear": _after(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(4, 4, 3)),
    "bilinear, smaller": _after(nn.Upsample(size=9, mode="bilinear"), nn.Conv2d(4, 4, 3)),
    "bicubic": _after(nn.Upsample(scale_factor=1.5, mode="bicubic")),
    "antialiased": Windows(lambda s, x: F.interpolate(s.first(x), size=9, mode="bilinear", antialias=True)),
    "antialiased bicubic": Windows(lambda s, x: F.interpolate(s.first(x), size=7, mode="bicubic", antialias=True)),
    "nearest, smaller": _after(nn.Upsample(size=9), nn.Conv2d(4, 4, 3)),
    "area": _after(nn.Upsample(size=11)),
    "reflected": _after(nn.Conv2d(4, 4, 5, padding=2, padding_mode="reflect")),
    "replicated": _after(nn.Conv2d(4, 4, 5, padding=2, padding_mode="replicate")),
    "around": _after(nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular")),
    "shuffled and mixed": _after(nn.PixelShuffle(2), nn.Conv2d(1, 1, 3)),
    "branches": Windows(lambda s, x: (lambda y: s.pointwise(y) + F.pad(s.again(y), (1, 1, 1, 1)))(s.first(x))),
    "branches of other strides": Windows(
        lambda s, x: (lambda y: F.interpolate(F.max_pool2d(y, 2), scale_factor=2) + y)(s.first(x))
    ),
    "unfolded with a stride": Windows(lambda s, x: F.unfold(s.first(x), 3, stride=2).view(len(x), 4, 9, 10, 10).sum(2)),
    "kernels made of windows": Windows(lambda s, x: s.first(x).unfold(2, 3, 1).unfold(3, 3, 1).sum((-1, -2))),
    "rolled and added": Windows(lambda s, x: (lambda y: y + y.roll(2, 2) + y.roll(-1, 3))(s.first(x))),
}


def _reached(network: nn.Module, places: str) -> tuple[int, int]:
    """Return the sides of the smallest rectangle of single NaN pixels that reach an output, the greatest of all outputs
    asked."""
    network.eval()
    images = torch.zeros(SIDE * SIDE, 1, SIDE, SIDE) + torch.rand(1, 1, SIDE, SIDE)
    images.view(SIDE * SIDE, -1).fill_diagonal_(float("nan"))
    with torch.no_grad():
        spread = network(images).isnan().any(1)
    height, width = spread.shape[1:]
    middle = (
        [(height // 2, width // 2)]
        if places == "middle"
        else [(row, column) for row in range(height) for column in range(width)]
    )
    sides = []
    for row, column in middle:
        reached = spread[:, row, column].view(SIDE, SIDE)
        rows, columns = reached.any(1).nonzero(), reached.any(0).nonzero()
        if len(rows):
            sides.append((int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1))
    return max(side[0] for side in sides), max(side[1] for side in sides)


@pytest.mark.parametrize("name", EXACT)
def test_receptive_field_is_as_far_as_a_nan_spreads(name: str) -> None:
    assert anatomy(EXACT[name], torch.rand(2, 1, SIDE, SIDE)).receptive_field == _reached(EXACT[name], "middle")


@pytest.mark.parametrize("name", NEVER_LESS)
def test_receptive_field_is_no_less_than_a_nan_spreads(name: str) -> None:
    found = anatomy(NEVER_LESS[name], torch.rand(2, 1, SIDE, SIDE))
    reached = _reached(NEVER_LESS[name], "middle")
    assert found.not_understood or all(
        side >= most for side, most in zip(found.receptive_field, reached, strict=True)
    ), (found.receptive_field, reached)
    # And no more than a few pixels more: it is a claim, too.
    assert found.not_understood or all(
        side <= 2 * most + 2 for side, most in zip(found.receptive_field, reached, strict=True)
    )


class Classified(nn.Module):
    """A body that ends in a map, flattened to ten logits."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).flatten(1)


def test_an_average_that_leaves_out_places_by_flooring_says_so() -> None:
    found = anatomy(Classified(nn.Conv2d(1, 10, 3), nn.AvgPool2d(7)), torch.rand(2, 1, 13, 13))
    assert [operation.kind for operation in found.operations] == ["convolution", "global average"]
    assert found.collapses == {"average of 7×7 of 121 places"} and found.flat
    assert found.receptive_field == (3, 3) and found.seen == (9, 9)


def test_a_padded_convolution_on_a_small_map_is_none_that_is_fully_connected() -> None:
    found = anatomy(
        Classified(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.Conv2d(4, 10, 3, padding=1), nn.AdaptiveAvgPool2d(1)),
        torch.rand(2, 1, 4, 4),
    )
    assert not any(operation.fully_connected for operation in found.operations) and found.collapses == {"average"}


@pytest.mark.parametrize(
    ("kernel", "padding", "whole"), [(27, 13, True), (14, 0, True), (13, 6, False), (26, 13, False), (27, 12, True)]
)
def test_a_convolution_is_fully_connected_where_every_output_sees_the_whole_map(
    kernel: int, padding: int, whole: bool
) -> None:
    network = Classified(
        nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.Conv2d(2, 10, kernel, padding=padding), nn.AdaptiveAvgPool2d(1)
    )
    found = anatomy(network, torch.rand(2, 1, 28, 28))
    assert [operation.fully_connected for operation in found.operations if operation.kind == "convolution"] == [
        False,
        whole,
    ]


@pytest.mark.parametrize(
    ("norm", "kind"),
    [
        (nn.LayerNorm([12]), "partial norm"),
        (nn.LayerNorm([12, 12]), "instance norm"),
        (nn.LayerNorm([4, 12, 12]), "layer norm"),
        (nn.GroupNorm(1, 4), "layer norm"),
        (nn.GroupNorm(2, 4), "group norm"),
        (nn.GroupNorm(4, 4), "instance norm"),
        (nn.InstanceNorm2d(4), "instance norm"),
        (nn.BatchNorm2d(4), "batch norm"),
    ],
)
def test_a_normalisation_is_named_for_what_it_averages_over(norm: nn.Module, kind: str) -> None:
    found = anatomy(
        Classified(nn.Conv2d(1, 4, 3), norm, nn.Conv2d(4, 10, 1), nn.AdaptiveAvgPool2d(1)), torch.rand(2, 1, 14, 14)
    )
    assert [operation.kind for operation in found.operations if "norm" in operation.kind] == [kind]
