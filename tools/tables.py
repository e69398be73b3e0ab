"""Write the measured numbers into the sessions' READMEs: none of them is typed by hand.

    python benchmarks/readme.py            fill every block between <!-- begin NAME --> and <!-- end -->
    python benchmarks/readme.py --check    change nothing; exit code 1 where a README is out of date

Everything comes from the committed run folders and from the results that the benchmarks keep.
"""

import argparse
import json
import re
import runpy
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import batch_sizes
import recipes
import seeds
import torch
from sessions import REPOSITORY, held_from, load, log, shown_epoch

from checker.statistics import evenness
from common.anatomy.network import anatomy as followed
from common.errors import RunError, UserError
from common.finished_run import trained
from common.session import Session
from common.summary import receptive_field_table

SESSIONS = {name: load(name) for name in ("session03", "session04", "session05", "session06", "session07")}
# Step, parameters and best test accuracy in percent of the drill-downs that students have published, and the run of
# ours that stands against it: one with no more parameters, but for the last two, which are a little smaller than our
# smallest.
PUBLISHED = (
    ("vanilla skeleton", 147_344, 99.11, "skeleton"),
    ("+ batch norm, GAP, fewer parameters", 8_872, 99.32, "batch-norm"),
    ("+ dropout, augmentation", 8_872, 99.28, "augmented"),
    ("+ LR scheduler", 8_872, 99.30, "under-8k"),
    ("cyclic LR, dropout 5 %", 6_202, 99.45, "smallest"),
    ("skeleton", 8_892, 98.60, "batch-norm"),
    ("+ batch norm, dropout, depth, two FC after GAP, MultiStepLR", 9_780, 99.29, "augmented"),
    ("StepLR, one FC less", 9_680, 99.41, "scheduled"),
    ("set-up, large network", 3_900_000, 99.36, "skeleton"),
    ("small skeleton", 5_000, 99.00, "smallest"),
    ("+ batch norm", 5_112, 98.91, "smallest"),
)
# What it is, public result, our run that stands against it: students' published notebooks that keep the rules, then
# results from outside the course.
PUBLIC_CIFAR = (
    ("best with fewer than 200,000 parameters", "88.63 % (best epoch) with 154,394 parameters, 100 epochs", "cifar10"),
    ("best with fewer than 100,000", "87.34 % (best epoch) with 68,992 parameters", "under-100k"),
    (
        "outside the course: depthwise and dilated kernels, weight averaging, mixup",
        "94.4 % with 97,530 parameters, 200 epochs",
        "under-100k",
    ),
    ("outside the course: ResNet-20", "91.25 to 92.6 % with 270,000 parameters", "cifar10"),
)
PUBLIC_EPOCHS = 17
SPEED = {"session05": "throughput.json", "session07": "cifar_pipeline.json"}
BLOCK = re.compile(r"(<!-- begin (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def percent(epoch: dict, of: str = "test") -> float:
    """Return an epoch's accuracy in percent."""
    return 100 * epoch[f"{of}_correct"] / epoch[f"{of}_total"]


def parameters(session: Session, run: str) -> int:
    """Return a committed run's number of parameters."""
    return json.loads((session.folder / "runs" / run / "run.json").read_text())["parameters"]


def runs(session: Session) -> str:
    """A row a run: what its last five epochs reach."""
    also = session.task.also
    rows = [
        "| run | parameters | epochs | test, last five epochs | least | "
        + "".join(f"{name}, last five | " for name in also)
        + "train, last epoch |",
        "|---|---:|---:|---|---:|" + "---|" * len(also) + "---:|",
    ]
    for run in session.recipes:
        lines = log(session, run)
        last = [percent(epoch) for epoch in lines[-5:]]
        others = [" ".join(f"{percent(epoch, name):.2f}" for epoch in lines[-5:]) for name in also]
        rows.append(
            f"| `{run}` | {parameters(session, run):,} | {len(lines)} | {' '.join(f'{value:.2f}' for value in last)} | "
            f"{min(last):.2f} | {''.join(f'{each} | ' for each in others)}{percent(lines[-1], 'train'):.2f} |"
        )
    return "\n".join(rows)


def result(session: Session, run: str) -> str:
    """One sentence of result."""
    lines = log(session, run)
    last = [percent(epoch) for epoch in lines[-5:]]
    return (
        f"**Result.** {parameters(session, run):,} parameters; the last five epochs reach "
        f"{', '.join(f'{value:.2f}' for value in last)} %, so the run holds {min(last):.2f} %; training accuracy "
        f"{percent(lines[-1], 'train'):.2f} %."
    )


def published(session: Session) -> str:
    """The published drill-downs beside ours."""
    rows = [
        "| published step | parameters | best | ours | parameters | best | least of last five |",
        "|---|---:|---:|---|---:|---:|---:|",
    ]
    for step, count, best, run in PUBLISHED:
        reached = [percent(epoch) for epoch in log(session, run)]
        rows.append(
            f"| {step} | {count:,} | {best:.2f} | `{run}` | {parameters(session, run):,} | {max(reached):.2f} | "
            f"{min(reached[-5:]):.2f} |"
        )
    return "\n".join(rows)


def anatomy(session: Session, run: str) -> str:
    """Output shape, parameters and receptive field of each layer, folded away."""
    network = session.build(run)
    shapes = session.task.input_shapes(session.dataset.shape)
    # One look of a network that takes several.
    traced = followed(getattr(network, "network", network), *(torch.rand(2, *shape) for shape in shapes))
    return "\n".join(
        [
            f"<details><summary><code>{run}</code>: {parameters(session, run):,} parameters, receptive field "
            f"{traced.receptive_field[0]} before the global average, {traced.seen[0]} with it</summary>",
            "",
            receptive_field_table(traced),
            "",
            "</details>",
        ]
    )


def looks(session: Session) -> str:
    """What several looks at an image bring."""
    rows = json.loads((REPOSITORY / "benchmarks" / "looks.json").read_text())
    return "\n".join(
        ["| run | epoch | one look | all looks |", "|---|---:|---:|---:|"]
        + [
            f"| `{row['run']}` | {row['epoch']} | {100 * row['one'] / row['of']:.2f} | {100 * row['all'] / row['of']:.2f} |"
            for row in rows
            if row["session"] == session.name
        ]
    )


def seed_table(session: Session) -> str:
    """What each seed of the session's frozen recipes holds."""
    headings, *found = seeds.rows(session.name)
    return "\n".join(
        [
            "| " + " | ".join([headings[0], *(f"`{name}`" for name in headings[1:])]) + " |",
            "|---:|" + "---:|" * len(headings[1:]),
        ]
        + [f"| {' | '.join(row)} |" for row in found]
    )


def public_cifar(session: Session) -> str:
    """The public results that keep the session's rules beside ours."""
    rows = ["| | public | ours | run |", "|---|---:|---:|---|"]
    for words, public, run in PUBLIC_CIFAR:
        least = min(percent(line) for line in log(session, run)[-5:])
        rows.append(
            f"| {words} | {public} | {least:.2f} % with {parameters(session, run):,} parameters, {len(log(session, run))} epochs | `{run}` |"
        )
    first = held_from([percent(line) for line in log(session, "fast")], session.threshold)
    rows.append(
        f"| fewest epochs to 85 %, held from there on | {PUBLIC_EPOCHS} (reached) | {shown_epoch(first)} | `fast` |"
    )
    return "\n".join(rows)


def speed(session: Session) -> str:
    """What the session's benchmark of the training loop kept last, on each device."""
    path = REPOSITORY / "benchmarks" / SPEED[session.name]
    if not path.exists():
        raise RunError(f"There is no {path.name}; measure it with: python benchmarks/{path.stem}.py --keep")
    results = json.loads(path.read_text())
    rows = [
        "| device | precision, bare and ours | rounds | loop | images/s | to usual | to bare |",
        "|---|---|---:|---|---:|---:|---:|",
    ]
    return "\n".join(
        rows
        + [
            f"| {found['device']}, {found['threads']} threads | {found['precision']} | {found['rounds']} | {loop} | {row['images_per_second']:,.0f} | {row['to_usual']:.2f}× | "
            f"{100 * row['to_bare']:.0f} % |"
            for found in results.values()
            for loop, row in found["loops"].items()
        ]
    )


def recipe_table(session: Session) -> str:
    """Held-out accuracy of the variants of the session's recipes."""
    return "\n".join(
        ["| run | variant | least of the last five, held out | mean | mean, one look |", "|---|---|---:|---:|---:|"]
        + [
            f"| `{row[0].split('/')[1]}` | {' | '.join(row[1:])} |"
            for row in recipes.rows()
            if row[0].startswith(f"{session.name}/")
        ]
    )


def batch_size_table(session: Session) -> str:
    """Held-out accuracy of short runs at four batch sizes."""
    rows = [
        "| batch size | " + " | ".join(f"`{run}`" for run in batch_sizes.RUNS) + " |",
        "|---:|" + "---:|" * len(batch_sizes.RUNS),
    ]
    return "\n".join(rows + [f"| {size} | {' | '.join(cells)} |" for size, cells in batch_sizes.rows()])


def sparsity(session: Session) -> str:
    """How even the weights are with and without L1, as the checker measures it."""
    rows = [
        "| run | L1 | mean absolute weight, as a share of the root mean square | weights below a hundredth of it |",
        "|---|---:|---:|---:|",
    ]
    for name in ("batch-l1", "batch"):
        network, _ = trained(session, name)
        # Which kernels run is the same for every image.
        names = {
            each.weight_name
            for each in followed(network, torch.zeros(2, 1, 28, 28)).operations
            if each.kind in ("convolution", "linear")
        }
        tensors = {key: network.state_dict()[key].double() for key in sorted(names)}
        kernels = tensors.values()
        small = sum(int((kernel.abs() < 0.01 * kernel.square().mean().sqrt()).sum()) for kernel in kernels)
        rows.append(
            f"| `{name}` | {session.recipes[name].l1:g} | {evenness(tensors):.3f} | "
            f"{100 * small / sum(kernel.numel() for kernel in kernels):.1f} % |"
        )
    return "\n".join(rows)


def kernel_sizes() -> str:
    """Parameters of one large convolution and of several small ones that see as much."""
    rows = ["| sees | one convolution | parameters | several | parameters |", "|---|---|---:|---|---:|"]
    for count in (1, 2, 3, 4):
        side = 2 * count + 1
        large, small = (
            sum(each.numel() for each in torch.nn.Conv2d(16, 16, kernel, bias=False).parameters())
            for kernel in (side, 3)
        )
        rows.append(f"| {side}×{side} | {side}×{side} | {large:,} | {count} × 3×3 | {count * small:,} |")
    return "\n".join(rows)


def session00() -> dict[str, Callable[[], str]]:
    """Return what fills the blocks of session 0's README."""
    figures = runpy.run_path(str(REPOSITORY / "session00" / "figures.py"))

    def all_sizes() -> str:
        maps = figures["sizes"](199)
        return f"{len(maps) - 1} convolutions: " + " → ".join(f"{side}×{side}" for side in maps)

    def initial_weights() -> str:
        before, after = (network[0][0].weight.detach() for network in figures["networks"]())
        return "\n".join(
            ["| first layer | least | greatest | standard deviation |", "|---|---:|---:|---:|"]
            + [
                f"| {words} | {weights.min():.3f} | {weights.max():.3f} | {weights.std():.3f} |"
                for words, weights in (("before training", before), ("after training", after))
            ]
        )

    def epochs() -> str:
        lines = log(SESSIONS["session05"], figures["RUN"])
        return "\n".join(
            ["| epoch | training loss | test loss | test accuracy |", "|---:|---:|---:|---:|"]
            + [
                f"| {line['epoch']} | {line['train_loss']:.4f} | {line['test_loss']:.4f} | {percent(line):.2f} % |"
                for line in lines
                if line["epoch"] in (1, 2, 3, 5, 8, 11, 15)
            ]
        )

    return {"kernel sizes": kernel_sizes, "sizes": all_sizes, "initial weights": initial_weights, "epochs": epochs}


def every_session() -> str:
    """The root README's table: what the main runs of each session hold."""
    rows = ["| session | run | parameters | epochs | holds over the last five |", "|---|---|---:|---:|---:|"]
    for session in SESSIONS.values():
        for run in session.recipes:
            lines = log(session, run)
            held = " · ".join(
                f"{name} {min(percent(epoch, of) for epoch in lines[-5:]):.2f} %"
                for name, of in (("test", "test"), *((each, each) for each in session.task.also))
            )
            rows.append(
                f"| [{session.name}]({session.name}/README.md) | `{run}` | {parameters(session, run):,} | {len(lines)} | "
                f"{held.removeprefix('test ') if not session.task.also else held.replace('test', 'digit')} |"
            )
    return "\n".join(rows)


def makers(session: Session) -> dict[str, Callable[[], str]]:
    """Return what fills the blocks of a session's README: name → function."""
    simple = {
        "runs": runs,
        "looks": looks,
        "published": published,
        "seeds": seed_table,
        "recipes": recipe_table,
        "batch sizes": batch_size_table,
        "sparsity": sparsity,
        "public": public_cifar,
        "speed": speed,
    }
    found: dict[str, Callable[[], str]] = {name: partial(make, session) for name, make in simple.items()}
    found |= {f"result {run}": partial(result, session, run) for run in session.recipes}
    found["anatomy"] = lambda: "\n\n".join(anatomy(session, run) for run in session.recipes)
    return found


def filled(text: str, blocks: dict[str, Callable[[], str]]) -> str:
    """Return `text` with every block filled. Raises KeyError for a block that nobody fills."""
    return BLOCK.sub(lambda block: f"{block[1]}{blocks[block[2]]()}\n{block[3]}", text)


def main() -> int:
    """Fill or check the READMEs and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    stale = []
    pages: list[tuple[Path, dict]] = [(session.folder / "README.md", makers(session)) for session in SESSIONS.values()]
    pages.append((REPOSITORY / "session00" / "README.md", session00()))
    for path, blocks in [*pages, (REPOSITORY / "README.md", {"sessions": every_session})]:
        before = path.read_text()
        try:
            after = filled(before, blocks)
        except UserError as error:
            print(error, file=sys.stderr)
            return 2
        if after != before:
            stale.append(str(path.relative_to(REPOSITORY)))
            if not check:
                path.write_text(after)
    if check and stale:
        print(f"{', '.join(stale)}: out of date; run: python benchmarks/readme.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
