"""Rules about the layers: what runs and matters, not what is declared."""

import math
from typing import TYPE_CHECKING

from checker.rules.anatomy import (
    ADDED,
    ALIKE,
    ALONE,
    CARRIED,
    COUNTING,
    KEPT,
    MAXIMUM,
    USED,
    WEIGHED,
    places_alike,
    refuse_inside,
    refuse_unequal,
    refuse_unknown,
)
from checker.rules.rule import rule
from checker.rules.weights import MEAN_APART, VARIANCE_APART, near_by_norm
from checker.tolerances import BY_HAND, FACTOR, FIXED, SCALED, SEEN
from checker.verdict import CannotCheckError, Verdict

if TYPE_CHECKING:
    from checker.evidence import Evidence
    from checker.experiments.counting import Counting
    from checker.experiments.norms import Normalised, Statistic
    from common.anatomy.operation import Operation

# What a network's layers must add to its accuracy, as a share of the images, to count as used.
MATTERS = 0.01
# Of a side of its map, what a kernel may see from everywhere: more is nearly a dense layer.
ALMOST = 0.8
# How far the logits must move, as a share of how far they lie apart, with a single tap of each kernel.
MOVED = 0.01
# How much a network may choose between two places of a map. It is 0 for our networks and the corpus' honest ones, 1 for
# a maximum, and 0.6 for the root of an average of squares.
CHOSEN = 0.5
# Places that differ by no more than this share of their map's spread are copies of one another.
COPIED = 1e-3
NORMALIZATIONS = ("batch norm", "layer norm", "group norm", "instance norm", "partial norm")
# How far a norm's output may move, as a share of its spread, when its input is FACTOR times as large: an epsilon as
# large as the variance moves it by a fifth, the usual one by 1e-4.
NORMALISED = 0.1
# Of the channels that a norm averages over, the share that may be copies of others, or the same for all images. In
# honest networks it is none, or the few that died.
DOUBLED = 0.25
# What an epsilon may be of a variance that it is added to, as a share of the two, for half of a norm's channels. The
# usual one is 1e-5 of it; in channels which died it is all.
SWALLOWED = 0.5


@rule(
    "No fully connected layer",
    "The program is followed to see which layers mix all places of a map; kernels that see more than "
    f"{100 * ALMOST:g} % of its rows or columns from everywhere can't be checked. Then the places are exchanged, in "
    f"float64: the logits may move by {ALIKE:g} of their range, and what goes into a later convolution by as much. "
    "Where first layers see several parts of the image, these must show most of it, and be treated alike. The weights "
    f"with which places of the last maps count may differ between channels and classes by {100 * WEIGHED:g} %. "
    f"What ignores where places lie may hold {100 * KEPT:g} % of a map's numbers: with more, they may be sorted, and "
    "weighed by rank.",
)
def no_fully_connected(run: "Evidence") -> Verdict:
    """A layer that sees a whole map through learned weights takes most of a network's parameters, to learn
    positions."""
    found = [operation for operation in run.anatomy.operations if operation.fully_connected]
    refuse_unknown(run, unless_alike=not found)
    names = ", ".join(f"{each.kind} {each.name or '(no module)'}" for each in found)
    uneven = None if found else places_alike(run)
    if uneven is not None:
        return Verdict(
            False,
            0,
            "0",
            f"{uneven}: some number belongs to each of them",
            "Treat all places of the last maps alike: average them, then a 1×1 convolution or a linear layer on the "
            "averages.",
        )
    if not found:
        refuse_inside(run)
        _refuse_almost_whole(run)
    return Verdict(
        not found,
        len(found),
        "0",
        f"{names} sees the whole map" if found else "none sees a whole map",
        "End in global average pooling, then a 1×1 convolution or a linear layer on the averages." if found else None,
    )


