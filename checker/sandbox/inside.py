"""The only module that imports a stranger's code. Runs in the sandbox, as a program: inside.py JOB.JSON FILE-DESCRIPTOR

It answers the job's tasks one after another on the file descriptor, each with a frame (see frames.py). The code that it
imports
runs in the same process and can forge any answer: whoever reads them trusts none.
"""

import importlib.util
import json
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

Result = TypeVar("Result")
# What albumentations says of arguments that it does not know.
_DROPPED = re.compile(r"Argument\(s\) '([^']*)'")


class RefusedError(Exception):
    """The code can't be used: a sentence, what to do about it, and the kind of problem."""

    def __init__(self, message: str, help: str, kind: str = "refused") -> None:
        super().__init__(message)
        self.message, self.help, self.kind = message, help, kind


class Submission:
    """A stranger's folder, as this process sees it."""

    def __init__(self, folder: str, name: str, left_out: dict[str, str], most_bytes: int) -> None:
        """name: what the folder is called in sentences; left_out: why files are not in it; most_bytes: of an answer."""
        self._folder, self._name, self._left_out, self._most_bytes = Path(folder), name, left_out, most_bytes
        self._modules: dict[str, ModuleType | RefusedError] = {}
        self._recording: tuple[Callable[..., Any], Callable[..., Any], Any] | None = None
        self._network: Any = None

    def network(self, run: str, inputs: list[list[int]], batch: int) -> tuple[bytes, bytes]:
        """Return the program that records the network of `run`, and its constants. Raises RefusedError."""
        self._file("model.py", "Put the network's code there, with a function build(name).")
        self._recorder()
        build = self._function(
            "model.py",
            "build",
            "build(name)",
            "Add one that returns the network of a run.",
            "Run `python model.py` in that folder: it must import by itself, with torch.",
        )
        network = self._doing(
            f"build({run!r}) of model.py",
            "Try it in Python: it takes the run's name and returns a torch.nn.Module.",
            lambda: build(run),
        )
        return self._recorded(network, run, inputs, batch)

    def model(self, file: str, run: str, built_by: str, inputs: list[list[int]], batch: int) -> tuple[bytes, bytes]:
        """Return the program that records a network of `file`, and its constants. Raises RefusedError.

        built_by: an expression that builds it; where it is "", build(run), or the last network class of the file
        """
        self._recorder()
        module = self._module(
            file,
            "Name the file that defines the network.",
            "It must import by itself: keep training and data behind if __name__ == '__main__'.",
        )
        found = built_by or _obvious(module, run)
        if not found:
            raise RefusedError(
                f"{file} defines no network.",
                "Define a class that derives from torch.nn.Module, or a function build(name).",
            )

        def built() -> object:
            import torch

            torch.manual_seed(0)
            return eval(found, vars(module))

        self._network = self._doing(
            f"{found} in {file}", "Say how to build the network: --init 'Net(…)'. It must be a torch.nn.Module.", built
        )
        return self._recorded(self._network, file, inputs, batch)

    def initial(self) -> tuple[bytes, bytes]:
        """Return the weights of the network that was recorded last as safetensors. Raises RefusedError."""
        if self._network is None:
            raise RefusedError("There is no network whose weights could be read.", "See why it could not be recorded.")

        def weights() -> tuple[bytes, bytes]:
            from safetensors.torch import save

            tensors = self._network.state_dict()
            return b"{}", save({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()})

        return self._doing("Reading the network's weights", "It must have a state dict of tensors.", weights)

    def _recorded(self, network: object, name: str, inputs: list[list[int]], batch: int) -> tuple[bytes, bytes]:
        record, to_bytes, not_recordable = self._recorder()

        def recorded() -> tuple[bytes, bytes]:
            try:
                text, constants = to_bytes(record(network, [tuple(shape) for shape in inputs], batch))
                return text, constants
            except not_recordable as error:
                raise RefusedError(str(error.message), str(error.help)) from error

        return self._doing(f"Recording the network of {name}", "Try it in Python on a batch of two images.", recorded)

    def augmentation(self) -> tuple[bytes, bytes]:
        """Return {"pipeline": the albumentations pipeline of train.py, "dropped": the names of arguments that it was
        given and ignores} as JSON. Raises RefusedError."""
        with warnings.catch_warnings(record=True) as warned:
            warnings.filterwarnings("always", message=_DROPPED.pattern)
            augmentation = self._function(
                "train.py",
                "augmentation",
                "augmentation()",
                "Add one that returns the albumentations pipeline.",
                "It must import without training: keep that behind if __name__ == '__main__'.",
            )
            pipeline = self._doing(
                "augmentation() of train.py", "Try it in Python: it takes no arguments.", augmentation
            )
        found = [_DROPPED.match(str(each.message)) for each in warned]
        dropped = sorted({name for each in found if each for name in each[1].split(", ")})

        def described() -> bytes:
            import albumentations

            described = {"pipeline": albumentations.to_dict(pipeline), "dropped": dropped}
            return json.dumps(described, allow_nan=False, default=_plain).encode()

        return self._doing(
            "Describing augmentation() of train.py as data",
            "It must return an albumentations.Compose of albumentations' own transforms, with finite numbers and no "
            "functions: albumentations.to_dict(augmentation()) shows it.",
            described,
        ), b""

    def weights(self, file: str) -> tuple[bytes, bytes]:
        """Return the state dict of a .pt or .pth file as safetensors. Raises RefusedError."""
        path = self._file(file, "Save the run's weights there.")
        from checker.sandbox.state_dict import StateDictError, convert

        def converted() -> tuple[bytes, bytes]:
            try:
                prefix, blob = convert(path, self._most_bytes)
            except StateDictError as error:
                raise RefusedError(f"{file} {error.message}.", error.help) from error
            return json.dumps({"stripped": prefix}).encode(), blob

        return self._doing(
            f"Reading {file}", "Save it again with torch.save(network.state_dict(), …), or as safetensors.", converted
        )

    def _recorder(self) -> tuple[Callable[..., Any], Callable[..., Any], Any]:
        """Return what records a network, imported before the stranger's code: a `common` in that folder is another
        one."""
        if self._recording is None:
            sys.path.remove(str(self._folder))
            from common.anatomy.program import to_bytes
            from common.anatomy.record import NotRecordableError, record

            sys.path.insert(0, str(self._folder))
            if any((self._folder / name).exists() for name in ("common", "common.py")):
                for name in [name for name in sys.modules if name.partition(".")[0] == "common"]:
                    del sys.modules[name]
            self._recording = record, to_bytes, NotRecordableError
        return self._recording

    def _module(self, file: str, help: str, import_help: str) -> ModuleType:
        """Return one of the folder's modules, which is imported once. Raises RefusedError."""
        path = self._file(file, help)
        if file not in self._modules:
            try:
                self._modules[file] = self._doing(f"Importing {self._name}/{file}", import_help, lambda: _import(path))
            except RefusedError as error:
                self._modules[file] = error
        module = self._modules[file]
        if isinstance(module, RefusedError):
            raise module
        return module

    def _function(self, file: str, function: str, shown: str, help: str, import_help: str) -> Callable[..., Any]:
        """Return a function of one of the folder's modules. Raises RefusedError."""
        module = self._module(file, f"Put the code there, with a function {shown}.", import_help)
        found: Callable[..., Any] | None = getattr(module, function, None)
        if not callable(found):
            raise RefusedError(f"{self._name}/{file} has no function {shown}.", help)
        return found

    def _file(self, file: str, help: str) -> Path:
        """Return where a file of the folder lies. Raises RefusedError where it isn't there, or no part of the copy."""
        if file in self._left_out:
            raise RefusedError(
                f"{self._name}/{file} {self._left_out[file]}, and was not read.", "Put the file itself into the folder."
            )
        path = self._folder / file
        if not file.isprintable() or ".." in path.parts or Path(file).is_absolute() or not path.is_file():
            raise RefusedError(f"There is no {self._name}/{file}.", help)
        return path

    def _doing(self, what: str, help: str, action: Callable[[], Result]) -> Result:
        """Return what `action` returns; whatever a stranger's code raises there becomes a RefusedError with its
        line."""
        try:
            return action()
        except RefusedError:
            raise
        except BaseException as error:  # sys.exit() in a model.py included.
            kind = "exit" if isinstance(error, SystemExit) else "memory" if _is_memory(error) else "refused"
            # The text of a SyntaxError ends in its line already.
            lines = _text(error.msg if isinstance(error, SyntaxError) else error).splitlines() or [""]
            place = self._line_of(error)
            message = f"{what} raised {type(error).__name__}: {lines[0][:200]}".rstrip(": ")
            raise RefusedError(f"{message} ({place})." if place else f"{message}.", help, kind) from None

    def _line_of(self, error: BaseException) -> str | None:
        """Return the file and line of the stranger's code that an exception came from, or None."""
        places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
        if isinstance(error, SyntaxError):
            places.append((error.filename or "", error.lineno or 0))
        for file, line in reversed(places):
            if isinstance(file, str) and Path(file).is_relative_to(self._folder) and isinstance(line, int):
                return f"{Path(file).relative_to(self._folder)}, line {line}"
        return None


