"""How fast the training loop is on MNIST, against the usual one and against the bare step, side by side in one run.

    python -m benchmarks.speed.throughput            about four minutes on two cores
    python -m benchmarks.speed.throughput --rounds 1

The network is session 5's published-9680 at batch size 128, with its own augmentation. The usual loop: DataLoader with
two workers, torchvision transforms for each image, fp32. What is measured, and how: benchmarks/speed/loops.py.
"""

import sys

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

from benchmarks.speed import loops
from common.data import data_folder
from tools.sessions import load

SESSION = load("session05")
RUN = "published-9680"
PER_IMAGE = transforms.Compose(
    [
        transforms.ColorJitter(brightness=0.1, contrast=0.1, saturation=0.1, hue=0.1),
        transforms.RandomRotation((-7.0, 7.0), fill=(1,)),
        transforms.ToTensor(),
        transforms.Normalize((0.1307,), (0.3081,)),
    ]
)


def usual(images: int, epoch: int, device: torch.device) -> float:
    """Return the images/s of one epoch over the first `images` training images, the way most notebooks do it."""
    torch.manual_seed(epoch)
    dataset = Subset(datasets.MNIST(data_folder(), train=True, transform=PER_IMAGE), range(images))
    loader = DataLoader(dataset, batch_size=128, shuffle=True, num_workers=2)
    network = SESSION.build(RUN).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.025, momentum=0.8)
    return loops.usual_epoch(network, loader, device, optimizer, loss=F.nll_loss)


if __name__ == "__main__":
    sys.exit(loops.main(SESSION, RUN, usual, __doc__, "throughput"))
