"""What others have published: the networks of published.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent.parent / "published.toml"


@dataclass(frozen=True)
class Published:
    """A published network; published.toml says what its fields are."""

    session: str
    name: str
    accuracy: float
    stated: str
    source: str
    parameters: int | None = None
    accuracy_from: float | None = None
    sum_accuracy: float | None = None
    last_five: tuple[float, ...] = ()
    epochs: int | None = None
    reached_in: int | None = None
    best: bool = False
    against: str = ""

    @property
    def shown_accuracy(self) -> str:
        """The accuracy or its range, e.g. "91.25 to 92.6 %"."""
        digits = "g" if self.source == "outside" else ".2f"  # As they were published.
        start = "" if self.accuracy_from is None else f"{self.accuracy_from:{digits}} to "
        return f"{start}{self.accuracy:{digits}} %"


@cache
def published_networks() -> tuple[Published, ...]:
    """Return the networks of published.toml; none where the checker is installed without it."""
    if not FILE.is_file():
        return ()
    return tuple(Published(**network) for network in tomllib.loads(FILE.read_text(encoding="utf-8"))["network"])
