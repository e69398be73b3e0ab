"""The operators that a program may run, family by family; importing the package fills the registry."""

from common.anatomy.operators import (
    constants,
    contractions,
    movements,
    normalizations,
    other,
    pointwise,
    reductions,
    windows,
)
from common.anatomy.operators.registry import REGISTRY, Call, Found, Operator

FAMILIES = (constants, contractions, movements, normalizations, other, pointwise, reductions, windows)

__all__ = ["FAMILIES", "REGISTRY", "Call", "Found", "Operator"]
