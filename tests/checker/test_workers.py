"""Workers: what a measurement can do to its process, it does to no other, and nothing outlives the checker."""

import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from checker.measure import TooSlowError
from checker.subject import Images
from checker.verdict import CannotCheckError
from checker.workers import WorkerDiedError, Workers

pytestmark = pytest.mark.for_real


@pytest.fixture
def workers() -> Iterator[Workers]:
    with Workers(4, (1, 2, 2), 1, memory=10**9, seconds=1.0) as workers:
        yield workers


def total(images: Images) -> int:
    return int(images.pixels.sum())


def pid(images: Images) -> tuple[int, int]:
    return os.getpid(), os.getppid()


def collect_garbage(images: Images) -> None:
    gc.collect()


def crash(images: Images) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def sleep(images: Images, seconds: float) -> None:
    time.sleep(seconds)


def fill_memory(images: Images) -> None:
    torch.ones(2 * 10**9, dtype=torch.uint8)


def refuse(images: Images) -> None:
    raise CannotCheckError("It is out of order.", "Mend it.")


class Unspeakable(Exception):
    def __init__(self, one: object, another: object) -> None:
        super().__init__("unspeakable")


def fail(images: Images) -> None:
    raise Unspeakable(1, lambda: None)


def test_what_is_shown_is_seen(workers: Workers) -> None:
    assert workers.submit(total).result() == 0
    workers.show(torch.full((3, 1, 2, 2), 2, dtype=torch.uint8))
    assert workers.submit(total).result() == 24


@pytest.mark.parametrize(
    ("measurement", "arguments", "error"),
    [
        (crash, (), WorkerDiedError),
        (sleep, (60,), TooSlowError),
        (fill_memory, (), RuntimeError),
        (fail, (), RuntimeError),
        (refuse, (), CannotCheckError),
    ],
)
def test_an_end_is_told_and_the_next_measurement_is_made(
    workers: Workers, measurement: object, arguments: tuple, error: type
) -> None:
    ended, after = workers.submit(measurement, *arguments), workers.submit(total)
    with pytest.raises(error):
        ended.result(timeout=20)
    assert after.result(timeout=20) == 0


def test_closing_ends_what_is_measured() -> None:
    began = time.monotonic()
    with Workers(4, (1, 2, 2), 1) as workers:
        processes = workers.submit(pid).result()
        running, waiting = workers.submit(sleep, 60), workers.submit(total)
        while not running.running():
            time.sleep(0.01)
    assert time.monotonic() - began < 50  # It would take 60.
    assert isinstance(running.exception(), WorkerDiedError) and (waiting.cancelled() or waiting.exception() is not None)
    assert_ended(processes)


def test_the_checker_s_death_ends_them() -> None:
    here, there = multiprocessing.Pipe()
    child = os.fork()
    if child == 0:
        workers = Workers(4, (1, 2, 2), 2)
        there.send([workers.submit(pid).result() for _ in range(2)])
        workers.submit(sleep, 60)
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    for processes in here.recv():
        assert_ended(processes)


def test_they_hold_no_file_of_the_checker() -> None:
    """The sandbox is ended when the checker's end of a pipe closes: nobody else may have it."""
    read, write = os.pipe()
    with Workers(4, (1, 2, 2), 2) as workers:
        workers.submit(total).result()
        os.close(write)
        os.set_blocking(read, False)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                assert os.read(read, 1) == b""
                break
            except BlockingIOError:  # The second is still on its way.
                time.sleep(0.01)
        else:
            pytest.fail("somebody has the pipe")
    os.close(read)


def test_the_checker_s_garbage_is_not_collected_in_a_worker() -> None:
    """A tensor in shared memory would end the process, since its file was closed."""
    gc.disable()
    garbage: list = [torch.ones(4).share_memory_()]
    garbage.append(garbage)
    del garbage
    try:
        with Workers(4, (1, 2, 2), 1) as workers:
            workers.submit(collect_garbage).result()
    finally:
        gc.enable()


def assert_ended(processes: tuple[int, ...]) -> None:
    end = time.monotonic() + 60
    while left := [process for process in processes if _runs(process)]:
        assert time.monotonic() < end, left
        time.sleep(0.01)


def _runs(process: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_closing_while_a_worker_begins() -> None:
    for wait in range(10):
        began = time.monotonic()
        with Workers(4, (1, 2, 2), 2, seconds=0.02) as workers:
            for _ in range(4):  # Each ends its process, and another one begins.
                workers.submit(sleep, 60)
            time.sleep(0.01 * wait)
        assert time.monotonic() - began < 50  # Each would take 60.
