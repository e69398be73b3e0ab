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
from common.recipe import MUON
from common.session import Session

# One recipe for all: on held-out images Muon did better than SGD and AdamW with each of the three.
MUON_20 = replace(MUON, epochs=20, augmentations=DIGITS)

RECIPES = {
    "batch": MUON_20,
    "batch-l1": replace(MUON_20, l1=1e-5),
    "layer": MUON_20,
    "group": MUON_20,
}

SESSION = Session(folder=Path(__file__).resolve().parent, build=build, recipes=RECIPES, main="batch-l1", threshold=99.4)

if __name__ == "__main__":
    sys.exit(main(SESSION, __doc__))
