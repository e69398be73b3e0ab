"""The training loop against the usual one and the bare step: what throughput.py and cifar_pipeline.py have in common.

usual: what the benchmark gives
ours:  common.training, augmentation and progress included
bare:  forward, backward and optimizer step on one fixed batch, as ours computes them

Measured in turns, so that whatever else the machine does touches all three alike; the table shows medians and ratios.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from common.command_line import positive
from common.data import load_images
from common.device import autocast, choose_device, describe_device
from common.errors import UserError
from common.progress import TrainingProgress
from common.session import Session
from common.training import Trainer

BARE_STEPS = 150


def usual_epoch(
    network: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    device: torch.device,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> float:
    """Train one epoch in fp32 on `device`, where the network is, the way most notebooks do it, and return the images/s,
    workers' start included."""
    network.train()
    seen, correct, loss_sum = 0, 0, 0.0
    started = time.perf_counter()
    for inputs, labels in loader:
        inputs, labels = inputs.to(device), labels.to(device)
        optimizer.zero_grad()
        output = network(inputs)
        value = loss(output, labels)
        value.backward()
        optimizer.step()
        loss_sum += value.item()
        correct += output.argmax(1).eq(labels).sum().item()
        seen += len(labels)
    return seen / (time.perf_counter() - started)


def ours(trainer: Trainer, epoch: int) -> float:
    """Return the images/s of one epoch of this project's loop."""
    images = trainer.train_total
    with TrainingProgress("ours", 1, images) as progress:
        started = time.perf_counter()
        trainer.train_epoch(epoch, lambda seen, loss: progress.step(1, seen, loss))
        return images / (time.perf_counter() - started)


def bare(trainer: Trainer) -> float:
    """Return the images/s of the same step on one batch that is already there."""
    trainer.network.train()
    images, labels = next(iter(trainer.batches(1)))
    started = time.perf_counter()
    for _ in range(BARE_STEPS):
        with autocast(trainer.device, trainer.precision):
            logits = trainer.network(images)
        loss = F.cross_entropy(logits.float(), labels)
        trainer.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        trainer.optimizer.step()
    if trainer.device.type == "cuda":
        torch.cuda.synchronize()
    return BARE_STEPS * len(labels) / (time.perf_counter() - started)


def main(
    session: Session, run: str, usual: Callable[[int, int, torch.device], float], description: str, name: str
) -> int:
    """Measure, print the table, and return the exit code.

    usual: (number of training images, epoch, device) → images/s of the usual loop
    name: of the JSON file beside this one that keeps the medians, by device
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=5, help="turns of all three (default: 5)")
    parser.add_argument("--images", type=positive, default=20_000, help="training images in a turn (default: 20,000)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--keep", action="store_true", help=f"keep the medians in benchmarks/speed/{name}.json, for the pages"
    )
    options = parser.parse_args()
    results = Path(__file__).with_name(f"{name}.json")
    try:
        device = choose_device(options.device)
        train = load_images(session.dataset, "train")
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    if options.images > len(train):
        parser.error(f"there are {len(train):,} images; give --images no more")
    train = train.select(torch.arange(options.images))
    trainer = Trainer(session.build(run), session.recipes[run], train, device, session.task, session.augmentation)
    # Warm up: the first steps choose kernels, the first epoch starts workers.
    bare(trainer)
    ours(trainer, 1)
    rows = {"usual": [], "ours": [], "bare": []}
    for turn in range(options.rounds):
        rows["bare"].append(bare(trainer))
        rows["ours"].append(ours(trainer, 1))
        rows["usual"].append(usual(options.images, turn, device))
    found = {
        name: {
            "images_per_second": statistics.median(values),
            "to_usual": statistics.median(a / b for a, b in zip(values, rows["usual"], strict=True)),
            "to_bare": statistics.median(a / b for a, b in zip(values, rows["bare"], strict=True)),
        }
        for name, values in rows.items()
    }
    table = Table(
        title=f"{run}, batch {trainer.recipe.batch_size}, {device}, {torch.get_num_threads()} threads, "
        f"medians of {options.rounds} turns"
    )
    for heading in ("loop", "images/s", "slowest", "fastest", "to usual", "to bare"):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    for name, values in rows.items():
        table.add_row(
            name,
            f"{found[name]['images_per_second']:,.0f}",
            f"{min(values):,.0f}",
            f"{max(values):,.0f}",
            f"{found[name]['to_usual']:.2f}×",
            f"{100 * found[name]['to_bare']:.0f} %",
        )
    Console(width=80).print(table)
    if options.keep:
        kept = json.loads(results.read_text()) if results.exists() else {}
        kept[device.type] = {
            "run": run,
            "device": describe_device(device),
            "precision": trainer.precision,
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "rounds": options.rounds,
            "images": options.images,
            "loops": found,
        }
        results.write_text(json.dumps(kept, indent=2) + "\n")
    return 0
