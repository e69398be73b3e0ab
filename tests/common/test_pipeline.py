"""Batches from worker processes: every image once, the same stream for a seed, whoever makes it and wherever it
begins."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from common.data import Images, Normalization
from common.pipeline import AugmentedBatches
from common.recipe import Recipe
from tools.sessions import load

RECIPE = Recipe(batch_size=64, normalization=Normalization((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)))
CPU = torch.device("cpu")


def images(count: int = 300) -> Images:
    generator = torch.Generator().manual_seed(0)
    return Images(torch.randint(256, (count, 3, 32, 32), dtype=torch.uint8, generator=generator), torch.arange(count))


class Noise:
    """An albumentations pipeline as far as the batches know it."""

    def set_random_seed(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        return {"image": image ^ self.generator.integers(0, 2, image.shape, dtype=np.uint8)}


def stream(
    recipe: Recipe = RECIPE, *, epochs: tuple[int, ...] = (1,), workers: int = 1, pipeline: Callable[[], object] = Noise
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    batches = AugmentedBatches(images(), recipe, pipeline, CPU, workers=workers)
    return [batch for epoch in epochs for batch in batches(epoch)]


def test_every_image_once_an_epoch_in_another_order_each_time() -> None:
    first, second = ([int(label) for _, labels in stream(epochs=(epoch,)) for label in labels] for epoch in (1, 2))
    assert sorted(first) == sorted(second) == list(range(300)) and first != second


def test_batches_are_the_images_augmented_and_normalised() -> None:
    pixels, labels = stream()[0]
    assert pixels.shape == (64, 3, 32, 32) and pixels.is_contiguous(memory_format=torch.channels_last)
    difference = (pixels * 255).round() - images().pixels[labels].float()
    assert difference.abs().max() == 1  # The last bit is noise.


@pytest.mark.parametrize("pipeline", [Noise, load("session07").augmentation], ids=["noise", "albumentations"])
@pytest.mark.parametrize(
    ("epochs", "workers"), [((1, 2), 2), ((2,), 1)], ids=["two workers", "resumed at the second epoch"]
)
def test_the_stream_follows_from_seed_and_epoch_alone(
    epochs: tuple[int, ...], workers: int, pipeline: Callable[[], object]
) -> None:
    usual = stream(epochs=(1, 2), pipeline=pipeline)[-5:]
    other = stream(epochs=epochs, workers=workers, pipeline=pipeline)[-5:]
    assert all(torch.equal(a, c) and torch.equal(b, d) for (a, b), (c, d) in zip(usual, other, strict=True))


def test_workers_take_no_random_number_from_the_training() -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    stream()
    assert torch.equal(torch.rand(3), expected)


def test_another_seed_is_another_stream() -> None:
    assert not torch.equal(stream()[0][1], stream(replace(RECIPE, seed=1))[0][1])
