"""The experiments on test images, with the weights of one epoch: what workers are asked for. Each takes `images`,
`subject` and, where it needs only a few images, their places as `chosen`."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from checker.constants import Constants, constants
from checker.experiments import kernels
from checker.experiments.adding import Adding, adding
from checker.experiments.choosing import chosen_among
from checker.experiments.norms import (
    Normalised,
    Statistic,
    normalised,
    own_statistics,
    running_statistics,
)
from checker.experiments.places import Exchange, exchange_places
from checker.experiments.reach import receptive_field
from checker.experiments.weighing import weighed_apart
from checker.score import NUMBERS
from checker.subject import AVERAGED, Images, Subject
from common.anatomy.follow import follow


def places_exchanged(images: Images, subject: Subject, chosen: Sequence[int]) -> Exchange:
    """Return what comes of exchanging the places of the last maps; see checker.experiments.places."""
    return exchange_places(subject.program, _weights(subject), *_given(images, subject, chosen))


def constants_used(images: Images, subject: Subject, chosen: Sequence[int]) -> Constants:
    """Return what acts on the logits beside images and parameters; see checker.constants."""
    half = len(chosen) // 2
    one = tuple(_given(images, subject, chosen[:half], number=3))
    other = tuple(_given(images, subject, chosen[half:], number=5))
    return constants(subject.program, _weights(subject), one, other)


def places_chosen(images: Images, subject: Subject, chosen: Sequence[int], counted: Collection[str]) -> float:
    """Return how much the network chooses among places, but for the maxima that make `counted`; see
    checker.experiments.choosing."""
    return chosen_among(subject.program, _weights(subject), counted, *_given(images, subject, chosen))


def places_weighed(images: Images, subject: Subject, chosen: Sequence[int]) -> float:
    """Return how far places count otherwise for some channels and classes than for others; see
    checker.experiments.weighing."""
    return weighed_apart(subject.program, _weights(subject), *_given(images, subject, chosen))


def places_added(images: Images, subject: Subject, chosen: Sequence[int]) -> Adding:
    """Return how places add up to what the logits are made of; see checker.experiments.adding."""
    return adding(subject.program, _weights(subject), *_given(images, subject, chosen))


def places_seen(images: Images, subject: Subject, chosen: Sequence[int]) -> tuple[int, int]:
    """Return how far the places of the last maps see, found by changing pixels; see checker.experiments.reach."""
    given = _given(images, subject, chosen)
    traced = follow(subject.program, subject.filled(), *(each.float() for each in given))
    strides = {operation.value: operation.jump for operation in traced.operations}
    averages = {operation.value for operation in traced.operations if operation.kind == "global average"}
    averaged = {name for node in subject.program.nodes if node.name in averages for name in list(node.references())[:1]}
    return receptive_field(subject.program, _weights(subject), averaged, strides, *given)


def norms(images: Images, subject: Subject, chosen: Sequence[int]) -> Normalised:
    """Return what is normalised in the network, by its norms and beside them; see checker.experiments.norms."""
    return normalised(subject.program, _weights(subject), *_given(images, subject, chosen))


def statistics_kept(images: Images, subject: Subject) -> tuple[Statistic, ...]:
    """Return how far the statistics that normalisations keep lie from those of the first AVERAGED images; see
    checker.experiments.norms."""
    # In float32, which is sharp enough for statistics and takes half the time.
    given = [each.float() for each in _given(images, subject, range(AVERAGED), number=None)]
    return running_statistics(subject.program, subject.filled(), *given)


def statistics_begun(images: Images, subject: Subject) -> dict[str, Tensor]:
    """Return running statistics for the normalisations that have none yet; see checker.experiments.norms."""
    return own_statistics(subject.program, _weights(subject), *_given(images, subject, range(AVERAGED), number=None))


def moved_by_single_taps(images: Images, subject: Subject, chosen: Sequence[int], values: Collection[str]) -> float:
    """Return how far the logits move with a single tap of each kernel of the convolutions that make `values`; see
    checker.experiments.kernels."""
    return kernels.moved_by_single_taps(subject.program, _weights(subject), values, *_given(images, subject, chosen))


def moved_without(images: Images, subject: Subject, chosen: Sequence[int], values: Collection[str]) -> float:
    """Return how far the logits move when `values` are zero; see checker.experiments.kernels."""
    return kernels.moved_without(subject.program, _weights(subject), values, *_given(images, subject, chosen))


def alike_untrained(images: Images, subject: Subject, chosen: Sequence[int], value: str) -> float:
    """Return how much a convolution's kernel is like one of other parameters; see checker.experiments.kernels."""
    given = _given(images, subject, chosen)
    return kernels.untrained_likeness(subject.program, _weights(subject), [value], *given)[value]


def apart_from_copies(images: Images, subject: Subject, chosen: Sequence[int], values: Collection[str]) -> float:
    """Return how far the convolutions that make `values` are from seeing each place twice, or one number everywhere;
    see checker.experiments.kernels."""
    return kernels.apart_from_copies(subject.program, _weights(subject), values, *_given(images, subject, chosen))


def _weights(subject: Subject) -> dict[str, Tensor]:
    return subject.filled(torch.float64)


def _given(images: Images, subject: Subject, chosen: Sequence[int], number: int | None = 3) -> list[Tensor]:
    """Return what the network is given of the images at `chosen`, in float64; of a network for so many images, as many.

    number: beside each image, where there are two inputs; one after the other where it is None
    """
    places = torch.arange(subject.program.batch or len(chosen))
    places[: len(chosen)] = torch.as_tensor(chosen)[: len(places)]
    given = [each.double() for each in images.inputs(places, subject, (number or 0) if subject.two_inputs else None)]
    if subject.two_inputs and number is None:
        given[1] = torch.eye(NUMBERS, dtype=torch.float64, device=given[1].device)[torch.arange(len(places)) % NUMBERS]
    return given
