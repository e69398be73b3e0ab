"""A notebook read as text: its trained networks, each with the epochs that its training printed."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from checker.intake.files import shown
from checker.notebook.cells import Cell, never_run, read_cells
from checker.notebook.epochs import EpochRun, PrintedCount, read_epochs, read_parameter_counts
from checker.notebook.normalization import ShownNormalization, read_normalization
from checker.notebook.slicing import Line, missing_modules, slice_of
from checker.notebook.sources import Sources
from checker.notebook.timeline import Timeline, build_timeline, literal, run_order
from checker.notebook.trained import Networks, TrainedNetwork
from checker.verdict import CannotCheckError

MOST_RUNS = 32


@dataclass(frozen=True)
class Note:
    """A sentence to tell, and the cells that it speaks of (numbered among code cells, from 1)."""

    sentence: str
    cells: tuple[int, ...] = ()


@dataclass(frozen=True)
class Network:
    """A trained network as source.

    maker:       its class, or what else is called to make it: "Net", "resnet18"
    constructor: the call: 'Net(10, norm="bn")'
    cell:        that makes it
    source:      the text of a model.py; its last lines are build(name), which returns the network
    lines:       for each line of it where it stands; None for lines of build itself
    files:       Python files to lay beside model.py, path → text
    """

    maker: str
    constructor: str
    cell: int
    source: str
    lines: tuple[Line | None, ...]
    files: Mapping[str, str]

    def place(self, line: int) -> str | None:
        """Return "cell 4, line 7" for a line of `source`, counted from 1; None where it is none of the notebook's."""
        origin = self.lines[line - 1] if 0 < line <= len(self.lines) else None
        if origin is None:
            return None
        return (
            f"{origin.file}, line {origin.line}" if origin.cell is None else f"cell {origin.cell}, line {origin.line}"
        )


@dataclass(frozen=True)
class Run:
    """A trained network and what the notebook claims of it.

    name:     unlike that of any other run: letters, digits, "-" and "_"
    network:  its source, or why there is none
    epochs:   as printed, or why none can be read
    trained:  cells that trained it; how: what named it: "training call", "optimizer", "assignment", "summary", "class"
    printed_parameters: the last "Total params" printed before or with its training, None where there is none
    """

    name: str
    network: Network | CannotCheckError
    epochs: EpochRun | CannotCheckError
    trained: tuple[int, ...]
    how: str
    printed_parameters: PrintedCount | None
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Notebook:
    """What a notebook shows. runs: at least one; notes: of the notebook as a whole"""

    runs: tuple[Run, ...]
    normalization: ShownNormalization | None
    parameters: tuple[PrintedCount, ...]
    notes: tuple[Note, ...]


def read_notebook(content: bytes, sources: Mapping[str, str]) -> Notebook:
    """Return what the bytes of an .ipynb file show.

    sources: Python files beside it, path below its folder → text
    Raises CannotCheckError, in a sentence, where it is no notebook.
    """
    cells = read_cells(content)
    ordered = run_order(cells)
    beside = Sources(sources, cells)
    timeline = build_timeline(ordered, lambda so_far, body: Networks(so_far, beside).training_of(body))
    printed = [(cell.number, cell.output.lines) for cell in ordered]
    stopped = [cell.number for cell in cells if cell.output.error is not None]
    claimed = read_epochs(printed, stopped)
    counts = read_parameter_counts(printed)
    networks = Networks(timeline, beside)
    trained = networks.trained()
    order = [cell.number for cell in ordered]
    matched, unmatched = _matched(trained, claimed, order)
    reader = _Reader(timeline, beside, networks, cells, counts, order)
    runs = reader.runs(matched)
    notes = [*_notes(cells, ordered), *_notes_on(unmatched)]
    if not trained:
        run = _last_training(claimed) or _no_epochs((cells[-1].number,))
        missing = missing_modules(timeline, beside)
        where = f"; cell {missing[1]} imports {shown(missing[0])}, which does not lie beside it" if missing else ""
        reason = CannotCheckError(
            f"No network that the notebook trains could be found in its {len(cells)} cells{where}.",
            "Define its class in a cell, make it with `model = Net()`, and hand it to the function that trains it.",
        )
        told = tuple(Note(sentence, run.cells) for sentence in run.notes) if isinstance(run, EpochRun) else ()
        runs = (Run("network", reason, run, (), "none", counts[-1] if counts else None, told),)
        notes = _notes(cells, ordered)
    return Notebook(runs, read_normalization(timeline), counts, tuple(notes))


