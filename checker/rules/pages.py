"""What the rules' page says of each rule beyond its title, reason and method: pages.toml."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Page:
    """cannot_see: what a submission could do without the rule noticing
    breaks, keeps: folders of tests/submissions/cheats and …/honest that show it, or an example in words
    """

    cannot_see: str
    breaks: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    breaks_by: str = ""
    keeps_by: str = ""


def pages() -> dict[str, Page]:
    """Return the page of each rule by its id."""
    entries = tomllib.loads(Path(__file__).with_name("pages.toml").read_text(encoding="utf-8"))
    return {id: _page(**entry) for id, entry in entries.items()}


def _page(cannot_see: str, breaks: Sequence[str] = (), keeps: Sequence[str] = (), **by: str) -> Page:
    words = {key: value.strip() for key, value in by.items()}
    return Page(cannot_see.strip(), tuple(breaks), tuple(keeps), **words)
