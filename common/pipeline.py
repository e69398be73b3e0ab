"""Batches that albumentations augments image by image, in worker processes beside the training."""

import os
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from common.data import Images
from common.processes import Processes
from common.recipe import Recipe


class AugmentedBatches:
    """Shuffled batches, one epoch after another: images stay uint8 until they are on their device.

    What is in a batch follows from the recipe's seed, the epoch and the batch's number, and from nothing else: not from
    the worker that made it, and not from where a run was resumed.
    """

    def __init__(
        self,
        images: Images,
        recipe: Recipe,
        pipeline: Callable[[], object],
        device: torch.device,
        processes: Processes = Processes(),
        workers: int | None = None,
    ) -> None:
        """`pipeline` returns an albumentations composition; each worker makes its own. Of every batch there is the
        share of this one of the `processes`.

        workers: how many processes augment; one where the CPU trains too, which needs its cores, else all cores but one
        """
        if workers is None:
            workers = 1 if device.type == "cpu" else max(1, (os.cpu_count() or 2) // processes.count - 1)
        self._recipe, self._device, self._processes = recipe, device, processes
        self._epoch = _Numbers(-(-len(images) // recipe.batch_size))
        self._loader = DataLoader(
            _Augmented(images, recipe, pipeline, processes),
            batch_size=None,
            sampler=self._epoch,
            num_workers=workers,
            persistent_workers=True,
            prefetch_factor=4,
            pin_memory=device.type == "cuda",
            multiprocessing_context="fork",
            # Otherwise it draws a seed from the global one when it starts, and a resumed run would go on with other
            # numbers.
            generator=torch.Generator(),
        )

    def __call__(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the batches of epoch number `epoch` (from 1): float32 N×C×H×W (channels last), int64 N, on the
        device."""
        self._epoch.epoch = epoch
        self._processes.draw_apart()
        for pixels, labels in self._loader:
            pixels = pixels.to(self._device, non_blocking=True).permute(0, 3, 1, 2).float() / 255
            yield (
                self._recipe.normalization(pixels).contiguous(memory_format=torch.channels_last),
                labels.to(self._device, non_blocking=True),
            )


class _Numbers:
    """The sampler: which batches there are. Its epoch is read whenever an epoch begins."""

    def __init__(self, count: int) -> None:
        self.epoch, self._count = 1, count

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((self.epoch, number) for number in range(self._count))

    def __len__(self) -> int:
        return self._count


class _Augmented(Dataset):
    """(epoch, number) → that batch: uint8 N×H×W×C, int64 N."""

    def __init__(self, images: Images, recipe: Recipe, pipeline: Callable[[], object], processes: Processes) -> None:
        self._pixels = images.pixels.permute(0, 2, 3, 1).contiguous().numpy()
        self._labels = images.labels
        self._recipe, self._make, self._processes = recipe, pipeline, processes
        self._pipeline = None
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def _shuffled(self, epoch: int) -> Tensor:
        return torch.randperm(
            len(self._labels), generator=torch.Generator().manual_seed(self._recipe.seed * 10_007 + epoch)
        )

    def __getitem__(self, which: tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, number = which
        if self._pipeline is None:
            import cv2

            cv2.setNumThreads(0)  # What albumentations computes with would take cores from the training.
            self._pipeline = self._make()
        batch = self._order(epoch)[number * self._recipe.batch_size : (number + 1) * self._recipe.batch_size]
        chosen = self._processes.share(batch)
        seed = (self._recipe.seed * 10_007 + epoch) * 100_003 + number
        self._pipeline.set_random_seed(seed * self._processes.count + self._processes.place)
        augmented = np.stack([self._pipeline(image=self._pixels[index])["image"] for index in chosen.tolist()])
        return torch.from_numpy(augmented), self._labels[chosen]
