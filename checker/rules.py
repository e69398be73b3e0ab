"""The rules. Each is one small function of a run and its limits; its docstring says why the rule exists.

A rule raises CannotCheckError, or lets one pass, where it can't tell; it never passes by default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checker.submission import LAST_EPOCHS, Run
from checker.verdict import DECLARED, RECORDED, CannotCheckError, Verdict

if TYPE_CHECKING:
    from common.anatomy import Operation

# Another device, precision or number of threads rounds otherwise, which may turn a digit that lies on the edge.
TOLERANCE = 2
# What a network's layers must add to its accuracy, as a share of the images, to count as used.
MATTERS = 0.01
NORMALIZATIONS = ("batch norm", "layer norm", "group norm", "instance norm")
BY_HAND = "normalisation by hand"
# What the run to compare with must hold, in percent, to count as trained.
COMPARABLE = 99.0
# The share of variance within a sum: 0 where the sum is computed in code, over 0.7 in learned layers of many kinds.
WITHIN_SUMS = 0.1
# The mean |w| of Gaussian weights is 0.80 of their root mean square; two seeds differ by less than this.
SHOWS = 0.02
# A mean and a standard deviation for three channels.
FREE_NUMBERS = 6


@dataclass(frozen=True)
class Rule:
    """A rule: its title has the limits as format fields."""

    id: str
    title: str
    check: Callable[..., Verdict]

    @property
    def reason(self) -> str:
        """Why the rule exists, in one sentence."""
        return " ".join(self.check.__doc__.split())


RULES: dict[str, Rule] = {}


def rule(title: str) -> Callable[[Callable[..., Verdict]], Callable[..., Verdict]]:
    """Add a function to the rules, under its own name."""
    def add(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
        RULES[check.__name__] = Rule(check.__name__, title, check)
        return check
    return add


@rule("The kept weights fit model.py")
def weights_match_model(run: Run) -> Verdict:
    """Only weights that fill the network exactly, none missing and none left over, can have been trained in it."""
    wrong = [f"{epoch.file}: {each}" for epoch in run.last_epochs for each in run.unfilled(epoch) + run.left_over(epoch)]
    return Verdict(
        not wrong, len(wrong), "0",
        wrong[0] if wrong else f"{len(run.last_epochs)} files fill the network",
        "Submit the model.py that the weights were trained with." if wrong else None)


@rule("Every weight is a finite number")
def finite_weights(run: Run) -> Verdict:
    """One NaN makes every output NaN, and an argmax over NaN still names a digit."""
    wrong = [f"{epoch.file}: {key}" for epoch in run.last_epochs
             for key, tensor in run.tensors(epoch).items() if not bool(tensor.isfinite().all())]
    return Verdict(
        not wrong, len(wrong), "0", f"{wrong[0]} is not finite" if wrong else "all are finite",
        "The training diverged: lower the learning rate and train again." if wrong else None)


@rule("Nothing learned outside the parameters")
def no_hidden_parameters(run: Run) -> Verdict:
    """Numbers kept in buffers, attributes or the code work like weights and would escape the count."""
    hidden = dict(run.trace.hidden)
    _refuse_unknown(run)
    count = sum(hidden.values())
    names = ", ".join(f"{name} ({size:,} numbers)" for name, size in hidden.items())
    few = count <= FREE_NUMBERS
    return Verdict(
        few, count, f"<= {FREE_NUMBERS}", "nothing but parameters" if few else f"the logits depend on {names}",
        None if few else "Make it an nn.Parameter, so that it is counted, or compute the network without it.")


@rule("Fewer than {limit:,} parameters")
def parameters(run: Run, *, limit: int) -> Verdict:
    """Every learned number counts once, frozen or not: a small network is the point of the exercise."""
    count = run.parameter_count
    return Verdict(
        0 < count < limit, count, f"< {limit:,}", f"{count:,} parameters",
        None if count < limit else f"Remove {count - limit + 1:,} parameters: narrow the widest layers, or end in "
                                   f"global average pooling and a 1×1 convolution.")


@rule("At most {limit} epochs, logged without gaps")
def epochs(run: Run, *, limit: int, images: int) -> Verdict:
    """The budget is part of the task, and an epoch is one pass over the training set, no more."""
    log = run.log
    numbers = [epoch.epoch for epoch in log]
    recipe = run.record.get("recipe")
    planned = recipe.get("epochs") if isinstance(recipe, dict) else None
    most = max(epoch.train_total for epoch in log)
    message, help = f"{len(log)} epochs", None
    if numbers != list(range(1, len(log) + 1)):
        message, help = f"the log's epochs are {_short(numbers)}", "Keep every epoch of one run, from 1 on, in order."
    elif planned is not None and (isinstance(planned, bool) or not isinstance(planned, int)):
        message = f"the recipe's epochs is {planned!r}, which is no count"[:100]
        help = 'Write the number of epochs as a whole number: "epochs": 15.'
    elif planned is not None and planned != len(log):
        message = f"the log ends at epoch {len(log)}, the recipe has {planned}"
        help = "Finish the run with --resume; the epochs that count are its last."
    elif most > images:
        message = f"an epoch trained on {most:,} images"
        help = f"One epoch is at most one pass over the {images:,} training images."
    elif len(log) > limit:
        help = f"Train for {limit} epochs; a one-cycle schedule gets there faster than a constant rate."
    return Verdict(help is None, len(log), f"<= {limit}", message, help, RECORDED)


@rule("Each of the last five epochs reaches {threshold} %")
def sustained_accuracy(run: Run, *, threshold: float) -> Verdict:
    """Consistently, and not a one-time achievement: the best epoch of many would be chosen by the test set."""
    if len(run.log) < LAST_EPOCHS:
        return Verdict(False, None, f">= {threshold} %", f"the run has {len(run.log)} epochs",
                       f"Train at least {LAST_EPOCHS} epochs: each of the last {LAST_EPOCHS} counts.")
    digests = {run.learned_digest(epoch) for epoch in run.last_epochs}
    if len(digests) < LAST_EPOCHS:
        return Verdict(False, None, f">= {threshold} %", f"{LAST_EPOCHS - len(digests) + 1} of the last epochs have the same weights",
                       "Keep the weights of each epoch as they were at its end.")
    total = len(run.test_images)
    correct = [run.counts(epoch).images for epoch in run.last_epochs]
    worst = 100 * min(correct) / total
    shown = " ".join(f"{100 * each / total:.2f}" for each in correct)
    # In counts, so that no rounding of a percentage decides.
    enough = 100 * min(correct) >= threshold * total
    return Verdict(enough, worst, f">= {threshold} %", shown,
                   None if enough else "Let the learning rate end near zero, and evaluate an average of the weights: both "
                                       "steady the last epochs.")


@rule("The log tells what the weights do")
def log_matches_weights(run: Run) -> Verdict:
    """A log is worth something only where anybody can measure the same numbers again."""
    differences = []
    for epoch in run.last_epochs:
        if epoch.sha256 is not None and epoch.sha256 != run.file_digest(epoch):
            return Verdict(False, None, "the same files", f"{epoch.file} is not the file that the log was written for",
                           "Submit log and weights of one run.")
        logged = [(epoch.test_total, epoch.test_correct, len(run.test_images), run.counts(epoch).images, "images")]
        if run.counts(epoch).sums is not None:
            logged.append((epoch.sum_total, epoch.sum_correct, 10 * len(run.test_images), run.counts(epoch).sums, "pairs"))
        for total, correct, expected, measured, what in logged:
            if total != expected:
                return Verdict(False, total, f"{expected} test {what}", f"epoch {epoch.epoch} was logged over {total:,} {what}",
                               "Log the accuracy on the whole test set, and on nothing else.")
            # An image on the edge may turn ten pairs.
            allowed = TOLERANCE if what == "images" else 10 * TOLERANCE
            differences.append((abs(measured - correct) / allowed, abs(measured - correct), allowed,
                                f"epoch {epoch.epoch}: the log has {correct:,} {what}, measured {measured:,}"))
    share, worst, allowed, message = max(differences, key=lambda difference: difference[0])
    return Verdict(
        share <= 1, worst, f"<= {allowed} apart", "every count agrees" if worst == 0 else message,
        None if share <= 1 else "Log what is saved: evaluate in fp32, in evaluation mode, the very weights that "
                                "are written (the averaged ones, where you average).")


@rule("No fully connected layer")
def no_fully_connected(run: Run) -> Verdict:
    """A layer that sees a whole map through learned weights takes most of a network's parameters, to learn positions."""
    found = [operation for operation in run.trace.operations if operation.fully_connected]
    _refuse_unknown(run)
    names = ", ".join(f"{each.kind} {each.name or '(no module)'}" for each in found)
    return Verdict(
        not found, len(found), "0", f"{names} sees the whole map" if found else "none sees a whole map",
        "End in global average pooling, then a 1×1 convolution or a linear layer on the averages." if found else None)


