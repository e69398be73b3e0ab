"""As many threads as there are idle cores, where nobody says how many."""

import os
from pathlib import Path

import pytest
import torch

from common import threads
from common.threads import choose_threads, idle_cores, use_idle_cores


@pytest.mark.parametrize(
    ("cores", "idle", "count"),
    [
        (2, 1.97, 2),  # nothing else runs
        (2, 1.55, 2),  # a browser
        (2, 1.02, 1),  # another training with one thread
        (2, 0.0, 1),  # more processes than cores
        (2, -6.5, 1),  # the same by the load average
        (8, 2.9, 3),
        (2, 15.8, 2),  # two cores of a machine with sixteen
    ],
)
def test_idle_cores_decide(cores: int, idle: float, count: int) -> None:
    chosen = choose_threads(cores, idle)
    assert chosen.count == count and (chosen.note is None) == (count == cores)


def test_a_busy_machine_is_one_line() -> None:
    assert choose_threads(2, 0.9).note == (
        "The machine is busy: training with 1 of 2 threads (set OMP_NUM_THREADS to decide otherwise)."
    )


@pytest.fixture
def two_threads() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_a_number_that_is_given_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "idle_cores", lambda: 0.0)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert use_idle_cores() is None and torch.get_num_threads() == 2
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert "busy" in use_idle_cores() and torch.get_num_threads() == 1


def test_idle_cores_are_read_from_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    statistics, clock = tmp_path / "stat", iter([100.0, 102.0])
    statistics.write_text(f"cpu  1 2 3 {10 * ticks} {5 * ticks} 0 0 0 0 0\ncpu0 1 2 3 4\n")

    def three_seconds_of_idling(seconds: float) -> None:
        statistics.write_text(f"cpu  9 9 9 {12 * ticks} {6 * ticks} 0 0 0 0 0\ncpu0 1 2 3 4\n")

    monkeypatch.setattr(threads.time, "sleep", three_seconds_of_idling)
    monkeypatch.setattr(threads.time, "monotonic", lambda: next(clock))
    assert idle_cores(statistics) == 1.5


def test_without_the_kernels_figures_the_load_average_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (1.25, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert idle_cores(tmp_path / "none") == 2.75
