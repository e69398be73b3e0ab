"""MNIST and CIFAR-10 held in memory as uint8, read (and downloaded, where they are missing) by torchvision."""

import contextlib
import hashlib
import io
import math
import os
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from common.errors import DataError

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation per channel, of pixels scaled to [0, 1]."""

    mean: tuple[float, ...] = (0.1307,)
    std: tuple[float, ...] = (0.3081,)

    @classmethod
    def from_json(cls, value: Any) -> "Normalization":
        """Return what a run.json says, {"mean": [0.1307], "std": [0.3081]}. Raises ValueError where that is of no
        use."""
        try:
            mean, std = (tuple(float(number) for number in value[key]) for key in ("mean", "std"))
        except (TypeError, KeyError, OverflowError) as error:
            raise ValueError("no mean and standard deviation") from error
        if (
            not mean
            or len(mean) != len(std)
            or not all(map(math.isfinite, mean))
            or not all(0 < each < math.inf for each in std)
        ):
            raise ValueError("no finite mean and positive standard deviation for each channel")
        return cls(mean, std)

    def __call__(self, pixels: Tensor) -> Tensor:
        """Return float32 N×C×H×W with `mean` taken off and divided by `std`; `pixels` are floats in [0, 1]."""
        mean = torch.tensor(self.mean, device=pixels.device).view(1, -1, 1, 1)
        std = torch.tensor(self.std, device=pixels.device).view(1, -1, 1, 1)
        return (pixels - mean) / std


@dataclass(frozen=True)
class Dataset:
    """What torchvision calls a data set and how it lays it out, and what its images are.

    folder: under the data folder; sizes: how many images; shape: C×H×W
    digests: by split, what `Images.digest` says of the published images
    normalization: the one that most networks for it are trained with
    """

    name: str
    folder: str
    sizes: dict[str, int]
    shape: tuple[int, int, int]
    classes: tuple[str, ...]
    digests: dict[str, str]
    normalization: Normalization


MNIST = Dataset(
    "MNIST",
    "MNIST/raw",
    {"train": 60_000, "test": 10_000},
    (1, 28, 28),
    tuple("0123456789"),
    {
        "train": "d18cfd466eb143ac1097fde604dba9eec4116885869d04cc648b510949f9e88c",
        "test": "a0863a96c44e5666edbb30c4071ee79ca0514c621e6349c5967fc78e7305c891",
    },
    Normalization(),
)
CIFAR10 = Dataset(
    "CIFAR10",
    "cifar-10-batches-py",
    {"train": 50_000, "test": 10_000},
    (3, 32, 32),
    ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    {
        "train": "973ef2abb5897efc795681a4d79a6f5f642fa2bcb1a828f7476017c89db53a57",
        "test": "2c33b053d1cd726af8d86e174a96dd89d7000ba1412add026d68142375b89d51",
    },
    Normalization((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
)
DATASETS = {dataset.name: dataset for dataset in (MNIST, CIFAR10)}


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
    """Return the folder that holds the data sets: `given`, else `$DATA_DIR`, else `data/` in the repository; where this
    package is installed elsewhere, `data/` in the working directory."""
    own = REPOSITORY if (REPOSITORY / "pyproject.toml").exists() else Path()
    return Path(given or os.environ.get("DATA_DIR") or own / "data")


def load_images(dataset: Dataset, split: str, folder: str | Path | None = None) -> Images:
    """Return the "train" or "test" images of `dataset`, downloaded into `data_folder(folder)` where they are missing.

    They are as many as there should be, and of the right shape; `verify` tells whether they are the published ones.
    Raises DataError.
    """
    # torchvision takes seconds to import: whoever only asks for --help doesn't pay for it.
    from torchvision import datasets

    root = data_folder(folder)
    try:
        # It reports every file of a download on stdout, which may be a report's own.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            read = getattr(datasets, dataset.name)(root, train=split == "train", download=True)
            pixels = torch.as_tensor(read.data)
            images = Images(
                pixels.unsqueeze(1) if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2).contiguous(),
                torch.as_tensor(read.targets),
            )
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, UnpicklingError) as error:
        raise DataError(_remedy(dataset, root, error)) from error
    if tuple(images.pixels.shape) != (dataset.sizes[split], *dataset.shape) or len(images) != dataset.sizes[split]:
        raise DataError(
            f"{dataset.name} in {root} is damaged: its {split} set holds {len(images):,} images, "
            f"not {dataset.sizes[split]:,}; delete {root / dataset.folder} and let it download again."
        )
    return images


def verify(images: Images, dataset: Dataset, split: str, folder: str | Path | None = None) -> None:
    """See that `images` are the published "train" or "test" images of `dataset`, pixel for pixel and label for label.

    `folder` is what `load_images` read them from. Costs 0.02 to 0.3 s. Raises DataError.
    """
    if images.digest() != dataset.digests[split]:
        root = data_folder(folder)
        raise DataError(
            f"The {split} set in {root / dataset.folder} is not {dataset.name} as it was published (it is damaged, or "
            f"other images lie in its place); delete that folder and let it download again."
        )


def _remedy(dataset: Dataset, root: Path, error: Exception) -> str:
    files = root / dataset.folder
    if files.is_dir() and not isinstance(error, OSError) and "download" not in str(error).lower():
        return f"{dataset.name} in {files} is damaged ({error}); delete that folder and let it download again."
    return (
        f"No {dataset.name} in {root}, and it could not be downloaded; connect to the network, or set DATA_DIR "
        f"or --data-dir to a folder that holds {dataset.folder} as torchvision writes it."
    )


def hold_out(train: Images, count: int = 10_000, seed: int = 1234) -> tuple[Images, Images]:
    """Split the training images into (the rest, `count` held-out images), always the same ones for a seed.

    Recipes are chosen on the held-out images, so that the test set decides nothing.
    """
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
    return train.select(order[:-count]), train.select(order[-count:])