@rule(
    "Global average pooling leads to the logits",
    f"As for fully connected layers; and in the middle of all channels the logits must hang on {COUNTING:g} places of "
    f"each map or more: on {MAXIMUM:g} or fewer hangs a maximum, and what lies between can't be checked. Nor can it "
    f"where fewer than {100 * USED:g} % of a map's places count, or where more than {100 * ALONE:g} % of the channels "
    "hang on one place each in nearly every image. Then half of the places are changed, the other half, and both: "
    f"what is made of them must be a sum, up to {ADDED:g} of it, and such sums must carry at least {100 * CARRIED:g} % "
    "of the logits' movement.",
)
def global_average_pooling(run: "Evidence") -> Verdict:
    """The average of each feature map replaces the dense layers, and asks of each channel to stand for something."""
    anatomy = run.anatomy
    refuse_unknown(run, unless_alike=anatomy.collapses <= {"average"})
    # Where the trace has lost the way, that exchanged places are alike says that they are averaged.
    averaged = anatomy.collapses == {"average"} or (bool(anatomy.not_understood) and not anatomy.collapses)
    only = anatomy.flat and averaged
    others = sorted(anatomy.collapses - {"average"}) + ([] if anatomy.flat else ["positions kept in the logits"])
    uneven = places_alike(run) if only else None
    if uneven is not None:
        return Verdict(
            False,
            sorted(anatomy.collapses),
            "average only",
            f"{uneven}: that is no average",
            "Average each feature map over its whole extent, e.g. nn.AdaptiveAvgPool2d(1).",
        )
    few = _few_places(run.places_exchanged.counting) if only else None
    if few is not None:
        return few
    if only:
        refuse_unequal(run)
    return Verdict(
        only,
        sorted(anatomy.collapses),
        "average only",
        "every map is averaged" if only else f"a map ends by: {', '.join(others)}" if others else "no map is averaged",
        None if only else "Average each feature map over its whole extent, e.g. nn.AdaptiveAvgPool2d(1).",
    )


def _few_places(counted: "Counting") -> Verdict | None:
    """Return what is said of maps of which so few places count that the largest decides, None where enough do. Raises
    CannotCheckError where it can't be told."""
    if math.isnan(counted.places):
        raise CannotCheckError(
            "Gradients don't foretell how the logits move with the last maps, nor therefore how many places count.",
            "Average the maps themselves, without anything detached or rounded, or have it judged by a person.",
        )
    if not counted.places >= COUNTING and not 0 < counted.places <= MAXIMUM:
        raise CannotCheckError(
            f"In the middle of all channels the logits hang on {counted.places:.1f} places of a map: too few to tell "
            "an average from a maximum.",
            "Train it until more places matter, or have it judged by a person.",
        )
    if not counted.places >= COUNTING:
        return Verdict(
            False,
            counted.places,
            f">= {COUNTING:g} places",
            f"the logits hang on {counted.places:.1f} places of a map: that is a maximum, no average",
            "Average each feature map over its whole extent, e.g. nn.AdaptiveAvgPool2d(1).",
        )
    if not counted.used >= USED:
        raise CannotCheckError(
            f"Only {100 * counted.used:.0f} % of the places of a map count: that may be no average of it.",
            "Average whole maps; leave no more places out than a stride of 2 does, or have it judged by a person.",
        )
    if not counted.alone <= ALONE:
        raise CannotCheckError(
            f"{100 * counted.alone:.0f} % of the channels hang on one place each, in nearly every image: that may be a "
            "maximum.",
            "Average the maps of all channels, or have it judged by a person.",
        )
    return None


@rule(
    "No max-pooling",
    "Maxima over places are found whatever makes them. Beside those, two neighbouring places of each learned map are "
    f"set to different sizes and exchanged: where what follows hangs by more than {CHOSEN:g} on which of them is "
    "larger, it can't be checked.",
)
def no_max_pooling(run: "Evidence") -> Verdict:
    """Here the network learns how to make its maps smaller, by strides or dilation, instead of keeping what is
    largest."""
    found = _max_pools(run, run.anatomy.operations, 0)
    return Verdict(
        not found,
        len(found),
        "0",
        f"{len(found)} × max pool to {'×'.join(map(str, found[0].output))}" if found else "none runs",
        "Give the convolution before it a stride of 2, or the ones after it a dilation." if found else None,
    )


