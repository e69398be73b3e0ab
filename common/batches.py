"""Batches of images that are held in memory: shuffled and augmented for training, in order for an evaluation."""

from collections.abc import Iterator

import torch
from torch import Tensor

from common.data import Images, Normalization
from common.processes import Processes
from common.recipe import Recipe

# Batches are gathered and augmented this many at a time: enough to make the cost per call small, while the block
# stays in the CPU's cache.
BLOCK = 8
# Few enough for what a layer returns to stay in the CPU's cache.
EVALUATION_BATCH = 250


def batches(images: Images, recipe: Recipe, processes: Processes = Processes()) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield one epoch of shuffled, augmented, normalised batches: float32 N×C×H×W (channels last), int64 N.

    Where several processes train together, all must start from one seed; each gets its share of every batch.
    """
    order = torch.randperm(len(images)).to(images.labels.device)
    processes.draw_apart()
    for block in order.split(recipe.batch_size * BLOCK):
        shares = [processes.share(batch) for batch in block.split(recipe.batch_size)]
        mine, sizes = torch.cat(shares), [len(share) for share in shares]
        pixels = images.pixels[mine].float() / 255
        for augmentation in recipe.augmentations:
            pixels = augmentation(pixels)
        pixels = recipe.normalization(pixels).contiguous(memory_format=torch.channels_last)
        yield from zip(pixels.split(sizes), images.labels[mine].split(sizes), strict=True)


def in_order(images: Images, normalization: Normalization) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all images in batches for an evaluation: float32 N×C×H×W (channels last, normalised), int64 N."""
    for start in range(0, len(images), EVALUATION_BATCH):
        inputs = normalization(images.pixels[start : start + EVALUATION_BATCH].float() / 255)
        yield inputs.contiguous(memory_format=torch.channels_last), images.labels[start : start + EVALUATION_BATCH]
