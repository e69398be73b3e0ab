"""The ledger of a class: one verdict a submission, in an SQLite file that survives whatever ends the run."""

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checker.verdict import CannotCheckError

FORMAT = 1


class Ledger:
    """Verdicts by key: what a key says is the same as long as the submission, the checker and the data are.

    A context manager that closes it.
    """

    def __init__(self, path: Path, others: Sequence[Path] = ()) -> None:
        """others: ledgers that are read where `path` has no verdict, as parts of a class were checked elsewhere. Raises
        CannotCheckError where one can't be used."""
        for other in others:
            if not other.is_file():
                raise CannotCheckError(f"There is no ledger {other}.", "Name one that an earlier run has written.")
        self._files = [_opened(path), *map(_opened_to_read, others)]

    def verdict(self, key: str) -> dict[str, Any] | None:
        """Return the outcome that is kept for `key`, None where there is none."""
        for file in self._files:
            row = file.execute("SELECT outcome FROM verdicts WHERE key = ?", (key,)).fetchone()
            if row is not None:
                outcome: dict[str, Any] = json.loads(row[0])
                return outcome
        return None

    def keep(self, key: str, outcome: dict[str, Any]) -> None:
        """Keep the outcome of `key`; the first one stays. Raises CannotCheckError where it can't be written."""
        try:
            with self._files[0]:
                self._files[0].execute("INSERT OR IGNORE INTO verdicts VALUES (?, ?)", (key, json.dumps(outcome)))
        except sqlite3.Error as error:
            raise CannotCheckError(
                f"A verdict could not be kept ({error}).", "Free some space, and start again: what is kept stays."
            ) from error

    def close(self) -> None:
        """Close its files."""
        for file in self._files:
            file.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def _opened(path: Path) -> sqlite3.Connection:
    try:
        file = sqlite3.connect(path, timeout=60)
        with contextlib.suppress(sqlite3.OperationalError):  # Some file systems know no shared memory.
            file.execute("PRAGMA journal_mode = WAL")
        # A verdict that a power cut takes is found again; what a killed process wrote stays.
        file.execute("PRAGMA synchronous = NORMAL")
        with file:
            file.execute("CREATE TABLE IF NOT EXISTS verdicts (key TEXT PRIMARY KEY, outcome TEXT NOT NULL)")
            _refuse_other_format(file, path, (0, FORMAT))
            file.execute(f"PRAGMA user_version = {FORMAT}")
        return file
    except sqlite3.Error as error:
        raise _unusable(path, error) from error


def _opened_to_read(path: Path) -> sqlite3.Connection:
    """Open a ledger that may lie where nothing can be written; then nobody else writes it either."""
    place = path.resolve().as_uri()
    try:
        for how in ("mode=ro", "immutable=1"):
            file = sqlite3.connect(f"{place}?{how}", timeout=60, uri=True)
            try:
                file.execute("SELECT COUNT(*) FROM verdicts").fetchone()
                break
            except sqlite3.OperationalError:
                if how == "immutable=1":
                    raise
        _refuse_other_format(file, path, (FORMAT,))
        return file
    except sqlite3.Error as error:
        raise _unusable(path, error) from error


def _refuse_other_format(file: sqlite3.Connection, path: Path, formats: Sequence[int]) -> None:
    (found,) = file.execute("PRAGMA user_version").fetchone()
    if found not in formats:
        raise CannotCheckError(f"{path} is the ledger of another checker.", "Name another file with --ledger.")


def _unusable(path: Path, error: sqlite3.Error) -> CannotCheckError:
    return CannotCheckError(
        f"{path} can't be used as a ledger ({error}).", "Remove it, or name another file with --ledger."
    )
