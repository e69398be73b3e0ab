"""Rules about the weights: that they belong to the network, and how many numbers it learns."""

import math
from typing import TYPE_CHECKING

from checker.rules.rule import rule
from checker.verdict import CannotCheckError, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checker.evidence import Evidence
    from checker.experiments.norms import Statistic

# A mean and a standard deviation for three channels.
FREE_NUMBERS = 6
# Slopes, exponents and epsilons that stand in the code; our networks use 8 at most.
FREE_LITERALS = 32
# Calls that choose parts of maps. A global average that is written as loops over 7×7 places makes 98.
FREE_CHOICES = 128
# How far running statistics may lie from those of test images: a mean in standard deviations, a variance by its factor.
# Ours lie within 0.25 and 4.5. Half of a norm's channels must lie nearer: there honest ones are within 0.18 and 1.8.
MEAN_APART, VARIANCE_APART = 0.75, 30.0
MEAN_MOSTLY, VARIANCE_MOSTLY = 0.4, 2.5
# What a network may lose, as a share of the images, when its parameters are rounded to bfloat16. Two numbers packed
# into one do not survive it.
ROUNDING = 0.03


@rule(
    "The kept weights fit the network",
    "Names, shapes and types are compared; counts of batches may be missing or left over.",
    needs=("network", "training"),
)
def weights_match_model(run: "Evidence") -> Verdict:
    """Only weights that fill the network exactly, none missing and none left over, can have been trained in it."""
    wrong = [
        f"{epoch.file}: {each}" for epoch in run.last_epochs for each in run.unfilled(epoch) + run.left_over(epoch)
    ]
    return Verdict(
        not wrong,
        len(wrong),
        "0",
        wrong[0] if wrong else f"{len(run.last_epochs)} files fill the network",
        "Submit the model.py that the weights were trained with." if wrong else None,
    )


@rule(
    "Every weight is a finite number",
    "All tensors of the last five epochs are looked at.",
    needs=("network", "training"),
)
def finite_weights(run: "Evidence") -> Verdict:
    """One NaN makes every output NaN, and an argmax over NaN still names a digit."""
    wrong = [
        f"{epoch.file}: {key}"
        for epoch in run.last_epochs
        for key, tensor in run.tensors(epoch).items()
        if not bool(tensor.isfinite().all())
    ]
    return Verdict(
        not wrong,
        len(wrong),
        "0",
        f"{wrong[0]} is not finite" if wrong else "all are finite",
        "The training diverged: lower the learning rate and train again." if wrong else None,
    )


@rule(
    "Nothing learned outside the parameters",
    "What depends on neither image nor parameters is computed, and the numbers that generate it are counted: a ramp "
    f"or a blur is a few, a kernel from a seed or from sines is all of its own; {FREE_NUMBERS} are free, "
    f"{FREE_LITERALS} literals in the code, and {FREE_CHOICES} calls that take parts of maps. Running statistics must "
    f"be the same for copies of a channel, and lie within {MEAN_APART:g} standard deviations and a factor of "
    f"{VARIANCE_APART:g} of those of test images, for half of each norm's channels within {MEAN_MOSTLY:g} and "
    f"{VARIANCE_MOSTLY:g}. Parameters that are taken apart (floor, remainder, comparisons, sines) "
    "can't be checked, and with each moved by half of bfloat16's last bit no more than "
    f"{100 * ROUNDING:g} % of the images may be lost.",
)
def no_hidden_parameters(run: "Evidence") -> Verdict:
    """Numbers kept in buffers, attributes or the code work like weights and would escape the count."""
    found = run.constants
    if found.taken_apart:
        raise CannotCheckError(
            f"The network takes its parameters apart, with {', '.join(found.taken_apart)}: each could hold several "
            "numbers.",
            "Use parameters as they are, or have it judged by a person.",
        )
    hidden = dict(found.hidden)
    if found.literals > FREE_LITERALS:
        hidden["what stands in the code"] = found.literals
    if found.wired > FREE_CHOICES:
        raise CannotCheckError(
            f"{found.wired:,} calls take parts of maps, repeat, move or pad them: which ones may have been learned.",
            "Use layers on whole maps, or have it judged by a person.",
        )
    kept = [each for each in run.running_statistics if each.is_kept]
    other = sum(near.count(False) for near in near_by_norm(kept, MEAN_APART, VARIANCE_APART).values())
    norms = _mostly_others(kept)
    if 2 * other > FREE_NUMBERS or norms:
        where = f"{other} channels" if 2 * other > FREE_NUMBERS else f"most channels of {norms[0] or 'a norm'}"
        raise CannotCheckError(
            f"The running statistics of {where} are not those of test images: they may be learned numbers.",
            "Train the norms with the network, and keep their statistics as they become.",
        )
    count = sum(hidden.values())
    names = ", ".join(f"{name} ({size:,} numbers)" for name, size in hidden.items())
    few = count <= FREE_NUMBERS
    if not few and all(name.rpartition(".")[2].startswith("running_") for name in hidden):
        raise CannotCheckError(
            f"The logits depend on {names}, by another way than a norm's.",
            "Use nn.BatchNorm2d, or have it judged by a person.",
        )
    if few and run.trained:
        whole, rounded = run.accuracy, run.accuracy_rounded
        if not whole - rounded <= ROUNDING:
            return Verdict(
                False,
                count,
                f"<= {FREE_NUMBERS}",
                f"with its parameters rounded to 8 bits {100 * rounded:.0f} % of {100 * whole:.0f} % are left",
                "Let each parameter be one number: the accuracy must not hang on the last bits of the weights.",
            )
    return Verdict(
        few,
        count,
        f"<= {FREE_NUMBERS}",
        "nothing but parameters" if few else f"the logits depend on {names}",
        None if few else "Make it an nn.Parameter, so that it is counted, or compute the network without it.",
    )


