"""A session on generated images, for tests of the loop and the run folder."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path
from unittest import mock

import torch

from common.augment import Affine
from common.data import Images
from common.recipe import Recipe
from common.run import train_run
from common.session import Session
from tests.tiny_session.model import build
from tests.written_submission import images

RECIPE = Recipe(
    epochs=7,
    optimizer="adamw",
    lr=0.02,
    schedule="one-cycle",
    averaging=0.9,
    augmentations=(Affine(degrees=5, shift=1),),
)
SESSION = Session(
    folder=Path(__file__).resolve().parent, build=build, recipes={"tiny": RECIPE}, main="tiny", threshold=99.4
)


def data(count: int, seed: int) -> Images:
    """Return `count` generated images."""
    pixels, labels = images(count, seed)
    return Images(pixels.unsqueeze(1), labels)


def no_table() -> AbstractContextManager:
    """Return a context in which a run's table, which takes longer than its training, is not computed."""
    return mock.patch("common.summary.summary", return_value="a table\n")


def train(runs: Path, *, recipe: Recipe = RECIPE, resume: bool = False) -> Path:
    """Train the tiny run into `runs` and return its folder."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with no_table():
            return train_run(
                SESSION, "tiny", recipe, data(3_000, 1), data(500, 2), torch.device("cpu"), runs, resume=resume
            )
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    # Die by SIGKILL at the given call of a function, e.g. "os.fsync 9": between two lines, without any farewell.
    import os
    import signal

    name, at = sys.argv[2], int(sys.argv[3])
    owner, attribute = {
        "os.fsync": (os, "fsync"),
        "Path.rename": (Path, "rename"),
        "Adam.step": (torch.optim.AdamW, "step"),
    }[name]
    original, calls = getattr(owner, attribute), iter(range(1, 1_000_000))

    def deadly(*args: object, **keywords: object) -> object:
        if next(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **keywords)

    setattr(owner, attribute, deadly)
    train(Path(sys.argv[1]))
