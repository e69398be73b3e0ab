"""Why weights classify another number of test images correctly than their log says: the usual reasons, each tried."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from checker.measure import classes_of_first
from checker.subject import Images, Subject
from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.data import DATASETS, Normalization

# A reason is worth a look at all images where the first 1,000 agree with the log to this share of them.
NEAR = 0.03
# Only where log and measurement are this share of the images apart does a reason stand out.
FAR = 0.005
# In training mode the accuracy hangs on how large a batch is, so that a count agrees to this share of the images.
BY_BATCH = 0.01
_BATCH_NORM = "aten._native_batch_norm_legit_no_training.default"


@dataclass(frozen=True)
class Reason:
    """What the evaluation that was logged may have done otherwise.

    words: continues "The log agrees with "; help: what to do about it
    turned: what was done to the pixels, uint8 N×C×H×W
    by_batch: batch norms took the statistics of the batch
    """

    words: str
    help: str
    normalization: Normalization | None = None
    turned: Callable[[Tensor], Tensor] | None = None
    by_batch: bool = False

    @property
    def agrees(self) -> float:
        """To what share of the images the counts must agree beyond rounding."""
        return BY_BATCH if self.by_batch else 0.0


def reasons(channels: int) -> tuple[Reason, ...]:
    """Return what is tried with images of so many channels, what happens most often first."""

    def normalised(words: str, mean: float | tuple[float, ...], std: float | tuple[float, ...]) -> Reason:
        means, stds = (each if isinstance(each, tuple) else (each,) for each in (mean, std))
        if len(means) != channels:
            means, stds = ((sum(each) / len(each),) * channels for each in (means, stds))
        told = json.dumps({"mean": means, "std": [round(each, 6) for each in stds]})
        return Reason(words, f'Write it into run.json: "normalization": {told}.', Normalization(means, stds))

    own, others = (
        [
            normalised(f"the usual normalisation of {name}", dataset.normalization.mean, dataset.normalization.std)
            for name, dataset in DATASETS.items()
            if (dataset.shape[0] == channels) == is_own
        ]
        for is_own in (True, False)
    )
    several = (
        Reason("the channels in the opposite order (BGR)", "Train and log with red, green and blue.", turned=_flipped),
    )
    return (
        *own,
        normalised("a mean and a deviation of 0.5", 0.5, 0.5),
        normalised("images that are not normalised", 0.0, 1.0),
        normalised("pixels from 0 to 255", 0.0, 1 / 255),
        *others,
        *(several if channels > 1 else ()),
        Reason("transposed images", "Swap height and width where the images are read.", turned=_transposed),
        Reason("a network in training mode", "Call network.eval() before the test set is evaluated.", by_batch=True),
    )


def classes_for(images: Images, subject: Subject, reason: Reason, count: int) -> np.ndarray:
    """Return the classes of the first `count` images where the network is evaluated as `reason` says."""
    if reason.turned is not None:
        images = Images(reason.turned(images.pixels))
    if reason.normalization is not None:
        subject = replace(subject, normalization=reason.normalization)
    return classes_of_first(images, subject, count, _by_batch if reason.by_batch else None)


def promising(share: float, logged: float) -> bool:
    """Whether the share of the first ABLATED images lies near enough to the log's for a look at all of them."""
    return abs(share - logged) <= NEAR


def _flipped(pixels: Tensor) -> Tensor:
    return pixels.flip(1)


def _transposed(pixels: Tensor) -> Tensor:
    return pixels.transpose(2, 3)


def _by_batch(program: Program, weights: dict[str, Tensor], *inputs: Tensor) -> tuple[Tensor, ...]:
    """Replay `program` with batch norms in training mode."""
    made: dict[str, object] = {}

    def normalise(seen: Seen) -> None:
        given = seen.arguments
        if seen.node.operator == _BATCH_NORM:
            made[seen.node.name] = torch.ops.aten._native_batch_norm_legit.no_stats(
                given["input"], given["weight"], given["bias"], True, 0.0, given["eps"]
            )

    change = {
        node.name: lambda result, name=node.name: made.pop(name, result)
        for node in program.nodes
        if node.operator == _BATCH_NORM
    }
    return replay(program, weights, *inputs, see=normalise, change=change)
