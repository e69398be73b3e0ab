"""The one store of accuracies: results.jsonl, one JSON object a line, whose "kind" says which benchmark wrote it."""

import json
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results.jsonl"


def read(kind: str) -> list[dict]:
    """Return the lines that the benchmark called `kind` wrote, oldest first."""
    lines = map(json.loads, RESULTS.read_text().splitlines() if RESULTS.exists() else [])
    return [line for line in lines if line["kind"] == kind]


def add(kind: str, line: dict) -> None:
    """Append a line of the benchmark called `kind`."""
    with RESULTS.open("a") as file:
        file.write(json.dumps({"kind": kind} | line) + "\n")
