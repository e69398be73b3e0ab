"""What the recorder costs: an epoch of a usual training loop, and what it takes to record it.

    python -m benchmarks.speed.recorder_cost

Both are timed in turns, in one process, on one thread.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

from checker.recorder import Recorder
from common.command_line import positive
from common.data import MNIST, load_images
from tools.sessions import SESSIONS


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=3, help="epochs (default: 3)")
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    network = SESSIONS["session05"].build("published-9680")
    train = load_images(MNIST, "train")
    images = MNIST.normalization(train.pixels.float() / 255)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.025, momentum=0.8)
    epochs, records = [], []
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        recorder = Recorder(
            Path(folder) / "runs" / "mine", network, mean=(0.1307,), std=(0.3081,), assignment="session05"
        )
        made = time.perf_counter() - began
        for _ in range(rounds):
            began = time.perf_counter()
            network.train()
            for batch in torch.randperm(len(images)).split(128):
                optimizer.zero_grad()
                F.cross_entropy(network(images[batch]), train.labels[batch]).backward()
                optimizer.step()
            ended = time.perf_counter()
            recorder.epoch(train_total=len(images), test_correct=0)
            epochs.append(ended - began)
            records.append(time.perf_counter() - ended)
    table = Table(title=f"published-9680, medians of {rounds} epochs")
    for heading in ("what", "seconds", "of an epoch"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    epoch, record = statistics.median(epochs), statistics.median(records)
    table.add_row("an epoch, without the test set", f"{epoch:.2f}", "100 %")
    table.add_row("recording it", f"{record:.4f}", f"{100 * record / epoch:.2f} %")
    table.add_row("once: recording the network, and checking it", f"{made:.1f}", f"{100 * made / epoch:.0f} %")
    Console(width=80).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
