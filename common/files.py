"""Files that are whole or absent: written beside their name and renamed into place."""

import os
from pathlib import Path

from common.errors import FileError


def write_atomically(path: Path, content: bytes | str, remedy: str = "free some space, or see who may write there, and try again") -> None:
    """Write `content` to `path`, whole or not at all. Raises FileError, which ends with `remedy`, where it can't be written."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with open(beside, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise FileError(f"{path} could not be written ({error.strerror}); {remedy}.") from error
    finally:
        beside.unlink(missing_ok=True)
