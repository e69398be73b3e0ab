"""What every session's train.py does with its networks and recipes: the command line, and one run after another."""

import argparse
import hashlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import torch
from torch import nn

from common.anatomy.network import parameter_count
from common.data import MNIST, Dataset, Images, load_images
from common.device import describe_device
from common.errors import RunError, UserError
from common.processes import Processes, joined
from common.recipe import Recipe
from common.run_folder import RunFolder
from common.training import Classification, Epoch, Evaluation, Task, Trainer


@dataclass(frozen=True)
class Session:
    """A session: its folder, its networks and how each is trained.

    recipes: run name → recipe; `build` knows the same names
    main: the run that is trained where none is named
    threshold: accuracy in percent that the figures draw
    task: what the networks take in and give out, and how that is judged
    augmentation: returns the albumentations pipeline that images go through one by one, where the recipe's whole-batch
                  augmentations don't do
    """

    folder: Path
    build: Callable[[str], nn.Module]
    recipes: dict[str, Recipe]
    main: str
    threshold: float
    task: Task = Classification()
    dataset: Dataset = MNIST
    augmentation: Callable[[], object] | None = None

    @property
    def name(self) -> str:
        return self.folder.name


def main(session: Session, description: str) -> int:
    """Train what the command line asks for and return the exit code: 0, 2 after a mistake, 130 after Ctrl-C."""
    options = _parser(session, description).parse_args()
    runs = options.out or session.folder / "runs"
    # Of several processes that torchrun started one speaks for all.
    first = os.environ.get("RANK", "0") == "0"
    try:
        # torchrun's processes can join but once.
        with joined(options.device) as (processes, device):
            names = processes.first_does(lambda: _names(session, runs, options))
            for number, name in enumerate(names):
                _run(session, name, runs, options, device, processes, resume=options.resume and number == 0)
    except UserError as error:
        if first:
            print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if not first:
            pass
        elif any((runs / f".{name}").exists() for name in (session.recipes if options.run == "all" else [options.run])):
            again = [argument for argument in sys.argv[1:] if argument != "--resume"] + ["--resume"]
            print(f"\nInterrupted; go on from the last whole epoch with: {_launcher()} {session.name}/train.py {shlex.join(again)}",
                  file=sys.stderr)
        else:
            print("\nInterrupted before anything was written.", file=sys.stderr)
        return 130
    return 0


def _names(session: Session, runs: Path, options: argparse.Namespace) -> list[str]:
    """Return the runs that the command line asks for, in their order. Raises RunError."""
    if options.out is None and (options.epochs is not None or options.seed is not None):
        raise RunError("--epochs and --seed make another run than the one that session's runs folder stands for; "
                       "choose a folder for it with --out.")
    if options.run != "all":
        return [options.run]
    names = list(session.recipes)
    unfinished = [name for name in names if (runs / f".{name}").exists()]
    if options.resume and unfinished:
        # Those before the one that was interrupted are finished, those after it have not been started.
        names = names[names.index(unfinished.pop(0)):]
    if unfinished:
        raise RunError(f"There are unfinished runs in {runs}: {', '.join(unfinished)}; finish each with --run NAME "
                       f"--resume, or delete its hidden folder.")
    return names


def _launcher() -> str:
    count = os.environ.get("WORLD_SIZE", "1")
    # Without the two dashes torchrun takes --run for an option of its own.
    return "python" if count == "1" else f"torchrun --standalone --nproc-per-node={count} --"


def _parser(session: Session, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python {session.name}/train.py", description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", choices=[*session.recipes, "all"], default=session.main, metavar="NAME",
                        help=f"{', '.join(session.recipes)} or all (default: {session.main})")
    parser.add_argument("--epochs", type=positive, help="train for so many epochs instead of the recipe's")
    parser.add_argument("--seed", type=_seed, help="start from another seed than the recipe's")
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:1, mps")
    parser.add_argument("--data-dir", metavar="FOLDER", help="the data sets, as torchvision lays them out "
                                                             "(default: $DATA_DIR, else data/)")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    parser.add_argument("--out", metavar="FOLDER", type=Path,
                        help=f"write the run to FOLDER/NAME (default: {session.name}/runs)")
    return parser


def positive(text: str) -> int:
    """Return the number that a command line gives, from 1 on. Raises argparse.ArgumentTypeError."""
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _seed(text: str) -> int:
    number = _whole(text)
    if not 0 <= number < 2**31:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 2³¹")
    return number


