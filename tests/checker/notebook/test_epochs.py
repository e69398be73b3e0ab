"""What single lines claim, in the words of many students."""

import pytest

from checker.notebook.accuracies import Accuracy, claims_of
from checker.notebook.epochs import read_epochs, read_parameter_counts
from checker.notebook.magics import plain_python
from checker.notebook.outputs import text_lines


@pytest.mark.parametrize(
    "line",
    [
        "Test set: Average loss: 0.0206, Accuracy: 9941/10000 (99.41%)",
        "Test Set: Average loss: 0.0206, Accuracy: 9941/10000 (99.4100%)",
        "test set: Average Loss: 0.0206, Accuracy: 9941/10000 (99%)",
        "Testing set: Accuracy: 9941/10000 (99.41%)",
        "Test: Average loss: 0.0206, Test Accuracy: 9941/10000 (99.41%)",
        "Test Accuracy = 9941/10000",
        "TEST Loss:0.02 Acc:9941/10000 99.41%",
        "Accuracy on the test set: 9941/10000 (99.41%)",
        "Test set: avg loss 2.06e-02, accuracy 9941/10000 (99.41%)",
        "Test accuracy (9941/10000): 99.41%",
        "Test set: Average loss: 0.0206, Accuracy: 9941.0/10000 (99.41%)",
        "[Test] Epoch 3 Loss 0.02 Accuracy: 9941 / 10000 (99.41 %)",
        "Epoch 3/15 | Train Loss 0.02 | Train Acc 98.1 | Test Loss 0.02 | Test Acc 9941/10000",
        "Test set: Average loss: nan, Accuracy: 9941/10000 (99.41%)",
        "\\Test set: Average loss: 0.0206, Accuracy: 9941/10000 (99.41%)",
    ],
)
def test_counts_are_read_under_many_names(line: str) -> None:
    tests = [claim.accuracy for claim in claims_of(line.lower(), None) if claim.role == "test"]
    assert [(each.correct, each.total) for each in tests] == [(9941, 10000)]
    assert tests[0].percent == pytest.approx(99.41)


@pytest.mark.parametrize(
    ("line", "role", "percent", "decimals"),
    [
        ("Test set: Epoch Accuracy: 99.46  Epoch Loss: 0.0177", "test", 99.46, 2),
        ("Test_epoch :  99.42999", "test", 99.42999, 5),
        ("val_accuracy: 0.9941", "validation", 0.9941, 4),
        ("test_acc=tensor(99.4100, device='cuda:0')", "test", 99.41, 4),
        ("Accuracy of the network on the 10000 test images: 99 %", "test", 99.0, 0),
        ("Accuracy on test data is 99.4", "test", 99.4, 1),
        ("Test Accuracy (%): 99.4", "test", 99.4, 1),
        ("Train set: Accuracy=99.2", "train", 99.2, 1),
        ("Accuracy: 85.750%", None, 85.75, 3),
        ("epoch=3; loss=0.05; accuracy=0.990:  00:31<00:00, 15.08it/s", "train", 0.99, 3),
    ],
)
def test_percentages_are_read(line: str, role: str | None, percent: float, decimals: int) -> None:
    (claim,) = claims_of(line.lower(), None)
    assert (claim.role, claim.accuracy.percent, claim.accuracy.decimals) == (role, percent, decimals)


@pytest.mark.parametrize(
    "line",
    [
        "Best test accuracy: 99.41",
        "Max Accuracy 99.4 at epoch 3",
        "EMA test set: Accuracy: 9941/10000 (99.41%)",
        "Test accuracy with TTA: 99.5",
        "Validation accuracy increased (99.1 --> 99.4). Saving model",
        "Accuracy of cat : 71 %",
        "Accuracy: 12000/10000",
        "Test accuracy: 123.4",
        "accuracy of version 2",
        "Top-5 accuracy: 99.9",
    ],
)
def test_other_claims_do_not_count(line: str) -> None:
    assert list(claims_of(line.lower(), None)) == []


def test_training_counts_stand_beside_the_test() -> None:
    lines = ["Epoch 1", "Train set: Accuracy: 58318/60000 (97.197%)", "Test set: Accuracy: 9751/10000 (97.51%)"]
    (run,) = read_epochs([(3, lines)])
    assert run.epochs[0].train == Accuracy(58318, 60000, pytest.approx(97.19667), 3, 97.197)
    assert run.epochs[0].cell == 3


@pytest.mark.parametrize(
    ("printed", "disagrees"),
    [
        ("9950/10000 (100%)", False),
        ("9941/10000 (99.41%)", False),
        ("9941/10000 (99%)", False),
        ("9941/10000 (98%)", True),
    ],
)
def test_a_percentage_may_be_rounded_or_cut(printed: str, disagrees: bool) -> None:
    (claim,) = claims_of(f"test accuracy: {printed}", None)
    assert claim.accuracy.disagrees is disagrees


def test_a_heading_names_the_set_of_the_next_line() -> None:
    (run,) = read_epochs([(1, ["Epoch 1", "Training...", "Accuracy: 98.1", "Testing...", "Accuracy: 97.2"])])
    assert [epoch.test.percent for epoch in run.epochs] == [97.2]


def test_totals_are_read_as_summaries_print_them() -> None:
    lines = ["Total params: 8,872", "Trainable params: 8,872", "Non-trainable params: 0", "Total parameters: 9_000"]
    assert [each.count for each in read_parameter_counts([(2, lines)])] == [8872, 9000]


def test_a_bar_shows_its_last_state() -> None:
    assert text_lines("a: 10%|█   | 1/10 [00:01<00:09]\ra: 100%|████| 10/10 [00:10<00:00]done\n") == (
        "a:  00:10<00:00",
        "done",
    )


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("if x:\n    !ls\n", "if x:\n    pass\n"),
        ("files = !ls", "files = None"),
        ("a, b = %who", "a, b = None"),
        ("x = 5 %3", "x = 5 %3"),
        ("x = (5\n%3)", "x = (5\n%3)"),
        ("%time y = 2", "y = 2"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%bash\nls", ""),
        ("x?", "pass"),
        ("t = '''\n!a\n'''\n!b", "t = '''\n!a\n'''\npass"),
        ("# it's\n!ls", "# it's\npass"),
        ("!echo \"'\n(x)", "pass\n(x)"),
        ("!pip install \\\n  a\nx = 1", "pass\n\nx = 1"),
    ],
)
def test_magics_make_way_line_by_line(source: str, python: str) -> None:
    assert plain_python(source).python == python


def test_a_written_file_is_no_python_of_the_notebook() -> None:
    plain = plain_python("%%writefile -a 'models/net.py'\nimport torch\n")
    assert (plain.python, plain.writes, plain.appends) == ("import torch\n", "models/net.py", True)
