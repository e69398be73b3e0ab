"""How many threads train: as many as there are idle cores.

A step of a small network takes milliseconds, and each of its operations waits for its slowest thread. Where one thread
shares its core with another process, training is several times slower than with one thread fewer.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch

_SAMPLE_SECONDS = 0.3


@dataclass(frozen=True)
class Threads:
    """How many threads to train with, and, where that is fewer than there are cores, one line that says why."""

    count: int
    note: str | None = None


def choose_threads(cores: int, idle: float) -> Threads:
    """Return the number of threads for a machine of whose `cores` so many are `idle`."""
    count = min(cores, max(1, round(idle)))
    if count == cores:
        return Threads(count)
    return Threads(
        count,
        f"The machine is busy: training with {count} of {cores} threads (set OMP_NUM_THREADS to decide otherwise).",
    )


def use_idle_cores() -> str | None:
    """Set the number of threads that PyTorch computes with, unless $OMP_NUM_THREADS does; return what is to be said
    about it."""
    cores = torch.get_num_threads()
    if os.environ.get("OMP_NUM_THREADS") or cores == 1:
        return None
    chosen = choose_threads(cores, idle_cores())
    torch.set_num_threads(chosen.count)
    return chosen.note


def idle_cores(statistics: Path = Path("/proc/stat")) -> float:
    """Return how many of the machine's cores have nothing to do, measured for a moment; where that can't be measured,
    what the load average of the last minute leaves."""
    try:
        before, started = _idle_seconds(statistics), time.monotonic()
        time.sleep(_SAMPLE_SECONDS)
        return (_idle_seconds(statistics) - before) / (time.monotonic() - started)
    except (OSError, ValueError, IndexError):
        return (os.cpu_count() or 1) - os.getloadavg()[0]


def _idle_seconds(statistics: Path) -> float:
    # "cpu  user nice system idle iowait …", in ticks, of all cores together.
    idle, waiting = statistics.read_text().split("\n", 1)[0].split()[4:6]
    return (int(idle) + int(waiting)) / os.sysconf("SC_CLK_TCK")
