"""How the three normalisations of session 6 bear small and large batches.

    python -m benchmarks.accuracy.batch_sizes            about seven minutes on one core
    python -m benchmarks.accuracy.batch_sizes --table    print what is there; train nothing

Short runs: four epochs over 10,000 training images, judged by the 10,000 held-out ones, two seeds each. All three get
one recipe, that of layer and group norm, so that nothing but the normalisation differs; the rate follows the square
root of the batch size, as suits AdamW (Malladi et al., 2022), and nothing is averaged, which would hide the noise.
Results are kept in results.jsonl; what is there for the current network and recipe is not trained again.
"""

import argparse
import math
import statistics
import sys
from dataclasses import replace

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.accuracy import store
from benchmarks.accuracy.recipes import ADAMW
from common.data import MNIST, Images, hold_out, load_images
from common.errors import UserError
from common.recipe import Recipe
from common.training import Trainer
from tools.sessions import SESSIONS, is_current, network_digest

KIND = "batch sizes"
SESSION = SESSIONS["session06"]
RUNS = ("batch", "layer", "group")
SIZES = (4, 32, 128, 512)
SEEDS = range(2)
IMAGES, EPOCHS = 10_000, 4


def recipe_for(size: int, seed: int) -> Recipe:
    """Return the recipe for a batch size."""
    # AdamW, whose rate goes with the root of the batch size.
    recipe = replace(SESSION.recipes["group"], **ADAMW)
    return replace(
        recipe,
        epochs=EPOCHS,
        batch_size=size,
        lr=recipe.lr * math.sqrt(size / recipe.batch_size),
        averaging=0.0,
        seed=seed,
    )


def train(run: str, size: int, seed: int, images: Images, held: Images) -> dict:
    """Train one short run and return its result."""
    recipe = recipe_for(size, seed)
    torch.manual_seed(seed)
    trainer = Trainer(SESSION.build(run), recipe, images, torch.device("cpu"), SESSION.task)
    for epoch in range(1, EPOCHS + 1):
        trainer.train_epoch(epoch)
    correct = int(SESSION.task.evaluate(trainer.evaluated, held, recipe.normalization).right.sum())
    return {
        "run": run,
        "size": size,
        "seed": seed,
        "correct": correct,
        "held_out": len(held),
        "recipe": recipe.as_dict(),
        "network_sha256": network_digest(SESSION, run),
    }


def read_results() -> dict[tuple[str, int, int], dict]:
    """Return what has been measured with the present networks and recipes: (run, size, seed) → its line."""
    return {
        (line["run"], line["size"], line["seed"]): line
        for line in store.read(KIND)
        if is_current(SESSION, line["run"], recipe_for(line["size"], line["seed"]), line)
    }


def rows() -> list[tuple[int, list[str]]]:
    """Return for each batch size the mean accuracy of each run in percent, with the spread of the seeds."""
    done = read_results()
    table = []
    for size in SIZES:
        cells = []
        for run in RUNS:
            reached = [
                100 * done[run, size, seed]["correct"] / done[run, size, seed]["held_out"]
                for seed in SEEDS
                if (run, size, seed) in done
            ]
            cells.append(
                f"{statistics.mean(reached):.2f} ({min(reached):.2f} to {max(reached):.2f})" if reached else ""
            )
        table.append((size, cells))
    return table


def main() -> int:
    """Train what is missing, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="train nothing")
    options = parser.parse_args()
    try:
        images, held = hold_out(load_images(MNIST, "train"))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    images = images.select(torch.arange(IMAGES))
    done = read_results()
    try:
        for seed in SEEDS:
            for run, size in ((run, size) for run in RUNS for size in SIZES):
                if not options.table and (run, size, seed) not in done:
                    line = train(run, size, seed, images, held)
                    store.add(KIND, line)
                    print(f"{run}, batch {size}, seed {seed}: {100 * line['correct'] / line['held_out']:.2f} %")
    except KeyboardInterrupt:
        print("\nInterrupted; start again to go on.", file=sys.stderr)
        return 130
    table = Table(caption="held-out accuracy in percent: mean of two seeds, and their range")
    for heading in ("batch size", *RUNS):
        table.add_column(heading, justify="right")
    for size, cells in rows():
        table.add_row(str(size), *cells)
    Console(width=80).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
