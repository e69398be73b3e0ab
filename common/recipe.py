"""A recipe: everything about a training run that is not the network or the data."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from torch import Tensor

from common.data import Normalization

SCHEDULES = ("constant", "one-cycle", "short-cycle")
OPTIMIZERS = ("sgd", "adamw", "muon")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. Two runs of one recipe on one machine give the same weights.

    lr:              the peak learning rate
    schedule:        "constant", or "one-cycle": a linear rise to `lr` over the share `warmup` of all steps,
                     then half a cosine down to zero (Smith and Topin, 2018); or "short-cycle": that in the first two
                     thirds of all steps, down to a fiftieth of `lr`, at which it stays
    optimizer:       "sgd", "adamw", or "muon" (see common.muon)
    momentum:        SGD's or Muon's momentum, AdamW's first beta
    nesterov:        SGD with Nesterov's momentum, which Muon always has
    l1:              weight in the loss of the sum of the kernels' absolute values
    averaging:       decay per step of an exponential moving average of weights and batch-norm statistics;
                     the average is what is evaluated and saved (Polyak and Juditsky, 1992); 0 for none
    augmentations:   applied in order to whole batches of images in [0, 1], then `normalization`
    """

    epochs: int = 15
    batch_size: int = 128
    optimizer: str = "sgd"
    lr: float = 0.1
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    l1: float = 0.0
    schedule: str = "constant"
    warmup: float = 0.2
    averaging: float = 0.0
    augmentations: tuple[Callable[[Tensor], Tensor], ...] = ()
    normalization: Normalization = Normalization()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.schedule not in SCHEDULES or self.optimizer not in OPTIMIZERS:
            raise ValueError(f"A recipe's schedule is one of {SCHEDULES}, its optimizer one of {OPTIMIZERS}.")

    def lr_at(self, step: int, steps: int) -> float:
        """Return the learning rate of `step` (from 0) of `steps`."""
        if self.schedule == "constant":
            return self.lr
        end, least = (2 * steps / 3, self.lr / 50) if self.schedule == "short-cycle" else (steps, 0.0)
        rise = self.warmup * end
        if step < rise:
            return self.lr * (step + 1) / (rise + 1)
        if step > end:
            return least
        return least + (self.lr - least) * (1 + math.cos(math.pi * (step - rise) / (end - rise))) / 2

    def as_dict(self) -> dict:
        """Return the recipe as JSON values; an augmentation is its name and its arguments."""
        values = asdict(self)
        values["augmentations"] = [{"name": type(each).__name__, **asdict(each)} for each in self.augmentations]
        return values


# Where each session ends: Nesterov's momentum under one cycle, evaluated as an average of the weights.
ONE_CYCLE = Recipe(optimizer="sgd", lr=0.3, nesterov=True, weight_decay=0.0001, schedule="one-cycle", averaging=0.999)
# The same for Muon, whose steps have another size.
MUON = replace(ONE_CYCLE, optimizer="muon", lr=0.02, momentum=0.95, nesterov=False, weight_decay=0.01)
