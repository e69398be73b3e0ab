"""A run's numbers for TensorBoard, epoch by epoch. Nobody who doesn't ask for them pays for its import."""

import contextlib
import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from common.epoch import Epoch
from common.errors import PackageError

# Among the runs, where the checker takes no hidden folder for one and git ignores it.
FOLDER = ".tensorboard"


def refuse_where_missing() -> None:
    """Raise PackageError where TensorBoard is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        raise PackageError("--tensorboard needs the package tensorboard; install it: pip install tensorboard.")


@contextlib.contextmanager
def scalars(folder: Path) -> Iterator[Callable[[Epoch], None]]:
    """Empty `folder`, and yield a function that writes an epoch's numbers there."""
    from torch.utils.tensorboard import SummaryWriter

    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(folder) as writer:

        def write(epoch: Epoch) -> None:
            also = {name.removesuffix("_correct") for name in epoch.also if name.endswith("_correct")}
            numbers = {
                "loss/train": epoch.train_loss,
                "loss/test": epoch.test_loss,
                "accuracy/train": 100 * epoch.train_correct / epoch.train_total,
                "accuracy/test": 100 * epoch.test_correct / epoch.test_total,
                **{
                    f"accuracy/{name}": 100 * epoch.also[f"{name}_correct"] / epoch.also[f"{name}_total"]
                    for name in sorted(also)
                },
                "learning rate": epoch.lr,
            }
            for name, number in numbers.items():
                writer.add_scalar(name, number, epoch.epoch)
            writer.flush()

        yield write
