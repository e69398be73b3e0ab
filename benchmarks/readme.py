"""Write the measured numbers into session05/README.md: no number there is typed by hand.

    python benchmarks/readme.py            fill every block between <!-- begin NAME --> and <!-- end -->
    python benchmarks/readme.py --check    change nothing; exit code 1 where the README is out of date

Everything comes from the committed run folders and from the results that the benchmarks keep.
"""

import argparse
import json
import re
import sys

import recipes
import seeds
import torch
from sessions import REPOSITORY, load

from common.anatomy import trace
from common.summary import receptive_field_table

README = REPOSITORY / "session05" / "README.md"
SESSION = load("session05")
# Step, parameters and best test accuracy in percent of the drill-downs that students have published, and the run of ours
# that stands against it: one with no more parameters. (Two more have 5,000 and 5,112 parameters, and 99.00 and 98.91 %:
# ours with fewer than those is still to come.)
PUBLISHED = (
    ("vanilla skeleton", 147_344, 99.11, "skeleton"),
    ("+ batch norm, GAP, fewer parameters", 8_872, 99.32, "batch-norm"),
    ("+ dropout, augmentation", 8_872, 99.28, "augmented"),
    ("+ LR scheduler", 8_872, 99.30, "under-8k"),
    ("cyclic LR, dropout 5 %", 6_202, 99.45, "smallest"),
    ("skeleton", 8_892, 98.60, "batch-norm"),
    ("+ batch norm, dropout, depth, two FC after GAP, MultiStepLR", 9_780, 99.29, "augmented"),
    ("StepLR, one FC less", 9_680, 99.41, "scheduled"),
)
BLOCK = re.compile(r"(<!-- begin (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def log(run: str) -> list[dict]:
    """Return the lines of a committed run's epochs.jsonl."""
    path = SESSION.folder / "runs" / run / "epochs.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def percent(epoch: dict, of: str = "test") -> float:
    """Return an epoch's accuracy in percent."""
    return 100 * epoch[f"{of}_correct"] / epoch[f"{of}_total"]


def parameters(run: str) -> int:
    """Return a committed run's number of parameters."""
    return json.loads((SESSION.folder / "runs" / run / "run.json").read_text())["parameters"]


def steps() -> str:
    """The drill-down: a row a run."""
    rows = ["| step | run | parameters | test, last five epochs | least | train, last epoch |", "|---:|---|---:|---|---:|---:|"]
    for number, run in enumerate(SESSION.recipes, start=1):
        last = [percent(epoch) for epoch in log(run)[-5:]]
        rows.append(f"| {number if number < 7 else ''} | `{run}` | {parameters(run):,} | "
                    f"{' '.join(f'{value:.2f}' for value in last)} | {min(last):.2f} | {percent(log(run)[-1], 'train'):.2f} |")
    return "\n".join(rows)


def result(run: str) -> str:
    """One sentence of result, and the curves."""
    lines = log(run)
    last = [percent(epoch) for epoch in lines[-5:]]
    return (f"**Result.** {parameters(run):,} parameters; the last five epochs reach {', '.join(f'{value:.2f}' for value in last)} %, "
            f"so the run holds {min(last):.2f} %; training accuracy {percent(lines[-1], 'train'):.2f} %.")


def published() -> str:
    """The published drill-downs beside ours."""
    rows = ["| published step | parameters | best | ours | parameters | best | least of last five |",
            "|---|---:|---:|---|---:|---:|---:|"]
    for step, count, best, run in PUBLISHED:
        reached = [percent(epoch) for epoch in log(run)]
        rows.append(f"| {step} | {count:,} | {best:.2f} | `{run}` | {parameters(run):,} | {max(reached):.2f} | {min(reached[-5:]):.2f} |")
    return "\n".join(rows)


def anatomy(run: str) -> str:
    """Output shape, parameters and receptive field of each layer, folded away."""
    network = SESSION.build(run)
    # One look of a network that takes five.
    traced = trace(getattr(network, "network", network), torch.zeros(2, 1, 28, 28))
    return "\n".join([
        f"<details><summary><code>{run}</code>: {parameters(run):,} parameters, receptive field {traced.receptive_field[0]} before "
        f"the global average, {traced.seen[0]} with it</summary>", "", receptive_field_table(traced), "", "</details>"])


def looks() -> str:
    """What the five looks of under-8k bring."""
    rows = json.loads((REPOSITORY / "benchmarks" / "looks.json").read_text())
    return "\n".join(["| epoch | one look | five looks |", "|---:|---:|---:|"] + [
        f"| {row['epoch']} | {100 * row['one'] / row['of']:.2f} | {100 * row['five'] / row['of']:.2f} |" for row in rows])


def seed_table() -> str:
    """Least accuracy over the last five epochs of each seed."""
    results = seeds.read_results()
    runs = [run for run in seeds.THRESHOLDS if (run, 0) in results]
    least = {key: 100 * min(line["last_five"]) / line["test_total"] for key, line in results.items()}
    rows = ["| seed | " + " | ".join(f"`{run}`" for run in runs) + " |", "|---:|" + "---:|" * len(runs)]
    rows += [f"| {seed} | " + " | ".join(f"{least[run, seed]:.2f}" if (run, seed) in least else "" for run in runs) + " |"
             for seed in seeds.SEEDS]
    every = {run: [value for (name, _), value in least.items() if name == run] for run in runs}
    rows.append("| mean | " + " | ".join(f"{sum(values) / len(values):.2f}" for values in every.values()) + " |")
    rows.append("| hold | " + " | ".join(f"{sum(value >= seeds.THRESHOLDS[run] for value in values)} of {len(values)} at "
                                         f"{seeds.THRESHOLDS[run]}" for run, values in every.items()) + " |")
    return "\n".join(rows)


def recipe_table() -> str:
    """Held-out accuracy of the variants of the recipes."""
    return "\n".join(["| run | variant | least of the last five, held out | mean | mean, one look |", "|---|---|---:|---:|---:|"]
                     + [f"| `{row[0]}` | {' | '.join(row[1:])} |" for row in recipes.rows()])


MAKERS = {"steps": steps, "looks": looks, "published": published, "seeds": seed_table, "recipes": recipe_table}
MAKERS |= {f"result {run}": (lambda run=run: result(run)) for run in SESSION.recipes}
MAKERS |= {"anatomy": lambda: "\n\n".join(anatomy(run) for run in SESSION.recipes)}


def filled(text: str) -> str:
    """Return `text` with every block filled. Raises KeyError for a block that nobody fills."""
    return BLOCK.sub(lambda block: f"{block[1]}{MAKERS[block[2]]()}\n{block[3]}", text)


def main() -> int:
    """Fill or check the README and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    before = README.read_text()
    after = filled(before)
    if check and after != before:
        print(f"{README.relative_to(REPOSITORY)} is out of date; run: python benchmarks/readme.py", file=sys.stderr)
        return 1
    if not check:
        README.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
