"""A session: its networks, and how each is trained."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from common.data import MNIST, Dataset
from common.recipe import Recipe
from common.task import Classification, Task


@dataclass(frozen=True)
class Session:
    """A session: its folder, its networks and how each is trained.

    recipes: run name → recipe; `build` knows the same names
    main: the run that is trained where none is named
    threshold: accuracy in percent that the figures draw
    task: what the networks take in and give out, and how that is judged
    augmentation: returns the albumentations pipeline for images one by one, in place of the recipe's whole-batch
                  augmentations
    """

    folder: Path
    build: Callable[[str], nn.Module]
    recipes: dict[str, Recipe]
    main: str
    threshold: float
    task: Task = Classification()
    dataset: Dataset = MNIST
    augmentation: Callable[[], object] | None = None

    @property
    def name(self) -> str:
        return self.folder.name
