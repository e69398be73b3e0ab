"""Which submission is whose, from a file that came from somewhere."""

import pytest

from checker.roster import Student, join, read_roster
from checker.verdict import CannotCheckError

ANA, BEN, CHLOE = Student("Ana Müller", "12345"), Student("Ben Li", "ben@school.org"), Student("Chloé O'Neil", "team-7")
CLASS = (ANA, BEN, CHLOE)


@pytest.mark.parametrize(
    "content",
    [
        "name,key\nAna Müller,12345\n".encode(),
        "\ufeffName;E-mail\r\nAna Müller;12345\r\n".encode(),
        "Student ID\tNotes\tName\n12345\t\tAna Müller\n\n".encode("latin-1"),
        "name,key\nAna Müller,12345\nAna Müller,12345\n".encode("utf-16"),
        b'id,name\n12345,"Ana M\xfcller"\n',
    ],
)
def test_a_roster_is_read_however_it_was_saved(content: bytes) -> None:
    assert read_roster(content) == (ANA,)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has 0 students"),
        (b"name,key\n", "has 0 students"),
        (b"name,grade\nAna,1\n", 'no column "key or folder"'),
        (b"key,grade\nAna,1\n", 'no column "name or student"'),
        (b"name,key\nAna,1\nBen,\n", "Row 3 of the roster lacks"),
        (b"name,key\nAna\n", "Row 2 of the roster lacks"),
        (b"name,key\nAna,a-1\nBen,A 1\n", "Rows 2 and 3 of the roster have the same key"),
        (b'name,key\n"Ana,1\n', "can't be read as CSV"),
        (b"PK\3\4\0\0name,key\n", "is no text"),
    ],
)
def test_what_is_wrong_with_a_roster_is_one_sentence(content: bytes, said: str) -> None:
    with pytest.raises(CannotCheckError) as raised:
        read_roster(content)
    assert said in raised.value.message and "\n" not in raised.value.message


@pytest.mark.parametrize(
    ("submission", "student"),
    [
        ("12345", ANA),
        ("12345.zip", ANA),
        ("müllerana_12345_67890_submission.zip", ANA),
        ("mullerana_999_67890_submission.ZIP", ANA),
        ("Müller, Ana.ipynb", ANA),
        ("BEN_SCHOOL_ORG.zip", BEN),
        ("li-ben late (1).zip", BEN),
        ("Team 7", CHLOE),
        ("chloe o'neil", CHLOE),
        ("812345.zip", None),
        ("libenson_1.zip", None),
        ("ben.zip", None),
    ],
)
def test_a_submission_is_whose_key_or_name_it_bears(submission: str, student: Student | None) -> None:
    joined = join(CLASS, [submission])
    assert joined.students.get(submission) == student
    assert joined.strangers == (() if student else (submission,))
    assert set(joined.missing) == set(CLASS) - {student} and not joined.problems


def test_what_is_ambiguous_is_said_and_not_guessed() -> None:
    twins = (Student("Ana Li", "1"), Student("Ana Li", "2"))
    joined = join(twins, ["ana li.zip"])
    assert joined.strangers == ("ana li.zip",) and not joined.students
    assert joined.problems == ("ana li.zip could be of Ana Li, Ana Li: name it by a key.",)


def test_the_longer_of_two_names_decides() -> None:
    short, long = Student("Ana Li", "1"), Student("Ana Li Wong", "2")
    assert join((short, long), ["ana li wong.zip"]).students == {"ana li wong.zip": long}


def test_several_submissions_of_one_student_are_said() -> None:
    joined = join(CLASS, ["12345.zip", "12345.ipynb"])
    assert joined.problems == ("Ana Müller has 2 submissions: 12345.ipynb, 12345.zip.",) and not joined.strangers


def test_the_order_of_names_and_submissions_changes_nothing() -> None:
    names = ["12345", "unknown", "ben li"]
    assert join(CLASS, names) == join(CLASS[::-1], names[::-1])