def _matched(
    trained: Sequence[TrainedNetwork], claimed: Sequence[EpochRun], order: Sequence[int]
) -> tuple[list[tuple[TrainedNetwork, list[EpochRun]]], list[EpochRun]]:
    """Return networks with the runs of epochs that they printed, and the runs that are no network's.

    A run belongs to the networks trained in its cell; where there are none, to the one trained last before it.
    """
    at = {number: place for place, number in enumerate(order)}
    events = sorted((at[cell], number) for number, each in enumerate(trained) for cell in each.cells)
    found: list[list[EpochRun]] = [[] for _ in trained]
    unmatched: list[EpochRun] = []
    by_cell: dict[int, list[EpochRun]] = {}
    for run in claimed:
        by_cell.setdefault(at[run.cells[0]], []).append(run)
    for place, runs in by_cell.items():
        here = [number for where, number in events if where == place]
        before = [(where, number) for where, number in events if where <= place]
        if len(here) > 1:
            # Several in one cell: each trained in turn.
            if len(runs) >= len(here):
                share = len(runs) // len(here)
                for turn, number in enumerate(here):
                    found[number] += runs[turn * share : (turn + 1) * share]
                unmatched += runs[share * len(here) :]
            else:
                for number, run in zip(here, runs, strict=False):
                    found[number].append(run)
        elif before:
            where = before[-1][0]
            together = [number for other, number in before if other == where]
            if len(together) > 1 and place != where and len(together) == len(runs):
                for number, run in zip(together, runs, strict=True):
                    found[number].append(run)
            else:
                found[together[-1]] += runs
        elif len(trained) == 1:
            found[0] += runs
        else:
            unmatched += runs
    return list(zip(trained, found, strict=True)), unmatched


class _Reader:
    """Makes runs of matched networks."""

    def __init__(
        self,
        timeline: Timeline,
        sources: Sources,
        networks: Networks,
        cells: tuple[Cell, ...],
        counts: Sequence[PrintedCount],
        order: Sequence[int],
    ) -> None:
        self._timeline, self._sources, self._networks = timeline, sources, networks
        self._cells, self._counts = cells, counts
        self._at = {number: place for place, number in enumerate(order)}

    def runs(self, matched: "list[tuple[TrainedNetwork, list[EpochRun]]]") -> tuple[Run, ...]:
        if any(claimed for _, claimed in matched):
            # A training of which nothing is shown is another's trial, where others are shown.
            matched = [(each, claimed) for each, claimed in matched if claimed]
        names: set[str] = set()
        return tuple(self._run(each, claimed, names) for each, claimed in matched[:MOST_RUNS])

    def _run(self, trained: TrainedNetwork, claimed: Sequence[EpochRun], names: set[str]) -> Run:
        notes: list[Note] = []
        chosen = _last_training(claimed)
        for other in claimed:
            if chosen is not None and other is not chosen and _is_training(other):
                notes.append(Note(_on_another(other, chosen, trained), other.cells))
        epochs = chosen if chosen is not None else _no_epochs(trained.cells)
        if chosen is not None:
            notes += [Note(sentence, chosen.cells) for sentence in chosen.notes]
        network = self._network(trained, notes)
        name = _name(trained.made.maker, self._called(trained), names)
        return Run(name, network, epochs, trained.cells, trained.how, self._printed(trained, chosen), tuple(notes))

    def _network(self, trained: TrainedNetwork, notes: list[Note]) -> Network | CannotCheckError:
        made = trained.made
        try:
            self._networks.refuse_training(made)
            found = slice_of(self._timeline, made, trained.place, self._sources, self._cells)
        except CannotCheckError as error:
            return error
        except (RecursionError, MemoryError):
            return CannotCheckError(f"{shown(made.maker)} is nested too deep to be read.", "Write it more plainly.")
        at = min(made.place, len(self._timeline) - 1)
        cell = self._timeline[at].home
        if made.place >= len(self._timeline):
            cell = trained.cells[0]

        notes += [Note(sentence, (cell,)) for sentence in found.notes]
        return Network(made.maker, ast.unparse(self._called(trained)), cell, found.source, found.lines, found.files)

    def _called(self, trained: TrainedNetwork) -> ast.expr:
        """Return the call that made a network, with the numbers and words that its names stand for."""
        called = ast.parse(ast.unparse(trained.made.called), mode="eval").body
        for node in ast.walk(called):
            if isinstance(node, ast.Call):
                node.args = [self._constant(each, trained.made.place) for each in node.args]
                for keyword in node.keywords:
                    keyword.value = self._constant(keyword.value, trained.made.place)
        return called

    def _constant(self, node: ast.expr, place: int) -> ast.expr:
        value = literal(self._timeline, node, place)
        return value if isinstance(value, ast.Constant) else node

    def _printed(self, trained: TrainedNetwork, run: EpochRun | None) -> PrintedCount | None:
        """Return the last count that was printed of this network, as far as the cells say of which it is."""
        until = max(self._at[cell] for cell in (*trained.cells, *(run.cells if run is not None else ())))
        makers = {count: self._networks.makers_in(count.cell) for count in self._counts}
        own = [count for count in self._counts if trained.made.maker in makers[count]]
        any_one = [count for count in self._counts if not makers[count]]
        for some in (own, any_one):
            before = [count for count in some if self._at[count.cell] <= until]
            if some:
                return before[-1] if before else some[0]
        return None


def _on_another(other: EpochRun, chosen: EpochRun, trained: TrainedNetwork) -> str:
    """Return what is told of epochs that are not a network's last ones."""
    where, count = _cells(other.cells), _epochs(len(other.epochs))
    if other.cells == chosen.cells and len(trained.cells) == 1:
        return f"{where.capitalize()} prints another run of {count}, of which no network of its own can be told."
    return f"The same network was trained before, for {count} in {where}; the last training counts."


def _last_training(claimed: Sequence[EpochRun]) -> EpochRun | None:
    trainings = [run for run in claimed if _is_training(run)]
    return (trainings or [*claimed])[-1] if claimed else None


def _is_training(run: EpochRun) -> bool:
    """A single accuracy without a number is an evaluation."""
    return len(run.epochs) > 1 or run.epochs[0].number is not None


def _no_epochs(cells: Sequence[int]) -> CannotCheckError:
    return CannotCheckError(
        f"{_cells(cells).capitalize()} shows no test accuracy of an epoch that can be read.",
        "Print one line an epoch, `Test set: Accuracy: 9941/10000 (99.41%)`, and save the notebook with its outputs.",
    )


def _name(maker: str, called: ast.expr, names: set[str]) -> str:
    """Return the class, with what tells this network from others of the same class."""
    words = [str(each.value) for each in ast.walk(called) if isinstance(each, ast.Constant)]
    plain = [maker, "-".join([maker, *words])]
    plain += [f"{maker}-{number}" for number in range(2, MOST_RUNS + 2)]
    for each in plain:
        name = re.sub(r"[^A-Za-z0-9_]+", "-", each).strip("-")[:60] or "network"
        if name not in names:
            names.add(name)
            return name
    raise AssertionError("more runs than names")


def _notes(cells: Sequence[Cell], ordered: Sequence[Cell]) -> list[Note]:
    notes = [
        Note(f"Cell {cell.number} can't be read as Python ({cell.broken}) and was left out.", (cell.number,))
        for cell in cells
        if cell.broken is not None
    ]
    if not any(cell.marked for cell in cells):
        notes.append(Note("No cell shows that it was run: the notebook was saved without its outputs."))
    never = sorted(never_run(cells))
    if never:
        were = "was" if len(never) == 1 else "were"
        notes.append(Note(f"{_cells(never).capitalize()} {were} never run.", tuple(never)))
    counted = [cell for cell in cells if cell.count is not None]
    counts = [cell.count for cell in counted]
    if len(set(counts)) != len(counts):
        sentence = "Two cells have the same number in their brackets: the kernel was restarted in between."
        notes.append(Note(f"{sentence} Cells are read in the order of the page."))
    elif [cell.number for cell in ordered] != [cell.number for cell in cells]:
        earlier = next((before, after) for before, after in pairwise(ordered) if before.number > after.number)
        notes.append(
            Note(
                f"Cells were run out of order: cell {earlier[1].number} last ran after cell {earlier[0].number}.",
                (earlier[1].number, earlier[0].number),
            )
        )
    for cell in cells:
        if cell.output.error == "KeyboardInterrupt":
            notes.append(Note(f"Cell {cell.number} was interrupted.", (cell.number,)))
        elif cell.output.error is not None:
            notes.append(Note(f"Cell {cell.number} ended with {cell.output.error}.", (cell.number,)))
        if cell.output.cut:
            notes.append(Note(f"Cell {cell.number} printed more than is read.", (cell.number,)))
    return notes


def _notes_on(unmatched: Sequence[EpochRun]) -> list[Note]:
    return [
        Note(
            f"{_cells(run.cells).capitalize()} shows {_epochs(len(run.epochs))} of a network that can't be told.",
            run.cells,
        )
        for run in unmatched
        if _is_training(run)
    ]


def _cells(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    return f"cells {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _epochs(count: int) -> str:
    return "one epoch" if count == 1 else f"{count} epochs"
