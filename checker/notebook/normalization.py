"""The normalization that a notebook's test images went through, where its source shows it."""

import ast
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from checker.notebook.timeline import Timeline, value_bound

# What albumentations uses where nothing is given.
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_MOST = 16
_Numbers = float | tuple["_Numbers", ...]


@dataclass(frozen=True)
class ShownNormalization:
    """Mean and standard deviation per channel, of pixels scaled to [0, 1], and the cell that shows them."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    cell: int


def read_normalization(timeline: Timeline) -> ShownNormalization | None:
    """Return the normalization of the test images; where none is named for them, that which all others share. None
    where it can't be told."""
    found = list(_normalizations(timeline))
    tests = [each for named, each in found if named]
    chosen = tests or [each for _, each in found]
    numbers = {None if each is None else (each.mean, each.std) for each in chosen}
    return chosen[-1] if chosen and len(numbers) == 1 else None


def _normalizations(timeline: Timeline) -> Iterator[tuple[bool, ShownNormalization | None]]:
    for place, statement in enumerate(timeline.statements):
        if "Normalize" not in statement.text:
            continue
        above = {id(child): node for node in ast.walk(statement.node) for child in ast.iter_child_nodes(node)}
        for node in ast.walk(statement.node):
            if isinstance(node, ast.Call) and _called(node) == "Normalize":
                around: list[ast.AST] = [node]
                while len(around) < 200 and (parent := above.get(id(around[-1]))) is not None:
                    around.append(parent)
                reader = _Reader(timeline, place, [each for each in around if isinstance(each, ast.FunctionDef)])
                yield _is_for_tests(around), reader.read(node, statement.home)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_for_tests(around: Sequence[ast.AST]) -> bool:
    """Return whether what surrounds a call is named for testing: a variable, function, class, keyword or key."""
    names: list[str] = []
    for inner, node in pairwise(around):
        if isinstance(node, ast.Assign):
            names += [ast.unparse(target) for target in node.targets]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.keyword):
            names.append(node.arg or "")
        elif isinstance(node, ast.Dict):
            names += [
                ast.unparse(key) for key, value in zip(node.keys, node.values, strict=True) if key and value is inner
            ]
        elif isinstance(node, ast.Call) and any(_is_false(each) for each in node.keywords):
            names.append("test")  # datasets.MNIST(train=False, transform=…)
    return re.search("test|val", " ".join(names).lower()) is not None


def _is_false(keyword: ast.keyword) -> bool:
    return keyword.arg == "train" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False


