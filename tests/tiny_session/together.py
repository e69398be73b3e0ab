"""Train as many processes as torchrun starts, into the folder named first.

    --die     the plain network; end by SIGKILL once the first process has written its second epoch
    --resume  go on with such a run
    --all     instead, two runs one after another, by the command line of every session
    --cifar   instead, an epoch of session 7's network, with albumentations, on generated images
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.sessions import load
from common import session, training
from common.data import Images
from common.processes import joined
from common.recipe import Recipe
from common.run_folder import RunFolder
from tests.tiny_session.train import SESSION, data

# In fp32, so that one batch and its shares differ by no more than the order of their sums.
training.training_precision = lambda device: "fp32"
RECIPE = Recipe(epochs=5, lr=0.1, schedule="one-cycle", averaging=0.9)


class Deadly(RunFolder):
    """A run that is killed between two epochs."""

    def add_epoch(self, *of: object) -> None:
        super().add_epoch(*of)
        if len(self.log) == 2:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    runs = Path(sys.argv[1])
    if "--all" in sys.argv:
        two = replace(SESSION, recipes=dict.fromkeys(("plain", "tiny"), replace(RECIPE, epochs=1)))
        session.load_images = lambda dataset, split, folder: data(200, 1)
        sys.argv[1:] = ["--run", "all", "--out", str(runs)]
        sys.exit(session.main(two, ""))
    if "--cifar" in sys.argv:
        session07 = load("session07")
        few = Images(torch.randint(256, (300, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)), torch.arange(300) % 10)
        with joined("cpu") as (processes, device):
            session.train_run(session07, "fast", replace(session07.recipes["fast"], epochs=1, batch_size=100), few, few, device, runs,
                              processes=processes)
        sys.exit()
    if "--die" in sys.argv:
        session.RunFolder = Deadly
    with joined("cpu") as (processes, device):
        # 2,999 images: the last batch can't be halved.
        session.train_run(SESSION, "plain", RECIPE, data(2_999, 1), data(500, 2), device, runs,
                          resume="--resume" in sys.argv, processes=processes)
