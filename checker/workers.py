"""Worker processes that measure: one for each core, with one thread, so that runs and epochs keep all cores busy."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor

import torch
from torch import Tensor

from checker.measure import Images

_images: Images | None = None


class Workers:
    """Processes that share the pixels of the test images, and know nothing else of them: they are forked before labels are read."""

    def __init__(self, count: int, shape: tuple[int, int, int], processes: int | None = None) -> None:
        """count: at most so many images C×H×W; processes: as many as there are cores, where none are named."""
        self._pixels = torch.zeros(count, *shape, dtype=torch.uint8).share_memory_()
        self._count = multiprocessing.get_context("fork").Value("q", 0, lock=False)
        wanted = processes or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else processes or os.cpu_count() or 1
        self._pool = ProcessPoolExecutor(wanted, multiprocessing.get_context("fork"), _begin, (self._pixels, self._count))
        self._pool.submit(os.getpid).result()  # Now they are there.

    def show(self, pixels: Tensor) -> None:
        """Let the workers see the test images: uint8 N×C×H×W."""
        self._pixels[:len(pixels)].copy_(pixels)
        self._count.value = len(pixels)

    def submit(self, measurement: Callable, *arguments: object) -> Future:
        """Start `measurement(images, *arguments)` in a worker; what it returns, or raises, is what the future holds."""
        return self._pool.submit(_measured, measurement, *arguments)

    def close(self) -> None:
        """End the workers, and what they are doing."""
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
            process.join()

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def _begin(pixels: Tensor, count: object) -> None:
    global _images
    torch.set_num_threads(1)
    _images = _Shared(pixels, count)


class _Shared(Images):
    """The images that are shown, as many as there are by then."""

    def __init__(self, pixels: Tensor, count: object) -> None:
        self._all, self._count = pixels, count

    @property
    def pixels(self) -> Tensor:
        return self._all[:self._count.value]


def _measured(measurement: Callable, *arguments: object) -> object:
    return measurement(_images, *arguments)
