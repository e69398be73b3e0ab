"""From a network to its program: one pass in evaluation mode, recorded by torch.export.

Recording runs the network's own Python, so whoever records a stranger's network does it in a sandbox.
"""

import contextlib
import functools
import inspect
import linecache
import operator
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.anatomy.operators import REGISTRY
from common.anatomy.program import (
    MEMORY_FORMATS,
    Argument,
    Input,
    Node,
    Program,
    ProgramError,
    Reference,
    Setting,
    Weight,
    dtype_name,
)

# What is dropped from a call: a program runs wherever it is replayed.
_PLACEMENT = {"device", "layout", "pin_memory", "non_blocking"}
_SIZES = {
    operator.add: "size.add",
    operator.sub: "size.sub",
    operator.mul: "size.mul",
    operator.floordiv: "size.floordiv",
    operator.mod: "size.mod",
    operator.neg: "size.neg",
    operator.truediv: "size.truediv",
    torch.sym_max: "size.max",
    torch.sym_min: "size.min",
    torch.sym_float: "size.float",
    torch.ops.aten.sym_size.int: "size",
}
# What traced networks call otherwise: with further arguments behind, on how a GPU is to do it.
_OTHERWISE = {"aten._convolution.default": "aten.convolution.default"}
# What only looks whether all is as it should be; nothing depends on it.
_ASSERTIONS = ("aten._assert_async", "aten._assert_scalar", "aten._assert_tensor_metadata", "aten.sym_constrain_range")
_RANDOM = ("dropout", "rand", "bernoulli", "normal", "uniform", "multinomial", "rrelu", "exponential", "poisson")
_BY_VALUES = "the network decides by the values of a tensor, so that it is not one program but several."
_BY_VALUES_HELP = "Use torch.where or multiplication instead of if and x[x > 0], and no .item() in forward()."
_TORCH = Path(torch.__file__).resolve().parent
_OURS = Path(__file__).resolve().parent


class NotRecordableError(Exception):
    """The network can't be written down as a program: `message` says why, with the line of its code; `help` what to
    do."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.message, self.help = message, help


def record(network: nn.Module, inputs: Sequence[tuple[int, ...]], batch: int) -> Program:
    """Return the program of `network`, for any number of images, or, where it looks at that number itself, for `batch`
    of them.

    inputs: shapes of its inputs without the batch
    Raises NotRecordableError.
    """
    if not isinstance(network, nn.Module):
        raise NotRecordableError(f"build() returned {type(network).__name__}, not a network.", "Return an nn.Module.")
    network = unwrapped(network).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exported, fixed = _exported(network, inputs, batch)
            return _Recorder(network, exported).program(inputs, fixed)
        except (NotRecordableError, KeyboardInterrupt):
            raise
        except ProgramError as error:
            raise NotRecordableError(str(error), "Compute in float32.") from error
        except Exception as error:  # Whatever a network's own code, or the export of it, may raise.
            raise _refusal(error) from error


def unwrapped(network: nn.Module) -> nn.Module:
    """Return the network inside DataParallel, AveragedModel, torch.compile and their like, whose own forward takes
    anything."""
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel, torch.optim.swa_utils.AveragedModel)
    while True:
        inside: object = getattr(network, "module" if isinstance(network, wrappers) else "_orig_mod", None)
        if isinstance(inside, nn.Module):
            network = inside
        elif isinstance(network, torch.jit.ScriptModule):
            return _Scripted(network)
        else:
            return network


class _Scripted(nn.Module):
    """A scripted or traced network, which torch.export wouldn't take as it is."""

    def __init__(self, network: torch.jit.ScriptModule) -> None:
        super().__init__()
        self.scripted: nn.Module = network

    def forward(self, *inputs: Tensor) -> object:
        return self.scripted(*inputs)


def _exported(
    network: nn.Module, inputs: Sequence[tuple[int, ...]], batch: int
) -> tuple[torch.export.ExportedProgram, int | None]:
    """Return the export, and the number of images that it is bound to, if it is."""
    # Two would be a guess that some code makes too; one is special to torch.
    examples = tuple(torch.zeros(3, *shape) for shape in inputs)
    free: tuple[object, ...] = tuple({0: torch.export.Dim("batch")} for _ in inputs)
    if any(
        parameter.kind is parameter.VAR_POSITIONAL
        for parameter in inspect.signature(network.forward).parameters.values()
    ):
        free = (free,)  # forward(self, *inputs)
    try:
        return _export(network, examples, free), None
    except (
        Exception
    ):  # It may have to do with the free number, whatever was raised; if not, it is raised again, and plainer.
        examples = tuple(torch.zeros(batch, *shape) for shape in inputs)
        return _export(network, examples, None), batch


