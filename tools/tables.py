"""The tables of the READMEs, made from the run folders, the benchmarks' results and published.toml."""

import json
import runpy
from collections.abc import Callable, Iterable
from functools import cache, partial

import torch

from benchmarks.accuracy import batch_sizes, recipes, seeds, views
from checker.report.published import Published, published_networks
from checker.statistics import evenness
from common.anatomy.network import anatomy as followed
from common.errors import RunError
from common.finished_run import trained
from common.session import Session
from common.summary import receptive_field_table
from tools.sessions import REPOSITORY, SESSIONS, held_from, log, shown_epoch, single_view

SPEED = {"session05": "throughput", "session07": "cifar_pipeline"}
MEASURED_VIEWS = cache(views.read_results)


def table(headings: Iterable[str], rows: Iterable[Iterable[object]], left: int = 1) -> str:
    """Return a Markdown table whose first `left` columns are aligned left, the others right."""
    headings = list(headings)
    rule = "".join("---|" if column < left else "---:|" for column in range(len(headings)))
    lines = [f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in row)} |" for row in (headings, *rows)]
    return "\n".join([lines[0], f"|{rule}", *lines[1:]])


def percent(epoch: dict, of: str = "test") -> float:
    """Return an epoch's accuracy in percent."""
    return 100 * epoch[f"{of}_correct"] / epoch[f"{of}_total"]


def parameters(session: Session, run: str) -> int:
    """Return a committed run's number of parameters."""
    return json.loads((session.folder / "runs" / run / "run.json").read_text())["parameters"]


def trained_in(session: Session, run: str) -> str:
    """Return how long a committed run was trained, e.g. "5 min, 1 thread"."""
    record = json.loads((session.folder / "runs" / run / "run.json").read_text())
    return f"{record['seconds'] / 60:.0f} min, {record['threads']} thread{'s' * (record['threads'] > 1)}"


def last_five(session: Session, run: str, of: str = "test") -> list[float]:
    """Return the accuracy of the last five epochs in percent."""
    return [percent(epoch, of) for epoch in log(session, run)[-5:]]


def single(session: Session, run: str) -> list[float] | None:
    """Return the accuracy of the last five epochs with a single view, in percent; None where the run has no more.

    Raises RunError where it was not measured.
    """
    network = session.build(run)
    if single_view(network) is network:
        return None
    found = MEASURED_VIEWS().get((session.name, run), {})
    if len(found) < 5:
        raise RunError(f"{session.name} {run} has no results of a single view: python -m benchmarks.accuracy.views")
    return [100 * found[epoch["epoch"]]["single_view"] / epoch["test_total"] for epoch in log(session, run)[-5:]]


def view_count(session: Session, run: str) -> int:
    """Return how many views of an image the run's network sees when it is evaluated."""
    network = session.build(run).eval()
    calls = []
    single_view(network).register_forward_hook(lambda *call: calls.append(1))
    with torch.no_grad():
        network(*(torch.zeros(2, *shape) for shape in session.task.input_shapes(session.dataset.shape)))
    return len(calls)


def _values(accuracies: Iterable[float]) -> str:
    return " ".join(f"{accuracy:.2f}" for accuracy in accuracies)


def _worst(accuracies: list[float] | None) -> str:
    return "" if accuracies is None else f"{min(accuracies):.2f}"


def runs(session: Session) -> str:
    """A row a run: what its last five epochs reach."""
    also = session.task.also
    with_views = any(single(session, run) for run in session.recipes)
    headings = ["run", "parameters", "epochs", "test accuracy of the last five (%)", "worst"]
    headings += (
        ["worst, single view"] * with_views + [f"{name}, worst" for name in also] + ["training accuracy", "trained in"]
    )
    rows = [
        [
            f"`{run}`",
            f"{parameters(session, run):,}",
            len(log(session, run)),
            _values(last_five(session, run)),
            _worst(last_five(session, run)),
            *[_worst(single(session, run)) or "–"] * with_views,
            *(_worst(last_five(session, run, name)) for name in also),
            f"{percent(log(session, run)[-1], 'train'):.2f}",
            trained_in(session, run),
        ]
        for run in session.recipes
    ]
    return table(headings, rows)


def result(session: Session, run: str) -> str:
    """One sentence of result."""
    alone = single(session, run)
    views = "" if alone is None else f" over {view_count(session, run)} views, {min(alone):.2f} % with a single one"
    return (
        f"**Result.** {parameters(session, run):,} parameters. Each of the last five epochs reaches "
        f"{min(last_five(session, run)):.2f} % or more{views} ({_values(last_five(session, run))}); "
        f"training accuracy is {percent(log(session, run)[-1], 'train'):.2f} %."
    )


def stated(network: Published) -> str:
    """What was published, in words."""
    size = "" if network.parameters is None else f", {network.parameters:,} parameters"
    epochs = "" if network.epochs is None else f", {network.epochs} epochs"
    if network.reached_in is not None:
        return f"{network.accuracy:g} % reached in epoch {network.reached_in}"
    sums = "" if network.sum_accuracy is None else f", sum {network.sum_accuracy:.2f} %"
    five = f" (last five {_values(network.last_five)})" if network.last_five else ""
    return f"{network.shown_accuracy}{sums}{size}{epochs}, {network.stated}{five}"


def against(network: Published) -> list[str]:
    """Our run that stands against a published network: name, parameters, epochs, best, worst, worst with one view."""
    if not network.against:
        return ["–"] * 6
    session, run = SESSIONS[network.session], network.against
    lines = log(session, run)
    accuracies = [percent(epoch) for epoch in lines]
    epochs = f"{len(lines)}"
    if network.reached_in is not None:
        epochs += f", {network.accuracy:g} % held from {shown_epoch(held_from(accuracies, network.accuracy))} on"
    cells = [f"`{run}`", f"{parameters(session, run):,}", epochs]
    worst = _worst(last_five(session, run))
    if network.sum_accuracy is not None:
        worst += "".join(f", {name} {_worst(last_five(session, run, name))}" for name in session.task.also)
    return [*cells, f"{max(accuracies):.2f}", worst, _worst(single(session, run)) or "–"]


def published(session: Session) -> str:
    """The published networks of the session's task beside ours."""
    source = {"student": "", "outside": "outside the course: "}
    return table(
        ["published", "claim", "ours", "parameters", "epochs", "best (%)", "worst of the last five", "single view"],
        (
            [source[each.source] + each.name, stated(each), *against(each)]
            for each in published_networks()
            if each.session == session.name
        ),
        left=3,
    )


def results() -> str:
    """The root README's table: the best public results beside ours."""
    rows = []
    for each in published_networks():
        if each.best:
            run, size, epochs, _, worst, alone = against(each)
            link = f"[{each.session.removeprefix('session').lstrip('0')}]({each.session}/README.md)"
            rows.append([link, stated(each), run, size, epochs, worst, alone])
    headings = [
        "session",
        "best public",
        "ours",
        "parameters",
        "epochs",
        "worst of the last five (%)",
        "single view (%)",
    ]
    return table(headings, rows, left=3)


def anatomy(session: Session) -> str:
    """Output shape, parameters and receptive field of each layer, a table for each network that differs, folded."""
    shapes = session.task.input_shapes(session.dataset.shape)
    tables: dict[tuple[str, str], list[str]] = {}
    traces = {}
    for run in session.recipes:
        network = single_view(session.build(run))
        if repr(network) not in traces:  # Runs of one network are traced once.
            traces[repr(network)] = followed(network, *(torch.rand(2, *shape) for shape in shapes))
        traced = traces[repr(network)]
        about = (
            f"{parameters(session, run):,} parameters, receptive field {traced.receptive_field[0]} before the global "
            f"average, {traced.seen[0]} with it"
        )
        tables.setdefault((about, receptive_field_table(traced)), []).append(f"<code>{run}</code>")
    return "\n\n".join(
        f"<details><summary>{', '.join(names)}: {about}</summary>\n\n{layers}\n\n</details>"
        for (about, layers), names in tables.items()
    )


def view_table(session: Session) -> str:
    """What test-time augmentation brings."""
    rows = [
        [f"`{run}`", view_count(session, run), _values(alone), _values(last_five(session, run))]
        for run in session.recipes
        if (alone := single(session, run))
    ]
    return table(["run", "views", "single view, last five (%)", "all views, last five (%)"], rows)


def seed_table(session: Session) -> str:
    """What each seed of the session's frozen recipes holds."""
    headings, *found = seeds.rows(session.name)
    return table([headings[0], *(f"`{name}`" for name in headings[1:])], found, left=0)


def speed(session: Session) -> str:
    """What the session's benchmark of the training loop kept last, on each device."""
    name = SPEED[session.name]
    path = REPOSITORY / "benchmarks" / "speed" / f"{name}.json"
    if not path.exists():
        raise RunError(f"There is no {path.name}; measure it with: python -m benchmarks.speed.{name} --keep")
    return table(
        ["device", "precision, bare and ours", "loop", "images/s", "to usual", "to bare"],
        (
            [
                f"{found['device']}, {found['threads']} thread{'s' * (found['threads'] > 1)}",
                found["precision"],
                loop,
                f"{row['images_per_second']:,.0f}",
                f"{row['to_usual']:.2f}×",
                f"{100 * row['to_bare']:.0f} %",
            ]
            for found in json.loads(path.read_text()).values()
            for loop, row in found["loops"].items()
        ),
        left=3,
    )


def cost(session: Session) -> str:
    """What a result costs in seconds, ours beside the usual recipe, as measured last."""
    path = REPOSITORY / "benchmarks" / "speed" / "cost_of_a_result.json"
    if not path.exists():
        raise RunError(f"There is no {path.name}; measure it with: python -m benchmarks.speed.{path.stem} --keep")
    kept = json.loads(path.read_text())
    return table(
        ["loop", "epochs", "worst of the last five (%)", "seconds", "to usual"],
        (
            [
                loop,
                row["epochs"],
                _values(row["worst_of_the_last_five"]),
                f"{row['seconds']:.0f}",
                f"{row['to_usual']:.1f}×",
            ]
            for loop, row in kept["loops"].items()
        ),
    )


def recipe_table(session: Session) -> str:
    """Held-out accuracy of the variants of the session's recipes."""
    return table(
        ["run", "variant", "worst of the last five, held out (%)", "mean", "mean, single view"],
        (
            [f"`{row[0].split('/')[1]}`", *row[1:-1], row[-1] or "–"]
            for row in recipes.rows()
            if row[0].startswith(f"{session.name}/")
        ),
        left=2,
    )


def batch_size_table(session: Session) -> str:
    """Held-out accuracy of short runs at four batch sizes."""
    return table(
        ["batch size", *(f"`{run}`" for run in batch_sizes.RUNS)],
        ([size, *cells] for size, cells in batch_sizes.rows()),
        left=0,
    )


def sparsity(session: Session) -> str:
    """How even the weights are with and without L1, as the checker measures it."""
    rows = []
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
        share = 100 * small / sum(kernel.numel() for kernel in kernels)
        rows.append([f"`{name}`", f"{session.recipes[name].l1:g}", f"{evenness(tensors):.3f}", f"{share:.1f} %"])
    return table(["run", "L1", "mean of the weights' sizes / root mean square", "weights below 1 % of it"], rows)


def kernel_sizes() -> str:
    """Parameters of one large convolution and of several small ones that see as much."""
    rows = []
    for count in (1, 2, 3, 4):
        side = 2 * count + 1
        large, small = (
            sum(each.numel() for each in torch.nn.Conv2d(16, 16, kernel, bias=False).parameters())
            for kernel in (side, 3)
        )
        rows.append([f"{side}×{side}", f"{large:,}", f"{count} × 3×3", f"{count * small:,}"])
    return table(["one convolution", "parameters", "as wide a view", "parameters"], rows)


def session00() -> dict[str, Callable[[], str]]:
    """Return what fills the blocks of session 0's README."""
    figures = runpy.run_path(str(REPOSITORY / "session00" / "figures.py"))

    def all_sizes() -> str:
        sides = figures["sizes"](199)
        rows = [sides[start : start + 10] for start in range(0, len(sides), 10)]
        shown = "\n".join(" → ".join(map(str, row)) for row in rows)
        return (
            f"**{len(sides) - 1} convolutions.**\n\n<details><summary>The side of the map after each</summary>\n\n"
            f"```\n{shown}\n```\n\n</details>"
        )

    def initial_weights() -> str:
        before, after = (network[0][0].weight.detach() for network in figures["networks"]())
        return table(
            ["first layer", "smallest", "largest", "standard deviation"],
            (
                [words, f"{weights.min():.3f}", f"{weights.max():.3f}", f"{weights.std():.3f}"]
                for words, weights in (("before training", before), ("after training", after))
            ),
        )

    def epochs() -> str:
        return table(
            ["epoch", "training loss", "test loss", "test accuracy"],
            (
                [line["epoch"], f"{line['train_loss']:.4f}", f"{line['test_loss']:.4f}", f"{percent(line):.2f} %"]
                for line in log(SESSIONS["session05"], figures["RUN"])
                if line["epoch"] in (1, 2, 3, 5, 8, 11, 15)
            ),
            left=0,
        )

    return {"kernel sizes": kernel_sizes, "sizes": all_sizes, "initial weights": initial_weights, "epochs": epochs}


def of_session(session: Session) -> dict[str, Callable[[], str]]:
    """Return what fills the blocks of a session's README: name → function."""
    makers = {
        "runs": runs,
        "views": view_table,
        "published": published,
        "seeds": seed_table,
        "recipes": recipe_table,
        "batch sizes": batch_size_table,
        "sparsity": sparsity,
        "speed": speed,
        "cost": cost,
        "anatomy": anatomy,
    }
    found: dict[str, Callable[[], str]] = {name: partial(make, session) for name, make in makers.items()}
    return found | {f"result {run}": partial(result, session, run) for run in session.recipes}
