"""Files are whole or absent, and nothing else is ever in their place."""

import os
from pathlib import Path

import pytest

from common.errors import FileError
from common.files import write_atomically


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    for content in ("one", b"two"):
        write_atomically(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == b"two" and os.listdir(tmp_path) == ["file"]


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="no regular file"):
        write_atomically(tmp_path / "pipe", "text")
    assert (tmp_path / "pipe").is_fifo() and os.listdir(tmp_path) == ["pipe"]


def test_a_name_that_is_too_long_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="could not be written"):
        write_atomically(tmp_path / ("a" * 254), "text")
