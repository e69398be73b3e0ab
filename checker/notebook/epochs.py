"""From printed lines to runs of epochs: which accuracy a notebook claims for each, in the words of many students."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from checker.notebook.accuracies import Accuracy, Claim, claims_of
from checker.notebook.tables import table_rows

TRAINING_SETS = (60_000, 50_000)  # Of MNIST and CIFAR-10.

_MARK = re.compile(
    r"(?<![a-z])epochs?\b[\s:=#\[(|>*-]{0,8}(?P<number>\d{1,5})(?!\d|\.\d|[ \t]*%)(?:\s{0,3}(?:/|of)\s{0,3}\d{1,5})?"
)
# "epochs: 20" says how many there are, but for "epochs: 3/20".
_SEVERAL = re.compile(
    r"(?<![a-z])(?:epochs\b(?![\s:=#\[(-]{0,8}\d{1,5}\s{0,3}(?:/|of))|(?:num|n|total|no of|number of)[ _]epochs?)"
)
# Schedulers count from 0 or 1, whatever the loop does; the best epoch is none that comes.
_NO_MARK = re.compile(
    r"(?:reducing|adjusting) learning rate|(?<![a-z])(?:best|max\w{0,3}|highest|early stopping|patience)(?![a-z])"
)
_GLUED = re.compile(r"(?<=[)%\d])(?=epoch\W{0,4}\d)", re.IGNORECASE)
_PARAMETERS = re.compile(
    r"(?:total|trainable|(?:number|no\.?|#)[ _]of(?:[ _]trainable)?)[ _](?:params|parameters)\b"
    r"[^\d\n]{0,40}(?P<count>\d[\d,_]{0,14})(?!\.?\d)",
    re.IGNORECASE,
)
_FULL_WIDTH = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}  # ：（％ → :(%


@dataclass(frozen=True)
class Epoch:
    """What a notebook printed of an epoch.

    number: as printed, from 0 or 1; None where none is printed
    test:   accuracy on the test set, or on what the notebook calls validation
    train:  the last accuracy on the training set, where printed
    cell:   that printed it
    """

    number: int | None
    test: Accuracy
    train: Accuracy | None
    cell: int


@dataclass(frozen=True)
class EpochRun:
    """Epochs of one training in order, and what is to be told of them, in sentences. cells: that printed it."""

    epochs: tuple[Epoch, ...]
    cells: tuple[int, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PrintedCount:
    """A "Total params" as a summary printed it."""

    count: int
    cell: int


@dataclass
class _Growing:
    """A run while it is read."""

    epochs: list[Epoch] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)


def read_epochs(cells: Iterable[tuple[int, Sequence[str]]], interrupted: Iterable[int] = ()) -> tuple[EpochRun, ...]:
    """Return the runs of epochs that cells printed.

    cells: (number, lines), in the order in which they ran
    interrupted: numbers of the cells whose training was stopped by hand
    """
    stopped = frozenset(interrupted)
    runs: list[_Growing] = []
    for number, lines in cells:
        events = _events(lines)
        if any(isinstance(event, Claim) for event in events):
            begun = _Cell(number, runs).read(_marks_first(_one_test_set(events)))
            if number in stopped and runs and runs[-1].epochs[-1].cell == number:
                runs[-1].note(f"The training in cell {number} was interrupted after its last printed epoch.")
            elif begun is not None:
                runs[-1].note(f"Epoch {begun} begins in cell {number}, but no test accuracy of it is printed.")
    return tuple(_finished(run) for run in runs if run.epochs)


def read_parameter_counts(cells: Iterable[tuple[int, Sequence[str]]]) -> tuple[PrintedCount, ...]:
    """Return the total parameter counts that cells printed, as torchsummary, torchinfo and students word it."""
    found: list[PrintedCount] = []
    for number, lines in cells:
        for line in lines:
            if (match := _PARAMETERS.search(line)) and "non-trainable" not in line.lower()[: match.end()]:
                count = PrintedCount(int(re.sub("[,_]", "", match["count"])), number)
                if count not in found:
                    found.append(count)
    return tuple(found)


_Event = int | Claim


def _events(lines: Sequence[str]) -> list[_Event]:
    """Return epoch numbers and claims as they were printed, but for a claim that the next line with an epoch's number
    tells again."""
    events: list[_Event] = []
    waiting: int | None = None  # Place of the last accuracy in a line without a number.
    for marks, claims in _by_line(lines):
        tests = [claim for claim in claims if claim.role != "train"]
        if marks and tests and waiting is not None and marks != [each for each in events if isinstance(each, int)][-1:]:
            earlier = events[waiting]
            if (
                isinstance(earlier, Claim)
                and earlier.role == tests[0].role
                and _same(earlier.accuracy, tests[0].accuracy)
            ):
                fuller = replace(tests[0], accuracy=_fuller(earlier.accuracy, tests[0].accuracy))
                claims = [fuller if claim is tests[0] else claim for claim in claims]
                del events[waiting]
        events += [*marks, *claims]
        if marks or tests:
            waiting = len(events) - 1 if tests and not marks else None
    return events


def _by_line(lines: Sequence[str]) -> Iterator[tuple[list[int], list[Claim]]]:
    """Yield the epoch's number, where there is one, and the claims of each line."""
    role: str | None = None
    since = 99
    for row in table_rows(piece for line in lines for piece in _GLUED.split(line)):
        lower = row.translate(_FULL_WIDTH).lower()
        marks: list[int] = []
        if not _NO_MARK.search(lower) and not _SEVERAL.search(lower) and (mark := _MARK.search(lower)):
            marks = [int(mark["number"])]
        found = list(claims_of(lower, role if since < 3 else None))
        if marks or found:
            yield marks, found
        heading = re.match(r"\W{0,10}(test|train|val|eval)", lower)
        if heading and not found:
            role, since = ("train" if heading[1] == "train" else "test" if heading[1] == "test" else "validation"), 0
        else:
            since += 1


