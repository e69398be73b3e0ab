"""Submissions for the sandbox, and a look round afterwards: nothing changed, nothing left."""

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checker.sandbox.isolation import BUBBLEWRAP, PROCESS, choose_isolation
from checker.sandbox.run import MARKER, run, warm
from checker.sandbox.tasks import MB, Answer, Limits, Task
from checker.sandbox.zygote import Zygote

AUGMENTATION = Task("augmentation")
QUICK = Limits(seconds=30, memory=1000 * MB, scratch=20 * MB, printed=4 * MB)


FORKED = "forked"


@pytest.fixture(params=[BUBBLEWRAP, FORKED, PROCESS])
def start(request: pytest.FixtureRequest) -> str:
    """Each of the isolations, and the two ways to start bubblewrap's. Where that doesn't work its tests are skipped,
    but not in CI."""
    if request.param != PROCESS and choose_isolation() != BUBBLEWRAP:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("bubblewrap doesn't work here")
    return request.param


@pytest.fixture
def isolation(start: str) -> str:
    """The isolation that is started."""
    return PROCESS if start == PROCESS else BUBBLEWRAP


@pytest.fixture(scope="session")
def any_zygote() -> Iterator[Zygote]:
    """What bubblewrap's processes are forked from, for all tests."""
    zygote = warm(BUBBLEWRAP)
    yield zygote
    zygote.close()


@pytest.fixture
def zygote(start: str, request: pytest.FixtureRequest) -> Zygote | None:
    """What the process is forked from, if it is."""
    return request.getfixturevalue("any_zygote") if start == FORKED else None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty submission, beside which other files may lie."""
    (tmp_path / "submission").mkdir()
    return tmp_path / "submission"


@pytest.fixture
def ask(folder: Path, isolation: str, zygote: Zygote | None) -> Iterator[Callable[..., Answer]]:
    """A function that runs `code` as train.py and returns the answer to the augmentation task.

    The code can tell something by raising it: no test needs albumentations. Afterwards the folder is as it was, no
    process is left and no scratch folder.
    """
    places, running = set(_scratch_folders()), _running()

    def ask(code: str | bytes, **limits: object) -> Answer:
        (folder / "train.py").write_bytes(code.encode() if isinstance(code, str) else code)
        before = snapshot(folder.parent)
        limits = dataclasses.replace(QUICK, **limits)
        with run(folder, [AUGMENTATION], isolation=isolation, limits=limits, zygote=zygote) as answers:
            (answer,) = answers
        assert snapshot(folder.parent) == before
        return answer

    yield ask
    # Where the checker itself was killed, cleaning up takes a moment; and other tests may run beside this one.
    end = time.monotonic() + 60
    while (left := (set(_scratch_folders()) - places, _running() - running)) != (
        set(),
        set(),
    ) and time.monotonic() < end:
        time.sleep(0.02)
    assert left == (set(), set())


def snapshot(folder: Path) -> dict[str, tuple]:
    """Return what lies below `folder`: kind, permissions, size, and time of the last change of each file and folder."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        found[str(path)] = status.st_mode, status.st_size, status.st_mtime_ns, status.st_nlink
    return found


def _running() -> set[int]:
    """Return the processes that a sandbox started: with its mark, or unable to gain privileges.

    Even one that clears its environment can't get rid of that bit, and nothing else in these tests sets it.
    """
    return {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is_ours(pid)}


def _is_ours(pid: int) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return "\nState:\tZ" not in status and (MARKER.encode() + b"=" in environment or "NoNewPrivs:\t1" in status)


def _scratch_folders() -> list[str]:
    return [name for name in os.listdir(tempfile.gettempdir()) if name.startswith("checker-sandbox-")]
