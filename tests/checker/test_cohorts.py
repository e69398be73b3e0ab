"""The cohorts' limits: as public statements tell them, told by --list, and each with a network at its edge."""

import json
from pathlib import Path

import pytest

from checker.__main__ import main
from checker.assignments import ASSIGNMENTS
from checker.check import check_folder
from checker.cohorts import COHORTS, asked
from checker.means import Means
from checker.verdict import CannotCheckError
from tests.written_submission import HONEST_MODEL, write_submission

OWN = 2_560 + 20 + 110  # Parameters of the honest model.


def of_size(count: int) -> str:
    """The honest model with so many parameters."""
    return HONEST_MODEL.replace(
        "self.classify =", f"self.spare = nn.Parameter(torch.zeros({count - OWN}))\n        self.classify ="
    )


def missed(cohort: str, session: str, folder: Path, data: Path) -> dict[str, bool | None]:
    """What a submission did not pass of what a cohort asks."""
    assignment = asked(session, cohort)
    result = check_folder(
        assignment,
        folder,
        own=False,
        only_run=None,
        rules=assignment.every_rule,
        means=Means(data_dir=str(data)),
        tell=lambda doing: None,
    )
    assert result.cohort == cohort
    return {rule.id: rule.verdict.passed for rule in result.runs[0].rules if rule.verdict.passed is not True}


@pytest.mark.parametrize(
    ("cohort", "session", "count", "epochs", "broken"),
    [
        ("eva4", "session04", 19_999, 19, None),
        ("eva6", "session04", 19_999, 19, None),
        ("eva6", "session04", 20_000, 19, "parameters"),
        ("eva6-strict", "session04", 12_000, 19, None),
        ("eva6-strict", "session04", 18_000, 19, None),
        ("eva6-strict", "session04", 11_999, 19, "enough_parameters"),
        ("eva6-strict", "session04", 18_001, 19, "parameters"),
        ("eva6-strict", "session04", 15_000, 18, "enough_epochs"),
        ("eva6-strict", "session04", 15_000, 20, "epochs"),
        ("eva6-strict", "session05", 9_999, 14, None),
        ("eva6-strict", "session05", 9_999, 15, "epochs"),
        ("eva8", "session05", 9_999, 15, None),
        ("era", "session05", 7_999, 15, None),
        ("era", "session05", 8_000, 15, "parameters"),
    ],
)
def test_sizes_and_epochs(
    tmp_path: Path, generated_data: Path, cohort: str, session: str, count: int, epochs: int, broken: str | None
) -> None:
    write_submission(tmp_path, model=of_size(count), epochs=epochs)
    assert missed(cohort, session, tmp_path, generated_data) == ({} if broken is None else {broken: False})


@pytest.mark.parametrize(
    ("model", "broken"),
    [
        (HONEST_MODEL, set()),
        (HONEST_MODEL.replace("nn.BatchNorm2d(10)", "nn.GroupNorm(2, 10)"), {"normalization"}),
        (
            HONEST_MODEL.replace("nn.functional.adaptive_avg_pool2d(x, 1)", "x.amax((2, 3), True)"),
            {"global_average_pooling"},
        ),
    ],
    ids=["batch norm and an average", "another norm", "a maximum"],
)
def test_later_cohorts_ask_for_batch_norm_and_an_average(
    tmp_path: Path, generated_data: Path, model: str, broken: set[str]
) -> None:
    write_submission(tmp_path, model=model)
    assert missed("era", "session04", tmp_path, generated_data) == dict.fromkeys(broken, False)


def test_what_no_cohort_changes_stays_as_it_is() -> None:
    for name, cohort in COHORTS.items():
        for id, assignment in ASSIGNMENTS.items():
            if id not in cohort.assignments and id not in cohort.not_covered:
                assert asked(id, name).rules == assignment.rules and asked(id, name).cohort == name
    assert all(asked(id, "") is assignment for id, assignment in ASSIGNMENTS.items())


def test_every_note_is_of_a_session() -> None:
    for cohort in COHORTS.values():
        assert {*cohort.assignments, *cohort.not_covered, *cohort.notes} <= set(ASSIGNMENTS)
        assert not set(cohort.assignments) & set(cohort.not_covered)


def test_a_session_that_is_not_covered_says_why(capsys: pytest.CaptureFixture) -> None:
    assert main(["session06", "--cohort", "eva5"]) == 2
    assert "ghost batch norm" in capsys.readouterr().err
    assert main(["--list", "session06", "--cohort", "eva5"]) == 0
    assert "not covered for eva5" in capsys.readouterr().out


@pytest.mark.parametrize(("typed", "meant"), [("eva55", "eva5"), ("eva6_strict", "eva6-strict"), ("erra", "era")])
def test_an_unknown_cohort_suggests_one(typed: str, meant: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main(["session05", "--cohort", typed])
    assert f"Did you mean {meant}?" in capsys.readouterr().err
    with pytest.raises(CannotCheckError) as refused:
        asked("session05", typed)
    assert refused.value.help == f"Did you mean {meant}?"


def test_the_list_tells_what_differs(capsys: pytest.CaptureFixture) -> None:
    assert main(["--list", "session05"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "--cohort era: Fewer than 8,000 parameters." in told and "--cohort eva6-strict: At most 14 epochs" in told
    assert main(["--list", "session04", "--cohort", "eva6"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "normalization: The network runs batch norm" in told and "no_fully_connected: " not in told
    assert "without no_fully_connected" in told and "eva6-strict" not in told


def test_a_report_names_the_cohort(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    write_submission(tmp_path, model=of_size(9_000))
    options = ["session05", "--path", str(tmp_path), "--data-dir", str(generated_data), "--format", "json"]
    assert main([*options, "--cohort", "era"]) == 1
    (submission,) = json.loads(capsys.readouterr().out)["submissions"]
    assert submission["cohort"] == "era" and "fewer than 8,000" in submission["title"]
    assert main(options) == 0
    (submission,) = json.loads(capsys.readouterr().out)["submissions"]
    assert submission["cohort"] is None


@pytest.mark.parametrize("format", ["markdown", "junit", "csv", "gradescope"])
def test_each_format_is_a_word_on_the_command_line(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, format: str
) -> None:
    write_submission(tmp_path, epochs=16)
    options = ["session05", "--path", str(tmp_path), "--data-dir", str(generated_data), "--format", format]
    assert main(options) == 1
    printed = capsys.readouterr().out
    assert "16 epochs" in printed
    assert main([*options, "--output", str(tmp_path / "report")]) == 1
    written = (tmp_path / "report").read_bytes().decode()
    assert written.splitlines()[0] == printed.splitlines()[0] and "16 epochs" in written


def test_a_missing_submission_has_a_line_in_each_format(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for format in ("markdown", "junit", "csv", "gradescope"):
        assert main(["session05", "--path", str(tmp_path / "gone"), "--format", format, "--cohort", "era"]) == 2
        assert "There is no folder" in capsys.readouterr().out
