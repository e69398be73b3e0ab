"""What counts as a submission, and a digest that changes with its content and with nothing else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from checker.batch import entries
from checker.batch.entries import content_digest, submissions
from checker.verdict import CannotCheckError


def test_folders_zip_files_and_notebooks_are_submissions(tmp_path: Path) -> None:
    for name in ("b", ".hidden", "__MACOSX"):
        (tmp_path / name).mkdir()
    for name in ("a.zip", "c.IPYNB", "notes.txt", ".a.zip"):
        (tmp_path / name).write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "b")
    found, left_out = submissions(tmp_path)
    assert [path.name for path in found] == ["a.zip", "b", "c.IPYNB"] and left_out == ["link", "notes.txt"]


def test_a_folder_without_any_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="holds no submission"):
        submissions(tmp_path)
    with pytest.raises(CannotCheckError, match="can't be read as a folder"):
        submissions(tmp_path / "missing")


def _folder(path: Path) -> Path:
    (path / "runs").mkdir(parents=True)
    (path / "model.py").write_text("x = 1")
    (path / "runs" / "link").symlink_to("/etc")
    os.mkfifo(path / "pipe")
    return path


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    one, other = _folder(tmp_path / "one"), _folder(tmp_path / "other")
    os.utime(other / "model.py", (0, 0))
    assert content_digest(one) == content_digest(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "model.py").write_text("x = 2"),
        lambda folder: (folder / "model.py").rename(folder / "other.py"),
        lambda folder: (folder / "model.py").rename(folder / "runs" / "model.py"),
        lambda folder: (folder / "new").mkdir(),
        lambda folder: (folder / ".hidden.py").write_text("x"),
        lambda folder: ((folder / "__pycache__").mkdir(), (folder / "__pycache__/model.pyc").write_text("x")),
        lambda folder: os.link(folder / "model.py", folder.parent / "elsewhere"),
        lambda folder: (folder / "pipe").unlink(),
        lambda folder: ((folder / "runs/link").unlink(), (folder / "runs/link").symlink_to("/usr")),
    ],
)
def test_every_change_changes_the_digest(tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder = _folder(tmp_path / "one")
    before = content_digest(folder)
    change(folder)
    assert content_digest(folder) != before


def test_what_nobody_would_read_whole_is_not_known_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(10**12)
    (tmp_path / "many").mkdir()
    for number in range(5):
        (tmp_path / "many" / str(number)).touch()
    assert content_digest(tmp_path / "many") is not None
    monkeypatch.setattr(entries, "MOST_FILES", 4)
    monkeypatch.setattr(os, "open", lambda *given: pytest.fail("it was read"))
    assert content_digest(tmp_path / "large") is content_digest(tmp_path / "many") is None


def test_one_submission_is_no_class(tmp_path: Path) -> None:
    _folder(tmp_path / "one")
    with pytest.raises(CannotCheckError, match="is one submission"):
        submissions(tmp_path / "one")
