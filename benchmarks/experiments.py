"""How far honest networks lie from the bounds of the checker's experiments, and what these cost.

    python -m benchmarks.experiments            our committed runs, and the honest submissions of tests/submissions/
    python -m benchmarks.experiments --ours     our runs alone

Everything is measured in this process, on one thread. The cost is the time of the experiments as a share of all that is
measured of a session's runs.
"""

import argparse
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from unittest.mock import patch

import torch
from rich.console import Console
from rich.table import Table

from checker.assignments import ASSIGNMENTS
from checker.check import check_folder
from checker.evidence import Evidence
from checker.experiments import on_images, reach
from checker.experiments.norms import Statistic
from checker.means import Means
from checker.rules.accuracy import ROUNDED, WITHIN_SUMS
from checker.rules.anatomy import ADDED, ALIKE, ALONE, CARRIED, COUNTING, KEPT, USED, WEIGHED
from checker.rules.layers import ALMOST, CHOSEN, COPIED, DOUBLED, MATTERS, MOVED, NORMALISED
from checker.rules.training import SHOWS
from checker.rules.weights import (
    FREE_LITERALS,
    FREE_NUMBERS,
    MEAN_APART,
    MEAN_MOSTLY,
    ROUNDING,
    VARIANCE_APART,
    VARIANCE_MOSTLY,
    near_by_norm,
)
from checker.tolerances import BY_HAND, COUNTS_APART, FIXED, SEEN
from common.anatomy.operation import Operation
from tests.corpus import cases, images, write
from tests.recorded_here import AnswersHere, WorkersHere

REPOSITORY = Path(__file__).resolve().parent.parent


def far_from_theirs(found: tuple[Statistic, ...]) -> list[float]:
    """Return which share of each norm's channels keeps statistics that are not nearly those of its input."""
    near = near_by_norm([each for each in found if each.is_kept], MEAN_MOSTLY, VARIANCE_MOSTLY)
    return [near.count(False) / len(near) for near in near.values()]


# Experiment → (its name in words, bound, which side of it is wanted, what of its result is compared).
BOUNDS: dict[str, list[tuple[str, float, str, Callable[[object], list[float]]]]] = {
    "places_exchanged": [
        ("logits move, places exchanged", ALIKE, "<=", lambda found: [found.moved]),
        ("maps differ, places exchanged", ALIKE, "<=", lambda found: [found.inside]),
        ("places that logits hang on", COUNTING, ">=", lambda found: [found.counting.places]),
        ("share of places that count", USED, ">=", lambda found: [found.counting.used]),
        ("share of channels on one place", ALONE, "<=", lambda found: [found.counting.alone]),
    ],
    "constants_used": [
        ("literals in the code", FREE_LITERALS, "<=", lambda found: [found.literals]),
        ("numbers that are no parameters", FREE_NUMBERS, "<=", lambda found: [sum(found.hidden.values())]),
    ],
    "statistics_kept": [
        ("a norm's channels far from theirs", 0.5, "<", far_from_theirs),
        ("running mean apart", MEAN_APART, "<=", lambda found: [each.mean for each in found if each.is_kept]),
        (
            "running variance, factor",
            VARIANCE_APART,
            "<=",
            lambda found: [math.exp(each.variance) for each in found if each.is_kept],
        ),
    ],
    "moved_by_single_taps": [("logits move, single taps", MOVED, ">=", lambda found: [found])],
    "alike_untrained": [("a kernel like one of other parameters", FIXED, "<=", lambda found: [found])],
    "apart_from_copies": [("places apart, under a dilation", COPIED, ">", lambda found: [found])],
    "places_weighed": [("places weighed by channel or class", WEIGHED, "<=", lambda found: [found])],
    "places_added": [
        ("halves of the places, no sum", ADDED, "<=", lambda found: [found.mixed]),
        ("logits move by sums alone", CARRIED, ">=", lambda found: [found.carried]),
        ("numbers made of all places", KEPT, "<=", lambda found: [found.kept]),
    ],
    "places_chosen": [("chosen between two places", CHOSEN, "<=", lambda found: [found])],
    "moves": [
        ("a place moves, seen", SEEN, ">", lambda found: [each for each in found if each > SEEN]),
        ("a place moves, not seen", SEEN, "<=", lambda found: [each for each in found if not each > SEEN]),
    ],
    "norms": [
        ("a norm's output moves, scaled", NORMALISED, "<=", lambda found: list(found.moved.values())),
        ("a norm's channels that are copies", DOUBLED, "<=", lambda found: list(found.copied.values())),
        ("moves scaled alike, to each by itself", BY_HAND, ">=", lambda found: list(found.by_hand.values())),
    ],
    "anatomy": [
        ("share of a side seen by a kernel", ALMOST, "<=", lambda found: [each.side_seen for each in found.operations])
    ],
    "inputs_used": [("pairs of a sum apart, of variance", WITHIN_SUMS, ">=", lambda found: [found.within_sums])],
    # What a rule asks of a run, and what verdicts say.
    "least_apart": [("epochs' logits apart", ROUNDED, ">", lambda found: [found])],
    "accuracy_with": [("images lost without layers", MATTERS, ">=", lambda found: [found])],
    "accuracy_rounded": [("images lost, weights rounded", ROUNDING, "<=", lambda found: [found])],
    "log_matches_weights": [("counts apart", COUNTS_APART, "<=", lambda found: [found])],
    "l1_penalty": [("weights less even by L1", SHOWS, ">=", lambda found: [found])],
}


