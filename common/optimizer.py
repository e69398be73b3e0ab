"""How a recipe's steps change the weights, and the average that is taken of them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from common.muon import Muon
from common.recipe import Recipe


def optimizer_for(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Return the optimizer of `recipe`. Weight decay is for kernels (under Muon, those that it orthogonalises); what is
    left goes without."""
    if recipe.optimizer == "muon":
        return Muon(network, recipe.lr, recipe.momentum, recipe.weight_decay)
    decayed = kernels(network)
    others = [parameter for parameter in network.parameters() if not any(parameter is kernel for kernel in decayed)]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.nesterov, fused=True)
    return torch.optim.AdamW(groups, lr=recipe.lr, betas=(recipe.momentum, 0.99), fused=True)


def kernels(network: nn.Module) -> list[nn.Parameter]:
    """Return the weights of convolutions and linear layers: not biases, not the scales of normalisation layers."""
    return [module.weight for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def weight_average(network: nn.Module, recipe: Recipe) -> AveragedModel | None:
    """Return the exponential moving average of the weights and statistics of `network`; None where `recipe` asks for
    none."""
    if not recipe.averaging:
        return None
    return AveragedModel(network, multi_avg_fn=_exponential_average(recipe.averaging), use_buffers=True)


def _exponential_average(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor], None]:
    """Return AveragedModel's update. It starts with a short memory, so that the first epochs' average is of use too."""

    def update(averaged: list[Tensor], current: list[Tensor], count: Tensor) -> None:
        if averaged[0].is_floating_point():
            torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + float(count)) / (10 + float(count))))
        else:  # Batch norm's counts of batches.
            torch._foreach_copy_(averaged, current)

    return update
