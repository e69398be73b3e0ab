"""Results made by hand, for pages: as plain or as hostile as a test wants them."""

import base64
from dataclasses import replace

from checker.details import Details, Epoch, Layer, Mistake
from checker.verdict import RuleResult, RunResult, SubmissionResult, Verdict

# The smallest PNG there is: one black pixel.
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
HOSTILE = (
    "</style></title><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">'\"&{{7*7}}"
)


def details(epochs: int = 15, layers: int = 12, mistakes: int = 10) -> Details:
    """A run whose accuracy rises to 99.5 %."""
    return Details(
        threshold=99.4,
        epochs=tuple(
            Epoch(
                number,
                1.5 / number,
                1 / number,
                99 - 20 / number,
                99.6 - 6 / number**1.5,
                measured=99.6 - 6 / number**1.5 if number > epochs - 5 else None,
            )
            for number in range(1, epochs + 1)
        ),
        parameters=7_890,
        layers=tuple(
            Layer("convolution 3×3, then batch norm", f"layers.{place}", (), (16, 14, 14), 144, 28_224, (5, 5))
            for place in range(layers)
        ),
        layer_count=layers,
        side=28,
        mistakes=tuple(Mistake(place, "7", "1", PIXEL) for place in range(mistakes)),
        mistake_count=mistakes + 30,
        test_total=10_000,
    )


def run(name: str = "mine", *verdicts: Verdict, required: bool = True, shows: Details | None = None) -> RunResult:
    """A run of eight rules that are passed, and of those further verdicts."""
    passed = [
        Verdict(True, 7_890, "< 8,000", "7,890 parameters"),
        Verdict(True, 99.51, ">= 99.4 %", "99.53 99.51 99.52 99.53 99.53"),
        *(Verdict(True, 0, "0", "none sees a whole map") for _ in range(6)),
    ]
    ids = ["parameters", "sustained_accuracy", *(f"rule_{number}" for number in range(len(passed) + len(verdicts) - 2))]
    rules = tuple(
        RuleResult(id, f"What {id.replace('_', ' ')} asks for", verdict)
        for id, verdict in zip(ids, [*passed, *verdicts], strict=True)
    )
    return RunResult(name, required, 1.9, rules, 5, 99.46, details() if shows is None else shows)


FAILED = Verdict(False, 16, "<= 15", "16 epochs", "Train for fewer epochs.", "recorded")
UNKNOWN = Verdict(None, None, "Layers", "model.py, line 12: the network decides by values.", "Leave values alone.")


def results() -> list[SubmissionResult]:
    """Submissions of every kind, one of them with names that want to be more than text."""
    hostile = Verdict(False, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    shows = details()
    return [
        SubmissionResult("session05", "Session 5", "session05", (run("under-8k"), run("smallest", required=False))),
        SubmissionResult("session06", "Session 6", "work/a", (run("batch", FAILED), run("layer", UNKNOWN, UNKNOWN))),
        SubmissionResult(
            "session07",
            "Session 7",
            HOSTILE,
            (
                run(
                    HOSTILE,
                    hostile,
                    shows=replace(
                        shows,
                        layers=tuple(replace(each, what=HOSTILE, module=HOSTILE) for each in shows.layers),
                        mistakes=tuple(replace(each, label=HOSTILE, read_as=None) for each in shows.mistakes),
                    ),
                ),
            ),
            isolation="process",
        ),
        SubmissionResult("session04", "Session 4", "missing", (), HOSTILE),
    ]


def students(count: int) -> list[SubmissionResult]:
    """A class, of which some have failed and some can't be checked."""
    kinds = ((), (), (FAILED,), (UNKNOWN,))
    return [
        SubmissionResult("session05", "Session 5", f"class/student-{number}", (run("mine", *kinds[number % 4]),))
        for number in range(count)
    ]
