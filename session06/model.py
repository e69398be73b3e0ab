"""Session 6's networks: session 5's scheduled network, with one of three normalisations.

Each takes float32 images N×1×28×28, scaled to [0, 1] and normalised, and returns logits N×10. In the comments: output
channels×height×width | receptive field in pixels.
"""

from collections.abc import Callable

from torch import Tensor, nn


class GroupNorm(nn.GroupNorm):
    """nn.GroupNorm, whose CPU kernel takes many times as long where the channels of a pixel lie side by side."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.contiguous())


# From a number of channels to the layer that normalises them. What each averages over:
NORMALIZATIONS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,                                 # each channel, over the batch and the map
    "layer": lambda channels: GroupNorm(1, channels),     # each image, over all channels and the map
    "group": lambda channels: GroupNorm(4, channels),     # each image, over a quarter of the channels and the map
}


class Normalized(nn.Sequential):
    """Convolution, normalisation, SiLU, six times; the parameters are 9,042 whatever the normalisation."""

    def __init__(self, normalize: Callable[[int], nn.Module]) -> None:
        def convolution(channels_in: int, channels_out: int) -> nn.Sequential:
            # The normalisation has a bias of its own, so the convolution needs none.
            return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False), normalize(channels_out), nn.SiLU())

        super().__init__(
            convolution(1, 8),        # 8×28×28  | 3
            convolution(8, 8),        # 8×28×28  | 5
            nn.MaxPool2d(2),          # 8×14×14  | 6
            convolution(8, 16),       # 16×14×14 | 10
            convolution(16, 16),      # 16×14×14 | 14
            nn.MaxPool2d(2),          # 16×7×7   | 16
            convolution(16, 16),      # 16×7×7   | 24
            convolution(16, 16),      # 16×7×7   | 32
            nn.AdaptiveAvgPool2d(1),  # 16×1×1   | all
            nn.Conv2d(16, 10, 1), nn.Flatten(),  # 10
        )


# A run's name begins with its normalisation; the rest says how it is trained.
NETWORKS = ("batch", "batch-l1", "layer", "group")


def build(name: str) -> nn.Module:
    """Return the network called `name`, one of NETWORKS. Raises KeyError for another name."""
    return Normalized(NORMALIZATIONS[name.removesuffix("-l1")])
