"""Load a session's train.py for a benchmark or a test: the session is a script in a folder, not a package."""

import importlib.util
import runpy
import sys
from pathlib import Path

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
