"""Sessions and their committed runs, for tools, benchmarks and tests: a session is a folder, not a package."""

import hashlib
import importlib.util
import json
import math
import runpy
import sys
from pathlib import Path

from torch import nn

from checker.assignments import ASSIGNMENTS
from common.errors import RunError
from common.recipe import Recipe
from common.session import Session

REPOSITORY = Path(__file__).resolve().parent.parent


def load(name: str) -> Session:
    """Return the SESSION of the session called `name`, e.g. "session05": its networks and recipes."""
    folder = REPOSITORY / name
    # train.py says `from model import build`, which finds its neighbour when it runs as a script.
    specification = importlib.util.spec_from_file_location("model", folder / "model.py")
    sys.modules["model"] = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(sys.modules["model"])
        return runpy.run_path(str(folder / "train.py"))["SESSION"]
    finally:
        del sys.modules["model"]


SESSIONS = {name: load(name) for name in ASSIGNMENTS}


def log(session: Session, run: str) -> list[dict]:
    """Return the lines of a committed run's epochs.jsonl. Raises RunError."""
    path = session.folder / "runs" / run / "epochs.jsonl"
    try:
        return [json.loads(line) for line in path.read_text().splitlines()]
    except (OSError, ValueError) as error:
        raise RunError(
            f"{path} can't be read; train the run with python {session.name}/train.py --run {run}."
        ) from error


def held_from(accuracies: list[float], threshold: float) -> float:
    """Return the epoch (from 1) from which on every accuracy reaches `threshold`; infinity where the last one does
    not."""
    below = [epoch for epoch, accuracy in enumerate(accuracies, 1) if not accuracy >= threshold]
    first = max(below, default=0) + 1
    return first if first <= len(accuracies) else math.inf


def shown_epoch(epoch: float) -> str:
    """Return what a table says of an epoch from `held_from`."""
    return "never" if epoch == math.inf else f"{epoch}"


def single_view(network: nn.Module) -> nn.Module:
    """Return the network that sees one view of an image: what a network with test-time augmentation wraps, or else
    itself."""
    return getattr(network, "network", network)


def network_digest(session: Session, run: str, folder: Path | None = None) -> str:
    """Return the SHA-256 of a run's network: of its layers as they print, dropout among them, and of the program in
    `folder` (of the committed run, where none is named), which says how they are joined. It stays the same when
    model.py is only written otherwise."""
    program = ((folder or session.folder / "runs" / run) / "program.json").read_text()
    return hashlib.sha256(f"{session.build(run)}\n{program}".encode()).hexdigest()


def is_current(session: Session, run: str, recipe: Recipe, line: dict) -> bool:
    """Whether a line of results was measured with the run's present network and with `recipe`."""
    same_recipe = line["recipe"] == json.loads(json.dumps(recipe.as_dict()))
    return same_recipe and line["network_sha256"] == network_digest(session, run)
