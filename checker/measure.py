"""The checker's own evaluation: fp32, of the weights as they are saved, on the whole test set."""

import copy
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from checker.submission import Counts
from checker.verdict import CannotCheckError
from common.anatomy import Operation, Trace, logits_with, trace
from common.data import Images

if TYPE_CHECKING:
    from checker.submission import Normalization

BATCH = 250  # Few enough for what a layer returns to stay in the CPU's cache.
ABLATED = 1_000  # Images on which it shows whether a layer matters.
VARIED = 200  # Images that are tried with every number.
CLASSES, NUMBERS = 10, 10


def inputs(pixels: Tensor, normalization: "Normalization", device: str) -> Tensor:
    """Return uint8 N×C×H×W images as float32 on `device`, scaled to [0, 1] and normalised, channels last."""
    if len(normalization.mean) != pixels.shape[1]:
        raise CannotCheckError(f"run.json normalises {len(normalization.mean)} channels, the images have "
                               f"{pixels.shape[1]}.", "Give a mean and a standard deviation per channel.")
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (normalization.mean, normalization.std))
    return ((pixels.float() / 255 - mean) / std).contiguous(memory_format=torch.channels_last).to(device)


def count_correct(network: nn.Module, images: Images, normalization: "Normalization", device: str,
                  numbers: Sequence[int | None]) -> Counts:
    """Return how many images `network` classifies correctly. An image whose logits aren't all finite counts as wrong.

    numbers: those that every image is tried with; a single None for a network that takes none
    Raises CannotCheckError where the output has another shape, or an image's logits depend on its neighbours in the batch.
    """
    network = network.to(device, memory_format=torch.channels_last).eval()
    correct, sums = 0, 0
    with torch.no_grad(), fp32():
        for start in range(0, len(images), BATCH):
            batch = inputs(images.pixels[start:start + BATCH], normalization, device)
            labels = images.labels[start:start + BATCH]
            always = torch.ones(len(labels), dtype=torch.bool)
            for number in numbers:
                given = _with_number(batch, number)
                logits = _outputs(network, given)
                alone = slice(start // BATCH, start // BATCH + 1)  # Another place of each batch.
                single = _outputs(network, [each[alone] for each in given])
                if not all(same_logits(one, all[alone]) for one, all in zip(single, logits, strict=True)):
                    raise CannotCheckError("The logits of an image depend on which others are in the batch.",
                                           "In evaluation a network sees one image at a time: use running statistics, "
                                           "and no randomness.")
                always &= _right(logits[0], labels)
                if number is not None:
                    sums += int(_right(logits[1], labels + number).sum())
            correct += int(always.sum())
    return Counts(correct, sums if len(numbers) == NUMBERS else None)


def traced(network: nn.Module, images: Images, normalization: "Normalization", device: str, chosen: Tensor,
           two_inputs: bool) -> Trace:
    """Return the trace of `network` on the images at `chosen` (int64), with number 3 where there are two inputs.

    Raises CannotCheckError where it gives other logits than the same images in a batch of BATCH, as it is evaluated.
    """
    network = network.to(device, memory_format=torch.channels_last).eval()
    with torch.no_grad(), fp32():
        batch = inputs(images.pixels[:BATCH], normalization, device)
        batch[:len(chosen)] = inputs(images.pixels[chosen], normalization, device)
        given = _with_number(batch, 3 if two_inputs else None)
        evaluated = [each[:len(chosen)] for each in _outputs(network, given)]
        found = trace(network, *(each[:len(chosen)].clone(memory_format=torch.preserve_format) for each in given))
    logits = found.logits if two_inputs else [found.logits]
    if not all(same_logits(one, other) for one, other in zip(logits, evaluated, strict=True)):
        raise CannotCheckError("The network computes something else for two images than for a whole batch.",
                               "Its forward pass must not look at the size of the batch.")
    return found


def accuracy_with(network: nn.Module, images: Images, normalization: "Normalization", device: str, two_inputs: bool,
                  operations: tuple[Operation, ...], change: Callable[[Tensor], Tensor]) -> float:
    """Return the share of the first ABLATED images that `network` classifies correctly when each of `operations`, from its
    trace, gives `change` of its output; with number 3 where there are two inputs."""
    network = network.to(device, memory_format=torch.channels_last).eval()
    right = []
    with fp32():
        # In batches as they are evaluated: a network could do something else for a larger one.
        for pixels, labels in zip(images.pixels[:ABLATED].split(BATCH), images.labels[:ABLATED].split(BATCH), strict=True):
            given = _with_number(inputs(pixels, normalization, device), 3 if two_inputs else None)
            outputs = logits_with(network, operations, change, *given)
            right.append(_right(outputs[0] if two_inputs else outputs, labels))
    return float(torch.cat(right).float().mean())


@dataclass(frozen=True)
class InputsUsed:
    """What a network of two inputs makes of them, on VARIED test images with each of the ten numbers.

    digit_by_number, sum_by_number: whether the logits change with the number
    digit_by_image, sum_by_image:   whether they change with the image
    accuracy:                       share of the pairs whose sum is right
    learned:                        how many learned numbers act on the sum and not on the digit
    shuffled:                       share that is right once those are shuffled, within each tensor
    within_sums:                    share of the shuffled logits' variance that lies within pairs of the same sum: where the
                                    sum was computed before anything learned, the pairs of a sum stay alike
    """

    digit_by_number: bool
    digit_by_image: bool
    sum_by_number: bool
    sum_by_image: bool
    accuracy: float
    learned: int
    shuffled: float
    within_sums: float


def inputs_used(network: nn.Module, images: Images, normalization: "Normalization", device: str) -> InputsUsed:
    """Return what `network` makes of an image and a number."""
    network = copy.deepcopy(network).to(device, memory_format=torch.channels_last).eval()
    batch = inputs(images.pixels[:VARIED], normalization, device)
    labels = images.labels[:VARIED]
    with fp32():
        with torch.no_grad():
            digits, sums = _for_each_number(network, batch)
        masks = _only_for_the_sum(network, batch)
        accuracy = _sum_accuracy(sums, labels)
        with torch.no_grad():
            generator = torch.Generator().manual_seed(0)
            for parameter, mask in masks:
                values = parameter[mask]
                parameter[mask] = values[torch.randperm(len(values), generator=generator).to(values.device)]
            shuffled_sums = _for_each_number(network, batch)[1]
            shuffled = _sum_accuracy(shuffled_sums, labels)
    return InputsUsed(
        digit_by_number=not all(same_logits(each, digits[0]) for each in digits),
        digit_by_image=not same_logits(digits[0], digits[0][:1].expand_as(digits[0])),
        sum_by_number=not all(same_logits(each, sums[0]) for each in sums),
        sum_by_image=not same_logits(sums[0], sums[0][:1].expand_as(sums[0])),
        accuracy=accuracy, learned=sum(int(mask.sum()) for _, mask in masks), shuffled=shuffled,
        within_sums=_within_sums(shuffled_sums, digits[0].argmax(1)))


def _for_each_number(network: nn.Module, batch: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Return the digit's and the sum's logits for each of the ten numbers."""
    outputs = [_outputs(network, _with_number(batch, number)) for number in range(NUMBERS)]
    return [each[0] for each in outputs], [each[1] for each in outputs]


def _only_for_the_sum(network: nn.Module, batch: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return (parameter, bool mask) of what has a gradient from the sum's logits and none from the digit's."""
    parameters = [each for each in nn.Module.parameters(network) if each.is_floating_point()]
    for parameter in parameters:
        parameter.requires_grad_(True)
    numbers = torch.arange(len(batch), device=batch.device) % NUMBERS
    digits, sums = _outputs(network, [batch, F.one_hot(numbers, NUMBERS).float()])
    # Random weights, since a sum over all logits may not depend on a weight that each of them depends on.
    generator = torch.Generator().manual_seed(0)
    gradients = []
    for logits in (digits, sums):
        weights = torch.randn(logits.shape, generator=generator).to(logits.device)
        if logits.requires_grad:
            gradients.append(torch.autograd.grad((logits * weights).sum(), parameters, retain_graph=True, allow_unused=True))
        else:
            gradients.append([None] * len(parameters))
    masks = []
    for parameter, digit, both in zip(parameters, *gradients, strict=True):
        if both is not None:
            mask = (both != 0) & (digit == 0 if digit is not None else True)
            if bool(mask.any()):
                masks.append((parameter, mask))
    return masks


def _within_sums(sums: list[Tensor], digits: Tensor) -> float:
    """Return the share of the logits' variance that lies within groups of equal digit + number; NaN where there is none."""
    logits = torch.cat(sums).double()
    logits = logits - logits.mean(1, keepdim=True)
    groups = torch.cat([digits + number for number in range(len(sums))])
    within = sum((logits[groups == group] - logits[groups == group].mean(0)).square().sum() for group in groups.unique())
    return float(within / (logits - logits.mean(0)).square().sum())


def _sum_accuracy(sums: list[Tensor], labels: Tensor) -> float:
    return float(torch.stack([_right(each, labels + number) for number, each in enumerate(sums)]).float().mean())


def same_logits(a: Tensor, b: Tensor) -> bool:
    """Return whether two logits (N×classes) of the same images differ by no more than rounding; NaN equals NaN.

    Measured against how far an image's logits lie apart, since that decides, and not their size or scale.
    """
    if a.shape != b.shape or not torch.equal(a.isfinite(), b.isfinite()):
        return False
    a, b = ((x - x.mean(1, keepdim=True)).nan_to_num(0, 0, 0).double() for x in (a, b))
    spread = torch.maximum(a.abs().amax(1), b.abs().amax(1))
    return bool(((a - b).abs().amax(1) <= 1e-3 * spread).all())


def fp32() -> AbstractContextManager:
    """Return a context in which a GPU computes convolutions in fp32, not in TF32, and always in the same way."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


def _with_number(batch: Tensor, number: int | None) -> list[Tensor]:
    """Return the inputs of a network: the images, and beside each the one-hot number where there is one."""
    if number is None:
        return [batch]
    return [batch, F.one_hot(torch.full((len(batch),), number, device=batch.device), NUMBERS).float()]


def _right(logits: Tensor, targets: Tensor) -> Tensor:
    return (logits.argmax(1).cpu() == targets) & logits.isfinite().all(1).cpu()


def _outputs(network: nn.Module, given: list[Tensor]) -> list[Tensor]:
    """Return what the network returns for its inputs: the logits, with two inputs those of digit and sum."""
    # A network may change its input in place.
    outputs = network(*(each.clone(memory_format=torch.preserve_format) for each in given))
    outputs = list(outputs) if len(given) > 1 and isinstance(outputs, tuple | list) else [outputs]
    wanted = [(len(given[0]), classes) for classes in ((CLASSES, CLASSES + NUMBERS - 1) if len(given) > 1 else (CLASSES,))]
    shapes = [tuple(each.shape) if isinstance(each, Tensor) else None for each in outputs]
    if shapes != wanted:
        found = " and ".join("×".join(map(str, shape)) if shape is not None else type(each).__name__
                             for shape, each in zip(shapes, outputs, strict=True))
        raise CannotCheckError(
            f"The network returns {found} for {len(given[0])} images, not {' and '.join('×'.join(map(str, each)) for each in wanted)}.",
            "Return one row of logits or log-probabilities for each image" + (", of the digit and of the sum." if len(given) > 1
                                                                           else ", one for each class."))
    return outputs
