"""What several looks at an image bring: the committed weights of the runs that take them, evaluated with one look and
with all.

    python benchmarks/looks.py

Prints a table and keeps it in benchmarks/looks.json for the READMEs.
"""

import argparse
import json
import sys

import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file
from sessions import REPOSITORY, load, log

from common.data import load_images
from common.errors import UserError

RESULTS = REPOSITORY / "benchmarks" / "looks.json"
RUNS = {"session05": ("scheduled", "under-8k", "smallest"), "session07": ("cifar10", "under-100k", "fast")}


def measure() -> list[dict]:
    """Return a row for each run and epoch: how many test images are right with one look and with all. Raises
    UserError."""
    rows = []
    for name, runs in RUNS.items():
        session = load(name)
        test = load_images(session.dataset, "test")
        for run in runs:
            for line in log(session, run)[-5:]:
                network = session.build(run)
                network.load_state_dict(load_file(session.folder / "runs" / run / line["weights"]["file"]))
                network.to(memory_format=torch.channels_last)
                one, all_looks = (
                    int(session.task.evaluate(each, test, session.recipes[run].normalization).right.sum())
                    for each in (network.network, network)
                )
                rows.append(
                    {"session": name, "run": run, "epoch": line["epoch"], "one": one, "all": all_looks, "of": len(test)}
                )
    return rows


def main() -> int:
    """Evaluate, print the table, and return the exit code."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    try:
        rows = measure()
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n")
    table = Table(caption="test images that are classified correctly")
    for heading in ("session", "run", "epoch", "one look", "all looks"):
        table.add_column(heading, justify="left" if heading in ("session", "run") else "right")
    for row in rows:
        table.add_row(row["session"], row["run"], str(row["epoch"]), f"{row['one']:,}", f"{row['all']:,}")
    Console(width=80).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
