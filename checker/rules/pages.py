"""What the rules' page says of each rule beyond its title, reason and method: pages.toml."""

import tomllib
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
    entries = tomllib.loads(Path(__file__).with_name("pages.toml").read_text())
    return {
        id: Page(**{key: tuple(value) if isinstance(value, list) else value.strip() for key, value in entry.items()})
        for id, entry in entries.items()
    }
