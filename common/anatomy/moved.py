"""The same learned kernel on other places: however it is scaled, padded, turned or transposed, what it makes there is
what it makes of a map that was moved."""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor

from common.anatomy.operators import Call
from common.anatomy.operators.value import Plane

# A tap is none that is smaller than this share of the largest. Filters are the same, or scaled, that differ by no more
# than float32 rounds, as a share of their largest number.
ZERO_TAP, SAME_FILTER = 1e-6, 1e-5


@dataclass(frozen=True)
class Convolved:
    """One use of a convolution: its learned weights, the planes of what it was given and of what it made."""

    weights: frozenset[str]
    call: Call
    given: Plane
    made: Plane

    @cached_property
    def taps(self) -> "_Taps | None":
        """Its taps; None where its windows can't be compared with others'."""
        weight: Tensor = self.call["weight"]
        dilation, padding = self.call.pair("dilation"), list(self.call.pair("padding", 0))
        if self.call["transposed"]:  # With a stride of 1 it is the convolution with the kernel turned by half.
            if self.call["groups"] > 1 or max(self.call.pair("stride")) > 1:
                return None
            sides = weight.shape[2:]
            padding = [step * (side - 1) - own for step, side, own in zip(dilation, sides, padding, strict=True)]
            weight = weight.transpose(0, 1).flip(2, 3)
        if min(padding) < 0:
            return None
        size = weight.abs().amax((0, 1))
        seen, kernel = [], []
        for row, column in (size > ZERO_TAP * size.max()).nonzero().tolist():
            tap = self.given.places.new_zeros((1, 1, *size.shape))
            tap[..., row, column] = 1
            places = self.given.places[:1, :1]
            seen.append(F.conv2d(places, tap, None, self.call.pair("stride"), padding, dilation)[0, 0])
            kernel.append(weight[..., row, column].flatten(1))
        middle = [int(places[places.shape[0] // 2, places.shape[1] // 2]) for places in seen]
        if not middle or min(middle) <= 0:
            return None
        order = sorted(range(len(middle)), key=lambda number: middle[number])
        filters = torch.cat([kernel[number] for number in order], 1)
        largest = filters.gather(1, filters.abs().argmax(1, keepdim=True))
        return _Taps([middle[number] - middle[order[0]] for number in order], filters / largest, seen[order[0]])


@dataclass(frozen=True)
class _Taps:
    """The taps of a kernel that aren't zero, in the order of the places that they see: how far each lies from the
    first, the filters (outputs×numbers) less their scale, and the places H×W that the first sees; 0 in the padding."""

    apart: list[int]
    filters: Tensor
    first: Tensor

    def moved_from(self, other: "_Taps") -> bool:
        """Whether it is the same kernel, or a scaled one, around other places."""
        return (
            self.apart == other.apart
            and self.filters.shape == other.filters.shape
            and torch.allclose(self.filters, other.filters, rtol=0, atol=SAME_FILTER)
            and not torch.equal(self.first, other.first)
        )

    def on(self, other: "_Taps", plane: Plane, shape: torch.Size) -> Plane:
        """Return the plane of what it makes, in the places of what the other one made on `plane`; between those that of
        their neighbours."""
        numbers = {int(place): number for number, place in enumerate(other.first.flatten(), start=1) if place > 0}
        places = torch.tensor([numbers.get(int(place), 0) for place in self.first.flatten()], dtype=torch.float32)
        places = places.view(self.first.shape).to(plane.places.device)
        if not bool((places > 0).any()):
            places = torch.arange(1.0, places.numel() + 1, device=places.device).view(places.shape).roll(1, -1)
        return replace(plane, places=places.expand(shape))
