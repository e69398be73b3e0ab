"""Source without what moves tensors to a GPU: the checker's sandbox has none."""

import ast

from checker.notebook.cells import parse

_DEVICES = ("cuda", "cpu", "mps", "xla", "gpu")


def without_moves(text: str, tree: ast.Module) -> tuple[str, ast.Module]:
    """Return source, and its tree, in which `.cuda()` and `.to(device)` are cut out; every line keeps its number."""
    if ".cuda(" not in text and ".to(" not in text:
        return text, tree
    cuts: list[tuple[tuple[int, int], tuple[int, int]]] = []
    for node in ast.walk(tree):
        value = moved(node)
        if value is not None and isinstance(node, ast.Call):
            cuts.append(
                ((value.end_lineno or 0, value.end_col_offset or 0), (node.end_lineno or 0, node.end_col_offset or 0))
            )
    if not cuts:
        return text, tree
    lines = [line.encode() for line in text.split("\n")]
    for (line, column), (last, end) in sorted(cuts, reverse=True):
        if line == last:
            lines[line - 1] = lines[line - 1][:column] + lines[line - 1][end:]
    # A move over several lines stays: cutting it could join what must not be.
    edited = b"\n".join(lines).decode()
    try:
        return edited, parse(edited)
    except ValueError:
        return text, tree


def moved(node: ast.AST) -> ast.expr | None:
    """Return what a call moves to a device, `x` of x.cuda() or x.to(device); None where it is no such call."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    if node.func.attr == "cuda":
        return node.func.value
    if node.func.attr != "to" or not node.args:
        return None
    target = node.args[0]
    if isinstance(target, ast.Constant):
        to_device = isinstance(target.value, str) and target.value.startswith(_DEVICES)
    else:
        to_device = "dev" in ast.unparse(target).lower()
    return node.func.value if to_device else None
