"""Reading a stranger's files: regular ones only, of bounded size, whole, and never through a link."""

import json
import os
import stat
from pathlib import Path

from checker.verdict import CannotCheckError

MB = 10**6


def read_regular(path: Path, most: int, help: str) -> bytes:
    """Return the content of a regular file of at most `most` bytes. Raises CannotCheckError, with `help` where it is
    missing."""
    name = shown(path.name)
    try:
        # Without O_NONBLOCK a pipe would be waited for; a link could lead anywhere.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise CannotCheckError(f"{name} is missing.", help) from None
    except (OSError, ValueError) as error:
        if os.path.islink(path):
            raise CannotCheckError(
                f"{name} is a link, and links are not followed.", "Put the file itself there."
            ) from error
        raise CannotCheckError(f"{name} can't be read ({getattr(error, 'strerror', error)}).", help) from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise CannotCheckError(f"{name} is no regular file.", "Put the file itself there.")
    with os.fdopen(descriptor, "rb") as file:
        if found.st_size > most:
            raise CannotCheckError(
                f"{name} holds {found.st_size / MB:,.0f} MB; at most {most / MB:,.0f} MB are read.", help
            )
        try:
            content = file.read(most + 1)  # It may have grown since.
        except OSError as error:
            raise CannotCheckError(f"{name} can't be read ({error.strerror}).", help) from error
    if len(content) > most:
        raise CannotCheckError(f"{name} grows while it is read.", help)
    return content


def read_text(path: Path, most: int, help: str) -> str:
    """Return a file's text, with or without a byte-order mark. Raises CannotCheckError."""
    try:
        return read_regular(path, most, help).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotCheckError(
            f"{shown(path.name)} can't be read ({error.reason} in line {error.object[: error.start].count(10) + 1}).",
            "Save it as UTF-8.",
        ) from error


def strict_json(text: str) -> object:
    """Return the value of a JSON text in which no object names a key twice. Raises ValueError or RecursionError."""
    return json.loads(text, object_pairs_hook=_once)


def shown(name: str, most: int = 100) -> str:
    """Return a text that can be printed: no control characters, which a terminal obeys, and no more than so many
    letters."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        twice = next(key for number, (key, _) in enumerate(pairs) if key in {other for other, _ in pairs[:number]})
        raise ValueError(f"{shown(twice)!r} stands there twice")
    return values
