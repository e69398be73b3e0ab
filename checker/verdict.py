"""What a rule finds, and what is made of many findings. Results only: no rule, no network, no output."""

from collections.abc import Iterable
from dataclasses import dataclass

from checker.details import Details

# How far a verdict can be trusted: the checker ran it, the run's log says so, or its recipe does.
MEASURED, RECORDED, DECLARED = "measured", "recorded", "declared"


class CannotCheckError(Exception):
    """The checker could not tell: `message` says why in one sentence, `help` what to do about it."""

    def __init__(self, message: str, help: str) -> None:
        super().__init__(message)
        self.message, self.help = message, help

    def __reduce__(self) -> tuple[type[Exception], tuple[str, str]]:
        return CannotCheckError, (self.message, self.help)


class FaultError(CannotCheckError):
    """That the checker could not tell is its own fault, or its machine's: another try may find out."""

    def __reduce__(self) -> tuple[type[Exception], tuple[str, str]]:
        return FaultError, (self.message, self.help)


# What is said of a rule that asks for trained weights, where there are none yet.
UNTRAINED = "This needs trained weights."


@dataclass(frozen=True)
class Verdict:
    """passed is None where it could not be checked; `measured` is a JSON value in the unit of `required`; `fault` says
    that the checker is to blame, and no submission."""

    passed: bool | None
    measured: object
    required: str
    message: str
    help: str | None = None
    evidence: str = MEASURED
    fault: bool = False


@dataclass(frozen=True)
class RuleResult:
    """One rule's verdict on one run."""

    id: str
    title: str
    verdict: Verdict


@dataclass(frozen=True)
class RunResult:
    """All verdicts on one run; `required` runs decide whether the submission passes, the others are shown.

    views: of each image that the network looks at; single_view: what one of them alone holds over the last epochs, in
           percent;
    None where that was not measured
    details: what a page shows of it, where one was asked for
    trained: False where the network has the weights that it began with
    notes: sentences on what was read of a notebook
    """

    name: str
    required: bool
    seconds: float
    rules: tuple[RuleResult, ...]
    views: int | None = None
    single_view: float | None = None
    details: Details | None = None
    trained: bool = True
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool | None:
        return combine(rule.verdict.passed for rule in self.rules)


@dataclass(frozen=True)
class SubmissionResult:
    """All runs of one folder, checked against one assignment; `problem` says why there are none.

    isolation: how the submission's code was run: "bubblewrap", "process", or "none" where none was
    cohort: whose limits it was checked against; "" for the general ones
    """

    assignment: str
    title: str
    path: str
    runs: tuple[RunResult, ...]
    problem: str | None = None
    isolation: str = "none"
    cohort: str = ""

    @property
    def passed(self) -> bool | None:
        return combine(run.passed for run in self.runs if run.required)


def combine(verdicts: Iterable[bool | None]) -> bool | None:
    """Return False where anything failed, None where nothing did but something could not be checked, else True.

    Nothing at all is None: what was never checked has not passed.
    """
    verdicts = list(verdicts)
    if False in verdicts:
        return False
    return None if None in verdicts or not verdicts else True
