"""Rules about what the network gets right."""

import math
from typing import TYPE_CHECKING

from checker.rules.rule import rule
from checker.submission import LAST_EPOCHS
from checker.tolerances import COUNTS_APART, is_one_pass
from checker.verdict import Verdict

if TYPE_CHECKING:
    from checker.evidence import Evidence

# Two epochs whose logits differ by no more than this share of their spread, on every image, are one: rounding makes
# 1e-5 of it, and epochs of our runs differ by 0.02 and more.
ROUNDED = 1e-3
# A run that misses its threshold by more than this share of the images is not steadied, but trained otherwise.
NEARLY = 0.01
# The share of variance within a sum: 0 where the sum is computed in code, over 0.7 in learned layers of many kinds.
WITHIN_SUMS = 0.1


@rule(
    "Each of the last five epochs reaches {threshold} %",
    "They follow one another in the log, and each is one pass over the training set. Their weights are evaluated on "
    "all test images, and the worst counts: in bf16 where that is sooner, and in fp32 wherever two classes lie so "
    f"close that it could matter. Two epochs whose logits differ by no more than {ROUNDED:g} of their spread are one. "
    "Whether a network was trained on test images, files can't tell.",
    needs=("network", "training"),
)
def sustained_accuracy(run: "Evidence", *, threshold: float, images: int | None = None) -> Verdict:
    """Consistently, and not a one-time achievement: the best epoch of many would be chosen by the test set."""
    if len(run.log) < LAST_EPOCHS:
        return Verdict(
            False,
            None,
            f">= {threshold} %",
            f"the run has {len(run.log)} epochs",
            f"Train at least {LAST_EPOCHS} epochs: each of the last {LAST_EPOCHS} counts.",
        )
    numbers = [epoch.epoch for epoch in run.last_epochs]
    if numbers != list(range(numbers[0], numbers[0] + LAST_EPOCHS)):
        return Verdict(
            False,
            None,
            f">= {threshold} %",
            f"the last epochs of the log are {', '.join(map(str, numbers))}: not five in a row",
            "Keep every epoch of one run, in order.",
        )
    # A notebook may print none.
    trained = [total for epoch in run.last_epochs if (total := epoch.train_total)]
    strange = [total for total in trained if images is not None and not is_one_pass(total, images)]
    if strange:
        return Verdict(
            False,
            None,
            f">= {threshold} %",
            f"an epoch of the last five trained on {strange[0]:,} images",
            f"An epoch is one pass over all {images:,} training images.",
        )
    digests = {run.learned_digest(epoch) for epoch in run.last_epochs}
    if len(digests) < LAST_EPOCHS:
        return Verdict(
            False,
            None,
            f">= {threshold} %",
            f"{LAST_EPOCHS - len(digests) + 1} of the last epochs have the same weights",
            "Keep the weights of each epoch as they were at its end.",
        )
    total = run.test_total
    correct = [run.counts(epoch).images for epoch in run.last_epochs]
    if not run.least_apart() > ROUNDED:
        return Verdict(
            False,
            None,
            f">= {threshold} %",
            "two of the last epochs give the same logits, whatever their files",
            "Keep the weights of each epoch as they were at its end.",
        )
    worst = 100 * min(correct) / total
    shown = " ".join(f"{100 * each / total:.2f}" for each in correct)
    # In counts, so that no rounding of a percentage decides.
    enough = 100 * min(correct) >= threshold * total
    single = [run.single_view(epoch) for epoch in run.last_epochs]
    if run.views > 1:
        known = [f"{100 * each / total:.2f}" for each in single if each is not None]
        shown += f" ({run.views} views"
        shown += f"; a single one: {' '.join(known)})" if len(known) == len(single) else ")"
    return Verdict(
        enough,
        worst,
        f">= {threshold} %",
        shown,
        None if enough else _to_hold(run, correct, threshold),
    )


def _to_hold(run: "Evidence", correct: list[int], threshold: float) -> str:
    """Return which epochs fall short, by how many images, and what helps."""
    needed = math.ceil(threshold * run.test_total / 100)
    short = [
        f"epoch {epoch.epoch} by {needed - count:,}"
        for epoch, count in zip(run.last_epochs, correct, strict=True)
        if count < needed
    ]
    told = f"{needed:,} of {run.test_total:,} images are needed; short are {', '.join(short)}. "
    logged = [epoch.test_correct for epoch in run.last_epochs]
    if min(logged) - min(correct) > NEARLY * run.test_total:
        return f"{told}The log says otherwise: see log_matches_weights."
    if needed - min(correct) > NEARLY * run.test_total:
        return f"{told}Train longer or with a larger network, and see that training and test images look alike to it."
    return (
        f"{told}Let the learning rate end near zero, and evaluate an average of the weights: both steady the last "
        "epochs."
    )


