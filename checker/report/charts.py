"""Where everything in a chart stands: plain numbers and SVG paths, which the templates draw."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from checker.details import Details
from checker.submission import LAST_EPOCHS

WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 408, 12, 192  # Where the plot lies in it.
# The plot of networks, with a column beside it for the names of ours.
NETWORKS_HEIGHT, NETWORKS_RIGHT, NETWORKS_BOTTOM, NAMES = 330, 300, 296, 316
LINE = 15  # From a name to the next.
MOST_NAMES = 18


@dataclass(frozen=True)
class Tick:
    """A place on an axis, and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """kind: "train", "test" or "sum"; path: of SVG, with gaps where there is no number"""

    kind: str
    path: str


@dataclass(frozen=True)
class Curves:
    """A chart over the epochs.

    label: what it shows, in a sentence; threshold: the height of it; band: from where to where the last epochs lie
    dots: (x, y) of what the checker measured
    """

    label: str
    columns: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    lines: tuple[Line, ...]
    band: tuple[float, float]
    threshold: float | None = None
    dots: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Point:
    """A network in the plot of parameters and accuracies.

    kind: "ours" or "published"; parameters: at least one; accuracy: in percent; note: what accuracy it is
    x, y: where it stands; name_y: the height of its name in the column, None where it is left out
    """

    kind: str
    name: str
    parameters: int
    accuracy: float
    note: str = ""
    x: float = 0
    y: float = 0
    name_y: float | None = None


@dataclass(frozen=True)
class Networks:
    """Parameters against accuracies on one data set."""

    dataset: str
    columns: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    points: tuple[Point, ...]


def accuracies(details: Details) -> Curves | None:
    """Return the chart of accuracies, None where the log has none."""
    tests = [each for epoch in details.epochs for each in (epoch.test, epoch.measured) if each is not None]
    if not tests:
        return None
    last = [
        each for epoch in details.epochs[-LAST_EPOCHS:] for each in (epoch.test, epoch.measured) if each is not None
    ]
    # The first epochs are far below: what matters happens around the threshold.
    threshold = details.threshold
    gap = 100 - threshold if threshold is not None else max(1.0, 100 - max(tests))
    low = max(0.0, min([100 - 3.4 * gap, *(each - gap / 2 for each in last)]))
    across = _across(details)
    up = _scale(low, 100 + 0.1 * gap, BOTTOM, TOP)
    return Curves(
        _sentence("Accuracy", details, [epoch.test for epoch in details.epochs], " %"),
        _epoch_ticks(details, across),
        _ticks(_steps(low, 100, 5), up),
        tuple(
            Line(kind, path)
            for kind in ("train", "sum", "test")
            if (path := _path([getattr(epoch, kind) for epoch in details.epochs], across, up))
        ),
        _band(details, across),
        None if threshold is None else up(threshold),
        tuple(
            (across(place), up(epoch.measured))
            for place, epoch in enumerate(details.epochs)
            if epoch.measured is not None
        ),
    )


