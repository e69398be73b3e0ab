"""Answers are read with distrust."""

import os

import pytest

from checker.sandbox.frames import HEADER, FrameError, FrameReader, clean, strict_json, write_frame


def test_frames_come_in_any_pieces() -> None:
    receive, send = os.pipe()
    write_frame(send, b'{"a": 1}', b"blob")
    write_frame(send, b"[]")
    os.close(send)
    with open(receive, "rb") as pipe:
        received = pipe.read()
    reader, found = FrameReader(100, 100), []
    for byte in received:
        reader.feed(bytes([byte]))
        while (frame := reader.take()) is not None:
            found.append((frame.value, frame.blob))
    assert found == [({"a": 1}, b"blob"), ([], b"")]


@pytest.mark.parametrize("sizes", [(101, 0), (0, 101), (2**32 - 1, 2**64 - 1)])
def test_a_frame_that_announces_too_much_is_refused_at_once(sizes: tuple[int, int]) -> None:
    reader = FrameReader(100, 100)
    reader.feed(HEADER.pack(*sizes))
    with pytest.raises(FrameError, match="too large"):
        reader.take()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"NaN",
        b"Infinity",
        b"1e999",
        b"-1e999",
        b'{"a": 1, "a": 2}',
        b"1" * 21,
        b"\xff",
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"1 2",
        b"'a'",
        b'"\\ud8"',
    ],
)
def test_what_is_no_strict_json_is_refused(text: bytes) -> None:
    with pytest.raises(FrameError):
        strict_json(text)


def test_strict_json_is_read() -> None:
    assert strict_json(b'{"a": [1, -2.5, true, null, "\\u00e9"], "b": {}}') == {
        "a": [1, -2.5, True, None, "é"],
        "b": {},
    }


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb\tc", "a b c"),
        ("\x1b[31mred", "[31mred"),
        ("\u202eevil", "evil"),
        ("x" * 20, "xxxxxxxxx…"),
        (7, ""),
        ("\ud800", ""),
        ("a\u2028b", "a b"),
    ],
)
def test_a_stranger_s_text_is_one_visible_line(text: object, shown: str) -> None:
    assert clean(text, 10) == shown
