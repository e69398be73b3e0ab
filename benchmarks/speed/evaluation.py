"""How fast a recorded network is evaluated on a test set, by replay alone and with OpenVINO: one thread, one epoch.

    python -m benchmarks.speed.evaluation
    python -m benchmarks.speed.evaluation --rounds 9 session05/runs/skeleton

Both sides are what the checker does for each of the last five epochs, with all its looks, on all test images, in turns.
Of networks of two inputs and ten numbers, one number. Seconds are of the processor.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from rich.console import Console
from rich.table import Table

from checker import measure
from checker.subject import Images, Subject
from checker.workers import Workers
from common.anatomy.program import from_bytes
from common.anatomy.views import views
from common.command_line import positive
from common.data import CIFAR10, MNIST, Normalization, load_images
from tools.sessions import REPOSITORY

RUNS = (
    "session05/runs/published-9680",
    "session05/runs/batch-norm",
    "session05/runs/skeleton",
    "session05/runs/smallest",
    "session04/runs/published-10066",
    "session06/runs/group",
    "session03/runs/digit-sum",
    "session07/runs/fast",
)


def subject(run: Path) -> Subject:
    """Return the network of a run folder with the weights of its last epoch."""
    program = from_bytes((run / "program.json").read_bytes(), (run / "program.safetensors").read_bytes())
    normalization = Normalization.from_json(json.loads((run / "run.json").read_text())["normalization"])
    last = json.loads((run / "epochs.jsonl").read_text().splitlines()[-1])["weights"]["file"]
    return Subject(program, views(program), (run / last).read_bytes(), normalization, "cpu")


def turn(images: Images, given: Subject) -> tuple[float, float, int]:
    """Return the seconds that an evaluation takes by replay and as the checker does it, and how many predicted classes
    differ; in a worker."""
    numbers = (3,) if given.two_inputs else (None,)
    with patch.object(measure, "by_openvino", lambda *_: None):
        began = time.process_time()
        one = measure.predictions(images, given, numbers)
        replayed = time.process_time() - began
    began = time.process_time()
    other = measure.predictions(images, given, numbers)
    seconds = time.process_time() - began
    pairs = ((one.digits, other.digits), (one.sums, other.sums), (one.single, other.single))
    return replayed, seconds, sum(int(np.sum(a != b)) for a, b in pairs if a is not None)


def main() -> int:
    """Measure, print the table, and return the exit code: 1 where a class differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", default=RUNS, help="run folders (default: some of ours)")
    parser.add_argument("--rounds", type=positive, default=3, help="turns of both (default: 3)")
    arguments = parser.parse_args()
    table = Table(title=f"test images a second, medians of {arguments.rounds} turns")
    for heading in ("network", "replay", "OpenVINO", "ratio", "classes that differ"):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    wrong = 0
    for run in arguments.runs:
        dataset = CIFAR10 if "session07" in run else MNIST
        with Workers(dataset.sizes["test"], dataset.shape, 1) as workers:
            workers.show(load_images(dataset, "test").pixels)
            given = subject(REPOSITORY / run)
            # The first imports OpenVINO.
            turns = [workers.submit(turn, given).result() for _ in range(arguments.rounds + 1)][1:]
        replayed, seconds, differing = zip(*turns, strict=True)
        speeds = [f"{dataset.sizes['test'] / statistics.median(each):,.0f}" for each in (replayed, seconds)]
        ratio = statistics.median(one / other for one, other in zip(replayed, seconds, strict=True))
        table.add_row(run, *speeds, f"{ratio:.2f}×", str(max(differing)))
        wrong += sum(differing)
    Console(width=100).print(table)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
