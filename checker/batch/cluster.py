"""Checks submissions on a Dask cluster, which only carries "check this one": what a task finds out twice is kept once.

Every machine has the checker, the test images, and the submissions at the same path.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from checker.batch.entries import Entry
from checker.batch.process import Worker
from checker.batch.setup import Setup
from checker.verdict import CannotCheckError

_HERE = threading.local()
_SECONDS_TO_CONNECT = 30


def outcomes(pending: Sequence[Entry], setup: Setup, scheduler: str) -> Iterator[tuple[Entry, dict[str, Any]]]:
    """Yield each submission with its outcome as soon as it is known; see checker.batch.process. Raises
    CannotCheckError."""
    try:
        from dask import distributed
    except ImportError:
        raise CannotCheckError(
            "--scheduler needs the package distributed.", "Install it: pip install 'deep-vision-sessions[dask]'."
        ) from None
    try:
        client = distributed.Client(scheduler, timeout=_SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise CannotCheckError(
            f"There is no Dask scheduler at {scheduler} ({str(error)[:200]}).", "Start one: dask scheduler."
        ) from error
    with client:
        # Tasks have no key of their own content: an outcome is no value that Dask may keep.
        asked = {client.submit(_outcome, setup, str(each.path.resolve()), pure=False): each for each in pending}
        for task in distributed.as_completed(list(asked)):
            if task.status == "finished":
                yield asked[task], task.result()
            else:  # Dask tells neither a crash from a lack of memory, nor whose it was.
                yield asked[task], {"fault": f"{type(task.exception()).__name__} on the cluster", "seconds": 0.0}
            task.release()


def _outcome(setup: Setup, path: str) -> dict[str, Any]:
    """Check one submission in the warm process that belongs to this thread of a Dask worker, which it may take down
    with itself without harm."""
    known = getattr(_HERE, "worker", None)
    if known is None or known[0] != setup:
        if known is not None:
            known[1].close()
        _HERE.worker = known = setup, Worker(setup)
    worker: Worker = known[1]
    return worker.outcome(Path(path))
