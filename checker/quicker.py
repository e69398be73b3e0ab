"""The logits of a recorded network, sooner: by onnxruntime, where it is installed and knows the network, agrees with
replay and is faster.

Which images are classified correctly is still what replay finds. Some batches are computed both ways, and wherever
rounding could decide, replay does.
"""

import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from checker.onnx_model import NoCounterpartError, onnx_model
from common.anatomy.program import Program
from common.anatomy.replay import ReplayError

# How far logits may differ, as a share of how far an image's lie apart. Other orders of the same sums make 1e-6 of our
# networks, and 1e-5 where these normalise groups.
AGREE = 5e-5
# Two classes that lie closer, by the same measure, are for replay to tell apart: twenty times what may differ.
CLOSE = 1e-3
IMAGES = 20  # At once: fewer than replay takes, as what a layer makes of them is all that has to stay in the cache.
PACKAGES = ("onnx", "onnxruntime")

Logits = tuple[Tensor, ...]
Evaluated = Callable[..., Logits]


class Evaluation:
    """Evaluates a network batch by batch, by replay and otherwise."""

    def __init__(self, replayed: Evaluated, other: Evaluated | None) -> None:
        """replayed: inputs → what the network returns (N×classes each); other: another way to the same, if there is"""
        self._replayed, self._other = replayed, other
        self._seconds: list[tuple[float, float]] = []

    @property
    def by_replay(self) -> bool:
        """Whether replay alone evaluates what comes."""
        return self._other is None

    @property
    def spent_comparing(self) -> float:
        """How many seconds went into the other way beside replay."""
        return sum(other for _, other in self._seconds)

    def compare(self, *inputs: Tensor) -> Logits:
        """Return what replay makes of a batch, and see whether the other way agrees."""
        began = time.thread_time()
        logits = self._replayed(*inputs)
        replayed = time.thread_time()
        others = self._tried(inputs)
        self._seconds.append((replayed - began, time.thread_time() - replayed))
        if others is None or not all(agree(one, other) for one, other in zip(logits, others, strict=True)):
            self._other = None
        return logits

    def choose(self) -> None:
        """Go on in the way that was faster, now that some batches are compared."""
        # The best of each: the first take longer, in which memory is asked for.
        by_replay, otherwise = (min(each) for each in zip(*self._seconds, strict=True))
        if otherwise >= by_replay:
            self._other = None

    def __call__(self, *inputs: Tensor) -> Logits:
        """Return what the network makes of a batch: replay's, unless no class depends on rounding."""
        logits = self._tried(inputs)
        if logits is None or any(close(each) for each in logits):
            return self._replayed(*inputs)
        return logits

    def _tried(self, inputs: Sequence[Tensor]) -> Logits | None:
        if self._other is None:
            return None
        try:
            return self._other(*inputs)
        except Exception:  # Each of onnxruntime's errors is a type of its own; replay says what is wrong.
            self._other = None
            return None


def by_onnxruntime(program: Program, weights: Mapping[str, Tensor]) -> Evaluated | None:
    """Return what evaluates `program` on a CPU with onnxruntime, in one thread, for any number of images that is a
    multiple of IMAGES; None where it can't, or isn't installed."""
    if program.batch is not None or not all(map(importlib.util.find_spec, PACKAGES)):
        return None
    try:
        content = onnx_model(program, weights, IMAGES)
    except (NoCounterpartError, ReplayError):
        return None
    # Here, since it starts a thread, which a process that forks must not have.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # What doesn't work is done by replay.
    try:
        session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception:
        return None
    names = [given.name for given in program.inputs]

    def evaluated(*inputs: Tensor) -> Logits:
        arrays = [each.contiguous().numpy() for each in inputs]
        parts = [
            session.run(None, {name: array[start : start + IMAGES] for name, array in zip(names, arrays, strict=True)})
            for start in range(0, len(arrays[0]), IMAGES)
        ]
        return tuple(torch.cat([torch.from_numpy(each) for each in output]) for output in zip(*parts, strict=True))

    return evaluated


def agree(one: Tensor, other: Tensor) -> bool:
    """Return whether two logits (N×classes) of the same images are finite, and differ by no more than rounding."""
    if one.shape != other.shape or not (one.isfinite().all() and other.isfinite().all()):
        return False
    return bool(((one - other).abs().amax(1) <= AGREE * _spread(one)).all())


def close(logits: Tensor) -> bool:
    """Return whether rounding may decide the class of one of these images (N×classes), or its logits aren't finite."""
    first, second = logits.topk(2, 1).values.unbind(1)
    return not bool((first - second > CLOSE * _spread(logits)).all())


def _spread(logits: Tensor) -> Tensor:
    return logits.amax(1) - logits.amin(1)
