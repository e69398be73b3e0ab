"""What submissions are checked with, be it one or a thousand: the sandbox that runs their code, and what measures them.
Imports nothing that takes time."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from checker.sandbox.run import Sandbox
from checker.sandbox.tasks import Limits

if TYPE_CHECKING:
    from checker.evidence import Evidence
    from checker.sandbox.zygote import Zygote
    from checker.test_set import TestSet


class Means:
    """A sandbox, and for each data set its test images with the processes that measure on them, started when they are
    first needed. A context manager that ends them."""

    def __init__(
        self,
        *,
        device: str = "cpu",
        data_dir: str | None = None,
        isolation: str = "auto",
        limits: Limits | None = None,
        zygote: "Zygote | None" = None,
        processes: int | None = None,
        observe: "Callable[[Evidence], None] | None" = None,
    ) -> None:
        """device: where networks are measured
        data_dir: the data sets, hidden from the sandbox; None for $DATA_DIR, else data/
        isolation, limits, zygote: see checker.sandbox.run
        processes: that measure; as many as there are cores, where None is given
        observe: hears of each run whose rules have been judged, in any thread
        """
        self.device, self.observe = device, observe
        hidden = (Path(data_dir),) if data_dir else ()
        self.sandbox = Sandbox(isolation, hidden, limits or Limits(), zygote)
        self._data_dir, self._processes = data_dir, processes
        self._tests: dict[str, TestSet] = {}

    def tests(self, dataset: str) -> "TestSet":
        """Return the test images of a data set. Raises DataError when they are first needed and not there."""
        if dataset not in self._tests:
            from checker.test_set import TestSet
            from checker.workers import MOST_MEMORY, Workers
            from common.data import DATASETS

            found, on_cpu = DATASETS[dataset], self.device == "cpu"
            workers = Workers(
                found.sizes["test"],
                found.shape,
                self._processes if on_cpu else 1,
                memory=MOST_MEMORY if on_cpu else None,
            )
            self._tests[dataset] = TestSet(found, self._data_dir, workers)
        return self._tests[dataset]

    def close(self) -> None:
        """End what measures. May be called again."""
        while self._tests:
            self._tests.popitem()[1].close()

    def __enter__(self) -> "Means":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
