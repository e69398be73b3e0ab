"""What lies in a folder of submissions, and a digest of each, by which a later run knows what has changed."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from checker.intake.files import MB, shown
from checker.verdict import CannotCheckError

ARCHIVE, NOTEBOOK = ".zip", ".ipynb"
# What is larger is never read whole, and counts by its size and time.
MOST_READ = 300 * MB
MOST_FILES = 50_000


@dataclass(frozen=True)
class Entry:
    """A submission: a folder, a zip file or a notebook. `digest` is of its content, whatever it is called."""

    name: str
    path: Path
    digest: str


def submissions(folder: Path) -> tuple[list[Path], list[str]]:
    """Return the submissions in `folder` by name, and the names of what else lies there. Raises CannotCheckError."""
    try:
        found = sorted(os.scandir(os.path.abspath(folder)), key=lambda each: each.name)
    except OSError as error:
        raise CannotCheckError(
            f"{shown(str(folder))} can't be read as a folder ({error.strerror}).",
            "Name the folder that holds a folder, a zip file or a notebook for each student.",
        ) from error
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


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files below a folder by their names; links are not followed, and what
    can't be read counts as such."""
    digest = hashlib.sha256()
    pending, seen = [(b"", os.fsencode(path))], 0
    while pending and seen < MOST_FILES:
        name, place = pending.pop()
        seen += 1
        try:
            status = os.lstat(place)
            if stat.S_ISDIR(status.st_mode):
                entries = [each for each in os.listdir(place) if not each.startswith(b".") and each != b"__pycache__"]
                pending += [(name + b"/" + each, os.path.join(place, each)) for each in sorted(entries, reverse=True)]
                what = b"folder"
            elif stat.S_ISLNK(status.st_mode):
                what = b"link " + os.readlink(place)
            elif stat.S_ISREG(status.st_mode):
                what = _of_file(place, status)
            else:
                what = b"other"
        except OSError:
            what = b"unreadable"
        digest.update(b"%d %b\0%d %b\0" % (len(name), name, len(what), what))
    return digest.hexdigest()


def _of_file(place: bytes, status: os.stat_result) -> bytes:
    if status.st_size > MOST_READ:
        return b"large %d %d" % (status.st_size, status.st_mtime_ns)
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        digest, left = hashlib.sha256(), MOST_READ + 1  # It may grow meanwhile.
        while left > 0 and (piece := file.read(min(left, MB))):
            digest.update(piece)
            left -= len(piece)
    return b"file " + digest.digest()
