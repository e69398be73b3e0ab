"""The command line: exit codes, formats, selection, and bad input of every kind, which is never a traceback."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from checker.__main__ import main
from checker.assignments import SESSION05
from checker.rules import RULES
from checker.verdict import RuleResult, RunResult, SubmissionResult, Verdict
from tests.conftest import REPOSITORY
from tests.written_submission import HONEST_MODEL, read_log, write_log, write_submission


def run(data: Path, *arguments: object) -> int:
    return main(["session05", "--data-dir", str(data), *map(str, arguments)])


def report(capsys: pytest.CaptureFixture, data: Path, *arguments: object) -> tuple[int, dict]:
    code = run(data, "--format", "json", *arguments)
    return code, json.loads(capsys.readouterr().out)


def test_an_honest_submission_exits_0(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    write_submission(tmp_path)
    code, found = report(capsys, generated_data, "--path", tmp_path)
    assert code == 0
    assert found["format"] == 1 and found["passed"] is True
    (submission,) = found["submissions"]
    assert (
        submission["assignment"] == "session05" and submission["path"] == str(tmp_path) and submission["passed"] is True
    )
    (one,) = submission["runs"]
    assert one["name"] == "mine" and one["passed"] is True and one["required"] is True and one["seconds"] >= 0
    rules = {rule["id"]: rule for rule in one["rules"]}
    assert set(rules["parameters"]) == {
        "id",
        "title",
        "passed",
        "measured",
        "required",
        "evidence",
        "message",
        "help",
    }
    assert rules["parameters"]["measured"] == 2_690 and rules["parameters"]["required"] == "< 10,000"
    assert rules["parameters"]["evidence"] == "measured" and rules["epochs"]["evidence"] == "recorded"


def test_a_broken_rule_exits_1(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    write_submission(tmp_path, epochs=16)
    code, found = report(capsys, generated_data, "--path", tmp_path)
    assert code == 1 and found["passed"] is False


def test_what_could_not_be_checked_exits_2(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    run_folder = write_submission(tmp_path)
    (run_folder / "epoch-15.safetensors").unlink()
    code, found = report(capsys, generated_data, "--path", tmp_path)
    assert code == 2 and found["passed"] is None


def own_folder(repository: Path, monkeypatch: pytest.MonkeyPatch, **different: dict) -> None:
    """Write a session 5 of our own, whose runs are all honest; `different` are arguments of the runs called so."""
    monkeypatch.setattr("checker.commands.REPOSITORY", repository)
    for name in SESSION05.runs:
        write_submission(repository / "session05", name=name, **different.get(name, {}))


def test_runs_that_are_only_shown_do_not_decide(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_folder(tmp_path, monkeypatch, skeleton={"epochs": 16})
    code, found = report(capsys, generated_data)
    runs = {one["name"]: (one["required"], one["passed"]) for one in found["submissions"][0]["runs"]}
    assert code == 0 and runs["skeleton"] == (False, False) and runs["under-8k"] == (True, True)
    code, found = report(capsys, generated_data, "--run", "skeleton")
    assert code == 1 and found["submissions"][0]["runs"][0]["required"] is True  # Asked for by name, it decides.


def test_nothing_that_must_pass_is_no_pass() -> None:
    shown = RunResult(
        "skeleton", False, 0.0, (RuleResult("epochs", "", Verdict(True, 15, "<= 15", "15 epochs", None)),)
    )
    assert shown.passed is True and SubmissionResult("session05", "", "", (shown,)).passed is None


def test_what_our_runs_promise_is_asked_of_ours_alone(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_folder(tmp_path, monkeypatch)
    for arguments, required in (((), "< 8,000"), (("--path", tmp_path / "session05"), "< 10,000")):
        _, found = report(capsys, generated_data, *arguments, "--run", "under-8k", "--select", "parameters")
        (rule,) = found["submissions"][0]["runs"][0]["rules"]
        assert rule["required"] == required
    # A submission's run is judged whatever it is called.
    code, found = report(capsys, generated_data, "--path", tmp_path / "session05", "--run", "skeleton")
    assert code == 0 and found["submissions"][0]["runs"][0]["required"] is True


def test_select_and_ignore(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    write_submission(tmp_path, epochs=16)
    assert report(capsys, generated_data, "--path", tmp_path, "--ignore", "epochs")[0] == 0
    code, found = report(capsys, generated_data, "--path", tmp_path, "--select", "epochs", "--select", "parameters")
    assert code == 1
    assert [rule["id"] for rule in found["submissions"][0]["runs"][0]["rules"]] == ["parameters", "epochs"]


def test_output_writes_the_report_to_a_file(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    write_submission(tmp_path / "work")
    target = tmp_path / "report.json"
    assert run(generated_data, "--path", tmp_path / "work", "--format", "json", "--output", target) == 0
    assert json.loads(target.read_text())["passed"] is True
    assert capsys.readouterr().out == ""
    assert run(generated_data, "--path", tmp_path / "work", "--output", tmp_path / "none" / "report") == 2
    assert "There is no folder" in capsys.readouterr().err


def test_the_report_is_plain_and_narrow_when_it_is_piped(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    write_submission(tmp_path, epochs=16)
    run(generated_data, "--path", tmp_path)
    out = capsys.readouterr().out
    assert "\x1b" not in out and max(map(len, out.splitlines())) <= 80
    assert "FAILED" in out and "16 epochs" in out and "2,690" in out


def test_list_names_every_rule_and_why(capsys: pytest.CaptureFixture) -> None:
    assert main(["--list"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "sustained_accuracy: Each of the last five epochs reaches 99.4 %" in out
    assert "under-8k: Fewer than 8,000 parameters" in out and "not a one-time achievement" in out


def in_its_own_process(*arguments: object) -> subprocess.CompletedProcess:
    """Run the checker as a user would: what PyTorch has done in the tests' process, where it recorded networks, spoils
    workers forked from it."""
    return subprocess.run(
        [sys.executable, "-m", "checker", *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def real(*arguments: object, to: str) -> int:
    """Run the checker as a process of its own, its output led to where a shell's `to` says, and return the exit
    code."""
    command = shlex.join([sys.executable, "-m", "checker", *map(str, arguments)])
    return subprocess.run(
        ["bash", "-c", f"{command} {to}; exit ${{PIPESTATUS[0]}}"],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    ).returncode


@pytest.mark.parametrize("to", [">&-", "> /dev/full", "| (exec <&-; sleep 5)"], ids=["closed", "full", "nobody reads"])
def test_a_report_that_nobody_gets_exits_2(tmp_path: Path, to: str) -> None:
    write_submission(tmp_path)
    arguments = ("session05", "--path", tmp_path, "--select", "epochs")
    assert real(*arguments, to="> /dev/null") == 0
    assert real(*arguments, "--format", "json", to=to) == 2


@pytest.mark.parametrize("to", ["| head -1 > /dev/null", "| (exec <&-; sleep 5)"], ids=["cut", "nobody reads"])
def test_a_list_that_is_cut_is_no_failure(to: str) -> None:
    assert real("--list", to=to) == 0


def test_a_submission_that_cannot_be_read_gets_a_json_report(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    code, found = report(capsys, generated_data, "--path", tmp_path / "nowhere")
    assert code == 2 and found["passed"] is None
    (submission,) = found["submissions"]
    assert "There is no folder" in submission["problem"] and submission["runs"] == [] and submission["passed"] is None


@pytest.mark.for_real
def test_images_that_are_not_the_published_ones_are_one_sentence(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    write_submission(tmp_path)
    assert run(generated_data, "--path", tmp_path, "--select", "sustained_accuracy") == 2
    captured = capsys.readouterr()
    assert "is not MNIST as it was published" in captured.err and captured.err.count("\n") == 1 and not captured.out


@pytest.mark.for_real
def test_the_sandbox_and_the_workers_check_a_network(tmp_path: Path, real_data: Path) -> None:
    write_submission(tmp_path)
    finished = in_its_own_process(
        "session05",
        "--data-dir",
        real_data,
        "--format",
        "json",
        "--path",
        tmp_path,
        "--select",
        "parameters",
        "--select",
        "no_fully_connected",
        "--select",
        "sustained_accuracy",
    )
    (submission,) = json.loads(finished.stdout)["submissions"]
    (one,) = submission["runs"]
    assert (
        finished.returncode == 1
        and submission["isolation"] in ("bubblewrap", "process")
        and (one["views"], one["single_view"]) == (1, None)
    )
    assert {rule["id"]: rule["passed"] for rule in one["rules"]} == {
        "parameters": True,
        "no_fully_connected": True,
        "sustained_accuracy": False,
    }


def test_views_are_counted_and_a_single_one_is_measured(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    looks = HONEST_MODEL.replace(
        "def forward(self, images):",
        "def forward(self, images):\n        return (self.look(images) + self.look("
        "images.roll(4, 3))) / 2\n\n    def look(self, images):",
    )
    write_submission(tmp_path, model=looks)
    code, found = report(capsys, generated_data, "--path", tmp_path)
    one = found["submissions"][0]["runs"][0]
    assert code == 0 and one["views"] == 2 and one["single_view"] == 100.0
    assert any("2 views; a single one: 100.00" in rule["message"] for rule in one["rules"])


# Bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["session05", "--path", "nowhere"], "There is no folder nowhere."),
        (["session05", "--path", "{folder}"], "runs"),
        (["session05", "--select", "taste"], "There is no rule 'taste'"),
        (["session05", "--select", "epochs", "--ignore", "epochs"], "No rule of session05 is left"),
        (["session05", "--path", "{folder}/runs/mine"], "Use --path {folder} --run mine."),
        (["session05", "--device", "abacus"], "'abacus' is not available"),
        (["session05", "--device", "meta"], "'meta' is not available"),
        (["session05", "--output", "{folder}"], "is a folder"),
        (["session05", "--path", "{folder}/" + 300 * "a"], "There is no folder"),
        (["session05", "--output", "{folder}/" + 300 * "a", "--path", "{folder}/nowhere"], "There is no folder"),
        (["session05", "--output", os.devnull], "is no regular file"),
        (["all", "--path", "{folder}"], "--path holds one submission"),
        (["all", "--run", "nobody's"], 'No session has a run "nobody\'s"'),
        ([], "Name an assignment"),
    ],
)
def test_a_wrong_command_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture, arguments: list[str], words: str
) -> None:
    if any("mine" in argument for argument in arguments):
        write_submission(tmp_path, name="mine")
    assert main([argument.format(folder=tmp_path) for argument in arguments]) == 2
    captured = capsys.readouterr()
    assert words.format(folder=tmp_path) in captured.err and captured.err.count("\n") == 1 and not captured.out


def test_all_takes_the_sessions_that_have_what_is_asked(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checker.commands.REPOSITORY", tmp_path)
    write_submission(tmp_path / "session04", name="under-20k", epochs=19)
    arguments = ["all", "--data-dir", str(generated_data), "--format", "json", "--select", "epochs"]
    assert main([*arguments, "--run", "under-20k"]) == 0
    assert [each["assignment"] for each in json.loads(capsys.readouterr().out)["submissions"]] == ["session04"]
    # A session that is missing does not keep the others from being checked, and keeps the whole from passing.
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert "Left out, as none of their rules is asked for: session03." in captured.err
    found = {each["assignment"]: each for each in json.loads(captured.out)["submissions"]}
    assert (
        set(found) == {"session04", "session05", "session06", "session07"}
        and found["session04"]["runs"][1]["passed"] is True
    )
    assert "There is no folder" in found["session05"]["problem"] and found["session05"]["passed"] is None
    assert main([*arguments[:3], "--select", "epochs"]) == 2
    assert "There is no folder" in capsys.readouterr().out


def test_names_that_no_terminal_can_write(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    folder = write_submission(tmp_path)
    lines = read_log(folder)
    lines[-1]["weights"]["file"] = "\ud800.safetensors"
    write_log(folder, lines)
    assert run(generated_data, "--path", tmp_path) == 2
    assert "\N{REPLACEMENT CHARACTER}.safetensors can't be read" in capsys.readouterr().out
    assert run(generated_data, "--path", tmp_path, "--output", tmp_path / "report.txt") == 2
    assert "\N{REPLACEMENT CHARACTER}.safetensors" in (tmp_path / "report.txt").read_text()


def test_json_has_no_nan(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    write_submission(tmp_path, name="batch-l1", recipe={"l1": float("nan")})
    main(["session06", "--path", str(tmp_path), "--data-dir", str(generated_data), "--format", "json"])
    out = capsys.readouterr().out
    assert json.loads(out, parse_constant=lambda name: pytest.fail(name))["passed"] is False


def test_a_run_that_is_not_there(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    write_submission(tmp_path)
    assert run(generated_data, "--path", tmp_path, "--run", "yours") == 2
    assert "no run 'yours'" in capsys.readouterr().err


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def raising(statement: str) -> str:
    return HONEST_MODEL + f"\n{statement}\n"


def in_its_place(path: Path) -> Path:
    path.unlink()
    return path


BROKEN = {
    "no model.py": (lambda folder, run: (folder / "model.py").unlink(), "There is no"),
    "a syntax error": (lambda folder, run: (folder / "model.py").write_text("def build(name:\n"), "SyntaxError"),
    "a model.py that raises": (
        lambda folder, run: (folder / "model.py").write_text(raising("1 / 0")),
        "ZeroDivisionError",
    ),
    "a model.py that exits": (
        lambda folder, run: (folder / "model.py").write_text(raising("raise SystemExit(0)")),
        "SystemExit",
    ),
    "no build": (lambda folder, run: (folder / "model.py").write_text("x = 1"), "no function build(name)"),
    "build raises": (
        lambda folder, run: (folder / "model.py").write_text("def build(name):\n    raise KeyError(name)\n"),
        "KeyError",
    ),
    "build returns text": (
        lambda folder, run: (folder / "model.py").write_text("def build(name):\n    return name\n"),
        "returned str",
    ),
    "forward raises": (
        lambda folder, run: (folder / "model.py").write_text(
            HONEST_MODEL.replace(
                "return self.classify", "raise RuntimeError('out of order')\n        return self.classify"
            )
        ),
        "out of order",
    ),
    "twelve classes": (
        lambda folder, run: (folder / "model.py").write_text(
            HONEST_MODEL.replace(".flatten(1)", ".flatten(1)[:, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]]")
        ),
        "100×12",
    ),
    "no run.json": (lambda folder, run: (run / "run.json").unlink(), "run.json is missing"),
    "run.json is cut": (lambda folder, run: (run / "run.json").write_text("{"), "can't be read as JSON"),
    "run.json is a list": (lambda folder, run: (run / "run.json").write_text("[]"), "holds no JSON object"),
    "a deviation of zero": (
        lambda folder, run: (run / "run.json").write_text('{"normalization": {"mean": [0.5], "std": [0]}}'),
        "no usable normalization",
    ),
    "three channels": (
        lambda folder, run: (run / "run.json").write_text('{"normalization": {"mean": [0.5, 0, 0], "std": [1, 1, 1]}}'),
        "normalises 3 channels",
    ),
    "no log": (lambda folder, run: (run / "epochs.jsonl").unlink(), "epochs.jsonl is missing"),
    "an empty log": (lambda folder, run: (run / "epochs.jsonl").write_text(""), "is empty"),
    "a cut line": (lambda folder, run: (run / "epochs.jsonl").write_text('{"epoch": 1'), "Line 1 of"),
    "a binary log": (lambda folder, run: (run / "epochs.jsonl").write_bytes(b"\xff\xfe\x00"), "can't be read"),
    "a rounded count": (
        lambda folder, run: write_log(run, [line | {"test_correct": 99.5} for line in read_log(run)]),
        "99.5 is no count",
    ),
    "a missing weight file": (
        lambda folder, run: (run / "epoch-15.safetensors").unlink(),
        "epoch-15.safetensors is missing",
    ),
    "a truncated weight file": (lambda folder, run: truncate(run / "epoch-13.safetensors"), "truncated, damaged"),
    "an empty weight file": (lambda folder, run: (run / "epoch-13.safetensors").write_bytes(b""), "truncated, damaged"),
    "weights outside the folder": (
        lambda folder, run: write_log(run, [line | {"weights": {"file": "../../model.py"}} for line in read_log(run)]),
        "outside the run's folder",
    ),
    "a list for a file name": (
        lambda folder, run: write_log(run, [line | {"weights": {"file": ["a"]}} for line in read_log(run)]),
        "is no text",
    ),
    "a very long file name": (
        lambda folder, run: write_log(run, [line | {"weights": {"file": "a" * 300 + ".pt"}} for line in read_log(run)]),
        "too long",
    ),
    "a mean beyond all numbers": (
        lambda folder, run: (run / "run.json").write_text(
            '{"normalization": {"mean": [1' + "0" * 400 + '], "std": [1]}}'
        ),
        "no usable normalization",
    ),
    "a folder in place of run.json": (lambda folder, run: in_its_place(run / "run.json").mkdir(), "is no regular file"),
    "a folder in place of the log": (
        lambda folder, run: in_its_place(run / "epochs.jsonl").mkdir(),
        "is no regular file",
    ),
    "a folder in place of weights": (
        lambda folder, run: in_its_place(run / "epoch-15.safetensors").mkdir(),
        "is no regular file",
    ),
    "a pipe in place of weights": (
        lambda folder, run: os.mkfifo(in_its_place(run / "epoch-15.safetensors")),
        "is no regular file",
    ),
    "a link in place of weights": (
        lambda folder, run: in_its_place(run / "epoch-15.safetensors").symlink_to("epoch-14.safetensors"),
        "links are not followed",
    ),
    "layers without sizes": (
        lambda folder, run: (folder / "model.py").write_text(
            HONEST_MODEL.replace("nn.Conv2d(10, 10, 1)", "nn.LazyConv2d(10, 1)")
        ),
        "uninitialized",
    ),
    "weights in another format": (
        lambda folder, run: write_log(run, [line | {"weights": {"file": "run.json"}} for line in read_log(run)]),
        "neither a .safetensors",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_input_is_a_sentence_and_no_pass(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, name: str
) -> None:
    run_folder = write_submission(tmp_path)
    change, words = BROKEN[name]
    change(tmp_path, run_folder)
    code, found = report(capsys, generated_data, "--path", tmp_path)
    assert code in (1, 2) and found["passed"] is not True
    unknown = [rule for rule in found["submissions"][0]["runs"][0]["rules"] if rule["passed"] is None]
    assert any(words in rule["message"] for rule in unknown)
    assert all(rule["help"] and "\n" not in rule["message"] for rule in unknown)


def test_a_pickle_that_runs_code_is_not_run(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    import pickle

    class Attack:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "attacked",))

    run_folder = write_submission(tmp_path)
    (run_folder / "epoch.pt").write_bytes(pickle.dumps({"weight": Attack()}, protocol=2))
    write_log(run_folder, [line | {"weights": {"file": "epoch.pt"}} for line in read_log(run_folder)])
    code, found = report(capsys, generated_data, "--path", tmp_path, "--select", "finite_weights")
    assert code == 2 and not (tmp_path / "attacked").exists()
    assert "more than a state dict" in found["submissions"][0]["runs"][0]["rules"][0]["message"]


def test_no_data_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import urllib.error
    import urllib.request

    def refuse(*args: object, **keywords: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    write_submission(tmp_path)
    assert run(tmp_path / "no-data", "--path", tmp_path) == 2
    captured = capsys.readouterr()
    assert "No MNIST in" in captured.err and "DATA_DIR" in captured.err and captured.err.count("\n") == 1
    assert not captured.out
    # What can be told without images is told.
    assert run(tmp_path / "no-data", "--path", tmp_path, "--select", "parameters") == 0


# The machinery ------------------------------------------------------------------------------------------------------


def test_names_in_brackets_are_no_markup(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    write_submission(tmp_path, name="[bold]x")
    assert run(generated_data, "--path", tmp_path, "--select", "epochs") == 0
    assert "session05 [bold]x" in capsys.readouterr().out


def test_runs_are_not_somebody_else_s(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    write_submission(tmp_path / "theirs")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "runs").symlink_to(tmp_path / "theirs" / "runs")
    assert run(generated_data, "--path", tmp_path / "mine") == 2
    assert "links are not followed" in capsys.readouterr().err


def test_a_thousand_runs_are_too_many(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    for number in range(1000):
        (tmp_path / "runs" / str(number)).mkdir(parents=True)
    assert run(generated_data, "--path", tmp_path) == 2
    assert "1,000 runs, more than" in capsys.readouterr().err


def test_the_weights_of_all_runs_are_bounded_together(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checker.intake.folder.MOST_WEIGHTS_IN_ALL", 100_000)
    for name in ("one", "two"):
        write_submission(tmp_path, name=name)
    code, found = report(capsys, generated_data, "--path", tmp_path, "--select", "weights_match_model")
    assert code == 2 and [each["passed"] for each in found["submissions"][0]["runs"]] == [True, None]
    assert "together" in found["submissions"][0]["runs"][1]["rules"][0]["message"]


@pytest.mark.parametrize("format", ["rich", "json"])
def test_a_report_that_nobody_gets_is_no_verdict(
    tmp_path: Path, generated_data: Path, format: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    write_submission(tmp_path)
    arguments = ("--path", tmp_path, "--select", "epochs", "--format", format)
    read, write = os.pipe()
    os.close(read)
    with monkeypatch.context() as patched, open(write, "w") as nobody:
        patched.setattr(sys, "stdout", nobody)
        assert run(generated_data, *arguments) == 2
    with monkeypatch.context() as patched, open("/dev/full", "w") as full:
        patched.setattr(sys, "stdout", full)
        assert run(generated_data, *arguments) == 2
    assert "The report could not be written (No space left on device)" in capfd.readouterr().err
    monkeypatch.setattr(sys, "stdout", None)
    assert run(generated_data, *arguments) == 2
    assert "stdout is closed" in capfd.readouterr().err
    assert run(generated_data, *arguments, "--output", tmp_path / "report") == 0


def test_a_link_for_a_report_stays_one(tmp_path: Path, generated_data: Path) -> None:
    write_submission(tmp_path / "work")
    (tmp_path / "link").symlink_to("report")
    assert run(generated_data, "--path", tmp_path / "work", "--select", "epochs", "--output", tmp_path / "link") == 0
    assert (tmp_path / "link").is_symlink() and "passed" in (tmp_path / "report").read_text()


def test_a_defect_is_no_failed_rule(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*arguments: object, **options: object) -> None:
        raise AssertionError("nobody thought\nof it")

    write_submission(tmp_path)
    monkeypatch.setattr("checker.check.check_folder", defect)
    assert run(generated_data, "--path", tmp_path) == 2
    err = capsys.readouterr().err
    assert "AssertionError: nobody thought\N{REPLACEMENT CHARACTER}of it" in err and err.count("\n") == 1


@pytest.mark.for_real
def test_ctrl_c_waits_for_nothing(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    write_submission(tmp_path)
    (tmp_path / "model.py").write_text("import time\ntime.sleep(60)")
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 2)
        began = time.monotonic()
        assert run(generated_data, "--path", tmp_path, "--select", "parameters") == 130
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - began < 50 and "Interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("changed", [{"batch": 7}, {"inputs": [{"name": "images", "shape": [1, 1000, 1000]}]}])
def test_a_forged_program_takes_what_it_is_given(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, changed: dict
) -> None:
    from checker.sandbox.tasks import Answer
    from tests.recorded_here import AnswersHere

    class Forged(AnswersHere):
        def __next__(self) -> Answer:
            answer = super().__next__()
            changes = (
                changed if "batch" in changed else {"inputs": [answer.value["inputs"][0] | {"shape": [1, 1000, 1000]}]}
            )
            return Answer(answer.value | changes, answer.blob)

    monkeypatch.setattr("checker.intake.folder.start", Forged)
    write_submission(tmp_path)
    code, found = report(
        capsys, generated_data, "--path", tmp_path, "--select", "parameters", "--select", "sustained_accuracy"
    )
    assert code == 2 and "other inputs" in found["submissions"][0]["runs"][0]["rules"][0]["message"]


def test_a_measurement_that_takes_too_long_is_a_sentence(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checker.measure.SECONDS", 1e-3)
    write_submission(tmp_path)
    code, found = report(
        capsys, generated_data, "--path", tmp_path, "--select", "sustained_accuracy", "--select", "log_matches_weights"
    )
    assert code == 2 and all(
        "Evaluating it takes longer than" in rule["message"] for rule in found["submissions"][0]["runs"][0]["rules"]
    )


def header(tensors: dict[str, dict]) -> bytes:
    text = json.dumps(tensors).encode()
    return len(text).to_bytes(8, "little") + text + bytes(4)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (header({"a": {"dtype": "F32", "shape": [1] * 1_000_000, "data_offsets": [0, 4]}}), "8 dimensions"),
        (
            header({str(number): {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for number in range(20_000)}),
            "10,000 tensors",
        ),
        (header({"a": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}), "F8_E4M3"),
        (header({"a": {"dtype": "C64", "shape": [], "data_offsets": [0, 8]}}), "complex"),
        (header([]), "none"),
        (b"\xff" * 16, "too long"),
        (header({"a": 1}), "dimensions"),
        (bytes(8), "Expecting value"),
        ((50_000).to_bytes(8, "little") + b"[" * 50_000, "nested"),
    ],
)
def test_headers_of_weights_that_nobody_saves(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture, content: bytes, words: str
) -> None:
    run_folder = write_submission(tmp_path)
    for path in run_folder.glob("*.safetensors"):
        path.write_bytes(content)
    code, found = report(capsys, generated_data, "--path", tmp_path, "--select", "finite_weights")
    assert code == 2 and words in found["submissions"][0]["runs"][0]["rules"][0]["message"]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["sesion05"], "session05"),
        (["session05", "--slect", "parameters"], "--select"),
        (["session05", "--format", "jsn"], "json"),
        (["session05", "--select", "parametres"], "parameters"),
        (["all", "--run", "under8k"], "under-8k"),
        (["explain", "dilatd"], "dilated"),
        (["session05", "--format", "markdwn"], "markdown"),
    ],
)
def test_a_wrong_word_suggests_the_right_one(arguments: list[str], meant: str, capsys: pytest.CaptureFixture) -> None:
    try:
        code = main(arguments)
    except SystemExit as end:
        code = end.code
    assert code == 2 and f"Did you mean {meant}?" in capsys.readouterr().err


def test_a_rule_is_explained(capsys: pytest.CaptureFixture) -> None:
    for id in RULES:
        assert main(["explain", id]) == 0
        printed = capsys.readouterr().out
        assert printed.startswith(id) and "What it can't see" in printed and "{" not in printed


def test_the_version_is_told(capsys: pytest.CaptureFixture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("deep-vision-checker ")


def test_debug_shows_where_the_checker_failed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def fail(only: str | None, cohort: str | None) -> int:
        raise KeyError("lost")

    monkeypatch.setattr("checker.__main__._list", fail)
    assert main(["--list"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert main(["--list", "--debug"]) == 2
    assert "in fail" in capsys.readouterr().err
