"""Do all places of a map count in the same proportion, whatever channel they are of and whichever class they count for?
They do in an average, and not where places have weights of their own."""

from collections.abc import Mapping

import torch
from torch import Tensor

from checker.experiments.choosing import learned_windows
from checker.experiments.counting import attached
from common.anatomy.program import Program
from common.anatomy.replay import Seen, replay
from common.anatomy.ways import base, leading


def weighed_apart(program: Program, weights: Mapping[str, Tensor], *inputs: Tensor) -> float:
    """Return how far the weights with which the places of a map count, for each channel and class, are from one and the
    same pattern, scaled: a share of their size.

    That is asked of the maps that learned kernels and poolings make and from which a way leads to the logits through no
    other: each is set to its average at all its places, so that whatever treats places alike gives the same at each,
    and the logits are differentiated by it. Everything behind runs: padding, crops, other windows. `weights` and
    `inputs` are float64.
    """
    windows = learned_windows(program, weights, inputs) | {node.name for node in program.nodes if "_pool" in base(node)}
    last = windows & leading(program, program.outputs, from_=windows)
    maps: dict[str, Tensor] = {}

    def keep(seen: Seen) -> None:
        map = seen.outputs[0] if seen.node.name in last else None
        if map is not None and map.ndim == 4 and map.shape[-2:].numel() > 1:
            maps[seen.node.name] = map.mean((2, 3), keepdim=True).expand_as(map).clone().requires_grad_()

    with torch.no_grad():
        replay(program, weights, *inputs, see=keep, double=True)
    if not maps:
        return 0.0
    with torch.enable_grad():
        outputs = replay(attached(program), weights, *inputs, change=maps, double=True)
    slopes: dict[str, list[Tensor]] = {name: [] for name in maps}
    for logits in outputs:
        for each in logits.unbind(1) if logits.requires_grad else ():
            found = torch.autograd.grad(each.sum(), list(maps.values()), retain_graph=True, allow_unused=True)
            for name, slope in zip(maps, found, strict=True):
                slopes[name] += [] if slope is None else [slope]
    # Without slopes there is nothing to see, and that is no evidence.
    return max((_apart(torch.stack(each, 1)) for each in slopes.values() if each), default=1.0)


def _apart(slopes: Tensor) -> float:
    """Return how far slopes (N×classes×channels×H×W) are, for each image, from those of a pattern of places that is
    scaled for each class and channel."""
    if not bool(slopes.isfinite().all()):
        return 1.0
    sizes = torch.linalg.svdvals(slopes.flatten(3).flatten(1, 2)).square()
    return float((sizes[:, 1:].sum(1) / sizes.sum(1)).sqrt().nan_to_num(0.0).amax())  # A dead map has no slopes: 0/0.