@rule(
    "At most {limit} max-poolings",
    "Maxima over places are found whatever makes them, and counted for one view of an image. Beside those, two "
    "neighbouring places of each learned map are set to different sizes and exchanged: where what follows hangs by "
    f"more than {CHOSEN:g} on which of them is larger, it can't be checked.",
)
def max_poolings(run: "Evidence", *, limit: int) -> Verdict:
    """Each of them forgets where something was; a few are enough to make small maps of an image."""
    count = len(_max_pools(run, run.layers, limit))
    return Verdict(
        count <= limit,
        count,
        f"<= {limit}",
        f"{count} × max pool",
        None if count <= limit else "Give the convolution before one of them a stride of 2.",
    )


def _max_pools(run: "Evidence", operations: "tuple[Operation, ...]", limit: int) -> "list[Operation]":
    """Return the maxima over places among some operations. Raises CannotCheckError where there are no more than `limit`
    for certain, and there may be others."""
    found = [operation for operation in operations if operation.kind == "max pool"]
    refuse_unknown(run)
    counted = tuple(operation for operation in run.anatomy.operations if operation.kind == "max pool")
    if len(found) <= limit and not run.places_chosen(counted) <= CHOSEN:
        raise CannotCheckError(
            "Different places of a map are combined otherwise than by sums: that may be a maximum.",
            "Combine places by convolutions and average pooling, or have it judged by a person.",
        )
    return found


@rule(
    "At least {count} depthwise-separable convolution(s), of use",
    "Its kernels are learned, and the 1×1 behind it mixes channels. When the convolution, or several together, give "
    f"what they make of another image, {100 * MATTERS:g} % of the images must be lost, and with a single tap of each "
    f"kernel the logits must move by {100 * MOVED:g} % of their spread.",
)
def depthwise_separable(run: "Evidence", *, count: int) -> Verdict:
    """A kernel for each channel by itself, then 1×1 across channels: nearly as good as a full convolution, far fewer
    weights."""
    kernels = [operation for operation in run.anatomy.operations if operation.kind == "convolution"]
    pointwise = [each for each in run.anatomy.operations if _pointwise(each)]
    good, wrong, idle = [], [], []
    for uses in _by_weights(kernels):
        operation = uses[0]
        channels = operation.weight[1] * operation.groups
        if operation.groups == 1 or max(operation.weight[2:]) == 1:
            continue
        if operation.groups != channels:
            wrong.append(
                f"{_named(operation)} has {operation.groups} groups for {channels} channels: grouped, not depthwise"
            )
        elif not all(_fits(each) for each in uses):
            wrong.append(f"{_named(operation)} reaches beyond its {'×'.join(map(str, operation.map))} map")
        elif not run.alike_untrained(operation) <= FIXED:
            wrong.append(f"the kernel of {_named(operation)} is not learned")
        elif not all(any(each.call in other.before for other in pointwise) for each in uses):
            wrong.append(f"no 1×1 convolution follows {_named(operation)}")
        elif not run.matter(uses, MATTERS):
            wrong.append(f"without {_named(operation)} the accuracy is the same")
            idle.append(uses)
        elif not run.matter(
            tuple(other for other in pointwise if any(each.call in other.before for each in uses)), MATTERS
        ):
            wrong.append(f"without the 1×1 convolution after {_named(operation)} the accuracy is the same")
        elif not run.moved_by_single_taps(uses) >= MOVED:
            wrong.append(f"with a single tap of each kernel of {_named(operation)} the logits are the same")
        elif not run.apart_from_copies(uses) > COPIED:
            wrong.append(f"{_named(operation)} sees the same number at all places")
        else:
            good.append(operation)
    if len(good) < count:
        behind = tuple(other for other in pointwise if any(each.call in other.before for uses in idle for each in uses))
        good += _together(run, idle) if idle and run.matter(behind, MATTERS) else []
    enough = len(good) >= count
    if not enough and not wrong:
        refuse_unknown(run)
    names = ", ".join(_named(each) for each in good)
    return Verdict(
        enough,
        len(good),
        f">= {count}",
        names
        if enough
        else (wrong or [f"{names} alone" if good else "no convolution has a group for each channel"])[0],
        None
        if enough
        else "nn.Conv2d(C, C, 3, padding=1, groups=C), then nn.Conv2d(C, D, 1), on the way to the logits.",
    )


