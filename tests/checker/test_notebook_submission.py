"""A notebook as a submission: its network is recorded and judged, and what it printed can break a rule but proves none
kept."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from checker.__main__ import main
from tests import corpus
from tests.checker.notebook.written import NOTEBOOKS, from_text, read
from tests.written_submission import read_log

EPOCHS = """#%% code 1 imports net train
#%% code 2
model = Net()
optimizer = optim.SGD(model.parameters(), lr=0.01)
for epoch in range(1, 7):
    train(model, device, train_loader, optimizer, epoch)
    test(model, device, test_loader)
#%% out
"""
LINE = "Test set: Average loss: 0.0206, Accuracy: {correct}/{total} ({percent:.2f}%)\n"


@pytest.fixture(autouse=True)
def recorded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.recorded_here import AnswersHere

    class Answers(AnswersHere):
        """All answers at once: the slice's folder is there only until the sandbox has copied it."""

        def __init__(self, *of: object, **options: object) -> None:
            super().__init__(*of, **options)
            self._answers = iter([self._answer(task) for task in list(self._tasks)])

        def __next__(self) -> object:
            return next(self._answers)

    monkeypatch.setattr("checker.intake.folder.start", Answers)


def lay_out(folder: Path, text: str) -> Path:
    written = from_text(text)
    for name, source in written.sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source)
    (folder / "mine.ipynb").write_bytes(written.content)
    return folder / "mine.ipynb"


def check(data: Path, path: Path, capsys: pytest.CaptureFixture) -> tuple[int, list[dict]]:
    code = main(["session05", "--data-dir", str(data), "--path", str(path), "--format", "json"])
    printed = capsys.readouterr()
    assert printed.out, printed.err
    return code, json.loads(printed.out)["submissions"][0]["runs"]


def printed(counts: list[int], total: int = 1_000) -> str:
    return EPOCHS + "".join(LINE.format(correct=each, total=total, percent=100 * each / total) for each in counts)


def test_a_good_notebook_is_no_proof(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    code, (run,) = check(generated_data, lay_out(tmp_path, printed([980, 995, 995, 995, 996, 995])), capsys)
    rules = {rule["id"]: rule for rule in run["rules"]}
    assert code == 1  # Its receptive field is far too small.
    assert rules["sustained_accuracy"]["passed"] is None
    assert "cell 2 prints 99.50" in rules["sustained_accuracy"]["message"]
    assert "checker.recorder" in rules["sustained_accuracy"]["help"]
    assert rules["parameters"]["passed"] is True and rules["parameters"]["evidence"] == "measured"
    assert rules["no_fully_connected"]["passed"] is True and rules["receptive_field"]["passed"] is False


@pytest.mark.parametrize(
    ("counts", "total", "words"),
    [
        ([980, 991, 990, 995, 996, 995], 1_000, "0.40 percentage points are missing"),
        ([980, 990, 991], 1_000, "prints 3 epochs"),
        ([59_800, 59_900, 59_900, 59_900, 59_900, 59_900], 60_000, "over 60,000 images"),
    ],
)
def test_what_a_notebook_prints_can_break_a_rule(
    counts: list[int],
    total: int,
    words: str,
    tmp_path: Path,
    generated_data: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    code, (run,) = check(generated_data, lay_out(tmp_path, printed(counts, total)), capsys)
    rule = next(rule for rule in run["rules"] if rule["id"] == "sustained_accuracy")
    assert code == 1 and rule["passed"] is False and rule["evidence"] == "recorded"
    assert words in f"{rule['message']} {rule['help']}"


def test_a_printed_count_of_parameters_that_is_wrong_is_told(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "mine.ipynb").write_bytes(read(NOTEBOOKS / "plain.txt").content)
    _, (run,) = check(generated_data, tmp_path / "mine.ipynb", capsys)
    assert any("prints 8,872 parameters; the network has 100" in note for note in run["notes"])


def test_a_line_that_can_not_be_recorded_is_told_by_its_cell(
    tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    text = printed([990] * 6).replace(
        "#%% code 2\n",
        "#%% code 2\nclass Net(nn.Module):\n    def forward(self, x):\n        if x.sum() > 0:\n            return x\n"
        "        return -x\n",
    )
    code, (run,) = check(generated_data, lay_out(tmp_path, text), capsys)
    rule = next(rule for rule in run["rules"] if rule["id"] == "parameters")
    assert code in (1, 2) and rule["passed"] is None and "cell 2, line 3" in rule["message"]


def test_each_trained_network_is_a_run(tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "mine.ipynb").write_bytes(read(NOTEBOOKS / "two-in-cells.txt").content)
    _, runs = check(generated_data, tmp_path / "mine.ipynb", capsys)
    assert len(runs) == 2 and all(run["trained"] is False for run in runs)


@pytest.mark.parametrize("name", ["source-missing", "no-network", "helper-missing"])
def test_a_network_that_is_not_there_says_so(
    name: str, tmp_path: Path, generated_data: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "mine.ipynb").write_bytes(read(NOTEBOOKS / f"{name}.txt").content)
    code, runs = check(generated_data, tmp_path / "mine.ipynb", capsys)
    rule = next(rule for rule in runs[0]["rules"] if rule["id"] == "parameters")
    assert code in (1, 2) and rule["passed"] is None and "cell" in rule["message"]


TRAINED = """#%% code 1 imports
{source}
#%% code 2
transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(({mean},), ({std},))])
#%% code 3
model = Network()
optimizer = optim.SGD(model.parameters(), lr=0.01)
for epoch in range(1, 16):
    train(model, device, train_loader, optimizer, epoch)
    test(model, device, test_loader)
#%% out
"""


@pytest.mark.parametrize("kept", [5, 2])
def test_with_weights_beside_it_a_notebook_is_measured(
    kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("checker.test_set.load_images", lambda dataset, split, folder: corpus.images(dataset.name))
    case = next(case for case in corpus.cases("honest") if case.folder.name == "base-05")
    run = corpus.write(case, tmp_path / "trained")
    log = read_log(run)
    source = (case.base / "model.py").read_text().partition("def build")[0]
    text = TRAINED.format(source=source, mean=corpus.MEAN, std=corpus.STD) + "".join(
        LINE.format(correct=line["test_correct"], total=500, percent=line["test_correct"] / 5) for line in log
    )
    path = lay_out(tmp_path, text)
    for line in log[-kept:]:
        tensors = load_file(run / line["weights"]["file"])
        torch.save({"model_state_dict": tensors}, tmp_path / f"model_{line['epoch']}.pt")
    torch.save({"other": torch.zeros(3)}, tmp_path / "another_network.pth")
    code, (found,) = check(tmp_path, path, capsys)
    rules = {rule["id"]: rule for rule in found["rules"]}
    assert found["trained"] is True
    assert any("model_15.pt is taken for the weights of epoch 15" in note for note in found["notes"])
    if kept == 5:
        assert rules["sustained_accuracy"]["passed"] is True and rules["log_matches_weights"]["passed"] is True
        assert rules["sustained_accuracy"]["evidence"] == "measured"
        assert {id for id, rule in rules.items() if rule["passed"] is not True} == {"epochs"}
    else:
        assert rules["sustained_accuracy"]["passed"] is None and code == 2
        assert "No weights of epoch 11 lie beside" in rules["sustained_accuracy"]["message"]


def test_what_is_no_notebook_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "mine.ipynb").write_text("{")
    assert main(["session05", "--path", str(tmp_path / "mine.ipynb")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
