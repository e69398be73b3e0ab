"""The checker's own evaluation: fp32, of the weights as they are saved, on the whole test set."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from checker.verdict import CannotCheckError
from common.anatomy import Trace, trace
from common.data import Images

if TYPE_CHECKING:
    from checker.submission import Normalization

BATCH = 1_000
CLASSES = 10


def inputs(pixels: Tensor, normalization: "Normalization", device: str) -> Tensor:
    """Return uint8 N×C×H×W images as float32 on `device`, scaled to [0, 1] and normalised, channels last."""
    if len(normalization.mean) != pixels.shape[1]:
        raise CannotCheckError(f"run.json normalises {len(normalization.mean)} channels, the images have "
                               f"{pixels.shape[1]}.", "Give a mean and a standard deviation per channel.")
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (normalization.mean, normalization.std))
    return ((pixels.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last).to(device)


def count_correct(network: nn.Module, images: Images, normalization: "Normalization", device: str) -> int:
    """Return how many images `network` classifies correctly. An image whose logits aren't all finite counts as wrong.

    Raises CannotCheckError where the output isn't N×10, or an image's logits depend on its neighbours in the batch.
    """
    network = network.to(device, memory_format=torch.channels_last).eval()
    correct = 0
    with torch.no_grad(), fp32():
        for start in range(0, len(images), BATCH):
            batch = inputs(images.pixels[start:start + BATCH], normalization, device)
            logits = _logits(network, batch)
            alone = start // BATCH  # Another place of each batch.
            if not same_logits(_logits(network, batch[alone:alone + 1]), logits[alone:alone + 1]):
                raise CannotCheckError("The logits of an image depend on which others are in the batch.",
                                       "In evaluation a network sees one image at a time: use running statistics, "
                                       "and no randomness.")
            right = (logits.argmax(1).cpu() == images.labels[start:start + BATCH]) & logits.isfinite().all(1).cpu()
            correct += int(right.sum())
    return correct


def traced(network: nn.Module, images: Images, normalization: "Normalization", device: str, chosen: Tensor) -> Trace:
    """Return the trace of `network` on the images at `chosen` (int64).

    Raises CannotCheckError where it gives other logits than the same images in a batch of BATCH, as it is evaluated.
    """
    network = network.to(device, memory_format=torch.channels_last).eval()
    with torch.no_grad(), fp32():
        batch = inputs(images.pixels[:BATCH], normalization, device)
        batch[:len(chosen)] = inputs(images.pixels[chosen], normalization, device)
        evaluated = _logits(network, batch)[:len(chosen)]
        found = trace(network, batch[:len(chosen)].clone(memory_format=torch.channels_last))
    if not same_logits(found.logits, evaluated):
        raise CannotCheckError("The network computes something else for two images than for a thousand.",
                               "Its forward pass must not look at the size of the batch.")
    return found


def same_logits(a: Tensor, b: Tensor) -> bool:
    """Return whether two logits of the same images differ by no more than rounding; NaN equals NaN."""
    return a.shape == b.shape and bool(torch.allclose(a, b, rtol=1e-3, atol=1e-3, equal_nan=True))


def fp32() -> AbstractContextManager:
    """Return a context in which a GPU computes convolutions in fp32, not in TF32, and always in the same way."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


def _logits(network: nn.Module, batch: Tensor) -> Tensor:
    logits = network(batch)
    if not isinstance(logits, Tensor) or tuple(logits.shape) != (len(batch), CLASSES):
        found = "×".join(map(str, logits.shape)) if isinstance(logits, Tensor) else type(logits).__name__
        raise CannotCheckError(f"The network returns {found} for {len(batch)} images, not {len(batch)}×{CLASSES}.",
                               "Return one row of ten logits or log-probabilities for each image.")
    return logits
