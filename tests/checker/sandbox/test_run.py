"""Tasks and their answers, as an honest submission gets them, and the sentences where there is none."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from checker.sandbox import isolation as isolations
from checker.sandbox.isolation import AUTO, BUBBLEWRAP, PROCESS, IsolationError, choose_isolation
from checker.sandbox.run import run
from checker.sandbox.tasks import Answer, Task
from tests.checker.sandbox.conftest import AUGMENTATION, QUICK

RECORD = """
class NotRecordableError(Exception):
    def __init__(self, message, help):
        self.message, self.help = message, help

def record(network, inputs, batch):
    if network == "random":
        raise NotRecordableError("model.py, line 2: the network draws random numbers.", "Draw in training alone.")
    return {"network": network, "inputs": inputs, "batch": batch}
"""
PROGRAM = "import json\ndef to_bytes(program): return json.dumps(program).encode(), b'constants'\n"


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorder that needs no torch, in the place of common.anatomy."""
    repository = tmp_path / "repository"
    (repository / "common" / "anatomy").mkdir(parents=True)
    (repository / "checker").symlink_to(isolations.REPOSITORY / "checker")
    for name, content in (("record.py", RECORD), ("program.py", PROGRAM), ("__init__.py", "")):
        (repository / "common" / "anatomy" / name).write_text(content)
    (repository / "common" / "errors.py").write_text((isolations.REPOSITORY / "common" / "errors.py").read_text())
    monkeypatch.setattr(isolations, "REPOSITORY", repository)


def network(run: str) -> Task:
    return Task("network", {"run": run, "inputs": [[1, 28, 28]], "batch": 250})


def test_several_tasks_are_answered_in_order(folder: Path, isolation: str, recorder: None) -> None:
    (folder / "model.py").write_text(
        "from blocks import shape\n\ndef build(name):\n    return name + shape if name else 1 / 0\n"
    )
    (folder / "blocks.py").write_text("shape = ''")
    answers = list(
        run(folder, [network("a"), network(""), network("random"), AUGMENTATION, network("b")], isolation=isolation)
    )
    assert answers[0] == Answer({"network": "a", "inputs": [[1, 28, 28]], "batch": 250}, b"constants")
    assert (
        answers[1].problem.message
        == "build('') of model.py raised ZeroDivisionError: division by zero (model.py, line 4)."
    )
    assert answers[2].problem.message == "model.py, line 2: the network draws random numbers."
    assert answers[3].problem.message == f"There is no {folder}/train.py."
    assert answers[4].value["network"] == "b"


def test_a_folder_with_a_common_of_its_own(folder: Path, isolation: str, recorder: None) -> None:
    (folder / "common").mkdir()
    (folder / "common" / "nets.py").write_text("def build(name): return name")
    (folder / "model.py").write_text("from common.nets import build")
    (answer,) = run(folder, [network("a")], isolation=isolation)
    assert answer.value["network"] == "a", answer


def test_after_an_end_the_other_tasks_are_not_tried(folder: Path, isolation: str, recorder: None) -> None:
    (folder / "model.py").write_text("import os\ndef build(name):\n    return os._exit(3) if name == 'b' else name\n")
    first, second, third = run(folder, [network("a"), network("b"), network("c")], isolation=isolation)
    assert first.problem is None
    assert second.problem.message == "Recording the network of b ended Python (exit code 3) before it had answered."
    assert third.problem.kind == "exit" and third.problem.message.startswith(
        "Recording the network of c was not tried: "
    )


