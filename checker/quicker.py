"""The logits of a recorded network, sooner: by OpenVINO, in the precision that the processor is fastest in, where it is
installed, knows the network, agrees with replay and is faster.

Which images are classified correctly is still what replay finds: some batches are computed both ways, and every image
for which the difference could decide is left to replay.
"""

import importlib.util
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from checker.onnx_model import NoCounterpartError, onnx_model
from common.anatomy.program import Program
from common.anatomy.replay import ReplayError

# How far logits may differ, as a share of how far an image's lie apart. The 8 bits of bfloat16 make 0.02 of our deepest
# networks, and other orders of the same sums 1e-5.
AGREE = 0.05
# Two classes are for replay to tell apart where they lie closer than so many times what the compared images differ by
# at most (twice would do, if no other image differed by more), and in any case closer than this.
MARGIN, CLOSEST = 4, 1e-3
PRECISION = "bf16"  # Where the processor knows it; float32 elsewhere.
PACKAGES = ("onnx", "openvino")

Logits = tuple[Tensor, ...]
Evaluated = Callable[..., Logits]


class Evaluation:
    """Evaluates a network batch by batch, by replay and otherwise."""

    def __init__(self, replayed: Evaluated, other: Evaluated | None) -> None:
        """replayed: inputs → what the network returns (N×classes each); other: another way to the same, if there is"""
        self._replayed, self._other = replayed, other
        self._seconds: list[tuple[float, float]] = []
        self._apart = 0.0
        self._is_approximate = False  # Whether something was evaluated otherwise, even if replay does the rest.

    @property
    def by_replay(self) -> bool:
        """Whether replay alone evaluates what comes."""
        return self._other is None

    @property
    def spent_comparing(self) -> float:
        """How many seconds went into the other way beside replay."""
        return sum(other for _, other in self._seconds)

    @property
    def margin(self) -> float:
        """How close two classes of an image may lie, as a share of how far all lie apart, before replay decides: 0
        where it decided on all."""
        return max(CLOSEST, MARGIN * self._apart) if self._is_approximate else 0.0

    def compare(self, *inputs: Tensor) -> Logits:
        """Return what replay makes of a batch, and see whether the other way agrees."""
        began = time.thread_time()
        logits = self._replayed(*inputs)
        replayed = time.thread_time()
        others = self._tried(inputs)
        self._seconds.append((replayed - began, time.thread_time() - replayed))
        if others is not None:
            self._apart = max(self._apart, *(differ(one, other) for one, other in zip(logits, others, strict=True)))
            if not self._apart <= AGREE:
                self._other = None
        return logits

    def choose(self) -> None:
        """Go on in the way that was faster, now that some batches are compared."""
        # The best of each: the first take longer, in which memory is asked for.
        by_replay, otherwise = (min(each) for each in zip(*self._seconds, strict=True))
        if otherwise >= by_replay:
            self._other = None

    def __call__(self, *inputs: Tensor) -> Logits:
        """Return what the network makes of a batch, in the way that was chosen."""
        logits = self._tried(inputs)
        if logits is None:
            return self._replayed(*inputs)
        self._is_approximate = True
        return logits

    def undecided(self, logits: Sequence[Tensor]) -> Tensor:
        """Return the images, as places in `logits` (N×classes each), whose classes are for replay to decide."""
        if not self._is_approximate:
            return torch.arange(0)
        return torch.stack([close(each, self.margin) for each in logits]).any(0).nonzero().flatten()

    def _tried(self, inputs: Sequence[Tensor]) -> Logits | None:
        if self._other is None:
            return None
        try:
            return self._other(*inputs)
        except Exception:  # Each of OpenVINO's errors is a type of its own; replay says what is wrong.
            self._other = None
            return None


def by_openvino(program: Program, weights: Mapping[str, Tensor], batch: int) -> Evaluated | None:
    """Return what evaluates `program` on a CPU with OpenVINO, in one thread, for `batch` images at a time; None where
    it can't, or isn't installed."""
    if program.batch is not None or not all(map(importlib.util.find_spec, PACKAGES)):
        return None
    try:
        content = onnx_model(program, weights, batch)
    except (NoCounterpartError, ReplayError):
        return None
    # Without this module it reports its use to nobody.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    # Here, since it starts a thread, which a process that forks must not have.
    import openvino

    # Not pinned, or all workers would share one core.
    settings = {"INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False, "INFERENCE_PRECISION_HINT": PRECISION}
    try:
        core = openvino.Core()
        request: Any = core.compile_model(core.read_model(content), "CPU", settings).create_infer_request()
    except Exception:
        return None
    names = [given.name for given in program.inputs]

    def evaluated(*inputs: Tensor) -> Logits:
        given = zip(names, inputs, strict=True)
        request.infer({name: each.contiguous().numpy() for name, each in given}, share_inputs=True)
        return tuple(torch.from_numpy(each.data.copy()) for each in request.output_tensors)

    return evaluated


def differ(one: Tensor, other: Tensor) -> float:
    """Return how far two logits (N×classes) of the same images differ at most, as a share of how far an image's lie
    apart; infinity where they can't be compared."""
    if one.shape != other.shape or not (one.isfinite().all() and other.isfinite().all()):
        return torch.inf
    return float(((one - other).abs().amax(1) / _spread(one)).amax())


def close(logits: Tensor, margin: float) -> Tensor:
    """Return in which images (logits, N×classes) two classes lie closer than that share of how far all lie apart, or
    aren't finite: bool N."""
    first, second = logits.topk(2, 1).values.unbind(1)
    return ~(first - second > margin * _spread(logits))


def _spread(logits: Tensor) -> Tensor:
    return logits.amax(1) - logits.amin(1)
