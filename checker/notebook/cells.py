"""A notebook file (nbformat 3 and 4) as code cells in order: what Python they hold, and what they printed."""

import ast
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from checker.intake.files import MB, shown, strict_json
from checker.notebook.magics import plain_python
from checker.notebook.outputs import Output, joined, read_outputs
from checker.verdict import CannotCheckError

MOST_BYTES = 16 * MB
MOST_CELLS = 2_000
# The tree of a text takes a few hundred times its size.
MOST_SOURCE, MOST_SOURCE_IN_ALL = 200_000, 1 * MB
MOST_LEVELS = 150

_HELP = "Save it again in Jupyter or Colab, with its outputs, and hand that in."
_BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Cell:
    """A code cell.

    number: its place among the code cells, from 1, as one counts them down the page: text cells don't count
    count:  what stands in its brackets, In [count]; None where it shows no number, or 0, as Colab once wrote
    marked: whether anything shows that it was run: a number, 0 too, or an output
    python: its source with magics and shell lines made blank; line n is line n of the cell. "" where it can't be parsed
    tree:   the parsed `python`; None where it can't be parsed
    broken: why it can't be parsed, else None
    writes: the path that %%writefile gives it, else None; `python` is that file's text then, and `tree` is None
    """

    number: int
    count: int | None
    python: str
    tree: ast.Module | None
    broken: str | None
    writes: str | None
    appends: bool
    output: Output
    marked: bool

    @property
    def is_code(self) -> bool:
        return self.tree is not None and bool(self.tree.body)


def read_cells(content: bytes) -> tuple[Cell, ...]:
    """Return the code cells of a notebook in the order of the page. Raises CannotCheckError where it is none."""
    if len(content) > MOST_BYTES:
        raise CannotCheckError(
            f"The notebook holds {len(content) / MB:,.0f} MB; at most {MOST_BYTES / MB:,.0f} MB are read.",
            "Clear the outputs that hold pictures, and save it again.",
        )
    try:
        value = strict_json(_text(content))
    except json.JSONDecodeError as error:
        raise CannotCheckError(f"The notebook can't be read as JSON ({shown(str(error))}).", _HELP) from error
    except (ValueError, RecursionError) as error:
        raise CannotCheckError(f"The notebook can't be read ({shown(str(error))}).", _HELP) from error
    found = _raw_cells(value)
    if len(found) > MOST_CELLS:
        raise CannotCheckError(f"The notebook has {len(found):,} cells; at most {MOST_CELLS:,} are read.", _HELP)
    cells: list[Cell] = []
    left = MOST_SOURCE_IN_ALL
    for raw in found:
        if raw.get("cell_type") == "code":
            cell = _cell(raw, len(cells) + 1, left)
            left -= len(cell.python)
            cells.append(cell)
    if not cells:
        raise CannotCheckError("The notebook has no code cell.", _HELP)
    return tuple(cells)


def never_run(cells: Sequence[Cell]) -> frozenset[int]:
    """Return the numbers of cells that were never run; of none where the notebook keeps no numbers in its brackets."""
    if not any(cell.count is not None for cell in cells):
        return frozenset()
    return frozenset(cell.number for cell in cells if not cell.marked and cell.is_code)


def parse(text: str) -> ast.Module:
    """Return the tree of a Python text. Raises ValueError, in words, where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of escapes that a stranger's strings hold.
            tree = ast.parse(text)
        if _is_deep(tree):
            raise RecursionError
        return tree
    except SyntaxError as error:
        raise ValueError(f"line {error.lineno or 1}: {shown(error.msg or 'no Python')}") from error
    except _BROKEN as error:
        raise ValueError("it is nested too deep, or holds what no Python source may") from error


def _is_deep(tree: ast.AST) -> bool:
    """Return whether a tree has more levels than what walks it recursively, ast.unparse for one, can take."""
    level: list[ast.AST] = [tree]
    for _ in range(MOST_LEVELS):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # Every byte is a letter of it.


def _raw_cells(value: object) -> list[dict[str, object]]:
    if not isinstance(value, dict):
        raise CannotCheckError("The notebook holds no JSON object.", _HELP)
    cells = value.get("cells")
    if cells is None and isinstance(sheets := value.get("worksheets"), list):  # nbformat 3
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    if not isinstance(cells, list):
        raise CannotCheckError("The file holds no cells: it is no notebook.", _HELP)
    return [cell for cell in cells if isinstance(cell, dict)]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _cell(raw: dict[str, object], number: int, left: int) -> Cell:
    source = joined(raw.get("source", raw.get("input")))
    count = raw.get("execution_count", raw.get("prompt_number"))
    # True is an int, and a number of a thousand digits is none that a kernel counted to.
    counted = count if type(count) is int and 0 < count < 10**9 else None
    output = read_outputs(_list(raw.get("outputs")))
    marked = type(count) is int or output.any
    if len(source) > min(MOST_SOURCE, left):
        return Cell(number, counted, "", None, "it holds too much text", None, False, output, marked)
    plain = plain_python(source)
    if plain.writes is not None:
        return Cell(number, counted, plain.python, None, None, plain.writes, plain.appends, output, marked)
    try:
        return Cell(number, counted, plain.python, parse(plain.python), None, None, False, output, marked)
    except ValueError as error:
        return Cell(number, counted, "", None, str(error), None, False, output, marked)
