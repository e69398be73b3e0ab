"""Muon: steps whose singular values are all alike (Jordan, 2024), for the kernels of convolutions."""

import torch
from torch import Tensor, nn

# What Liu et al. (2025) give a step, as a root mean square of its elements, so that Muon goes by AdamW's rates.
_STEP = 0.2
_BETAS = 0.9, 0.99


class Muon(torch.optim.Optimizer):
    """Kernels of convolutions without a bias go by Muon, with Nesterov's momentum and decoupled weight decay; biases,
    normalisations, depthwise kernels and the last layer go by Adam, without decay. One learning rate is for all.
    """

    def __init__(self, network: nn.Module, lr: float, momentum: float, weight_decay: float) -> None:
        # A kernel with a bias has no normalisation behind it, so the length of its weights matters.
        kernels = [
            module.weight
            for module in network.modules()
            if isinstance(module, nn.Conv2d)
            and module.bias is None
            and (module.groups == 1 or module.groups < module.in_channels)
        ]
        others = [each for each in network.parameters() if not any(each is kernel for kernel in kernels)]
        groups = [{"params": kernels, "kernels": True}, {"params": others, "kernels": False}]
        super().__init__(
            [group for group in groups if group["params"]],
            {"lr": lr, "momentum": momentum, "weight_decay": weight_decay},
        )

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters by their gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                change = self._muon(parameter, group) if group["kernels"] else self._adam(parameter)
                parameter.sub_(change, alpha=group["lr"])

    def _muon(self, kernel: Tensor, group: dict) -> Tensor:
        state = self.state[kernel]
        if not state:
            state["momentum"] = torch.zeros_like(kernel)
        state["momentum"].mul_(group["momentum"]).add_(kernel.grad)
        ahead = (kernel.grad + group["momentum"] * state["momentum"]).flatten(1)
        step = orthogonalized(ahead) * (_STEP * max(ahead.shape) ** 0.5)
        return step.view_as(kernel) + group["weight_decay"] * kernel

    def _adam(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if not state:
            state["mean"] = torch.zeros_like(parameter)
            state["square"] = torch.zeros_like(parameter)
            state["steps"] = 0
        state["steps"] += 1
        first, second = _BETAS
        state["mean"].lerp_(parameter.grad, 1 - first)
        state["square"].lerp_(parameter.grad**2, 1 - second)
        mean = state["mean"] / (1 - first ** state["steps"])
        return mean / ((state["square"] / (1 - second ** state["steps"])).sqrt() + 1e-8)


def orthogonalized(matrix: Tensor) -> Tensor:
    """Return a matrix with the singular vectors of `matrix`, whose singular values lie near 1 (between 0.6 and 1.3, but
    where they are tiny beside the largest one), by five steps of Newton and Schulz's iteration."""
    matrix = matrix / (matrix.norm() + 1e-7)
    tall = matrix.shape[0] > matrix.shape[1]
    if tall:
        matrix = matrix.T
    for _ in range(5):
        square = matrix @ matrix.T
        matrix = 3.4445 * matrix + (-4.7750 * square + 2.0315 * square @ square) @ matrix
    return matrix.T if tall else matrix
