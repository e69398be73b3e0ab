"""What a result costs: how long it takes until a run has ended whose last five epochs all hold 99.4 % on MNIST.

    python -m benchmarks.speed.cost_of_a_result          about ten minutes on two cores
    python -m benchmarks.speed.cost_of_a_result --keep   keep it in cost_of_a_result.json, for the pages
    python -m benchmarks.speed.cost_of_a_result --held-out   what the short recipe is chosen by

Both train the same network, session 4's under-20k, from the images on the disk to the end, with all cores, and evaluate
it on all test images after every epoch.

usual: DataLoader with two workers, torchvision transforms for each image, SGD with a StepLR, fp32, as many epochs as
       the session allows: what most notebooks do, run to its end
ours:  this project's loop with a recipe as short as held-out images allow: Muon for eight epochs, the rate down after
       five; after four the first layers, which cost most and by then hardly change, stay as they are (as in FreezeOut,
       Brock et al., 2017)
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from benchmarks.speed import loops
from common.augment import DIGITS
from common.command_line import positive
from common.data import MNIST, data_folder, hold_out, load_images
from common.device import describe_device
from common.errors import UserError
from common.recipe import MUON
from common.training import Trainer
from tools.sessions import load

SESSION = load("session04")
RUN = "under-20k"
SHORT = replace(MUON, epochs=8, lr=0.03, schedule="short-cycle", averaging=0.997, augmentations=DIGITS)
WHOLE_EPOCHS = 4
FIRST = 6  # Modules of the network, on maps of 28×28 and 14×14, that learn in those epochs alone.
THRESHOLD = 99.4
EPOCHS = SESSION.recipes[RUN].epochs
NORMALIZE = transforms.Normalize((0.1307,), (0.3081,))
TRAIN = transforms.Compose([transforms.RandomRotation((-7.0, 7.0), fill=(0,)), transforms.ToTensor(), NORMALIZE])
TEST = transforms.Compose([transforms.ToTensor(), NORMALIZE])
CPU = torch.device("cpu")


def usual(seed: int) -> list[int]:
    """Train the way most notebooks do it, and return how many test images are right after each epoch."""
    torch.manual_seed(seed)
    train, test = (
        DataLoader(
            datasets.MNIST(data_folder(), train=is_train, transform=transform),
            batch_size=128,
            shuffle=is_train,
            num_workers=2,
        )
        for is_train, transform in ((True, TRAIN), (False, TEST))
    )
    network = SESSION.build(RUN)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=0.1)
    counts = []
    for _ in range(EPOCHS):
        loops.usual_epoch(network, train, CPU, optimizer)
        schedule.step()
        network.eval()
        with torch.no_grad():
            counts.append(sum(int((network(images).argmax(1) == labels).sum()) for images, labels in test))
    return counts


def ours(seed: int, held_out: bool = False) -> list[int]:
    """The same with the short recipe; or of 10,000 training images that are held out from it."""
    torch.manual_seed(seed)
    train = load_images(MNIST, "train")
    train, test = hold_out(train) if held_out else (train, load_images(MNIST, "test"))
    network = SESSION.build(RUN)
    trainer = Trainer(network, SHORT, train, CPU)
    counts = []
    for epoch in range(1, SHORT.epochs + 1):
        if epoch > WHOLE_EPOCHS:
            for module in list(network)[:FIRST]:
                module.requires_grad_(False)
        counts.append(trainer.run_epoch(epoch, test, lambda images, loss: None).test_correct)
    return counts


def main() -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=positive, default=1, help="runs of each, in turns, one seed each (default: 1)")
    parser.add_argument("--keep", action="store_true", help="keep what was measured, for the pages")
    parser.add_argument(
        "--held-out", action="store_true", help="train ours alone, on 50,000 images, and test on 10,000"
    )
    options = parser.parse_args()
    if options.held_out:
        for seed in range(options.rounds):
            right = min(ours(seed, held_out=True)[-5:])
            print(f"seed {seed}: {right} of 10,000 held-out images in the worst of the last five epochs")
        return 0
    seconds: dict[str, list[float]] = {"usual": [], "ours": []}
    counts: dict[str, list[list[int]]] = {"usual": [], "ours": []}
    for seed in range(options.rounds):
        trainings: tuple[tuple[str, Callable[[int], list[int]]], ...] = (("ours", ours), ("usual", usual))
        for name, trained in trainings:
            started = time.perf_counter()
            try:
                counts[name].append(trained(seed))
            except UserError as error:
                print(error, file=sys.stderr)
                return 2
            seconds[name].append(time.perf_counter() - started)
    total = MNIST.sizes["test"]
    found = {
        name: {
            "epochs": len(counts[name][0]),
            "worst_of_the_last_five": [100 * min(each[-5:]) / total for each in counts[name]],
            "seconds": statistics.median(seconds[name]),
            "to_usual": statistics.median(
                one / other for one, other in zip(seconds["usual"], seconds[name], strict=True)
            ),
        }
        for name in seconds
    }
    table = Table(title=f"{RUN} to {THRESHOLD} % in each of the last five epochs, {torch.get_num_threads()} threads")
    for heading in ("loop", "epochs", "worst of the last five (%)", "seconds", "to usual"):
        table.add_column(heading, justify="left" if heading == "loop" else "right")
    for name, values in found.items():
        table.add_row(
            name,
            f"{values['epochs']}",
            " ".join(f"{each:.2f}" for each in values["worst_of_the_last_five"]),
            f"{values['seconds']:.0f}",
            f"{values['to_usual']:.1f}×",
        )
    Console(width=80).print(table)
    if options.keep:
        kept = {
            "session": SESSION.name,
            "run": RUN,
            "threshold": THRESHOLD,
            "device": describe_device(CPU),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "loops": found,
        }
        Path(__file__).with_suffix(".json").write_text(json.dumps(kept, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
