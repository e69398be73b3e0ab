"""Which values of a program depend on which others."""

from collections.abc import Collection, Iterator

from common.anatomy.operators import REGISTRY
from common.anatomy.program import Node, Program, Reference

# Of their operands only the shape is used.
_MAKE = frozenset(
    {"zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full", "empty_like", "new_empty"}
)


def base(node: Node) -> str:
    """Return a node's operator without the overload: "convolution"."""
    return node.operator.split(".")[1] if node.operator.startswith("aten.") else node.operator


def operands(node: Node) -> Iterator[str]:
    """Yield the values that a node computes with; of those it leaves out only the size is used."""
    return iter(()) if base(node) in _MAKE or node.operator == "size" else node.references()


def named_operands(node: Node) -> Iterator[tuple[str, str]]:
    """Yield (name of the argument, value) for each of `operands`; the argument is "" where the operator has no
    schema."""
    computes = set(operands(node))
    if node.operator not in REGISTRY:
        yield from (("", name) for name in computes)
        return
    schema = REGISTRY[node.operator].schema.arguments
    for argument, given in (*zip((each.name for each in schema), node.arguments, strict=False), *node.keywords):
        for each in given if isinstance(given, tuple) else (given,):
            if isinstance(each, Reference) and each.name in computes:
                yield argument, each.name


def depending(program: Program, values: Collection[str]) -> set[str]:
    """Return `values` and all that depend on one of them."""
    found = set(values)
    for node in program.nodes:
        if not found.isdisjoint(operands(node)):
            found.add(node.name)
    return found


def leading(program: Program, values: Collection[str], *, from_: Collection[str] = ()) -> set[str]:
    """Return `values` and all that they depend on, but for what lies behind those of `from_`."""
    made = {node.name: node for node in program.nodes}
    waiting, found = list(values), set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            if name in made and name not in from_:
                waiting.extend(operands(made[name]))
    return found
