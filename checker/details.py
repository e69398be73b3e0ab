"""What a page shows of a run beside its verdicts: plain values, so that a renderer needs neither torch nor the run."""

import base64
from dataclasses import asdict, dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Epoch:
    """One line of the log, as far as curves show it.

    Losses as they were logged, accuracies in percent; None where the log has no such number, or one that can't be.
    measured: what the checker found with the epoch's weights, in percent; None for all but the last epochs
    """

    epoch: int
    train_loss: float | None
    test_loss: float | None
    train: float | None
    test: float | None
    sum: float | None = None
    measured: float | None = None


@dataclass(frozen=True)
class Layer:
    """A layer as it ran for one view of an image.

    what:            "convolution 3×3, stride 2, then batch norm"
    module:          the path of the module that holds its weights, "" where it has none
    inputs:          places (from 0) of the layers that it reads, where there are several
    output:          shape without the batch
    parameters:      learned numbers that no layer before it used
    receptive_field: (height, width) in pixels of one output value
    """

    what: str
    module: str
    inputs: tuple[int, ...]
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int
    receptive_field: tuple[int, int]


@dataclass(frozen=True)
class Mistake:
    """A test image that the last epoch classifies wrongly; `read_as` is None where its logits aren't finite.

    place: in the test set, from 0; label, read_as: names of classes; png: the image as a PNG file
    """

    place: int
    label: str
    read_as: str | None
    png: bytes


@dataclass(frozen=True)
class Details:
    """A run as curves, layers and mistakes; what could not be had is empty, or None.

    threshold:  accuracy in percent that each of the last epochs must reach
    epochs:     of the log: all of them, or so many evenly spread ones, and always the last five
    layers:     the first ones, where there are very many; layer_count: how many there are
    side:       how many pixels an image is wide
    mistakes:   those that the network is surest of; mistake_count: how many there are among test_total images
    """

    threshold: float | None = None
    epochs: tuple[Epoch, ...] = ()
    parameters: int | None = None
    layers: tuple[Layer, ...] = ()
    layer_count: int = 0
    side: int = 0
    mistakes: tuple[Mistake, ...] = ()
    mistake_count: int | None = None
    test_total: int = 0


def as_values(details: Details) -> dict[str, Any]:
    """Return details as JSON values."""
    return asdict(details) | {
        "mistakes": [asdict(each) | {"png": base64.b64encode(each.png).decode()} for each in details.mistakes]
    }


def from_values(values: dict[str, Any]) -> Details:
    """Return the details that `as_values` gave, through JSON or not."""
    layers: list[dict[str, Any]] = [
        {name: tuple(each) if isinstance(each, list) else each for name, each in one.items()}
        for one in values["layers"]
    ]
    return replace(
        Details(**values),
        epochs=tuple(Epoch(**each) for each in values["epochs"]),
        layers=tuple(Layer(**each) for each in layers),
        mistakes=tuple(Mistake(**each | {"png": base64.b64decode(each["png"])}) for each in values["mistakes"]),
    )
