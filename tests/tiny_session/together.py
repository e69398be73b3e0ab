"""Train the plain network in as many processes as torchrun starts, into the folder named first.

    --die     end by SIGKILL once the first process has written its second epoch
    --resume  go on with such a run
"""

import os
import signal
import sys
from pathlib import Path

from common import training
from common.processes import joined
from common.recipe import Recipe
from common.run_folder import RunFolder
from common.session import train_run
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
    if "--die" in sys.argv:
        from common import run_folder

        run_folder.RunFolder = Deadly
    with joined("cpu") as (processes, device):
        # 2,999 images: the last batch can't be halved.
        train_run(SESSION, "plain", RECIPE, data(2_999, 1), data(500, 2), device, Path(sys.argv[1]),
                  resume="--resume" in sys.argv, processes=processes)
