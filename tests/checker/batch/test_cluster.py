"""A real Dask cluster of a scheduler and two worker processes, one of which is killed in the middle."""

import copyreg
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.batch import cluster
from checker.batch.entries import Entry
from checker.batch.setup import Setup
from checker.verdict import CannotCheckError
from tests.conftest import REPOSITORY

PRELOADED = 'from checker.batch import process\nprocess.PROGRAM = "tests.checker.batch.a_worker"\n'
COUNT = 24


@pytest.fixture(autouse=True)
def exceptions_as_they_were() -> Iterator[None]:
    """Dask lets all exceptions be pickled with their tracebacks, in this process for good."""
    before = dict(copyreg.dispatch_table)
    yield
    copyreg.dispatch_table.clear()
    copyreg.dispatch_table.update(before)


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """The scheduler's address, and the processes of two workers."""
    file, preload = tmp_path / "scheduler.json", tmp_path / "stand_in.py"
    preload.write_text(PRELOADED)
    scheduler = start("scheduler", "--port", "0", "--dashboard-address", ":0", "--scheduler-file", str(file))
    common = ["--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", "--dashboard-address", ":0"]
    started = [start("worker", *common, "--preload", str(preload)) for _ in range(2)]
    end = time.monotonic() + 180
    while not file.exists() or not file.read_text():
        assert time.monotonic() < end and scheduler.poll() is None, "the scheduler did not start"
        time.sleep(0.1)
    from dask import distributed

    with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=180)
        address = client.scheduler.address
    yield address, started
    for process in (*started, scheduler):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_every_submission_has_one_outcome_though_a_worker_is_killed(
    setup: Setup, tmp_path: Path, workers: tuple[str, list[subprocess.Popen]]
) -> None:
    address, (killed, other) = workers
    entries = [Entry(f"slow-{number}", tmp_path / f"slow-{number}", str(number)) for number in range(COUNT)]
    found = []
    for entry, outcome in cluster.outcomes(entries, setup, address):
        found.append(entry.name)
        assert outcome["result"]["problem"] == "It stands in."
        if len(found) == COUNT // 4:
            os.killpg(killed.pid, signal.SIGKILL)
    assert sorted(found) == sorted(entry.name for entry in entries)
    assert killed.wait() == -signal.SIGKILL and other.poll() is None


def test_a_scheduler_that_is_not_there_is_one_sentence(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_SECONDS_TO_CONNECT", 1)
    with pytest.raises(CannotCheckError, match=r"There is no Dask scheduler at tcp://127\.0\.0\.1:1 "):
        next(cluster.outcomes([Entry("a", Path("a"), "a")], setup, "tcp://127.0.0.1:1"))
