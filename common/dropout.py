"""Dropout whose masks are cheap to draw on a CPU.

`nn.Dropout` asks PyTorch's generator for one Bernoulli number an element, on one core: in a small network that takes
longer than all of its convolutions. Here 64 random bits make four elements of a mask.
"""

import numpy as np
import torch
from torch import Tensor, nn

_BITS = 15  # The share that is dropped is exact to 2⁻¹⁵.
_ONE = 0x3F80  # 1.0 in bfloat16.


class CheapDropout(nn.Dropout):
    """`nn.Dropout` for a CPU: each element is dropped by itself with probability `p`, the others are scaled by 1/(1-p).

    The masks follow from PyTorch's seed, but they are others than those of `nn.Dropout`.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        # A mask has the memory layout of what it is laid over, else the product would cost far more.
        mask = torch.empty_like(x, dtype=torch.bfloat16)
        mask = torch.as_strided(_draw(x.numel(), self.p), mask.shape, mask.stride())
        return x * mask.to(x.dtype) * (1 / (1 - self.p) if self.p < 1 else 0.0)


def _draw(count: int, p: float) -> Tensor:
    """Return bfloat16 `count`: 0 with probability `p`, else 1."""
    generator = np.random.Generator(np.random.PCG64(int(torch.randint(2**62, ()))))
    words = generator.integers(0, 2**64, -(-count // 4), dtype=np.uint64)
    bits = torch.from_numpy(words).view(torch.int16)[:count]
    # In place, on whole words: bits become -1 where they are at least the threshold and 0 below it, then 1.0 and 0.0.
    bits &= 2**_BITS - 1
    bits.neg_()
    bits += round(p * 2**_BITS) - 1
    bits >>= 15
    bits &= _ONE
    return bits.view(torch.bfloat16)


def use_cheap_dropout(network: nn.Module) -> None:
    """Put a CheapDropout in the place of each nn.Dropout of `network`; its weights and their names stay as they are."""
    for name, module in network.named_children():
        if type(module) is nn.Dropout:
            setattr(network, name, CheapDropout(module.p))
        else:
            use_cheap_dropout(module)
