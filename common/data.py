"""MNIST held in memory as uint8, read (and downloaded, where it is missing) by torchvision."""

import contextlib
import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from common.errors import DataError

REPOSITORY = Path(__file__).resolve().parent.parent
SIZES = {"train": 60_000, "test": 10_000}


@dataclass(frozen=True)
class Images:
    """Labelled images: `pixels` uint8 N×C×H×W, `labels` int64 N."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, indices: Tensor) -> "Images":
        """Return the images at `indices` (int64), in that order."""
        return Images(self.pixels[indices], self.labels[indices])

    def to(self, device: torch.device) -> "Images":
        """Return the same images on `device`."""
        return Images(self.pixels.to(device), self.labels.to(device))

    def digest(self) -> str:
        """Return the SHA-256 of pixels and labels: two sets with the same digest are the same data."""
        sha = hashlib.sha256(self.pixels.cpu().numpy().tobytes())
        sha.update(self.labels.cpu().numpy().tobytes())
        return sha.hexdigest()


def data_folder(given: str | Path | None = None) -> Path:
    """Return the folder that holds the data sets: `given`, else `$DATA_DIR`, else `data/` in the repository."""
    return Path(given or os.environ.get("DATA_DIR") or REPOSITORY / "data")


def load_mnist(split: str, folder: str | Path | None = None) -> Images:
    """Return the "train" (60,000) or "test" (10,000) images of MNIST, 1×28×28.

    Downloads them into `data_folder(folder)` where they are missing. Raises DataError.
    """
    # torchvision takes seconds to import: whoever only asks for --help doesn't pay for it.
    from torchvision.datasets import MNIST

    root = data_folder(folder)
    try:
        # It reports every file of a download on stdout, which may be a report's own.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            dataset = MNIST(root, train=split == "train", download=True)
    except (OSError, RuntimeError, ValueError, EOFError) as error:
        raise DataError(_remedy(root, error)) from error
    images = Images(dataset.data.unsqueeze(1), dataset.targets)
    if tuple(images.pixels.shape) != (SIZES[split], 1, 28, 28) or len(images) != SIZES[split]:
        raise DataError(f"MNIST in {root} is damaged: its {split} set holds {len(images):,} images, "
                        f"not {SIZES[split]:,}; delete {root / 'MNIST'} and let it download again.")
    return images


def _remedy(root: Path, error: Exception) -> str:
    raw = root / "MNIST" / "raw"
    if raw.is_dir() and not isinstance(error, OSError) and "download" not in str(error).lower():
        return f"MNIST in {raw} is damaged ({error}); delete that folder and let it download again."
    return (f"No MNIST in {root}, and it could not be downloaded; connect to the network, or set DATA_DIR "
            f"or --data-dir to a folder that holds MNIST/raw as torchvision writes it.")


def hold_out(train: Images, count: int = 10_000, seed: int = 1234) -> tuple[Images, Images]:
    """Split the training images into (the rest, `count` held-out images), always the same ones for a seed.

    Recipes are chosen on the held-out images, so that the test set decides nothing.
    """
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    return train.select(order[:-count]), train.select(order[-count:])


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation per channel, of pixels scaled to [0, 1]."""

    mean: tuple[float, ...] = (0.1307,)
    std: tuple[float, ...] = (0.3081,)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return float32 N×C×H×W with `mean` taken off and divided by `std`; `pixels` are floats in [0, 1]."""
        mean = torch.tensor(self.mean, device=pixels.device).view(1, -1, 1, 1)
        std = torch.tensor(self.std, device=pixels.device).view(1, -1, 1, 1)
        return (pixels - mean) / std
