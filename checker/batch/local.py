"""Checks submissions on this machine: a thread for each worker process, which hands it one after another."""

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from checker.batch.entries import Entry
from checker.batch.process import Worker
from checker.batch.setup import Setup


def outcomes(pending: Sequence[Entry], setup: Setup, jobs: int) -> Iterator[tuple[Entry, dict[str, Any]]]:
    """Yield each submission with its outcome as soon as it is known; see checker.batch.process. When nobody asks any
    more, all workers end."""
    waiting: queue.SimpleQueue[Entry] = queue.SimpleQueue()
    for entry in pending:
        waiting.put(entry)
    found: queue.SimpleQueue[tuple[Entry, dict[str, Any] | BaseException]] = queue.SimpleQueue()
    workers = [Worker(setup) for _ in range(min(jobs, len(pending)))]
    ended = threading.Event()

    def work(worker: Worker) -> None:
        while not ended.is_set():
            try:
                entry = waiting.get_nowait()
            except queue.Empty:
                break
            try:
                found.put((entry, worker.outcome(entry.path)))
            except BaseException as error:
                found.put((entry, error))
        worker.close()

    threads = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        for _ in pending:
            entry, outcome = found.get()
            if isinstance(outcome, BaseException):
                raise outcome
            yield entry, outcome
    finally:
        ended.set()
        for worker in workers:
            worker.close()
        for thread in threads:
            thread.join()
