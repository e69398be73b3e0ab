"""Write backprop.xlsx: a network of two inputs, two hidden and two output neurons, trained by cell formulas alone.

    python session04/backprop.py                 writes session04/backprop.xlsx
    python session04/backprop.py --out FILE

Open it, change the yellow learning rate, and every row follows. The formulas are written once, in COLUMNS; beside each
stands its result, so that a viewer that doesn't calculate shows the numbers too.
"""

import argparse
import io
import math
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import UserError
from common.files import write_atomically

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

ITERATIONS = 200
INPUTS = {"t1": 0.01, "t2": 0.99, "i1": 0.05, "i2": 0.10}
CLASS_WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)
LATER_WEIGHTS = (0.3, 0.5, -0.2, 0.7, 0.1, -0.6, 0.3, -0.9)
RATE = 0.5
RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
WEIGHTS = tuple(f"w{number}" for number in range(1, 9))

# What each row computes from its own weights, in order: name, heading, formula over the names of the same row.
COMPUTED = (
    ("h1", "h1", "w1*i1+w2*i2"),
    ("ah1", "a_h1", "1/(1+EXP(-h1))"),
    ("h2", "h2", "w3*i1+w4*i2"),
    ("ah2", "a_h2", "1/(1+EXP(-h2))"),
    ("o1", "o1", "w5*ah1+w6*ah2"),
    ("ao1", "a_o1", "1/(1+EXP(-o1))"),
    ("o2", "o2", "w7*ah1+w8*ah2"),
    ("ao2", "a_o2", "1/(1+EXP(-o2))"),
    ("e1", "E1", "(t1-ao1)*(t1-ao1)/2"),
    ("e2", "E2", "(t2-ao2)*(t2-ao2)/2"),
    ("e", "E_total", "e1+e2"),
    ("d1", "∂E/∂w1", "((ao1-t1)*ao1*(1-ao1)*w5+(ao2-t2)*ao2*(1-ao2)*w7)*ah1*(1-ah1)*i1"),
    ("d2", "∂E/∂w2", "((ao1-t1)*ao1*(1-ao1)*w5+(ao2-t2)*ao2*(1-ao2)*w7)*ah1*(1-ah1)*i2"),
    ("d3", "∂E/∂w3", "((ao1-t1)*ao1*(1-ao1)*w6+(ao2-t2)*ao2*(1-ao2)*w8)*ah2*(1-ah2)*i1"),
    ("d4", "∂E/∂w4", "((ao1-t1)*ao1*(1-ao1)*w6+(ao2-t2)*ao2*(1-ao2)*w8)*ah2*(1-ah2)*i2"),
    ("d5", "∂E/∂w5", "(ao1-t1)*ao1*(1-ao1)*ah1"),
    ("d6", "∂E/∂w6", "(ao1-t1)*ao1*(1-ao1)*ah2"),
    ("d7", "∂E/∂w7", "(ao2-t2)*ao2*(1-ao2)*ah1"),
    ("d8", "∂E/∂w8", "(ao2-t2)*ao2*(1-ao2)*ah2"),
)
NAMES = ("iteration", *INPUTS, *WEIGHTS, *(name for name, _, _ in COMPUTED))
HEADINGS = ("iteration", *INPUTS, *WEIGHTS, *(heading for _, heading, _ in COMPUTED))

DERIVATION = (
    "Forward: h1 = w1·i1 + w2·i2, h2 = w3·i1 + w4·i2, a_h = σ(h); o1 = w5·a_h1 + w6·a_h2, o2 = w7·a_h1 + w8·a_h2, "
    "a_o = σ(o)",
    "Error: E1 = ½(t1 − a_o1)², E2 = ½(t2 − a_o2)², E_total = E1 + E2.   σ(x) = 1/(1 + e⁻ˣ), "
    "so dσ/dx = σ(x)·(1 − σ(x))",
    "∂E/∂a_o1 = a_o1 − t1, and ∂a_o1/∂o1 = a_o1·(1 − a_o1), so ∂E/∂o1 = (a_o1 − t1)·a_o1·(1 − a_o1);  ∂E/∂o2 likewise",
    "∂E/∂w5 = ∂E/∂o1 · ∂o1/∂w5 = (a_o1 − t1)·a_o1·(1 − a_o1)·a_h1",
    "∂E/∂w6 = ∂E/∂o1 · ∂o1/∂w6 = (a_o1 − t1)·a_o1·(1 − a_o1)·a_h2",
    "∂E/∂w7 = ∂E/∂o2 · ∂o2/∂w7 = (a_o2 − t2)·a_o2·(1 − a_o2)·a_h1",
    "∂E/∂w8 = ∂E/∂o2 · ∂o2/∂w8 = (a_o2 − t2)·a_o2·(1 − a_o2)·a_h2",
    "∂E/∂a_h1 = ∂E/∂o1·w5 + ∂E/∂o2·w7: a hidden neuron errs through both outputs.   ∂E/∂a_h2 = ∂E/∂o1·w6 + ∂E/∂o2·w8",
    "∂E/∂w1 = ∂E/∂a_h1 · a_h1·(1 − a_h1) · i1",
    "∂E/∂w2 = ∂E/∂a_h1 · a_h1·(1 − a_h1) · i2",
    "∂E/∂w3 = ∂E/∂a_h2 · a_h2·(1 − a_h2) · i1",
    "∂E/∂w4 = ∂E/∂a_h2 · a_h2·(1 − a_h2) · i2",
    "Update, from each row to the next: w ← w − η · ∂E/∂w",
)

