"""The ledger keeps the first verdict on a submission, and what can't be a ledger is one sentence."""

import sqlite3
from pathlib import Path

import pytest

from checker.batch.ledger import Ledger
from checker.verdict import CannotCheckError


def test_the_first_verdict_stays(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a") as ledger:
        assert ledger.verdict("key") is None
        ledger.keep("key", {"result": 1})
        ledger.keep("key", {"result": 2})
    with Ledger(tmp_path / "a") as ledger:
        assert ledger.verdict("key") == {"result": 1}


def test_other_ledgers_are_read_and_not_written(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a") as part:
        part.keep("theirs", {"result": 1})
    with Ledger(tmp_path / "b", [tmp_path / "a"]) as whole:
        whole.keep("ours", {"result": 2})
        assert [whole.verdict(key) for key in ("theirs", "ours")] == [{"result": 1}, {"result": 2}]
    with Ledger(tmp_path / "a") as part:
        assert part.verdict("ours") is None


def _other_format(path: Path) -> None:
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_text("a,b\n" * 1000), "can't be used as a ledger"),
        (Path.mkdir, "can't be used as a ledger"),
        (_other_format, "the ledger of another checker"),
    ],
)
def test_what_is_no_ledger_is_refused(tmp_path: Path, spoil: object, said: str) -> None:
    spoil(tmp_path / "a")
    with pytest.raises(CannotCheckError, match=said):
        Ledger(tmp_path / "a")


def test_a_ledger_to_be_read_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(CannotCheckError, match="There is no ledger"):
        Ledger(tmp_path / "a", [tmp_path / "missing"])


def test_a_ledger_that_is_read_stays_as_it_was(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a") as part:
        part.keep("theirs", {"result": 1})
    before = (tmp_path / "a").read_bytes()
    with Ledger(tmp_path / "b", [tmp_path / "a"]) as whole:
        assert whole.verdict("theirs") == {"result": 1}
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            whole._files[1].execute("DELETE FROM verdicts")
    assert (tmp_path / "a").read_bytes() == before
