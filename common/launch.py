"""Processes that train one network together, started and ended as one: `train.py --processes N`.

torchrun does this too, on several machines if need be; where one of its processes is killed it ends in a traceback.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

_POLL_SECONDS = 0.1
# What processes have to end by themselves once another has ended, or after Ctrl-C.
_GRACE_SECONDS = 10.0


def is_launched() -> bool:
    """Return whether this process is one of several already, whoever started it."""
    return "RANK" in os.environ


def launch(count: int, resume: str) -> int:
    """Run this program's command in `count` processes that train together, and return an exit code: theirs, 130 after
    Ctrl-C, or 1 where one was killed, which is told in a line that says how to go on: `resume`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // count)),
    }
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    started: list[subprocess.Popen[bytes]] = []
    try:
        for place in map(str, range(count)):
            environment = os.environ | shared | {"RANK": place, "LOCAL_RANK": place}
            started.append(subprocess.Popen([sys.executable, *sys.orig_argv[1:]], env=environment))
        while any(each.poll() is None for each in started) and not any(each.returncode for each in started):
            time.sleep(_POLL_SECONDS)
        _let_end(started)
    except KeyboardInterrupt:  # They got it too, and the first of them says how to go on.
        with contextlib.suppress(KeyboardInterrupt):
            _let_end(started)
        return 130
    finally:
        killed = [each for each in started if each.poll() is None]
        for each in killed:
            each.kill()
            each.wait()
    for place, each in enumerate(started):
        if each.returncode < 0 and each not in killed:
            print(
                f"Process {place + 1} of {count} was ended by {signal.Signals(-each.returncode).name}; go on from the "
                f"last whole epoch with: {resume}",
                file=sys.stderr,
            )
            return 1
    return max(each.returncode for each in started)


def _let_end(started: list[subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + _GRACE_SECONDS
    while any(each.poll() is None for each in started) and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
