"""The statements of a notebook in the order in which they ran: loops over networks unrolled, functions that train taken
apart, so that what a network was made with can be followed backwards."""

import ast
import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from checker.notebook.cells import Cell, never_run, parse
from checker.notebook.moves import without_moves
from checker.notebook.names import Names, names_of, shallow

MOST_STATEMENTS = 3_000
MOST_TURNS, MOST_TURNS_IN_ALL = 32, 256  # Of loops that are unrolled.
MOST_DEEP = 4
_COMPOUND = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.While, ast.With, ast.Try)


@dataclass(frozen=True)
class Statement:
    """A statement as it ran.

    text:   its source, not indented; node: its tree, whose lines count from 1 where it holds other statements
    cell:   in which it ran; home, line: the cell in which it stands, and its first line there
    ran:    False for those of a cell that was never run
    calls:  that it makes itself, not those in functions that it defines
    """

    text: str
    node: ast.stmt
    cell: int
    home: int
    line: int
    names: Names
    ran: bool
    calls: tuple[ast.Call, ...]


class Timeline:
    """Statements, and where a name got its value."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.statements = list(statements)
        self._turns = 0
        self._bound: dict[str, list[int]] = {}
        self._bound_unrun: dict[str, list[int]] = {}
        self._changed: dict[str, list[int]] = {}
        for place, statement in enumerate(self.statements):
            self._enter(place, statement)

    def add(self, statement: Statement) -> None:
        self.statements.append(statement)
        self._enter(len(self.statements) - 1, statement)

    def unroll(self, turns: int) -> bool:
        """Return whether a loop of so many turns may still be unrolled, and count them."""
        self._turns += turns
        return self._turns <= MOST_TURNS_IN_ALL

    def __len__(self) -> int:
        return len(self.statements)

    def __getitem__(self, place: int) -> Statement:
        return self.statements[place]

    def bound(self, name: str, before: int) -> int | None:
        """Return the place of the statement that last gave `name` its value before `before`; where none did, of the
        first one after it (its cell was run again), or of one in a cell that was never run."""
        for places in (self._bound.get(name), self._bound_unrun.get(name)):
            if places:
                at = bisect.bisect_left(places, before)
                return places[at - 1] if at else places[0]
        return None

    def changes(self, name: str, after: int, before: int) -> list[int]:
        """Return the places between two others at which the value of `name` is changed."""
        places = self._changed.get(name, [])
        some = places[bisect.bisect_right(places, after) : bisect.bisect_left(places, before)]
        return [place for place in some if self.statements[place].ran]

    def star_imports(self, before: int) -> list[int]:
        """Return the places of `from … import *`."""
        return [place for place in self._bound.get("*", []) if place < before]

    def _enter(self, place: int, statement: Statement) -> None:
        bound = self._bound if statement.ran else self._bound_unrun
        for name in statement.names.bound:
            bound.setdefault(name, []).append(place)
        for name in statement.names.changed:
            self._changed.setdefault(name, []).append(place)


def run_order(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return cells in the order in which they ran: by the numbers in their brackets, where each stands once."""
    counts = [cell.count for cell in cells if cell.count is not None]
    if len(set(counts)) != len(counts):
        return tuple(cells)  # The kernel was started again in between.
    keys: list[int] = []
    for cell in cells:
        keys.append(cell.count if cell.count is not None else keys[-1] if keys else 0)
    return tuple(cell for _, cell in sorted(zip(keys, cells, strict=True), key=lambda each: each[0]))


def build_timeline(cells: Sequence[Cell], trains: Callable[[Timeline, Sequence[ast.stmt]], "Training"]) -> Timeline:
    """Return the timeline of cells, which come in the order in which they ran.

    trains: what a piece of code does in the light of what ran before
    """
    never = never_run(cells)
    timeline = Timeline([])
    for cell in cells:
        if cell.tree is not None:
            text, tree = without_moves(cell.python, cell.tree)
            _Builder(timeline, trains, cell.number, cell.number not in never).add(_Block(text, cell.number), tree.body)
    return timeline


@dataclass(frozen=True)
class Training:
    """Whether a piece of code trains a network, and whether it makes one."""

    trains: bool
    makes: bool


class _Block:
    """Text that begins in a line of a cell, and of which statements are cut."""

    def __init__(self, text: str, home: int, line: int = 1) -> None:
        self.home, self._line = home, line
        self._lines = [line.encode() for line in text.split("\n")]

    def cut(self, node: ast.stmt) -> tuple[str, int]:
        """Return a statement's text without its indentation, and its first line in its cell."""
        decorators = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
        first = min([node.lineno, *(each.lineno for each in decorators)])
        last = node.end_lineno or node.lineno
        lines = self._lines[first - 1 : last]
        lines[-1] = lines[-1][: node.end_col_offset]
        indent = node.col_offset
        if lines[0][:indent].strip():  # Another statement stands before it on its line.
            lines[0] = b" " * indent + lines[0][indent:]
        return "\n".join(_dedented(line, indent).decode(errors="replace") for line in lines), first + self._line - 1


