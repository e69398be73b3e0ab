"""The folder that one run of the sandbox works in, measured and removed whatever a stranger made of it."""

import contextlib
import os
import stat

MOST_ENTRIES = 5_000


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


def entries_in_memory(pid: int, folder: str, size: int) -> int:
    """Return how many files lie in the file system of `folder`, of `size` bytes, as the process `pid` sees it.

    0 where that can't be seen, or is another one: bubblewrap takes a moment before the machine's own /tmp is out of
    sight.
    """
    with contextlib.suppress(OSError):
        status = os.statvfs(f"/proc/{pid}/root{folder}")
        if status.f_blocks * status.f_frsize <= size + status.f_frsize:
            return status.f_files - status.f_ffree
    return 0


def remove(folder: str) -> None:
    """Remove a folder and all below it; what can't be removed stays.

    shutil.rmtree ends in a RecursionError where folders lie thousands deep, or has too many of them open. This goes
    down and up again with one folder open.
    """
    with contextlib.suppress(OSError):
        here = _enter(folder)
        waiting = [_clear(here)]
        way: list[str] = []
        while True:
            if waiting[-1]:
                name = waiting[-1].pop()
                with contextlib.suppress(OSError):
                    below = _enter(name, here)
                    os.close(here)
                    here = below
                    way.append(name)
                    waiting.append(_clear(here))
            elif way:
                above = os.open("..", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
                os.close(here)
                here = above
                waiting.pop()
                with contextlib.suppress(OSError):
                    os.rmdir(way.pop(), dir_fd=here)
            else:
                break
        os.close(here)
        os.rmdir(folder)


def _enter(name: str, above: int | None = None) -> int:
    """Open a folder that is no link, whoever was kept out of it."""
    if above is not None and not stat.S_ISDIR(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
        raise NotADirectoryError(name)
    os.chmod(name, 0o700, dir_fd=above)
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)


def _clear(folder: int) -> list[str]:
    """Remove the files of an open folder, and return the names of its folders."""
    folders = []
    with contextlib.suppress(OSError), os.scandir(folder) as listing:
        for entry in list(listing):
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders
