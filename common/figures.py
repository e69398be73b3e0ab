"""The pictures of a run: its curves and the images that it misclassifies."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from common.data import Images

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Colours that stay apart in print and for colour-blind readers.
_TRAIN, _TEST, _ALSO, _THRESHOLD = "#7a7a7a", "#0072b2", "#009e73", "#d55e00"


def curves(
    title: str, log: Sequence[dict], threshold: float, also: Sequence[str] = (), *, train: str = "train"
) -> bytes:
    """Return a PNG of loss and accuracy against the epoch, training and test, with the threshold drawn.

    `log` has the lines of epochs.jsonl; `threshold` is in percent; `also` names further accuracies in the log; `train`
    is what the training curves are called.
    """
    from matplotlib.figure import Figure

    epochs = [line["epoch"] for line in log]
    trained = [100 * line["train_correct"] / line["train_total"] for line in log]
    test = [100 * line["test_correct"] / line["test_total"] for line in log]
    figure = Figure(figsize=(10, 4), layout="constrained")
    figure.suptitle(title)
    loss, accuracy = figure.subplots(1, 2)
    loss.plot(epochs, [line["train_loss"] for line in log], color=_TRAIN, label=train)
    loss.plot(epochs, [line["test_loss"] for line in log], color=_TEST, marker="o", markersize=3, label="test")
    loss.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    accuracy.plot(epochs, trained, color=_TRAIN, label=train)
    accuracy.plot(epochs, test, color=_TEST, marker="o", markersize=3, label="test")
    for name in also:
        accuracy.plot(
            epochs,
            [100 * line[f"{name}_correct"] / line[f"{name}_total"] for line in log],
            color=_ALSO,
            marker="s",
            markersize=3,
            label=f"test, {name}",
        )
    accuracy.axhline(threshold, color=_THRESHOLD, linestyle="--", linewidth=1, label=f"threshold {threshold:g} %")
    # The first epochs are far below: what matters happens around the threshold.
    gap = 100 - threshold
    accuracy.set(xlabel="epoch", ylabel="accuracy (%)", ylim=(threshold - 2.4 * gap, 100 + 0.1 * gap))
    accuracy.annotate(
        f"{test[-1]:.2f}", (epochs[-1], test[-1]), xytext=(0, 6), textcoords="offset points", ha="right", color=_TEST
    )
    for axes in (loss, accuracy):
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="best", frameon=False)
    return png(figure)


def comparison(title: str, logs: Mapping[str, Sequence[dict]], threshold: float) -> bytes:
    """Return a PNG of the test losses and the test accuracies of several runs, each curve annotated with its last
    value.

    `logs` has the lines of epochs.jsonl by run; `threshold` is in percent.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 8), layout="constrained")
    figure.suptitle(title)
    loss, accuracy = figure.subplots(2, 1)
    for axes, label in ((loss, "test loss (cross-entropy)"), (accuracy, "test accuracy (%)")):
        lasts = []
        for (name, log), color in zip(logs.items(), (_TEST, _ALSO, _THRESHOLD, _TRAIN), strict=False):
            values = [
                line["test_loss"] if axes is loss else 100 * line["test_correct"] / line["test_total"] for line in log
            ]
            axes.plot([line["epoch"] for line in log], values, color=color, marker="o", markersize=3, label=name)
            lasts.append((values[-1], name, color, len(log)))
        # From the lowest to the highest, so that labels beside the last points can be spread without crossing.
        for place, (value, name, color, epoch) in enumerate(sorted(lasts)):
            axes.annotate(
                f"{name} {value:.4f}" if axes is loss else f"{name} {value:.2f} %",
                (epoch, value),
                color=color,
                xytext=(12, 14 * (place - (len(lasts) - 1) / 2)),
                textcoords="offset points",
                va="center",
                arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.5},
                annotation_clip=False,
            )
        axes.set(xlabel="epoch", ylabel=label, xlim=(0.5, 1.2 * max(len(log) for log in logs.values())))
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    loss.set(yscale="log")
    loss.margins(y=0.15)
    gap = 100 - threshold
    accuracy.set(ylim=(threshold - 1.5 * gap, threshold + 0.67 * gap))
    accuracy.axhline(threshold, color="black", linestyle="--", linewidth=1)
    accuracy.annotate(
        f"threshold {threshold:g} %", (1, threshold), xytext=(0, 4), textcoords="offset points", fontsize=9
    )
    loss.legend(loc="upper right", frameon=False)
    return png(figure)


def misclassified(
    title: str, images: Images, predictions: Tensor, names: Sequence[str], *, most: int = 20, columns: int = 10
) -> bytes:
    """Return a PNG of the first `most` images whose prediction (int64 N) is wrong, with predicted and true label."""
    from matplotlib.figure import Figure

    wrong = (predictions != images.labels).nonzero().flatten()
    shown = wrong[:most].tolist()
    rows = max(1, -(-len(shown) // columns))
    figure = Figure(figsize=(columns * 1.25, rows * 1.6 + 0.6), layout="constrained")
    figure.suptitle(
        f"{title}\n{len(wrong)} of {len(images):,} wrong"
        + (f", the first {len(shown)}" if len(shown) < len(wrong) else ""),
        fontsize=10,
    )
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in grid:
        axes.axis("off")
    for axes, index in zip(grid, shown, strict=False):
        axes.imshow(images.pixels[index].permute(1, 2, 0).squeeze(-1).numpy(), cmap="gray")
        axes.set_title(f"predicted {names[predictions[index]]}\ntrue {names[images.labels[index]]}", fontsize=8)
    return png(figure)


def png(figure: "Figure") -> bytes:
    """Return a figure as a PNG file."""
    buffer = io.BytesIO()
    # Without the library's version in it, the same picture is the same file.
    figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    return buffer.getvalue()
