"""The names of a class, and which submission is whose. Data in, data out: nothing is guessed, and what is ambiguous is
said."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from checker.intake.files import shown
from checker.verdict import CannotCheckError

NAME_COLUMNS = ("name", "student", "full name", "student name")
KEY_COLUMNS = ("key", "folder", "file", "id", "student id", "sid", "email", "e-mail", "login", "username", "sis id")
MOST_BYTES, MOST_STUDENTS = 10_000_000, 100_000
_COLUMNS = 'Give it two: "name", and "key" for the folder, id or e-mail address.'
# What an LMS or a browser adds to a file's name, and no student's key.
_SUFFIXES = (".zip", ".ipynb")


@dataclass(frozen=True)
class Student:
    """name: as a table shows it; key: by which submissions are found, unique in the class"""

    name: str
    key: str


@dataclass(frozen=True)
class Joined:
    """students: submission → whose it is
    missing: who handed nothing in
    strangers: submissions that belong to nobody
    problems: sentences on what is ambiguous
    """

    students: dict[str, Student]
    missing: tuple[Student, ...]
    strangers: tuple[str, ...]
    problems: tuple[str, ...]


def read_roster(content: bytes) -> tuple[Student, ...]:
    """Return the students of a CSV file with a header, in its order: UTF-8 or Latin-1, with commas, semicolons or tabs.

    Raises CannotCheckError, with one sentence.
    """
    if len(content) > MOST_BYTES:
        raise CannotCheckError("The roster is larger than 10 MB.", "Export names and keys alone, as CSV.")
    text = _text(content)
    if "\0" in text:
        raise CannotCheckError("The roster is no text.", "Save the spreadsheet as CSV.")
    heading, _, _ = text.lstrip("\n").partition("\n")
    delimiter = max(",;\t", key=heading.count)
    try:
        rows = [
            (number, [cell.strip() for cell in row])
            for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True), start=1)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise CannotCheckError(f"The roster can't be read as CSV ({error}).", "Export it again, as CSV.") from error
    if len(rows) < 2 or len(rows) > MOST_STUDENTS:
        raise CannotCheckError(f"The roster has {max(len(rows) - 1, 0):,} students.", _COLUMNS)
    columns = [cell.casefold() for cell in rows[0][1]]
    name, key = _column(columns, NAME_COLUMNS), _column(columns, KEY_COLUMNS)
    students: dict[str, Student] = {}
    numbers: dict[str, int] = {}
    for number, row in rows[1:]:
        if len(row) <= max(name, key) or not row[name] or not row[key]:
            raise CannotCheckError(f"Row {number} of the roster lacks a name or a key.", "Fill it in, or take it out.")
        student, same = Student(row[name], row[key]), _plain(row[key])
        if not same:
            raise CannotCheckError(f"Row {number} of the roster has a key without letters or digits.", "Correct it.")
        if students.setdefault(same, student) != student:
            raise CannotCheckError(
                f"Rows {numbers[same]} and {number} of the roster have the same key, {shown(row[key], 60)}.",
                "Give each student one of their own.",
            )
        numbers.setdefault(same, number)
    return tuple(students.values())


def join(students: Iterable[Student], submissions: Iterable[str]) -> Joined:
    """Return which submission (the name of a folder or file) is whose.

    A name that is a student's key decides; then one that contains the key or the name, whole, whatever its case,
    accents and separators, in which the longest of several decides where it contains the others.
    """
    students = sorted(set(students), key=lambda each: (each.name, each.key))
    exact = {each.key: each for each in students}
    same = {_plain(each.key): each for each in students}
    found: dict[str, Student] = {}
    strangers, problems = [], []
    for submission in sorted(set(submissions)):
        stem = _stem(submission)
        student = exact.get(submission) or exact.get(stem) or same.get(_plain(stem))
        fitting = [student] if student else _contained(students, stem)
        if len(fitting) == 1:
            found[submission] = fitting[0]
        else:
            strangers.append(submission)
        if len(fitting) > 1:
            names = ", ".join(shown(each.name, 60) for each in fitting[:5])
            problems.append(
                f"{shown(submission, 100)} could be of {names}{', …' * (len(fitting) > 5)}: name it by a key."
            )
    by_student: dict[Student, list[str]] = {}
    for submission, each in found.items():
        by_student.setdefault(each, []).append(submission)
    for each, several in sorted(by_student.items(), key=lambda pair: pair[0].name):
        if len(several) > 1:
            names = ", ".join(shown(one, 60) for one in several[:5])
            problems.append(
                f"{shown(each.name, 60)} has {len(several)} submissions: {names}{', …' * (len(several) > 5)}."
            )
    missing = tuple(each for each in students if each not in by_student)
    return Joined(found, missing, tuple(strangers), tuple(problems))


def _contained(students: list[Student], stem: str) -> list[Student]:
    """Return the students whose key, or else whose name, stands in a submission's name."""
    words = _words(stem)
    by_key = {each: [_words(each.key)] for each in students}
    by_name = {each: _spellings(each.name) for each in students}
    for spellings in (by_key, by_name):
        fitting = {each: longest for each in students if (longest := _longest(words, spellings[each]))}
        if fitting:
            return [
                each
                for each, spelt in fitting.items()
                if not any(spelt != other and f"|{spelt}|" in f"|{other}|" for other in fitting.values())
            ]
    return []


def _longest(words: str, spellings: Iterable[str]) -> str:
    return max((each for each in spellings if each and f"|{each}|" in f"|{words}|"), key=len, default="")


def _spellings(name: str) -> list[str]:
    """Return how a learning platform writes a name: first or last name first, apart or in one word; a single word is
    too little."""
    last_first = name.split(",", 1)
    words = _words(" ".join(reversed(last_first)) if len(last_first) == 2 else name).split("|")
    if len(words) < 2:
        return []
    turns = [words, [words[-1], *words[:-1]], [*words[1:], words[0]]]
    return [joint.join(turn) for turn in turns for joint in ("|", "")]


def _column(columns: list[str], known: tuple[str, ...]) -> int:
    for each in known:
        if each in columns:
            return columns.index(each)
    raise CannotCheckError(f"The roster has no column {' or '.join(known[:2])!r}.".replace("'", '"'), _COLUMNS)


def _text(content: bytes) -> str:
    for encoding in ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return _lines(content.decode(encoding))
        except UnicodeDecodeError:
            pass
    return _lines(content.decode("latin-1"))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _stem(submission: str) -> str:
    suffix = next((each for each in _SUFFIXES if submission.lower().endswith(each)), "")
    return submission[: len(submission) - len(suffix)]


def _words(text: str) -> str:
    """Return the letters and digits of a text, without case and accents, with | for whatever stands between."""
    # ß and ø have no accent to take off, and stay.
    plain = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    return re.sub(r"[\W_]+", "|", plain).strip("|")


def _plain(text: str) -> str:
    return _words(text).replace("|", "")
