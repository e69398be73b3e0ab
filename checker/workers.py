"""Worker processes that measure: one for each core, with one thread, so that runs and epochs keep all cores busy.

What they run is arithmetic, but as much of it as a stranger likes. So each is kept by another process, its keeper,
which only waits: it ends what takes too long, and puts a new worker in the place of one that has died. Keepers are
forked before labels are read and before anything has used PyTorch, and what they fork knows as little. They end with
the checker, however that ends.
"""

import contextlib
import gc
import math
import mmap
import multiprocessing
import os
import pickle
import queue
import resource
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import torch
from torch import Tensor

from checker.measure import SECONDS, TooSlowError
from checker.sandbox.restrict import data_size
from checker.subject import Images

# Beside what a worker begins with; a ResNet-18 needs 2 for a batch. On a GPU, drivers reserve what they like.
MOST_MEMORY = 6 * 10**9
_PARENT_DEATH_SIGNAL = 1
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # As malloc.h numbers them.
_NEVER = 2**30
Measured = TypeVar("Measured")


class WorkerDiedError(Exception):
    """The process that measured has ended before it had an answer."""


class Workers:
    """Processes that share the pixels of the test images, and know nothing else of them: they are forked before labels
    are read."""

    def __init__(
        self,
        count: int,
        shape: tuple[int, int, int],
        processes: int | None = None,
        *,
        memory: int | None = MOST_MEMORY,
        seconds: float = SECONDS,
    ) -> None:
        """count: at most so many images C×H×W; processes: as many as there are cores, where none are named;
        memory: bytes that each of them may have, None where there is no limit; seconds: that a measurement may take"""
        size = (count, *shape)
        # Anonymous memory: PyTorch's own shared memory has a file, which the keepers close.
        self._pixels = torch.frombuffer(mmap.mmap(-1, max(math.prod(size), 1)), dtype=torch.uint8)[
            : math.prod(size)
        ].view(size)
        context = multiprocessing.get_context("fork")
        self._count = context.Value("q", 0, lock=False)
        wanted = processes or (
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        )
        self._idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._keepers = []
        for _ in range(wanted):
            here, there = context.Pipe()
            keeper = context.Process(
                target=_keep,
                args=(there, os.getpid(), _Shared(self._pixels, self._count), memory, seconds),
                daemon=True,
            )
            keeper.start()
            there.close()
            self._keepers.append((keeper, here))
            self._idle.put(here)
        self._threads = ThreadPoolExecutor(wanted)

    def show(self, pixels: Tensor) -> None:
        """Let the workers see the test images: uint8 N×C×H×W."""
        self._pixels[: len(pixels)].copy_(pixels)
        self._count.value = len(pixels)

    def submit(self, measurement: Callable[..., Measured], *arguments: object) -> Future[Measured]:
        """Start `measurement(images, *arguments)` in a worker; what it returns, or raises, is what the future holds.

        TooSlowError where it took too long, WorkerDiedError where it ended its process.
        """
        return self._threads.submit(self._measured, measurement, arguments)

    def close(self) -> None:
        """End the workers, and what they are doing."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for keeper, _ in self._keepers:
            keeper.terminate()
        for keeper, _ in self._keepers:
            keeper.join(5)
            keeper.kill()
            keeper.join()
        self._threads.shutdown()
        for _, pipe in self._keepers:
            pipe.close()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _measured(self, measurement: Callable[..., Measured], arguments: tuple[object, ...]) -> Measured:
        pipe = self._idle.get()
        try:
            pipe.send_bytes(pickle.dumps((measurement, arguments)))
            found, raised = pickle.loads(pipe.recv_bytes())
        except (OSError, EOFError):  # It was closed, or killed.
            raise WorkerDiedError from None
        finally:
            self._idle.put(pipe)
        if raised is not None:
            raise raised
        measured: Measured = found
        return measured


class _Shared(Images):
    """The images that are shown, as many as there are by then."""

    def __init__(self, pixels: Tensor, count: Any) -> None:
        self._all, self._count = pixels, count

    @property
    def pixels(self) -> Tensor:  # type: ignore[override]  # Nobody sets it.
        return self._all[: self._count.value]


def _keep(asked: Connection, parent: int, images: Images, memory: int | None, seconds: float) -> None:
    """Hand on what is asked to a worker and its answers back, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the checker, which then closes.
    _end_with(parent)
    gc.freeze()  # What the checker owns is not collected here, where its files are closed.
    _close_all_but(asked)
    worker: _Worker | None = None

    def stop(number: int, frame: object) -> None:
        if worker is not None:
            worker.kill()
        os._exit(0)  # An exception could be swallowed where a signal happens to arrive.

    signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            question = asked.recv_bytes()
            worker = worker or _Worker(asked, images, memory)
            try:
                asked.send_bytes(worker.answer(question, seconds))
            except (WorkerDiedError, TooSlowError) as error:
                worker.kill()
                worker = None
                asked.send_bytes(pickle.dumps((None, error)))
    except (EOFError, OSError):
        pass
    finally:
        if worker is not None:
            worker.kill()


class _Worker:
    """A process that measures, as its keeper sees it."""

    def __init__(self, asked: Connection, images: Images, memory: int | None) -> None:
        self._pipe, there = multiprocessing.Pipe()
        self._keeper = os.getpid()
        self._process = os.fork()
        if not self._process:
            try:
                asked.close()
                self._pipe.close()
                _work(there, self._keeper, images, memory)
            finally:
                os._exit(1)
        there.close()

    def answer(self, question: bytes, seconds: float) -> bytes:
        """Return the answer to a question. Raises WorkerDiedError, TooSlowError."""
        try:
            self._pipe.send_bytes(question)
            if not self._pipe.poll(seconds):
                raise TooSlowError(seconds)
            return self._pipe.recv_bytes()
        except (OSError, EOFError):
            raise WorkerDiedError from None

    def kill(self) -> None:
        """End it, as its keeper."""
        if os.getpid() != self._keeper:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._process, 0)
        self._pipe.close()


def _work(asked: Connection, keeper: int, images: Images, memory: int | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _end_with(keeper)
    _limit(memory)
    _keep_freed_memory()
    torch.set_num_threads(1)
    while True:
        measurement, arguments = pickle.loads(asked.recv_bytes())
        try:
            answer = pickle.dumps((measurement(images, *arguments), None))
        except Exception as error:
            answer = _raised(error)
        asked.send_bytes(answer)


def _raised(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)
    except Exception:  # Some can't travel.
        answer = pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}"[:500])))
    return answer


def _limit(memory: int | None) -> None:
    """Let this process have no more memory than it has and `memory`, and be the first to go where the machine has none
    left."""
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
        if memory is not None:
            most = data_size() + memory
            resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _keep_freed_memory() -> None:
    """Let what is freed be used again, where the C library is glibc: it hands large blocks back at once, and to get
    each layer's maps from the kernel anew takes up to a third of an evaluation."""
    if sys.platform == "linux":
        import ctypes

        mallopt = getattr(ctypes.CDLL(None), "mallopt", lambda option, value: 0)
        mallopt(_MMAP_THRESHOLD, _NEVER)
        mallopt(_TRIM_THRESHOLD, _NEVER)


def _end_with(parent: int) -> None:
    """Be killed when the parent ends, where the kernel does that; elsewhere its pipe closes."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _close_all_but(pipe: Connection) -> None:
    """Close every file that was inherited, above all the pipe by whose end the sandbox knows that the checker has
    ended."""
    os.closerange(3, pipe.fileno())
    os.closerange(pipe.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
