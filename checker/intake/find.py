"""Where a submission begins: what is handed in often lies a folder deeper, or in a zip file within it."""

import os
from pathlib import Path

from checker.intake.files import shown
from checker.verdict import CannotCheckError

MOST_DEEP = 5
_NO_PART = ("__MACOSX", "__pycache__")


def begin(folder: Path) -> Path:
    """Return the folder with runs/, the notebook or the zip file that `folder` hands in. Raises CannotCheckError."""
    for _ in range(MOST_DEEP):
        try:
            entries = [each for each in os.scandir(folder) if not each.name.startswith(".")]
        except OSError as error:
            raise CannotCheckError(
                f"{shown(folder.name)} can't be read ({error.strerror}).", "See whether the folder is yours to read."
            ) from error
        folders = sorted(
            each.name for each in entries if each.is_dir(follow_symlinks=False) and each.name not in _NO_PART
        )
        if "runs" in folders or any(each.name == "runs" for each in entries):
            return folder
        files = sorted(each.name for each in entries if each.is_file(follow_symlinks=False))
        for suffix, many in ((".ipynb", "notebooks"), (".zip", "zip files")):
            found = [name for name in files if name.lower().endswith(suffix)]
            if len(found) == 1:
                return folder / found[0]
            if found:
                raise CannotCheckError(
                    f"It holds {len(found)} {many}, and no folder runs: {', '.join(map(shown, found[:5]))}"
                    f"{', …' * (len(found) > 5)}.",
                    "Hand in the one that counts.",
                )
        if len(folders) != 1:
            break
        folder = folder / folders[0]
    raise CannotCheckError(
        f"There is neither a folder runs nor a notebook in {shown(folder.name)}.",
        "Hand in the folder with model.py and runs/, or the notebook.",
    )
