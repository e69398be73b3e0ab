"""A layer as it ran: what `follow` finds in a program."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One call that has weights, or pools.

    kind:             "convolution", "linear", "batch norm", "group norm", "layer norm" (also as one group), "instance
                      norm", "partial norm" (over some places of a map and not others), "max pool", "average pool",
                      "global average"
    call:             the how many-eth call of the program it is, from 0; value: the name of what it makes
    uses:             keys of the weights that it reads; name: of the module that holds them ("" where there are none)
    output:           shape without the batch
    parameters:       learned numbers that no operation before it used
    multiply_adds:    of convolutions and matrix products, for one image
    receptive_field:  (height, width) in input pixels of one output value
    jump:             (down, across) in input pixels from one output value to its neighbour
    weight:           shape of the kernel, convolutions and linear layers only; weight_name: its key in a state dict
    map:              (height, width) of a convolution's input; of a linear layer at each place (how many, 1)
    before:           calls of the convolutions, and linear layers at each place, whose output reaches this one with no
                      other in between
    single:           of a convolution: each of its outputs is one number of its input, and nothing else
    fully_connected:  every output sees a whole spatial activation through learned weights
    side_seen:        of a convolution with a larger kernel than 3: the share of its map's rows, or columns, that every
                      output sees at least
    """

    kind: str
    call: int
    value: str
    output: tuple[int, ...]
    receptive_field: tuple[int, int]
    jump: tuple[float, float]
    multiply_adds: int = 0
    uses: frozenset[str] = frozenset()
    name: str = ""
    parameters: int = 0
    weight: tuple[int, ...] = ()
    weight_name: str = ""
    map: tuple[int, ...] = ()
    before: frozenset[int] = frozenset()
    stride: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    single: bool = False
    fully_connected: bool = False
    side_seen: float = 0.0
