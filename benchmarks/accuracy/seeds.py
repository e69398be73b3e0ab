"""Several seeds of each frozen recipe: does it hold, or was it one lucky seed?

    python -m benchmarks.accuracy.seeds          trains what is missing (about two hours on two cores)
    python -m benchmarks.accuracy.seeds --run session05/smallest
    python -m benchmarks.accuracy.seeds --table  prints what is there; trains nothing

Seed 0 is the committed run. Each other seed is `python SESSION/train.py --run NAME --seed N`, one thread each and as
many at a time as there are cores. Results are kept in results.jsonl; a seed that is there for the current network and
recipe is not trained again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.accuracy import store
from common.command_line import positive
from tools.sessions import REPOSITORY, SESSIONS, held_from, is_current, network_digest, shown_epoch

KIND = "seeds"
WORK = REPOSITORY / "build" / "seeds"


@dataclass(frozen=True)
class Target:
    """What every seed of a run should hold: `accuracy` in percent over the last five epochs, or from epoch `within`
    on."""

    accuracy: float
    seeds: int
    within: int | None = None


TARGETS = {
    "session04/under-20k": Target(99.6, 3),
    "session05/scheduled": Target(99.5, 10),
    "session05/under-8k": Target(99.5, 10),
    "session05/smallest": Target(99.4, 10),
    "session06/batch-l1": Target(99.5, 3),
    "session06/layer": Target(99.5, 3),
    "session06/group": Target(99.5, 3),
    "session07/fast": Target(85.0, 5, within=6),
}


def read_results() -> dict[tuple[str, int], dict]:
    """Return what has been measured with the current networks and recipes: (run, seed) → its result."""
    return {(line["run"], line["seed"]): line for line in store.read(KIND) if _is_current(line["run"], line)}


def _is_current(run: str, line: dict) -> bool:
    session, name = run.split("/")
    return is_current(SESSIONS[session], name, replace(SESSIONS[session].recipes[name], seed=line["seed"]), line)


def _described(run: str, folder: Path) -> dict:
    """What run.json says of a trained run, with its network's digest."""
    session, name = run.split("/")
    return json.loads((folder / "run.json").read_text()) | {
        "network_sha256": network_digest(SESSIONS[session], name, folder)
    }


def train(run: str, seed: int) -> None:
    """Train one seed with one thread and add its result to the store. Raises where train.py fails."""
    session, name = run.split("/")
    folder = WORK / session / f"seed-{seed}" if seed else REPOSITORY / session / "runs"
    unfinished = (folder / f".{name}").exists()
    if unfinished or not (folder / name / "run.json").exists() or not _is_current(run, _described(run, folder / name)):
        command = [sys.executable, f"{session}/train.py", "--run", name, "--seed", str(seed), "--out", str(folder)]
        subprocess.run(
            command + ["--resume"] * unfinished,
            cwd=REPOSITORY,
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
    record = _described(run, folder / name)
    log = [json.loads(line) for line in (folder / name / "epochs.jsonl").read_text().splitlines()]
    line = {
        "run": run,
        "seed": seed,
        "parameters": record["parameters"],
        "test_correct": [epoch["test_correct"] for epoch in log],
        "test_total": log[-1]["test_total"],
        "network_sha256": record["network_sha256"],
        "recipe": record["recipe"],
        "device": record["device"],
        "precision": record["precision"],
        "threads": record["threads"],
    }
    store.add(KIND, line)


def rows(session: str) -> list[list[str]]:
    """Return the session's table, headings first: for each seed the worst test accuracy of the last five epochs in
    percent, and where the run has a time to reach it in, the epoch from which on it is held; then how many seeds hold
    it.
    """
    results = read_results()
    names = [run for run in TARGETS if run.startswith(f"{session}/") and any(key[0] == run for key in results)]
    columns = []
    for run in names:
        target = TARGETS[run]
        lines = {seed: line for (name, seed), line in results.items() if name == run}
        accuracies = {
            seed: [100 * count / line["test_total"] for count in line["test_correct"]] for seed, line in lines.items()
        }
        worst = {seed: min(values[-5:]) for seed, values in accuracies.items()}
        first = {seed: held_from(values, target.accuracy) for seed, values in accuracies.items()}
        hold = sum(
            worst[seed] >= target.accuracy if target.within is None else first[seed] <= target.within for seed in lines
        )
        columns.append(
            [
                run.split("/")[1],
                *(
                    ""
                    if seed not in worst
                    else f"{worst[seed]:.2f}"
                    if target.within is None
                    else f"{worst[seed]:.2f}, {target.accuracy:g} % from epoch {shown_epoch(first[seed])}"
                    for seed in range(target.seeds)
                ),
                f"{sum(worst.values()) / len(worst):.2f}",
                f"{hold} of {len(lines)} at {target.accuracy:g}"
                + ("" if target.within is None else f" within {target.within} epochs"),
            ]
        )
    seeds = len(columns[0]) - 3 if columns else 0
    return [list(row) for row in zip(["seed", *map(str, range(seeds)), "mean", "hold"], *columns, strict=True)]


def _table(session: str, headings: list[str], found: list[list[str]]) -> Table:
    shown = Table(title=session, caption="the worst test accuracy of the last five epochs, in percent")
    for heading in headings:
        shown.add_column(heading, justify="right")
    for row in found:
        if row[0] == "mean":
            shown.add_section()
        shown.add_row(*row)
    return shown


def main() -> int:
    """Train what is missing, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", choices=list(TARGETS), action="append", help="this run only; may be repeated")
    parser.add_argument(
        "--jobs", type=positive, default=os.cpu_count(), help="trainings at a time (default: one a core)"
    )
    parser.add_argument("--table", action="store_true", help="train nothing")
    options = parser.parse_args()
    console = Console(width=80)
    if not options.table:
        done = read_results()
        missing = [
            (run, seed)
            for run in options.run or TARGETS
            for seed in range(TARGETS[run].seeds)
            if (run, seed) not in done
        ]
        started = time.perf_counter()

        def one(job: tuple[str, int]) -> None:
            train(*job)
            console.print(
                f"{job[0]} seed {job[1]} done after {(time.perf_counter() - started) / 60:.0f} min", highlight=False
            )

        with ThreadPoolExecutor(options.jobs) as pool:
            for future in [pool.submit(one, job) for job in missing]:
                try:
                    future.result()
                except KeyboardInterrupt:
                    pool.shutdown(cancel_futures=True)
                    print("Interrupted; start again to go on.", file=sys.stderr)
                    return 130
                except subprocess.CalledProcessError as error:
                    pool.shutdown(cancel_futures=True)
                    print(
                        f"{' '.join(error.cmd[1:])} ended with exit code {error.returncode}; start again to go on.",
                        file=sys.stderr,
                    )
                    return 2
    for session in SESSIONS:
        headings, *found = rows(session)
        if headings[1:]:
            console.print(_table(session, headings, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
