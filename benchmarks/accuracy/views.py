"""What test-time augmentation brings: the committed weights, evaluated with a single view of each image and with all.

    python -m benchmarks.accuracy.views            measures what is missing, about ten minutes on one core
    python -m benchmarks.accuracy.views --table    print what is there; measure nothing

Results are kept in results.jsonl; what is there for the committed weights is not measured again.
"""

import argparse
import sys

import torch
from rich.console import Console
from rich.table import Table
from safetensors.torch import load_file

from benchmarks.accuracy import store
from common.data import load_images
from common.errors import UserError
from common.session import Session
from tools.sessions import SESSIONS, log, network_digest, single_view

KIND = "views"


def runs_with_views() -> list[tuple[Session, str]]:
    """Return the runs whose network sees several views of each image when it is evaluated."""
    return [
        (session, run)
        for session in SESSIONS.values()
        for run in session.recipes
        if single_view(network := session.build(run)) is not network
    ]


def measure(session: Session, run: str, epoch: dict) -> dict:
    """Return how many test images are right after `epoch` with a single view and with all. Raises UserError."""
    test = load_images(session.dataset, "test")
    network = session.build(run)
    network.load_state_dict(load_file(session.folder / "runs" / run / epoch["weights"]["file"]))
    network.to(memory_format=torch.channels_last)
    single, every = (
        int(session.task.evaluate(each, test, session.recipes[run].normalization).right.sum())
        for each in (single_view(network), network)
    )
    return {
        "run": f"{session.name}/{run}",
        "epoch": epoch["epoch"],
        "single_view": single,
        "all_views": every,
        "test_total": len(test),
        "weights_sha256": epoch["weights"]["sha256"],
        "network_sha256": network_digest(session, run),
    }


def read_results() -> dict[tuple[str, str], dict[int, dict]]:
    """Return what has been measured of the committed weights: (session, run) → epoch → its result."""
    kept = {
        (line["run"], line["epoch"], line["weights_sha256"], line["network_sha256"]): line for line in store.read(KIND)
    }
    found: dict[tuple[str, str], dict[int, dict]] = {}
    for session, run in runs_with_views():
        for epoch in log(session, run)[-5:]:
            key = (f"{session.name}/{run}", epoch["epoch"], epoch["weights"]["sha256"], network_digest(session, run))
            if key in kept:
                found.setdefault((session.name, run), {})[epoch["epoch"]] = kept[key]
    return found


def main() -> int:
    """Measure what is missing, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="measure nothing")
    try:
        if not parser.parse_args().table:
            done = read_results()
            for session, run in runs_with_views():
                for epoch in log(session, run)[-5:]:
                    if epoch["epoch"] not in done.get((session.name, run), {}):
                        store.add(KIND, measure(session, run, epoch))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    table = Table(caption="test images that are classified correctly")
    for heading in ("run", "epoch", "single view", "all views"):
        table.add_column(heading, justify="left" if heading == "run" else "right")
    for (session, run), epochs in read_results().items():
        for epoch, line in epochs.items():
            table.add_row(f"{session} {run}", str(epoch), f"{line['single_view']:,}", f"{line['all_views']:,}")
    Console(width=80).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
