"""Ctrl-C while a program still imports, which takes seconds: one line and exit code 130, instead of a traceback.

Import it first, in programs alone; their main() calls `may_raise` once it catches KeyboardInterrupt.
"""

import os
import signal
from types import FrameType


def _end(number: int, frame: FrameType | None) -> None:
    # Of several processes that torchrun started one speaks for all.
    if os.environ.get("RANK", "0") == "0":
        os.write(2, b"\nInterrupted before anything was written.\n")
    os._exit(130)  # An exception in the middle of an import may become another one.


def end_at_once() -> None:
    """End this process at Ctrl-C, until `may_raise`; one that ignores it, as in the background, still does."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def may_raise() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)
