"""A copy of a stranger's folder that holds nothing but files: the only thing of it that the sandbox ever sees."""

import hashlib
import itertools
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from checker.sandbox.tasks import Limits

MOST_SEEN = 50_000
MOST_DEEP = 16
_WEIGHTS = (".pt", ".pth", ".ckpt", ".safetensors", ".bin", ".pkl")


@dataclass(frozen=True)
class _Found:
    """A directory entry: its path below the folder, and what lstat said."""

    path: str
    status: os.stat_result


def copy_submission(
    folder: Path, target: Path, wanted: Collection[str], limits: Limits
) -> tuple[dict[str, str], dict[str, str]]:
    """Copy the regular files of `folder` to `target`, which is made; return why a file was left out, by its path, and
    the SHA-256 of those wanted, as they were copied.

    wanted: paths of weight files to copy; others below runs/, hidden folders, virtual environments and byte code are no
            part of it.
    Links are left out, so that nothing outside the folder is read: symbolic ones, and hard ones to a file that has a
    name elsewhere. Where the folder is larger than `limits` allow, Python files come first, and then what lies least
    deep. Raises OSError where `folder` can't be read.
    """
    target.mkdir()
    left_out: dict[str, str] = {}
    digests: dict[str, str] = {}
    found = list(_walk(folder, left_out))
    names: dict[tuple[int, int], int] = {}
    for each in found:
        names[_identity(each.status)] = names.get(_identity(each.status), 0) + 1
    count = size = 0
    for each in sorted(found, key=lambda each: (not each.path.endswith(".py"), each.path.count("/"), each.path)):
        is_wanted = each.path in wanted
        if not is_wanted and each.path.startswith("runs/") and each.path.endswith(_WEIGHTS):
            continue
        if each.status.st_nlink > names[_identity(each.status)]:
            left_out[each.path] = "is a hard link to a file elsewhere"
        elif (
            (is_wanted and each.status.st_size > limits.blob)
            or count >= limits.files
            or (not is_wanted and size + each.status.st_size > limits.copied)
        ):
            left_out[each.path] = "is too large, or one file too many"
        else:
            copied = _copy(folder, each, target)
            if copied is None:
                left_out[each.path] = "can't be read"
            else:
                count, size = count + 1, size + (0 if is_wanted else copied)
                if is_wanted:
                    with open(target / each.path, "rb") as file:
                        digests[each.path] = hashlib.file_digest(file, "sha256").hexdigest()
    return left_out, digests


def _walk(folder: Path, left_out: dict[str, str]) -> Iterator[_Found]:
    """Yield the regular files below `folder`, without following a link."""
    seen, pending = 0, [""]
    while pending:
        inside = pending.pop(0)
        try:
            descriptor = _open(folder, inside, os.O_DIRECTORY)
        except OSError:
            if not inside:
                raise
            left_out[inside] = "can't be read"
            continue
        try:
            with os.scandir(descriptor) as listing:
                some = itertools.islice(listing, MOST_SEEN - seen)
                entries = sorted(
                    ((entry.name, entry.stat(follow_symlinks=False)) for entry in some), key=lambda each: each[0]
                )
        finally:
            os.close(descriptor)
        if inside and any(name == "pyvenv.cfg" for name, _ in entries):
            continue
        seen += len(entries)
        for name, status in entries:
            path = f"{inside}/{name}" if inside else name
            if stat.S_ISDIR(status.st_mode):
                if not name.startswith(".") and name != "__pycache__" and path.count("/") < MOST_DEEP:
                    pending.append(path)
            elif not stat.S_ISREG(status.st_mode):
                left_out[path] = "is a symbolic link" if stat.S_ISLNK(status.st_mode) else "is no regular file"
            elif not name.endswith(".pyc"):
                yield _Found(path, status)


def _open(folder: Path, inside: str, flags: int) -> int:
    """Open a file or folder below `folder`, where no part of the way is a link: it may have become one since it was
    seen."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    parts = inside.split("/") if inside else []
    for place, part in enumerate(parts, start=1):
        # Not blocking: a named pipe would wait for a writer.
        wanted = flags if place == len(parts) else os.O_DIRECTORY
        try:
            below = os.open(
                part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | wanted, dir_fd=descriptor
            )
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def _copy(folder: Path, found: _Found, target: Path) -> int | None:
    """Copy one file, as long as it was when it was seen; return its bytes, or None where that can't be done."""
    left = found.status.st_size
    copy = target / found.path
    try:
        with open(_open(folder, found.path, 0), "rb") as source:
            status = os.fstat(source.fileno())
            if not stat.S_ISREG(status.st_mode) or _identity(status) != _identity(found.status):
                return None
            copy.parent.mkdir(parents=True, exist_ok=True)
            with open(copy, "xb") as file:
                while left and (piece := source.read(min(left, 1 << 20))):
                    left -= file.write(piece)
            copy.chmod(0o444)
    except OSError:
        return None
    return found.status.st_size - left


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