def _dedented(line: bytes, indent: int) -> bytes:
    return line[min(indent, len(line) - len(line.lstrip(b" \t"))) :]


class _Builder:
    """Adds the statements of one cell, as they ran, to a timeline."""

    def __init__(
        self, timeline: Timeline, trains: Callable[[Timeline, Sequence[ast.stmt]], Training], cell: int, ran: bool
    ) -> None:
        self._timeline, self._trains, self._cell, self._ran = timeline, trains, cell, ran

    def add(self, block: _Block, body: Sequence[ast.stmt], depth: int = 0) -> None:
        for node in body:
            if len(self._timeline) >= MOST_STATEMENTS:
                return
            inner = self._opened(node) if depth <= MOST_DEEP else None
            if inner is not None:
                for bindings, statements in inner:
                    for target, value in bindings:
                        self._bind(target, value, block.home, node.lineno)
                    self.add(block, statements, depth + 1)
                continue
            if depth <= MOST_DEEP and self._called(block, node, depth):
                continue
            text, line = block.cut(node)
            if isinstance(node, _COMPOUND):
                self._append(text, block.home, line)  # Its lines are to count from 1.
            else:
                self._add(text, node, block.home, line)

    def _append(self, text: str, home: int, line: int) -> None:
        try:
            tree = parse(text)
        except ValueError:
            return  # Cut from a block that can't stand alone.
        for node in tree.body[:1]:
            self._add(text, node, home, line)

    def _add(self, text: str, node: ast.stmt, home: int, line: int) -> None:
        if len(self._timeline) < MOST_STATEMENTS:
            names, calls = names_of(node, text), tuple(calls_in([node])) if "(" in text else ()
            self._timeline.add(Statement(text, node, self._cell, home, line, names, self._ran, calls))

    def _bind(self, target: ast.expr, value: ast.expr, home: int, line: int) -> None:
        self._append(f"{ast.unparse(target)} = {ast.unparse(value)}", home, line)

    def _opened(self, node: ast.stmt) -> "list[tuple[list[tuple[ast.expr, ast.expr]], list[ast.stmt]]] | None":
        """Return the blocks of a compound statement that trains, each with what is bound before it; None for one that
        is kept whole."""
        if isinstance(node, ast.If) and _is_main(node.test):
            return [([], node.body)]
        if not isinstance(node, ast.For | ast.While | ast.With | ast.If | ast.Try):
            return None
        found = self._trains(self._timeline, [node])
        if isinstance(node, ast.For) and (found.trains or found.makes):
            elements = elements_of(self._timeline, node.iter, len(self._timeline))
            if elements is not None and len(elements) <= MOST_TURNS and self._timeline.unroll(len(elements)):
                return [([(node.target, element)], node.body) for element in elements]
        if not found.trains:
            return None
        if isinstance(node, ast.If):
            return [([], node.body), ([], node.orelse)]
        return [([], node.body)]

    def _called(self, block: _Block, node: ast.stmt, depth: int) -> bool:
        """Take a call of the notebook's own function apart where the function makes a network and trains it."""
        if not isinstance(node, ast.Expr | ast.Assign):
            return False
        for call in calls_in([node]):
            function = self._function(call)
            if function is not None and isinstance(function.node, ast.FunctionDef):
                found = self._trains(self._timeline, function.node.body)
                if found.trains and found.makes:
                    self._apart(block, node, call, function, function.node, depth)
                    return True
        return False

    def _function(self, call: ast.Call) -> Statement | None:
        if not isinstance(call.func, ast.Name):
            return None
        place = self._timeline.bound(call.func.id, len(self._timeline))
        return self._timeline[place] if place is not None else None

    def _apart(
        self,
        block: _Block,
        node: ast.Expr | ast.Assign,
        call: ast.Call,
        function: Statement,
        definition: ast.FunctionDef,
        depth: int,
    ) -> None:
        """Add what a call binds to the parameters, the function's statements, and what its result is bound to."""
        for parameter, value in arguments_of(definition.args, call):
            if not (isinstance(value, ast.Name) and value.id == parameter):
                self._bind(ast.Name(parameter, ast.Store()), value, block.home, node.lineno)
        self.add(_Block(function.text, function.home, function.line), definition.body, depth + 1)
        returned = next((each.value for each in reversed(definition.body) if isinstance(each, ast.Return)), None)
        if isinstance(node, ast.Assign) and node.value is call and returned is not None:
            self._bind(node.targets[0], returned, block.home, node.lineno)