def _run(session: Session, name: str, runs: Path, options: argparse.Namespace, device: torch.device, processes: Processes, *,
         resume: bool) -> None:
    changes = {key: value for key, value in (("epochs", options.epochs), ("seed", options.seed)) if value is not None}
    recipe = replace(session.recipes[name], **changes)

    def data() -> list[Images]:
        return [load_images(session.dataset, split, options.data_dir) for split in ("train", "test")]

    if processes.count > 1:
        processes.first_does(lambda: data() and None)  # It downloads what is missing, and none may read it before.
    train, test = data()
    train_run(session, name, recipe, train, test, device, runs, resume=resume, processes=processes)


def train_run(session: Session, name: str, recipe: Recipe, train: Images, test: Images, device: torch.device,
              runs: Path, *, resume: bool = False, processes: Processes = Processes()) -> Path:
    """Train the run called `name` and return its finished folder, `runs`/`name`. Raises UserError.

    Where several processes train together each calls this; the first alone evaluates, reports and touches the disk.
    """
    from common.progress import TrainingProgress
    from common.summary import summary

    torch.manual_seed(recipe.seed)
    network = session.build(name)
    table = summary(network, *session.task.input_shapes(session.dataset.shape))
    trainer = Trainer(network, recipe, train, device, session.task, session.augmentation, processes)
    folder = RunFolder(runs, name, describe(session, name, trainer, train, test))
    checkpoint = processes.first_does(folder.resume if resume else folder.start)
    if checkpoint is not None:
        trainer.restore(checkpoint)
    if not processes.is_first:
        for number in range(1 if checkpoint is None else checkpoint["epoch"] + 1, recipe.epochs + 1):
            trainer.train_epoch(number)
        return folder.final
    test_images = test.to(device)
    print(table)
    title = f"{session.name} {name}: {folder.description['parameters']:,} parameters, {trainer.precision} on {device}"
    with TrainingProgress(title, recipe.epochs, len(train), session.task.also) as progress:
        for line in folder.log:
            progress.add(Epoch.from_line(line))
        for number in range(len(folder.log) + 1, recipe.epochs + 1):
            epoch = trainer.run_epoch(number, test_images, lambda images, loss, number=number: progress.step(number, images, loss))
            folder.add_epoch(epoch, trainer.evaluated, trainer.state(), recipe.epochs)
            progress.add(epoch)
    folder.write("summary.txt", table)
    _illustrate(session, name, folder, trainer, test_images)
    return folder.finish()


def trained(session: Session, name: str) -> tuple[nn.Module, list[dict]]:
    """Return the network of the session's finished run with the weights of its last epoch, and the lines of its log.

    Raises RunError.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    folder = session.folder / "runs" / name
    try:
        log = [json.loads(line) for line in (folder / "epochs.jsonl").read_text().splitlines()]
        network = session.build(name)
        network.load_state_dict(load_file(folder / log[-1]["weights"]["file"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError, RuntimeError, SafetensorError) as error:
        raise RunError(f"{folder} holds no finished run of this network ({type(error).__name__}); train it with "
                       f"python {session.name}/train.py --run {name}.") from error
    return network, log


def describe(session: Session, name: str, trainer: Trainer, train: Images, test: Images) -> dict:
    """Return what run.json says of a run before it is trained."""
    import torchvision

    recipe = trainer.recipe
    return {
        "session": session.name, "run": name, "recipe": recipe.as_dict(), "seed": recipe.seed,
        "normalization": {"mean": recipe.normalization.mean, "std": recipe.normalization.std},
        "parameters": parameter_count(trainer.network), "device": describe_device(trainer.device),
        "precision": trainer.precision, "threads": torch.get_num_threads(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "torchvision": torchvision.__version__},
        "dataset": {"name": session.dataset.name, "train": train.digest(), "test": test.digest()},
        **({} if trainer.processes.count == 1 else {"processes": trainer.processes.count}),
        "model_sha256": hashlib.sha256((session.folder / "model.py").read_bytes()).hexdigest(),
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        **({} if session.augmentation is None else {"augmentation": session.augmentation().to_dict()}),
    }


def _illustrate(session: Session, name: str, folder: RunFolder, trainer: Trainer, test: Images) -> None:
    from common.figures import curves, misclassified

    title = f"{session.name} {name}"
    found: Evaluation = session.task.evaluate(trainer.evaluated, test, trainer.recipe.normalization)
    folder.write("curves.png", curves(title, folder.log, session.threshold, session.task.also))
    folder.write("misclassified.png", misclassified(title, test.to("cpu"), found.predictions.cpu(), session.dataset.classes))
