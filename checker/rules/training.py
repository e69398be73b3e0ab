"""Rules about how the network was trained."""

from typing import TYPE_CHECKING, Any

from checker.rules.accuracy import log_matches_weights, sustained_accuracy
from checker.rules.rule import rule
from checker.rules.weights import finite_weights, weights_match_model
from checker.tolerances import DROPPED, LEAST_ROTATION, LEAST_SCALE, LEAST_SHIFT, RARELY, SHOWN
from checker.verdict import DECLARED, RECORDED, CannotCheckError, Verdict

if TYPE_CHECKING:
    from checker.evidence import Evidence

# What the run to compare with must hold, in percent, to count as trained.
COMPARABLE = 99.0
# The mean |w| of Gaussian weights is 0.80 of their root mean square; two seeds differ by less than this.
SHOWS = 0.02


@rule(
    "At most {limit} epochs, logged without gaps",
    f"Each epoch must train on the whole training set, but for a last batch of up to {DROPPED:,} images. The log says "
    "so; weights can't.",
    needs=("training",),
)
def epochs(run: "Evidence", *, limit: int, images: int) -> Verdict:
    """The budget is part of the task, and an epoch is one pass over the training set, no more."""
    log = run.log
    numbers = [epoch.epoch for epoch in log]
    recipe = run.record.get("recipe")
    planned = recipe.get("epochs") if isinstance(recipe, dict) else None
    most, least = (choose(epoch.train_total for epoch in log) for choose in (max, min))
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
    elif least <= images - DROPPED:
        message = f"an epoch trained on {least:,} images"
        help = f"Train each epoch on all {images:,} training images, and log how many there were."
    elif len(log) > limit:
        help = f"Train for {limit} epochs; a one-cycle schedule gets there faster than a constant rate."
    return Verdict(help is None, len(log), f"<= {limit}", message, help, RECORDED)


@rule(
    "At least {least} epochs",
    "The lines of the log are counted; weights don't tell.",
    needs=("training",),
)
def enough_epochs(run: "Evidence", *, least: int) -> Verdict:
    """Where the budget is given, it is to be used: a schedule that ends early is another experiment."""
    count = len(run.log)
    return Verdict(
        count >= least,
        count,
        f">= {least}",
        f"{count} epochs",
        None if count >= least else f"Train for {least} epochs.",
        RECORDED,
    )


@rule(
    "HorizontalFlip, ShiftScaleRotate and a {hole}×{hole} CoarseDropout, at work",
    f"The pipeline is built anew from its description. Each of the three must be applied to {100 * RARELY:g} % of the "
    f"images and change them: a shift by {32 * LEAST_SHIFT:g} of 32 pixels, a scale by {100 * LEAST_SCALE:g} %, a "
    f"rotation by {LEAST_ROTATION:g}° at the least; the hole and its fill are measured. Then the whole is applied: "
    f"images must stay recognisable, some be mirrored, and in {100 * RARELY:g} % must {100 * SHOWN:g} % of the hole be "
    "left. That the run was trained so is its own word.",
    needs=("augmentation", "training"),
)
def augmentations(run: "Evidence", *, hole: int, fill: tuple[float, ...]) -> Verdict:
    """The same image in many guises teaches what doesn't matter; a hole teaches to look at more than one part."""
    found = run.augmentation(hole, fill)
    # That the run saw what augmentation() returns is its own word, or that of its record.
    recorded = None if found.description is None else run.recorded_augmentation
    evidence = DECLARED if recorded is None else RECORDED
    if found.problems:
        return Verdict(
            False,
            len(found.problems),
            "all three",
            found.problems[0],
            "Return them from augmentation() in train.py: one hole, hole_height_range and hole_width_range "
            f"({hole}, {hole}), fill the data set's mean as a pixel value.",
            evidence,
        )
    if recorded not in (None, found.description):
        return Verdict(
            False,
            0,
            "all three",
            "run.json records another augmentation than train.py's augmentation() returns",
            "Submit the train.py that trained the run.",
            evidence,
        )
    return Verdict(
        True,
        0,
        "all three",
        f"all three change images; a {hole}×{hole} hole of {', '.join(f'{value:.0f}' for value in found.fill or ())}",
        None,
        evidence,
    )


