"""Session 7's networks: CIFAR-10 with depthwise-separable and dilated convolutions, and no max-pooling.

Each takes float32 images N×3×32×32, scaled to [0, 1] and normalised, and returns logits N×10. In the comments: output
channels×height×width | receptive field in pixels.
"""

import torch.nn.functional as F
from torch import Tensor, nn


def convolution(channels_in: int, channels_out: int, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """3×3 convolution, batch norm, ReLU. With a dilation of 2 it takes every other pixel, and so sees 5×5."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=dilation, dilation=dilation, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


def separable(channels_in: int, channels_out: int) -> nn.Sequential:
    """A depthwise-separable convolution: 3×3 in each channel by itself, then 1×1 across channels."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False),
        nn.BatchNorm2d(channels_in),
        nn.ReLU(),
        nn.Conv2d(channels_in, channels_out, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


class Residual(nn.Module):
    """Two layers whose result is added to their input before the last ReLU (He et al., 2016)."""

    def __init__(self, first: nn.Sequential, second: nn.Sequential) -> None:
        super().__init__()
        self.first = first
        self.second = second[:-1]

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


def full_block(channels: int, *, dilation: int = 1) -> Residual:
    """Two 3×3 convolutions and a shortcut."""
    return Residual(convolution(channels, channels, dilation=dilation), convolution(channels, channels, dilation=dilation))


def separable_block(channels: int) -> Residual:
    """Two depthwise-separable convolutions and a shortcut."""
    return Residual(separable(channels, channels), separable(channels, channels))


def classifier(channels: int) -> nn.Sequential:
    """Average each feature map over its whole extent, then a linear layer to the ten logits."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


class Cifar10(nn.Sequential):
    """C1 C2 C3 C40: three blocks at falling resolution, a strided convolution between them, and the output block."""

    def __init__(self) -> None:
        super().__init__(
            convolution(3, 16),             # C1: 16×32×32 | 3
            full_block(16),                 # 16×32×32     | 7
            full_block(16),                 # 16×32×32     | 11
            convolution(16, 32, stride=2),  # C2: 32×16×16 | 13
            full_block(32),                 # 32×16×16     | 21
            full_block(32),                 # 32×16×16     | 29
            convolution(32, 64, stride=2),  # C3: 64×8×8   | 33
            full_block(64, dilation=2),     # 64×8×8       | 65
            separable(64, 128),             # C40: 128×8×8 | 73
            separable_block(128),           # 128×8×8      | 89
            classifier(128),                # 10
        )


class Under100k(nn.Sequential):
    """The same four blocks, where dilation replaces the second stride: the maps stay 16×16."""

    def __init__(self) -> None:
        super().__init__(
            convolution(3, 16),             # C1: 16×32×32   | 3
            full_block(16),                 # 16×32×32       | 7
            full_block(16),                 # 16×32×32       | 11
            convolution(16, 32, stride=2),  # C2: 32×16×16   | 13
            full_block(32),                 # 32×16×16       | 21
            full_block(32, dilation=2),     # C3: 32×16×16   | 37
            separable(32, 64),              # 64×16×16       | 41
            separable_block(64),            # 64×16×16       | 49
            separable_block(64),            # 64×16×16       | 57
            separable(64, 128),             # C40: 128×16×16 | 61
            classifier(128),                # 10
        )


class TwoLooks(nn.Module):
    """In evaluation, the mean of a network's logits for the image and for its mirror image; training sees one look.

    It learns nothing of its own and costs no parameter, but twice the arithmetic.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        logits = self.network(images)
        return logits if self.training else (logits + self.network(images.flip(3))) / 2


NETWORKS = {
    "cifar10": lambda: TwoLooks(Cifar10()),
    "under-100k": lambda: TwoLooks(Under100k()),
    "fast": Cifar10,
}


def build(name: str) -> nn.Module:
    """Return the network called `name`, one of NETWORKS. Raises KeyError for another name."""
    return NETWORKS[name]()