def main(job: dict[str, Any], answers: int) -> None:
    """Answer the job's tasks on the file descriptor `answers`; see run.py, which writes the job."""
    from checker.sandbox.frames import write_frame
    from checker.sandbox.restrict import become_nobody, drop_privileges, landlock, leave_namespaces, limit

    limits, restrict = job["limits"], job["restrict"]
    if restrict is not None:
        os.chdir(job["submission"])
        if restrict["namespaces"]:
            leave_namespaces()
        if restrict["nobody"]:
            become_nobody()
        drop_privileges()
        if restrict["landlock"]:
            landlock(restrict["landlock"], restrict["readable"], restrict["writable"])
    limit(limits["memory"], limits["scratch"], limits["open_files"], limits["processes"], limits["seconds"])
    write_frame(answers, json.dumps({"ready": True}).encode())

    sys.path.insert(0, job["submission"])
    submission = Submission(job["submission"], job["name"], job["left_out"], limits["blob"])
    process = os.getpid()
    for number, task in enumerate(job["tasks"]):
        try:
            text, blob = getattr(submission, task["kind"])(**task["arguments"])
            text = b'{"task": %d, "value": %b}' % (number, text)
        except RefusedError as error:
            text, blob = json.dumps({"task": number, "problem": [error.kind, error.message, error.help]}).encode(), b""
        if os.getpid() != process:  # A fork that the code made has come back here.
            os._exit(0)
        write_frame(answers, text, blob)
    # No threads to wait for, no atexit.
    os._exit(0)


def _import(path: Path) -> ModuleType:
    specification: Any = importlib.util.spec_from_file_location(path.stem, path)
    module: ModuleType = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module  # Dataclasses look their module up, and train.py imports model.
    specification.loader.exec_module(module)
    return module


def _obvious(module: ModuleType, run: str) -> str:
    """Return the call that builds a module's network: build(run), or its last network class; "" where it has none."""
    import torch

    if callable(getattr(module, "build", None)):
        return f"build({run!r})"
    classes = [
        name
        for name, found in vars(module).items()
        if isinstance(found, type) and issubclass(found, torch.nn.Module) and found.__module__ == module.__name__
    ]
    return f"{classes[-1]}()" if classes else ""


def _plain(value: object) -> object:
    """Return numpy's numbers and arrays, tuples and the like as what JSON knows."""
    for method in ("tolist", "value"):
        found = getattr(value, method, None)
        if found is not None:
            return found() if callable(found) else found
    raise TypeError(f"a {type(value).__name__} can't be described as data")


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in _text(error)
    )


def _text(error: object) -> str:
    try:
        return str(error)[:2000]
    except BaseException:
        return ""


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        work = json.load(file)
    sys.path[:] = work["path"]
    main(work, int(sys.argv[2]))
