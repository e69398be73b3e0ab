"""Which networks a notebook trained, and in which cell: followed from the training call, the optimizer, or what else
names one back to the expression that made it."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checker.notebook.moves import moved
from checker.notebook.sources import Sources, is_available
from checker.notebook.timeline import Statement, Timeline, Training, calls_in, elements_of, key_of, literal, value_bound
from checker.verdict import CannotCheckError

MOST_DEEP = 24
MOST_ARGUMENTS = 32
MOST_STEPS = 100_000  # Of following names, in a whole notebook.

_TRAINS = re.compile(
    r"(?<![a-z])(?:train|fit|run|learn|retrain|optimi[sz]e_model|experiment)|train(?:er|ing)?(?:_model|_network|_net|_and_\w+)?$"
)
_TRAINS_NOT = re.compile(
    r"load|data|set(?!up)|transform|split|plot|show|aug|save|image|find|range|summary|print|acc|loss|metric|log|step_lr|shape|dir|path|mean|std|sampler|visuali"
)
_OPTIMIZER = re.compile(r"optim|sgd|adam|rmsprop|adagrad|adadelta|lion|lamb|ranger|novograd|rprop|lbfgs", re.IGNORECASE)
_SUMMARY = re.compile(r"summary|summarize|torchinfo", re.IGNORECASE)
_MAKER = re.compile(r"net|model|cnn|vgg|mnist|cifar", re.IGNORECASE)
_MAKER_NOT = re.compile(
    r"train|data|load|summary|optim|sched|loss|plot|test|eval|metric|lightningdata|checkpoint|save", re.IGNORECASE
)
_WRAPPERS = re.compile("DataParallel|DistributedDataParallel|DDP|compile|script|trace|deepcopy|prepare|wrap")
_MODES = re.compile("cuda|cpu|float|half|double|train|eval|requires_grad_|share_memory|apply|type|bfloat16|to|compile")
_LAYERS = frozenset({"Sequential"})


@dataclass(frozen=True)
class Made:
    """The expression that made a network.

    place:  of its statement in the timeline; key: what it was assigned to there
    maker:  the class, or what else is called: "Net", "resnet18"
    called: the expression, without moves to devices and wrappers
    whole:  whether the statement must run as it is, because it is no plain assignment; `called` is then the name
    """

    place: int
    key: str
    maker: str
    called: ast.expr
    whole: bool = False

    @property
    def identity(self) -> tuple[int, str]:
        return self.place, ast.unparse(self.called)


@dataclass(frozen=True)
class TrainedNetwork:
    """made: how; cells: that trained it, in order of running; place: of the first training in the timeline
    how: "training call", "optimizer", "assignment", "summary" or "class": what named it"""

    made: Made
    cells: tuple[int, ...]
    place: int
    how: str


class Networks:
    """Follows names to networks in a timeline."""

    def __init__(self, timeline: Timeline, sources: Sources) -> None:
        self._timeline, self._sources = timeline, sources
        self._steps = 0
        self._trained_beside: dict[str, str] = {}  # Network → function beside the notebook that makes and trains it.

    def trained(self) -> tuple[TrainedNetwork, ...]:
        """Return the networks that were trained, in order of their first training; none where none can be told."""
        for how, found in (
            ("training call", self._training_calls()),
            ("optimizer", self._optimizers()),
            ("assignment", self._assignments()),
            ("summary", self._summaries()),
        ):
            events = list(found)
            if events and how in ("training call", "optimizer"):
                return _joined(events, how)
            if events:
                return _joined(events[-1:], how)
        return self._last_class()

    def refuse_training(self, made: Made) -> None:
        """Raise CannotCheckError where a network is made by what also trains it: making it anew would train it."""
        function = self._trained_beside.get(made.maker)
        if function is not None:
            raise CannotCheckError(
                f"{made.maker} is made by {function}, which trains it as well and does not lie in the notebook.",
                "Make the network in a cell, and hand it to what trains it.",
            )

    def makers_in(self, cell: int) -> frozenset[str]:
        """Return the makers of the networks that a cell assigns, or hands to a function."""
        found: set[str] = set()
        for place, statement in enumerate(self._timeline.statements):
            if statement.cell == cell:
                for call in statement.calls:
                    found.update(made.maker for each in _arguments(call) if (made := self.resolve(each, place)))
                    if made := self.resolve(call, place):
                        found.add(made.maker)
        return frozenset(found)

    def training_of(self, body: Sequence[ast.AST]) -> Training:
        """Return whether statements train a network, and whether they make one."""
        trains = makes = False
        for call in calls_in(body):
            name = _name(call.func)
            trains = trains or is_training_name(name) or (isinstance(call.func, ast.Attribute) and name == "backward")
            makes = makes or self._makes(call, len(self._timeline), 0) is not None
        return Training(trains, makes)

    # What names a network, best first.

    def _training_calls(self) -> "Iterator[tuple[Made, Statement, int]]":
        for place, statement in self._ran():
            for call in statement.calls:
                made = self._trained_by(call, place)
                if made is not None:
                    yield made, statement, place

    def _trained_by(self, call: ast.Call, place: int) -> Made | None:
        if not is_training_name(_name(call.func)):
            return None
        for argument in _arguments(call):
            if made := self.resolve(argument, place):
                return made
        if isinstance(call.func, ast.Attribute):
            # trainer.fit(), where the trainer was given the network; model.train() only sets a mode.
            if made := self._held_by(call.func.value, place, 0):
                return made
            owner = self.resolve(call.func.value, place)
            if owner is not None and (call.args or call.keywords) and call.func.attr != "train":
                return owner
        elif isinstance(call.func, ast.Name) and (used := self._global_in(call.func.id, place)):
            return used
        return self._trained_and_returned(call, place)

    def _trained_and_returned(self, call: ast.Call, place: int) -> Made | None:
        """Return the network that a function makes, trains and returns, on its own or with three others."""
        if made := self.resolve(call, place):
            return made
        elements = (ast.Subscript(call, ast.Constant(number), ast.Load()) for number in range(4))
        return next((made for each in elements if (made := self.resolve(each, place))), None)

    def _held_by(self, node: ast.expr, place: int, depth: int) -> Made | None:
        """Return the network that an object was made with."""
        if depth > MOST_DEEP:
            return None
        if isinstance(node, ast.Call):
            if self.resolve(node, place) is not None:
                return None
            return next((made for each in _arguments(node) if (made := self.resolve(each, place))), None)
        key = key_of(node)
        bound = self._bound(node, key, place)
        if bound is None or bound >= place:
            return None
        value = value_bound(self._timeline[bound].node, key)
        return None if value is None else self._held_by(value, bound, depth + 1)

    def _global_in(self, function: str, place: int) -> Made | None:
        """Return the network that a function uses without being given it: train(epoch) of many tutorials."""
        bound = self._timeline.bound(function, place)
        if bound is None or not isinstance(self._timeline[bound].node, ast.FunctionDef):
            return None
        needed = self._timeline[bound].names.later
        found = [(name, made) for name in sorted(needed) if (made := self.resolve(ast.Name(name, ast.Load()), place))]
        found = [each for each in found if not isinstance(self._node(each[0], place), ast.ClassDef)]
        return found[0][1] if found else None

    def _optimizers(self) -> "Iterator[tuple[Made, Statement, int]]":
        for place, statement in self._ran():
            for call in statement.calls:
                if not (isinstance(call.func, ast.Attribute) and call.func.attr in ("parameters", "named_parameters")):
                    continue
                optimizes = any(_OPTIMIZER.search(ast.unparse(each.func)) for each in statement.calls)
                if optimizes and (made := self.resolve(call.func.value, place)):
                    yield made, statement, place

    def _assignments(self) -> "Iterator[tuple[Made, Statement, int]]":
        for place, statement in self._ran():
            if isinstance(statement.node, ast.Assign | ast.AnnAssign) and statement.node.value is not None:
                made = self.resolve(statement.node.value, place)
                if made is not None and self._is_plain(made):
                    target = (
                        statement.node.targets[0] if isinstance(statement.node, ast.Assign) else statement.node.target
                    )
                    yield Made(place, ast.unparse(target), made.maker, made.called), statement, place

    def _summaries(self) -> "Iterator[tuple[Made, Statement, int]]":
        for place, statement in self._ran():
            for call in statement.calls:
                if _SUMMARY.search(_name(call.func)):
                    for argument in _arguments(call):
                        if made := self.resolve(argument, place):
                            yield made, statement, place

    def _last_class(self) -> tuple[TrainedNetwork, ...]:
        for place in range(len(self._timeline) - 1, -1, -1):
            node = self._timeline[place].node
            if (
                isinstance(node, ast.ClassDef)
                and self._is_network_class(node, place, 0)
                and not _is_used(self._timeline, node.name)
            ):
                called = ast.Call(ast.Name(node.name, ast.Load()), [], [])
                made = Made(len(self._timeline), "", node.name, called)
                return (TrainedNetwork(made, (self._timeline[place].cell,), len(self._timeline), "class"),)
        return ()

    def _ran(self) -> Iterator[tuple[int, Statement]]:
        some = any(statement.ran for statement in self._timeline.statements)
        for place, statement in enumerate(self._timeline.statements):
            if statement.ran or not some:
                yield place, statement

    # From an expression to what made it.

    def resolve(self, node: ast.expr, before: int, depth: int = 0) -> Made | None:
        """Return how the network that an expression stands for was made; None where it stands for none."""
        self._steps += 1
        if depth > MOST_DEEP or self._steps > MOST_STEPS:
            return None
        if isinstance(node, ast.Call):
            return self._resolve_call(node, before, depth)
        if isinstance(node, ast.IfExp):
            return self.resolve(node.body, before, depth + 1) or self.resolve(node.orelse, before, depth + 1)
        if isinstance(node, ast.Await | ast.NamedExpr):
            return self.resolve(node.value, before, depth + 1)
        if not isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            return None
        key = key_of(node)
        if len(key) > 200:
            return None
        bound = self._bound(node, key, before)
        if bound is not None and bound < before:
            return self._resolve_bound(key, bound, depth)
        if isinstance(node, ast.Subscript):
            return self._resolve_element(node, before, depth)
        return None

    def _resolve_bound(self, key: str, bound: int, depth: int) -> Made | None:
        statement = self._timeline[bound]
        value = value_bound(statement.node, key)
        if value is not None:
            made = self.resolve(value, bound, depth + 1)
            return (
                Made(bound, key, made.maker, made.called)
                if made is not None and made.place == bound and not made.whole
                else made
            )
        if isinstance(statement.node, ast.If | ast.Try | ast.With | ast.For | ast.While):
            for inner in ast.walk(statement.node):
                given = value_bound(inner, key) if isinstance(inner, ast.Assign | ast.AnnAssign) else None
                made = None if given is None else self.resolve(given, bound, depth + 1)
                if made is not None and made.place == bound and key.isidentifier():
                    return Made(bound, key, made.maker, ast.Name(key, ast.Load()), whole=True)
                if made is not None:  # Made before, and perhaps wrapped here.
                    return made
        return None

    def _resolve_call(self, node: ast.Call, before: int, depth: int) -> Made | None:
        if (inner := moved(node)) is not None:
            return self.resolve(inner, before, depth + 1)
        name = _name(node.func)
        if _WRAPPERS.fullmatch(name):
            wrapped = next(iter(_arguments(node)), None)
            made = None if wrapped is None else self.resolve(wrapped, before, depth + 1)
            if made is not None:
                return made
        if isinstance(node.func, ast.Attribute) and _MODES.fullmatch(name):
            return self.resolve(node.func.value, before, depth + 1)
        maker = self._makes(node, before, depth)
        return None if maker is None else Made(before, "", maker, node)

    def _resolve_element(self, node: ast.Subscript, before: int, depth: int) -> Made | None:
        """Follow nets[0], nets["bn"] and setup()[0]."""
        index = node.slice.value if isinstance(node.slice, ast.Constant) else None
        if isinstance(node.value, ast.Call) and isinstance(index, int):
            maker = self._makes(node.value, before, depth, element=index)
            return None if maker is None else Made(before, "", maker, node)
        where = self._bound(node.value, ast.unparse(node.value), before)
        table = literal(self._timeline, node.value, before)
        place = before if where is None else where
        if isinstance(table, ast.Dict):
            for key, value in zip(table.keys, table.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == index:
                    return self.resolve(value, place, depth + 1)
            return None
        elements = elements_of(self._timeline, table, place) if isinstance(index, int) else None
        if elements is not None and isinstance(index, int) and -len(elements) <= index < len(elements):
            return self.resolve(elements[index], place, depth + 1)
        return None

    def _makes(self, call: ast.Call, before: int, depth: int, element: int | None = None) -> str | None:
        """Return the name of the network that a call makes, or None."""
        if depth > MOST_DEEP:
            return None
        function = call.func
        if isinstance(function, ast.Subscript):
            function = self._element_called(function, before)
        if isinstance(function, ast.Name):
            return self._maker_named(function.id, before, depth, element)
        if isinstance(function, ast.Attribute):
            return self._maker_in_module(function, before, element)
        return None

    def _element_called(self, node: ast.Subscript, before: int) -> ast.expr:
        """Return what NETS[…] calls: the element where it can be told, else the first."""
        table = literal(self._timeline, node.value, before)
        wanted = literal(self._timeline, node.slice, before)
        if isinstance(table, ast.Dict) and table.values:
            for key, value in zip(table.keys, table.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(wanted, ast.Constant) and key.value == wanted.value:
                    return value
        return node

    def _maker_named(self, name: str, before: int, depth: int, element: int | None) -> str | None:
        bound = self._timeline.bound(name, before)
        if bound is None:
            return self._starred(name, before, element) or self._made_nowhere(name, element)
        node = self._timeline[bound].node
        if isinstance(node, ast.ClassDef):
            return node.name if element is None and self._is_network_class(node, bound, 0) else None
        if isinstance(node, ast.FunctionDef):
            return self._factory(node, before, depth, element)
        if isinstance(node, ast.ImportFrom):
            alias = next((each for each in node.names if (each.asname or each.name) == name), None)
            return None if alias is None else self._imported(node.module or "", alias.name, element)
        value = value_bound(node, name)
        if isinstance(value, ast.Name) and bound < before:
            return self._maker_named(value.id, bound, depth + 1, element) if depth < MOST_DEEP else None
        if isinstance(value, ast.Attribute) and bound < before:
            return self._maker_in_module(value, bound, element)
        return None

    def _starred(self, name: str, before: int, element: int | None) -> str | None:
        for place in reversed(self._timeline.star_imports(before)):
            node = self._timeline[place].node
            if isinstance(node, ast.ImportFrom) and self._sources.definition(node.module or "", name) is not None:
                return self._imported(node.module or "", name, element)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("torch") and name in _LAYERS:
                return name
        return None

    def _made_nowhere(self, name: str, element: int | None) -> str | None:
        """Return the name of a class that no cell defines: the kernel still knew it when the notebook was run.

        What trains it trains that network, which can't be read, and none of those that can.
        """
        nowhere = self._timeline.bound(name, len(self._timeline)) is None
        is_named_so = name[:1].isupper() and _MAKER.search(name) and not _MAKER_NOT.search(name)
        return name if nowhere and is_named_so and element is None else None

    def _maker_in_module(self, node: ast.Attribute, before: int, element: int | None) -> str | None:
        """Follow nn.Sequential, models.resnet18 and net.Net to a module."""
        parts = ast.unparse(node).split(".")
        bound = self._timeline.bound(parts[0], before) if all(part.isidentifier() for part in parts) else None
        if bound is None:
            return None
        found = self._timeline[bound].node
        if isinstance(found, ast.Import):
            alias = next(
                (each for each in found.names if (each.asname or each.name.partition(".")[0]) == parts[0]), None
            )
            if alias is None:
                return None
            module = ".".join([alias.name if alias.asname else parts[0], *parts[1:-1]])
        elif isinstance(found, ast.ImportFrom):
            origin = next((each for each in found.names if (each.asname or each.name) == parts[0]), None)
            if origin is None:
                return None
            module = ".".join([each for each in (found.module or "", origin.name, *parts[1:-1]) if each])
        else:
            return None
        return self._imported(module, parts[-1], element)

    def _imported(self, module: str, name: str, element: int | None) -> str | None:
        if module in ("torch.nn", "torch.nn.modules"):
            return name if name in _LAYERS else None
        if module.startswith("torchvision.models"):
            return name if not name.endswith("Weights") else None
        if module == "torch.hub":
            return name if name == "load" else None
        definition = self._sources.definition(module, name)
        if isinstance(definition, ast.ClassDef):
            return name if element is None and self._derives_in(module, definition, 0) else None
        if isinstance(definition, ast.FunctionDef):
            return self._factory_beside(module, definition, element)
        if self._sources.has(module) or is_available(module):
            return None
        # What is not there may be a network, or not: its name must do.
        return name if element is None and _MAKER.search(name) and not _MAKER_NOT.search(name) else None

    def _factory(self, node: ast.FunctionDef, before: int, depth: int, element: int | None) -> str | None:
        """Return the name of the network that a function of the notebook returns, at a place of a tuple perhaps."""
        for inner in ast.walk(node):
            if isinstance(inner, ast.Return) and inner.value is not None:
                value: ast.expr = inner.value
                if element is not None:
                    if not isinstance(value, ast.Tuple) or not -len(value.elts) <= element < len(value.elts):
                        continue
                    value = value.elts[element]
                if maker := self._returned(value, node, before, depth + 1):
                    return maker
        return None

    def _returned(self, value: ast.expr, function: ast.FunctionDef, before: int, depth: int) -> str | None:
        if depth > MOST_DEEP // 2:
            return None
        self._steps += 1
        if self._steps > MOST_STEPS:
            return None
        if isinstance(value, ast.Call):
            if (inner := moved(value)) is not None:
                return self._returned(inner, function, before, depth + 1)
            if _WRAPPERS.fullmatch(_name(value.func)):
                first = next(iter(_arguments(value)), None)
                return None if first is None else self._returned(first, function, before, depth + 1)
            return self._makes(value, before, depth + 1)
        if isinstance(value, ast.Name):
            for inner_node in ast.walk(function):
                given = (
                    value_bound(inner_node, value.id) if isinstance(inner_node, ast.Assign | ast.AnnAssign) else None
                )
                if isinstance(given, ast.Call) and (maker := self._returned(given, function, before, depth + 1)):
                    return maker
        return None

    def _factory_beside(self, module: str, function: ast.FunctionDef, element: int | None) -> str | None:
        """Return the class that a function of a file beside the notebook calls, where that derives from nn.Module."""
        maker = self._returned_beside(module, function, element)
        if maker is not None and trains_itself(function):
            self._trained_beside[maker] = f"{module}.{function.name}"
        return maker

    def _returned_beside(self, module: str, function: ast.FunctionDef, element: int | None) -> str | None:
        returns = [each.value for each in ast.walk(function) if isinstance(each, ast.Return) and each.value is not None]
        if element is not None:
            returns = [
                each.elts[element] for each in returns if isinstance(each, ast.Tuple) and element < len(each.elts)
            ]
        names = {each.id for each in returns if isinstance(each, ast.Name)}
        for each in ast.walk(function):
            if isinstance(each, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id in names for target in each.targets
            ):
                returns.append(each.value)
        for value in returns:
            for call in (each for each in ast.walk(value) if isinstance(each, ast.Call)):
                definition = self._sources.definition(module, _name(call.func))
                if isinstance(definition, ast.ClassDef) and self._derives_in(module, definition, 0):
                    return definition.name
                if _name(call.func) in _LAYERS:
                    return function.name
        return None

    def _derives_in(self, module: str, node: ast.ClassDef, depth: int) -> bool:
        for base in node.bases:
            name = _name(base)
            if name in ("Module", "LightningModule", "Sequential", "ModuleList"):
                return True
            inner = self._sources.definition(module, name)
            if (
                depth < 8
                and isinstance(inner, ast.ClassDef)
                and inner is not node
                and self._derives_in(module, inner, depth + 1)
            ):
                return True
        return False

    def _is_network_class(self, node: ast.ClassDef, place: int, depth: int) -> bool:
        for base in node.bases:
            text = ast.unparse(base)
            if text == "Module" or text.endswith(("nn.Module", "LightningModule", ".Sequential")):
                return True
            if isinstance(base, ast.Name) and depth < 8:
                bound = self._timeline.bound(base.id, place)
                if bound is not None and bound < place:
                    inner = self._timeline[bound].node
                    if isinstance(inner, ast.ClassDef) and self._is_network_class(inner, bound, depth + 1):
                        return True
                    if isinstance(inner, ast.ImportFrom):
                        definition = self._sources.definition(inner.module or "", base.id)
                        if isinstance(definition, ast.ClassDef) and self._derives_in(inner.module or "", definition, 0):
                            return True
        return False

    def _bound(self, node: ast.expr, key: str, before: int) -> int | None:
        """Return where a key last got its value: of a name, or of a place in something, as nets["bn"] = …"""
        if isinstance(node, ast.Name):
            return self._timeline.bound(node.id, before)
        root: ast.expr = node
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        if not isinstance(root, ast.Name):
            return None
        since = self._timeline.bound(root.id, before)
        for place in reversed(self._timeline.changes(root.id, -1 if since is None else since, before)):
            if value_bound(self._timeline[place].node, key) is not None:
                return place
        return None

    def _node(self, name: str, before: int) -> ast.stmt | None:
        place = self._timeline.bound(name, before)
        return None if place is None else self._timeline[place].node

    def _is_plain(self, made: Made) -> bool:
        return not isinstance(made.called, ast.Name)


def is_training_name(name: str) -> bool:
    """Return whether a function of that name trains a network, as its name says."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return _TRAINS.search(plain) is not None and _TRAINS_NOT.search(plain) is None


def trains_itself(function: ast.FunctionDef) -> bool:
    """Return whether a function trains: by a backward pass, or by handing something to a function that trains."""
    return any(
        isinstance(node, ast.Call)
        and ((_name(node.func) == "backward") or (is_training_name(_name(node.func)) and bool(node.args)))
        for node in ast.walk(function)
    )


def _joined(events: "list[tuple[Made, Statement, int]]", how: str) -> tuple[TrainedNetwork, ...]:
    found: dict[tuple[int, str], TrainedNetwork] = {}
    for made, statement, place in events:
        known = found.get(made.identity)
        if known is None:
            found[made.identity] = TrainedNetwork(made, (statement.cell,), place, how)
        elif statement.cell not in known.cells:
            found[made.identity] = TrainedNetwork(known.made, (*known.cells, statement.cell), known.place, how)
    return tuple(found.values())


def _is_used(timeline: Timeline, name: str) -> bool:
    """Return whether a class is a part of another: a block, not the network."""
    return any(
        isinstance(statement.node, ast.ClassDef)
        and statement.node.name != name
        and name in statement.names.later | statement.names.now
        for statement in timeline.statements
    )


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(each.value for each in call.keywords)][:MOST_ARGUMENTS]
