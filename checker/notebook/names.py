"""Which names a statement binds, changes and needs: at once, or when a function in it is called."""

import ast
import re
import symtable
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeGuard

# Of these, what they are called on is another afterwards.
_CHANGING = re.compile("append|extend|insert|update|setdefault|pop|remove|add_module|register_module")
_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_COMPREHENSIONS = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})
# What runs when a network is built and called; of a class that derives from nn.Module, nothing else is looked into.
_RUNS = ("__init__", "forward", "__new__", "__call__", "__setattr__", "__getattr__", "__post_init__")


@dataclass(frozen=True)
class Names:
    """bound: names that the statement gives a value; changed: whose value it changes
    now: names needed while it runs; later: needed by the functions that it defines"""

    bound: frozenset[str]
    changed: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]


def names_of(statement: ast.stmt, text: str) -> Names:
    """Return the names of a statement; `text` is its source."""
    bound: set[str] = set()
    changed: set[str] = set()
    also: set[str] = set()
    within: set[str] = set()  # Given their value by the statement before it needs them.
    own: set[int] = set()  # Names that live in a comprehension alone.
    for node in shallow(statement):
        if isinstance(node, ast.comprehension):
            own.update(id(each) for each in ast.walk(node.target))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del) and id(node) not in own:
            bound.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.For | ast.withitem):
            target = node.target if isinstance(node, ast.For) else node.optional_vars
            within.update(each.id for each in ast.walk(target or ast.Pass()) if isinstance(each, ast.Name))
        elif isinstance(node, ast.AugAssign):
            also.update(_root(node.target))
            changed.update(_root(node.target))
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            changed.update(_root(node))
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _CHANGING.fullmatch(node.func.attr)
        ):
            changed.update(_root(node.func.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr" and node.args:
            changed.update(_root(node.args[0]))
    now, later = _needs(statement, text)
    return Names(frozenset(bound), frozenset(changed - bound), frozenset((now | also) - within), frozenset(later))


def shallow(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what is below it in the same scope: not what stands in functions, classes and lambdas."""
    pending = [node]
    while pending:
        found = pending.pop()
        yield found
        if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            pending.extend(found.decorator_list)
        elif not isinstance(found, ast.Lambda):
            pending.extend(ast.iter_child_nodes(found))


def expression_names(node: ast.expr) -> frozenset[str]:
    """Return the names that an expression reads, but for those that live in it alone."""
    text = f"_ = {ast.unparse(node)}"
    names = names_of(ast.parse(text).body[0], text)
    return names.now | names.later


def _reads(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def _root(node: ast.expr) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def _needs(statement: ast.stmt, text: str) -> tuple[set[str], set[str]]:
    if not any(isinstance(node, _SCOPES) for node in ast.walk(statement)):
        return {node.id for node in ast.walk(statement) if _reads(node)}, set()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = symtable.symtable(text, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}, set()
    now: set[str] = set()
    later: set[str] = set()
    reached = _reached(statement) if isinstance(statement, ast.ClassDef) else None
    pending = [(table, False, 0)]
    while pending:
        scope, runs_later, depth = pending.pop()
        names = later if runs_later else now
        names.update(
            symbol.get_name()
            for symbol in scope.get_symbols()
            if symbol.is_referenced() and (scope is table or symbol.is_global())
        )
        for child in scope.get_children():
            if (
                depth == 1
                and reached is not None
                and child.get_type() == "function"
                and child.get_name() not in reached
            ):
                continue
            deferred = child.get_type() == "function" and child.get_name() not in _COMPREHENSIONS
            pending.append((child, runs_later or deferred, depth + 1))
    return now, later


def _reached(node: ast.ClassDef) -> frozenset[str] | None:
    """Return the methods that building and calling a network may run; None where that can't be told."""
    methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    if "forward" not in methods and "__init__" not in methods:
        return None
    pending = [name for name in methods if name in _RUNS]
    reached = set(_COMPREHENSIONS) | {"lambda"} | set(pending)
    while pending:
        for found in ast.walk(methods[pending.pop()]):
            if isinstance(found, ast.Attribute) and found.attr in methods and found.attr not in reached:
                reached.add(found.attr)
                pending.append(found.attr)
    return frozenset(reached)
