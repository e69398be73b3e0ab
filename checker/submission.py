"""A submitted run, read from disk with distrust: nothing in the folder may crash the checker or be taken on its word.

Every accessor raises CannotCheckError with one sentence where the folder doesn't hold what it promises. Torch is
imported only where it is used: --list and --help need none of it.
"""

import contextlib
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from checker.student_code import load_augmentation, student_code
from checker.verdict import CannotCheckError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from checker.augmentation import Augmentation
    from checker.measure import InputsUsed
    from common.anatomy import Operation, Trace
    from common.data import Images

LAST_EPOCHS = 5
TRACED_IMAGES = 2


@dataclass(frozen=True)
class LoggedEpoch:
    """One line of epochs.jsonl, as far as rules use it; `file` and `sha256` are None where no weights were kept.

    sum_correct, sum_total: over all pairs of an image and a number, for networks of two inputs
    """

    epoch: int
    train_total: int
    test_correct: int
    test_total: int
    sum_correct: int | None
    sum_total: int | None
    file: str | None
    sha256: str | None


@dataclass(frozen=True)
class Counts:
    """How many test images are classified correctly, beside whatever number; and how many sums, over all pairs of an image
    and a number, where those were tried."""

    images: int
    sums: int | None = None


@dataclass(frozen=True)
class Normalization:
    """Per channel, of pixels scaled to [0, 1]."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Run:
    """One run of a submission, with what was measured of it so far."""

    def __init__(self, name: str, folder: Path, build: "Callable[[], Callable[[str], nn.Module]]",
                 test_images: "Callable[[], Images]", device: str, *, two_inputs: bool = False) -> None:
        """`build` and `test_images` are called when they are first needed; for `two_inputs` see Assignment."""
        self.name = name
        self.two_inputs = two_inputs
        self.folder = folder
        self.device = device
        self._build = build
        self._test_images = test_images
        self.counts = cache(self._counts)
        self.siblings: dict[str, Run] = {}
        self.tensors = cache(self._tensors)
        self.fitted = cache(self._fitted)

    @cached_property
    def record(self) -> dict:
        """run.json."""
        path = self.folder / "run.json"
        try:
            record = json.loads(path.read_text())
        except FileNotFoundError:
            raise CannotCheckError(f"{path.name} is missing.", "Train with our train.py, or write the file as the README "
                                                          "describes it.") from None
        except (OSError, ValueError, RecursionError) as error:
            raise CannotCheckError(f"{path.name} can't be read as JSON ({error}).", "Train again, or mend the file.") from error
        if not isinstance(record, dict):
            raise CannotCheckError(f"{path.name} holds no JSON object.", "Train again, or mend the file.")
        return record

    @cached_property
    def normalization(self) -> Normalization:
        """The mean and standard deviation that the network's inputs are normalised with, from run.json."""
        given = self.record.get("normalization")
        with contextlib.suppress(TypeError, ValueError, KeyError, OverflowError):
            mean, std = (tuple(float(number) for number in given[key]) for key in ("mean", "std"))
            if mean and len(mean) == len(std) and all(map(math.isfinite, mean)) and all(0 < s < math.inf for s in std):
                return Normalization(mean, std)
        raise CannotCheckError(f"run.json has no usable normalization: {given!r}.",
                               'Write "normalization": {"mean": [0.1307], "std": [0.3081]}, a number per channel.')

    @cached_property
    def log(self) -> tuple[LoggedEpoch, ...]:
        """epochs.jsonl, at least one line."""
        path = self.folder / "epochs.jsonl"
        try:
            lines = path.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = "is missing" if isinstance(error, FileNotFoundError) else f"can't be read ({error})"
            raise CannotCheckError(f"{path.name} {reason}.", "Train again: the log is written with the weights.") from error
        epochs = []
        for number, line in enumerate(lines, start=1):
            try:
                values = json.loads(line)
                if not isinstance(values, dict) or not isinstance(values.get("weights") or {}, dict):
                    raise TypeError("a line and its weights must be JSON objects")
                weights = values.get("weights") or {}
                epochs.append(LoggedEpoch(
                    **{key: _count(values[key]) for key in ("epoch", "train_total", "test_correct", "test_total")},
                    **{key: _count(values[key]) if self.two_inputs else None for key in ("sum_correct", "sum_total")},
                    file=_text(weights.get("file")), sha256=_text(weights.get("sha256"))))
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                reason = f"it has no {error}" if isinstance(error, KeyError) else error
                raise CannotCheckError(f"Line {number} of {path.name} can't be read: {reason}.",
                                       "Each line is a JSON object as the README describes it; train again, "
                                       "or mend the line.") from error
        if not epochs:
            raise CannotCheckError(f"{path.name} is empty.", "Train again: the log is written with the weights.")
        return tuple(epochs)

    @property
    def last_epochs(self) -> tuple[LoggedEpoch, ...]:
        """The last five epochs of the log, or as many as there are."""
        return self.log[-LAST_EPOCHS:]

    @cached_property
    def network(self) -> "nn.Module":
        """A new network from model.py, with the weights that it starts from."""
        from torch import nn

        build = self._build()
        with student_code(f"build({self.name!r}) of model.py", f"build must know every run's name; try it in Python: "
                                                                f"build({self.name!r})."):
            network = build(self.name)
        if not isinstance(network, nn.Module):
            raise CannotCheckError(f"build({self.name!r}) of model.py returned {type(network).__name__}, not a network.",
                                   "Return an nn.Module.")
        with student_code("Moving the network to its device", "Build every layer in __init__, with its sizes."):
            return network.to(self.device)

    @cached_property
    def parameter_count(self) -> int:
        """Every learned number once, whether it is used or not."""
        from common.anatomy import parameter_count

        with student_code("Counting the parameters", "Build every layer in __init__, with its sizes."):
            return parameter_count(self.network)

    def weights_path(self, epoch: LoggedEpoch) -> Path:
        """Return where the weights of `epoch` lie; the file is there."""
        if not epoch.file:
            raise CannotCheckError(f"The log names no weights for epoch {epoch.epoch}.",
                                   "Keep the weights of the last five epochs and name them in epochs.jsonl.")
        path = self.folder / epoch.file
        if path.parent.resolve() != self.folder.resolve():
            raise CannotCheckError(f"The weights of epoch {epoch.epoch} lie outside the run's folder: {epoch.file}.",
                                   "Put them beside epochs.jsonl.")
        if not path.is_file():
            raise CannotCheckError(f"{path.name} is missing.", "Train again, or put the file back: the last five epochs' "
                                                          "weights are the proof.")
        return path

    def learned_digest(self, epoch: LoggedEpoch) -> str:
        """Return the SHA-256 of what an epoch's weights say, less the counts of batches that change by themselves."""
        digest = hashlib.sha256()
        for key, tensor in sorted(self.tensors(epoch).items()):
            if not key.endswith("num_batches_tracked"):
                digest.update(key.encode() + _bytes(tensor))
        return digest.hexdigest()

    @cached_property
    def kernels(self) -> "dict[str, Tensor]":
        """The weights of the convolutions and linear layers that run, in the last epoch: name → float64."""
        names = {operation.weight_name for operation in self.trace.operations if operation.kind in ("convolution", "linear")}
        tensors = self.tensors(self.log[-1])
        return {name: tensors[name].double() for name in sorted(names) if name in tensors}

    @cached_property
    def evenness(self) -> float:
        """Mean |w| over the root mean square, of the weights that lead to one output channel, averaged over all weights:
        1 where all are alike, 0.8 for Gaussian numbers, towards 0 the fewer carry most. No scale of a channel changes it."""
        rows = [row for kernel in self.kernels.values() for row in kernel.flatten(1)]
        if not rows or not all(bool(row.isfinite().all()) for row in rows):
            raise CannotCheckError("The kernels that run hold numbers that are not finite, or there are none.", "See finite_weights.")
        even = [row.abs().mean() / row.square().mean().sqrt() if bool(row.any()) else row.new_zeros(()) for row in rows]
        return float(sum(ratio * row.numel() for ratio, row in zip(even, rows, strict=True)) / sum(row.numel() for row in rows))

    def file_digest(self, epoch: LoggedEpoch) -> str:
        """Return the SHA-256 of an epoch's weight file."""
        return hashlib.sha256(self.weights_path(epoch).read_bytes()).hexdigest()

    def _tensors(self, epoch: LoggedEpoch) -> "dict[str, Tensor]":
        """Return the state dict of an epoch, from a .safetensors file, or a .pt or .pth file that holds only tensors."""
        import torch
        from safetensors.torch import load_file

        path = self.weights_path(epoch)
        try:
            if path.suffix == ".safetensors":
                tensors = load_file(path)
            elif path.suffix in (".pt", ".pth"):
                # Anything but plain tensors could run code of its own when it is unpickled.
                tensors = torch.load(path, map_location="cpu", weights_only=True)
            else:
                raise CannotCheckError(f"{path.name} is neither a .safetensors nor a .pt or .pth file.",
                                       "Save the state dict with safetensors.torch.save_file.")
        except CannotCheckError:
            raise
        except Exception as error:  # Each format has a dozen ways to be broken.
            raise CannotCheckError(f"{path.name} can't be read as weights ({type(error).__name__}): truncated, damaged, or "
                                   f"more than a state dict.",
                                   "Save network.state_dict() again, best with safetensors.torch.save_file.") from error
        if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
            raise CannotCheckError(f"{path.name} holds something else than a state dict.", "Save network.state_dict().")
        return tensors

    def _state(self) -> "dict[str, Tensor]":
        from torch import nn

        with student_code("Reading the network's tensors", "Build every layer in __init__, with its sizes."):
            return nn.Module.state_dict(self.network)

    def unfilled(self, epoch: LoggedEpoch) -> list[str]:
        """Return which of the network's tensors an epoch's weights don't fill, and why, in words."""
        own, given = self._state(), self.tensors(epoch)
        # Old versions of PyTorch kept no batch counts, and nothing depends on them.
        return ([f"{key} is missing" for key in own if key not in given and not key.endswith("num_batches_tracked")]
                + [f"{key} is {_shape(given[key])}, not {_shape(own[key])}"
                   for key in own if key in given and given[key].shape != own[key].shape])

    def left_over(self, epoch: LoggedEpoch) -> list[str]:
        """Return which of an epoch's weights have no place in the network, in words."""
        own = self._state()
        return [f"{key} is not in the network" for key in self.tensors(epoch) if key not in own]

    def _fitted(self, epoch: LoggedEpoch) -> "nn.Module":
        """Return a network of its own with an epoch's weights."""
        import copy

        wrong = self.unfilled(epoch)
        if wrong:
            raise CannotCheckError(f"{epoch.file} doesn't fit model.py: {wrong[0]}.", "See weights_match_model.")
        from torch import nn

        with student_code("Loading the weights", "Keep parameters and buffers in the network, and nothing else that "
                                                  "must be copied with it."):
            network = copy.deepcopy(self.network)
            nn.Module.load_state_dict(network, self.tensors(epoch), strict=False)
            return network.eval()

    @property
    def test_images(self) -> "Images":
        """The data set's test images."""
        return self._test_images()

    def sibling(self, name: str) -> "Run":
        """Return the run called `name` of the same submission, whether it is there or not."""
        return self.siblings.get(name) or Run(name, self.folder.parent / name, self._build, self._test_images, self.device,
                                              two_inputs=self.two_inputs)

    def _counts(self, epoch: LoggedEpoch) -> Counts:
        """Return how much of the test set an epoch's weights classify correctly, in fp32."""
        from checker.measure import count_correct

        # All ten numbers take ten times as long, and the last epoch is the one that the sum is judged by.
        numbers = (None,) if not self.two_inputs else range(10) if epoch == self.log[-1] else (3,)
        network, images = self.fitted(epoch), self.test_images
        with student_code("Evaluating the network", "Try it in Python on a batch of 1,000 images."):
            return count_correct(network, images, self.normalization, self.device, numbers)

    def augmentation(self, hole: int, fill: tuple[float, ...]) -> "Augmentation":
        """Return what augmentation() of the submission's train.py does to the test images; see checker.augmentation."""
        from checker.augmentation import inspect

        pipeline = load_augmentation(self.folder.parent.parent)
        images = self.test_images.pixels[:100].permute(0, 2, 3, 1).numpy()
        with student_code("Applying augmentation() of train.py", "It must return an albumentations.Compose, to be called "
                                                                  "with image=… as uint8 H×W×C."):
            return inspect(pipeline, images, hole, fill)

    @property
    def recorded_augmentation(self) -> object:
        """The albumentations pipeline that run.json says the run was trained with, as JSON; None where it says nothing."""
        from checker.augmentation import without_version

        return without_version(self.record.get("augmentation"))

    @cached_property
    def accuracy(self) -> float:
        """The share of some test images that the last epoch classifies correctly; see accuracy_with."""
        return self.accuracy_with((), lambda output: output)

    def accuracy_with(self, operations: "tuple[Operation, ...]", change: "Callable[[Tensor], Tensor]") -> float:
        """Return the share of some test images that the last epoch classifies correctly when each of those operations of
        `trace` gives `change` of its output."""
        from checker.measure import accuracy_with

        network, images = self.fitted(self.log[-1]), self.test_images
        with student_code("Evaluating the network with some of its layers changed",
                           "Its forward pass must do the same for every batch."):
            return accuracy_with(network, images, self.normalization, self.device, self.two_inputs, operations, change)

    @cached_property
    def inputs_used(self) -> "InputsUsed":
        """What the last epoch's network makes of its two inputs."""
        from checker.measure import inputs_used

        network, images = self.fitted(self.log[-1]), self.test_images
        with student_code("Varying the network's inputs", "Try it in Python with one image and each of the ten numbers."):
            return inputs_used(network, images, self.normalization, self.device)

    @cached_property
    def trace(self) -> "Trace":
        """What the network of the last epoch does with test images."""
        import torch

        from checker.measure import traced

        network, images = self.fitted(self.log[-1]), self.test_images
        # Always the same images for the same weights, and not ones that model.py could know beforehand.
        seed = int(self.learned_digest(self.log[-1])[:8], 16)
        chosen = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:TRACED_IMAGES]
        with student_code("Tracing the network", "Try it in Python on a batch of two images."):
            return traced(network, images, self.normalization, self.device, chosen, self.two_inputs)


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _bytes(tensor: "Tensor") -> bytes:
    import torch

    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def _shape(tensor: "Tensor") -> str:
    return "×".join(map(str, tensor.shape)) or "a number"
