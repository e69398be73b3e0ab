"""Normalisations, named for what they average over and not for what they are called."""

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from common.anatomy.operators.layer import layer
from common.anatomy.operators.registry import Call, Found, follows
from common.anatomy.operators.value import distinct


def _batch_normalized(
    tensor: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    momentum: float,
    eps: float,
) -> tuple[Tensor, ...]:
    """What the operator does, which itself doesn't look whether there is a number for each channel."""
    if any(each is not None and tuple(each.shape) != (tensor.shape[1],) for each in (weight, bias, mean, variance)):
        raise ValueError("a batch norm needs a number for each channel")
    if tensor.is_meta:  # Where the operator is Python, ten times as slow.
        return torch.empty_like(tensor), tensor.new_empty(0), tensor.new_empty(0)
    normalized: tuple[Tensor, ...] = torch.ops.aten._native_batch_norm_legit_no_training.default(
        tensor, weight, bias, mean, variance, momentum, eps
    )
    return normalized


def _batch_normalized_by_batch(
    tensor: Tensor, weight: Tensor | None, bias: Tensor | None, training: bool, momentum: float, eps: float
) -> tuple[Tensor, ...]:
    if any(each is not None and tuple(each.shape) != (tensor.shape[1],) for each in (weight, bias)):
        raise ValueError("a batch norm needs a number for each channel")
    normalized: tuple[Tensor, ...] = torch.ops.aten._native_batch_norm_legit.no_stats(
        tensor, weight, bias, training, momentum, eps
    )
    return normalized


def _group_normalized(
    tensor: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    images: int,
    channels: int,
    places: int,
    groups: int,
    eps: float,
) -> tuple[Tensor, ...]:
    """What the operator does, which itself believes the sizes that it is told."""
    if tensor.shape[:2] != (images, channels) or tensor[0, 0].numel() != places:
        raise ValueError("a group norm is told other sizes than its input has")
    return (F.group_norm(tensor, groups, weight, bias, eps),)


@follows("_native_batch_norm_legit.no_stats", run=_batch_normalized_by_batch)
@follows("_native_batch_norm_legit_no_training.default", run=_batch_normalized)
def batch_norm(call: Call) -> Found:
    """Per channel, by running statistics; without them by the batch's own, which for N·C channels of one image is an
    instance norm."""
    tensor, _ = call.operands[0]
    instance = call.operator.endswith("no_stats") and tensor.shape[0] == 1 != call.images
    return _normalized(call, "instance norm" if instance else "batch norm")


@follows("native_group_norm.default", run=_group_normalized)
def group_norm(call: Call) -> Found:
    """One group is a layer, a group a channel an instance; channels that lie beside one another as images count as
    groups."""
    tensor, value = call.operands[0]
    folded = max(1, tensor.shape[0] // call.images)
    channels, groups = tensor.numel() // call.images // value.places, call["group"] * folded
    return _normalized(call, "layer norm" if groups == 1 else "instance norm" if groups == channels else "group norm")


@follows("native_layer_norm.default")
def layer_norm(call: Call) -> Found:
    """Over the last dimensions: all of an image's numbers, or all channels of one place; whole maps are an instance's
    or a group's."""
    tensor, value = call.operands[0]
    count = math.prod(call["normalized_shape"])
    if value.plane is None or count * call.images == tensor.numel():
        return _normalized(call, "layer norm")
    mixed = distinct(value.plane.places.reshape(-1, count)[0])
    whole = mixed == value.places
    return _normalized(
        call,
        "layer norm"
        if mixed == 1 and count * call.images * value.places == tensor.numel()
        else "partial norm"
        if not whole
        else "instance norm"
        if count == mixed
        else "group norm",
    )


def _normalized(call: Call, kind: str) -> Found:
    """The places stay."""
    value = call.values[0]
    if not value.origin.image:
        return Found((call.merged,) * len(call.outputs))
    found = replace(call.merged, plane=value.plane)
    return Found((found,) * len(call.outputs), (layer(call, kind, found),))
