"""The corpus under tests/submissions/: no cheat passes, and no honest oddity fails."""

import sys
from pathlib import Path

import pytest
import torch

from checker.check import check_folder
from checker.means import Means
from tests.corpus import Case, cases, images, write
from tests.recorded_here import AnswersHere, WorkersHere

CHEATS, HONEST = cases("cheats"), cases("honest")


def checked(case: Case, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[bool | None, str]]:
    """Return what does not pass of a case: rule → verdict and message."""
    write(case, folder)
    monkeypatch.setattr("checker.workers.Workers", WorkersHere)
    if case.weights != "base":  # What harms nobody is recorded here, which is much faster.
        monkeypatch.setattr("checker.intake.folder.start", AnswersHere)
    monkeypatch.setattr("checker.test_set.load_images", lambda dataset, split, folder: images(dataset.name))
    monkeypatch.setattr("checker.test_set.verify", lambda *images: None)
    assignment = case.assignment
    result = check_folder(
        assignment,
        folder,
        own=False,
        only_run=case.run,
        rules=assignment.every_rule,
        means=Means(),
        tell=lambda doing: None,
    )
    (run,) = result.runs
    return {
        rule.id: (rule.verdict.passed, rule.verdict.message) for rule in run.rules if rule.verdict.passed is not True
    }


@pytest.mark.for_real
@pytest.mark.parametrize("case", CHEATS, ids=lambda case: case.folder.name)
def test_no_cheat_passes(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(case, tmp_path / "submission", monkeypatch)
    assert case.rule in found, f"{case.tries}: {case.rule} passes"
    # Others may be none that can be checked, but no honest one would break them.
    assert not {rule for rule, (verdict, _) in found.items() if verdict is False} - {case.rule, *case.also}, (
        f"{case.tries}: {found}"
    )


@pytest.mark.for_real
@pytest.mark.parametrize("case", HONEST, ids=lambda case: case.folder.name)
def test_no_honest_one_fails(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checked(case, tmp_path / "submission", monkeypatch)
    assert {rule: verdict for rule, (verdict, _) in found.items()} == ({case.unknown: None} if case.unknown else {}), (
        f"{case.tries}: {found}"
    )


def test_few_honest_ones_can_not_be_checked() -> None:
    assert 10 * sum(bool(case.unknown) for case in HONEST) <= len(HONEST)


if __name__ == "__main__":  # python -m tests.checker.test_corpus NAME…: what is said of some cases, or all.
    import tempfile

    torch.set_num_threads(1)
    for case in CHEATS + HONEST:
        if not sys.argv[1:] or case.folder.name in sys.argv[1:]:
            with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
                print(f"{case.folder.parent.name}/{case.folder.name}: {case.tries}", flush=True)
                for rule, (verdict, message) in checked(case, Path(folder) / "submission", monkeypatch).items():
                    print(f"    {rule} {verdict}: {message}", flush=True)
