"""Statistics of weights, which need no image."""

import hashlib
from collections.abc import Mapping

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from checker.intake.tensors import refuse_strange

# What DataParallel and torch.compile put before every name.
_PREFIXES = ("module.", "_orig_mod.")


def parsed(content: bytes) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file, without what wrappers put before their names. Raises ValueError."""
    refuse_strange(content)
    try:
        tensors = load(content)
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise ValueError(type(error).__name__) from error
    for prefix in _PREFIXES:
        inner = {key: tensor for key, tensor in tensors.items() if key != "n_averaged"}
        if inner and all(key.startswith(prefix) for key in inner):
            tensors = {key.removeprefix(prefix): tensor for key, tensor in inner.items()}
    return tensors


def as_file(tensors: Mapping[str, Tensor]) -> bytes:
    """Return tensors as a safetensors file."""
    return save(dict(tensors))


def learned_digest(tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of what weights say, less the counts of batches that change by themselves."""
    digest = hashlib.sha256()
    for key, tensor in sorted(tensors.items()):
        if not key.endswith("num_batches_tracked"):
            digest.update(key.encode() + tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return how far two networks' logits (N×classes) of the same images differ at most, as a share of how far they lie
    apart.

    What all classes of an image have in common decides nothing, nor does a scale of them all, or what is added to a
    class for every image; these are left out.
    """
    one, other = ((each - each.mean(1, keepdims=True)).astype(np.float64) for each in (one, other))
    one, other = (each - each.mean(0) for each in (one, other))
    one, other = (each / np.sqrt((each**2).mean()) for each in (one, other))
    return float(np.abs(one - other).max())


def evenness(kernels: Mapping[str, Tensor]) -> float | None:
    """Mean |w| over the root mean square, of the weights that lead to one output channel, averaged over all weights:
    1 where all are alike, 0.8 for Gaussian numbers, towards 0 the fewer carry most. No scale of a channel changes it,
    neither of one that goes in nor of one that comes out: a norm before or behind could take it.

    None where there are no kernels, or some of their numbers are not finite.
    """
    rows = [row for kernel in kernels.values() for row in _alike_inputs(kernel).flatten(1)]
    if not rows or not all(bool(row.isfinite().all()) for row in rows):
        return None
    even = [row.abs().mean() / row.square().mean().sqrt() if bool(row.any()) else row.new_zeros(()) for row in rows]
    return float(
        sum(ratio * row.numel() for ratio, row in zip(even, rows, strict=True)) / sum(row.numel() for row in rows)
    )


def _alike_inputs(kernel: Tensor) -> Tensor:
    """Return a kernel (outputs×inputs×…) with each input's weights divided by their root mean square."""
    size = kernel.square().mean((0, *range(2, kernel.ndim)), keepdim=True).sqrt()
    return kernel / torch.where(size > 0, size, 1)
