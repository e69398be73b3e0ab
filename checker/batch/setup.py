"""What every submission of a class is checked with and against, as plain values: they cross to other processes, and
machines."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from checker import cohorts
from checker.assignments import Assignment
from checker.batch.entries import Entry

PACKAGE = Path(__file__).resolve().parent.parent
_MEASURED_BY = ("torch", "numpy", "albumentations", "safetensors", "onnx", "openvino")


@dataclass(frozen=True)
class Setup:
    """assignment, cohort: what is asked, see checker.cohorts.asked; rules: the ids of those that are checked
    data_dir, isolation, device: see checker.means.Means; data_dir is absolute, isolation the one that is used
    details: whether curves, layers and mistakes are gathered for a page
    recording: seconds that a submission's code may take for each answer; checking: seconds for all of it
    """

    assignment: str
    rules: tuple[str, ...]
    data_dir: str | None
    isolation: str
    device: str
    details: bool
    recording: float
    checking: float
    cohort: str = ""

    @property
    def asked(self) -> Assignment:
        """The assignment."""
        return cohorts.asked(self.assignment, self.cohort)

    def fingerprint(self) -> str:
        """Return the SHA-256 of what a verdict depends on beside the submission: what is asked, the checker's code, and
        what it measures with. The test images are those whose digests stand in common/data.py, or none are judged."""
        digest = hashlib.sha256()
        for package in ("checker", "common"):
            for file in sorted((PACKAGE.parent / package).rglob("*")):
                if file.suffix in (".py", ".toml"):
                    digest.update(f"{file.relative_to(PACKAGE.parent)}\0".encode() + file.read_bytes())
        digest.update("".join(f"{name} {_version(name)}\n" for name in _MEASURED_BY).encode())
        values = asdict(self) | {"data_dir": None, "asked": asdict(self.asked)}
        digest.update(json.dumps(values, sort_keys=True).encode())
        return digest.hexdigest()


def key_of(entry: Entry, fingerprint: str) -> str:
    """Return the ledger's key of a submission: the same as long as nothing has changed that its verdict depends on. One
    without a digest has a key of its own."""
    content = f"digest {entry.digest}" if entry.digest is not None else f"path {entry.path}"
    kind = "folder" if entry.path.is_dir() else entry.path.suffix.lower()
    return hashlib.sha256(os.fsencode(f"{fingerprint} {kind} {content}")).hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"