@rule(
    "A dilated convolution, of use",
    "Its kernels are learned: with other parameters they are others, not the same scaled. When it, or several "
    f"together, give what they make of another image, {100 * MATTERS:g} % of the images must be lost, and with a "
    f"single tap of each kernel the logits must move by {100 * MOVED:g} % of their spread. Over a map of doubled "
    "places it does nothing.",
)
def dilated(run: "Evidence") -> Verdict:
    """Holes in a kernel let it see farther with the same weights, so that a map need not be made smaller."""
    good, wrong, idle = [], [], []
    for uses in _by_weights(
        [each for each in run.anatomy.operations if each.kind == "convolution" and max(each.dilation) > 1]
    ):
        operation = uses[0]
        if not any(
            kernel > 1 and dilation > 1
            for kernel, dilation in zip(operation.weight[2:], operation.dilation, strict=True)
        ):
            sides = "×".join(map(str, operation.weight[2:]))
            wrong.append(f"{_named(operation)} is {sides}: there is nothing to dilate")
        elif not run.alike_untrained(operation) <= FIXED:
            wrong.append(f"the kernel of {_named(operation)} is not learned")
        elif not all(_fits(each) for each in uses):
            wrong.append(f"{_named(operation)} reaches beyond its {'×'.join(map(str, operation.map))} map")
        elif not run.matter(uses, MATTERS):
            wrong.append(f"without {_named(operation)} the accuracy is the same")
            idle.append(uses)
        elif not run.moved_by_single_taps(uses) >= MOVED:
            wrong.append(f"with a single tap of each kernel of {_named(operation)} the logits are the same")
        elif not run.apart_from_copies(uses) > COPIED:
            wrong.append(
                f"{_named(operation)} dilates over a map that was made larger, and has nothing as fine as its gaps"
            )
        else:
            good.append(operation)
    good = good or _together(run, idle)
    if not good and not wrong:
        refuse_unknown(run)
    return Verdict(
        bool(good),
        len(good),
        ">= 1",
        ", ".join(_named(each) for each in good) if good else (wrong or ["no convolution has a dilation"])[0],
        None if good else "nn.Conv2d(C, D, 3, padding=2, dilation=2), on a map of at least 5×5.",
    )


@rule(
    "Maps see {before}×{before} pixels before averaging, logits {after}×{after}",
    f"Followed through the program, and measured: pixels beyond a line are changed, and a place must move by {SEEN:g} "
    "of its map's spread to count as seeing them. Where the two disagree it can't be checked.",
)
def receptive_field(run: "Evidence", *, before: int, after: int) -> Verdict:
    """What a network can't see it can't tell apart, and an average of small patches knows no shapes."""
    anatomy = run.anatomy
    local, whole = min(anatomy.receptive_field), min(anatomy.seen)
    if anatomy.not_understood:  # Then what is seen is what pixels move.
        refuse_unknown(run, unless_alike=anatomy.collapses <= {"average"})
        local = min(run.receptive_field)
        whole = max(local, run.side)
    enough = local >= before and whole >= after
    if run.trained and enough and not min(run.receptive_field) >= before:
        raise CannotCheckError(
            f"The layers make maps see {local} pixels, but the last maps don't change with those beyond "
            f"{min(run.receptive_field)}.",
            "See that every layer on the way acts on the logits: kernels of which only the middle counts see no "
            "farther.",
        )
    return Verdict(
        enough,
        [local, whole],
        f">= {before}, {after}",
        f"maps {local}, logits {whole}",
        None
        if enough
        else f"{max(before - local, after - whole)} pixels are missing: before the global average, a 3×3 convolution "
        "adds 2, twice as many behind a stride of 2 or with a dilation of 2.",
    )


