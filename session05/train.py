"""Train session 5's networks on MNIST.

    python session05/train.py                  the main network, under-8k
    python session05/train.py --run smallest   another one
    python session05/train.py --run all        all seven, one after another
    python session05/train.py --resume         go on after Ctrl-C, a crash or a power cut

Every run leaves a folder session05/runs/NAME, which `python -m checker session05` measures again.
"""

import sys
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    from common.interrupt import end_at_once

    end_at_once()  # At Ctrl-C; to import torch takes seconds.

from model import build

from common.augment import DIGITS, Affine, ColorJitter
from common.command_line import main
from common.recipe import MUON, Recipe
from common.session import Session

SCHEDULED = replace(MUON, augmentations=DIGITS)

RECIPES = {
    "skeleton": Recipe(optimizer="adamw", lr=0.001, averaging=0.999),
    "batch-norm": Recipe(optimizer="muon", lr=0.01, momentum=0.95, weight_decay=0.01, averaging=0.999),
    "augmented": Recipe(
        optimizer="sgd", lr=0.03, nesterov=True, weight_decay=0.0005, averaging=0.999, augmentations=DIGITS
    ),
    "scheduled": SCHEDULED,
    "under-8k": SCHEDULED,
    # Smaller batches, and so twice as many steps: it learns no more than it can hold.
    "smallest": replace(SCHEDULED, batch_size=64, lr=0.014, averaging=0.9995),
    # As published: the text names a StepLR, the notebook never steps it, so the rate stays as it is.
    "published-9680": Recipe(
        optimizer="sgd",
        lr=0.025,
        momentum=0.8,
        augmentations=(ColorJitter(brightness=0.1, contrast=0.1), Affine(degrees=7, mode="nearest")),
    ),
}

SESSION = Session(folder=Path(__file__).resolve().parent, build=build, recipes=RECIPES, main="under-8k", threshold=99.4)

if __name__ == "__main__":
    sys.exit(main(SESSION, __doc__))
