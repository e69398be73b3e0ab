"""What measurements are given: a recorded network with the weights of one epoch, and the test images."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor

from checker.score import NUMBERS
from common.anatomy.program import Program
from common.anatomy.views import Views
from common.anatomy.weights import fill
from common.data import Normalization

EXPERIMENTED = 8  # Images that experiments are made with.
COUNTED = 32  # Images that constants are looked for with, half of them at a time.
AVERAGED = 200  # Images whose statistics are compared with those that a normalisation keeps.
TRACED = 2  # Images that a program is followed with.


@dataclass(frozen=True)
class Subject:
    """What is measured: a recorded network that was examined, with the weights of one epoch (safetensors), and how its
    images are normalised."""

    program: Program
    views: Views
    weights: bytes
    normalization: Normalization
    device: str

    @property
    def two_inputs(self) -> bool:
        return len(self.program.inputs) > 1

    @property
    def outputs(self) -> int:
        return 2 if self.two_inputs else 1

    def filled(self, dtype: torch.dtype | None = None) -> dict[str, Tensor]:
        """Return the weights by the names that the program reads them by, on its device."""
        return fill(self.program, load(self.weights), self.device, dtype)


class Images:
    """The test images, in memory that all processes share, so that their pixels are there once.

    pixels: uint8 N×C×H×W
    """

    def __init__(self, pixels: Tensor) -> None:
        self.pixels = pixels

    def inputs(self, chosen: slice | Tensor, subject: Subject, number: int | None) -> list[Tensor]:
        """Return what the network is given: float32 images on its device, normalised, channels last; and one-hot
        numbers."""
        pixels = subject.normalization(self.pixels[chosen].float() / 255).contiguous(memory_format=torch.channels_last)
        batch = pixels.to(subject.device)
        return (
            [batch]
            if number is None
            else [batch, F.one_hot(torch.full((len(batch),), number, device=batch.device), NUMBERS).float()]
        )
