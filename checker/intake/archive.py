"""A zip file, unpacked with distrust: regular files of bounded number and size, below one folder and nowhere else."""

import errno
import lzma
import os
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from checker.intake.files import MB, shown
from checker.verdict import CannotCheckError, FaultError

MOST_FILES, MOST_DEEP = 5_000, 16
MOST_BYTES, MOST_ARCHIVE, MOST_DIRECTORY = 1_000 * MB, 500 * MB, 4 * MB
# What is no fault of an archive.
_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EROFS, errno.ENOENT)
_REMEDY = "Zip the folder again, with model.py, train.py and runs/ in it, and without data sets."


def unpack(archive: Path, target: Path) -> None:
    """Unpack `archive` to the folder `target`, which is made. Links and hidden files are left out. Raises
    CannotCheckError where it is no zip file, or too large."""
    target.mkdir()
    name = shown(archive.name)
    try:
        if archive.stat().st_size > MOST_ARCHIVE:
            raise CannotCheckError(f"{name} holds more than {MOST_ARCHIVE / MB:.0f} MB.", _REMEDY)
        with open(archive, "rb") as file:
            _refuse_long_directory(file.fileno(), name)
            with zipfile.ZipFile(file) as opened:
                _unpack(opened, target, name)
    except CannotCheckError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,  # A way of compressing that Python doesn't know.
        RuntimeError,  # A password.
        EOFError,
        OSError,
        ValueError,
        lzma.LZMAError,
        struct.error,
    ) as error:
        if isinstance(error, OSError) and error.errno in _MACHINE:
            raise FaultError(
                f"{name} could not be unpacked ({error.strerror}).", "Mend that, and try again."
            ) from error
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise CannotCheckError(f"{name} can't be unpacked ({shown(str(reason))}).", _REMEDY) from error


def _refuse_long_directory(file: int, name: str) -> None:
    """Raise CannotCheckError where the list of its files is long: zipfile reads all of it at once."""
    with open(os.dup(file), "rb") as again:
        end = zipfile._EndRecData(again)  # type: ignore[attr-defined]  # What zipfile itself will believe.
    if end is not None and (end[zipfile._ECD_SIZE] > MOST_DIRECTORY or end[zipfile._ECD_ENTRIES_TOTAL] > MOST_FILES):  # type: ignore[attr-defined]
        raise CannotCheckError(f"{name} holds more than {MOST_FILES:,} files.", _REMEDY)


def _unpack(opened: zipfile.ZipFile, target: Path, name: str) -> None:
    left, folders = MOST_BYTES, set[PurePosixPath]()
    members = opened.infolist()
    if len(members) > MOST_FILES:
        raise CannotCheckError(f"{name} holds more than {MOST_FILES:,} files.", _REMEDY)
    for member in members:
        inside = PurePosixPath(member.filename.replace("\\", "/"))  # As old programs on Windows write it.
        if member.filename in ("/", "./"):
            continue
        odd = inside.is_absolute() or ".." in inside.parts or "\0" in member.filename
        if odd or not 0 < len(inside.parts) <= MOST_DEEP:
            raise CannotCheckError(f"{name} holds a file outside of its folder: {shown(member.filename)}.", _REMEDY)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or any(
            part.startswith(".") or part in ("__MACOSX", "__pycache__") for part in inside.parts
        ):
            continue
        folder = inside if member.is_dir() else inside.parent
        folders.update((folder, *folder.parents))
        if len(folders) > MOST_FILES:
            raise CannotCheckError(f"{name} holds more than {MOST_FILES:,} folders.", _REMEDY)
        (target / folder).mkdir(parents=True, exist_ok=True)
        if member.is_dir():
            continue
        with opened.open(member) as source, open(target / inside, "xb") as copy:
            while piece := source.read(MB):  # What it says of its size may be wrong.
                left -= len(piece)
                if left < 0:
                    raise CannotCheckError(f"{name} unpacks to more than {MOST_BYTES / MB:,.0f} MB.", _REMEDY)
                copy.write(piece)