# Where things stand on a sheet of training, rows from 0.
RATE_CELL = (2, 1)
FIRST_INPUT, FIRST_WEIGHT = (3, 1), (2, 4)
HEADING_ROW = 17
FIRST_ROW = HEADING_ROW + 1


def train(weights: Sequence[float], rate: float, iterations: int = ITERATIONS) -> list[dict[str, float]]:
    """Return what the formulas give: name → value for each iteration, from 0 on, `iterations` + 1 rows."""
    rows, row = [], dict(zip(WEIGHTS, weights, strict=True))
    for iteration in range(iterations + 1):
        if rows:
            row = {weight: rows[-1][weight] - rate * rows[-1][f"d{weight[1]}"] for weight in WEIGHTS}
        row = {"iteration": iteration, **INPUTS, **row}
        for name, _, formula in COMPUTED:
            row[name] = eval(formula, {"EXP": math.exp}, row)
        rows.append(row)
    return rows


def write(path: Path) -> None:
    """Write the workbook to `path`, whole or not at all. Raises FileError where it can't be written."""
    import xlsxwriter

    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        # Without the time in it, the same formulas make the same file.
        workbook.set_properties({"title": "Backpropagation", "created": datetime(2020, 1, 1)})
        formats = {
            "title": workbook.add_format({"bold": True, "font_size": 14}),
            "bold": workbook.add_format({"bold": True}),
            "heading": workbook.add_format({"bold": True, "bottom": 1, "align": "right"}),
            "given": workbook.add_format({"bg_color": "#fff2a8", "border": 1}),
            "number": workbook.add_format({"num_format": "0.000000"}),
            "count": workbook.add_format({"num_format": "0"}),
        }
        _training(
            workbook, formats, "Backprop", "Backpropagation by formulas: the weights of the class", CLASS_WEIGHTS, RATE
        )
        _training(workbook, formats, "Later cohort", "The same with a later cohort's weights", LATER_WEIGHTS, RATE)
        _learning_rates(workbook, formats)
    write_atomically(path, content.getvalue(), "close it where it is open, or choose another file with --out")


def _training(
    workbook: "Workbook",
    formats: Mapping[str, "Format"],
    name: str,
    title: str,
    weights: Sequence[float],
    rate: float,
    *,
    given_by: Mapping[str, str] | None = None,
) -> None:
    """Add a sheet that trains: what is given at the top, the derivation beside it, then a row an iteration.

    given_by: formulas for "rate", the inputs and the weights, where another sheet gives them
    """
    sheet = workbook.add_worksheet(name)
    sheet.write(0, 0, title, formats["title"])
    values = {"rate": rate, **INPUTS, **dict(zip(WEIGHTS, weights, strict=True))}
    places = {"rate": RATE_CELL} | _column(FIRST_INPUT, INPUTS) | _column(FIRST_WEIGHT, WEIGHTS)
    for key, (row, column) in places.items():
        sheet.write(row, column - 1, "learning rate η" if key == "rate" else key, formats["bold"])
        if given_by:
            sheet.write_formula(row, column, given_by[key], None, values[key])
        else:
            sheet.write_number(row, column, values[key], formats["given"])
    for line, text in enumerate(DERIVATION):
        sheet.write(2 + line, 6, text)
    for column, heading in enumerate(HEADINGS):
        sheet.write(HEADING_ROW, column, heading, formats["heading"])
    sheet.set_column(0, 0, 15)
    sheet.set_column(1, len(NAMES) - 1, 11)
    _rows(sheet, formats, places, train(weights, rate))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _column(first: tuple[int, int], names: Sequence[str] | Mapping[str, float]) -> dict[str, tuple[int, int]]:
    return {name: (first[0] + number, first[1]) for number, name in enumerate(names)}


