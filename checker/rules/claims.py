"""What a notebook's saved output says of a training. It may break a rule; it proves none kept, since anybody can print
anything."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from checker.submission import LAST_EPOCHS
from checker.tolerances import COUNTS_APART, is_one_pass
from checker.verdict import RECORDED, CannotCheckError, Verdict

if TYPE_CHECKING:
    from checker.evidence import Evidence
    from checker.notebook import Epoch

_PROVE = "Keep the weights of the last five epochs with checker.recorder, and check that run."


def sustained_accuracy(run: "Evidence", *, threshold: float, images: int | None = None) -> Verdict:
    """Judge the last five accuracies that were printed."""
    epochs = run.printed_epochs
    required, last = f">= {threshold} %", epochs[-LAST_EPOCHS:]
    if len(epochs) < LAST_EPOCHS:
        return Verdict(False, None, required, f"{_print(epochs)} {len(epochs)} epochs", _PROVE, RECORDED)
    percents = [epoch.test.percent for epoch in last]
    known = [each for each in percents if each is not None]
    if len(known) < LAST_EPOCHS:
        raise CannotCheckError(f"{_print(last)} no accuracy for each of the last epochs.", _PROVE)
    for epoch in last:
        if epoch.test.total not in (None, run.test_total):
            return Verdict(
                False,
                epoch.test.total,
                f"{run.test_total} test images",
                f"cell {epoch.cell} prints an accuracy over {epoch.test.total:,} images",
                "Evaluate on the whole test set, and on nothing else.",
                RECORDED,
            )
        total = epoch.train.total if epoch.train is not None else None
        if images is not None and total is not None and not is_one_pass(total, images):
            return Verdict(
                False,
                total,
                f"{images} training images",
                f"cell {epoch.cell} prints an epoch over {total:,} training images",
                "An epoch is one pass over the whole training set.",
                RECORDED,
            )
    told = " ".join(f"{each:.2f}" for each in known)
    if not min(known) >= threshold:
        needed = f"{threshold - min(known):.2f} percentage points are missing in the worst of the last five."
        return Verdict(
            False,
            min(known),
            required,
            f"{_print(last)} {told}",
            f"{needed} Let the learning rate end near zero: that steadies the last epochs.",
            RECORDED,
        )
    raise CannotCheckError(f"{_print(last)} {told}, which would do; a printed number proves nothing.", _PROVE)


def epochs(run: "Evidence", *, limit: int, images: int) -> Verdict:
    """Judge how many epochs were printed, and over how many images each was trained."""
    found = run.printed_epochs
    count, required = len(found), f"<= {limit}"
    if count > limit:
        return Verdict(False, count, required, f"{_print(found)} {count} epochs", f"Train for {limit}.", RECORDED)
    totals = {epoch.train.total for epoch in found if epoch.train is not None} - {None}
    if len(totals) != 1 or totals != {images}:
        printed = ", ".join(f"{total:,}" for total in sorted(filter(None, totals))) or "not how many"
        raise CannotCheckError(f"{_print(found)} {count} epochs, and {printed} images an epoch was trained on.", _PROVE)
    return Verdict(True, count, required, f"{_print(found)} {count} epochs", None, RECORDED)


def enough_epochs(run: "Evidence", *, least: int) -> Verdict:
    """Judge how many epochs were printed."""
    found = run.printed_epochs
    help = None if len(found) >= least else f"Train for {least}."
    return Verdict(help is None, len(found), f">= {least}", f"{_print(found)} {len(found)} epochs", help, RECORDED)


def log_matches_weights(run: "Evidence") -> Verdict:
    """Compare what was printed with what the weights do that lie beside the notebook, as far as it was printed."""
    allowed = COUNTS_APART / run.test_total * 100
    worst, message = 0.0, "every printed accuracy agrees"
    for epoch, logged in zip(run.printed_epochs[-LAST_EPOCHS:], run.last_epochs, strict=True):
        measured = 100 * run.counts(logged).images / run.test_total
        if epoch.test.percent is None:
            raise CannotCheckError(f"{_print([epoch])} no accuracy for the epoch of {logged.file}.", _PROVE)
        rounding = 0.0 if epoch.test.total == run.test_total else 10.0 ** -(epoch.test.decimals or 0)
        apart = abs(measured - epoch.test.percent) - rounding
        if apart > worst:
            worst = apart
            message = f"{_print([epoch])} {epoch.test.percent:.2f}, {logged.file} holds {measured:.2f}"
    return Verdict(
        worst <= allowed + 1e-9,
        worst,
        f"<= {allowed:g} points apart",
        message,
        None if worst <= allowed + 1e-9 else "Keep the weights at the end of each epoch, as they were evaluated.",
    )


# Of a network without trained weights, and of one whose weights lie beside its notebook.
CLAIMED: dict[bool, dict[str, Callable[..., Verdict]]] = {
    False: {"sustained_accuracy": sustained_accuracy, "epochs": epochs, "enough_epochs": enough_epochs},
    True: {"log_matches_weights": log_matches_weights, "epochs": epochs, "enough_epochs": enough_epochs},
}


def _print(epochs: "Sequence[Epoch]") -> str:
    numbers = sorted({epoch.cell for epoch in epochs})
    if len(numbers) == 1:
        return f"cell {numbers[0]} prints"
    return f"cells {', '.join(map(str, numbers[:4]))}{', …' * (len(numbers) > 4)} print"
