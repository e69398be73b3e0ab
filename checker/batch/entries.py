"""What lies in a folder of submissions, and a digest of each, by which a later run knows what has changed."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from checker.intake.files import MB, shown
from checker.verdict import CannotCheckError

ARCHIVE, NOTEBOOK = ".zip", ".ipynb"
# What holds more, or more files, isn't known again by a later run.
MOST_READ, MOST_FILES = 1_000 * MB, 50_000


@dataclass(frozen=True)
class Entry:
    """A submission: a folder, a zip file or a notebook. `digest` is of its content, whatever it is called; None where
    there is too much of it."""

    name: str
    path: Path
    digest: str | None


def submissions(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the submissions in `folder` by name, and the names of what else lies there. Raises CannotCheckError."""
    try:
        found = sorted(os.scandir(os.path.abspath(folder)), key=lambda each: each.name)
    except OSError as error:
        raise CannotCheckError(
            f"{shown(str(folder))} can't be read as a folder ({error.strerror}).",
            "Name the folder that holds a folder, a zip file or a notebook for each student.",
        ) from error
    if {"model.py", "runs"} <= {each.name for each in found}:
        raise CannotCheckError(
            f"{shown(str(folder))} is one submission, with model.py and runs/.",
            "Name the folder in which it lies, or check it alone with --path.",
        )
    taken, left_out = [], []
    for each in found:
        if each.name.startswith(".") or each.name == "__MACOSX":
            continue
        is_one = each.is_dir(follow_symlinks=False) or (
            each.is_file(follow_symlinks=False) and os.path.splitext(each.name)[1].lower() in (ARCHIVE, NOTEBOOK)
        )
        if is_one:
            taken.append(Path(each.path))
        else:
            left_out.append(each.name)
    if not taken:
        raise CannotCheckError(
            f"{shown(str(folder))} holds no submission.",
            "Put a folder, a zip file or a notebook for each student there.",
        )
    return taken, left_out


def name_digest(name: str) -> str:
    """Return what tells a name from others that are shown or written alike."""
    return hashlib.sha256(os.fsencode(name)).hexdigest()[:8]


def content_digest(path: Path) -> str | None:
    """Return the SHA-256 of a file, or of everything below a folder by its name: hidden files too, which code can read;
    whether a file has another name, since such are no part of a submission; links as such, which nobody follows; and
    what can't be read as that. None where there is too much to read."""
    digest = hashlib.sha256()
    pending, seen, size = [(b"", os.fsencode(path))], 0, 0
    while pending:
        name, place = pending.pop()
        try:
            status = os.lstat(place)
            if stat.S_ISDIR(status.st_mode):
                pending += [(name + b"/" + each, os.path.join(place, each)) for each in sorted(os.listdir(place))]
                what = b"folder"
            elif stat.S_ISLNK(status.st_mode):
                what = b"link " + os.readlink(place)
            elif stat.S_ISREG(status.st_mode):
                size += status.st_size
                if size > MOST_READ:
                    return None
                what = (b"linked file " if status.st_nlink > 1 else b"file ") + _digest_of_file(place, status.st_size)
            else:
                what = b"other"
        except OSError:
            what = b"unreadable"
        digest.update(b"%d %b\0%d %b\0" % (len(name), name, len(what), what))
        seen += 1
        if seen + len(pending) > MOST_FILES:
            return None
    return digest.hexdigest()


def _digest_of_file(place: bytes, size: int) -> bytes:
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        digest = hashlib.sha256()
        while size >= 0 and (piece := file.read(min(size + 1, MB))):  # It may grow meanwhile, and is another one then.
            digest.update(piece)
            size -= len(piece)
    return digest.digest()