@rule(
    "The log tells what the weights do",
    f"Counts may differ by {COUNTS_APART} images, since devices round differently, and digests of files not at all. "
    "Epochs that were trained and not logged can't be seen.",
    needs=("network", "training"),
)
def log_matches_weights(run: "Evidence") -> Verdict:
    """A log is worth something only where anybody can measure the same numbers again."""
    differences = []
    for epoch in run.last_epochs:
        if epoch.sha256 is not None and epoch.sha256.lower() != run.file_digest(epoch):
            return Verdict(
                False,
                None,
                "the same files",
                f"{epoch.file} is not the file that the log was written for",
                "Submit log and weights of one run.",
            )
        counted = run.counts(epoch)
        logged = [(epoch.test_total, epoch.test_correct, run.test_total, counted.images, "images")]
        if counted.sums is not None:
            logged.append((epoch.sum_total or 0, epoch.sum_correct or 0, 10 * run.test_total, counted.sums, "pairs"))
        for total, correct, expected, measured, what in logged:
            if total != expected:
                return Verdict(
                    False,
                    total,
                    f"{expected} test {what}",
                    f"epoch {epoch.epoch} was logged over {total:,} {what}",
                    "Log the accuracy on the whole test set, and on nothing else.",
                )
            # An image on the edge may turn ten pairs.
            allowed = COUNTS_APART if what == "images" else 10 * COUNTS_APART
            differences.append(
                (
                    abs(measured - correct) / allowed,
                    abs(measured - correct),
                    allowed,
                    f"epoch {epoch.epoch}: the log has {correct:,} {what}, measured {measured:,}",
                )
            )
    share, worst, allowed, message = max(differences, key=lambda difference: difference[0])
    return Verdict(
        share <= 1,
        worst,
        f"<= {allowed} apart",
        "every count agrees" if worst == 0 else message,
        None
        if share <= 1
        else run.diagnosis
        or "Log what is saved: evaluate in fp32, in evaluation mode, the very weights that are written (the averaged "
        "ones, where you average).",
    )


@rule(
    "Both inputs matter, and the sum is learned",
    "Each input is varied, and what is learned for the sum alone is shuffled, and removed: half of the sums must get "
    "lost by either. What stays the same in the last five epochs while most parameters change is not learned. When the "
    f"rest is shuffled, pairs of one sum must come apart by {WITHIN_SUMS:g} of the variance.",
    needs=("network", "training"),
)
def two_inputs(run: "Evidence") -> Verdict:
    """A digit needs no number, and a sum needs both; adding them up in code instead would leave nothing to learn."""
    used = run.inputs_used
    accuracy = run.sum_accuracy(used.sums)
    left = max(run.sum_accuracy(used.shuffled), run.sum_accuracy(used.removed))
    wrong = [
        message
        for is_wrong, message in (
            (used.digit_by_number, "the digit's logits change with the number"),
            (not used.digit_by_image, "the digit's logits don't change with the image"),
            (not used.sum_by_number, "the sum's logits don't change with the number"),
            (not used.sum_by_image, "the sum's logits don't change with the image"),
            (used.learned == 0, "no learned number acts on the sum alone: it is computed, not learned"),
            (
                used.learned > 0 and accuracy >= 0.5 and not left <= accuracy / 2,
                f"{100 * left:.0f} % of the sums stay right with the sum's weights shuffled or removed: they are "
                "computed, not learned",
            ),
            (
                used.learned > 0 and not used.within_sums >= WITHIN_SUMS,
                "with the sum's weights shuffled all pairs of a sum are still alike: it is computed before anything "
                "learned",
            ),
        )
        if is_wrong
    ]
    return Verdict(
        not wrong,
        used.learned,
        "both matter",
        wrong[0]
        if wrong
        else f"{used.learned:,} weights make the sum: {100 * accuracy:.0f} % right, {100 * left:.0f} % without them",
        "Read the digit from the image alone; let learned layers make the sum from it and the one-hot number."
        if wrong
        else None,
    )


@rule(
    "The sum reaches {threshold} % in the last epoch, over all ten numbers",
    "Each test image is shown with each of the ten numbers.",
    needs=("network", "training"),
)
def sum_accuracy(run: "Evidence", *, threshold: float) -> Verdict:
    """Judged on all ten numbers for every image, since a single draw of numbers could be a lucky one."""
    correct, total = run.counts(run.log[-1]).sums or 0, 10 * run.test_total
    enough = 100 * correct >= threshold * total
    return Verdict(
        enough,
        100 * correct / total,
        f">= {threshold} %",
        f"{correct:,} of {total:,} pairs",
        None
        if enough
        else "The sum can be as good as the digit: give its layer each pair of digit and number "
        "as an input of its own.",
    )