class Timed(WorkersHere):
    """Workers of this process that keep what each measurement found, and how long it took."""

    found: dict[str, list[object]]
    seconds: dict[str, float]

    def submit(self, measurement: Callable, *arguments: object) -> Future:
        """Measure, and note it."""
        started = time.thread_time()  # Several runs are measured at once.
        future = super().submit(measurement, *arguments)
        Timed.seconds[measurement.__name__] += time.thread_time() - started
        if future.exception() is None:
            Timed.found[measurement.__name__].append(future.result())
        return future


def least_apart(run: Evidence) -> float:
    """Return what Evidence does, and note it."""
    found = LEAST_APART(run)
    Timed.found["least_apart"].append(found)
    return found


def accuracy_with(run: Evidence, operations: tuple[Operation, ...], of: str) -> float:
    """Return what Evidence does, and note how many images are lost without what isn't the whole network."""
    found = ACCURACY_WITH(run, operations, of)
    if operations:
        Timed.found["accuracy_with"].append(run.accuracy - found)
    return found


def moves(*arguments: object) -> dict[str, float]:
    """Return what the experiment does, and note how far the places moved that moved at all."""
    found = MOVES(*arguments)
    Timed.found["moves"].append([each for each in found.values() if each > 0])
    return found


def accuracy_rounded(run: Evidence) -> float:
    """Return what Evidence does, and note how many images are lost."""
    found = ACCURACY_ROUNDED(run)
    Timed.found["accuracy_rounded"].append(run.accuracy - found)
    return found


ACCURACY_ROUNDED = Evidence.accuracy_rounded.fget
MOVES = reach._moves
LEAST_APART, ACCURACY_WITH = Evidence.least_apart, Evidence.accuracy_with


def measured(session: str, folder: Path, **options: object) -> tuple[dict[str, list[object]], dict[str, float]]:
    """Return what the measurements of a submission found, and how long they took in all."""
    Timed.found, Timed.seconds = defaultdict(list), defaultdict(float)
    assignment = ASSIGNMENTS[session]
    with (
        patch("checker.intake.folder.start", AnswersHere),
        patch("checker.workers.Workers", Timed),
        patch.object(reach, "_moves", moves),
        patch.object(Evidence, "least_apart", least_apart),
        patch.object(Evidence, "accuracy_with", accuracy_with),
        patch.object(Evidence, "accuracy_rounded", property(accuracy_rounded)),
    ):
        result = check_folder(
            assignment,
            folder,
            rules=assignment.every_rule,
            means=Means(),
            tell=lambda doing: None,
            **{"own": False, "only_run": None} | options,
        )
    for verdict in (each.verdict for run in result.runs for each in run.rules if each.id == "log_matches_weights"):
        if isinstance(verdict.measured, int):
            Timed.found["log_matches_weights"].append(verdict.measured)
    for verdict in (each.verdict for run in result.runs for each in run.rules if each.id == "l1_penalty"):
        if isinstance(verdict.measured, float):
            without = float(verdict.required.removeprefix("<= ")) + SHOWS
            Timed.found["l1_penalty"].append(without - verdict.measured)
    return Timed.found, Timed.seconds


def honest() -> Iterator[dict[str, list[object]]]:
    """Yield what is found of each honest submission of the corpus."""
    with (
        patch("checker.test_set.load_images", lambda dataset, split, folder: images(dataset.name)),
        patch("checker.test_set.verify", lambda *given: None),
    ):
        for case in cases("honest"):
            with tempfile.TemporaryDirectory() as folder:
                write(case, Path(folder))
                yield measured(case.session, Path(folder), only_run=case.run)[0]


def worst(
    found: list[dict[str, list[object]]], experiment: str, side: str, values: Callable[[object], list[float]]
) -> tuple[float, float]:
    """Return the value nearest to the bound, or beyond it, and the one in the middle."""
    numbers = sorted(
        number for each in found for result in each[experiment] for number in values(result) if math.isfinite(number)
    )
    if not numbers:
        return math.nan, math.nan
    return (numbers[-1] if "<" in side else numbers[0]), numbers[len(numbers) // 2]


def main() -> int:
    """Measure, print the tables, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", action="store_true", help="leave the corpus out")
    parser.add_argument(
        "--session", action="append", choices=ASSIGNMENTS, help="of our runs, only those of this session"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ours, cost = [], Table("session", "experiments (s)", "all (s)", "share")
    for session in arguments.session or ASSIGNMENTS:
        found, seconds = measured(session, REPOSITORY / session, own=True)
        ours.append(found)
        experiments, everything = (
            sum(each for name, each in seconds.items() if hasattr(on_images, name)),
            sum(seconds.values()),
        )
        cost.add_row(
            session, f"{experiments:.1f}", f"{everything:.1f}", f"{experiments / (everything - experiments):.1%}"
        )
    corpus = [] if arguments.ours else list(honest())
    bounds = Table("experiment", "bound", "our worst", "our median", "corpus, worst", "corpus, median")
    for experiment, compared in BOUNDS.items():
        for name, bound, side, values in compared:
            shown = [f"{number:.3g}" for group in (ours, corpus) for number in worst(group, experiment, side, values)]
            bounds.add_row(name, f"{side} {bound:g}", *shown)
    console = Console()
    console.print(bounds)
    console.print(cost)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
