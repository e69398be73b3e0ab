"""What five looks bring: the committed weights of three runs, evaluated with one look and with five.

    python benchmarks/looks.py

Prints a table and keeps it in benchmarks/looks.json for the README.
"""

import json
import sys

import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file
from sessions import REPOSITORY, load

from common.data import MNIST, load_images
from common.errors import UserError

RESULTS = REPOSITORY / "benchmarks" / "looks.json"
RUNS = ("scheduled", "under-8k", "smallest")


def main() -> int:
    """Measure, print the table, and return the exit code."""
    session = load("session05")
    try:
        test = load_images(MNIST, "test")
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    rows = []
    for run in RUNS:
        folder = session.folder / "runs" / run
        for line in [json.loads(line) for line in (folder / "epochs.jsonl").read_text().splitlines()][-5:]:
            network = session.build(run)
            network.load_state_dict(load_file(folder / line["weights"]["file"]))
            network.to(memory_format=torch.channels_last)
            counts = [int(session.task.evaluate(each, test, session.recipes[run].normalization).right.sum())
                      for each in (network.network, network)]
            rows.append({"run": run, "epoch": line["epoch"], "one": counts[0], "five": counts[1], "of": len(test)})
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    table = Table(caption="test images that are classified correctly")
    for heading in ("run", "epoch", "one look", "five looks"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(row["run"], str(row["epoch"]), f"{row['one']:,}", f"{row['five']:,}")
    Console(width=80).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
