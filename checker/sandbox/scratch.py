"""The folder that one run of the sandbox works in, measured and removed whatever a stranger made of it."""

import contextlib
import itertools
import os

MOST_ENTRIES = 20_000


def used(folder: str) -> int | float:
    """Return the bytes on disk below `folder`; infinity where there are too many files to count."""
    total, entries, pending = 0, 0, [folder]
    while pending:
        with contextlib.suppress(OSError), os.scandir(pending.pop()) as listing:
            for entry in listing:
                entries += 1
                if entries > MOST_ENTRIES:
                    return float("inf")
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
    return total


def remove(folder: str) -> None:
    """Remove a folder and all below it; what can't be removed stays.

    shutil.rmtree ends in a RecursionError where folders lie thousands deep, and in too long a path. Here every folder's content
    moves up to `folder` before it is removed, so no path is ever long.
    """
    names = (os.path.join(folder, f"_{number}") for number in itertools.count())
    with contextlib.suppress(OSError):
        while True:
            os.chmod(folder, 0o700)
            with os.scandir(folder) as listing:
                entries = list(listing)
            if not entries:
                os.rmdir(folder)
                return
            removed = sum(_dissolve(entry, names) for entry in entries)
            if not removed:
                return


def _dissolve(entry: os.DirEntry, names: "itertools.count") -> bool:
    """Remove one entry of the folder, a folder's own entries moved up; return whether anything changed."""
    changed = False
    with contextlib.suppress(OSError):
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.path)
            return True
        os.chmod(entry.path, 0o700)
        with os.scandir(entry.path) as listing:
            for below in list(listing):
                target = next(name for name in names if not os.path.lexists(name))
                # A folder can be moved only by whoever may write it: its ".." changes.
                if below.is_dir(follow_symlinks=False):
                    os.chmod(below.path, 0o700)
                os.rename(below.path, target)
                changed = True
        os.rmdir(entry.path)
        changed = True
    return changed
