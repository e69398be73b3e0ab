"""What a person sees while a network trains: a live table on a terminal, a plain line an epoch elsewhere."""

from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from common.epoch import Epoch

# Of each column, with a heading of two words on two lines; of the bar with everything beside it.
_WIDTHS = {"epoch": 5, "lr": 7, "train loss": 6, "train %": 6, "test loss": 6, "test %": 6}
_WIDTH_OF_THE_BAR = 76
# What a narrow terminal leaves out, in this order.
_DISPENSABLE = ("lr", "images/s", "train loss", "test loss", "train %")


def _that_fit(width: int, also: tuple[str, ...]) -> dict[str, int]:
    """Return the columns that a terminal `width` characters wide can show without cutting off a number: heading →
    minimum width."""
    columns = _WIDTHS | {f"{name} %": max(6, len(name)) for name in also} | {"images/s": 8}
    for heading in _DISPENSABLE:
        if sum(columns.values()) + 3 * len(columns) + 1 > width:
            del columns[heading]
    return columns


def console() -> Console:
    """Return a console for stdout that is plain, and as wide as its lines, where stdout is not a terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=10_000, highlight=False, no_color=True)


class TrainingProgress:
    """Shows one run. Use as a context manager; tell it of blocks of images with `step`, of epochs with `add`."""

    def __init__(self, title: str, epochs: int, images_per_epoch: int, also: tuple[str, ...] = ()) -> None:
        """`also` names further accuracies of the epochs, as in common.task.Task."""
        self._console = console()
        self._live = None
        self._table = Table(title=title)
        self._columns = _that_fit(self._console.width, also)
        for heading, width in self._columns.items():
            self._table.add_column(heading, justify="right", min_width=width)
        left = (TextColumn("{task.description}"), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
        self._of = "/"
        if self._console.width >= _WIDTH_OF_THE_BAR:
            self._of = " of "
            left = (left[0], BarColumn(bar_width=28), *left[1:], TextColumn("left ·"))
        self._bar = Progress(*left, TextColumn("loss {task.fields[loss]:.4f}"))
        self._task = self._bar.add_task("training", total=epochs * images_per_epoch, loss=float("nan"))
        self._epochs, self._images_per_epoch, self._also = epochs, images_per_epoch, also
        if not self._console.is_terminal:
            self._console.print(title)

    def __enter__(self) -> "TrainingProgress":
        if self._console.is_terminal:
            self._live = Live(Group(self._table, self._bar), console=self._console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def step(self, epoch: int, images: int, loss: float) -> None:
        """Show that `images` of this epoch's images are done, with this mean loss."""
        done = (epoch - 1) * self._images_per_epoch + images
        self._bar.update(self._task, completed=done, loss=loss, description=f"epoch {epoch}{self._of}{self._epochs}")

    def add(self, epoch: Epoch) -> None:
        """Show an epoch that has ended, now or before this run was resumed."""
        train = 100 * epoch.train_correct / epoch.train_total
        test = 100 * epoch.test_correct / epoch.test_total
        also = {name: 100 * epoch.also[f"{name}_correct"] / epoch.also[f"{name}_total"] for name in self._also}
        cells = {
            "epoch": f"{epoch.epoch}",
            "lr": f"{epoch.lr:.5f}",
            "train loss": f"{epoch.train_loss:.4f}",
            "train %": f"{train:.2f}",
            "test loss": f"{epoch.test_loss:.4f}",
            "test %": f"{test:.2f}",
            "images/s": f"{epoch.images_per_second:,.0f}",
            **{f"{name} %": f"{share:.2f}" for name, share in also.items()},
        }
        self._table.add_row(*(cells[heading] for heading in self._columns))
        self.step(epoch.epoch, self._images_per_epoch, epoch.train_loss)
        if self._live is None:
            self._console.print(
                f"epoch {epoch.epoch:2d} of {self._epochs}  lr {epoch.lr:.5f}  "
                f"train {epoch.train_loss:.4f} {train:6.2f} %  test {epoch.test_loss:.4f} {test:6.2f} %  "
                + "".join(f"{name} {share:6.2f} %  " for name, share in also.items())
                + f"{epoch.images_per_second:,.0f} images/s"
            )
