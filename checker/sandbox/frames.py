"""How answers travel: each is a frame of two lengths, a JSON text and bytes. Reading one trusts nothing in it."""

import json
import math
import os
import struct
import unicodedata
from dataclasses import dataclass

HEADER = struct.Struct(">IQ")
DEPTH = 64
MOST_DIGITS = 20  # No integer that a network is described by is longer.
MOST_CHARACTERS = 400


class FrameError(Exception):
    """What came back is no answer; the text continues "the answer …"."""


@dataclass(frozen=True)
class Frame:
    """What one frame held."""

    value: object
    blob: bytes


def write_frame(pipe: int, text: bytes, blob: bytes = b"") -> None:
    """Write a frame of the JSON `text` and `blob` to a file descriptor."""
    for part in (HEADER.pack(len(text), len(blob)), text, blob):
        view = memoryview(part)
        while view:
            view = view[os.write(pipe, view) :]


class FrameReader:
    """Makes frames of bytes that come in pieces; holds no more than one frame of the sizes allowed and one piece."""

    def __init__(self, most_json: int, most_blob: int) -> None:
        self._most_json, self._most_blob = most_json, most_blob
        self._received = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take up the next bytes."""
        self._received += piece

    def take(self) -> Frame | None:
        """Return the next frame, or None where it is not complete. Raises FrameError."""
        if len(self._received) < HEADER.size:
            return None
        json_size, blob_size = HEADER.unpack_from(self._received)
        if json_size > self._most_json or blob_size > self._most_blob:
            raise FrameError("is too large")
        middle, end = HEADER.size + json_size, HEADER.size + json_size + blob_size
        if len(self._received) < end:
            return None
        text, blob = bytes(self._received[HEADER.size : middle]), bytes(self._received[middle:end])
        del self._received[:end]
        return Frame(strict_json(text), blob)


def strict_json(text: bytes) -> object:
    """Return the value of a JSON text: UTF-8, finite numbers, no key twice, at most DEPTH levels. Raises FrameError."""
    try:
        value = json.loads(
            text.decode("utf-8"),
            parse_constant=_refuse,
            parse_int=_integer,
            parse_float=_finite,
            object_pairs_hook=_without_duplicates,
        )
    except (ValueError, RecursionError) as error:
        raise FrameError("is no strict JSON") from error
    level = [value]
    for _ in range(DEPTH):
        level = [
            item
            for each in level
            if isinstance(each, dict | list)
            for item in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return value
    raise FrameError("is nested too deeply")


def clean(text: object, most: int = MOST_CHARACTERS) -> str:
    """Return a stranger's text as one line of visible characters, cut to `most`: nothing in it can steer a terminal."""
    text = text[: 4 * most] if isinstance(text, str) else ""
    # Every category C… is invisible: control, format (which turns the direction of writing), surrogates, private use.
    shown = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError("too long an integer")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("no finite number")
    return value


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key twice")
    return value