@rule("Global average pooling leads to the logits")
def global_average_pooling(run: Run) -> Verdict:
    """The average of each feature map replaces the dense layers, and asks of each channel to stand for something."""
    trace = run.trace
    _refuse_unknown(run)
    only = trace.flat and trace.collapses == {"average"}
    others = sorted(trace.collapses - {"average"}) + ([] if trace.flat else ["positions kept in the logits"])
    return Verdict(
        only, sorted(trace.collapses), "average only", "every map is averaged" if only
        else f"the map also ends by: {', '.join(others)}" if others else "no map is averaged",
        None if only else "Average each feature map over its whole extent, e.g. nn.AdaptiveAvgPool2d(1).")


@rule("No max-pooling")
def no_max_pooling(run: Run) -> Verdict:
    """Here the network learns how to make its maps smaller, by strides or dilation, instead of keeping what is largest."""
    found = [operation for operation in run.trace.operations if operation.kind == "max pool"]
    _refuse_unknown(run)
    return Verdict(
        not found, len(found), "0", f"{len(found)} × max pool to {'×'.join(map(str, found[0].output))}" if found else "none runs",
        "Give the convolution before it a stride of 2, or the ones after it a dilation." if found else None)


@rule("At least {count} depthwise-separable convolution(s), of use")
def depthwise_separable(run: Run, *, count: int) -> Verdict:
    """A kernel for each channel by itself, then 1×1 across channels: nearly as good as a full convolution, far fewer weights."""
    kernels = [operation for operation in run.trace.operations if operation.kind == "convolution"]
    pointwise = [each for each in kernels if _pointwise(each)]
    good, wrong = [], []
    for uses in _by_weights(kernels):
        operation = uses[0]
        channels = operation.weight[1] * operation.groups
        if operation.groups == 1 or max(operation.weight[2:]) == 1:
            continue
        if operation.groups != channels:
            wrong.append(f"{_named(operation)} has {operation.groups} groups for {channels} channels: grouped, not depthwise")
        elif not all(_fits(each) for each in uses):
            wrong.append(f"{_named(operation)} reaches beyond its {'×'.join(map(str, operation.map))} map")
        elif not all(any(each.call in other.before for other in pointwise) for each in uses):
            wrong.append(f"no 1×1 convolution follows {_named(operation)}")
        elif not _matter(run, uses):
            wrong.append(f"without {_named(operation)} the accuracy is the same")
        elif not _matter(run, tuple(other for other in pointwise if any(each.call in other.before for each in uses))):
            wrong.append(f"without the 1×1 convolution after {_named(operation)} the accuracy is the same")
        else:
            good.append(operation)
    enough = len(good) >= count
    names = ", ".join(_named(each) for each in good)
    return Verdict(enough, len(good), f">= {count}", names if enough else (wrong or ["no convolution has a group for each channel"])[0],
                   None if enough else "nn.Conv2d(C, C, 3, padding=1, groups=C), then nn.Conv2d(C, D, 1), on the way to the logits.")