@rule(
    "The network runs {kind} and no other",
    f"What layers return is made {SCALED:g} times as large and as small, all of it and each number by itself: what "
    f"moves less than {BY_HAND:g} times as far was normalised by hand. A norm's own output may move by {NORMALISED:g} "
    f"of its spread when its input is {FACTOR:g} times as large, and what lies behind it may not grow, most running "
    f"statistics must lie within {MEAN_APART:g} standard deviations and a factor of {VARIANCE_APART:g} of the input's, "
    f"an epsilon may be no larger than most variances, no more than {100 * DOUBLED:g} % of the channels it averages "
    f"over may be copies or constants, and without the norms {100 * MATTERS:g} % of the images must be lost.",
)
def normalization(run: "Evidence", *, kind: str) -> Verdict:
    """Three normalisations are compared: what a network is called says nothing about which of them runs in it."""
    found: dict[str, list[Operation]] = {}
    for operation in run.anatomy.operations:
        if operation.kind in NORMALIZATIONS:
            found.setdefault(operation.kind, []).append(operation)
    shown = ", ".join(f"{len(operations)} × {each}" for each, operations in found.items()) or "none"
    if run.constants.norms_by_hand:
        raise CannotCheckError("A batch norm is written by hand.", "Use nn.BatchNorm2d, or have it judged by a person.")
    normalised = run.normalised
    by_hand = [name or "the network" for name, share in normalised.by_hand.items() if not share >= BY_HAND]
    if by_hand:
        raise CannotCheckError(
            f"What goes into {', '.join(by_hand[:3])} is divided by its own size, or by a power of it: a normalisation "
            "is written by hand.",
            "Use nn.BatchNorm2d, nn.GroupNorm or nn.LayerNorm, or have it judged by a person.",
        )
    for name, share in normalised.copied.items():
        if not share <= DOUBLED:
            raise CannotCheckError(
                f"{100 * share:.0f} % of the channels that {name or 'a norm'} normalises are copies of others, or the "
                "same for all images: it may act as another norm.",
                "Normalise each map once, and nothing beside it.",
            )
    if len(found) != 1 or (kind in NORMALIZATIONS and kind not in found):
        refuse_unknown(run)
        return Verdict(
            False,
            shown,
            kind,
            f"{shown} runs" if found else "no normalisation runs",
            "Normalise with nn.BatchNorm2d, nn.GroupNorm or nn.LayerNorm, one kind throughout; "
            "GroupNorm(1, C) is a layer norm, GroupNorm(C, C) an instance norm.",
        )
    wrong = [
        f"{name} changes with the size of its input"
        for name, moved in normalised.moved.items()
        if not moved <= NORMALISED
    ]
    wrong += _other_statistics(run)
    if wrong:
        return Verdict(
            False,
            shown,
            kind,
            f"{wrong[0]}: it normalises nothing",
            "Keep the small epsilon of the norm, and train it with the network.",
        )
    if not run.trained:
        _refuse_undone(normalised)
        return Verdict(True, shown, kind, shown)
    # With values, that is: something that only asks whether there is one uses none.
    norms = tuple(next(iter(found.values())))
    whole = run.accuracy
    left = max(run.accuracy_with(norms, of) for of in ("another image", "another channel"))
    matters = whole - left >= MATTERS
    if matters:
        _refuse_undone(normalised)
    else:  # They may, where something isn't followed.
        refuse_unknown(run)
    return Verdict(
        matters,
        shown,
        kind,
        f"{shown}; disturbed, {100 * left:.0f} % of {100 * whole:.0f} % are left",
        None if matters else "Normalise the maps that lead to the logits: what runs beside them does nothing.",
    )