def _export(
    network: nn.Module, examples: tuple[Tensor, ...], free: tuple[object, ...] | None
) -> torch.export.ExportedProgram:
    from torch.export._trace import _export as trace
    from torch.nn.attention import SDPBackend, sdpa_kernel

    _scripts_as_they_are(network)
    # After dispatch, so that no operator is left that is made of others, and none that works in place; attention as
    # matrix products.
    with (
        torch.no_grad(),
        sdpa_kernel(SDPBackend.MATH),
        _no_fast_path(),
        _own_lines(),
        _resampling_as_one(),
        _circular_as_cat(),
    ):
        exported: torch.export.ExportedProgram = trace(
            network, examples, dynamic_shapes=free, strict=False, pre_dispatch=False
        )
        return exported


@contextlib.contextmanager
def _no_fast_path() -> Iterator[None]:
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@contextlib.contextmanager
def _resampling_as_one() -> Iterator[None]:
    """Have interpolation recorded as the operator that it is, and not as the arithmetic on places that PyTorch's Python
    makes of it."""
    operators = [
        getattr(getattr(torch.ops.aten, name), overload)
        for overload in ("vec", "default")
        for name in ("upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "_upsample_nearest_exact2d")
    ]
    kept = [dict(operator.py_kernels) for operator in operators]
    keys = (torch._C.DispatchKey.Autograd, torch._C.DispatchKey.CompositeImplicitAutograd)
    for each in operators:
        for key in keys:
            each.py_kernels.pop(key, None)
        if each._schema.overload_name == "vec":  # C++ would look at the number of images, which is free.
            each.py_kernels[torch._C.DispatchKey.CompositeImplicitAutograd] = functools.partial(
                _resampled, each.overloadpacket.default
            )
        each._dispatch_cache.clear()
    try:
        yield
    finally:
        for each, kernels in zip(operators, kept, strict=True):
            each.py_kernels.clear()
            each.py_kernels.update(kernels)
            each._dispatch_cache.clear()


def _resampled(resample: Callable[..., Tensor], images: Tensor, size: Sequence[int] | None, *options: Any) -> Tensor:
    """Call an interpolation by the size of what it makes, where it was asked for by size or by factors, which come
    last."""
    *corners, factors = options
    size = size or [int(side * factor) for side, factor in zip(images.shape[-2:], factors, strict=True)]
    return resample(images, size, *corners, *(factors or (None, None)))


@contextlib.contextmanager
def _circular_as_cat() -> Iterator[None]:
    """Have circular padding recorded as what is put around a map, and not as what is written into empty memory."""
    pad = F.pad

    def padded(
        input: Tensor, pad_: Sequence[int] = (), mode: str = "constant", value: float | None = None, **named: Any
    ) -> Tensor:
        sides = list(named.pop("pad", pad_))
        if mode != "circular":
            return pad(input, sides, mode, value, **named)
        for number, (before, behind) in enumerate(zip(sides[::2], sides[1::2], strict=True), start=1):
            side = input.shape[-number]
            if min(before, behind) < 0 or max(before, behind) > side:
                return pad(input, sides, mode, value, **named)
            parts = [input.narrow(-number, side - before, before), input, input.narrow(-number, 0, behind)]
            input = torch.cat(
                [part for part, length in zip(parts, (before, side, behind), strict=True) if length], -number
            )
        return input

    F.pad = padded  # type: ignore[assignment]  # Its "pad" is among the named ones.
    try:
        yield
    finally:
        F.pad = pad


@contextlib.contextmanager
def _own_lines() -> Iterator[None]:
    """Have each operation remember the lines of the network's own code that led to it, and not those of forward()
    alone."""
    tracer = torch.fx.proxy.TracerBase
    name = "_filter_traceback_frames"
    before = getattr(tracer, name)

    def own(self: object, frames: traceback.StackSummary) -> traceback.StackSummary:
        return traceback.StackSummary.from_list([frame for frame in frames if not _is_library(frame.filename)])

    setattr(tracer, name, own)
    try:
        yield
    finally:
        setattr(tracer, name, before)


def _scripts_as_they_are(network: nn.Module) -> None:
    """Let the scripted modules within `network` be exported."""
    for module in network.modules():
        if isinstance(module, torch.jit.ScriptModule):
            for parameter in module.parameters(recurse=False):
                parameter._is_param = True  # One that was loaded doesn't know that it is.
            forward: Any = getattr(module, "forward", None)
            # The Python that it was made of, which export would call, with one argument too many.
            if hasattr(forward, "__wrapped__"):
                del forward.__wrapped__


def _is_restrided(node: torch.fx.Node) -> bool:
    """Whether a call gives a tensor another order in memory and nothing else, as averaging does of one with channels
    last."""
    if node.target is not torch.ops.aten.as_strided.default or len(node.args) > 3:
        return False
    source = node.args[0]
    return isinstance(source, torch.fx.Node) and [*map(str, node.meta["val"].shape)] == [
        *map(str, source.meta["val"].shape)
    ]


class _Recorder:
    """Writes an exported graph down as a program."""

    def __init__(self, network: nn.Module, exported: torch.export.ExportedProgram) -> None:
        self._exported = exported
        self._signature = exported.graph_signature
        self._scripted = isinstance(network, _Scripted)
        self._state: dict[str, Any] = (
            network.scripted.state_dict(keep_vars=True)
            if isinstance(network, _Scripted)
            else nn.Module.state_dict(network, keep_vars=True)
        )
        self._rename: dict[str, str] = {}

    def program(self, shapes: Sequence[tuple[int, ...]], batch: int | None) -> Program:
        given = set(self._signature.user_inputs)
        names = [node.name for node in self._exported.graph.nodes if node.op == "placeholder" and node.name in given]
        weights = self._weights()
        constants, labels = self._constants()
        nodes = tuple(
            self._node(node)
            for node in self._exported.graph.nodes
            if node.op == "call_function" and not str(node.target).startswith(_ASSERTIONS)
        )
        outputs = self._signature.user_outputs
        if not all(isinstance(name, str) for name in outputs):
            raise NotRecordableError("The network returns something else than tensors.", "Return the logits.")
        return Program(
            tuple(Input(name, tuple(shape)) for name, shape in zip(names, shapes, strict=True)),
            weights,
            constants,
            labels,
            nodes,
            tuple(self._renamed(name) for name in outputs),
            batch,
        )

    def _weights(self) -> tuple[Weight, ...]:
        """Return what a state dict holds; a tensor that has several names is one weight."""
        prefix = "scripted." if self._scripted else ""
        placed = {
            key.removeprefix(prefix): name
            for name, key in (*self._signature.inputs_to_parameters.items(), *self._signature.inputs_to_buffers.items())
        }
        found: dict[int, list[str]] = {}
        for key, tensor in self._state.items():
            if not isinstance(tensor, Tensor):
                raise NotRecordableError(
                    f"The state dict holds {key}, which is no tensor.", "Keep nothing but tensors in it."
                )
            found.setdefault(id(tensor), []).append(key)
        weights = []
        for number, keys in enumerate(found.values()):
            tensor = self._state[keys[0]]
            value = next((placed[key] for key in keys if key in placed), f"unused_{number}")
            self._rename.update({placed[key]: value for key in keys if key in placed})
            weights.append(
                Weight(
                    value, tuple(keys), tuple(tensor.shape), dtype_name(tensor.dtype), isinstance(tensor, nn.Parameter)
                )
            )
        return tuple(weights)

    def _constants(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        known = set(self._state)
        sources = self._signature.inputs_to_lifted_tensor_constants | {
            name: key
            for name, key in self._signature.inputs_to_buffers.items()
            if key.removeprefix("scripted.") not in known
        }
        constants = {name: self._exported.constants[key].detach() for name, key in sources.items()}
        for tensor in constants.values():
            dtype_name(tensor.dtype)
        return constants, {name: key for name, key in sources.items() if not key.startswith("lifted_tensor")}

    def _node(self, node: torch.fx.Node) -> Node:
        if node.target is operator.getitem:
            name = "getitem"
        elif node.target in _SIZES:
            name = _SIZES[node.target]
        else:
            name = "aten.alias.default" if _is_restrided(node) else _OTHERWISE.get(str(node.target), str(node.target))
            if name not in REGISTRY:
                raise self._unregistered(node, name)
        given = (
            node.args[: len(REGISTRY[name].schema.arguments)]
            if name != str(node.target) and name in REGISTRY
            else node.args
        )
        try:
            arguments = tuple(self._argument(each) for each in given)
            keywords = tuple(
                (key, self._argument(value)) for key, value in node.kwargs.items() if key not in _PLACEMENT
            )
        except ProgramError as error:
            raise NotRecordableError(
                f"{_line_of(node.meta.get('stack_trace') or '')}{error}", "Compute in float32."
            ) from error
        if name == "aten.squeeze.default":  # Of the sides of 1, not of a batch that happens to be of one image.
            source: Any = node.args[0]
            sides = enumerate(source.meta["val"].shape)
            single = tuple(dim for dim, side in sides if isinstance(side, int) and side == 1)
            name, arguments = "aten.squeeze.dims", (arguments[0], single)
        stack = list((node.meta.get("nn_module_stack") or {}).items())
        module = ""
        if stack and isinstance(stack[-1][1], tuple) and not stack[-1][0].startswith("_empty"):
            call = stack[-1][0].rpartition("@")[2] if "@" in stack[-1][0] else ""
            module = str(stack[-1][1][0]) + (f"@{call}" if call else "")
        return Node(node.name, name, arguments, keywords, module)

    def _argument(self, value: object) -> Argument:
        if isinstance(value, torch.fx.Node):
            return Reference(self._renamed(value.name))
        if isinstance(value, list | tuple):
            return tuple(self._argument(each) for each in value)
        if isinstance(value, torch.dtype):
            return Setting("dtype", dtype_name(value))
        if isinstance(value, torch.memory_format):
            return Setting("memory_format", next(name for name, each in MEMORY_FORMATS.items() if each is value))
        if value is None or isinstance(value, bool | int | float | str):
            return value
        if isinstance(value, torch.device | torch.layout):
            return None
        raise NotRecordableError(
            f"An operation takes a {type(value).__name__}, which can't be written down.", "Give it numbers or tensors."
        )

    def _renamed(self, name: str) -> str:
        return self._rename.get(name, name)

    def _unregistered(self, node: torch.fx.Node, name: str) -> NotRecordableError:
        line = _line_of(node.meta.get("stack_trace") or "")
        if not isinstance(node.target, torch._ops.OpOverload):
            return NotRecordableError(f"{line}{_BY_VALUES}", _BY_VALUES_HELP)
        if any(word in name for word in _RANDOM):
            return NotRecordableError(
                f"{line}the network draws random numbers in evaluation ({name}).",
                "Draw in training alone: pass training=self.training to functional dropout.",
            )
        return NotRecordableError(
            f"{line}{name} is not among the operators that can be checked.",
            "Write it with convolutions, matrix products, pooling and element-wise operations, or have the network "
            "judged by a person.",
        )


def _line_of(trace: str) -> str:
    """Return "model.py, line 12: " for the innermost line of a student's code in a printed trace, "" where there is
    none."""
    found = ""
    for line in trace.splitlines():
        parts = line.strip().split('"')
        if line.strip().startswith("File ") and len(parts) >= 3 and not _is_library(parts[1]):
            found = f"{Path(parts[1]).name}, {parts[2].lstrip(', ').split(',')[0]}: "
    return found


@functools.cache  # Asked for some 30,000 frames of a small network, which lie in a few hundred files.
def _is_library(path: str) -> bool:
    return (
        path.startswith("<")
        or Path(path).is_relative_to(_TORCH)
        or Path(path).is_relative_to(_OURS)
        or "site-packages" in path
        or "/lib/python" in path
    )


def _refusal(error: BaseException) -> NotRecordableError:
    """Put what export raised into one sentence, with the line of the network's code."""
    kind = type(error).__name__
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_library(frame.filename)]
    line = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}: " if frames else ""
    linecache.checkcache()
    text = (str(error).strip().splitlines() or [""])[0][:200]
    if (
        "DataDependent" in kind
        or "data-dependent" in text
        or "aten::_local_scalar_dense" in text
        or "aten.nonzero" in text
    ):
        return NotRecordableError(f"{line}{_BY_VALUES}", _BY_VALUES_HELP)
    if ".numpy()" in text or "numpy" in text.lower():
        return NotRecordableError(
            f"{line}the network leaves torch for NumPy in the middle.", "Write it with torch alone."
        )
    if "cuda" in text.lower() or "NVIDIA" in text:
        return NotRecordableError(
            f"{line}the network asks for a GPU in its forward pass.",
            "Use the device of its input: x.to(images.device), and no .cuda() in forward().",
        )
    return NotRecordableError(
        f"{line}forward() raised {kind}: {text}".rstrip(": "),
        f"Try it in Python on a batch of images, in evaluation mode: network.eval()(torch.zeros({3}, …)).",
    )