@rule(
    "Fewer than {limit:,} parameters",
    "Read from the weight files: shared ones once, and a number of more than 32 bits as several.",
)
def parameters(run: "Evidence", *, limit: int) -> Verdict:
    """Every learned number counts once, frozen or not: a small network is the point of the exercise."""
    count = run.parameter_count
    return Verdict(
        0 < count < limit,
        count,
        f"< {limit:,}",
        f"{count:,} parameters",
        None if count < limit else _to_save(run, count - limit + 1),
    )


@rule(
    "At least {least:,} parameters",
    "Counted as those that must be few.",
)
def enough_parameters(run: "Evidence", *, least: int) -> Verdict:
    """Where the size is given, a network may not be smaller either, so that results can be compared."""
    count = run.parameter_count
    return Verdict(
        count >= least,
        count,
        f">= {least:,}",
        f"{count:,} parameters",
        None if count >= least else f"Add {least - count:,} parameters: widen the layers that are there.",
    )


def _to_save(run: "Evidence", excess: int) -> str:
    """Return where parameters could be saved, with numbers."""
    tensors = sorted(run.learned_tensors.items(), key=lambda each: -math.prod(each[1]))
    name, shape = tensors[0]
    held, each = math.prod(shape), math.prod(shape[1:])
    fewer = math.ceil(excess / each)
    saves = (
        f"{fewer} fewer of its {shape[0]} outputs save {fewer * each:,} there"
        if fewer < shape[0]
        else f"next come {', '.join(f'{other} ({math.prod(sides):,})' for other, sides in tensors[1:3])}"
        if len(tensors) > 1
        else "it alone is too large"
    )
    return f"Remove {excess:,} parameters. Most are in {name}, {held:,} of them; {saves}."


def near_by_norm(statistics: "Iterable[Statistic]", mean: float, factor: float) -> dict[str, list[bool]]:
    """Return for each normalisation which of its channels keep statistics that may be those of its input: `mean`
    standard deviations and a `factor` apart at most."""
    near: dict[str, list[bool]] = {}
    for each in statistics:
        near.setdefault(each.module, []).append(each.mean <= mean and each.variance <= math.log(factor))
    return near


def _mostly_others(statistics: "Iterable[Statistic]") -> list[str]:
    """Return the normalisations that keep other statistics than those of their input for half of their channels or
    more, and for more than are free."""
    return [
        name
        for name, near in near_by_norm(statistics, MEAN_MOSTLY, VARIANCE_MOSTLY).items()
        if 2 * sum(near) <= len(near) and 2 * (len(near) - sum(near)) > FREE_NUMBERS
    ]
