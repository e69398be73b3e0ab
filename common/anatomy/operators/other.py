"""Operators that are followed where there are no places to be mixed, and said to be not understood where there are."""

from common.anatomy.operators.registry import Call, Found, follows


@follows(
    # Of weights.
    "_weight_norm_interface.default", "_trilinear.default", "embedding.default", "_cdist_forward.default",
    # Where the result depends on an order among values.
    "argmax.default", "argmin.default", "sort.default", "sort.stable", "topk.default", "median.default", "median.dim", "cummax.default",
    "cumsum.default", "cumprod.default",
    # Where it depends on places that are themselves computed.
    "scatter.src", "scatter.value", "scatter_add.default", "index_put.default", "grid_sampler_2d.default", "affine_grid_generator.default",
    "max_unpool2d.default",
    # Along the channels, or with places back from a window.
    "avg_pool3d.default", "max_pool3d_with_indices.default", "col2im.default")
def elsewhere(call: Call) -> Found:
    """What is known of all operands, without a place."""
    merged = call.merged
    if merged.places > 1:
        merged = merged.not_through(call.operator)
    return Found(tuple(merged.at(None) for _ in call.outputs))
