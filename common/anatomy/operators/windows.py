"""Operators that slide a window over a map: convolutions, pooling, resampling."""

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from common.anatomy.operators.layer import layer, linear_at_each_place
from common.anatomy.operators.registry import REGISTRY, Call, Found, follows
from common.anatomy.operators.value import SHARED, Plane, Reach, Value, distinct, pair

# The smallest kernel that sees its neighbours: padded on a map of 2×2, where it sees everything, it still is a
# convolution.
SMALL_KERNEL = 3
MOST_SEEN = 10_000_000  # Places, of all windows of a layer together, that are looked at.
# Taps that are no larger than this share of the largest, or differ by no more, are none, or are the same.
SINGLE = 1e-3


@follows("convolution.default")
def convolution(call: Call) -> Found:
    """A kernel of weights at every place; transposed ones spread a place over as many."""
    value, weight = call.known["input"], call["weight"]
    if weight.ndim == 3 and value.plane is not None and _looks_at_itself(call):
        places = value.plane.places[:, :1].expand(call.out.shape)
        cost = call.out[0].numel() * weight[0].numel()
        return linear_at_each_place(call, call.merged, value.plane, places, multiply_adds=cost)
    if weight.ndim != 4 or value.plane is None:
        return Found(
            (
                call.merged.at(None).not_through("a 1-D or 3-D convolution")
                if value.places > 1
                else call.merged.at(None),
            )
        )
    kernel, stride, dilation = (weight.shape[2], weight.shape[3]), call.pair("stride"), call.pair("dilation")
    details = {
        "weight": tuple(weight.shape)
        if not call["transposed"]
        else (weight.shape[1] * call["groups"], weight.shape[0] // call["groups"], *kernel),
        "map": value.plane.sides,
        "before": value.origin.convolutions,
        "stride": stride,
        "dilation": dilation,
        "groups": call["groups"],
        "single": is_single(weight),
        "multiply_adds": call.out[0].numel() * weight[0].numel(),
    }
    merged = replace(
        call.merged, origin=replace(call.merged.origin, weights=frozenset(), convolutions=frozenset({call.number}))
    )
    if call["transposed"] and max(*kernel, *stride) > 1:
        whole = max(kernel) > SMALL_KERNEL and _spreads_over_all(value.plane, call)
        spread = replace(
            merged,
            plane=Plane.drawn(call.out.shape, call.number),
            reach=_transposed(merged.reach, kernel, stride, dilation),
        )
        if whole is None:
            return Found((spread.not_through("a window this large"),))
        return Found(
            (spread,),
            (
                layer(
                    call,
                    "convolution",
                    spread,
                    **details
                    | {"multiply_adds": call["input"][0].numel() * weight[0].numel(), "fully_connected": whole},
                ),
            ),
        )
    window = Window(kernel, stride, call.pair("padding", 0), dilation)
    alone = call.out.shape[-2:].numel() == 1
    # On a map whose channels come from many places, a small kernel sees many too.
    flat = value.plane.depth == (0, 0)
    channels = 1 if flat else call["input"].shape[1]
    if call.out.shape[-2:].numel() * channels * max(kernel) ** 2 > MOST_SEEN:
        return Found((window.over(merged, value.plane, call).not_through("a window this large"),))
    all_seen, side_seen = window.least_seen(value.plane) if max(kernel) > 1 or not flat else (0.0, 0.0)
    whole = value.places > 1 and (alone or all_seen == 1)
    found = window.over(merged, value.plane, call)
    even = (
        whole and weight[0, 0].numel() >= value.places and bool((weight == weight[..., :1, :1]).all())
    )  # All places count alike: an average, however it is called.
    if whole and alone:
        found = found.leaving("average" if even else "fully connected")
    details |= {"fully_connected": whole and not even, "side_seen": 0.0 if even else side_seen}
    return Found((found,), (layer(call, "convolution", found, **details),))


@follows(
    "max_pool2d_with_indices.default",
    "avg_pool2d.default",
    "_adaptive_avg_pool2d.default",
    "adaptive_max_pool2d.default",
)
def pool(call: Call) -> Found:
    """The mean or the greatest of a window; of a whole map where a single place is left of it, as far as it sees."""
    value = call.values[0]
    if value.plane is None:
        return Found((call.merged,) * len(call.outputs))
    if "adaptive" in call.operator:
        sides = list(zip(call.operands[0][0].shape[-2:], call.out.shape[-2:], strict=True))
        window = Window((_largest(*sides[0]), _largest(*sides[1])), pair(side / kept for side, kept in sides))
    else:
        kernel = call.pair("kernel_size")
        window = Window(
            kernel,
            call.pair("stride") if call["stride"] else kernel,
            call.pair("padding", 0),
            call.pair("dilation") if "dilation" in call.arguments else (1, 1),
        )
    how = "max" if "max" in call.operator else "average"
    found = window.over(call.merged, value.plane, call)
    if value.places == 1:
        return Found((replace(found, reach=call.merged.reach),) * len(call.outputs))
    if call.out.shape[-2:].numel() > 1:
        return Found((found,) * len(call.outputs), (layer(call, f"{how} pool", found),))
    whole = call.operands[0][0].shape[-2:]
    taken = [min(k - p, side) for k, p, side in zip(window.kernel, window.padding, whole, strict=True)]
    left = replace(found, reach=replace(found.reach, local=call.merged.reach.field)).leaving(
        how if taken == list(whole) else f"{how} of {'×'.join(map(str, taken))} of {whole.numel()} places"
    )
    return Found(
        (left,) * len(call.outputs), (layer(call, "global average" if how == "average" else "max pool", left),)
    )


@follows("upsample_nearest2d.default", "_upsample_nearest_exact2d.default")
def repeated(call: Call) -> Found:
    """Places that are taken as they are, several times or not at all."""
    value = call.values[0]
    if value.plane is None:
        return Found((call.merged,))
    arguments = [call.arguments.get(argument.name) for argument in REGISTRY[call.operator].schema.arguments]
    return Found((call.merged.at(REGISTRY[call.operator].run(value.plane.places.contiguous(), *arguments[1:])),))


@follows(
    "upsample_bilinear2d.default",
    "_upsample_bilinear2d_aa.default",
    "upsample_bicubic2d.default",
    "_upsample_bicubic2d_aa.default",
)
def resampled(call: Call) -> Found:
    """Places drawn anew from those around them."""
    value, out = call.values[0], call.out
    if value.plane is None:
        return Found((call.merged,))
    ratios = [side / kept for side, kept in zip(call.operands[0][0].shape[-2:], out.shape[-2:], strict=True)]
    if ratios == [1, 1]:
        return Found((call.merged,))
    taps = 2 if "bilinear" in call.base else 4
    # Without antialiasing, as many neighbours as there are taps; with it, as many more as the map becomes smaller.
    reached = [taps * max(1, ratio) if "_aa" in call.base else taps for ratio in ratios]
    reach = Reach(
        pair(f + (taken - 1) * j for f, taken, j in zip(value.reach.field, reached, value.reach.jump, strict=True)),
        pair(j * ratio for j, ratio in zip(value.reach.jump, ratios, strict=True)),
        value.reach.local,
    )
    reach = replace(reach, local=value.reach.local if value.way.exits else reach.field)
    return Found((replace(call.merged, plane=Plane.drawn(out.shape, call.number), reach=reach),))


@follows("pixel_unshuffle.default")
def unshuffled(call: Call) -> Found:
    """Places folded into channels, where they are still there to be told apart."""
    value = call.values[0]
    if value.plane is None:
        return Found((call.merged,))
    places = torch.ops.aten.pixel_unshuffle.default(value.plane.places, call["downscale_factor"])
    return Found((call.merged.at(places),))


@follows("pixel_shuffle.default")
def shuffled(call: Call) -> Found:
    """Channels unfolded into places."""
    value = call.values[0]
    if value.plane is None:
        return Found((call.merged,))
    if call["upscale_factor"] == 1:
        return Found((call.merged,))
    reach = replace(value.reach, jump=pair(j / call["upscale_factor"] for j in value.reach.jump))
    return Found((replace(call.merged, plane=Plane.drawn(call.out.shape, call.number), reach=reach),))


def _spreads_over_all(plane: Plane, call: Call) -> bool | None:
    """Whether every output of a transposed convolution, which is one over places with nothing between them, sees them
    all; None where too much would have to be looked at to tell."""
    kernel, stride, dilation = call["weight"].shape[2:], call.pair("stride"), call.pair("dilation")
    around = [d * (k - 1) - p for k, d, p in zip(kernel, dilation, call.pair("padding", 0), strict=True)]
    sides = [(side - 1) * s + 1 for side, s in zip(plane.places.shape[2:], stride, strict=True)]
    channels = 1 if plane.depth == (0, 0) else plane.places.shape[1]
    if max(math.prod(sides), call.out.shape[-2:].numel() * kernel.numel()) * channels > MOST_SEEN:
        return None
    places = plane.places.new_zeros((1, channels, *sides))
    places[..., :: stride[0], :: stride[1]] = plane.places[:1, :channels]
    places = F.pad(places, (around[1], around[1], around[0], around[0]))  # Or cropped, where that is negative.
    return Window(kernel, (1, 1), dilation=dilation).least_seen(replace(plane, places=places))[0] == 1


def _looks_at_itself(call: Call) -> bool:
    """Whether a 1-D convolution is a linear layer at each place: its kernel is one number long, and the channels come
    from one place."""
    places = call.known["input"].plane.places
    return (
        call["weight"].shape[2] == 1
        and call.out.shape[2] == places.shape[2]
        and call["groups"] == 1
        and bool((places == places[:, :1]).all())
    )


def is_single(weight: Tensor) -> bool:
    """Whether each output is one input, and nothing else."""
    sizes = weight.abs().flatten(1)
    return sizes.shape[1] == 1 or bool((sizes.topk(2, dim=1).values[:, 1] <= SINGLE * sizes.amax(1)).all())


def _largest(side: int, kept: int) -> int:
    """Return the side of the largest window of adaptive pooling, where they differ."""
    return max(-(-(place + 1) * side // kept) - place * side // kept for place in range(kept))


class Window:
    """A window that slides over a map: its sides in places, by how many it moves, what is padded, the gaps in it."""

    def __init__(
        self,
        kernel: tuple[int, int],
        stride: tuple[float, float],  # Of adaptive pooling, the mean.
        padding: tuple[int, int] = (0, 0),
        dilation: tuple[int, int] = (1, 1),
    ) -> None:
        self.kernel, self.stride, self.padding, self.dilation = kernel, stride, padding, dilation

    def over(self, merged: Value, plane: Plane, call: Call) -> Value:
        """Return what is known after it slid over `plane`: a fresh plane, and a grown receptive field. A window of a
        single place leaves all where they are."""
        down, across = self.stride
        pools = "pool" in call.base  # A convolution's stride counts in how far apart its places lie.
        if (
            self.kernel == (1, 1)
            and self.padding == (0, 0)
            and plane.depth == (0, 0)
            and (pools or across == down == 1)
        ):
            left = plane.places[:, :1, :: max(1, int(down)), :: max(1, int(across))]
            if left.shape[2:] == call.out.shape[2:]:
                return merged.at(left.expand(call.out.shape))
        jumps = pair(j * apart for j, apart in zip(merged.reach.jump, plane.spacing, strict=True))
        # What reaches beyond the map to both sides, wherever the window's middle lies on it, sees padding and nothing
        # else.
        grown = pair(
            f + min(k - 1, 2 * ((side - 1) // d)) * d * j
            for f, k, d, j, side in zip(
                merged.farther(plane.depth).reach.field, self.kernel, self.dilation, jumps, plane.sides, strict=True
            )
        )
        jump = pair(j * s for j, s in zip(jumps, self.stride, strict=True))
        return replace(
            merged,
            plane=Plane.drawn(call.out.shape, call.number),
            reach=Reach(grown, jump, merged.reach.local if merged.way.exits else grown),
        )

    def least_seen(self, plane: Plane) -> tuple[float, float]:
        """Return the share of the plane's places, and of its rows or columns, that it sees wherever it is."""
        places = plane.places[:1]
        if bool((places == places[:, :1]).all()):
            places = places[:, :1]  # Every channel lies in the same plane, the usual case.
            spans = [max((k - 1) * d + 1, s) for k, d, s in zip(self.kernel, self.dilation, self.stride, strict=True)]
            if all(2 * span < side for span, side in zip(spans, plane.sides, strict=True)):
                return 0.0, 0.0  # Far from it.
        stride = (int(self.stride[0]), int(self.stride[1]))
        windows = F.unfold(places, self.kernel, dilation=self.dilation, padding=self.padding, stride=stride)[0].T
        rows, columns = 1 + (windows - 1).div(plane.width, rounding_mode="floor"), 1 + (windows - 1) % plane.width
        real = [torch.where(windows > 0, each, 0) for each in (windows, rows, columns)]
        shares = [
            min(map(distinct, each)) / count for each, count in zip(real, (plane.count, *plane.sides), strict=True)
        ]
        # Where a tap seldom meets a second place, each place has a tap of its own, whichever window it lies in.
        met = [[count for tap in each.T if (count := distinct(tap))] for each in real]
        own = [len(windows) > 1 and sum(each) < SHARED * len(each) for each in met]
        if max(self.kernel) <= SMALL_KERNEL and places.shape[1] == 1:  # That it sees everything says nothing.
            return float(own[0]), 0.0
        by_side = [alone and kernel > SMALL_KERNEL for alone, kernel in zip(own[1:], self.kernel, strict=True)]
        return (1.0 if own[0] else shares[0]), (1.0 if any(by_side) else max(shares[1:]))


def _transposed(reach: Reach, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> Reach:
    """How far an output of a transposed convolution sees: as many inputs as reach it, and places closer together."""
    taken = [-(-((k - 1) * d + 1) // s) for k, d, s in zip(kernel, dilation, stride, strict=True)]
    field = pair(f + (count - 1) * j for f, count, j in zip(reach.field, taken, reach.jump, strict=True))
    return Reach(field, pair(j / s for j, s in zip(reach.jump, stride, strict=True)), max(reach.local, field))
