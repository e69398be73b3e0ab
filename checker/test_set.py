"""The test set as the checker uses it: pixels for the workers, labels for the score, and both verified before anything
is judged."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cached_property

from torch import Tensor

from checker.score import Labels
from checker.workers import Measured, Workers
from common.data import Dataset, Images, load_images, verify


class TestSet:
    """The test images of a data set, loaded when a measurement first needs them."""

    __test__ = False  # pytest takes it for a test.

    def __init__(self, dataset: Dataset, folder: str | None, workers: Workers) -> None:
        self._dataset, self._folder, self._workers = dataset, folder, workers
        self._lock = threading.Lock()
        self._loaded: Images | None = None

    @property
    def channels(self) -> int:
        return self._dataset.shape[0]

    @cached_property
    def labels(self) -> Labels:
        """Their labels. Raises DataError."""
        return Labels(self._images().labels)

    @property
    def pixels(self) -> Tensor:
        """Their pixels, uint8 N×C×H×W. Raises DataError."""
        return self._images().pixels

    @property
    def classes(self) -> tuple[str, ...]:
        """What the labels stand for, in order."""
        return self._dataset.classes

    def submit(self, measurement: Callable[..., Measured], *arguments: object) -> Future[Measured]:
        """Start a measurement of the test images in a worker; see checker.measure. Raises DataError."""
        self._images()
        return self._workers.submit(measurement, *arguments)

    def close(self) -> None:
        """End all measurements."""
        self._workers.close()

    def _images(self) -> Images:
        with self._lock:
            if self._loaded is None:
                images = load_images(self._dataset, "test", self._folder)
                verify(images, self._dataset, "test", self._folder)
                self._workers.show(images.pixels)
                self._loaded = images
            return self._loaded
