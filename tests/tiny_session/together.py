"""Train as many processes as torchrun starts, into the folder named first.

--die     the plain network; end by SIGKILL once the first process has written its second epoch
--resume  go on with such a run
--all     instead, two runs one after another, by the command line of every session
--launch  the plain network by that command line, in two processes that it launches; with --die and --resume
--cifar   instead, an epoch of session 7's network, with albumentations, on generated images
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch

from common import command_line, run, training
from common.data import MNIST, Images
from common.processes import joined
from common.recipe import Recipe
from common.run_folder import RunFolder
from tests.tiny_session.train import SESSION, data, no_table
from tools.sessions import load

# In fp32, so that one batch and its shares differ by no more than the order of their sums.
training.training_precision = lambda device: "fp32"
RECIPE = Recipe(epochs=5, lr=0.1, schedule="one-cycle", averaging=0.9)


def threads_of_the_group() -> int:
    """Return how many threads of a process group there are."""
    return sum((each / "comm").read_text().startswith("pt_gloo") for each in Path("/proc/self/task").iterdir())


class Deadly(RunFolder):
    """A run that is killed between two epochs."""

    def add(self, *of: object) -> None:
        super().add(*of)
        if len(self.log) == 2:
            os.kill(os.getpid(), signal.SIGKILL)


def main(runs: Path, options: list[str]) -> int:
    if "--die" in options:
        run.RunFolder = Deadly
    if "--all" in options or "--launch" in options:
        images = data(200, 1)
        generated = replace(MNIST, digests=dict.fromkeys(MNIST.digests, images.digest()))
        if "--all" in options:
            recipes = dict.fromkeys(("plain", "tiny"), replace(RECIPE, epochs=1))
            sys.argv[1:] = ["--run", "all", "--out", str(runs)]
        else:
            recipes = {"plain": RECIPE}
            sys.argv[1:] = ["--run", "plain", "--out", str(runs), "--processes", "2", *options[-1:]]
            sys.argv = [each for each in sys.argv if each not in ("--launch", "--die")]
        command_line.load_images = lambda dataset, split, folder: images
        with no_table():
            return command_line.main(replace(SESSION, recipes=recipes, dataset=generated), "")
    with joined("cpu") as (processes, device):
        if "--cifar" in options:
            session07 = load("session07")
            few = Images(
                torch.randint(256, (300, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)),
                torch.arange(300) % 10,
            )
            run.train_run(
                session07,
                "fast",
                replace(session07.recipes["fast"], epochs=1, batch_size=100),
                few,
                few,
                device,
                runs,
                processes=processes,
            )
        else:
            # 2,999 images: the last batch can't be halved.
            with no_table():
                run.train_run(
                    SESSION,
                    "plain",
                    RECIPE,
                    data(2_999, 1),
                    data(500, 2),
                    device,
                    runs,
                    resume="--resume" in options,
                    processes=processes,
                )
    return 0


if __name__ == "__main__":
    try:
        code = main(Path(sys.argv[1]), sys.argv[2:])
    finally:
        # A process may abort where they meet the end of Python.
        print(f"{threads_of_the_group()} threads left", file=sys.stderr)
    sys.exit(code)
