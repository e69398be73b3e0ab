"""What a session asks of a network: its inputs, its loss, what counts as right, and how that is evaluated."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.batches import in_order
from common.data import Images, Normalization


@dataclass(frozen=True)
class Evaluation:
    """What a network does on a set of images: mean loss, and for each image (N) its prediction (int64) and whether it
    is right (bool). `also` as in Epoch."""

    loss: float
    predictions: Tensor
    right: Tensor
    also: dict[str, int] = field(default_factory=dict)


class Task(Protocol):
    """What a session asks of a network: its inputs, its loss, and what counts as right.

    also: names of what is counted beside the images, e.g. "sum" for sum_correct and sum_total
    """

    also: tuple[str, ...]

    def input_shapes(self, image: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Return the shape of each input of the network for images C×H×W, without the batch."""

    def draw(self, images: Tensor, labels: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the network's inputs for a training batch, and the targets, whose first column or all is the label."""

    def loss(self, outputs: Tensor | tuple[Tensor, ...], targets: Tensor) -> Tensor:
        """Return the mean loss (a number) of the network's outputs."""

    def right(self, outputs: Tensor | tuple[Tensor, ...], targets: Tensor) -> Tensor:
        """Return for each image (bool N) whether it is classified correctly."""

    def evaluate(self, network: nn.Module, images: Images, normalization: Normalization) -> Evaluation:
        """Evaluate `network` in fp32 on all of `images`, on their device."""


class Classification:
    """One image in, the logits of its class out; cross-entropy."""

    also = ()

    def input_shapes(self, image: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        return (image,)

    def draw(self, images: Tensor, labels: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        return (images,), labels

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs.float(), targets)

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return outputs.argmax(1) == targets

    def evaluate(self, network: nn.Module, images: Images, normalization: Normalization) -> Evaluation:
        loss, predictions = 0.0, []
        with evaluating(network):
            for inputs, labels in in_order(images, normalization):
                logits = network(inputs)
                loss += F.cross_entropy(logits, labels, reduction="sum").item()
                predictions.append(logits.argmax(1))
        predictions = torch.cat(predictions)
        return Evaluation(loss / len(images), predictions, predictions == images.labels)


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put `network` into evaluation mode and compute in fp32, without gradients."""
    network.eval()
    # On a GPU, convolutions would otherwise run in TF32.
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield
