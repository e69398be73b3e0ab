"""Session 7's network: CIFAR-10 with depthwise-separable and dilated convolutions, no max-pooling, under 200,000 parameters.

It takes float32 images N×3×32×32, scaled to [0, 1] and normalised, and returns logits N×10. In the comments: output
channels×height×width | receptive field in pixels.
"""

import torch.nn.functional as F
from torch import Tensor, nn


def convolution(channels_in: int, channels_out: int, *, stride: int = 1) -> nn.Sequential:
    """3×3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU())


class Residual(nn.Module):
    """Two 3×3 convolutions whose result is added to their input (He et al., 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


def dilated_separable(channels_in: int, channels_out: int) -> nn.Sequential:
    """3×3 in each channel by itself, every other pixel, so that it sees 5×5; then 1×1 across channels."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_in, 3, padding=2, dilation=2, groups=channels_in, bias=False), nn.BatchNorm2d(channels_in),
        nn.Conv2d(channels_in, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out), nn.ReLU())


class Cifar10(nn.Sequential):
    """C1 C2 C3 C40: three blocks at falling resolution, a strided convolution between them, and the output block."""

    def __init__(self) -> None:
        super().__init__(
            convolution(3, 16),               # C1: 16×32×32 | 3
            Residual(16),                     # 16×32×32     | 7
            Residual(16),                     # 16×32×32     | 11
            convolution(16, 32, stride=2),    # C2: 32×16×16 | 13
            Residual(32),                     # 32×16×16     | 21
            Residual(32),                     # 32×16×16     | 29
            convolution(32, 64, stride=2),    # C3: 64×8×8   | 33
            Residual(64),                     # 64×8×8       | 49
            dilated_separable(64, 96),        # C40: 96×8×8  | 65
            dilated_separable(96, 128),       # 128×8×8      | 81
            nn.AdaptiveAvgPool2d(1), nn.Flatten(),  # 128    | all
            nn.Linear(128, 10),
        )


NETWORKS = {"cifar10": Cifar10}


def build(name: str) -> nn.Module:
    """Return the network called `name`, one of NETWORKS. Raises KeyError for another name."""
    return NETWORKS[name]()
