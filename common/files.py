"""Files that are whole or absent: written beside their name and renamed into place."""

import contextlib
import os
from pathlib import Path

from common.errors import FileError


def write_atomically(
    path: Path, content: bytes | str, remedy: str = "free some space, or see who may write there, and try again"
) -> None:
    """Write `content` to `path`, whole or not at all. Raises FileError, which ends with `remedy`, where it can't be
    written."""
    beside = path.with_name(f".{path.name}.part")
    try:
        if path.exists() and not path.is_file():  # A device would be replaced by a file.
            raise FileError(f"{path} is no regular file; choose another name for it.")
        with open(beside, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise FileError(f"{path} could not be written ({error.strerror}); {remedy}.") from error
    finally:
        with contextlib.suppress(OSError):  # Its name may be too long to look for.
            beside.unlink(missing_ok=True)
