"""A scratch folder is removed whatever is in it."""

import os
from pathlib import Path

from checker.sandbox.scratch import remove, used


def test_folders_thousands_deep_are_removed(tmp_path: Path) -> None:
    top = tmp_path / "scratch"
    top.mkdir()
    place = os.open(top, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("a long name for a folder", dir_fd=place)
        below = os.open("a long name for a folder", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)
    remove(str(top))
    assert not top.exists()


def test_links_are_removed_and_what_they_point_at_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    top = tmp_path / "scratch"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "link").symlink_to(tmp_path / "kept")
    (top / "a" / "b" / "file").write_text("x")
    (top / "a" / "b").chmod(0)
    remove(str(top))
    assert not top.exists() and (tmp_path / "kept" / "file").exists()


def test_what_is_used_is_measured(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(os.urandom(100_000))
    assert 100_000 <= used(str(tmp_path)) < 120_000
