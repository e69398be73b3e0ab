"""Train session 4's networks on MNIST.

    python session04/train.py                         the main network, under-20k
    python session04/train.py --run published-10066   the other one
    python session04/train.py --run all               both, one after another
    python session04/train.py --resume                go on after Ctrl-C, a crash or a power cut

Every run leaves a folder session04/runs/NAME, which `python -m checker session04` measures again.
"""

import sys
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    from common.interrupt import end_at_once

    end_at_once()  # At Ctrl-C; to import torch takes seconds.

from model import build

from common.augment import DIGITS
from common.command_line import main
from common.recipe import ONE_CYCLE
from common.session import Session

RECIPES = {
    # As published: SGD at 0.1, batches of 64, 17 epochs. The schedule, the average and the augmentation are ours.
    "published-10066": replace(ONE_CYCLE, epochs=17, batch_size=64, lr=0.1, weight_decay=0.0, augmentations=DIGITS),
    "under-20k": replace(ONE_CYCLE, epochs=19, augmentations=DIGITS),
}

SESSION = Session(
    folder=Path(__file__).resolve().parent, build=build, recipes=RECIPES, main="under-20k", threshold=99.4
)

if __name__ == "__main__":
    sys.exit(main(SESSION, __doc__))
