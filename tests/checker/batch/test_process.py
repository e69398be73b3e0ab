"""A worker that dies or never answers costs one submission, and never the class."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from checker.batch import local, process
from checker.batch.entries import Entry
from checker.batch.process import Worker, problem_of
from checker.batch.setup import Setup


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PROGRAM", "tests.checker.batch.a_worker")


@pytest.fixture
def worker(setup: Setup) -> Iterator[Worker]:
    worker = Worker(setup)
    yield worker
    worker.close()


def tries(path: Path) -> int:
    return len(path.with_suffix(".tried").read_text())


def test_a_worker_is_kept_from_one_submission_to_the_next(worker: Worker, tmp_path: Path) -> None:
    first = worker.outcome(tmp_path / "a")
    process = worker._process
    assert first["result"]["problem"] == "It stands in." and first["seconds"] > 0
    assert worker.outcome(tmp_path / "b")["result"] == first["result"] and worker._process is process


def test_a_death_is_tried_once_more(worker: Worker, tmp_path: Path) -> None:
    assert (
        worker.outcome(tmp_path / "dies-once").keys() == {"result", "details", "seconds"}
        and tries(tmp_path / "dies-once") == 2
    )


@pytest.mark.parametrize(("name", "said"), [("dies", "no memory left"), ("faulty", "a defect")])
def test_what_fails_twice_is_the_checker_s_fault(worker: Worker, tmp_path: Path, name: str, said: str) -> None:
    outcome = worker.outcome(tmp_path / name)
    assert outcome["fault"] == said and "result" not in outcome and tries(tmp_path / name) == 2
    assert f"({said}): that is the checker's fault" in problem_of(outcome)
    assert "result" in worker.outcome(tmp_path / "next")


def test_what_takes_too_long_is_the_submission_s_own_verdict(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_SECONDS_TO_START", 2)
    monkeypatch.setattr(process, "_SECONDS_TO_END", 0.1)
    worker = Worker(replace(setup, checking=0.5))
    outcome = worker.outcome(tmp_path / "sleeps")
    assert outcome["late"] == 0.5 and "fault" not in outcome and tries(tmp_path / "sleeps") == 1
    assert "took longer than 0.5 seconds" in problem_of(outcome)
    worker.close()


def test_every_submission_has_one_outcome(setup: Setup, tmp_path: Path) -> None:
    names = ["a", "dies", "b", "dies-once", "c", "faulty", "d"]
    found = list(local.outcomes([Entry(name, tmp_path / name, name) for name in names], setup, jobs=2))
    assert sorted(entry.name for entry, _ in found) == sorted(names)
    assert {entry.name for entry, outcome in found if "fault" in outcome} == {"dies", "faulty"}


def test_who_stops_asking_ends_the_workers(setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_SECONDS_TO_END", 0.1)
    started = []
    begin = Worker._started
    monkeypatch.setattr(Worker, "_started", lambda self: started.append(begin(self)) or started[-1])
    asking = local.outcomes([Entry(name, tmp_path / name, name) for name in ("a", "sleeps")], setup, jobs=2)
    assert next(asking)[0].name == "a"
    asking.close()
    assert started and all(each.poll() is not None for each in started)