@rule("A dilated convolution, of use")
def dilated(run: Run) -> Verdict:
    """Holes in a kernel let it see farther with the same weights, so that a map need not be made smaller."""
    good, wrong = [], []
    for uses in _by_weights([each for each in run.trace.operations if each.kind == "convolution" and max(each.dilation) > 1]):
        operation = uses[0]
        if not any(kernel > 1 and dilation > 1 for kernel, dilation in zip(operation.weight[2:], operation.dilation, strict=True)):
            sides = "×".join(map(str, operation.weight[2:]))
            wrong.append(f"{_named(operation)} is {sides}: there is nothing to dilate")
        elif not all(_fits(each) for each in uses):
            wrong.append(f"{_named(operation)} reaches beyond its {'×'.join(map(str, operation.map))} map")
        elif not _matter(run, uses):
            wrong.append(f"without {_named(operation)} the accuracy is the same")
        else:
            good.append(operation)
    return Verdict(bool(good), len(good), ">= 1", ", ".join(_named(each) for each in good) if good else
                   (wrong or ["no convolution has a dilation"])[0],
                   None if good else "nn.Conv2d(C, D, 3, padding=2, dilation=2), on a map of at least 5×5.")


def _by_weights(operations: "list[Operation]") -> "list[tuple[Operation, ...]]":
    """Group the uses of one weight: a layer that looks at an image and at its mirror image is one layer."""
    uses: dict[str | int, list[Operation]] = {}
    for operation in operations:
        uses.setdefault(operation.weight_name or operation.call, []).append(operation)
    return [tuple(each) for each in uses.values()]


def _pointwise(operation: "Operation") -> bool:
    """Whether it mixes the channels of a map; after a global average it would be the classifier."""
    return operation.weight[2:] == (1, 1) and operation.groups == 1 and max(operation.map) > 1