def test_an_augmentation_is_described(folder: Path, isolation: str) -> None:
    (folder / "train.py").write_text(
        "import albumentations as A\nfrom settings import p\n"
        "def augmentation(): return A.Compose([A.HorizontalFlip(p=p)])"
    )
    (folder / "settings.py").write_text("p = 0.25")
    (answer,) = run(folder, [AUGMENTATION], isolation=isolation)
    assert answer.value["dropped"] == []
    assert answer.value["pipeline"]["transform"]["transforms"][0] == {"__class_fullname__": "HorizontalFlip", "p": 0.25}


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("x = 1", "/submission/train.py has no function augmentation()."),
        ("augmentation = 7", "/submission/train.py has no function augmentation()."),
        ("\n1 / 0", "/submission/train.py raised ZeroDivisionError: division by zero (train.py, line 2)."),
        (
            "def augmentation(x): pass",
            "augmentation() of train.py raised TypeError: augmentation() missing 1 required positional argument: 'x'.",
        ),
        ("import blocks", "/submission/train.py raised ZeroDivisionError: division by zero (blocks.py, line 1)."),
        (
            "import absent",
            "/submission/train.py raised ModuleNotFoundError: No module named 'absent' (train.py, line 1).",
        ),
        ("def f(:", "/submission/train.py raised SyntaxError: invalid syntax (train.py, line 1)."),
        (
            "x = 'mod\xe8le'".encode("latin-1"),
            "raised SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xe8",
        ),
        (
            "# -*- coding: latin-1 -*-\nraise ValueError('mod\xe8le')".encode("latin-1"),
            "raised ValueError: modèle (train.py, line 2).",
        ),
        (b"\xef\xbb\xbfraise ValueError(1)", "raised ValueError: 1 (train.py, line 1)."),
        (b"x = 1\0", "source code string cannot contain null bytes"),
        ("import sys\nsys.exit(3)", "raised SystemExit: 3 (train.py, line 2)."),
        ("x = bytearray(10**13)", "raised MemoryError (train.py, line 1)."),
    ],
)
@pytest.mark.parametrize("isolation", [PROCESS])
def test_each_mistake_has_its_sentence(
    ask: Callable[..., Answer], folder: Path, code: str | bytes, sentence: str
) -> None:
    (folder / "blocks.py").write_text("1 / 0")
    problem = ask(code).problem
    assert sentence in problem.message and problem.message.endswith(".") and problem.help


def test_what_is_printed_is_kept_at_its_end(folder: Path, isolation: str) -> None:
    (folder / "train.py").write_text("import sys\nprint('x' * 5000)\nprint('the end', file=sys.stderr)")
    answers = run(folder, [AUGMENTATION], isolation=isolation, limits=QUICK)
    list(answers)
    assert answers.printed.endswith("the end\n") and len(answers.printed) <= 2000


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path, isolation: str) -> None:
    answer, second = run(tmp_path / "absent", [AUGMENTATION, AUGMENTATION], isolation=isolation)
    assert answer.problem.message == f"{tmp_path}/absent can't be read (No such file or directory)."
    assert second.problem.kind == "refused"


def test_closed_answers_have_come_to_their_end(folder: Path, isolation: str) -> None:
    answers = run(folder, [AUGMENTATION], isolation=isolation)
    answers.close()
    assert list(answers) == []


def test_no_tasks_have_no_answers(folder: Path, isolation: str) -> None:
    assert list(run(folder, [], isolation=isolation)) == []


def test_a_sandbox_that_does_not_start_says_so(folder: Path, isolation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "checker.sandbox.run.command", lambda *arguments: [sys.executable, "-c", "raise OSError('no such luck')"]
    )
    (answer,) = run(folder, [AUGMENTATION], isolation=isolation)
    assert answer.problem.kind == "start" and "OSError: no such luck" in answer.problem.message


def test_bubblewrap_is_refused_in_one_sentence_where_it_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolations, "_bubblewrap_problem", lambda: "there is no program bwrap")
    assert choose_isolation(AUTO) == PROCESS
    with pytest.raises(IsolationError, match="there is no program bwrap"):
        choose_isolation(BUBBLEWRAP)
    with pytest.raises(IsolationError, match="'none'"):
        choose_isolation("none")


def test_a_bwrap_that_does_not_work_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert isolations._bubblewrap_problem.__wrapped__() == "bwrap: No permissions to create new namespace"


def test_the_caller_s_side_imports_nothing_slow() -> None:
    code = (
        "import sys, checker.sandbox.run\n"
        "print([name for name in ('torch', 'numpy', 'rich', 'safetensors') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
