"""The submission's own code: model.py and train.py, imported so that nothing they do can crash the checker or change the folder."""

import contextlib
import importlib.util
import os
import runpy
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from checker.verdict import CannotCheckError

if TYPE_CHECKING:
    from torch import nn


@contextlib.contextmanager
def student_code(doing: str, help: str) -> Iterator[None]:
    """Run code of the submission: what it prints goes to stderr, its warnings nowhere, whatever it raises becomes one sentence."""
    try:
        with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (KeyboardInterrupt, CannotCheckError):
        raise
    except BaseException as error:  # sys.exit() in a model.py included.
        lines = str(error).splitlines() or [""]
        raise CannotCheckError(f"{doing} raised {type(error).__name__}: {lines[0]}"[:300].rstrip(": "), help) from error


def load_build(folder: Path) -> "Callable[[str], nn.Module]":
    """Return `build` of the folder's model.py. Raises CannotCheckError where that is not to be had."""
    path = folder / "model.py"
    if not path.is_file():
        raise CannotCheckError(f"There is no {path}.", "Put the network's code there, with a function build(name).")
    with student_code(f"Importing {path}", "Run `python model.py` in that folder: it must import by itself, "
                                            "with torch and nothing of its neighbours."):
        specification = importlib.util.spec_from_file_location("submitted_model", path)
        module = importlib.util.module_from_spec(specification)
        sys.modules["submitted_model"] = module  # Dataclasses look their module up.
        # A byte-code file left behind would change the folder that is judged.
        written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            specification.loader.exec_module(module)
        finally:
            sys.dont_write_bytecode = written
    if not callable(getattr(module, "build", None)):
        raise CannotCheckError(f"{path} has no function build(name).", "Add one that returns the network of a run.")
    return module.build


def load_augmentation(folder: Path) -> object:
    """Return what `augmentation()` of the folder's train.py returns. Raises CannotCheckError where that is not to be had."""
    path = folder / "train.py"
    if not path.is_file():
        raise CannotCheckError(f"There is no {path}.", "Put the script there that trained the run, with a function augmentation().")
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # It would look for a newer version over the network.
    # train.py imports its own neighbours, and leaves no trace of them, neither here nor in its folder.
    modules, written = dict(sys.modules), sys.dont_write_bytecode
    for name in ("model", "train"):
        sys.modules.pop(name, None)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        with student_code(f"Importing {path}", "It must import without training: keep that behind if __name__ == '__main__'."):
            namespace = runpy.run_path(str(path), run_name="submitted_train")
        if not callable(namespace.get("augmentation")):
            raise CannotCheckError(f"{path} has no function augmentation().", "Add one that returns the albumentations pipeline.")
        with student_code("augmentation() of train.py", "Try it in Python: it takes no arguments."):
            return namespace["augmentation"]()
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = written
        for name in set(sys.modules) - set(modules):
            file = getattr(sys.modules[name], "__file__", None)
            if file is not None and Path(file).resolve().is_relative_to(folder.resolve()):
                del sys.modules[name]
        sys.modules.update(modules)