def _refuse_undone(normalised: "Normalised") -> None:
    """Raise CannotCheckError where something behind a norm is as large as what went into it."""
    if normalised.undone:
        raise CannotCheckError(
            f"Behind {', '.join(name or 'a norm' for name in normalised.undone[:3])} the network gets back the size "
            "that was taken away: the norm is undone.",
            "Leave what comes out of a norm as it is, or have it judged by a person.",
        )


def _refuse_almost_whole(run: "Evidence") -> None:
    """Raise CannotCheckError where a kernel is nearly as large as its map, or as long."""
    for operation in run.anatomy.operations:
        if operation.side_seen > ALMOST:
            raise CannotCheckError(
                f"From all its places {_named(operation)} sees {100 * operation.side_seen:.0f} % of its "
                f"{'×'.join(map(str, operation.map))} map's rows or columns: it may be a dense layer.",
                "Use smaller kernels, or pad the map.",
            )


def _other_statistics(run: "Evidence") -> list[str]:
    """Return which batch norms keep statistics that are mostly not those of their inputs, or add more than these, in
    words."""
    kept: dict[str, list[Statistic]] = {}
    for each in run.running_statistics:
        kept.setdefault(each.module or "a batch norm", []).append(each)
    swallowed = [name for name, all in kept.items() if 2 * sum(each.epsilon > SWALLOWED for each in all) > len(all)]
    near = near_by_norm(run.running_statistics, MEAN_APART, VARIANCE_APART)
    return [
        *(f"the epsilon of {name} is larger than the variance of its input" for name in swallowed),
        *(
            f"{name or 'a batch norm'} keeps other statistics than its input has"
            for name, channels in near.items()
            if 2 * sum(channels) <= len(channels)
        ),
    ]


def _by_weights(operations: "list[Operation]") -> "list[tuple[Operation, ...]]":
    """Group the uses of one weight: a layer that looks at an image and at its mirror image is one layer."""
    uses: dict[str | int, list[Operation]] = {}
    for operation in operations:
        uses.setdefault(operation.weight_name or operation.call, []).append(operation)
    return [tuple(each) for each in uses.values()]


def _together(run: "Evidence", idle: "list[tuple[Operation, ...]]") -> "list[Operation]":
    """Return those of the layers that the network doesn't miss one by one, where it misses them together: a residual
    network carries on without any of them."""
    used = [uses for uses in idle if run.moved_by_single_taps(uses) >= MOVED and run.apart_from_copies(uses) > COPIED]
    together = len(used) > 1 and run.matter(tuple(each for uses in used for each in uses), MATTERS)
    return [uses[0] for uses in used] if together else []


def _pointwise(operation: "Operation") -> bool:
    """Whether it mixes the channels of a map; after a global average it would be the classifier."""
    return (
        operation.kind in ("convolution", "linear")
        and set(operation.weight[2:]) <= {1}
        and operation.groups == 1
        and not operation.single
        and max(operation.map, default=1) > 1
    )


def _fits(operation: "Operation") -> bool:
    """Whether no kernel is so large that its middle alone, or all of it, lies on the map from everywhere."""
    return all(
        (kernel - 1) * dilation < 2 * side
        for kernel, dilation, side in zip(operation.weight[2:], operation.dilation, operation.map, strict=True)
    )


def _named(operation: "Operation") -> str:
    return operation.name or f"a convolution {'×'.join(map(str, operation.weight))}"
