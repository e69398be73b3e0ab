"""The pictures and layer tables that take minutes to make, and what each was made from.

They need data sets or trained networks, and on another machine a point may round to the next pixel. So the check makes
nothing anew: pictures.json keeps a digest of each file and one of what it was made from, and both must be the same.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from common.data import load_images
from common.files import write_atomically
from common.finished_run import trained
from common.run import pictures
from common.summary import summary
from tools.sessions import REPOSITORY, SESSIONS

DIGESTS = Path(__file__).with_name("pictures.json")


@dataclass(frozen=True)
class Drawing:
    """Pictures that one call of `draw` writes, and the files that they depend on; all relative to the repository."""

    pictures: tuple[str, ...]
    sources: tuple[str, ...]
    draw: Callable[[], None]

    def digests(self) -> dict[str, str]:
        """Return for each picture a digest of it and of its sources; without the picture where it is missing."""
        sources = _digest(self.sources)
        return {picture: f"{_digest([picture])} from {sources}" for picture in self.pictures}


def _digest(paths: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = (REPOSITORY / path).read_bytes() if (REPOSITORY / path).exists() else b""
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def _run(session: str, run: str) -> tuple[str, str]:
    """The files that stand for a run: its network as data, and its log, which names the digests of its weights."""
    return f"{session}/runs/{run}/program.json", f"{session}/runs/{run}/epochs.jsonl"


def _of_script(script: str, *names: str, runs: Iterable[tuple[str, str]] = ()) -> Drawing:
    """Pictures that a session's own script draws beside itself."""
    folder = Path(script).parent
    sources = [script, "common/figures.py", *dict.fromkeys(path for run in runs for path in _run(*run))]
    return Drawing(
        tuple(f"{folder}/{name}.png" for name in names),
        tuple(sources),
        partial(subprocess.run, [sys.executable, script], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL),
    )


def _of_run(session: str, run: str) -> Drawing:
    folder = f"{session}/runs/{run}"
    return Drawing(
        (f"{folder}/curves.png", f"{folder}/misclassified.png", f"{folder}/summary.txt"),
        ("common/figures.py", "common/summary.py", f"{folder}/run.json", *_run(session, run)),
        partial(_draw_run, session, run),
    )


def _draw_run(name: str, run: str) -> None:
    session = SESSIONS[name]
    network, log = trained(session, run)
    network.to(memory_format=torch.channels_last)
    files = pictures(session, run, session.recipes[run], log, network, load_images(session.dataset, "test"))
    files["summary.txt"] = summary(session.build(run), *session.task.input_shapes(session.dataset.shape))
    for file, content in files.items():
        write_atomically(session.folder / "runs" / run / file, content)


DRAWINGS = (
    _of_script("session00/figures.py", "kernels", "channels", "receptive-field", runs=[("session05", "scheduled")]),
    _of_script("session03/figures.py", "examples", runs=[("session03", "digit-sum")]),
    _of_script(
        "session06/figures.py",
        "comparison",
        "misclassified-batch-l1",
        "misclassified-layer",
        "misclassified-group",
        runs=[("session06", run) for run in ("batch-l1", "layer", "group")],
    ),
    _of_script(
        "session07/figures.py",
        "augmented",
        "confusion",
        "misclassified",
        "grad-cam",
        runs=[("session07", "cifar10")],
    ),
    Drawing(
        tuple(f"session04/backprop-{name}.png" for name in ("sheet-left", "sheet-right", "learning-rates")),
        ("session04/backprop.xlsx", "tools/spreadsheet_pictures.py"),
        partial(subprocess.run, [sys.executable, "-m", "tools.spreadsheet_pictures"], cwd=REPOSITORY, check=True),
    ),
    *(_of_run(session.name, run) for session in SESSIONS.values() for run in session.recipes),
)


def stale(drawings: Iterable[Drawing] = DRAWINGS) -> list[Drawing]:
    """Return the drawings that were not made from what is there now, or were changed since."""
    kept = json.loads(DIGESTS.read_text()) if DIGESTS.exists() else {}
    return [drawing for drawing in drawings if any(kept.get(name) != now for name, now in drawing.digests().items())]


def redraw(drawings: Iterable[Drawing]) -> None:
    """Draw, and keep what was drawn from what. Raises UserError where data are missing."""
    kept = json.loads(DIGESTS.read_text()) if DIGESTS.exists() else {}
    for drawing in drawings:
        drawing.draw()
        kept |= drawing.digests()
        known = {name for each in DRAWINGS for name in each.pictures}
        DIGESTS.write_text(json.dumps({name: kept[name] for name in sorted(kept) if name in known}, indent=1) + "\n")
