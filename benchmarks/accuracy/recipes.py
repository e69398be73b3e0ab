"""How the recipes were chosen: variants of them, trained on all but 10,000 of the training images and judged by those.

    python -m benchmarks.accuracy.recipes              more than an hour on two cores
    python -m benchmarks.accuracy.recipes --table      print what is there; train nothing

The test set plays no part. Each variant changes one thing. The table shows the worst and the mean held-out accuracy of
the last five epochs and, for a network with test-time augmentation, the mean with a single view. Results are kept in
results.jsonl; a variant that is there for the current network and recipe is not trained again.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.accuracy import store
from common.augment import Affine
from common.command_line import positive
from common.data import hold_out, load_images
from common.errors import UserError
from common.recipe import MUON, Recipe
from common.session import Session
from common.training import Trainer
from tools.sessions import REPOSITORY, SESSIONS, is_current, network_digest, single_view

KIND = "recipes"
BASELINE = "baseline"
SGD = {"optimizer": "sgd", "lr": 0.3, "momentum": 0.9, "nesterov": True, "weight_decay": 0.0001}
CIFAR_SGD = SGD | {"lr": 0.2, "weight_decay": 0.0005, "averaging": 0.999, "epochs": 12}
ADAMW = {"optimizer": "adamw", "lr": 0.01, "momentum": 0.9, "weight_decay": 0.01}
LARGER = {"batch_size": 128, "lr": 0.02, "averaging": 0.999}
BY_MUON = {name: getattr(MUON, name) for name in ("optimizer", "lr", "momentum", "nesterov", "weight_decay")}
VARIANTS = {
    "session05/batch-norm": {
        BASELINE: {},
        "a fifth of the rate": {"lr": 0.002},
        "SGD at 0.03": {"optimizer": "sgd", "lr": 0.03, "momentum": 0.9, "nesterov": True, "weight_decay": 0.0005},
    },
    "session05/under-8k": {BASELINE: {}, "AdamW": {"optimizer": "adamw", "momentum": 0.9}},
    "session05/smallest": {
        BASELINE: {},
        "batches of 32": {"batch_size": 32, "lr": 0.01, "averaging": 0.9997},
        "batches of 128": LARGER,
        "batches of 128, AdamW": LARGER | {"optimizer": "adamw", "momentum": 0.9},
        "less augmentation": {"augmentations": (Affine(degrees=8, shift=2, scale=0.08, shear=0.1),)},
    },
    "session04/under-20k": {BASELINE: {}, "Muon": BY_MUON, "Muon at 0.03": BY_MUON | {"lr": 0.03}},
    "session06/batch-l1": {
        BASELINE: {},
        "Muon at 0.014": {"lr": 0.014},
        "Muon at 0.03": {"lr": 0.03},
        "a short cycle": {"schedule": "short-cycle"},
        "a longer average": {"averaging": 0.9995},
        "batches of 64": {"batch_size": 64, "lr": 0.014, "averaging": 0.9995},
        "less augmentation": {"augmentations": (Affine(degrees=8, shift=2, scale=0.08, shear=0.1),)},
        "SGD at 0.3": SGD,
        "AdamW": ADAMW,
    },
    "session06/layer": {BASELINE: {}, "AdamW": ADAMW},
    "session06/group": {BASELINE: {}, "AdamW": ADAMW},
    "session07/fast": {
        BASELINE: {},
        "Muon at 0.02, twelve epochs": {"lr": 0.02, "epochs": 12},
        "SGD, twelve epochs": CIFAR_SGD,
        "SGD, one cycle of twelve epochs": CIFAR_SGD | {"schedule": "one-cycle"},
        "the same, batches of 64, half the rate": CIFAR_SGD | {"schedule": "one-cycle", "batch_size": 64, "lr": 0.1},
    },
}


def train(run: str, variant: str) -> dict:
    """Train one variant and return its result."""
    session, name, recipe = _of(run, variant)
    train_images, held = hold_out(load_images(session.dataset, "train"))
    torch.manual_seed(recipe.seed)
    trainer = Trainer(
        session.build(name), recipe, train_images, torch.device("cpu"), session.task, session.augmentation
    )
    started = time.perf_counter()
    counts, single = [], []
    for epoch in range(1, recipe.epochs + 1):
        counts.append(trainer.run_epoch(epoch, held, lambda images, loss: None).test_correct)
        if epoch > recipe.epochs - 5 and single_view(trainer.evaluated) is not trainer.evaluated:
            found = session.task.evaluate(single_view(trainer.evaluated), held, recipe.normalization)
            single.append(int(found.right.sum()))
    return {
        "run": run,
        "variant": variant,
        "last_five": counts[-5:],
        "single_view": single,
        "held_out": len(held),
        "recipe": recipe.as_dict(),
        "network_sha256": network_digest(session, name),
        "seconds": round(time.perf_counter() - started),
    }


def _of(run: str, variant: str) -> tuple[Session, str, Recipe]:
    session_name, name = run.split("/")
    session = SESSIONS[session_name]
    return session, name, replace(session.recipes[name], **VARIANTS[run][variant])


def read_results() -> dict[tuple[str, str], dict]:
    """Return what has been measured of the present networks' and recipes' variants: (run, variant) → its line."""
    return {(line["run"], line["variant"]): line for line in store.read(KIND) if _is_current(line)}


def _is_current(line: dict) -> bool:
    if line["variant"] not in VARIANTS.get(line["run"], {}):
        return False
    session, name, recipe = _of(line["run"], line["variant"])
    return is_current(session, name, recipe, line)


def rows() -> list[tuple[str, str, str, str, str]]:
    """Return the table's rows: run, variant, worst, mean, and mean with a single view."""
    done = read_results()
    rows = []
    for run, variants in VARIANTS.items():
        for variant in variants:
            if (run, variant) in done:
                line = done[run, variant]
                worst, mean = min(line["last_five"]), sum(line["last_five"]) / 5
                one = f"{100 * sum(line['single_view']) / 5 / line['held_out']:.2f}" if line["single_view"] else ""
                rows.append(
                    (run, variant, f"{100 * worst / line['held_out']:.2f}", f"{100 * mean / line['held_out']:.2f}", one)
                )
    return rows


