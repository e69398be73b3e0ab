"""What several rules about the network's anatomy share."""

import math
from typing import TYPE_CHECKING

from checker.verdict import CannotCheckError

if TYPE_CHECKING:
    from checker.evidence import Evidence


# How far the logits may move, as a share of how far they lie apart, when places are exchanged that count alike. In
# float64 our networks and honest ones of the corpus move by 1e-16 to 1e-15, disguised dense layers by 1e-8 and more.
ALIKE = 1e-9
# How many places of each map the logits must hang on for an average. Our networks hang on 12 and more in the middle of
# their channels, honest ones of the corpus on 3.5, a maximum on 1, the mean of the largest three on 3; between a
# maximum's bound and an average's it can't be told.
COUNTING, MAXIMUM = 3.1, 1.5
# Which share of a map's places must count. A stride of 2 in a 1×1 convolution leaves a quarter, which count unevenly.
USED = 0.15
# Which share of the last channels may hang on one place each in nearly every image. In our networks none does, in
# honest ones of the corpus up to a sixth.
ALONE = 0.2

# How much of the weights with which places count may belong to each channel and class, instead of all together. It is
# 1e-16 for our networks and honest ones of the corpus, but 0.03 where channels are gated by the largest of their places
# too, and 0.08 and more for disguised dense layers.
WEIGHED = 0.05
# How far two halves of a map's places, changed together, may make another change than one by one, as a share of it. For
# our networks and honest ones of the corpus that is 1e-14 at most, for what is sorted first 0.2 and more.
ADDED = 1e-6
# How far the logits must move by such sums alone, as a share of how far they move by all: 0.8 and more where the
# averages of a map gate it.
CARRIED = 0.2
# How many numbers may be made of all of a map's places together, as a share of its own: a quarter in an average of 2×2
# places, all where places are sorted.
KEPT = 0.3


def places_alike(run: "Evidence") -> str | None:
    """Return None where the logits treat all places of the last maps alike, else what they do.

    Raises CannotCheckError where they don't, and it may be for a window that is written by hand.
    """
    found = run.places_exchanged
    if not found.parts <= ALIKE:
        raise CannotCheckError(
            "The first layers see parts of the image, and the logits depend on which is which.",
            "Let the first layer see the whole image, or treat its views alike.",
        )
    if found.moved <= ALIKE:
        if not run.places_weighed <= WEIGHED:
            raise CannotCheckError(
                "Behind the last convolutions and poolings some places count for one channel or class, and others for "
                "another.",
                "Average whole maps, or have it judged by a person.",
            )
        if math.isinf(run.places_added.kept):
            raise CannotCheckError(
                "Nothing is found that all places of the last maps make together, as an average does.",
                "Average the maps themselves, or have it judged by a person.",
            )
        if not run.places_added.kept <= KEPT:
            raise CannotCheckError(
                "Behind the last convolutions and poolings all places are put in an order that doesn't hang on where "
                "they lie, as by sorting: weights may follow that order.",
                "Average whole maps, or have it judged by a person.",
            )
        return None
    if not math.isfinite(found.moved):
        raise CannotCheckError("The logits are not finite, or the same for all classes.", "See finite_weights.")
    if found.by_lines <= ALIKE:
        raise CannotCheckError(
            "The logits depend on which places share a row or a column: by attention along lines, or by what else is "
            "made of whole lines.",
            "Treat all places of the last maps alike, or have it judged by a person.",
        )
    what = f"the logits move by {100 * found.moved:.2g} % of their range when the places of the last maps are exchanged"
    if found.by_hand:
        raise CannotCheckError(
            f"No layer is seen that weighs places, but {what}, perhaps by {', '.join(found.by_hand)}.",
            "Move and pad maps before the last convolution or pooling, or have it judged by a person.",
        )
    return what


def refuse_unequal(run: "Evidence") -> None:
    """Raise CannotCheckError where what a place adds to the averages hangs on other places."""
    found = run.places_added
    if not found.mixed <= ADDED:
        raise CannotCheckError(
            "What is made of all places of the last maps is no sum over them: what one place adds hangs on the others, "
            "as in a maximum, in a median, and where attention weighs them.",
            "Average the maps themselves, or have it judged by a person.",
        )
    if not found.carried >= CARRIED:
        raise CannotCheckError(
            "Most of what the logits hang on reaches the averages by what was made of all places before, as by a gate.",
            "Average the maps themselves, or have it judged by a person.",
        )


def refuse_inside(run: "Evidence") -> None:
    """Raise CannotCheckError where some number belongs to each place inside the network, though no layer is seen that
    weighs places."""
    found = run.places_exchanged
    if not found.inside <= ALIKE:
        raise CannotCheckError(
            f"No layer is seen that weighs places, but what goes into a later convolution or pooling differs by "
            f"{100 * found.inside:.2g} % when the places before it are exchanged.",
            "Treat all places alike between two convolutions or poolings, or have it judged by a person.",
        )


def refuse_unknown(run: "Evidence", *, unless_alike: bool = False) -> None:
    """Raise CannotCheckError where the trace could not follow the network.

    unless_alike: it needn't, where all places are treated alike
    """
    unknown = sorted(run.anatomy.not_understood)
    if unknown and not (unless_alike and run.places_exchanged.moved <= ALIKE and run.places_exchanged.inside <= ALIKE):
        raise CannotCheckError(
            f"The trace can't follow {', '.join(unknown)}.",
            "Use convolutions, pooling and element-wise operations, or have it judged by a person.",
        )
