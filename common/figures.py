"""The pictures that belong to a run: its curves and the digits that it gets wrong."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from common.data import Images

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Colours that stay apart in print and for colour-blind readers.
_TRAIN, _TEST, _ALSO, _THRESHOLD = "#7a7a7a", "#0072b2", "#009e73", "#d55e00"


def curves(title: str, log: Sequence[dict], threshold: float, also: Sequence[str] = ()) -> bytes:
    """Return a PNG of loss and accuracy against the epoch, training and test, with the threshold drawn.

    `log` has the lines of epochs.jsonl; `threshold` is in percent; `also` names further accuracies in the log.
    """
    from matplotlib.figure import Figure

    epochs = [line["epoch"] for line in log]
    train = [100 * line["train_correct"] / line["train_total"] for line in log]
    test = [100 * line["test_correct"] / line["test_total"] for line in log]
    figure = Figure(figsize=(10, 4), layout="constrained")
    figure.suptitle(title)
    loss, accuracy = figure.subplots(1, 2)
    loss.plot(epochs, [line["train_loss"] for line in log], color=_TRAIN, label="train (as augmented)")
    loss.plot(epochs, [line["test_loss"] for line in log], color=_TEST, marker="o", markersize=3, label="test")
    loss.set(xlabel="epoch", ylabel="cross-entropy", yscale="log")
    accuracy.plot(epochs, train, color=_TRAIN, label="train (as augmented)")
    accuracy.plot(epochs, test, color=_TEST, marker="o", markersize=3, label="test")
    for name in also:
        accuracy.plot(epochs, [100 * line[f"{name}_correct"] / line[f"{name}_total"] for line in log], color=_ALSO, marker="s",
                      markersize=3, label=f"test, {name}")
    accuracy.axhline(threshold, color=_THRESHOLD, linestyle="--", linewidth=1, label=f"threshold {threshold:g} %")
    # The first epochs are far below: what matters happens in the last percent.
    accuracy.set(xlabel="epoch", ylabel="accuracy (%)", ylim=(min(min(test), 98.0) if min(test) > 97 else 97.0, 100.05))
    accuracy.annotate(f"{test[-1]:.2f}", (epochs[-1], test[-1]), xytext=(0, 6), textcoords="offset points",
                      ha="right", color=_TEST)
    for axes in (loss, accuracy):
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="best", frameon=False)
    return _png(figure)


def misclassified(title: str, images: Images, predictions: Tensor, names: Sequence[str], most: int = 20) -> bytes:
    """Return a PNG of the first `most` images whose prediction (int64 N) is wrong, with predicted and true label."""
    from matplotlib.figure import Figure

    wrong = (predictions != images.labels).nonzero().flatten()
    shown = wrong[:most].tolist()
    columns = 10
    rows = max(1, -(-len(shown) // columns))
    figure = Figure(figsize=(columns * 1.05, rows * 1.45 + 0.6), layout="constrained")
    figure.suptitle(f"{title}: {len(wrong)} of {len(images):,} wrong"
                    + (f", the first {len(shown)}" if len(shown) < len(wrong) else ""))
    grid = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in grid:
        axes.axis("off")
    for axes, index in zip(grid, shown, strict=False):
        axes.imshow(images.pixels[index].permute(1, 2, 0).squeeze(-1).numpy(), cmap="gray")
        axes.set_title(f"{names[predictions[index]]}, not {names[images.labels[index]]}", fontsize=9)
    return _png(figure)


def _png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    # Without the library's version in it, the same picture is the same file.
    figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    return buffer.getvalue()