def main() -> int:
    """Train what is missing, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", choices=list(VARIANTS), metavar="SESSION/NAME", help="the variants of this run only")
    parser.add_argument("--variant", metavar="NAME", help="this variant only, in this process")
    parser.add_argument(
        "--jobs", type=positive, default=os.cpu_count(), help="trainings at a time (default: one a core)"
    )
    parser.add_argument("--table", action="store_true", help="train nothing")
    options = parser.parse_args()
    if options.variant is not None:
        if options.variant not in VARIANTS.get(options.run, {}):
            parser.error(f"--variant wants a --run and one of its variants, not {options.variant!r}")
        try:
            line = train(options.run, options.variant)
        except UserError as error:
            print(error, file=sys.stderr)
            return 2
        store.add(KIND, line)
        return 0
    console = Console(width=80)
    if not options.table:
        done = read_results()
        missing = [
            (run, variant)
            for run, variants in VARIANTS.items()
            for variant in variants
            if options.run in (None, run) and (run, variant) not in done
        ]

        def one(job: tuple[str, str]) -> None:
            # A process each, since the number of threads belongs to the process.
            subprocess.run(
                [sys.executable, "-m", "benchmarks.accuracy.recipes", "--run", job[0], "--variant", job[1]],
                check=True,
                cwd=REPOSITORY,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
            console.print(f"{job[0]}, {job[1]}: done", highlight=False)

        with ThreadPoolExecutor(options.jobs) as pool:
            try:
                for future in [pool.submit(one, job) for job in missing]:
                    future.result()
            except (KeyboardInterrupt, subprocess.CalledProcessError) as error:
                pool.shutdown(cancel_futures=True)
                print("Interrupted; start again to go on.", file=sys.stderr)
                return 130 if isinstance(error, KeyboardInterrupt) else 2
    shown = Table(caption="held-out accuracy over the last five epochs, in percent")
    for heading in ("run", "variant", "worst", "mean", "mean, single view"):
        shown.add_column(heading, justify="left" if heading in ("run", "variant") else "right")
    for row in rows():
        shown.add_row(*row)
    console.print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
