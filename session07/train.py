"""Train session 7's networks on CIFAR-10.

    python session07/train.py                  the main network, cifar10
    python session07/train.py --run fast       another one: under-100k, fast, or all
    python session07/train.py --device cuda    mixed precision on a GPU
    python session07/train.py --resume         go on after Ctrl-C, a crash or a power cut
    python session07/train.py --processes 2    each with half of every batch; on cuda a GPU each

Every run leaves a folder session07/runs/NAME, which `python -m checker session07` measures again.
"""

import os
import sys
import warnings
from dataclasses import replace
from pathlib import Path

# A thread that waits for the others gives up its core soon, for the process that augments. Read when torch is imported.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

if __name__ == "__main__":
    from common.interrupt import end_at_once

    end_at_once()  # At Ctrl-C; to import torch takes seconds.

from model import build

from common.command_line import main
from common.data import CIFAR10
from common.recipe import MUON, ONE_CYCLE
from common.session import Session

RESIDUAL = replace(ONE_CYCLE, lr=0.2, weight_decay=0.0005, normalization=CIFAR10.normalization)

RECIPES = {
    "cifar10": replace(RESIDUAL, epochs=80),
    "under-100k": replace(RESIDUAL, epochs=90),
    # Seven epochs to learn in, and three to show that what was reached is held.
    "fast": replace(
        MUON, epochs=10, lr=0.03, schedule="short-cycle", averaging=0.998, normalization=CIFAR10.normalization
    ),
}


def augmentation() -> object:
    """Return the albumentations pipeline: mirrored, shifted, scaled and rotated a little, and with a hole."""
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # It would look for a newer version over the network.
    import albumentations as A

    # The assignment names it, though albumentations would rather call it Affine.
    warnings.filterwarnings("ignore", "ShiftScaleRotate is a special case")
    return A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.ShiftScaleRotate(shift_limit=0.1, scale_limit=0.1, rotate_limit=5, border_mode=4, p=0.5),
            A.CoarseDropout(
                num_holes_range=(1, 1),
                hole_height_range=(16, 16),
                hole_width_range=(16, 16),
                fill=tuple(round(255 * value) for value in CIFAR10.normalization.mean),
                p=0.25,
            ),
        ]
    )


SESSION = Session(
    folder=Path(__file__).resolve().parent,
    build=build,
    recipes=RECIPES,
    main="cifar10",
    threshold=85.0,
    dataset=CIFAR10,
    augmentation=augmentation,
)

if __name__ == "__main__":
    sys.exit(main(SESSION, __doc__))
