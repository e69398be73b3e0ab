"""How fast session 7 trains with albumentations, against the usual loop and against the bare step, side by side in one
run.

    python -m benchmarks.speed.cifar_pipeline            about four minutes on two cores
    python -m benchmarks.speed.cifar_pipeline --device cuda

The network is session 7's cifar10 at batch size 128. The usual loop: DataLoader with two workers, the same
albumentations pipeline and Normalize for each image, fp32. What is measured, and how: benchmarks/speed/loops.py.
"""

import os
import sys

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # As session07/train.py does, and before torch is imported.

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Subset
from torchvision import datasets

from benchmarks.speed import loops
from common.data import data_folder
from tools.sessions import load

SESSION = load("session07")
RUN = "cifar10"


class PerImage(datasets.CIFAR10):
    """CIFAR-10 the way most notebooks wrap albumentations around it."""

    def __init__(self) -> None:
        super().__init__(data_folder(), train=True)
        ours, normalization = SESSION.augmentation(), SESSION.recipes[RUN].normalization
        import albumentations as A

        self.pipeline = A.Compose([ours, A.Normalize(normalization.mean, normalization.std)])

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = self.pipeline(image=self.data[index])["image"]
        return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))), self.targets[index]


def usual(images: int, epoch: int, device: torch.device) -> float:
    """Return the images/s of one epoch over the first `images` training images, the way most notebooks do it."""
    torch.manual_seed(epoch)
    dataset = Subset(PerImage(), range(images))
    loader = DataLoader(dataset, batch_size=128, shuffle=True, num_workers=2)
    network = SESSION.build(RUN).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.025, momentum=0.8)
    return loops.usual_epoch(network, loader, device, optimizer)


if __name__ == "__main__":
    sys.exit(loops.main(SESSION, RUN, usual, __doc__, "cifar_pipeline"))
