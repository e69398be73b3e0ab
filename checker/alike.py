"""Which values of a program are the same for all images, or nearly so, and which are whatever the parameters are?"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay

# What two numbers may differ by in float64, as a share of their size, to be the same: rounding is 1e-16.
EXACT = 1e-9
# What differs from image to image by no more than this, as a share of how far its numbers lie apart, is a constant that
# images only tint; and how many of its numbers are looked at.
TINTED, SAMPLED = 0.1, 1_024


@dataclass(frozen=True)
class Told:
    """What tells a value from another one: a few sums of all its numbers, and up to SAMPLED of them. To keep all would
    take gigabytes."""

    sums: Tensor
    sample: Tensor


def tellings(program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...]) -> dict[str, Told]:
    """Return what tells each value of the program."""
    found: dict[str, Told] = {}

    def note(seen: Seen) -> None:
        if seen.outputs and seen.outputs[0].is_floating_point():
            flat = seen.outputs[0].flatten()
            ramp = torch.linspace(0, 1, len(flat), dtype=flat.dtype, device=flat.device)
            sums = torch.stack([flat.sum(), flat @ flat, ramp @ flat])
            # Of large ones with a stride that no shape has as a factor.
            places = torch.arange(min(len(flat), SAMPLED), device=flat.device) * 999_983 % max(len(flat), 1)
            found[seen.node.name] = Told(sums, flat[places])

    replay(program, weights, *inputs, see=note, double=True)
    return found


def same_values(one: Mapping[str, Told], other: Mapping[str, Told]) -> set[str]:
    """Return the values whose sums are the same, to rounding."""
    return {
        name
        for name, told in one.items()
        if told.sums.isfinite().all()
        and bool((other[name].sums - told.sums).abs().max() <= EXACT * told.sums.abs().max())
    }


def tinted_values(one: Mapping[str, Told], other: Mapping[str, Told]) -> set[str]:
    """Return the values whose numbers lie apart, and hardly differ from image to image."""
    return {
        name
        for name, told in one.items()
        if bool((other[name].sample - told.sample).norm() <= TINTED * (told.sample - told.sample.mean()).norm())
    }


def other_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return other weights, about as large."""
    generator = torch.Generator().manual_seed(0)
    return {
        name: weight
        + (weight.abs().mean() + EXACT) * torch.rand(weight.shape, generator=generator).to(weight.device, weight.dtype)
        if weight.is_floating_point()
        else weight
        for name, weight in weights.items()
    }
