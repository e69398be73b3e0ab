"""A backward slice: of all that a notebook ran, what the network that it trained is made of, and nothing else."""

import ast
import builtins
import re
from dataclasses import dataclass

from checker.intake.files import shown
from checker.notebook.cells import Cell
from checker.notebook.names import expression_names
from checker.notebook.sources import Sources, is_available
from checker.notebook.timeline import Statement, Timeline
from checker.notebook.trained import Made, trains_itself
from checker.verdict import CannotCheckError

MOST_LINES = 20_000

_READS_DATA = re.compile(
    r"DataLoader|MNIST|CIFAR10|CIFAR100|FashionMNIST|ImageFolder|open|read_csv|imread|load_dataset|random_split|urlopen"
)
# Needed by no network, and missing here in many a notebook that shows all of its own.
_ELSEWHERE = ("google", "pandas", "seaborn", "torchinfo", "IPython", "sklearn", "wandb", "kaggle", "torch_lr_finder")
_NAMES_DATA = re.compile(r"loader|data_?set|(?:train|test|val)_?(?:set|data)(?![a-z])")
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_BUILTIN = frozenset(dir(builtins)) | {"__name__", "__file__", "__class__", "__annotations__", "__doc__"}


@dataclass(frozen=True)
class Line:
    """Where a line of a slice stands: cell and line in it, or line of a file beside the notebook (cell is None)."""

    cell: int | None
    line: int
    file: str | None = None


@dataclass(frozen=True)
class Slice:
    """source: the text of a model.py that ends in build(name); lines: where each of its lines stands, None for those of
    build; files: what it imports beside it, path → text; notes: sentences to tell"""

    source: str
    lines: tuple[Line | None, ...]
    files: dict[str, str]
    notes: tuple[str, ...]


def slice_of(timeline: Timeline, made: Made, before: int, sources: Sources, cells: tuple[Cell, ...]) -> Slice:
    """Return the slice that makes a network, as it was when the statement at `before` ran.

    Raises CannotCheckError where something that it needs isn't there.
    """
    return _Slicer(timeline, made, before, sources, cells).result()