def _fits(operation: "Operation") -> bool:
    """Whether more than the middle of a kernel can lie on the map at once."""
    return all((kernel - 1) * dilation < side for kernel, dilation, side in
               zip(operation.weight[2:], operation.dilation, operation.map, strict=True))


def _matter(run: Run, operations: "tuple[Operation, ...]") -> bool:
    """Whether the accuracy drops when the weights of those operations are zero."""
    return run.accuracy - run.accuracy_with(operations, lambda output: output * 0) >= MATTERS


def _named(operation: "Operation") -> str:
    return operation.name or f"a convolution {'×'.join(map(str, operation.weight))}"


@rule("HorizontalFlip, ShiftScaleRotate and a {hole}×{hole} CoarseDropout, at work")
def augmentations(run: Run, *, hole: int, fill: tuple[float, ...]) -> Verdict:
    """The same image in many guises teaches what doesn't matter; a hole teaches to look at more than one part."""
    found = run.augmentation(hole, fill)
    # That the run saw what augmentation() returns is its own word, or that of its record.
    recorded = None if found.description is None else run.recorded_augmentation
    evidence = DECLARED if recorded is None else RECORDED
    if found.problems:
        return Verdict(False, len(found.problems), "all three", found.problems[0],
                       "Return them from augmentation() in train.py: one hole, hole_height_range and hole_width_range "
                       f"({hole}, {hole}), fill the data set's mean as a pixel value.", evidence)
    if recorded not in (None, found.description):
        return Verdict(False, 0, "all three", "run.json records another augmentation than train.py's augmentation() returns",
                       "Submit the train.py that trained the run.", evidence)
    return Verdict(True, 0, "all three",
                   f"all three change images; a {hole}×{hole} hole of {', '.join(f'{value:.0f}' for value in found.fill)}", None, evidence)


@rule("Maps see {before}×{before} pixels before averaging, logits {after}×{after}")
def receptive_field(run: Run, *, before: int, after: int) -> Verdict:
    """What a network can't see it can't tell apart, and an average of small patches knows no shapes."""
    trace = run.trace
    _refuse_unknown(run)
    local, whole = min(trace.receptive_field), min(trace.seen)
    enough = local >= before and whole >= after
    return Verdict(
        enough, [local, whole], f">= {before}, {after}", f"maps {local}, logits {whole}",
        None if enough else "Add layers, a stride or dilation before the global average.")


@rule("The network runs {kind} and no other")
def normalization(run: Run, *, kind: str) -> Verdict:
    """Three normalisations are compared: what a network is called says nothing about which of them runs in it."""
    found: dict[str, list[Operation]] = {}
    for operation in run.trace.operations:
        if operation.kind in NORMALIZATIONS:
            found.setdefault(operation.kind, []).append(operation)
    _refuse_unknown(run)
    shown = ", ".join(f"{len(operations)} × {each}" for each, operations in found.items()) or "none"
    if BY_HAND in {operation.kind for operation in run.trace.operations}:
        raise CannotCheckError("A normalisation is written by hand, and the trace can't tell which.",
                               "Use nn.BatchNorm2d, nn.GroupNorm or nn.LayerNorm, or have it judged by a person.")
    if len(found) != 1 or kind in NORMALIZATIONS and kind not in found:
        return Verdict(False, shown, kind, f"{shown} runs" if found else "no normalisation runs",
                       "Normalise with nn.BatchNorm2d, nn.GroupNorm or nn.LayerNorm, one kind throughout; "
                       "GroupNorm(1, C) is a layer norm, GroupNorm(C, C) an instance norm.")
    # With zeros, and with other channels' values: something that only asks whether there is a value uses none.
    norms = tuple(next(iter(found.values())))
    whole = run.accuracy
    left = max(run.accuracy_with(norms, change) for change in (lambda output: output * 0, lambda output: output.roll(1, 1)))
    matters = whole - left >= MATTERS
    return Verdict(matters, shown, kind, f"{shown}; disturbed, {100 * left:.0f} % of {100 * whole:.0f} % are left",
                   None if matters else "Normalise the maps that lead to the logits: what runs beside them does nothing.")


