"""The spreadsheet: recalculated by LibreOffice, every row is what torch's autograd computes."""

import csv
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from session04.backprop import (
    CLASS_WEIGHTS,
    FIRST_ROW,
    HEADING_ROW,
    HEADINGS,
    INPUTS,
    ITERATIONS,
    LATER_WEIGHTS,
    RATES,
    main,
    write,
)
from tests.conftest import REPOSITORY

# LibreOffice recalculates a file on loading only where it is told to.
RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode"><value>0</value></prop></item>
</oor:items>"""
# Every sheet, numbers in full and not as shown:
# https://wiki.documentfoundation.org/Documentation/DevGuide/Spreadsheet_Documents
CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that starts LibreOffice; without it, tests are skipped, but not in CI."""
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "LibreOffice is not installed (Debian: libreoffice-calc)"
        )
    profile = tmp_path_factory.mktemp("office")
    (profile / "user").mkdir()
    (profile / "user" / "registrymodifications.xcu").write_text(RECALCULATE)
    return [program, f"-env:UserInstallation=file://{profile}", "--headless"]


def recalculated(office: Sequence[str], workbook: Path) -> dict[str, list[list[str]]]:
    """Return what LibreOffice computes: sheet → rows of cells."""
    folder = workbook.with_suffix("")
    subprocess.run(
        [*office, "--convert-to", CSV, "--outdir", str(folder), str(workbook)], check=True, capture_output=True
    )
    return {
        path.stem.removeprefix(f"{workbook.stem}-"): list(csv.reader(path.open(encoding="utf-8")))
        for path in folder.glob("*.csv")
    }


def autograd(weights: Sequence[float], rate: float) -> list[list[float]]:
    """Return the rows in the order of HEADINGS, in float64, the derivatives from torch's autograd."""
    w = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
    given = torch.tensor([INPUTS["i1"], INPUTS["i2"]], dtype=torch.float64)
    target = torch.tensor([INPUTS["t1"], INPUTS["t2"]], dtype=torch.float64)
    rows = []
    for iteration in range(ITERATIONS + 1):
        h = w[:4].view(2, 2) @ given
        o = w[4:].view(2, 2) @ h.sigmoid()
        e = (target - o.sigmoid()) ** 2 / 2
        (gradient,) = torch.autograd.grad(e.sum(), w)
        between = (
            torch.stack([h, h.sigmoid()], 1).flatten().tolist() + torch.stack([o, o.sigmoid()], 1).flatten().tolist()
        )
        rows.append(
            [iteration, *INPUTS.values(), *w.tolist(), *between, *e.tolist(), e.sum().item(), *gradient.tolist()]
        )
        w = (w - rate * gradient).detach().requires_grad_()
    return rows


def assert_trains(cells: list[list[str]], weights: Sequence[float], rate: float) -> None:
    assert cells[HEADING_ROW][: len(HEADINGS)] == list(HEADINGS)
    rows = [[float(cell) for cell in row[: len(HEADINGS)]] for row in cells[FIRST_ROW:]]
    expected = autograd(weights, rate)
    assert len(rows) == len(expected) == ITERATIONS + 1 > 100
    torch.testing.assert_close(
        torch.tensor(rows, dtype=torch.float64), torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-9
    )


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workbook") / "backprop.xlsx"
    write(path)
    return path


@pytest.fixture(scope="module")
def sheets(office: list[str], workbook: Path) -> dict[str, list[list[str]]]:
    return recalculated(office, workbook)


def test_every_row_is_what_autograd_computes(sheets: dict[str, list[list[str]]]) -> None:
    assert list(HEADINGS[5:13]) == [f"w{number}" for number in range(1, 9)] and len(HEADINGS) == 32
    assert_trains(sheets["Backprop"], CLASS_WEIGHTS, 0.5)
    assert_trains(sheets["Later cohort"], LATER_WEIGHTS, 0.5)
    for rate in RATES:
        assert_trains(sheets[f"rate {rate:g}"], CLASS_WEIGHTS, rate)