def _one_test_set(events: Sequence[_Event]) -> list[_Event]:
    """Keep one set's claims as the test's: the test set's, else the validation set's, else those of no named set."""
    roles = {event.role for event in events if isinstance(event, Claim)}
    wanted = next((role for role in ("test", "validation", None) if role in roles), "test")
    return [event for event in events if not isinstance(event, Claim) or event.role in (wanted, "train")]


def _marks_first(events: list[_Event]) -> list[_Event]:
    """Return events with each epoch's number before its accuracy, where a cell prints it after."""
    seen: list[_Event] = []
    for event in events:
        if (isinstance(event, int) and event not in seen[-1:]) or (isinstance(event, Claim) and event.role != "train"):
            seen.append(event)
    marks = [event for event in seen if isinstance(event, int)]
    trailing = (
        len(seen) > 2
        and len(marks) * 2 == len(seen)
        and all(isinstance(event, int) == (place % 2 == 1) for place, event in enumerate(seen))
        and all(later == earlier + 1 for earlier, later in pairwise(marks))
    )
    if not trailing:
        return events
    ordered: list[_Event] = []
    waiting: list[_Event] = []
    for event in events:
        if isinstance(event, int):
            if event not in ordered:
                ordered += [event, *waiting]
                waiting = []
        else:
            waiting.append(event)
    return ordered + waiting


