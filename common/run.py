"""One run of a session, from its recipe to its finished folder."""

import contextlib
import hashlib
import platform
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import nn

from common.anatomy import FIXED_BATCH
from common.anatomy.network import parameter_count
from common.anatomy.record import record
from common.data import Images
from common.device import describe_device
from common.epoch import Epoch
from common.processes import Processes
from common.recipe import Recipe
from common.run_folder import RunFolder
from common.session import Session
from common.training import Trainer


def train_run(
    session: Session,
    name: str,
    recipe: Recipe,
    train: Images,
    test: Images,
    device: torch.device,
    runs: Path,
    *,
    resume: bool = False,
    tensorboard: bool = False,
    processes: Processes = Processes(),
) -> Path:
    """Train the run called `name` and return its finished folder, `runs`/`name`. Raises UserError.

    tensorboard: write its numbers for TensorBoard too
    Where several processes train together each calls this; the first alone evaluates, reports and touches the disk.
    """
    from common.progress import TrainingProgress
    from common.summary import summary

    torch.manual_seed(recipe.seed)
    network = session.build(name)
    shapes = session.task.input_shapes(session.dataset.shape)
    table = summary(network, *shapes) if processes.is_first else ""
    program = record(network, shapes, FIXED_BATCH) if processes.is_first else None
    trainer = Trainer(network, recipe, train, device, session.task, session.augmentation, processes)
    folder = RunFolder(runs, name, describe(session, name, trainer, train, test))
    checkpoint = processes.first_does(folder.resume if resume else folder.start)
    if checkpoint is not None:
        trainer.restore(checkpoint)
    if program is not None:
        folder.write_program(program)
    if not processes.is_first:
        for number in range(1 if checkpoint is None else checkpoint["epoch"] + 1, recipe.epochs + 1):
            trainer.train_epoch(number)
        return folder.final
    test_images = test.to(device)
    if folder.warning:
        print(folder.warning, file=sys.stderr)
    print(table)
    title = f"{session.name} {name}: {folder.description['parameters']:,} parameters, {trainer.precision} on {device}"
    with (
        TrainingProgress(title, recipe.epochs, len(train), session.task.also) as progress,
        _scalars(runs, name) if tensorboard else contextlib.nullcontext(lambda epoch: None) as draw,
    ):
        for line in folder.log:
            progress.add(Epoch.from_line(line))
            draw(Epoch.from_line(line))
        for number in range(len(folder.log) + 1, recipe.epochs + 1):
            epoch = trainer.run_epoch(
                number, test_images, lambda images, loss, number=number: progress.step(number, images, loss)
            )
            folder.add(epoch, trainer.evaluated, trainer.state())
            progress.add(epoch)
            draw(epoch)
    folder.write("summary.txt", table)
    for file, picture in pictures(session, name, recipe, folder.log, trainer.evaluated, test_images).items():
        folder.write(file, picture)
    return folder.finish()


def _scalars(runs: Path, name: str) -> AbstractContextManager[Callable[[Epoch], None]]:
    from common.tensorboard import FOLDER, scalars

    return scalars(runs / FOLDER / name)


def describe(session: Session, name: str, trainer: Trainer, train: Images, test: Images) -> dict:
    """Return what run.json says of a run before it is trained."""
    import torchvision

    recipe = trainer.recipe
    return {
        "session": session.name,
        "run": name,
        "recipe": recipe.as_dict(),
        "seed": recipe.seed,
        "normalization": {"mean": recipe.normalization.mean, "std": recipe.normalization.std},
        "parameters": parameter_count(trainer.network),
        "device": describe_device(trainer.device),
        "precision": trainer.precision,
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
        "dataset": {"name": session.dataset.name, "train": train.digest(), "test": test.digest()},
        **({} if trainer.processes.count == 1 else {"processes": trainer.processes.count}),
        "model_sha256": hashlib.sha256((session.folder / "model.py").read_bytes()).hexdigest(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        **({} if session.augmentation is None else {"augmentation": session.augmentation().to_dict()}),
    }


def pictures(session: Session, name: str, recipe: Recipe, log: list[dict], evaluated: nn.Module, test: Images) -> dict:
    """Return the pictures of a run by their names: curves.png and misclassified.png, as PNG files.

    `log` has the lines of epochs.jsonl; `evaluated` is the network with the last epoch's weights, on `test`'s device.
    """
    from common.figures import curves, misclassified

    title = f"{session.name} {name}"
    found = session.task.evaluate(evaluated, test, recipe.normalization)
    train = "train (as augmented)" if recipe.augmentations or session.augmentation else "train"
    return {
        "curves.png": curves(title, log, session.threshold, session.task.also, train=train),
        "misclassified.png": misclassified(title, test.to("cpu"), found.predictions.cpu(), session.dataset.classes),
    }