def test_the_chart_shows_the_errors_of_all_rates(sheets: dict[str, list[list[str]]]) -> None:
    table = sheets["Learning rates"]
    assert [float(cell) for cell in table[2][1:7]] == list(RATES) == [0.1, 0.2, 0.5, 0.8, 1.0, 2.0]
    error = HEADINGS.index("E_total")
    for column, rate in enumerate(RATES, start=1):
        shown = [float(row[column]) for row in table[4:]]
        assert shown == pytest.approx([row[error] for row in autograd(CLASS_WEIGHTS, rate)], abs=1e-9)


def changed(workbook: Path, sheet: str, cell: str, value: float) -> None:
    """Put another number into a cell, as a person would, and forget every result that the file remembers."""
    other = workbook.with_suffix(".part")
    with zipfile.ZipFile(workbook) as before, zipfile.ZipFile(other, "w") as after:
        for name in before.namelist():
            text = before.read(name)
            if name == f"xl/worksheets/{sheet}.xml":
                text, count = re.subn(rf'(<c r="{cell}"[^>]*><v>)[^<]+'.encode(), rb"\g<1>" + str(value).encode(), text)
                assert count == 1
            if name.startswith("xl/worksheets/"):
                text = re.sub(rb"(</f>)<v>[^<]*</v>", rb"\1<v>0</v>", text)
            after.writestr(name, text)
    other.replace(workbook)


def test_all_rows_follow_the_learning_rate(office: list[str], workbook: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(workbook, tmp_path / "changed.xlsx"))
    changed(path, "sheet1", "B3", 1.7)
    changed(path, "sheet3", "D3", 3.0)
    sheets = recalculated(office, path)
    assert_trains(sheets["Backprop"], CLASS_WEIGHTS, 1.7)
    assert_trains(sheets["rate 0.5"], CLASS_WEIGHTS, 3.0)
    assert sheets["Learning rates"][3][3] == "η = 3"


def cells(workbook: Path, sheet: int) -> dict[str, tuple[bool, str]]:
    """Return the sheet's cells as they are in the file: name → (whether it is a formula, its remembered value)."""
    text = zipfile.ZipFile(workbook).read(f"xl/worksheets/sheet{sheet}.xml").decode()
    return {
        found[1]: ("<f>" in found[2], re.search("<v>([^<]*)</v>", found[2])[1])
        for found in re.finditer(r'<c r="([A-Z]+\d+)"[^>]*?>(.*?)</c>', text)
    }


@pytest.mark.parametrize("sheet", range(1, 10))
def test_no_value_in_a_training_row_is_typed(workbook: Path, sheet: int) -> None:
    first = 4 if sheet == 3 else FIRST_ROW
    rows = [formula for name, (formula, _) in cells(workbook, sheet).items() if int(re.sub(r"\D", "", name)) > first]
    assert all(rows) and len(rows) == (ITERATIONS + 1) * (7 if sheet == 3 else 32)


def test_the_file_remembers_what_its_formulas_give(workbook: Path) -> None:
    known = cells(workbook, 1)
    last = [float(known[f"{column}{FIRST_ROW + ITERATIONS + 1}"][1]) for column in ("F", "X", "AF")]
    expected = autograd(CLASS_WEIGHTS, 0.5)[-1]
    assert last == pytest.approx([expected[5], expected[23], expected[31]], abs=1e-12)


def test_the_committed_workbook_is_the_one_that_the_script_writes(workbook: Path) -> None:
    new, committed = (zipfile.ZipFile(path) for path in (workbook, REPOSITORY / "session04" / "backprop.xlsx"))
    assert new.namelist() == committed.namelist()
    assert all(new.read(name) == committed.read(name) for name in new.namelist())


def test_a_folder_that_is_not_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["backprop.py", "--out", str(tmp_path / "no" / "backprop.xlsx")])
    assert main() == 2
    assert "could not be written" in capsys.readouterr().err and list(tmp_path.iterdir()) == []
