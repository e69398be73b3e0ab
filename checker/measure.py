"""The checker's own evaluation: fp32, of the weights as they are saved, on the whole test set."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from checker.verdict import CannotCheckError
from common.data import Images

if TYPE_CHECKING:
    from checker.submission import Normalization

BATCH = 1_000
CLASSES = 10
ALONE = 16


def inputs(pixels: Tensor, normalization: "Normalization", device: str) -> Tensor:
    """Return uint8 N×C×H×W images as float32 on `device`, scaled to [0, 1] and normalised, channels last."""
    if len(normalization.mean) != pixels.shape[1]:
        raise CannotCheckError(f"run.json normalises {len(normalization.mean)} channels, the images have "
                               f"{pixels.shape[1]}.", "Give a mean and a standard deviation per channel.")
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (normalization.mean, normalization.std))
    return ((pixels.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last).to(device)


def count_correct(network: nn.Module, images: Images, normalization: "Normalization", device: str) -> int:
    """Return how many images `network` classifies correctly. An image whose logits aren't all finite counts as wrong.

    Raises CannotCheckError where the output isn't N×10, or an image's class depends on its neighbours in the batch.
    """
    network = network.to(device, memory_format=torch.channels_last).eval()
    correct = 0
    with torch.no_grad():
        for start in range(0, len(images), BATCH):
            batch = inputs(images.pixels[start:start + BATCH], normalization, device)
            logits = _logits(network, batch)
            if start == 0:
                alone = torch.cat([_logits(network, image).argmax(1) for image in batch[:ALONE].split(1)])
                if not torch.equal(alone, logits[:ALONE].argmax(1)):
                    raise CannotCheckError("The class of an image depends on which others are in the batch.",
                                           "In evaluation a network sees one image at a time: use running statistics, "
                                           "and no randomness.")
            right = (logits.argmax(1).cpu() == images.labels[start:start + BATCH]) & logits.isfinite().all(1).cpu()
            correct += int(right.sum())
    return correct


def _logits(network: nn.Module, batch: Tensor) -> Tensor:
    logits = network(batch)
    if not isinstance(logits, Tensor) or tuple(logits.shape) != (len(batch), CLASSES):
        found = "×".join(map(str, logits.shape)) if isinstance(logits, Tensor) else type(logits).__name__
        raise CannotCheckError(f"The network returns {found} for {len(batch)} images, not {len(batch)}×{CLASSES}.",
                               "Return one row of ten logits or log-probabilities for each image.")
    return logits
