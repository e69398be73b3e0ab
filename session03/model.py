"""Session 3's network: an image and a number in, the digit and the sum out.

It takes float32 images N×1×28×28, scaled to [0, 1] and normalised, and one-hot numbers N×10, and returns the digit's
logits N×10 and the sum's logits N×19. In the comments: output channels×height×width | receptive field in pixels.
"""

from torch import Tensor, nn


def convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    """3×3 convolution, batch norm, SiLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False), nn.BatchNorm2d(channels_out), nn.SiLU())


class DigitSum(nn.Module):
    """The image is read first; the number joins where there is a probability for each digit."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            convolution(1, 16),       # 16×28×28 | 3
            convolution(16, 16),      # 16×28×28 | 5
            nn.MaxPool2d(2),          # 16×14×14 | 6
            convolution(16, 32),      # 32×14×14 | 10
            convolution(32, 32),      # 32×14×14 | 14
            nn.MaxPool2d(2),          # 32×7×7   | 16
            convolution(32, 32),      # 32×7×7   | 24
            convolution(32, 32),      # 32×7×7   | 32
            nn.AdaptiveAvgPool2d(1),  # 32×1×1   | all
            nn.Flatten(),
        )
        self.digit = nn.Linear(32, 10)
        self.sum = nn.Linear(10 * 10, 19)  # A row for each sum, a column for each pair: the addition table, to be learned.

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        digit = self.digit(self.features(images))
        # N×10×10: how probable each pair of a digit and a number is. All but one number's column are zero.
        pairs = digit.softmax(1).unsqueeze(2) * numbers.unsqueeze(1)
        return digit, self.sum(pairs.flatten(1))


NETWORKS = {"digit-sum": DigitSum}


def build(name: str) -> nn.Module:
    """Return the network called `name`, one of NETWORKS. Raises KeyError for another name."""
    return NETWORKS[name]()