class _Slicer:
    def __init__(self, timeline: Timeline, made: Made, before: int, sources: Sources, cells: tuple[Cell, ...]) -> None:
        self._timeline, self._made, self._before, self._sources, self._cells = timeline, made, before, sources, cells
        self._needed: dict[int, set[str]] = {}  # Place of a statement → names that are needed of it.
        self._first: dict[int, list[int]] = {}  # Place → places that must stand before it.
        self._notes: list[str] = []
        self._own: list[int] = []  # Statements that change the network between its making and its training.

    def result(self) -> Slice:
        made = self._made
        # A statement that is kept whole must itself have run.
        before = made.place + 1 if made.whole else made.place
        pending = [(name, before, True, -1) for name in sorted(expression_names(made.called))]
        if not made.whole and made.key.isidentifier():
            for change in self._timeline.changes(made.key, made.place, self._before):
                if _changes_layers(self._timeline[change].node):
                    self._own.append(change)
                    names = self._timeline[change].names
                    pending += [(name, change, True, -1) for name in sorted((names.now | names.later) - {made.key})]
        while pending:
            name, before, now, wanted_by = pending.pop()
            place = self._find(name, before, now, wanted_by)
            if place is None:
                continue
            if wanted_by >= 0 and now:
                self._first.setdefault(wanted_by, []).append(place)
            pending += self._need(place, name)
        return self._written()

    def _find(self, name: str, before: int, now: bool, wanted_by: int) -> int | None:
        place = self._timeline.bound(name, before)
        if place is not None:
            if not self._timeline[place].ran:
                self._note(f"`{shown(name)}` is taken from cell {self._timeline[place].home}, which was never run.")
            return place
        if name in _BUILTIN:
            return None
        stars = self._timeline.star_imports(before)
        for star in stars:
            self._need(star, "*")
            if wanted_by >= 0:
                self._first.setdefault(wanted_by, []).append(star)
        if not stars:
            self._undefined(name, now, wanted_by)
        return None

    def _undefined(self, name: str, now: bool, wanted_by: int) -> None:
        where = f" (cell {self._timeline[wanted_by].home})" if wanted_by >= 0 else f" (cell {self._cell()})"
        broken = next((cell for cell in self._cells if cell.broken is not None), None)
        why = f"; cell {broken.number} can't be read as Python" if broken is not None else ""
        whose = f"{where}" if name == self._made.maker else f", which {self._made.maker} needs{where},"
        sentence = f"`{shown(name)}`{whose} is given no value in the notebook{why}."
        if now:
            raise CannotCheckError(
                sentence, "Define it in a cell above, run the notebook from top to bottom and save it."
            )
        self._note(sentence)

    def _need(self, place: int, name: str) -> list[tuple[str, int, bool, int]]:
        """Take a statement into the slice, and return what that needs in its turn."""
        statement = self._timeline[place]
        known = place in self._needed
        self._needed.setdefault(place, set()).add(name)
        if isinstance(statement.node, ast.Import | ast.ImportFrom):
            self._see_that_it_is_there(statement, name)
        if known:
            return []
        self._refuse_data(statement, name)
        pending = [(each, place, True, place) for each in sorted(statement.names.now)]
        # What a function needs it finds when it is called: when the network is made.
        later = statement.names.later - self._missing_and_idle(statement)
        pending += [(each, self._before, False, place) for each in sorted(later)]
        if name in statement.names.bound and not isinstance(statement.node, _DEFINING):
            for change in self._timeline.changes(name, place, self._made.place):
                if not _is_bound_again(self._timeline, name, place, change):
                    self._first.setdefault(change, []).append(place)
                    pending += self._need(change, name)
        return pending

    def _missing_and_idle(self, statement: Statement) -> set[str]:
        """Return the modules that are not there, and that only those methods of a class use which no class or function
        of the notebook calls: a summary() that was called from a cell is no part of the network."""
        node = statement.node
        if not isinstance(node, ast.ClassDef):
            return set()
        methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
        idle = [each for each in methods if not each.name.startswith("__") and each.name != "forward"]
        idle = [each for each in idle if not any(_speaks_of(other, each) for other in self._defined())]
        busy = {name for each in node.body if each not in idle for name in _names_in(each)}
        names = {name for each in idle for name in _names_in(each)} - busy
        return {name for name in names if self._is_missing_module(name)}

    def _defined(self) -> list[ast.stmt]:
        nodes = [statement.node for statement in self._timeline.statements]
        return [node for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef)]

    def _is_missing_module(self, name: str) -> bool:
        place = self._timeline.bound(name, self._before)
        node = None if place is None else self._timeline[place].node
        if isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
        elif isinstance(node, ast.Import):
            modules = [each.name for each in node.names if (each.asname or each.name.partition(".")[0]) == name]
        else:
            return False
        return not any(self._sources.has(module) or is_available(module) for module in modules)

    def _see_that_it_is_there(self, statement: Statement, name: str) -> None:
        node = statement.node
        if isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
            if node.level == 0 and self._sources.find(f"{node.module}.{name}") is not None:
                modules = [f"{node.module}.{name}"]
        else:
            assert isinstance(node, ast.Import)
            modules = [each.name for each in node.names if (each.asname or each.name.partition(".")[0]) == name]
        for module in modules:
            if module == "__future__" or self._sources.has(module) or is_available(module):
                continue
            raise CannotCheckError(
                f"{self._made.maker} needs {shown(module)}, which cell {statement.home} imports and which does not lie "
                "beside the notebook.",
                f"Hand in {shown(module.strip('.').replace('.', '/'))}.py together with the notebook, or copy what is "
                "needed of it into a cell.",
            )

    def _refuse_data(self, statement: Statement, name: str) -> None:
        if isinstance(statement.node, ast.FunctionDef) and trains_itself(statement.node):
            raise CannotCheckError(
                f"{self._made.maker} is made by `{shown(name)}` (cell {statement.home}), which trains it as well.",
                "Make the network in a cell, and hand it to what trains it.",
            )
        if isinstance(statement.node, _DEFINING):
            return
        for node in ast.walk(statement.node):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if _READS_DATA.fullmatch(called):
                    made_with = f"{self._made.maker} is made with `{shown(name)}`"
                    raise CannotCheckError(
                        f"{made_with}, which cell {statement.home} reads from data.",
                        "Write the number itself where the network is made.",
                    )
        if _NAMES_DATA.search(name):
            raise CannotCheckError(
                f"{self._made.maker} is made with `{shown(name)}` (cell {statement.home}), which holds data.",
                "Write the number itself where the network is made.",
            )

    def _cell(self) -> int:
        place = min(self._made.place, len(self._timeline) - 1)
        return self._timeline[place].home if place >= 0 else 1

    def _note(self, sentence: str) -> None:
        if sentence not in self._notes:
            self._notes.append(sentence)

    # Writing it down.

    def _order(self) -> list[int]:
        """Return the places of the slice's statements: as they ran, but none before what it needs at once."""
        ordered: list[int] = []
        seen: set[int] = set()
        for start in sorted(self._needed):
            pending = [(start, False)]
            while pending:
                place, ready = pending.pop()
                if ready:
                    ordered.append(place)
                elif place not in seen:
                    seen.add(place)
                    pending.append((place, True))
                    pending += [(each, False) for each in sorted(self._first.get(place, []), reverse=True)]
        return ordered

    def _written(self) -> Slice:
        text: list[str] = []
        lines: list[Line | None] = []
        modules: list[str] = []
        for place in self._order():
            statement = self._timeline[place]
            for number, line in enumerate(self._text(statement, self._needed[place], modules)):
                text.append(line)
                lines.append(Line(statement.home, statement.line + number))
        self._dotted_imports(text, lines)
        files, missing = self._sources.closure(modules)
        if missing:
            raise CannotCheckError(
                f"{self._made.maker} needs {shown(modules[0])} beside the notebook, which imports {shown(missing[0])}; "
                "that is not there.",
                f"Hand in {shown(missing[0])} as well, or do without it in {shown(modules[0])}.",
            )
        text, lines = self._with_own_model(text, lines, files)
        head = [line for line in text if line.startswith("from __future__")]
        if head:  # Must come first.
            places = [place for place, line in enumerate(text) if line.startswith("from __future__")]
            rest = [place for place in range(len(text)) if place not in places]
            text, lines = [text[place] for place in places + rest], [lines[place] for place in places + rest]
        for line, origin in self._build():
            text.append(line)
            lines.append(origin)
        if len(text) > MOST_LINES:
            raise CannotCheckError("The network takes too many lines.", "Hand in the class alone, as model.py.")
        return Slice("\n".join(text) + "\n", tuple(lines), files, tuple(self._notes))

    def _text(self, statement: Statement, names: set[str], modules: list[str]) -> list[str]:
        """Return a statement's lines; of an import only the names that are needed."""
        node = statement.node
        if isinstance(node, ast.ImportFrom):
            aliases = [each for each in node.names if (each.asname or each.name) in names]
            base = node.module or ""
            if self._sources.has(base):
                inner = [f"{base}.{each.name}" for each in aliases if self._sources.find(f"{base}.{each.name}")]
                modules += [base, *inner]
            return [ast.unparse(ast.ImportFrom(node.module, aliases, node.level))]
        if isinstance(node, ast.Import):
            chosen = [each for each in node.names if (each.asname or each.name.partition(".")[0]) in names]
            modules += [each.name for each in chosen if self._sources.has(each.name)]
            return [ast.unparse(ast.Import(chosen))]
        return statement.text.split("\n")

    def _dotted_imports(self, text: list[str], lines: list[Line | None]) -> None:
        """Both `import torch` and `import torch.fx` bind torch: take those of whose modules the slice speaks."""
        body = "\n".join(text)
        for place, statement in enumerate(self._timeline.statements):
            if isinstance(statement.node, ast.Import) and statement.ran and place < self._before:
                for alias in statement.node.names:
                    line = f"import {alias.name}"
                    spoken_of = "." in alias.name and alias.asname is None and f"{alias.name}." in body
                    if spoken_of and line not in text and is_available(alias.name):
                        text.insert(0, line)
                        lines.insert(0, Line(statement.home, statement.line))

    def _with_own_model(
        self, text: list[str], lines: list[Line | None], files: dict[str, str]
    ) -> tuple[list[str], list[Line | None]]:
        """The slice becomes model.py: where the notebook imports a model.py of its own, that is put in its place."""
        own = files.pop("model.py", None)
        if own is None:
            return text, lines
        kept: list[str] = []
        places: list[Line | None] = []
        for number, line in enumerate(own.lstrip("\ufeff").replace("\r\n", "\n").split("\n"), start=1):
            kept.append(line)
            places.append(Line(None, number, "model.py"))
        for line, origin in zip(text, lines, strict=True):
            for written in _from_itself(line):
                kept.append(written)
                places.append(origin)
        return kept, places

    def _build(self) -> list[tuple[str, Line | None]]:
        """Return the lines of build(name); what it returns is the network, without moves to a device."""
        made = self._made
        origin = None
        if 0 <= made.place < len(self._timeline):
            origin = Line(self._timeline[made.place].home, self._timeline[made.place].line)
        called = ast.unparse(made.called)
        taken = set(expression_names(made.called)) | {made.key}
        argument = "name" if "name" not in taken else "_name"
        head: list[tuple[str, Line | None]] = [("", None), ("", None), (f"def build({argument}):", None)]
        if not self._own:
            return [*head, (f"    return {called}", origin)]
        body: list[tuple[str, Line | None]] = [(f"    {made.key} = {called}", origin)]
        for place in self._own:
            statement = self._timeline[place]
            for number, line in enumerate(statement.text.split("\n")):
                body.append((f"    {line}" if line else "", Line(statement.home, statement.line + number)))
        return [*head, *body, (f"    return {made.key}", None)]


def missing_modules(timeline: Timeline, sources: Sources) -> tuple[str, int] | None:
    """Return the first module that a notebook imports and that is neither beside it nor to be had, and the cell."""
    for statement in timeline.statements:
        node = statement.node
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            if name and not name.startswith(_ELSEWHERE) and not sources.has(name) and not is_available(name):
                return name, statement.home
    return None


def _names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _speaks_of(node: ast.AST, method: ast.FunctionDef) -> bool:
    """Return whether a class or function names a method, but for the method itself."""
    own = {id(each) for each in ast.walk(method)}
    return any(
        isinstance(each, ast.Attribute) and each.attr == method.name and id(each) not in own for each in ast.walk(node)
    )


def _changes_layers(node: ast.stmt) -> bool:
    """Return whether a statement gives a network another layer: model.fc = …, model[0] = …, model.add_module(…)."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return True
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and (
            (
                isinstance(node.value.func, ast.Attribute)
                and node.value.func.attr in ("add_module", "register_module", "append", "insert", "extend")
            )
            or (isinstance(node.value.func, ast.Name) and node.value.func.id == "setattr")
        )
    )


def _is_bound_again(timeline: Timeline, name: str, place: int, change: int) -> bool:
    return timeline.bound(name, change) != place


def _from_itself(line: str) -> list[str]:
    """Return an import of model as what it is within model.py."""
    if not line.startswith(("from model import", "import model")):
        return [line]
    node = ast.parse(line).body[0]
    if isinstance(node, ast.ImportFrom):
        return [f"{each.asname} = {each.name}" for each in node.names if each.asname and each.name != "*"]
    return [line]  # It has that name while it is read, so that it finds itself.
