"""The command line of every session's train.py."""

import argparse
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path

import torch

from common.data import Images, load_images, verify
from common.errors import RunError, UserError
from common.interrupt import may_raise
from common.launch import is_launched, launch
from common.processes import Processes, joined
from common.run import train_run
from common.run_folder import refuse_where_written
from common.session import Session
from common.tensorboard import FOLDER as TENSORBOARD
from common.tensorboard import refuse_where_missing
from common.threads import use_idle_cores


def main(session: Session, description: str) -> int:
    """Train what the command line asks for and return the exit code: 0, 2 after a mistake, 130 after Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # Not every terminal knows ×.
    options = _parser(session, description).parse_args()
    runs = options.out or session.folder / "runs"
    # Of several processes that torchrun started one speaks for all.
    first = os.environ.get("RANK", "0") == "0"
    try:
        may_raise()
        if options.tensorboard:
            refuse_where_missing()
        if options.processes > 1 and not is_launched():
            return launch(options.processes, _again(session, options))
        # torchrun's processes can join but once.
        with joined(options.device) as (processes, device):
            names = processes.first_does(lambda: _names(session, runs, options))
            note = use_idle_cores() if device.type == "cpu" else None
            if note and first:
                print(note, file=sys.stderr)
            for number, name in enumerate(names):
                folder = _run(session, name, runs, options, device, processes, resume=options.resume and number == 0)
                if first:
                    print(_farewell(session, folder))
            if options.tensorboard and first:
                print(f"See its curves with: tensorboard --logdir {shlex.quote(str(runs / TENSORBOARD))}")
    except UserError as error:
        if first:
            print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if not first:
            pass
        elif any((runs / f".{name}").exists() for name in (session.recipes if options.run == "all" else [options.run])):
            print(f"\nInterrupted; go on from the last whole epoch with: {_again(session, options)}", file=sys.stderr)
        else:
            print("\nInterrupted before anything was written.", file=sys.stderr)
        return 130
    return 0


def _names(session: Session, runs: Path, options: argparse.Namespace) -> list[str]:
    """Return the runs that the command line asks for, in their order. Raises RunError."""
    if options.out is None and (options.epochs is not None or options.seed is not None):
        raise RunError(
            "With --epochs or --seed it is not the run that the session's own folder stands for; "
            "choose another folder with --out."
        )
    if options.run != "all":
        return [options.run]
    names = list(session.recipes)
    unfinished = [name for name in names if (runs / f".{name}").exists()]
    for name in unfinished:
        refuse_where_written(runs / f".{name}")
    if options.resume and unfinished:
        # Those before the one that was interrupted are finished, those after it have not been started.
        names = names[names.index(unfinished.pop(0)) :]
    if unfinished:
        raise RunError(
            f"There are unfinished runs in {runs}: {', '.join(unfinished)}; finish each with --run NAME "
            f"--resume, or delete its hidden folder."
        )
    return names


def _again(session: Session, options: argparse.Namespace) -> str:
    """Return the command that goes on with what this one began."""
    count = os.environ.get("WORLD_SIZE", "1")
    # Without the two dashes torchrun takes --run for an option of its own.
    torchrun = f"torchrun --standalone --nproc-per-node={count} --"
    arguments = [*(argument for argument in sys.argv[1:] if argument != "--resume"), "--resume"]
    launcher = "python" if count == "1" or options.processes > 1 else torchrun
    return f"{launcher} {session.name}/train.py {shlex.join(arguments)}"


def _parser(session: Session, description: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python {session.name}/train.py",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--run",
        choices=[*session.recipes, "all"],
        default=session.main,
        metavar="NAME",
        help=f"{', '.join(session.recipes)} or all (default: {session.main})",
    )
    parser.add_argument("--epochs", type=positive, help="number of epochs, in place of the recipe's")
    parser.add_argument("--seed", type=_seed, help="random seed, in place of the recipe's")
    parser.add_argument("--device", default="cpu", help="cpu (default), cuda, cuda:1, mps")
    parser.add_argument(
        "--processes", type=positive, default=1, metavar="N", help="train in so many processes, on cuda on a GPU each"
    )
    parser.add_argument(
        "--data-dir",
        metavar="FOLDER",
        help="the data sets, as torchvision lays them out (default: $DATA_DIR, else data/)",
    )
    parser.add_argument("--resume", action="store_true", help="continue a run that was interrupted")
    parser.add_argument(
        "--tensorboard", action="store_true", help=f"write the run's numbers to {TENSORBOARD}/NAME beside it too"
    )
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, help=f"write the run to FOLDER/NAME (default: {session.name}/runs)"
    )
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


def _run(
    session: Session,
    name: str,
    runs: Path,
    options: argparse.Namespace,
    device: torch.device,
    processes: Processes,
    *,
    resume: bool,
) -> Path:
    changes = {key: value for key, value in (("epochs", options.epochs), ("seed", options.seed)) if value is not None}
    recipe = replace(session.recipes[name], **changes)

    def read(split: str) -> Images:
        images = load_images(session.dataset, split, options.data_dir)
        verify(images, session.dataset, split, options.data_dir)
        return images

    if processes.count > 1:
        # It downloads, and none may read before.
        processes.first_does(lambda: [len(read(split)) for split in ("train", "test")])
    train, test = read("train"), read("test")
    return train_run(
        session,
        name,
        recipe,
        train,
        test,
        device,
        runs,
        resume=resume,
        tensorboard=options.tensorboard,
        processes=processes,
    )


def _farewell(session: Session, run: Path) -> str:
    """Return where the finished run is, and how it is checked."""
    check = f"python -m checker {session.name}"
    if run.parent.resolve() == session.folder / "runs":
        return f"The run is in {run}; check it with: {check} --run {run.name}"
    # The checker reads FOLDER/runs/NAME, which holds the network too.
    if run.parent.name == "runs":
        folder = shlex.quote(str(run.parent.parent))
        return f"The run is in {run}; check it with: {check} --path {folder} --run {run.name}"
    return (
        f"The run is in {run}; to check it, copy it to FOLDER/runs/{run.name}, then: {check} --path FOLDER "
        f"--run {run.name}"
    )
