"""Writes the files of one run, each whole or not at all: what the checker reads."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from common.anatomy.program import Program, to_bytes
from common.files import write_atomically

FORMAT = 1
KEPT_EPOCHS = 5
PROGRAM, CONSTANTS = "program.json", "program.safetensors"


class RunWriter:
    """A run's folder that is being written.

    description: what run.json holds; log: the lines of epochs.jsonl
    """

    def __init__(self, path: Path, description: dict[str, Any], remedy: str) -> None:
        """remedy: what to do where a file can't be written, as the end of a sentence"""
        self.path, self._remedy = path, remedy
        self.description = {"format": FORMAT, **description}
        self.log: list[dict[str, Any]] = []

    def write(self, name: str, content: bytes | str) -> None:
        """Write one file of the run, whole or not at all. Raises FileError."""
        write_atomically(self.path / name, content, self._remedy)

    def write_description(self) -> None:
        """Write run.json."""
        self.write("run.json", json.dumps(self.description, indent=2) + "\n")

    def write_program(self, program: Program) -> None:
        """Write the network as data, so that whoever checks the run needs no code of it."""
        text, constants = to_bytes(program)
        self.write(CONSTANTS, constants)
        self.write(PROGRAM, text)

    def write_weights(self, name: str, tensors: Mapping[str, Tensor]) -> dict[str, str]:
        """Write a state dict as safetensors, and return what a line of the log says of it."""
        from safetensors.torch import save

        content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()})
        self.write(name, content)
        return {"file": name, "sha256": hashlib.sha256(content).hexdigest()}

    def add_epoch(self, line: dict[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Write the weights of an epoch and its line in the log, and drop the weights of the one that is now the sixth
        from the end."""
        weights = self.write_weights(f"epoch-{line['epoch']:02d}.safetensors", tensors)
        self.log.append({**line, "weights": weights})
        older = self.log[:-KEPT_EPOCHS]
        for each in older:
            each["weights"] = None
        self.write("epochs.jsonl", "".join(json.dumps(each) + "\n" for each in self.log))
        if older:
            (self.path / f"epoch-{older[-1]['epoch']:02d}.safetensors").unlink(missing_ok=True)
