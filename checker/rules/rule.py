"""What a rule is: a title, a reason, and one small function of the evidence and its limits."""

from collections.abc import Callable
from dataclasses import dataclass

from checker.verdict import Verdict


@dataclass(frozen=True)
class Rule:
    """A rule: its title has the limits as format fields.

    how:   how it finds out, with every tolerance, and what it can't tell
    needs: what it can't do without: "network" (recorded from the submission's code), "augmentation" (likewise), and
           "training" (weights that were trained, or the log of it)
    """

    id: str
    title: str
    check: Callable[..., Verdict]
    how: str
    needs: frozenset[str]

    @property
    def reason(self) -> str:
        """Why the rule exists, in one sentence."""
        return " ".join((self.check.__doc__ or "").split())


RULES: dict[str, Rule] = {}


def rule(
    title: str, how: str, *, needs: tuple[str, ...] = ("network",)
) -> Callable[[Callable[..., Verdict]], Callable[..., Verdict]]:
    """Add a function to the rules, under its own name."""

    def add(check: Callable[..., Verdict]) -> Callable[..., Verdict]:
        RULES[check.__name__] = Rule(check.__name__, title, check, how, frozenset(needs))
        return check

    return add
