"""Notebooks that were made to harm: each is read, or refused in a sentence, at once."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.notebook import Notebook, read_notebook
from checker.notebook.epochs import EpochRun
from checker.notebook.outputs import text_lines
from checker.verdict import CannotCheckError

LONG = 1_000_000


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    start = time.process_time()
    yield
    assert time.process_time() - start < 5


def code(source: object = "", printed: object = "", **more: object) -> dict[str, object]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    return {"cell_type": "code", "source": source, "execution_count": 1, "outputs": outputs, **more}


def read(*cells: object) -> Notebook:
    return read_notebook(json.dumps({"nbformat": 4, "cells": cells}).encode(), {})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b"null",
        b"{",
        b'{"cells": 3}',
        b'{"cells": []}',
        b'{"worksheets": [3, {"cells": 4}]}',
        b'{"cells": [], "cells": []}',
        b'{"cells": [{"cell_type": "code", "cell_type": "text"}]}',
        b'{"cells": [' + b"9" * 10_000 + b"]}",
        b"[" * LONG,
        b'{"cells": ' * 100_000,
        b" " * 17_000_000,
        b'{"cells": [' + b"{}," * 3_000 + b"{}]}",
    ],
    ids=lambda content: content[:12].decode("latin-1"),
)
def test_what_is_no_notebook_is_refused(content: bytes) -> None:
    with pytest.raises(CannotCheckError) as error:
        read_notebook(content, {})
    assert error.value.message.isprintable() and error.value.help


@pytest.mark.parametrize(
    "cell",
    [
        code(source=[1, None, "x = 1\n", {}]),
        code(source={"a": 1}),
        code(execution_count="1"),
        code(execution_count=True),
        code(execution_count=1e400),
        code(execution_count=10**300),
        code(outputs="text"),
        code(outputs=[1, None, {"output_type": 3}, {"output_type": "stream", "text": 3, "name": []}]),
        code(outputs=[{"output_type": "error", "ename": ["x"]}, {"output_type": "display_data", "data": [1]}]),
        code(source="x = '\ud800'"),
        code(source="x = 1\x00"),
        code(source="\ufeffx = 1"),
    ],
    ids=range(12),
)
def test_cells_of_other_types_are_read_as_far_as_they_go(cell: dict[str, object]) -> None:
    assert read(cell, code("y = 2")).runs[0].name == "network"


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "(" * 50_000 + ")" * 50_000,
        "x = " + "-" * 150_000 + "1",
        "x = " + "+".join("1" * 90_000),
        "x" + ".x" * 90_000,
        "import torch.nn as nn\nmodel = nn.Sequential(" + "+".join("1" * 900) + ")\ntrain(model)",
        "import torch.nn as nn\nx = nn.Sequential()\ntrain(x" + ".x" * 900 + ")",
        "import torch.nn as nn\nmodel = nn.Sequential(" + "+".join("1" * 140) + ")\ntrain(model" + ".cuda()" * 60 + ")",
        "Normalize(" + "-" * 140 + "1, std=" + "(" * 60 + "1" + ",)" * 60 + ")",
        "x = " + "[" * 90 + "]" * 90,
        "if x:\n" + "".join(" " * depth + "if x:\n" for depth in range(1, 99)) + " " * 99 + "pass",
        "a = b\nb = a\nmodel = a\ntrain(model)\n" * 5_000,
        "def f():\n    return f()\nmodel = f()\ntrain(model)\n",
        "def f():\n    return g()\ndef g():\n    return f() or g()\nmodel = f()\ntrain(model)\n",
        "class A(B): pass\nclass B(A): pass\nclass A(B): pass\nmodel = A()\ntrain(model)\n",
        "def f(x):\n    model = Net()\n    f(x)\n    f(x)\n    train(model)\nf(1)\n",
        "n = [" + ",".join(["1"] * 50_000) + "]\nfor a in n:\n    train(a)\n",
        "".join(f"v{each} = v{each - 1}\n" for each in range(1, 9_000)) + "train(v8999)\n",
        "".join("for a in [1, 2, 3]:\n" + " " for _ in range(1)) + "train(a)\n",
        "".join(" " * depth + f"for a{depth} in {list(range(30))}:\n" for depth in range(6)) + " " * 6 + "train(a0)\n",
        "train(" + "m," * 60_000 + ")\n",
        "x = 9" + "9" * 5_000 + "\n",
        "%time " * 20_000,
        "x = '''" + "'" * 100_000,
        "!" * 100_000 + "\\\n" * 10_000,
        "Normalize((0.5,) * 999999999, (0.5,) * 999999999)",
        "t = Normalize(mean=9 ** 9 ** 9, std=1e999)",
        "import torch.nn as nn\nm = nn.Sequential()\nw = {}\n"
        + "w[0] = w\n" * 2_000
        + "m = nn.Sequential(w)\ntrain(m)",
        "".join(f"def f{n}():\n    return f{n + 1}() or f{n + 2}()\n" for n in range(300)) + "m = f0()\ntrain(m)",
    ],
    ids=range(28),
)
def test_hostile_sources_are_read(source: str) -> None:
    assert read(code(source), code("y = 2")).runs


@pytest.mark.parametrize(
    "text",
    [
        "accuracy " * (LONG // 9),
        "test accuracy: " + "9" * LONG,
        "accuracy" + " " * LONG + "9",
        "epoch" * (LONG // 5),
        "epoch " + ":" * LONG,
        "acc:=|(" * (LONG // 7),
        "1%|" * (LONG // 3),
        "1%|" + "█" * LONG + "| 1/2 [",
        "9/" * (LONG // 2),
        "\x1b[" + "0;" * LONG,
        "\x1b]" * (LONG // 2),
        "\r" * LONG,
        "a\r" * (LONG // 2),
        "total params" + " " * LONG,
        "| acc " * (LONG // 6),
        "test accuracy: 1e-5, test accuracy: nan, test accuracy: inf",
        "<td" * (LONG // 3),
        "\x08" * LONG,
        "acc tensor(" * (LONG // 11),
        "epoch 99999999999 test accuracy 99999999/1",
    ],
    ids=range(20),
)
def test_hostile_outputs_are_read_at_once(text: str) -> None:
    start = time.process_time()
    notebook = read(
        code("y = 2", text), code("z = 3", outputs=[{"output_type": "display_data", "data": {"text/html": text}}])
    )
    assert notebook.runs
    assert time.process_time() - start < 1.5


def test_many_lines_are_read() -> None:
    printed = "Epoch 1\nTest set: Accuracy: 9890/10000 (98.90%)\n" * 20_000
    assert isinstance(read(code("y = 2", printed)).runs[0].epochs, EpochRun)


def test_control_characters_are_not_handed_on() -> None:
    printed = "Epoch 1\x07\nTest accuracy: 98.9\x1b[2J\n"
    notebook = read(
        code("x = \x1b[2J"),
        code("class N\u202eet(nn.Module): pass\nmodel = N\u202eet()"),
        code("train(1)", printed),
        {**code("y"), "outputs": [{"output_type": "error", "ename": "Bad\x1b[2J\nError"}]},
    )
    for note in notebook.notes:
        assert note.sentence.isprintable(), note
    assert all(line.isprintable() for line in text_lines(printed))


def test_latin_1_and_a_byte_order_mark_are_read() -> None:
    text = json.dumps(
        {"cells": [code("größe = 1"), code("model = 2", "Test accuracy: 98.90 % größer")]}, ensure_ascii=False
    )
    for content in (text.encode("latin-1"), b"\xef\xbb\xbf" + text.encode()):
        assert isinstance(read_notebook(content, {}).runs[0].epochs, EpochRun)


def test_paths_of_written_files_stay_inside() -> None:
    notebook = read(
        code("%%writefile ../../evil.py\nimport torch.nn as nn\nclass Net(nn.Module): pass"),
        code("%%writefile /etc/evil.py\nimport torch.nn as nn\nclass Net(nn.Module): pass"),
        code("from evil import Net\nmodel = Net()\ntrain(model)"),
    )
    for run in notebook.runs:
        files = getattr(run.network, "files", {})
        assert all(not path.startswith("/") and ".." not in path for path in files)


def test_names_of_runs_are_plain() -> None:
    notebook = read(
        code("import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self, a): pass"),
        code("model = Net('../../x')\ntrain(model)\nother = Net('../../y\\n')\ntrain(other)"),
    )
    assert [run.name for run in notebook.runs] == ["Net", "Net-y"]


def test_nothing_slow_is_imported() -> None:
    loaded = "import sys, checker.notebook; print(sorted({'torch', 'numpy', 'albumentations'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert found.stdout.strip() == "[]"