class _Cell:
    """Reads one cell's events into the runs so far."""

    def __init__(self, number: int, runs: list[_Growing]) -> None:
        self._number, self._runs = number, runs
        self._mark: int | None = None
        self._fresh = False  # Whether the mark has no test accuracy yet.
        self._train: Accuracy | None = None
        self._here = False  # Whether the last run has an epoch of this cell.

    def read(self, events: Sequence[_Event]) -> int | None:
        """Return the number of an epoch that begins after the last one with a test accuracy, None where none does."""
        for event in events:
            if isinstance(event, int):
                if event != self._mark:
                    self._mark, self._fresh, self._train = event, True, None
            elif event.role == "train":
                self._train = event.accuracy
            else:
                self._test(event)
        last = self._runs[-1].epochs[-1].number if self._here else None
        return self._mark if self._fresh and last is not None and self._mark == last + 1 else None

    def _test(self, claim: Claim) -> None:
        run = self._run_for_next()
        last = run.epochs[-1] if run.epochs and self._here else None
        if last is not None and not self._fresh and self._mark is not None:
            # The same epoch again: told twice, once as counts perhaps, or of something else.
            if _same(last.test, claim.accuracy):
                run.epochs[-1] = replace(last, test=_fuller(last.test, claim.accuracy))
            else:
                run.note(
                    f"Cell {self._number} prints several test accuracies for epoch {self._mark}; the first one counts."
                )
            return
        run.epochs.append(Epoch(self._mark, claim.accuracy, self._train, self._number))
        if claim.role != "test":
            name = "a validation set" if claim.role == "validation" else "a set that is not named"
            run.note(f"The accuracies in cell {self._number} are printed for {name}, not for the test set.")
        self._fresh, self._train, self._here = False, None, True

    def _run_for_next(self) -> _Growing:
        """Return the run that the next accuracy belongs to."""
        last = self._runs[-1].epochs[-1] if self._runs else None
        if last is None:
            goes_on = False
        elif self._here:
            goes_on = not self._fresh or last.number is None or self._mark is None or self._mark > last.number
        else:  # Another cell goes on with the number that is next.
            goes_on = last.number is not None and self._mark is not None and self._mark == last.number + 1
        if not goes_on:
            self._runs.append(_Growing())
        return self._runs[-1]


def _same(one: Accuracy, other: Accuracy) -> bool:
    if one.correct is not None and other.correct is not None:
        return (one.correct, one.total) == (other.correct, other.total)
    if one.percent is None or other.percent is None:
        return False
    places = min(each.decimals or 0 for each in (one, other) if each.correct is None)
    return abs(one.percent - other.percent) <= 10.0**-places


def _fuller(one: Accuracy, other: Accuracy) -> Accuracy:
    """Return the one with counts, or else with more decimal places."""
    if one.correct is not None or other.correct is not None:
        return one if one.correct is not None else other
    return one if (one.decimals or 0) >= (other.decimals or 0) else other


def _finished(run: _Growing) -> EpochRun:
    epochs = _as_percent(run.epochs)
    numbers = [epoch.number for epoch in epochs if epoch.number is not None]
    cells = tuple(dict.fromkeys(epoch.cell for epoch in epochs))
    missing = sorted(set(range(numbers[0], numbers[-1])) - set(numbers)) if numbers else []
    if missing:
        run.note(f"No test accuracy is printed for {_listed('epoch', missing)} (cell {epochs[-1].cell}).")
    if numbers and numbers[0] > 1:
        run.note(f"The first epoch with a printed test accuracy is {numbers[0]} (cell {epochs[0].cell}).")
    for size in TRAINING_SETS:
        cell = next((epoch.cell for epoch in epochs if epoch.test.total == size), None)
        if cell is not None:
            run.note(f"The test accuracies in cell {cell} are over {size:,} images: that is the training set.")
    wrong = [epoch for epoch in epochs if epoch.test.disagrees]
    if wrong:
        first = wrong[0].test
        run.note(
            f"Cell {wrong[0].cell} prints {first.correct:,}/{first.total:,} as {first.printed:g} %, which it is not; "
            f"counts are taken ({len(wrong)} of {len(epochs)} epochs)."
        )
    return EpochRun(epochs, cells, tuple(run.notes))


def _as_percent(epochs: Sequence[Epoch]) -> tuple[Epoch, ...]:
    """Read values as fractions of 1 where all of a run are: 0.9941 is 99.41 %."""
    values = [epoch.test.percent for epoch in epochs if epoch.test.correct is None and epoch.test.percent is not None]
    fractions = bool(values) and max(values) <= 1
    trains = [epoch.train.percent for epoch in epochs if epoch.train and epoch.train.correct is None]
    train_fractions = bool(trains) and max(value or 0 for value in trains) <= 1
    return tuple(
        replace(
            epoch,
            test=epoch.test.from_fraction() if fractions and epoch.test.correct is None else epoch.test,
            train=epoch.train.from_fraction()
            if train_fractions and epoch.train is not None and epoch.train.correct is None
            else epoch.train,
        )
        for epoch in epochs
    )


def _listed(noun: str, numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:8])) + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")
    return f"{noun}{'s' if len(numbers) > 1 else ''} {shown}"
