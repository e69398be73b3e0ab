"""The copy of a submission: files of the folder, and nothing else."""

import hashlib
import os
from pathlib import Path

import pytest

from checker.sandbox.submission_copy import copy_submission
from checker.sandbox.tasks import Limits
from tests.checker.sandbox.conftest import snapshot


def copied(folder: Path, wanted: tuple[str, ...] = (), **limits: int) -> tuple[set[str], dict[str, str]]:
    """Return the paths of the copied files, and why others were left out."""
    target = folder.parent / "copy"
    before = snapshot(folder)
    left_out, digests = copy_submission(folder, target, wanted, Limits(**limits))
    assert digests == {
        path: hashlib.sha256((target / path).read_bytes()).hexdigest() for path in wanted if (target / path).exists()
    }
    assert snapshot(folder) == before
    assert all(path.is_dir() or (path.is_file() and not path.is_symlink()) for path in target.rglob("*"))
    return {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()}, left_out


def test_code_and_small_files_are_copied_and_weights_where_they_are_wanted(folder: Path) -> None:
    for path in (
        "model.py",
        "blocks/conv.py",
        "runs/a/run.json",
        "runs/a/epoch-1.pt",
        "runs/a/epoch-2.pt",
        "runs/a/epoch-2.safetensors",
        ".git/config",
        ".venv/lib/x.py",
        "env/pyvenv.cfg",
        "env/lib.py",
        "__pycache__/model.cpython-311.pyc",
        "notes.txt",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    files, left_out = copied(folder, ("runs/a/epoch-2.pt",))
    assert (
        files == {"model.py", "blocks/conv.py", "runs/a/run.json", "runs/a/epoch-2.pt", "notes.txt"} and left_out == {}
    )


def test_links_pipes_and_devices_are_left_out_with_a_reason(folder: Path) -> None:
    secret = folder.parent / "secret.txt"
    secret.write_text("labels")
    (folder / "model.py").symlink_to("/dev/zero")
    (folder / "data").symlink_to(folder.parent)
    (folder / "dangling").symlink_to("nowhere")
    os.link(secret, folder / "hard.txt")
    os.mkfifo(folder / "pipe")
    (folder / "twice.py").write_text("x = 1")
    os.link(folder / "twice.py", folder / "again.py")
    files, left_out = copied(folder)
    assert files == {"twice.py", "again.py"}
    assert left_out == {
        "model.py": "is a symbolic link",
        "data": "is a symbolic link",
        "dangling": "is a symbolic link",
        "hard.txt": "is a hard link to a file elsewhere",
        "pipe": "is no regular file",
    }


def test_too_many_and_too_large_files_are_left_out_after_the_code(folder: Path) -> None:
    for number in range(50):
        (folder / f"image-{number:02d}.png").write_bytes(bytes(100))
    (folder / "video.mp4").write_bytes(bytes(10_000))
    (folder / "z").mkdir()
    (folder / "z" / "model.py").write_text("x = 1")
    files, left_out = copied(folder, files=10, copied=5000)
    assert "z/model.py" in files and len(files) == 10 and "video.mp4" in left_out


def test_a_sparse_terabyte_is_left_out(folder: Path) -> None:
    with open(folder / "epoch-1.pt", "wb") as file:
        file.truncate(10**12)
    assert copied(folder, ("epoch-1.pt",)) == (set(), {"epoch-1.pt": "is too large, or one file too many"})


@pytest.mark.parametrize("name", ["a\nb.py", "a\x1b[31m.py", "a b.py", "-rf.py", "ünïcode.py"])
def test_any_name_is_copied(folder: Path, name: str) -> None:
    (folder / name).write_text("x = 1")
    assert copied(folder)[0] == {name}


def test_a_name_in_latin_1_is_copied(folder: Path) -> None:
    with open(os.fsencode(folder) + b"/mod\xe8le.py", "w") as file:
        file.write("x = 1")
    assert copied(folder)[0] == {os.fsdecode(b"mod\xe8le.py")}


def test_folders_a_hundred_deep_end_somewhere(folder: Path) -> None:
    (folder / "/".join(["deep"] * 100)).mkdir(parents=True)
    (folder / "/".join(["deep"] * 100) / "x.py").write_text("x = 1")
    (folder / "model.py").write_text("x = 1")
    assert copied(folder)[0] == {"model.py"}