def arguments_of(parameters: ast.arguments, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """Yield the parameters of a function, each with the expression that a call gives it, or its default."""
    names = [each.arg for each in [*parameters.posonlyargs, *parameters.args]]
    given: dict[str, ast.expr] = {}
    for name, default in zip(reversed(names), reversed(parameters.defaults), strict=False):
        given[name] = default
    for each, own in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
        if own is not None:
            given[each.arg] = own
    given.update(zip(names, (each for each in call.args if not isinstance(each, ast.Starred)), strict=False))
    given.update({each.arg: each.value for each in call.keywords if each.arg is not None})
    yield from given.items()


def elements_of(timeline: Timeline, node: ast.expr, before: int, depth: int = 0) -> list[ast.expr] | None:
    """Return what a loop over an expression goes through, where that is written out: a list, a tuple, a dictionary's
    keys, values or items, enumerate and zip of such. None where it can't be told, or where it counts (range)."""
    if depth > 8:
        return None
    node = _written_out(timeline, node, before, depth)
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return None if any(isinstance(each, ast.Starred) for each in node.elts) else list(node.elts)
    if isinstance(node, ast.Dict):
        return [key for key in node.keys if key is not None] if None not in node.keys else None
    if isinstance(node, ast.Name):
        place = timeline.bound(node.id, before)
        if place is None or place >= before:
            return None
        value = value_bound(timeline[place].node, node.id)
        return None if value is None else elements_of(timeline, value, place, depth + 1)
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("items", "values", "keys") and not node.args:
        table = literal(timeline, node.func.value, before)
        if not isinstance(table, ast.Dict) or None in table.keys:
            return None
        pairs = [(key, value) for key, value in zip(table.keys, table.values, strict=True) if key is not None]
        if node.func.attr == "items":
            return [ast.Tuple([key, value], ast.Load()) for key, value in pairs]
        return [key if node.func.attr == "keys" else value for key, value in pairs]
    if isinstance(node.func, ast.Name) and node.func.id in ("enumerate", "zip", "list", "tuple", "tqdm"):
        parts = [elements_of(timeline, each, before, depth + 1) for each in node.args]
        known = [part for part in parts if part is not None]
        if not known or len(known) != len(parts):
            return None
        if node.func.id == "enumerate":
            return [ast.Tuple([ast.Constant(place), each], ast.Load()) for place, each in enumerate(known[0])]
        if node.func.id == "zip":
            return [ast.Tuple(list(each), ast.Load()) for each in zip(*known, strict=False)]
        return known[0]
    return None


def literal(timeline: Timeline, node: ast.expr, before: int, depth: int = 0) -> ast.expr:
    """Return the expression behind a name, or the node itself."""
    if isinstance(node, ast.Name) and depth < 8:
        place = timeline.bound(node.id, before)
        if place is not None and place < before:
            value = value_bound(timeline[place].node, node.id)
            if value is not None:
                return literal(timeline, value, place, depth + 1)
    return _written_out(timeline, node, before, depth)


def _written_out(timeline: Timeline, node: ast.expr, before: int, depth: int) -> ast.expr:
    """Return a comprehension over what is written out as the list or dictionary that it makes."""
    if not isinstance(node, ast.ListComp | ast.DictComp) or len(node.generators) != 1 or depth > 8:
        return node
    generator = node.generators[0]
    if generator.ifs or not isinstance(generator.target, ast.Name):
        return node
    elements = elements_of(timeline, generator.iter, before, depth + 1)
    if elements is None or len(elements) > MOST_TURNS:
        return node
    name = generator.target.id
    if isinstance(node, ast.ListComp):
        return ast.List([_with(node.elt, name, each) for each in elements], ast.Load())
    return ast.Dict(
        [_with(node.key, name, each) for each in elements], [_with(node.value, name, each) for each in elements]
    )


def _with(node: ast.expr, name: str, value: ast.expr) -> ast.expr:
    """Return a copy of an expression with `value` in place of a name."""
    copied = ast.parse(ast.unparse(node), mode="eval").body
    put = _Put(name, value).visit(copied)
    assert isinstance(put, ast.expr)
    return put


class _Put(ast.NodeTransformer):
    def __init__(self, name: str, value: ast.expr) -> None:
        self._name, self._value = name, value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._value if node.id == self._name else node


def key_of(node: ast.expr) -> str:
    """Return how an expression is written: "model", "nets['bn']"."""
    return node.id if isinstance(node, ast.Name) else ast.unparse(node)


def value_bound(node: ast.stmt, key: str) -> ast.expr | None:
    """Return the expression that an assignment gives `key` ("model", "nets['bn']"); None where it can't be told."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return node.value if key_of(node.target) == key else None
    if not isinstance(node, ast.Assign):
        return None
    for target in node.targets:
        if found := _matched(target, node.value, key):
            return found
    return None


def _matched(target: ast.expr, value: ast.expr, key: str) -> ast.expr | None:
    if not isinstance(target, ast.Tuple | ast.List):
        return value if key_of(target) == key else None
    for place, each in enumerate(target.elts):
        if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
            if found := _matched(each, value.elts[place], key):
                return found
        elif isinstance(each, ast.Name) and each.id == key:
            return ast.Subscript(value, ast.Constant(place), ast.Load())
    return None


def calls_in(nodes: Sequence[ast.AST]) -> Iterator[ast.Call]:
    """Yield the calls that statements make themselves."""
    for node in nodes:
        yield from (each for each in shallow(node) if isinstance(each, ast.Call))


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and ast.unparse(test).replace('"', "'") in (
        "__name__ == '__main__'",
        "'__main__' == __name__",
    )