@rule(
    "Grayscale among the augmentations, at work",
    f"The pipeline is built anew from its description. ToGray must be applied to {100 * RARELY:g} % of the images and "
    "change them. That the run was trained so is its own word.",
    needs=("augmentation", "training"),
)
def grayscale(run: "Evidence") -> Verdict:
    """Without its colors an object is still what it is, so that shapes have to be learned too."""
    problem = run.grayscale
    evidence = DECLARED if run.recorded_augmentation is None else RECORDED
    return Verdict(
        problem is None,
        int(problem is None),
        "ToGray",
        problem or "ToGray changes images",
        None if problem is None else "Put albumentations.ToGray(p=0.1) into what augmentation() returns.",
        evidence,
    )


@rule(
    "L1 in the loss, and it shows in the weights",
    f"The mean |w| as a share of the root mean square must be {SHOWS:g} less than in the same run without L1.",
    needs=("network", "training"),
)
def l1_penalty(run: "Evidence", *, without: str) -> Verdict:
    """A penalty on absolute values pulls small weights to zero, so that few carry most; a word in a recipe does not."""
    declared = _recipe(run)
    l1 = declared.get("l1", 0)
    if isinstance(l1, bool) or not isinstance(l1, int | float) or not 0 < l1 < 1e9:
        return Verdict(
            False,
            None,
            "> 0",
            f"the recipe's l1 is {l1!r}"[:100],
            'Add the kernels\' absolute values to the loss, and their weight to the recipe: "l1": 1e-5.',
            DECLARED,
        )
    ours = run.evenness
    try:
        other = run.sibling(without)
        _refuse_other_run(run, other)
        theirs = other.evenness
    except CannotCheckError as error:
        raise CannotCheckError(f"The run {without}, to compare with: {error.message}", error.help) from error
    shows = ours <= theirs - SHOWS
    return Verdict(
        shows,
        ours,
        f"<= {theirs - SHOWS:.3f}",
        f"L1 {l1:g} declared; the mean |w| is {ours:.3f} of the root mean square, without L1 {theirs:.3f}",
        None if shows else "Raise the penalty's weight until some weights go to zero.",
    )


def _refuse_other_run(run: "Evidence", other: "Evidence") -> None:
    """Raise CannotCheckError where `other` is not the same run, really trained, without L1."""
    declared, compared = _recipe(run), _recipe(other)
    differs = sorted(key for key in {*declared, *compared} - {"l1"} if declared.get(key) != compared.get(key))
    if differs:
        raise CannotCheckError(
            f"its recipe has another {', '.join(differs)}.", "Train the same recipe with l1 = 0 for comparison."
        )
    if compared.get("l1") not in (None, 0):
        raise CannotCheckError("its recipe has an L1 of its own.", "Train the same recipe with l1 = 0 for comparison.")
    for verdict in (
        weights_match_model(other),
        finite_weights(other),
        log_matches_weights(other),
        sustained_accuracy(other, threshold=COMPARABLE),
    ):
        if verdict.passed is not True:
            raise CannotCheckError(f"{verdict.message}.", verdict.help or "")
    shapes, others = ({name: kernel.shape for name, kernel in each.kernels.items()} for each in (run, other))
    if shapes != others:
        raise CannotCheckError("other kernels run in it.", "Build the same network for both.")


def _recipe(run: "Evidence") -> dict[str, Any]:
    recipe = run.record.get("recipe")
    if not isinstance(recipe, dict):
        raise CannotCheckError(
            f"{run.name}/run.json holds no recipe.", 'Write how the run was trained: "recipe": {"l1": …}.'
        )
    return recipe


def _short(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:6]))
    return shown if len(numbers) <= 6 else f"{shown}, … {numbers[-1]}"
