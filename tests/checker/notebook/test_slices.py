"""What is sliced out of the notebooks of our own builds the network, and nothing else is in it."""

import sys
from pathlib import Path

import pytest

from checker.notebook import Network, read_notebook
from tests.checker.notebook.written import NOTEBOOKS, from_text, read

ALL = sorted(NOTEBOOKS.glob("*.txt"), key=lambda path: path.name)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_builds_the_network(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch import nn

    written = read(path)
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    for run in read_notebook(written.content, written.sources).runs:
        if not isinstance(run.network, Network):
            continue
        for name, text in run.network.files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        module = type(sys)("model")
        monkeypatch.setitem(sys.modules, "model", module)
        exec(compile(run.network.source, "model.py", "exec"), module.__dict__)
        network = module.build(run.name)
        assert isinstance(network, nn.Module)
        assert type(network).__name__ in (run.network.maker, "ResNet")
        assert len(run.network.lines) == len(run.network.source.splitlines())
    for name in set(sys.modules) - before - {"model"}:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]


def test_holds_no_training_and_no_data() -> None:
    for path in ALL:
        written = read(path)
        for run in read_notebook(written.content, written.sources).runs:
            if isinstance(run.network, Network):
                assert "optimizer" not in run.network.source, path.name
                assert "datasets" not in run.network.source, path.name


def test_lines_lead_back_to_their_cells() -> None:
    written = read(NOTEBOOKS / "constants-and-defaults.txt")
    (run,) = read_notebook(written.content, written.sources).runs
    assert isinstance(run.network, Network)
    lines = run.network.source.splitlines()
    places = {line.strip(): run.network.place(number) for number, line in enumerate(lines, start=1)}
    assert places["import math"] == "cell 1, line 18"
    assert places["class Net(Base):"] == "cell 3, line 2"
    assert places[
        "layers = [nn.Conv2d(1 if not number else width, width, self.kernel) for number in range(depth)]"
    ] == ("cell 3, line 6")
    assert places["dropout_value = 0.05"] == "cell 5, line 1"
    assert places["return Net(**settings)"] == "cell 5, line 2"
    assert "batch_size, width = 64, 4" in places
    assert not {"dropout_value = 0.5", "dropout_value = 0.9"} & set(places)
    assert run.network.place(0) is None and run.network.place(10_000) is None


def test_a_line_of_an_inlined_function_leads_back_to_where_it_stands() -> None:
    notebook = read_notebook(
        from_text(
            "#%% code 1 imports net train\n#%% code 2\ndef run():\n    width = 4\n    model = Net(width)\n"
            "    train(model, None, None, None, 1)\n#%% code 3\nrun()\n"
        ).content,
        {},
    )
    network = notebook.runs[0].network
    assert isinstance(network, Network)
    number = network.source.splitlines().index("width = 4") + 1
    assert network.place(number) == "cell 2, line 2"


def test_a_file_called_model_becomes_part_of_the_slice() -> None:
    written = read(NOTEBOOKS / "model-file-beside.txt")
    network = read_notebook(written.content, written.sources).runs[0].network
    assert isinstance(network, Network)
    assert network.files == {}
    assert network.place(3) == "model.py, line 3"


def test_files_lie_where_they_are_imported_from() -> None:
    written = read(NOTEBOOKS / "sources-beside.txt")
    network = read_notebook(written.content, written.sources).runs[0].network
    assert isinstance(network, Network)
    assert set(network.files) == {"models/__init__.py", "models/small.py", "utils/layers.py"}
    moved = {f"src/{path}": text for path, text in written.sources.items()}
    network = read_notebook(written.content, moved).runs[0].network
    assert isinstance(network, Network)
    assert set(network.files) == {"models/__init__.py", "models/small.py", "utils/layers.py"}


def test_a_loop_that_draws_pictures_is_no_part_of_a_network() -> None:
    written = read(NOTEBOOKS / "loops-and-comprehensions.txt")
    network = read_notebook(written.content, written.sources).runs[0].network
    assert isinstance(network, Network)
    assert "plt" not in network.source and "open" not in network.source
    assert network.source.count("widths") == 6
