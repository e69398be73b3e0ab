"""The standard streams, and files named with --output: a report goes out whole, or one sentence says why not."""

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from checker.intake.files import shown
from checker.verdict import CannotCheckError

if TYPE_CHECKING:
    from rich.console import Console


def open_what_is_closed() -> bool:
    """Open /dev/null for the standard files that are closed, so that no other file takes their place; return whether
    stdout is."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # The lowest number that is free.
    closed = sys.stdout is None
    sys.stdout = sys.stdout or open(os.devnull, "w")
    sys.stderr = sys.stderr or open(os.devnull, "w")
    return closed


def refuse_output(path: Path) -> None:
    """Raise CannotCheckError where no report can be written to `path`. A pipe or device would be replaced by a file."""
    if not os.path.isdir(path.parent):
        raise CannotCheckError(f"There is no folder {path.parent} for the report.", "Create it first.")
    if os.path.isdir(path):
        raise CannotCheckError(f"{path} is a folder.", "Name a file for --output.")
    if os.path.exists(path) and not os.path.isfile(path):
        raise CannotCheckError(
            f"{path} is no regular file.", "Name one for --output, or leave it out and redirect what is printed."
        )


def write_out(text: str, *, whole: bool = True) -> None:
    """Write `text` to stdout. Raises CannotCheckError where it can't be written, since a verdict that nobody got is
    none.

    whole: False where a reader may have read enough before its end, as `head` does
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _forget(sys.stdout)
        if not whole and isinstance(error, BrokenPipeError):
            return
        raise CannotCheckError(
            f"The report could not be written ({error.strerror}).",
            "Free some space, let what reads it read to its end, or name a file with --output.",
        ) from error


def failed(sentence: str) -> int:
    """Say why nothing was judged, and return the exit code."""
    try:
        print(shown(sentence, 1000), file=sys.stderr, flush=True)
    except OSError:
        _forget(sys.stderr)
    return 2


def console_into(file: TextIO, plain_width: int | None = None) -> "Console":
    """Return a console that writes into `file` what stdout would show; where that is no terminal, without colors, and
    `plain_width` columns wide."""
    from rich.console import Console

    screen = Console()
    colors: Any = screen.color_system  # One of those that Console takes.
    width = screen.width if screen.is_terminal else plain_width or screen.width
    return Console(file=file, width=width, force_terminal=screen.is_terminal, color_system=colors, highlight=False)


def _forget(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere: Python would try again at its end, and complain."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
