"""Each notebook below notebooks/ says in its first lines what must be read of it."""

from pathlib import Path

import pytest

from checker.notebook import Notebook, Run, read_notebook
from checker.notebook.epochs import EpochRun
from checker.verdict import CannotCheckError
from tests.checker.notebook.written import NOTEBOOKS, read

ALL = sorted(NOTEBOOKS.glob("*.txt"), key=lambda path: path.name)


def test_there_are_forty() -> None:
    assert len(ALL) >= 40


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_is_read(path: Path) -> None:
    written = read(path)
    notebook = read_notebook(written.content, written.sources)
    expected = [*written.lines("run"), *written.lines("refused"), *written.lines("epochs")]
    assert sorted(_told(notebook)) == sorted(expected, key=str) or _matches(notebook, expected)
    notes = [note.sentence for note in notebook.notes] + [note.sentence for run in notebook.runs for note in run.notes]
    assert len(notes) == len(written.lines("note")), notes
    for wanted in written.lines("note"):
        assert any(wanted in note for note in notes), (wanted, notes)
    for wanted in written.lines("parameters"):
        assert [f"{count.count:,}" for count in notebook.parameters] == wanted.split()
    for wanted in written.lines("normalization"):
        found = notebook.normalization
        assert wanted == (f"{found.mean} / {found.std}" if found is not None else "none")


def _matches(notebook: Notebook, expected: list[str]) -> bool:
    """Compare run by run; a reason may be given in part."""
    wanted: dict[str, list[str]] = {}
    for line in expected:
        name, *rest = (part.strip() for part in line.split("|"))
        wanted.setdefault(name, []).append(" | ".join(rest))
    assert [run.name for run in notebook.runs] == list(wanted)
    for run in notebook.runs:
        for line in wanted[run.name]:
            told = [_network(run), _epochs(run)]
            assert line == " | ".join(told) or any(line in each for each in told), (line, told)
    return True


def _told(notebook: Notebook) -> list[str]:
    return [f"{run.name} | {_network(run)} | {_epochs(run)}" for run in notebook.runs]


def _network(run: Run) -> str:
    return run.network.message if isinstance(run.network, CannotCheckError) else run.network.constructor


def _epochs(run: Run) -> str:
    if isinstance(run.epochs, CannotCheckError):
        return run.epochs.message
    return f"{_numbers(run.epochs)} | {_accuracies(run.epochs)}"


def _numbers(run: EpochRun) -> str:
    return " ".join("-" if epoch.number is None else str(epoch.number) for epoch in run.epochs)


def _accuracies(run: EpochRun) -> str:
    return " ".join(
        str(epoch.test.correct) if epoch.test.correct is not None else f"{epoch.test.percent:.{epoch.test.decimals}f} %"
        for epoch in run.epochs
    )
