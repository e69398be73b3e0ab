"""A .pt or .pth file, read without running anything in it, and written as safetensors. Runs in the sandbox."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

WRAPPED_IN = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "network",
    "net",
    "ema_state_dict",
    "ema",
    "weights",
)
PREFIXES = ("module.", "_orig_mod.")
MOST_TENSORS = 10_000
_TYPES = (
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
)
_SAVE = "Save it with torch.save(network.state_dict(), …), or as safetensors"


class StateDictError(Exception):
    """A file is no state dict: `message` continues the file's name, without a full stop; `help` says what to do."""

    def __init__(self, message: str, help: str = f"{_SAVE}.") -> None:
        super().__init__(message)
        self.message, self.help = message, help


def convert(path: Path, most_bytes: int) -> tuple[str, bytes]:
    """Return the prefix that was stripped of the names, and the tensors as safetensors. Raises StateDictError.

    Around the state dict there may be dictionaries (a checkpoint with optimizer and epoch), around every name what
    DataParallel, torch.compile and AveragedModel put before it.
    """
    from safetensors.torch import save

    prefix, tensors = _without_prefixes(_unwrapped(_load(path, most_bytes)))
    if (
        sum(tensor.numel() * tensor.element_size() for tensor in map(_plain_type, tensors, tensors.values()))
        > most_bytes
    ):
        raise StateDictError(f"holds more than {most_bytes // 10**6} MB of numbers")
    # Cloned, so that tensors which share memory, views and expanded ones have each its own numbers.
    return prefix, save(
        {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
    )


def _load(path: Path, most_bytes: int) -> object:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if sum(member.file_size for member in archive.infolist()) > 2 * most_bytes:
                    raise StateDictError(f"unpacks to more than {2 * most_bytes // 10**6} MB")
        with torch.serialization.safe_globals(_numbers()):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise StateDictError(
            "holds more than a state dict, or is damaged",
            f"{_SAVE}: whole networks and other objects can't be read without running their code.",
        ) from error
    except (zipfile.BadZipFile, EOFError) as error:
        raise StateDictError("is damaged", f"{_SAVE} again.") from error


def _numbers() -> list[Any]:
    """Return what NumPy's numbers and arrays are made with: the best accuracy often lies beside the weights."""
    import _codecs

    import numpy as np
    from numpy._core import multiarray

    kinds = [
        getattr(np.dtypes, name) for name in np.dtypes.__all__ if name.startswith(("Float", "Int", "UInt", "Bool"))
    ]
    return [np.dtype, np.ndarray, multiarray.scalar, multiarray._reconstruct, _codecs.encode, *kinds]


def _unwrapped(loaded: object) -> dict[str, Tensor]:
    for _ in range(4):
        if not isinstance(loaded, dict) or (loaded and all(isinstance(value, Tensor) for value in loaded.values())):
            break
        inner = [loaded[key] for key in WRAPPED_IN if isinstance(loaded.get(key), dict)]
        if not inner:
            break
        loaded = inner[0]
    if not isinstance(loaded, dict) or not loaded:
        raise StateDictError("holds no state dict")
    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise StateDictError(f"holds more than a state dict: {name!r:.80} is no tensor")
    if len(loaded) > MOST_TENSORS:
        raise StateDictError(f"holds more than {MOST_TENSORS:,} tensors")
    return dict(loaded)


def _without_prefixes(tensors: dict[str, Tensor]) -> tuple[str, dict[str, Tensor]]:
    stripped = ""
    while True:
        # AveragedModel counts beside what it wraps.
        names = [name for name in tensors if name != "n_averaged"]
        prefix = next((prefix for prefix in PREFIXES if names and all(name.startswith(prefix) for name in names)), None)
        if prefix is None:
            return stripped, tensors
        tensors = {name.removeprefix(prefix): tensors[name] for name in names}
        stripped += prefix


def _plain_type(name: str, tensor: Tensor) -> Tensor:
    """Return `tensor`, which is an ordinary array of numbers. Raises StateDictError."""
    if tensor.is_meta:
        found = "on the device meta, without its numbers"
    elif tensor.is_quantized:
        found = "quantised"
    elif tensor.layout != torch.strided:
        found = "sparse"
    elif type(tensor) not in (Tensor, torch.nn.Parameter, torch.nn.Buffer):
        found = f"a {type(tensor).__name__}"
    elif tensor.dtype not in _TYPES:
        found = f"of the type {str(tensor.dtype).removeprefix('torch.')}"
    else:
        return tensor
    raise StateDictError(f"holds a tensor, {name:.80}, that is {found}", f"{_SAVE}, with ordinary tensors.")
