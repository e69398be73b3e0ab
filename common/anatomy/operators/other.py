"""Operators that are followed where there are no places to be mixed, and said to be not understood where there are."""

import torch
from torch import Tensor

from common.anatomy.operators.registry import Call, Found, follows


def _weight_normalized(direction: Tensor, length: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """What the operator does, which itself doesn't look whether there is a length for each direction."""
    wanted = [side if place == dim else 1 for place, side in enumerate(direction.shape)]
    if (
        dim not in (0, direction.ndim - 1)
        or list(length.shape) != wanted
        or not direction.numel()
        or direction.dtype != length.dtype
    ):
        raise ValueError("a weight norm needs a length for each direction")
    normalized: tuple[Tensor, ...] = torch.ops.aten._weight_norm_interface.default(
        direction.contiguous(), length.contiguous(), dim
    )
    return normalized


def _sampled(tensor: Tensor, grid: Tensor, mode: int, padding: int, align_corners: bool) -> Tensor:
    """What the operator does, which itself leaves its output as it finds it where it doesn't know the mode."""
    if mode not in (0, 1, 2) or padding not in (0, 1, 2):
        raise ValueError("grid_sample knows no such mode")
    sampled: Tensor = torch.ops.aten.grid_sampler_2d.default(tensor, grid, mode, padding, align_corners)
    return sampled


@follows("grid_sampler_2d.default", run=_sampled)
@follows("_weight_norm_interface.default", run=_weight_normalized)
@follows(
    # Of weights.
    "_trilinear.default",
    "embedding.default",
    "_cdist_forward.default",
    "_euclidean_dist.default",
    # Where the result depends on an order among values.
    "argmax.default",
    "argmin.default",
    "sort.default",
    "sort.stable",
    "topk.default",
    "median.default",
    "median.dim",
    "cummax.default",
    "cumsum.default",
    "cumprod.default",
    # Where it depends on places that are themselves computed.
    "scatter.src",
    "scatter.value",
    "scatter_add.default",
    "index_put.default",
    "affine_grid_generator.default",
    "max_unpool2d.default",
    # Along the channels, or with places back from a window.
    "avg_pool3d.default",
    "max_pool3d_with_indices.default",
    "col2im.default",
)
def elsewhere(call: Call) -> Found:
    """What is known of all operands, without a place."""
    merged = call.merged
    if merged.places > 1:
        merged = merged.not_through(call.operator)
    return Found(tuple(merged.at(None) for _ in call.outputs))