def _rows(
    sheet: "Worksheet",
    formats: Mapping[str, "Format"],
    places: Mapping[str, tuple[int, int]],
    values: Sequence[Mapping[str, float]],
) -> None:
    from xlsxwriter.utility import xl_rowcol_to_cell

    given = {name: xl_rowcol_to_cell(*place, row_abs=True, col_abs=True) for name, place in places.items()}
    for iteration, row_values in enumerate(values):
        row = FIRST_ROW + iteration
        here, before = (
            {name: xl_rowcol_to_cell(at, column) for column, name in enumerate(NAMES)} for at in (row, row - 1)
        )
        formulas = {
            "iteration": f"{before['iteration']}+1" if iteration else "0",
            **{name: given[name] for name in INPUTS},
        }
        for weight in WEIGHTS:
            formulas[weight] = (
                f"{before[weight]}-{given['rate']}*{before[f'd{weight[1]}']}" if iteration else given[weight]
            )
        for name, _, formula in COMPUTED:
            formulas[name] = re.sub(r"[a-z]+\d?", lambda found, here=here: here[found[0]], formula)
        for column, name in enumerate(NAMES):
            sheet.write_formula(
                row,
                column,
                f"={formulas[name]}",
                formats["count" if name == "iteration" else "number"],
                row_values[name],
            )


def _learning_rates(workbook: "Workbook", formats: Mapping[str, "Format"]) -> None:
    """Add the sheet that compares learning rates, its chart, and a sheet of training for each of them."""
    from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

    sheet = workbook.add_worksheet("Learning rates")
    sheet.write(0, 0, "E_total for six learning rates, from the weights of the class", formats["title"])
    sheet.write(2, 0, "η", formats["bold"])
    sheet.write(3, 0, "iteration", formats["heading"])
    chart = workbook.add_chart({"type": "scatter", "subtype": "straight"})
    main = {
        key: f"=Backprop!{xl_rowcol_to_cell(*place)}"
        for key, place in (_column(FIRST_INPUT, INPUTS) | _column(FIRST_WEIGHT, WEIGHTS)).items()
    }
    error = xl_col_to_name(NAMES.index("e"))
    for column, rate in enumerate(RATES, start=1):
        name = f"rate {rate:g}"
        sheet.write_number(2, column, rate, formats["given"])
        sheet.write_formula(3, column, f'="η = "&{xl_rowcol_to_cell(2, column)}', formats["heading"], f"η = {rate:g}")
        _training(
            workbook,
            formats,
            name,
            "The same with a learning rate from the sheet before",
            CLASS_WEIGHTS,
            rate,
            given_by=main | {"rate": f"='Learning rates'!{xl_rowcol_to_cell(2, column)}"},
        )
        for iteration, row in enumerate(train(CLASS_WEIGHTS, rate)):
            if column == 1:
                sheet.write_formula(
                    4 + iteration, 0, f"='{name}'!A{FIRST_ROW + iteration + 1}", formats["count"], iteration
                )
            sheet.write_formula(
                4 + iteration, column, f"='{name}'!{error}{FIRST_ROW + iteration + 1}", formats["number"], row["e"]
            )
        last = 4 + ITERATIONS
        chart.add_series(
            {
                "name": ["Learning rates", 3, column],
                "categories": ["Learning rates", 4, 0, last, 0],
                "values": ["Learning rates", 4, column, last, column],
            }
        )
    chart.set_title({"name": "Error against iterations"})
    chart.set_x_axis({"name": "iteration", "min": 0, "max": ITERATIONS})
    chart.set_y_axis({"name": "E_total", "min": 0})
    chart.set_size({"width": 900, "height": 520})
    sheet.insert_chart(2, 8, chart)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def main() -> int:
    """Write the workbook and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python session04/backprop.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        default=Path(__file__).resolve().parent / "backprop.xlsx",
        help="write the workbook to FILE (default: session04/backprop.xlsx)",
    )
    path = parser.parse_args().out
    try:
        write(path)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{path} written: {ITERATIONS} iterations a sheet.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
