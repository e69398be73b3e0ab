"""Notebooks as texts that a reader can follow, each with what must be read of it, turned into the JSON of nbformat.

A text begins with what must be read, a line each:

    run: NAME | CONSTRUCTOR | numbers of the epochs | correct images or percentages
    refused: NAME | part of the sentence that says why there is no network
    epochs: NAME | part of the sentence that says why there are no epochs
    note: part of a sentence that is told; there may be no others
    parameters: the printed totals
    normalization: mean / std
    same: how often the network is built in the test

Then come its parts, each below a line that begins with `#%%`: `code 3` (a cell, with the number in its brackets; names
that follow stand for the usual pieces below), `out`, `err`, `result` and `html` (its outputs), `error NAME`,
`file PATH` (a file beside the notebook), `nbformat 3`, and `text`. ␍ stands for a carriage return, ␛ for what begins a
colour.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USUAL = {
    "imports": """import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torchvision import datasets, transforms
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
""",
    "net": """class Net(nn.Module):
    def __init__(self, channels=10, norm="bn"):
        super().__init__()
        self.conv = nn.Conv2d(1, channels, 3, bias=False)
        self.norm = nn.BatchNorm2d(channels) if norm == "bn" else nn.GroupNorm(2, channels)
        self.last = nn.Conv2d(channels, 10, 1)

    def forward(self, x):
        x = self.last(F.relu(self.norm(self.conv(x))))
        return F.log_softmax(x.mean((2, 3)), dim=-1)
""",
    "train": """def train(model, device, train_loader, optimizer, epoch):
    model.train()
    for data, target in train_loader:
        optimizer.zero_grad()
        F.nll_loss(model(data.to(device)), target.to(device)).backward()
        optimizer.step()

def test(model, device, test_loader):
    model.eval()
""",
}
NOTEBOOKS = Path(__file__).parent / "notebooks"


@dataclass
class Written:
    """A notebook, and what must be read of it: keyword → the rest of each of its lines."""

    content: bytes
    sources: dict[str, str]
    expected: dict[str, list[str]] = field(default_factory=dict)

    def lines(self, keyword: str) -> list[str]:
        return self.expected.get(keyword, [])


def read(path: Path) -> Written:
    """Return the notebook that a text describes."""
    return from_text(path.read_text(encoding="utf-8"))


def from_text(text: str) -> Written:
    head, *parts = f"\n{text}".split("\n#%% ")
    expected: dict[str, list[str]] = {}
    for line in head.strip().splitlines():
        keyword, _, rest = line.partition(":")
        expected.setdefault(keyword, []).append(rest.strip())
    cells: list[dict[str, Any]] = []
    sources: dict[str, str] = {}
    version = 4
    for part in parts:
        words, _, body = part.partition("\n")
        kind, *rest = words.split()
        body = body.replace("␍", "\r").replace("␛", "\x1b")
        if kind == "nbformat":
            version = int(rest[0])
        elif kind == "file":
            sources[rest[0]] = body
        elif kind == "text":
            cells.append({"cell_type": "markdown", "metadata": {}, "source": body})
        elif kind == "code":
            count = int(rest.pop(0)) if rest and rest[0].isdigit() else None
            source = "\n".join([*(USUAL[each] for each in rest), body.rstrip("\n")])
            cells.append({"cell_type": "code", "execution_count": count, "source": source, "outputs": []})
        else:
            cells[-1]["outputs"].append(_output(kind, rest, body))
    return Written(json.dumps(_notebook(cells, version)).encode(), sources, expected)


def _output(kind: str, rest: list[str], body: str) -> dict[str, Any]:
    if kind in ("out", "err"):
        lines = f"{body}\n".splitlines(keepends=True)
        return {"output_type": "stream", "name": "stdout" if kind == "out" else "stderr", "text": lines}
    if kind == "error":
        return {"output_type": "error", "ename": rest[0], "evalue": "", "traceback": []}
    if kind == "html":
        return {"output_type": "display_data", "data": {"text/html": body, "text/plain": "<IPython.core.display.HTML>"}}
    assert kind == "result", kind
    return {"output_type": "execute_result", "data": {"text/plain": body}, "execution_count": 1}


def _notebook(cells: list[dict[str, Any]], version: int) -> dict[str, Any]:
    if version == 4:
        return {"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": cells}
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["input"], cell["prompt_number"] = cell.pop("source"), cell.pop("execution_count")
            for output in cell["outputs"]:
                output["stream"] = output.pop("name", "stdout")
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}
