"""How the recipe was chosen: variants of it, trained on 50,000 images and judged by the 10,000 held-out ones.

    python benchmarks/recipes.py              about half an hour

The test set plays no part. The variants change one thing each; the table shows the least and the mean held-out
accuracy of the last five epochs. Results are kept in benchmarks/recipes.jsonl; a variant that is there is not trained
again.
"""

import argparse
import json
import sys
import time
from dataclasses import replace

import torch
from rich.console import Console
from rich.table import Table
from sessions import REPOSITORY, load

from common.augment import Affine
from common.data import hold_out, load_mnist
from common.errors import UserError
from common.training import Trainer

RESULTS = REPOSITORY / "benchmarks" / "recipes.jsonl"
RUN = "under-8k"
VARIANTS = {
    "as it is": {},
    "AdamW": {"optimizer": "adamw", "lr": 0.02, "nesterov": False, "weight_decay": 0.01},
    "half the rate": {"lr": 0.15},
    "twice the rate": {"lr": 0.6},
    "half the augmentation": {"augmentations": (Affine(degrees=5, shift=1, scale=0.05, shear=0.075),)},
    "half again as much": {"augmentations": (Affine(degrees=15, shift=3, scale=0.15, shear=0.225),)},
    "no averaging": {"averaging": 0.0},
    "constant rate, a tenth": {"schedule": "constant", "lr": 0.03},
}


def train(changes: dict) -> dict:
    """Train one variant and return its line for recipes.jsonl."""
    session = load("session05")
    recipe = replace(session.recipes[RUN], **changes)
    train_images, held = hold_out(load_mnist("train"))
    torch.manual_seed(recipe.seed)
    trainer = Trainer(session.build(RUN), recipe, train_images, torch.device("cpu"))
    started = time.perf_counter()
    log = [trainer.run_epoch(epoch, held, lambda images, loss: None) for epoch in range(1, recipe.epochs + 1)]
    return {"run": RUN, "last_five": [epoch.test_correct for epoch in log[-5:]], "held_out": len(held),
            "recipe": recipe.as_dict(), "seconds": round(time.perf_counter() - started)}


def read_results() -> dict[str, dict]:
    """Return what has been measured of the present recipe's variants: variant → its line of recipes.jsonl."""
    lines = map(json.loads, RESULTS.read_text().splitlines() if RESULTS.exists() else [])
    return {line["variant"]: line for line in lines if line["recipe"] == json.loads(json.dumps(
        replace(load("session05").recipes[RUN], **VARIANTS[line["variant"]]).as_dict()))}


def main() -> int:
    """Train what is missing, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", choices=list(VARIANTS), action="append", help="train this one only; may be repeated")
    parser.add_argument("--table", action="store_true", help="train nothing")
    options = parser.parse_args()
    console = Console(width=80)
    done = read_results()
    for name in [] if options.table else options.variant or VARIANTS:
        if name in done:
            continue
        try:
            line = {"variant": name, **train(VARIANTS[name])}
        except UserError as error:
            print(error, file=sys.stderr)
            return 2
        with RESULTS.open("a") as file:
            file.write(json.dumps(line) + "\n")
        console.print(f"{name}: done in {line['seconds']} s", highlight=False)
    shown = Table(caption=f"{RUN}: held-out accuracy over the last five epochs, in percent")
    for heading in ("variant", "least", "mean"):
        shown.add_column(heading, justify="left" if heading == "variant" else "right")
    done = read_results()
    for name in VARIANTS:
        if name in done:
            counts = [100 * count / done[name]["held_out"] for count in done[name]["last_five"]]
            shown.add_row(name, f"{min(counts):.2f}", f"{sum(counts) / len(counts):.2f}")
    console.print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
