"""What `follow` knows of a tensor, composed of what it knows of its place in the plane, its reach, its origin and its
way."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil

import torch
from torch import Tensor

# Places that a tap of a large window must meet at the least, in the mean, to be no weight of a single place.
SHARED = 1.5


@dataclass(frozen=True)
class Plane:
    """From which place of the image's plane each number of a tensor comes.

    places: float32 of the tensor's shape, the places numbered from 1, row by row; 0 stands for padding
    call:   the one that numbered them
    width:  of the rows by which they were numbered
    """

    places: Tensor
    call: int
    width: int

    @staticmethod
    def drawn(shape: torch.Size, call: int) -> "Plane":
        """Return a plane whose places are numbered anew, for a map N×C×H×W."""
        return Plane(grid(shape), call, shape[-1])

    @cached_property
    def rows_and_columns(self) -> Tensor:
        """Where each place lies, float32 2×shape; NaN for padding."""
        return _located(self.places, self.width)

    @cached_property
    def spacing(self) -> tuple[float, float]:
        """By how many places the neighbours in a map N×C×H×W lie apart: 2 where every other row and column was
        taken."""
        rows, columns = _located(self.places[0, 0], self.width)
        return _step(rows.diff(dim=0).T), _step(columns.diff(dim=1))

    @cached_property
    def depth(self) -> tuple[float, float]:
        """How far apart the places lie that the channels at one place of a map N×C×H×W come from."""
        one = self.places[0]
        if one.stride()[0] == 0 or bool((one == one[:1]).all()):
            return 0.0, 0.0
        return extent(_located(one, self.width).flatten(2).transpose(1, 2))

    @cached_property
    def count(self) -> int:
        """How many places the numbers come from."""
        return distinct(self.places)

    @cached_property
    def sides(self) -> tuple[int, int]:
        """Height and width of a map N×C×H×W, without what was padded to it."""
        real = (self.places > 0).flatten(0, -3).any(0)
        return int(real.any(1).sum()), int(real.any(0).sum())


@dataclass(frozen=True)
class Reach:
    """How far one number sees, (height, width) in pixels of the image.

    field: in all; local: before anything left the plane; jump: from a place to its neighbour
    """

    field: tuple[float, float] = (1, 1)
    jump: tuple[float, float] = (1, 1)
    local: tuple[float, float] = (1, 1)

    @property
    def pixels(self) -> tuple[int, int]:
        """The field in whole pixels."""
        return ceil(self.field[0]), ceil(self.field[1])


@dataclass(frozen=True)
class Origin:
    """What a tensor was computed from.

    image:        an input of the network
    weights:      keys of the weights that it is, or was made of; none where an image had a part in it
    convolutions: calls of those that it was computed from, with no other convolution in between
    """

    image: bool = False
    weights: frozenset[str] = frozenset()
    convolutions: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Way:
    """What happened on the way from the image.

    exits:          how the plane was left: "average", "fully connected", "max", "statistic", "pick"
    not_understood: operators that `follow` can't go through
    """

    exits: frozenset[str] = frozenset()
    not_understood: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Value:
    """What is known of a tensor; `plane` is None where it has no places."""

    plane: Plane | None = None
    reach: Reach = field(default_factory=Reach)
    origin: Origin = field(default_factory=Origin)
    way: Way = field(default_factory=Way)

    @property
    def learned(self) -> bool:
        """It was computed from weights alone."""
        return bool(self.origin.weights)

    @property
    def places(self) -> int:
        """How many places of the plane it comes from; 1 where it has no plane any more."""
        return 1 if self.plane is None else max(1, self.plane.count)

    def at(self, places: Tensor | None) -> "Value":
        """Return it with other places of the same numbering, None for no plane."""
        if places is None or self.plane is None:
            return replace(self, plane=None)
        return replace(self, plane=replace(self.plane, places=places))

    def farther(self, apart: tuple[float, float]) -> "Value":
        """Return it with a receptive field that is larger by so many places (down, across)."""
        field = pair(f + count * j for f, count, j in zip(self.reach.field, apart, self.reach.jump, strict=True))
        return replace(
            self, reach=replace(self.reach, field=field, local=self.reach.local if self.way.exits else field)
        )

    def leaving(self, how: str) -> "Value":
        """Return it after it left the plane."""
        return replace(self, way=replace(self.way, exits=self.way.exits | {how}))

    def not_through(self, operator: str) -> "Value":
        """Return it as something that was not understood."""
        return replace(self, way=replace(self.way, not_understood=self.way.not_understood | {operator}))


def merge(values: list[Value]) -> Value:
    """Return what is known of a tensor that was computed from all of `values`; its plane is that of the largest."""
    if not values:
        return Value()
    if len(values) == 1:
        return values[0]
    # Weights see nothing, and lie nowhere.
    seeing = [value.reach for value in values if value.origin.image] or [value.reach for value in values]
    farthest = max(seeing, key=lambda reach: (max(reach.field), max(reach.jump)))
    planes = [value.plane for value in values if value.plane is not None]
    image = any(value.origin.image for value in values)
    return Value(
        plane=max(planes, key=lambda plane: plane.places.numel(), default=None),
        reach=Reach(
            pair(max(value.reach.field[side] for value in values) for side in (0, 1)),
            farthest.jump,
            pair(max(value.reach.local[side] for value in values) for side in (0, 1)),
        ),
        origin=Origin(
            image,
            frozenset() if image else frozenset().union(*(value.origin.weights for value in values)),
            frozenset().union(*(value.origin.convolutions for value in values)),
        ),
        way=Way(
            frozenset().union(*(value.way.exits for value in values)),
            frozenset().union(*(value.way.not_understood for value in values)),
        ),
    )


def pair(numbers: Iterable[float]) -> tuple[float, float]:
    """Return two numbers, for height and width, as a pair."""
    height, width = numbers
    return height, width


def distinct(places: Tensor) -> int:
    """Return how many places are among `places`; padding is none."""
    found: Tensor = places.unique()
    return int((found > 0).sum())


def extent(rows_and_columns: Tensor) -> tuple[float, float]:
    """Return how far apart the places of a row lie, down and across: in the middle of all rows (2×rows×places), since
    at the borders of a map fewer of them are real, and around them others are."""
    least, most = rows_and_columns.nan_to_num(torch.inf).amin(-1), rows_and_columns.nan_to_num(-torch.inf).amax(-1)
    far = torch.where(most >= least, most - least, 0).median(-1).values
    return float(far[0]), float(far[1])


def _located(places: Tensor, width: int) -> Tensor:
    numbers = torch.where(places > 0, places - 1, torch.nan)
    rows = (numbers / width).floor()
    return torch.stack((rows, numbers - rows * width))


def _step(differences: Tensor) -> float:
    """Return the mean of the differences between neighbours (lines×n), 1 where there are none."""
    kept = (differences.abs() > 0).any(0).nonzero().flatten()
    inner = differences[:, kept[0] : kept[-1] + 1] if len(kept) > 1 else differences
    if not bool((inner == 0).any()):  # What is repeated at the borders alone is padding.
        differences = inner
    found = differences[~differences.isnan()].abs()
    if not found.numel():
        return 1.0
    # A neighbour at the other side of the map has been moved around it.
    usual = float(found.kthvalue(1 + 3 * (found.numel() - 1) // 4).values)
    step = float(found[found <= 2 * max(1.0, usual)].double().mean())
    count = differences.shape[1]
    return step if step >= 1 else (step * count + 1) / (count + 1)  # Of n places that share m, n/m to each.


def grid(shape: torch.Size) -> Tensor:
    """Number the places of a plane from 1: float32 of `shape`, N×C×H×W."""
    height, width = shape[-2:]
    return torch.arange(1, height * width + 1, dtype=torch.float32).view(1, 1, height, width).expand(shape)