class _Reader:
    """Works out constants at a place of a timeline, within functions perhaps, the innermost first."""

    def __init__(self, timeline: Timeline, place: int, functions: Sequence[ast.FunctionDef]) -> None:
        self._timeline, self._place, self._functions = timeline, place, functions

    def read(self, call: ast.Call, cell: int) -> ShownNormalization | None:
        given: dict[str, ast.expr] = dict(zip(("mean", "std"), call.args, strict=False))
        given.update({each.arg: each.value for each in call.keywords if each.arg is not None})
        if (
            not given
            and isinstance(call.func, ast.Attribute)
            and ast.unparse(call.func.value) in ("A", "albumentations")
        ):
            return ShownNormalization(*_IMAGENET, cell)
        if "mean" not in given or "std" not in given:
            return None
        if "max_pixel_value" in given and self._value(given["max_pixel_value"], self._place, 0) != 255.0:
            return None
        mean, std = (_channels(self._value(given[key], self._place, 0)) for key in ("mean", "std"))
        if mean is None or std is None or min(std) <= 0:
            return None
        if len(mean) != len(std):
            longest = max(len(mean), len(std))
            mean, std = (each * longest if len(each) == 1 else each for each in (mean, std))
        return ShownNormalization(mean, std, cell) if len(mean) == len(std) else None

    def _named(self, name: str, before: int, depth: int) -> _Numbers | None:
        if before == self._place:
            for function in self._functions:
                for node in function.body:
                    value = value_bound(node, name)
                    if value is not None and name not in {
                        each.id for each in ast.walk(value) if isinstance(each, ast.Name)
                    }:
                        return self._value(value, before, depth + 1)
                parameters = function.args
                defaults = dict(
                    zip([each.arg for each in reversed(parameters.args)], reversed(parameters.defaults), strict=False)
                )
                if any(each.arg == name for each in [*parameters.args, *parameters.kwonlyargs]):
                    return self._value(defaults[name], before, depth + 1) if name in defaults else None
        place = self._timeline.bound(name, before)
        bound = value_bound(self._timeline[place].node, name) if place is not None and place < before else None
        return None if bound is None or place is None else self._value(bound, place, depth + 1)

    def _value(self, node: ast.expr, before: int, depth: int) -> _Numbers | None:
        """Return the number or numbers that an expression of constants stands for."""
        if depth > 12:
            return None
        if isinstance(node, ast.Constant):
            number = node.value
            return float(number) if isinstance(number, int | float) and abs(number) < 1e9 else None
        if isinstance(node, ast.Name):
            return self._named(node.id, before, depth)
        if isinstance(node, ast.Tuple | ast.List) and len(node.elts) <= _MOST:
            values = [self._value(each, before, depth + 1) for each in node.elts]
            known = tuple(each for each in values if each is not None)
            return known if len(known) == len(values) else None
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            inner = self._value(node.value, before, depth + 1)
            at = node.slice.value
            return (
                inner[at] if isinstance(inner, tuple) and type(at) is int and -len(inner) <= at < len(inner) else None
            )
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self._value(node.operand, before, depth + 1)
            return -value if isinstance(value, float) else None
        if isinstance(node, ast.BinOp):
            left, right = (self._value(each, before, depth + 1) for each in (node.left, node.right))
            return _computed(left, node.op, right)
        if isinstance(node, ast.Call) and _called(node) in ("array", "tensor", "list", "tuple", "float") and node.args:
            return self._value(node.args[0], before, depth + 1)
        if (
            isinstance(node, ast.ListComp | ast.GeneratorExp) and len(node.generators) == 1
        ):  # [x / 255 for x in [125.3, …]]
            generator = node.generators[0]
            values_of = self._value(generator.iter, before, depth + 1)
            if isinstance(values_of, tuple) and isinstance(generator.target, ast.Name) and len(values_of) <= _MOST:
                each_value = [_scaled(node.elt, generator.target.id, each) for each in values_of]
                known = tuple(each for each in each_value if each is not None)
                return known if len(known) == len(each_value) else None
        return None


def _channels(value: _Numbers | None) -> tuple[float, ...] | None:
    if isinstance(value, float):
        value = (value,)
    if value is None or not 0 < len(value) <= _MOST:
        return None
    numbers = tuple(each for each in value if isinstance(each, float) and math.isfinite(each))
    return numbers if len(numbers) == len(value) else None


def _scaled(node: ast.expr, name: str, value: _Numbers) -> float | None:
    if not isinstance(node, ast.BinOp) or not isinstance(node.right, ast.Constant) or not isinstance(value, float):
        return None
    number = node.right.value
    if ast.unparse(node.left) != name or not isinstance(number, int | float) or abs(number) > 1e9:
        return None
    found = _computed(value, node.op, float(number))
    return found if isinstance(found, float) else None


def _computed(left: _Numbers | None, operator: ast.operator, right: _Numbers | None) -> _Numbers | None:
    if isinstance(left, tuple) and isinstance(operator, ast.Mult) and isinstance(right, float):
        return left * int(right) if 0 < len(left) * right <= _MOST else None
    if isinstance(left, tuple) and isinstance(operator, ast.Div) and isinstance(right, float):
        parts = [_computed(each, operator, right) for each in left]
        known = tuple(each for each in parts if each is not None)
        return known if len(known) == len(parts) else None
    if not isinstance(left, float) or not isinstance(right, float):
        return None
    if isinstance(operator, ast.Div):
        return left / right if right else None
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Add):
        return left + right
    return left - right if isinstance(operator, ast.Sub) else None
