"""How far apart other seeds' networks are, and how close copies stay under a disguise: what checker.tolerances.COPIED
rests on.

    python -m benchmarks.copies                        committed runs, and other seeds of three of them
    python -m benchmarks.copies --epochs 15            as long as they were trained: half an hour on two cores
    python -m benchmarks.copies --sweeps FOLDER...     and other sweeps: FOLDER/**/seed-N/ holds runs of one recipe

Other seeds are trained into build/copies, where they are missing.
"""

import argparse
import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file
from torch import Tensor, nn

from checker.copies import COMPARED, apart, as_bytes, of_folder
from checker.tolerances import COPIED
from common.data import MNIST, Images, Normalization, load_images
from common.errors import UserError
from common.training import Trainer
from tools.sessions import REPOSITORY, SESSIONS

SESSION = SESSIONS["session05"]
RUNS = ("smallest", "published-9680", "under-8k")
SEEDS = (1, 2)
BUILD = REPOSITORY / "build" / "copies"


def print_of(network: nn.Module, images: Images) -> bytes:
    """Return what the checker compares of a network."""
    network.eval()
    pixels = images.pixels[:: len(images) // COMPARED]
    with torch.no_grad():
        return as_bytes(network(Normalization()(pixels.float() / 255)).numpy())


def network_of(run: str, weights: dict[str, Tensor]) -> nn.Module:
    """Return session 5's network `run` with those weights."""
    network = SESSION.build(run)
    network.load_state_dict(weights)
    return network


def epochs_of(folder: Path) -> list[Path]:
    """Return the weight files of a run's last epochs."""
    return sorted(folder.glob("epoch-*.safetensors"))


def trained(run: str, seed: int, epochs: int) -> Path:
    """Return the folder of a run with another seed, which is trained where it is missing."""
    out = BUILD / f"{epochs}-epochs" / f"seed-{seed}"
    if not (out / run).is_dir():
        command = [sys.executable, "session05/train.py", "--run", run, "--seed", str(seed), "--epochs", str(epochs)]
        out.mkdir(parents=True, exist_ok=True)
        subprocess.run([*command, "--out", out], check=True, cwd=REPOSITORY, env={**os.environ, "PYTHONPATH": "."})
    return out / run


def disguises(run: str, folder: Path, train: Images) -> Iterator[tuple[str, nn.Module]]:
    """Yield the name of each disguise, and the network of a run's last epoch in it."""
    *earlier, last = epochs_of(folder)
    weights = load_file(last)
    yield "an epoch earlier", network_of(run, load_file(earlier[-1]))
    if len(earlier) >= 4:
        yield "four epochs earlier", network_of(run, load_file(earlier[-4]))
    floats = {key for key, tensor in weights.items() if tensor.is_floating_point()}
    yield (
        "rounded to bfloat16",
        network_of(run, {key: each.bfloat16().float() if key in floats else each for key, each in weights.items()}),
    )
    torch.manual_seed(0)
    for share in (0.01, 0.03):
        noisy = {
            key: each + share * each.std(correction=0) * torch.randn_like(each)
            if key in floats and not key.endswith("running_var")
            else each
            for key, each in weights.items()
        }
        yield f"noise of {share:.0%} of each tensor's spread", network_of(run, noisy)
    yield (
        "a layer ×3, the norm behind it as well",
        network_of(run, rescaled(weights, list(SESSION.build(run).state_dict()))),
    )
    for rate in (0.01, 0.1):
        for part in (0.1, 1.0):
            yield (
                f"{part:g} epochs of fine-tuning, {rate:g} of the rate",
                tuned(network_of(run, weights), run, train.select(torch.arange(int(part * len(train)))), rate),
            )


def rescaled(weights: dict[str, Tensor], order: list[str]) -> dict[str, Tensor]:
    """Return weights of which the first norm's input is three times as large, and its statistics with it; `order` is
    that of their names in the network."""
    norm = next(key.removesuffix(".running_mean") for key in order if key.endswith(".running_mean"))
    before = order[order.index(f"{norm}.weight") - 1]
    return weights | {
        before: 3 * weights[before],
        f"{norm}.running_mean": 3 * weights[f"{norm}.running_mean"],
        f"{norm}.running_var": 9 * weights[f"{norm}.running_var"],
    }


def tuned(network: nn.Module, run: str, train: Images, rate: float) -> nn.Module:
    """Return a network that was trained for another epoch of `train`, at a share of its recipe's rate."""
    recipe = SESSION.recipes[run]
    recipe = replace(recipe, epochs=1, lr=rate * recipe.lr, averaging=0.0, schedule="constant", seed=99)
    trainer = Trainer(network, recipe, train, torch.device("cpu"), SESSION.task)
    trainer.train_epoch(1)
    return trainer.evaluated


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=4, help="that other seeds are trained (default: 4)")
    parser.add_argument("--sweeps", type=Path, nargs="*", default=[], help="folders of runs with other seeds")
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        test, train = load_images(MNIST, "test"), load_images(MNIST, "train")
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    rows: list[tuple[str, str, float]] = []
    committed = {}
    for run in RUNS:
        folder = SESSION.folder / "runs" / run
        own = print_of(network_of(run, load_file(epochs_of(folder)[-1])), test)
        seeds = [own] + [
            print_of(network_of(run, load_file(epochs_of(trained(run, seed, options.epochs))[-1])), test)
            for seed in SEEDS
        ]
        committed[run] = own
        closest = min(apart(one, other) for one, other in combinations(seeds, 2))
        rows.append((run, f"{len(seeds)} seeds, the closest two", closest))
        rows += [(run, name, apart(own, print_of(network, test))) for name, network in disguises(run, folder, train)]
    rows.append(("", "two different networks", min(apart(*each) for each in combinations(committed.values(), 2))))
    for name, seeds in sweeps(options.sweeps, test):
        rows.append(
            (name, f"{len(seeds)} seeds, the closest two", min(apart(*each) for each in combinations(seeds, 2)))
        )
    table = Table(caption=f"distance; below {COPIED} (checker.tolerances.COPIED) they are told as copies")
    for heading in ("run", "compared with", "distance", "told"):
        table.add_column(heading)
    for run, name, distance in rows:
        table.add_row(run, name, f"{distance:.3f}", "copy" if distance < COPIED else "")
    Console(width=110).print(table)
    return 0


def sweeps(folders: list[Path], test: Images) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the name of each recipe of which there are several seeds, and what is compared of them: runs that recorded
    their networks."""
    found: dict[str, list[bytes]] = {}
    chosen = test.pixels[:: len(test) // COMPARED]
    for folder in folders:
        for run in sorted(folder.rglob("program.json")):
            if epochs_of(run.parent):
                name = "/".join(part for part in run.parent.relative_to(folder).parts if not part.startswith("seed-"))
                found.setdefault(name, []).append(base64.b64decode(of_folder(run.parent, chosen).logits))
    yield from ((name, seeds) for name, seeds in sorted(found.items()) if len(seeds) > 1)


if __name__ == "__main__":
    sys.exit(main())