def losses(details: Details) -> Curves | None:
    """Return the chart of losses, on a logarithmic scale; None where the log has none."""
    curves = {kind: [_log(getattr(epoch, f"{kind}_loss")) for epoch in details.epochs] for kind in ("train", "test")}
    known = [each for values in curves.values() for each in values if each is not None]
    if not known:
        return None
    low, high = min(known) - 0.05, max(known) + 0.05
    across, up = _across(details), _scale(low, high, BOTTOM, TOP)
    factors = (1, 2, 5) if high - low < 2 else (1,)
    values = [factor * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for factor in factors]
    inside = [value for value in values if low <= math.log10(value) <= high]
    return Curves(
        _sentence("Loss", details, [epoch.test_loss for epoch in details.epochs], ""),
        _epoch_ticks(details, across),
        _ticks(inside[:: len(inside) // 8 + 1], lambda each: up(math.log10(each))),
        tuple(Line(kind, path) for kind, values in curves.items() if (path := _path(values, across, up))),
        _band(details, across),
    )


def networks(dataset: str, points: Sequence[Point]) -> Networks | None:
    """Return the plot of some networks on one data set; each step up by the same height halves the errors."""
    points = [each for each in points if each.parameters > 0 and math.isfinite(each.accuracy)]
    if not points:
        return None
    sizes, errors = [math.log10(each.parameters) for each in points], [_errors(each.accuracy) for each in points]
    least, most = min(sizes) - 0.1, max(sizes) + 0.1
    across = _scale(least, most, LEFT, NETWORKS_RIGHT)
    up = _scale(max(errors) + 0.06, min(errors) - 0.06, NETWORKS_BOTTOM, TOP)
    decades = [factor * 10**power for power in range(math.floor(least), math.ceil(most) + 1) for factor in (1, 2, 5)]
    inside = [each for each in decades if least <= math.log10(each) <= most]
    inside = [each for each in inside if str(each)[0] == "1"] if len(inside) > 6 else inside
    accuracies = [each for each in _ACCURACIES if min(errors) - 0.06 <= _errors(each) <= max(errors) + 0.06]
    placed = [replace(each, x=across(math.log10(each.parameters)), y=up(_errors(each.accuracy))) for each in points]
    named = sorted((each for each in placed if each.kind == "ours"), key=lambda each: (each.y, each.x, each.name))
    heights: list[float | None] = [*_spread([each.y for each in named[:MOST_NAMES]])]
    heights += [None] * (len(named) - len(heights))
    return Networks(
        dataset,
        _ticks(inside, lambda each: across(math.log10(each)), _thousands),
        _ticks(accuracies[:: len(accuracies) // 9 + 1], lambda each: up(_errors(each))),
        (
            *(each for each in placed if each.kind != "ours"),
            *(replace(each, name_y=height) for each, height in zip(named, heights, strict=True)),
        ),
    )


_ACCURACIES = (0, 20, 50, 70, 80, 85, 88, 90, 92, 94, 96, 97, 98, 98.5, 99, 99.2, 99.4, 99.5, 99.6, 99.7, 99.8, 99.9)


def _errors(accuracy: float) -> float:
    return math.log10(max(0.01, 100 - accuracy))


def _log(value: float | None) -> float | None:
    return math.log10(value) if value is not None and value > 0 else None


def _thousands(count: float) -> str:
    for size, letter in ((10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:g}{letter}"
    return f"{count:g}"


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Return where a value stands; what is far outside of the plot stands a little outside of it."""
    size = (high - low) or 1.0
    return lambda value: round(start + min(2.0, max(-1.0, (value - low) / size)) * (end - start), 1)


def _across(details: Details) -> Callable[[float], float]:
    # By their order: a log may number its epochs as it likes.
    return _scale(0, max(1, len(details.epochs) - 1), LEFT + 8, RIGHT - 8)


def _band(details: Details, across: Callable[[float], float]) -> tuple[float, float]:
    count = len(details.epochs)
    return across(max(0, count - LAST_EPOCHS)) - 8, across(count - 1) + 8


def _epoch_ticks(details: Details, across: Callable[[float], float]) -> tuple[Tick, ...]:
    count = len(details.epochs)
    step = next((step for step in (1, 2, 5, 10, 20, 50) if count / step <= 9), 100)
    # Whole multiples of the step, where epochs are numbered from 1.
    return tuple(Tick(across(place), f"{details.epochs[place].epoch}"[:6]) for place in range(step - 1, count, step))


def _steps(low: float, high: float, most: int) -> list[float]:
    """Return round values between two others, at most so many or one more."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    return [number * step for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _ticks(
    values: Sequence[float], at: Callable[[float], float], text: Callable[[float], str] = "{:.6g}".format
) -> tuple[Tick, ...]:
    return tuple(Tick(at(value), text(value)) for value in values)


def _path(values: Sequence[float | None], across: Callable[[float], float], up: Callable[[float], float]) -> str:
    path, draws = [], False
    for place, value in enumerate(values):
        if value is not None:
            path.append(f"{'L' if draws else 'M'}{across(place):g} {up(value):g}")
        draws = value is not None
    return "".join(path)


def _spread(heights: Sequence[float]) -> list[float]:
    """Return heights in the same order, at least a line apart, and inside of the plot where that is possible."""
    spread: list[float] = []
    for height in heights:
        spread.append(max(height, spread[-1] + LINE if spread else TOP))
    over: float = NETWORKS_BOTTOM
    for place in range(len(spread) - 1, -1, -1):
        spread[place] = min(spread[place], over)
        over = spread[place] - LINE
    return spread


def _sentence(what: str, details: Details, values: Sequence[float | None], unit: str) -> str:
    known = [each for each in values if each is not None]
    reached = f"; on test images {known[0]:.4g}{unit} at first, {known[-1]:.4g}{unit} at last" if known else ""
    return f"{what} over {len(details.epochs)} epochs{reached}."
