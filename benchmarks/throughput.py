"""How fast the training loop is, against the usual one and against the bare step, side by side in one run.

    python benchmarks/throughput.py            about four minutes on two cores
    python benchmarks/throughput.py --rounds 1

The network is session 5's published-9680 at batch size 128, with its own augmentation. Measured in turns, so that
whatever else the machine does touches all three alike; the table shows medians and ratios.

usual: DataLoader with two workers, torchvision transforms for each image, fp32
ours:  common.training, augmentation and progress included
bare:  forward, backward and optimizer step on one fixed batch, as ours computes them
"""

import argparse
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from sessions import load

from common.data import Images, data_folder, load_mnist
from common.device import autocast, choose_device
from common.errors import UserError
from common.progress import TrainingProgress
from common.training import Trainer, batches

SESSION = load("session05")
RUN = "published-9680"
BARE_STEPS = 150


def usual(images: int, epoch: int) -> float:
    """Return the images/s of one epoch over the first `images` training images, the way most notebooks do it."""
    from torch.utils.data import DataLoader, Subset
    from torchvision import datasets, transforms

    torch.manual_seed(epoch)
    transform = transforms.Compose([
        transforms.ColorJitter(brightness=0.1, contrast=0.1, saturation=0.1, hue=0.1),
        transforms.RandomRotation((-7.0, 7.0), fill=(1,)),
        transforms.ToTensor(),
        transforms.Normalize((0.1307,), (0.3081,)),
    ])
    dataset = Subset(datasets.MNIST(data_folder(), train=True, transform=transform), range(images))
    loader = DataLoader(dataset, batch_size=128, shuffle=True, num_workers=2)
    network = SESSION.build(RUN)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.025, momentum=0.8)
    network.train()
    correct, loss_sum = 0, 0.0
    started = time.perf_counter()
    for inputs, labels in loader:
        optimizer.zero_grad()
        output = network(inputs)
        loss = F.nll_loss(output, labels)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item()
        correct += output.argmax(1).eq(labels).sum().item()
    return images / (time.perf_counter() - started)


def ours(train: Images, epoch: int, device: torch.device) -> float:
    """Return the images/s of one epoch of this project's loop over `train`."""
    trainer = Trainer(SESSION.build(RUN), SESSION.recipes[RUN], train, device)
    with TrainingProgress("ours", 1, len(train)) as progress:
        started = time.perf_counter()
        trainer.train_epoch(epoch, lambda images, loss: progress.step(1, images, loss))
        return len(train) / (time.perf_counter() - started)


def bare(train: Images, device: torch.device) -> float:
    """Return the images/s of the same step on one batch that is already there."""
    trainer = Trainer(SESSION.build(RUN), SESSION.recipes[RUN], train, device)
    trainer.network.train()
    images, labels = next(batches(trainer.train_images, trainer.recipe))
    started = time.perf_counter()
    for _ in range(BARE_STEPS):
        with autocast(device, trainer.precision):
            logits = trainer.network(images)
        loss = F.cross_entropy(logits.float(), labels)
        trainer.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        trainer.optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return BARE_STEPS * len(labels) / (time.perf_counter() - started)


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="turns of all three (default: 5)")
    parser.add_argument("--images", type=int, default=20_000, help="training images in a turn (default: 20,000)")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    try:
        device = choose_device(options.device)
        train = load_mnist("train")
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    train = train.select(torch.arange(options.images))
    bare(train, device)  # Warm up: the first steps choose kernels.
    rows = {"usual": [], "ours": [], "bare": []}
    for turn in range(options.rounds):
        rows["bare"].append(bare(train, device))
        rows["ours"].append(ours(train, turn + 1, device))
        rows["usual"].append(usual(options.images, turn))
    medians = {name: statistics.median(values) for name, values in rows.items()}
    table = Table(title=f"{RUN}, batch 128, {device}, {torch.get_num_threads()} threads, "
                        f"medians of {options.rounds} turns")
    for heading in ("loop", "images/s", "least", "most", "to usual", "to bare"):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    for name, values in rows.items():
        table.add_row(name, f"{medians[name]:,.0f}", f"{min(values):,.0f}", f"{max(values):,.0f}",
                      f"{statistics.median(a / b for a, b in zip(values, rows['usual'], strict=True)):.2f}×",
                      f"{100 * statistics.median(a / b for a, b in zip(values, rows['bare'], strict=True)):.0f} %")
    Console(width=80).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
