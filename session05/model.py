"""Session 5's networks, from a plain skeleton to the smallest that holds 99.4 %.

Each takes float32 images N×1×28×28, scaled to [0, 1] and normalised, and returns logits N×10 (Published9680:
log-probabilities). In the comments: output channels×height×width | receptive field in pixels.
"""

from torch import Tensor, nn


def convolution(channels_in: int, channels_out: int, *, groups: int = 1,
                activation: type[nn.Module] = nn.SiLU) -> nn.Sequential:
    """3×3 convolution, batch norm, activation. Batch norm has a bias of its own, so the convolution needs none."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, groups=groups, bias=False),
        nn.BatchNorm2d(channels_out),
        activation(),
    )


class Separable(nn.Module):
    """A depthwise-separable convolution: 3×3 in each channel by itself, then 1×1 across channels, batch norm, ReLU.

    It adds to the receptive field what a full 3×3 convolution does, for 16 channels with 432 parameters instead of
    2,336. Where the width stays the same the input is added to the output (a residual connection), so that many layers
    train as easily as few.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels_in, channels_in, 3, padding=1, groups=channels_in, bias=False)
        self.pointwise = nn.Conv2d(channels_in, channels_out, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)
        self.activation = nn.ReLU()
        self.residual = channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        y = self.activation(self.norm(self.pointwise(self.depthwise(x))))
        return x + y if self.residual else y


def classifier(channels: int, dropout: float = 0.0) -> nn.Sequential:
    """Average each feature map over its whole extent, then a 1×1 convolution to the ten logits."""
    return nn.Sequential(
        nn.AdaptiveAvgPool2d(1),
        nn.Dropout(dropout),
        nn.Conv2d(channels, 10, 1),
        nn.Flatten(),
    )


class Skeleton(nn.Sequential):
    """Step 1: plain convolutions, no batch norm."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),   # 16×28×28 | 3
            nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),  # 32×28×28 | 5
            nn.MaxPool2d(2),                             # 32×14×14 | 6
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),  # 32×14×14 | 10
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),  # 32×14×14 | 14
            nn.MaxPool2d(2),                             # 32×7×7   | 16
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),  # 32×7×7   | 24
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),  # 32×7×7   | 32
            classifier(32),                              # 10
        )


class BatchNorm(nn.Sequential):
    """Step 2: batch norm, and narrow layers to get under 10,000 parameters; one convolution in two groups."""

    def __init__(self) -> None:
        super().__init__(
            convolution(1, 8),              # 8×28×28  | 3
            convolution(8, 8),              # 8×28×28  | 5
            nn.MaxPool2d(2),                # 8×14×14  | 6
            convolution(8, 16),             # 16×14×14 | 10
            convolution(16, 16, groups=2),  # 16×14×14 | 14
            nn.MaxPool2d(2),                # 16×7×7   | 16
            convolution(16, 16),            # 16×7×7   | 24
            convolution(16, 16),            # 16×7×7   | 32
            classifier(16),                 # 10
        )


class Augmented(nn.Sequential):
    """Step 3: the same with dropout, trained on augmented images."""

    def __init__(self) -> None:
        super().__init__(
            convolution(1, 8),              # 8×28×28  | 3
            convolution(8, 8),              # 8×28×28  | 5
            nn.MaxPool2d(2),                # 8×14×14  | 6
            convolution(8, 16),             # 16×14×14 | 10
            convolution(16, 16, groups=2),  # 16×14×14 | 14
            nn.MaxPool2d(2),                # 16×7×7   | 16
            convolution(16, 16),            # 16×7×7   | 24
            convolution(16, 16),            # 16×7×7   | 32
            classifier(16, dropout=0.1),    # 10
        )


class Scheduled(nn.Sequential):
    """Step 4: all convolutions full, no dropout, trained by Muon with a learning-rate schedule."""

    def __init__(self) -> None:
        super().__init__(
            convolution(1, 8),    # 8×28×28  | 3
            convolution(8, 8),    # 8×28×28  | 5
            nn.MaxPool2d(2),      # 8×14×14  | 6
            convolution(8, 16),   # 16×14×14 | 10
            convolution(16, 16),  # 16×14×14 | 14
            nn.MaxPool2d(2),      # 16×7×7   | 16
            convolution(16, 16),  # 16×7×7   | 24
            convolution(16, 16),  # 16×7×7   | 32
            classifier(16),       # 10
        )


class Smallest(nn.Sequential):
    """Step 6: separable convolutions, wider where the map is smallest."""

    def __init__(self) -> None:
        super().__init__(
            convolution(1, 16, activation=nn.ReLU), # 16×28×28 | 3
            Separable(16, 16),                      # 16×28×28 | 5
            nn.MaxPool2d(2),                        # 16×14×14 | 6
            Separable(16, 16),                      # 16×14×14 | 10
            Separable(16, 16),                      # 16×14×14 | 14
            Separable(16, 30),                      # 30×14×14 | 18
            nn.MaxPool2d(2),                        # 30×7×7   | 20
            Separable(30, 30),                      # 30×7×7   | 28
            Separable(30, 30),                      # 30×7×7   | 36
            classifier(30),                         # 10
        )


class Published9680(nn.Sequential):
    """A published network of 9,680 parameters, layer for layer: no padding, and batch norm after the ReLU."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 16, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(16), nn.Dropout(0.05),   # 16×26×26 | 3
            nn.Conv2d(16, 16, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(16), nn.Dropout(0.05),  # 16×24×24 | 5
            nn.MaxPool2d(2),                                                                    # 16×12×12 | 6
            nn.Conv2d(16, 16, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(16), nn.Dropout(0.05),  # 16×10×10 | 10
            nn.Conv2d(16, 16, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(16), nn.Dropout(0.05),  # 16×8×8   | 14
            nn.Conv2d(16, 16, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(16), nn.Dropout(0.05),  # 16×6×6   | 18
            nn.AvgPool2d(6),                                                                    # 16×1×1   | 28
            nn.Conv2d(16, 10, 1, bias=False), nn.Flatten(),                                     # 10
            nn.LogSoftmax(dim=1),
        )


NETWORKS = {
    "skeleton": Skeleton,
    "batch-norm": BatchNorm,
    "augmented": Augmented,
    "scheduled": Scheduled,
    "under-8k": BatchNorm,  # Step 5: the network of step 2 again, trained as that of step 4.
    "smallest": Smallest,
    "published-9680": Published9680,
}


def build(name: str) -> nn.Module:
    """Return the network called `name`, one of NETWORKS. Raises KeyError for another name."""
    return NETWORKS[name]()
