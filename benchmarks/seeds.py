"""Ten seeds of each frozen recipe: does it hold, or was it one lucky seed?

    python benchmarks/seeds.py                      trains what is missing (about an hour on two cores), prints the table
    python benchmarks/seeds.py --run smallest
    python benchmarks/seeds.py --table              prints the table of what is there, and trains nothing

Seed 0 is the committed run. Each other seed is `python session05/train.py --run NAME --seed N`, one thread each and as
many at a time as there are cores. What they measured is kept in benchmarks/seeds.jsonl, a line a seed; a seed that is
there, for the present network and recipe, is not trained again.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from rich.console import Console
from rich.table import Table
from sessions import REPOSITORY, is_current, load

RESULTS = REPOSITORY / "benchmarks" / "seeds.jsonl"
WORK = REPOSITORY / "build" / "seeds"
THRESHOLDS = {"scheduled": 99.5, "under-8k": 99.5, "smallest": 99.4}
SEEDS = range(10)
SESSION = load("session05")


def read_results() -> dict[tuple[str, int], dict]:
    """Return what has been measured with the present networks and recipes: (run, seed) → its line of seeds.jsonl."""
    lines = map(json.loads, RESULTS.read_text().splitlines() if RESULTS.exists() else [])
    return {(line["run"], line["seed"]): line for line in lines if _is_current(line["run"], line)}


def _is_current(run: str, line: dict) -> bool:
    return is_current(SESSION, replace(SESSION.recipes[run], seed=line["seed"]), line)


def train(run: str, seed: int) -> None:
    """Train one seed with one thread and add its line to seeds.jsonl. Raises where train.py fails."""
    folder = WORK / f"seed-{seed}" if seed else REPOSITORY / "session05" / "runs"
    unfinished = (folder / f".{run}").exists()
    finished = folder / run / "run.json"
    if unfinished or not finished.exists() or not _is_current(run, json.loads(finished.read_text())):
        command = [sys.executable, "session05/train.py", "--run", run, "--seed", str(seed), "--out", str(folder)]
        subprocess.run(command + ["--resume"] * unfinished, cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL,
                       env=os.environ | {"OMP_NUM_THREADS": "1"})
    record = json.loads((folder / run / "run.json").read_text())
    log = [json.loads(line) for line in (folder / run / "epochs.jsonl").read_text().splitlines()]
    line = {"run": run, "seed": seed, "parameters": record["parameters"], "epochs": len(log),
            "last_five": [epoch["test_correct"] for epoch in log[-5:]], "test_total": log[-1]["test_total"],
            "model_sha256": record["model_sha256"], "recipe": record["recipe"], "device": record["device"],
            "precision": record["precision"], "threads": record["threads"]}
    with RESULTS.open("a") as file:
        file.write(json.dumps(line) + "\n")


def table(results: dict[tuple[str, int], dict]) -> Table:
    """Return the least of the last five epochs for each seed, and how many seeds hold the threshold."""
    shown = Table(caption="the least test accuracy over the last five epochs, in percent")
    shown.add_column("seed", justify="right")
    columns = [run for run in THRESHOLDS if any(key[0] == run for key in results)]
    for run in columns:
        shown.add_column(run, justify="right")
    least = {key: 100 * min(line["last_five"]) / line["test_total"] for key, line in results.items()}
    for seed in SEEDS:
        shown.add_row(str(seed), *(f"{least[run, seed]:.2f}" if (run, seed) in least else "" for run in columns))
    shown.add_section()
    for name, text in (("parameters", lambda run, values: f"{next(line for key, line in results.items() if key[0] == run)['parameters']:,}"),
                       ("least", lambda run, values: f"{min(values):.2f}"),
                       ("mean", lambda run, values: f"{sum(values) / len(values):.2f}"),
                       ("hold", lambda run, values: f"{sum(value >= THRESHOLDS[run] for value in values)} of {len(values)} "
                                                    f"at {THRESHOLDS[run]}")):
        shown.add_row(name, *(text(run, [value for key, value in least.items() if key[0] == run]) for run in columns))
    return shown


def main() -> int:
    """Train what is missing, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", choices=list(THRESHOLDS), action="append", help="this run only; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="trainings at a time (default: one a core)")
    parser.add_argument("--table", action="store_true", help="train nothing")
    options = parser.parse_args()
    console = Console(width=80)
    if not options.table:
        done = read_results()
        missing = [(run, seed) for seed in SEEDS for run in options.run or THRESHOLDS if (run, seed) not in done]
        started = time.perf_counter()

        def one(job: tuple[str, int]) -> None:
            train(*job)
            console.print(f"{job[0]} seed {job[1]} done after {(time.perf_counter() - started) / 60:.0f} min", highlight=False)

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
                    print(f"{' '.join(error.cmd[1:])} ended with exit code {error.returncode}; start again to go on.",
                          file=sys.stderr)
                    return 2
    console.print(table(read_results()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
