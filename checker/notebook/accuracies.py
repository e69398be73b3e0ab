"""The accuracies that one printed line claims: of which set, as counts or as a percentage."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Accuracy:
    """An accuracy as printed.

    correct, total: images, where counts are printed
    percent:  in percent: from the counts where there are some, else as printed
    decimals: places after the point of the printed percentage, as percent; None for counts alone
    printed:  the percentage beside counts
    """

    correct: int | None = None
    total: int | None = None
    percent: float | None = None
    decimals: int | None = None
    printed: float | None = None

    @property
    def disagrees(self) -> bool:
        """Whether the percentage beside the counts is another than theirs, rounded or cut."""
        if self.percent is None or self.printed is None:
            return False
        printed = self.printed * 100 if self.printed <= 1 < self.percent else self.printed
        return abs(printed - self.percent) >= 10.0 ** -min(self.decimals or 0, 6) + 1e-9

    def from_fraction(self) -> "Accuracy":
        """Return what was read as a percentage as the fraction of 1 that it is."""
        if self.percent is None:
            return self
        return replace(self, percent=round(self.percent * 100, 10), decimals=max(0, (self.decimals or 0) - 2))


@dataclass(frozen=True)
class Claim:
    """role: "test", "validation" or "train", None where the line names no set."""

    role: str | None
    accuracy: Accuracy


_NUMBER = r"\d{1,3}(?:\.\d{1,20})?(?![\d.]*e-?\d)"
_VALUE = re.compile(
    # What stands between the word and its number.
    r"(?:\s{0,4}(?:is|of|was|on|the|in|set|data|score|images|\(?(?:test|val|train)[a-z]{0,7}\)?"
    r"|\(%\)|\[%\]|%|[:=|\-–>→'\"\[(~])){0,8}"
    r"\s{0,8}(?:(?:torch\.)?tensor\(|np\.float\d\d\()?(?:"
    # 9941/10000 (99.41%)
    r"(?P<correct>\d{1,7})(?:\.0)?\s{0,3}/\s{0,3}(?P<total>\d{1,7})(?![\d/])"
    rf"(?:[\s,|=:]{{0,4}}[\[(]?\s{{0,3}}(?P<beside>{_NUMBER})\s{{0,3}}%)?"
    # 99.41%, 0.9941
    rf"|(?P<number>{_NUMBER})(?P<more>\d{{0,20}}))"
)
_WORD = re.compile(
    r"acc(?:uracy|uarcy|urarcy|uray)?(?![a-z])\.?(?:_?(?:test|val|train)\w{0,7})?"
    r"|(?<![a-z])(?:test|train|val)[_ ]epoch(?=\s{0,4}[:=]\s{0,4}\d{1,3}\.\d)"
)
_IMAGES = re.compile(r"(?:acc\w{0,8})[^:\n]{0,60}?(?P<role>test|train)\w{0,4} images?[^:\n]{0,20}:")
_ROLE = re.compile(r"(?<![a-z])(?P<role>test|train|val|eval|dev)(?:id|ing|idation|uation|ation|uate)?s?(?![a-z])")
# Words for claims that are not of an epoch's weights.
_OTHER = re.compile(
    r"(?<![a-z])(?:max(?:imum|imal)?|best|highest|peak|top|ema|swa|tta|averaged|ensemble|target|goal|required|previous"
    r"|prev|old|improved|increased|decreased|final|overall|class|at least|so far|threshold|baseline|min|minimum|lowest"
    r"|last \d{1,3})(?![a-z])|top-?[2-9]|-->|>="
)
_OF_A_CLASS = re.compile(r"\s{0,3}(?:of|for)\s+(?!the|network|model|test|val|train|our|\d{4,5}\b)[a-z\d]")
_RUNNING = re.compile(r"batch_?id|it/s|s/it|\bbatch\b|\bstep\b|\[\s{0,4}\d{1,7}/\d{1,7}[\s(]")
# Within the pass over a test set: "Test: [10/40  Acc 0.949".
_PASS = re.compile(r"(?<![a-z])(?:test|val|eval)[a-z]{0,7}\s{0,3}:?\s{0,3}\[\s{0,4}\d{1,7}/\d{1,7}\b")
_ROLES = {"test": "test", "train": "train"}


def claims_of(line: str, heading: str | None) -> Iterator[Claim]:
    """Yield the claims of a line in lower letters.

    heading: the set that a line just before names, as in "Test set:"
    """
    end, role = 0, heading
    for word in _WORD.finditer(line):
        if word.start() < end:
            continue
        images = _IMAGES.match(line, word.start())
        after = images.end() if images else word.end()
        value = _VALUE.match(line, after)
        if value is None and _OF_A_CLASS.match(line, after) is None:
            # "Accuracy (test set, 10 epochs): 99" and what else stands between a word and its number.
            colon = line.find(":", after, after + 40)
            value = _VALUE.match(line, colon) if colon > 0 and not re.search(r"\d", line[after:colon]) else None
        before = line[end : word.end()]
        named = [found["role"] for found in _ROLE.finditer(before.replace("_", " "))]
        if value is not None:
            named += [
                found["role"]
                for found in _ROLE.finditer(
                    line[word.end() : value.start("number") if value["number"] else value.start("correct")]
                )
            ]
        if images:
            named = [images["role"]]
        if named:
            role = _ROLES.get(named[-1], "validation")
        if value is None:
            continue
        other = _OTHER.search(before.replace("_", " ")) or _OTHER.search(
            line[word.end() : value.end()].replace("_", " ")
        )
        accuracy = _accuracy(value)
        end = value.end()
        if other or accuracy is None or _OF_A_CLASS.match(line, word.end()):
            continue
        here = role
        if accuracy.correct is None and "epoch" not in line and _PASS.search(line):
            continue
        if here is None and (_RUNNING.search(line) or accuracy.total in (60_000, 50_000)):
            here = "train"
        if here is None and accuracy.total == 10_000:
            here = "test"
        yield Claim(here, accuracy)


def _accuracy(value: "re.Match[str]") -> Accuracy | None:
    """Return the numbers of a match; None where they can be no accuracy."""
    if value["correct"] is not None:
        correct, total = int(value["correct"]), int(value["total"])
        if not total > 0 or correct > total:
            return None
        beside = value["beside"]
        return Accuracy(
            correct,
            total,
            100 * correct / total,
            _places(beside) if beside else None,
            float(beside) if beside else None,
        )
    percent = float(value["number"])
    if percent > 100 or (value["more"] and "." not in value["number"]):
        return None
    return Accuracy(percent=percent, decimals=_places(value["number"]))


def _places(number: str) -> int:
    return len(number.partition(".")[2])