@rule("L1 in the loss, and it shows in the weights")
def l1_penalty(run: Run, *, without: str) -> Verdict:
    """A penalty on absolute values pulls small weights to zero, so that few carry most; a word in a recipe does not."""
    declared = _recipe(run)
    l1 = declared.get("l1", 0)
    if isinstance(l1, bool) or not isinstance(l1, int | float) or not 0 < l1 < 1e9:
        return Verdict(False, None, "> 0", f"the recipe's l1 is {l1!r}"[:100],
                       'Add the kernels\' absolute values to the loss, and their weight to the recipe: "l1": 1e-5.', DECLARED)
    ours, other = run.evenness, run.sibling(without)
    try:
        _refuse_other_run(run, other)
        theirs = other.evenness
    except CannotCheckError as error:
        raise CannotCheckError(f"The run {without}, to compare with: {error.message}", error.help) from error
    shows = ours <= theirs - SHOWS
    return Verdict(shows, ours, f"<= {theirs - SHOWS:.3f}",
                   f"L1 {l1:g} declared; the mean |w| is {ours:.3f} of the root mean square, without L1 {theirs:.3f}",
                   None if shows else "Raise the penalty's weight until some weights go to zero.")


def _refuse_other_run(run: Run, other: Run) -> None:
    """Raise CannotCheckError where `other` is not the same run, really trained, without L1."""
    declared, compared = _recipe(run), _recipe(other)
    differs = sorted(key for key in {*declared, *compared} - {"l1"} if declared.get(key) != compared.get(key))
    if differs:
        raise CannotCheckError(f"its recipe has another {', '.join(differs)}.", "Train the same recipe with l1 = 0 for comparison.")
    if compared.get("l1") not in (None, 0):
        raise CannotCheckError("its recipe has an L1 of its own.", "Train the same recipe with l1 = 0 for comparison.")
    for verdict in (weights_match_model(other), finite_weights(other), log_matches_weights(other),
                    sustained_accuracy(other, threshold=COMPARABLE)):
        if verdict.passed is not True:
            raise CannotCheckError(f"{verdict.message}.", verdict.help)
    shapes, others = ({name: kernel.shape for name, kernel in each.kernels.items()} for each in (run, other))
    if shapes != others:
        raise CannotCheckError("other kernels run in it.", "Build the same network for both.")


@rule("Both inputs matter, and the sum is learned")
def two_inputs(run: Run) -> Verdict:
    """A digit needs no number, and a sum needs both; adding them up in code instead would leave nothing to learn."""
    used = run.inputs_used
    wrong = [message for is_wrong, message in (
        (used.digit_by_number, "the digit's logits change with the number"),
        (not used.digit_by_image, "the digit's logits don't change with the image"),
        (not used.sum_by_number, "the sum's logits don't change with the number"),
        (not used.sum_by_image, "the sum's logits don't change with the image"),
        (used.learned == 0, "no learned number acts on the sum alone: it is computed, not learned"),
        (used.learned > 0 and used.accuracy >= 0.5 and not used.shuffled <= used.accuracy / 2,
         f"{100 * used.shuffled:.0f} % of the sums stay right with the sum's weights shuffled: they are computed, not learned"),
        (used.learned > 0 and not used.within_sums >= WITHIN_SUMS,
         "with the sum's weights shuffled all pairs of a sum are still alike: it is computed before anything learned"),
    ) if is_wrong]
    return Verdict(
        not wrong, used.learned, "both matter", wrong[0] if wrong else
        f"{used.learned:,} weights make the sum: {100 * used.accuracy:.0f} % right, {100 * used.shuffled:.0f} % when shuffled",
        "Read the digit from the image alone; let learned layers make the sum from it and the one-hot number." if wrong else None)


@rule("The sum reaches {threshold} % in the last epoch, over all ten numbers")
def sum_accuracy(run: Run, *, threshold: float) -> Verdict:
    """Judged on all ten numbers for every image, since a single draw of numbers could be a lucky one."""
    correct, total = run.counts(run.log[-1]).sums, 10 * len(run.test_images)
    enough = 100 * correct >= threshold * total
    return Verdict(enough, 100 * correct / total, f">= {threshold} %", f"{correct:,} of {total:,} pairs",
                   None if enough else "The sum can be as good as the digit: give its layer each pair of digit and number "
                                       "as an input of its own.")


def _recipe(run: Run) -> dict:
    recipe = run.record.get("recipe")
    if not isinstance(recipe, dict):
        raise CannotCheckError(f"{run.name}/run.json holds no recipe.", 'Write how the run was trained: "recipe": {"l1": …}.')
    return recipe


def _refuse_unknown(run: Run) -> None:
    """Raise CannotCheckError where the trace could not follow the network."""
    unknown = sorted(run.trace.not_understood)
    if unknown:
        raise CannotCheckError(f"The trace can't follow {', '.join(unknown)}.",
                               "Use convolutions, pooling and element-wise operations, or have it judged by a person.")


def _short(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:6]))
    return shown if len(numbers) <= 6 else f"{shown}, … {numbers[-1]}"


