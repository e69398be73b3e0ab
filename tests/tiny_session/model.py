"""Networks so small that a test can train them."""

from torch import nn


def build(name: str) -> nn.Module:
    """Return the network called `name`; in "plain", unlike "tiny", no image's logits depend on the others of its
    batch."""
    norm, dropout = (nn.Identity(), nn.Identity()) if name == "plain" else (nn.BatchNorm2d(8), nn.Dropout(0.1))
    return nn.Sequential(
        nn.Conv2d(1, 8, 4, stride=4),
        norm,
        nn.ReLU(),
        dropout,
        nn.AdaptiveAvgPool2d(1),
        nn.Conv2d(8, 10, 1),
        nn.Flatten(),
    )
