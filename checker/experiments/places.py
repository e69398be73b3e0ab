"""Do all places of a map share their weights? Places are exchanged, and what comes of them must be exchanged with
them."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from checker.experiments.counting import Counting, counting
from checker.experiments.parts import apart, parts_exchanged
from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.anatomy.ways import base, depending, leading, operands

# How much the maps are changed to see what depends on them, as a share of their spread: what is merely added stays
# then.
NUDGE = 0.1
# How far a map must differ from image to image, as a share of how far it does from place to place, to be one of them.
TELLS = 0.01
_MOVES = (
    "aten.slice.",
    "aten.select.",
    "aten.flip.",
    "aten.roll.",
    "aten.constant_pad",
    "aten.reflection_pad",
    "aten.replication_pad",
    "aten.index",
    "aten._unsafe_index",
    "aten.unfold.",
    "aten.gather.",
    "aten.slice_scatter",
    "aten.split",
)
_BY_HAND = frozenset({"cat", "slice", "index", "_unsafe_index"})
_RESAMPLED = ("upsample", "pixel_shuffle", "pixel_unshuffle", "col2im")


@dataclass(frozen=True)
class Exchange:
    """What came of exchanging the places of all maps.

    moved:    how far the logits moved, as a share of how far they lie apart
    by_lines: the same when whole rows and columns are exchanged
    inside:   how far what goes into a windowed operation differs from its own, exchanged, where that depends on the
              maps before; as a share of its change
    counting: how many places count; see checker.experiments.counting
    parts:    how far the logits move when parts of the image are; see checker.experiments.parts
    by_hand:  operators behind the last maps that move places themselves, so that a window may have been written with
              them
    """

    moved: float
    by_lines: float
    inside: float
    counting: Counting
    parts: float
    by_hand: tuple[str, ...]


def exchange_places(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> Exchange:
    """Return what comes of exchanging the places of all maps that windowed operations make.

    These are convolutions and poolings whose windows are larger than a place, and resampling. Between two of them
    everything must treat all places alike, and so must what makes the logits of the last ones: an average over them
    doesn't notice. `weights` and `inputs` are float64.
    """
    moving: set[str] = set()

    def note(seen: Seen) -> None:
        if seen.outputs and seen.outputs[0].ndim >= 3 and seen.node.operator.startswith(_MOVES):
            moving.add(seen.node.operator)

    maps = _maps(program, weights, inputs)
    behind = leading(program, program.outputs, from_=maps)
    with torch.no_grad():
        before = replay(program, weights, *inputs, see=note, double=True)

    def moved(act: Callable[[Tensor], Tensor]) -> float:
        # What a map was before, so that a shortcut around a window and the way through it are exchanged alike.
        change = {name: act(map) for name, map in maps.items()}
        with torch.no_grad():
            after = replay(program, weights, act(inputs[0]), *inputs[1:], change=change, double=True)
        return apart(before, after)

    return Exchange(
        moved(exchanged),
        moved(_lines_exchanged),
        _inside(program, weights, inputs, maps),
        counting(program, weights, inputs, maps, _last(program, maps)),
        parts_exchanged(program, weights, *inputs),
        tuple(sorted({node.operator for node in program.nodes if node.name in behind - maps.keys()} & moving)),
    )


def last_maps(program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Return the maps, by name, from which a way leads to the logits that passes no other windowed operation."""
    return _last(program, _maps(program, weights, inputs))


def exchanged(map: Tensor) -> Tensor:
    """Return a map N×C×H×W, or N×C×places, with its places exchanged; always in the same way for maps of as many
    places."""
    flat = map.flatten(2)
    order = torch.randperm(flat.shape[2], generator=torch.Generator().manual_seed(0))
    # All of them in one cycle: whoever knows the order finds nothing that it leaves alike but what is alike everywhere.
    cycle = torch.empty_like(order).scatter(0, order, order.roll(1))
    return flat[:, :, cycle.to(map.device)].view(map.shape)


def _last(program: Program, maps: Mapping[str, Tensor]) -> dict[str, Tensor]:
    maps = {name: map for name, map in maps.items() if map.shape[-2:].numel() > 1}
    behind = leading(program, program.outputs, from_=maps)
    return {name: map for name, map in maps.items() if name in behind}


