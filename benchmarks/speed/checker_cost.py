"""What the checker costs beyond the evaluation itself: `python -m checker session05` against a plain loop.

    python -m benchmarks.speed.checker_cost

Both sides run as new processes, in turns, so that each pays for importing torch. The plain loop loads the same weight
files into the same networks and evaluates them on the same images. Also times `python -m checker --help`.
"""

import argparse
import statistics
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from common.command_line import positive
from tools.sessions import REPOSITORY

PLAIN = """
import json, runpy, sys, torch
from pathlib import Path
from safetensors.torch import load_file
from torchvision.datasets import MNIST
from common.data import data_folder
session = Path("session05")
build = runpy.run_path(str(session / "model.py"))["build"]
test = MNIST(data_folder(), train=False)
images = ((test.data.float() / 255 - 0.1307) / 0.3081).unsqueeze(1).contiguous(memory_format=torch.channels_last)
for run in sorted(path for path in (session / "runs").iterdir() if not path.name.startswith(".")):
    for line in (run / "epochs.jsonl").read_text().splitlines()[-5:]:
        network = build(run.name)
        network.load_state_dict(load_file(run / json.loads(line)["weights"]["file"]))
        network.to(memory_format=torch.channels_last).eval()
        with torch.no_grad():
            correct = sum((network(images[i:i + 250]).argmax(1) == test.targets[i:i + 250]).sum().item()
                          for i in range(0, 10000, 250))
        print(run.name, correct)
"""


def seconds(command: list[str]) -> float:
    """Return how long `command` takes; its output is dropped. Raises where it fails to run at all."""
    started = time.perf_counter()
    finished = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=False)
    if finished.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command[:4])} ended with exit code {finished.returncode}.")
    return time.perf_counter() - started


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=3, help="turns of all (default: 3)")
    rounds = parser.parse_args().rounds
    commands = {
        "plain loop": [sys.executable, "-c", PLAIN],
        "checker": [sys.executable, "-m", "checker", "session05"],
        "checker --help": [sys.executable, "-m", "checker", "--help"],
    }
    times = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(seconds(command))
    table = Table(title=f"session05, medians of {rounds} turns")
    for heading in ("command", "seconds", "to plain loop"):
        table.add_column(heading, justify="left" if heading == "command" else "right")
    for name, values in times.items():
        ratio = statistics.median(a / b for a, b in zip(values, times["plain loop"], strict=True))
        table.add_row(name, f"{statistics.median(values):.2f}", f"{ratio:.2f}×")
    Console(width=80).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
