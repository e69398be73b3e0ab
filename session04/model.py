"""Session 4's networks: MNIST with fewer than 20,000 parameters and no fully connected layer.

Each takes float32 images N×1×28×28, scaled to [0, 1] and normalised, and returns logits N×10 (Published10066:
log-probabilities). In the comments: output channels×height×width | receptive field in pixels.
"""

from torch import nn


class Published10066(nn.Sequential):
    """A published network of 10,066 parameters, layer for layer: no padding, and a 1×1 convolution after the pooling.

    Where the publication names neither, the activation is a ReLU before the batch norm, and the dropout rate small.
    """

    def __init__(self, dropout: float = 0.02) -> None:
        def block(channels_in: int, channels_out: int, kernel: int) -> list[nn.Module]:
            return [nn.Conv2d(channels_in, channels_out, kernel), nn.ReLU(), nn.BatchNorm2d(channels_out), nn.Dropout(dropout)]

        super().__init__(
            *block(1, 8, 3),                            # 8×26×26  | 3
            *block(8, 16, 3),                           # 16×24×24 | 5
            *block(16, 16, 3),                          # 16×22×22 | 7
            nn.MaxPool2d(2),                            # 16×11×11 | 8
            nn.BatchNorm2d(16), nn.Dropout(dropout),    # 16×11×11 | 8
            *block(16, 8, 1),                           # 8×11×11  | 8
            *block(8, 16, 3),                           # 16×9×9   | 12
            *block(16, 32, 3),                          # 32×7×7   | 16
            nn.AvgPool2d(7),                            # 32×1×1   | 28
            nn.Conv2d(32, 10, 1), nn.Flatten(),         # 10
            nn.LogSoftmax(dim=1),
        )


def convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    """3×3 convolution, batch norm, SiLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False), nn.BatchNorm2d(channels_out), nn.SiLU())


class Under20k(nn.Sequential):
    """Wider where the map is smaller, and no layer without need: seven convolutions and a 1×1 on the averages."""

    def __init__(self) -> None:
        super().__init__(
            convolution(1, 16),       # 16×28×28 | 3
            convolution(16, 16),      # 16×28×28 | 5
            nn.MaxPool2d(2),          # 16×14×14 | 6
            convolution(16, 16),      # 16×14×14 | 10
            convolution(16, 16),      # 16×14×14 | 14
            nn.MaxPool2d(2),          # 16×7×7   | 16
            convolution(16, 24),      # 24×7×7   | 24
            convolution(24, 32),      # 32×7×7   | 32
            nn.AdaptiveAvgPool2d(1),  # 32×1×1   | all
            nn.Conv2d(32, 10, 1), nn.Flatten(),  # 10
        )


NETWORKS = {
    "published-10066": Published10066,
    "under-20k": Under20k,
}


def build(name: str) -> nn.Module:
    """Return the network called `name`, one of NETWORKS. Raises KeyError for another name."""
    return NETWORKS[name]()
