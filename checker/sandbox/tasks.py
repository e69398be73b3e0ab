"""What is asked of a submission's code, what comes back, and how much it may use. Plain values: they cross to another
process."""

import dataclasses
from dataclasses import dataclass

MB, GB = 10**6, 10**9

NETWORK, AUGMENTATION, WEIGHTS = "network", "augmentation", "weights"
MODEL, INITIAL = "model", "initial"


@dataclass(frozen=True)
class Task:
    """One question to a submission.

    network: {"run": name, "inputs": shapes without the batch dimension, "batch": images} → the recorded program (JSON,
             constants)
    model: {"file": path below the folder, "built_by": an expression, "" for the obvious one, and as for network} → the
           same
    initial: {} → the weights that the last network began with ({}, safetensors)
    augmentation: {} → {"pipeline": albumentations' description of train.py's, "dropped": arguments that it ignores}
    weights: {"file": path below the folder} → the state dict of a .pt or .pth file ({"stripped": prefix}, safetensors)
    """

    kind: str
    arguments: dict[str, object] = dataclasses.field(default_factory=dict)

    @property
    def doing(self) -> str:
        """What is done in words, as the start of a sentence."""
        if self.kind == NETWORK:
            return f"Recording the network of {self.arguments.get('run')}"
        if self.kind == MODEL:
            return f"Recording the network of {self.arguments.get('file')}"
        if self.kind == INITIAL:
            return "Reading the weights that the network begins with"
        if self.kind == AUGMENTATION:
            return "Reading augmentation() of train.py"
        return f"Reading {self.arguments.get('file')}"


@dataclass(frozen=True)
class Problem:
    """Why there is no answer.

    kind: "refused" (the code or file can't be used, or raised an error), "time", "memory", "processes", "disk",
        "crash" (a signal ended Python), "exit" (the code ended Python), "output" (it printed too much, or answered
        nonsense), "start" (the sandbox could not be started, which is no fault of the submission), or "stopped" (nobody
        waits any more)
    message: one sentence on one line, without control characters; help: what to do about it
    """

    kind: str
    message: str
    help: str


@dataclass(frozen=True)
class Answer:
    """The answer to one task: a JSON value with bytes that belong to it, or a problem. Value and bytes are hostile."""

    value: object = None
    blob: bytes = b""
    problem: Problem | None = None


@dataclass(frozen=True)
class Limits:
    """How much the code of one submission may use; sizes in bytes.

    seconds: waited for each answer; memory: of all its processes together; scratch: files written; printed: on stdout
             and stderr;
    json, blob: of one answer; files, copied: how many files of the folder it may see, and how large they may be
                together
    """

    seconds: float = 120.0
    memory: int = 6 * GB
    processes: int = 64
    open_files: int = 256
    scratch: int = 256 * MB
    printed: int = 16 * MB
    json: int = 8 * MB
    blob: int = 512 * MB
    files: int = 2000
    copied: int = 128 * MB