def _maps(program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Return what windowed operations make of images, but for poolings that leave places out of the last maps: these
    are no average of all."""
    maps: dict[str, Tensor] = {}
    sparse: set[str] = set()
    cropped: set[str] = set()
    of_images = depending(program, [each.name for each in program.inputs])
    learned = depending(program, [weight.value for weight in program.weights if weight.parameter]) - of_images

    def note(seen: Seen) -> None:
        # What is learned for places of its own is no padding around those of a map.
        if base(seen.node) == "cat" and learned & set(operands(seen.node)):
            return
        if seen.outputs and seen.node.name in of_images and _is_windowed(seen) and _tells_images_apart(seen.outputs[0]):
            maps[seen.node.name] = seen.outputs[0]
            if _leaves_out(seen):
                sparse.add(seen.node.name)
            if _crops(seen):
                cropped.add(seen.node.name)

    with torch.no_grad():
        replay(program, weights, *inputs, see=note, double=True)
    last = _last(program, maps).keys()
    # A shortcut that is cut to the size of what it is added to is no map without a border.
    left_out = last & (sparse if last - cropped else sparse | cropped)
    return {name: map for name, map in maps.items() if name not in left_out}


def _inside(
    program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...], maps: Mapping[str, Tensor]
) -> float:
    """Return how far the inputs of windowed operations, or rather what a nudge to all maps changes of them, differ from
    those exchanged."""
    generator = torch.Generator().manual_seed(1)

    def nudged(map: Tensor) -> Tensor:
        noise = torch.randn(map.shape, dtype=torch.float64, generator=generator).to(map.device)
        if bool((map >= 0).all()):  # A root or a logarithm may follow.
            noise = noise.abs()
        return map + NUDGE * (map - map.mean()).abs().mean() * noise

    others = {name: nudged(map) for name, map in maps.items()}
    images = nudged(inputs[0])
    change = []
    for act in (lambda map: map, exchanged):
        plain = _given(program, weights, (act(inputs[0]), *inputs[1:]), {name: act(map) for name, map in maps.items()})
        moved = _given(program, weights, (act(images), *inputs[1:]), {name: act(map) for name, map in others.items()})
        change.append({name: moved[name] - value for name, value in plain.items()})
    raw = depending(program, [each.name for each in program.inputs]) - depending(
        program, [each.value for each in program.weights]
    )
    by_hand = {node.name for node in program.nodes if node.operator.startswith(_MOVES) or base(node) in _BY_HAND}
    apart = 0.0
    for name, own in change[0].items():
        size = own.abs().max()
        # Between the image itself and the first layers lie its views, which are moved by hand.
        behind = leading(program, [name], from_=maps)
        if own.ndim > 2 and not bool(size == 0) and not (name in raw and behind & by_hand):
            distance = float((change[1][name] - exchanged(own)).abs().max() / size)
            apart = max(apart, math.inf if math.isnan(distance) else distance)  # NaN is no evidence.
    return apart


def _given(
    program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...], maps: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return what goes into the operations that make the maps, when these are replaced."""
    wanted = _given_to(program, maps)
    found: dict[str, Tensor] = {}

    def note(seen: Seen) -> None:
        if seen.node.name in wanted and seen.outputs:
            found[seen.node.name] = seen.outputs[0]

    with torch.no_grad():
        replay(
            program,
            weights,
            *inputs,
            see=note,
            change=maps,
            double=True,
        )
    return found


def _given_to(program: Program, maps: Collection[str]) -> set[str]:
    """Return the values that go into the operations that make the maps: into those that move places by hand, what they
    move."""
    made = {node.name: node for node in program.nodes}
    found: set[str] = set()
    for name in maps:
        by_hand = base(made[name]) in _BY_HAND
        waiting = list(operands(made[name])) if by_hand else list(operands(made[name]))[:1]
        while waiting:
            each = waiting.pop()
            if each in maps or each not in made:
                continue
            if by_hand and (made[each].operator.startswith(_MOVES) or base(made[each]) in _BY_HAND):
                waiting.extend(operands(made[each]))
            else:
                found.add(each)
    return found


def _is_windowed(seen: Seen) -> bool:
    name, out = base(seen.node), seen.outputs[0]
    if name == "im2col":
        return out.shape[-1] > 1
    if out.ndim != 4:
        return False
    if out.shape[-2:].numel() == 1:  # An average of a part of the map; one of all places leaves the plane.
        if name != "avg_pool2d":
            return False
        kernel, padding = seen.arguments["kernel_size"], seen.arguments["padding"]
        sides = seen.arguments["self"].shape[2:]
        return any(kernel[place] - padding[place] < side for place, side in zip((0, -1), sides, strict=True))
    if name == "convolution":
        # One of a single place that leaves places out, the shortcut of many residual networks, makes another map too.
        return bool(max(*seen.arguments["weight"].shape[2:], *seen.arguments["stride"]) > 1)
    if name == "slice":  # So does every other row or column.
        dim: int = seen.arguments["dim"]
        return dim % 4 > 1 and (_crops(seen) or (seen.arguments["step"] == 2 and out.shape[dim] >= _side(seen) // 2))
    if name in ("index", "_unsafe_index"):  # Rows and columns several times: resampling, which leaves none out.
        return bool(out.shape[-2:].numel() > seen.arguments["self"].shape[-2:].numel())
    if name == "cat" or "_pad" in name:  # All places, and more around them.
        return _crops(seen) or out.shape[-2:].numel() > max(
            each.shape[-2:].numel() for each in _tensors(seen) if each.ndim == 4
        )
    return "pool" in name or any(each in name for each in _RESAMPLED)


def _crops(seen: Seen) -> bool:
    """Whether as much is cut off both ends of a map, as a convolution without padding does, and more than half is left.
    Crops of all sizes and places together would tell each place from its neighbour."""
    name, arguments = base(seen.node), seen.arguments
    if name not in ("slice", "constant_pad_nd") or arguments.get("step", 1) != 1:
        return False
    given, out = _tensors(seen)[0], seen.outputs[0]
    if given.ndim != 4 or given.shape == out.shape:
        return False
    if name == "slice":
        side = _side(seen)
        start = (arguments["start"] or 0) % side
        centred = 2 * start + out.shape[int(arguments["dim"])] == side
    else:
        centred = list(arguments["pad"][::2]) == list(arguments["pad"][1::2])
    return centred and all(side >= kept > side / 2 for side, kept in zip(given.shape[2:], out.shape[2:], strict=True))


def _leaves_out(seen: Seen) -> bool:
    """Whether what makes a map skips places of the one before it."""
    name, arguments = base(seen.node), seen.arguments
    if "avg_pool" in name and "stride" in arguments:
        # Each is given for both dimensions, or once.
        sides, strides = (
            list(arguments[each]) * (2 // max(len(arguments[each]), 1)) for each in ("kernel_size", "stride")
        )
        return any(stride > side for stride, side in zip(strides, sides, strict=False))
    given: object = arguments.get("self", arguments.get("input"))
    resampled = name in ("index", "_unsafe_index") or any(each in name for each in _RESAMPLED)
    return resampled and isinstance(given, Tensor) and seen.outputs[0].shape[-2:].numel() < given.shape[-2:].numel()


def _tells_images_apart(map: Tensor) -> bool:
    """Whether a map is one of the images: what is the same for all of them is numbers for places."""
    return len(map) == 1 or not bool((map - map.mean(0)).norm() <= TELLS * (map - map.mean()).norm())


def _tensors(seen: Seen) -> list[Tensor]:
    given = seen.arguments.get("tensors", [seen.arguments.get("self")])
    return [each for each in given if isinstance(each, Tensor)]


def _side(seen: Seen) -> int:
    given: Tensor = seen.arguments["self"]
    return given.shape[int(seen.arguments["dim"])]


def _lines_exchanged(map: Tensor) -> Tensor:
    """Return a map N×C×H×W with its rows exchanged, and its columns: what was in one line still is. One without rows
    has its places exchanged."""
    if map.ndim != 4:
        return exchanged(map)
    rows, columns = (torch.randperm(side, generator=torch.Generator().manual_seed(side)) for side in map.shape[2:])
    return map[:, :, rows.to(map.device)][..., columns.to(map.device)]
