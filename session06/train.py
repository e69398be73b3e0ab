"""Train session 6's networks on MNIST: one network, three normalisations.

    python session06/train.py --run all     batch (for comparison), batch-l1, layer, group
    python session06/train.py --run layer   one of them; batch-l1 where none is named
    python session06/train.py --resume      go on after Ctrl-C, a crash or a power cut

Every run leaves a folder session06/runs/NAME, which `python -m checker session06` measures again.
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

BATCH = replace(ONE_CYCLE, epochs=20, augmentations=DIGITS)
# Without batch norm, SGD wants a rate of its own; AdamW finds a step for each weight, and did better on held-out
# images.
OTHERS = replace(BATCH, optimizer="adamw", lr=0.01, nesterov=False, weight_decay=0.01)

RECIPES = {
    "batch": BATCH,
    "batch-l1": replace(BATCH, l1=1e-5),
    "layer": OTHERS,
    "group": OTHERS,
}

SESSION = Session(folder=Path(__file__).resolve().parent, build=build, recipes=RECIPES, main="batch-l1", threshold=99.4)

if __name__ == "__main__":
    sys.exit(main(SESSION, __doc__))
