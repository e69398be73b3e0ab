"""For every rule: a submission that breaks just that rule and is told so, and an unusual honest one that passes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from checker.assignments import SESSION05, Assignment
from checker.check import check_folder
from checker.means import Means
from checker.verdict import RunResult
from tests.written_submission import (
    COUNT,
    HONEST_MODEL,
    images,
    kernels,
    read_log,
    set_tiles,
    write_log,
    write_submission,
    write_weights,
)


def check(folder: Path, data: Path, assignment: Assignment = SESSION05) -> RunResult:
    result = check_folder(
        assignment,
        folder,
        own=False,
        only_run=None,
        rules=list(assignment.rules),
        means=Means(data_dir=str(data)),
        tell=lambda doing: None,
    )
    return result.runs[0]


def verdicts(run: RunResult) -> dict[str, bool | None]:
    return {rule.id: rule.verdict.passed for rule in run.rules}


def breaks_only(run: RunResult, id: str, words: str) -> None:
    """Assert that `run` fails the rule `id`, with `words` in its message, and passes every other."""
    assert {rule: passed for rule, passed in verdicts(run).items() if passed is not True} == {id: False}
    verdict = next(rule.verdict for rule in run.rules if rule.id == id)
    assert words in verdict.message
    assert verdict.help


def replaced(old: str, new: str) -> str:
    assert old in HONEST_MODEL
    return HONEST_MODEL.replace(old, new)


def test_an_honest_submission_passes_every_rule(tmp_path: Path, generated_data: Path) -> None:
    write_submission(tmp_path)
    assert set(verdicts(check(tmp_path, generated_data)).values()) == {True}


# Cheats: model.py changed ------------------------------------------------------------------------------------------

MAXIMUM = replaced("nn.functional.adaptive_avg_pool2d(x, 1)", "x.amax((2, 3), keepdim=True)")
WIDE = replaced("self.classify =", "self.never_used = nn.Linear(100, 100)\n        self.classify =")
BUFFER = replaced(
    "self.tiles = nn.Conv2d(1, 10, 16, stride=4, bias=False)",
    "self.register_buffer('kernels', torch.zeros(10, 1, 16, 16))",
).replace("self.tiles(images)", "nn.functional.conv2d(images, self.kernels, stride=4)")
CROPPED = replaced("self.tiles(images)", "self.tiles(images[:, :, 4:24, 4:24])")


def set_buffer(network: nn.Module) -> None:
    with torch.no_grad():
        network.kernels.copy_(kernels())
        network.classify.weight.copy_(torch.eye(10).view(10, 10, 1, 1))


@pytest.mark.parametrize(
    ("model", "prepare", "rule", "words"),
    [
        (WIDE, set_tiles, "parameters", "12,790 parameters"),
        (BUFFER, set_buffer, "no_hidden_parameters", "kernels (160 numbers)"),
        (MAXIMUM, set_tiles, "global_average_pooling", "max"),
        (CROPPED, set_tiles, "receptive_field", "logits 20"),
    ],
    ids=["parameters that never run", "weights in a buffer", "maximum instead of average", "sees a part only"],
)
def test_a_network_that_breaks_one_rule(
    tmp_path: Path, generated_data: Path, model: str, prepare: Callable[[nn.Module], None], rule: str, words: str
) -> None:
    write_submission(tmp_path, model=model, prepare=prepare)
    breaks_only(check(tmp_path, generated_data), rule, words)


def test_a_fully_connected_layer_that_is_averaged_after(tmp_path: Path, generated_data: Path) -> None:
    # Twice as large as the map and padded, so that every output sees all of it, and there is still a map to average.
    model = replaced(
        "self.classify =", "self.dense = nn.Conv2d(10, 10, 7, padding=3, groups=10)\n        self.classify ="
    )
    write_submission(
        tmp_path, model=model.replace("adaptive_avg_pool2d(x, 1)", "adaptive_avg_pool2d(x + 0 * self.dense(x), 1)")
    )
    breaks_only(check(tmp_path, generated_data), "no_fully_connected", "convolution dense sees the whole map")


# Cheats: what only looks like one thing --------------------------------------------------------------------------

SNEAKY = {
    "another network for two images": (
        replaced(
            "    def forward(self, images):\n",
            "    def forward(self, images):\n        if len(images) == 2:\n            return self.classify(torch.relu("
            "self.norm(self.tiles(images))).mean((2, 3), keepdim=True) * 0.5).flatten(1)\n",
        ),
        "no_fully_connected",
        True,
        "none sees a whole map",
    ),  # What was recorded is what is judged.
    "a parameters() of its own": (
        replaced("self.classify =", "self.never_used = nn.Linear(100, 100)\n        self.classify =").replace(
            "    def forward",
            "    def parameters(self, recurse=True):\n        return iter([self.classify.bias])\n\n    def forward",
        ),
        "parameters",
        False,
        "parameters",
    ),
    "two numbers in one of 64 bits": (
        replaced(
            "self.classify =",
            "self.never_used = nn.Parameter(torch.zeros(5000, dtype=torch.float64))\n        self.classify =",
        ),
        "parameters",
        False,
        "parameters",
    ),
    "many small constants": (
        replaced(
            "self.classify(nn",
            "torch.cat([torch.tensor([1.0, 1.3, 1.1, 1.7, 1.2]), torch.tensor("
            "[1.4, 1.1, 1.6, 1.5, 1.9])]).view(1, 10) * self.classify(nn",
        ),
        "no_hidden_parameters",
        False,
        " numbers)",
    ),
    "statistics of no image": (
        replaced(
            "self.classify =",
            "self.bank = nn.BatchNorm1d(160)\n        self.bank.running_mean.normal_()\n        self.classify =",
        ).replace(
            "return self.classify(",
            "self.bank.eval()\n        x = x + 0 * self.bank(torch.zeros(1, 160)).sum()\n        return self.classify(",
        ),
        "no_hidden_parameters",
        None,
        "running statistics of 160 channels",
    ),
    "a dense layer bent before its sum": (
        replaced(
            "self.classify =",
            "self.w = nn.Parameter(torch.linspace(0.9, 1.1, 160).view(10, 4, 4))\n        self.classify =",
        ).replace(
            "return self.classify(nn.functional.adaptive_avg_pool2d(x, 1))",
            "return self.classify((x * self.w).clamp(-1e9, 1e9).mean((2, 3), keepdim=True))",
        ),
        "no_fully_connected",
        False,
        "when the places of the last maps are exchanged",
    ),
    "a map folded into channels": (
        replaced("self.classify =", "self.dense = nn.Conv2d(160, 10, 1)\n        self.classify =").replace(
            "return self.classify(",
            "x = x + 0 * self.dense(nn.functional.pixel_unshuffle(x, 4))\n        return self.classify(",
        ),
        "no_fully_connected",
        False,
        "convolution dense",
    ),
    "a running total": (
        replaced("self.classify(nn", "self.classify(0.1 * x.cumsum(2)[:, :, :1, :1] + nn"),
        "no_fully_connected",
        None,
        "cumsum",
    ),
    "small patches only": (
        replaced("nn.Conv2d(1, 10, 16, stride=4, bias=False)", "nn.Conv2d(1, 10, 4, stride=4, bias=False)"),
        "receptive_field",
        False,
        "maps 4",
    ),
}


def set_any(network: nn.Module) -> None:
    set_tiles(network) if network.tiles.weight.shape[-1] == 16 else None


@pytest.mark.parametrize("name", SNEAKY)
def test_sneaky_networks_do_not_pass(tmp_path: Path, generated_data: Path, name: str) -> None:
    model, rule, passed, words = SNEAKY[name]
    write_submission(tmp_path, model=model, prepare=set_any)
    run = check(tmp_path, generated_data)
    assert verdicts(run)[rule] is passed, _message(run, rule)
    assert words in _message(run, rule)


# Cheats: files changed ---------------------------------------------------------------------------------------------


def test_weights_of_another_network(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    log = read_log(run)
    log[-1]["weights"] = write_weights(run / "epoch-15.safetensors", {"other.weight": torch.ones(3)})
    write_log(run, log)
    result = check(tmp_path, generated_data)
    assert verdicts(result)["weights_match_model"] is False
    assert "tiles.weight is missing" in _message(result, "weights_match_model")
    assert verdicts(result)["sustained_accuracy"] is None


def test_weights_left_over(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    log = read_log(run)
    tensors = load(run / "epoch-15.safetensors") | {"extra": torch.ones(3)}
    log[-1]["weights"] = write_weights(run / "epoch-15.safetensors", tensors)
    write_log(run, log)
    breaks_only(check(tmp_path, generated_data), "weights_match_model", "extra is not in the network")


def load(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(path)


def change_weights(
    run: Path, epoch: int, change: Callable[[dict[str, torch.Tensor]], None], **log_changes: object
) -> None:
    log = read_log(run)
    line = log[epoch - 1]
    tensors = load(run / line["weights"]["file"])
    change(tensors)
    line["weights"] = write_weights(run / line["weights"]["file"], tensors)
    line.update(log_changes)
    write_log(run, log)


def test_a_nan_that_hardly_matters(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(
        tmp_path,
        model=replaced("self.classify =", "self.unused = nn.Parameter(torch.zeros(1))\n        self.classify ="),
    )
    change_weights(run, 12, lambda tensors: tensors["unused"].fill_(float("nan")))
    breaks_only(check(tmp_path, generated_data), "finite_weights", "epoch-12.safetensors: unused")


def test_nan_weights_are_wrong_on_every_image(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    change_weights(run, 15, lambda tensors: tensors["tiles.weight"].fill_(float("nan")))
    result = check(tmp_path, generated_data)
    assert verdicts(result)["finite_weights"] is False and verdicts(result)["sustained_accuracy"] is False
    assert _rule(result, "sustained_accuracy").measured == 0


def test_one_bad_epoch_of_five(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    # Without one digit's output, every image of that digit is wrong; the log says so too.
    wrong = int((images(10_000)[1][:COUNT] == 3).sum())
    change_weights(run, 13, lambda tensors: tensors["classify.bias"][3].fill_(-100), test_correct=COUNT - wrong)
    breaks_only(check(tmp_path, generated_data), "sustained_accuracy", f"{100 * (COUNT - wrong) / COUNT:.2f}")


def test_the_same_weights_five_times(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    log = read_log(run)
    for line in log[-5:]:
        line["weights"] = log[-1]["weights"]
    write_log(run, log)
    breaks_only(check(tmp_path, generated_data), "sustained_accuracy", "5 of the last epochs have the same weights")


def test_the_same_weights_in_other_files(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    log = read_log(run)
    for number, line in enumerate(log[-5:]):
        tensors = load(run / "epoch-11.safetensors") | {"norm.num_batches_tracked": torch.tensor(number)}
        line["weights"] = write_weights(run / line["weights"]["file"], tensors)
    write_log(run, log)
    breaks_only(check(tmp_path, generated_data), "sustained_accuracy", "5 of the last epochs have the same weights")


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, number: tensors["classify.weight"].mul_(1 + number / 100),
        lambda tensors, number: tensors["classify.bias"].add_(number),
    ],
    ids=["scaled", "shifted"],
)
def test_the_same_logits_from_other_weights(tmp_path: Path, generated_data: Path, change: Callable) -> None:
    run = write_submission(tmp_path)
    log = read_log(run)
    for number, line in enumerate(log[-5:]):
        tensors = load(run / "epoch-11.safetensors")
        change(tensors, number)
        line["weights"] = write_weights(run / f"other-{number}.safetensors", tensors)
    write_log(run, log)
    breaks_only(check(tmp_path, generated_data), "sustained_accuracy", "two of the last epochs give the same logits")


def test_numbers_packed_into_the_last_bits_of_weights(tmp_path: Path, generated_data: Path) -> None:
    def pack(network: nn.Module) -> None:
        set_tiles(network)
        with torch.no_grad():
            network.classify.weight.mul_(0.01).add_(1_000)

    model = replaced(
        "return self.classify(nn.functional.adaptive_avg_pool2d(x, 1)).flatten(1)",
        "weight = (self.classify.weight - 1000) * 100\n"
        "        return nn.functional.conv2d(x, weight, self.classify.bias).mean((2, 3))",
    )
    run = write_submission(tmp_path, model=model, prepare=pack)
    log = read_log(run)
    for number, line in enumerate(log[-5:]):  # What the epochs differ by is packed too.
        tensors = load(run / "epoch-11.safetensors")
        tensors["classify.weight"] = 1_000 + 0.01 * (1 + number / 20) ** torch.arange(10).view(10, 1, 1, 1) * torch.eye(
            10
        ).view(10, 10, 1, 1)
        line["weights"] = write_weights(run / line["weights"]["file"], tensors)
    write_log(run, log)
    breaks_only(check(tmp_path, generated_data), "no_hidden_parameters", "with its parameters rounded to 8 bits")


@pytest.mark.parametrize(("count", "passed"), [(10_000, False), (9_999, True)])
def test_fewer_than_the_limit_is_not_the_limit(tmp_path: Path, generated_data: Path, count: int, passed: bool) -> None:
    own = 2_560 + 20 + 110
    model = replaced(
        "self.classify =", f"self.spare = nn.Parameter(torch.zeros({count - own}))\n        self.classify ="
    )
    write_submission(tmp_path, model=model)
    result = check(tmp_path, generated_data)
    assert _rule(result, "parameters").measured == count and verdicts(result)["parameters"] is passed


def test_the_threshold_itself_is_enough_and_one_image_less_is_not(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    wrong = int((images(10_000)[1][:COUNT] == 3).sum())
    change_weights(run, 13, lambda tensors: tensors["classify.bias"][3].fill_(-100), test_correct=COUNT - wrong)
    for count, passed in ((COUNT - wrong, True), (COUNT + 1 - wrong, False)):
        threshold = replace(SESSION05, rules={"sustained_accuracy": {"threshold": 100 * count / COUNT}})
        assert verdicts(check(tmp_path, generated_data, threshold)) == {"sustained_accuracy": passed}


def test_a_run_of_four_epochs(tmp_path: Path, generated_data: Path) -> None:
    write_submission(tmp_path, epochs=4)
    breaks_only(check(tmp_path, generated_data), "sustained_accuracy", "the run has 4 epochs")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"test_correct": 990}, "epoch 14: the log has 990 images, measured 1,000"),
        ({"test_total": 60_000}, "60,000 images"),
    ],
    ids=["a count that nobody can measure", "the training set as test set"],
)
def test_a_log_that_tells_something_else(tmp_path: Path, generated_data: Path, change: dict, words: str) -> None:
    run = write_submission(tmp_path)
    log = read_log(run)
    log[13].update(change)
    write_log(run, log)
    breaks_only(check(tmp_path, generated_data), "log_matches_weights", words)


def test_a_weight_file_exchanged_after_the_log_was_written(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    tensors = load(run / "epoch-15.safetensors")
    write_weights(
        run / "epoch-15.safetensors",
        {key: value * 1.5 if "classify" in key else value for key, value in tensors.items()},
    )
    breaks_only(check(tmp_path, generated_data), "log_matches_weights", "not the file")


def test_counts_may_differ_by_two_images_as_on_another_device(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    log = read_log(run)
    log[13]["test_correct"] -= 2
    write_log(run, log)
    assert verdicts(check(tmp_path, generated_data))["log_matches_weights"] is True
    log[13]["test_correct"] -= 1
    write_log(run, log)
    breaks_only(check(tmp_path, generated_data), "log_matches_weights", "the log has 997")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda log: [line | {"epoch": line["epoch"] + 1} for line in log], "2, 3"),
        (lambda log: [log[0] | {"train_total": 100_000}, *log[1:]], "100,000 images"),
        (lambda log: [*log[:3], *log[4:]], "1, 2, 3, 5"),
        (lambda log: [log[0] | {"train_total": 6_000}, *log[1:]], "an epoch trained on 6,000 images"),
    ],
    ids=["starts at 2", "more than a pass in an epoch", "an epoch left out", "a tenth of the images"],
)
def test_epochs_that_do_not_count_up(tmp_path: Path, generated_data: Path, change: Callable, words: str) -> None:
    run = write_submission(tmp_path)
    write_log(run, change(read_log(run)))
    breaks_only(check(tmp_path, generated_data), "epochs", words)


def test_too_many_epochs(tmp_path: Path, generated_data: Path) -> None:
    write_submission(tmp_path, epochs=16)
    breaks_only(check(tmp_path, generated_data), "epochs", "16 epochs")


def test_a_missing_last_epoch(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path, epochs=16)
    write_log(run, read_log(run)[:-1])
    result = check(tmp_path, generated_data)
    assert verdicts(result)["epochs"] is False
    assert "ends at epoch 15, the recipe has 16" in _message(result, "epochs")
    assert verdicts(result)["sustained_accuracy"] is None
    assert "names no weights for epoch 11" in _message(result, "sustained_accuracy")


def test_an_image_judged_by_its_neighbours(tmp_path: Path, generated_data: Path) -> None:
    model = replaced("torch.relu(self.norm(", "torch.relu(nn.functional.batch_norm(").replace(
        "self.tiles(images)))", "self.tiles(images), None, None, training=True))"
    )
    write_submission(tmp_path, model=model)
    result = check(tmp_path, generated_data)
    assert verdicts(result)["sustained_accuracy"] is None
    assert "which others are in the batch" in _message(result, "sustained_accuracy")


# Unusual and honest ------------------------------------------------------------------------------------------------

NO_MODULES = '''
import torch
from torch import nn

class Network(nn.Module):
    """Functional calls only, and the average written as a sum."""

    def __init__(self):
        super().__init__()
        self.tiles = nn.ParameterDict({"weight": nn.Parameter(torch.zeros(10, 1, 16, 16))})
        self.classify = nn.ParameterDict({"weight": nn.Parameter(torch.zeros(10, 10, 1, 1)),
                                          "bias": nn.Parameter(torch.zeros(10))})

    def forward(self, images):
        x = nn.functional.conv2d(images, self.tiles["weight"], stride=4).clamp(min=0)
        return x.sum((2, 3)) / 16 @ self.classify["weight"][:, :, 0, 0].t() + self.classify["bias"]

def build(name):
    return Network()
'''


def set_dicts(network: nn.Module) -> None:
    with torch.no_grad():
        network.tiles["weight"].copy_(kernels())
        network.classify["weight"].copy_(torch.eye(10).view(10, 10, 1, 1))
    network.classify.weight = network.classify["weight"]


UNUSUAL = {
    "batch norm without scale and bias": replaced("nn.BatchNorm2d(10)", "nn.BatchNorm2d(10, affine=False)"),
    "a dataclass and deferred annotations": "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    + HONEST_MODEL
    + "\n@dataclass\nclass Sizes:\n    width: int = 10\n",
    "in place": replaced("torch.relu(", "torch.relu_("),
    "log-probabilities": replaced(".flatten(1)", ".flatten(1).log_softmax(1)"),
    "linear layer after the average": replaced(
        "return self.classify(nn.functional.adaptive_avg_pool2d(x, 1)).flatten(1)",
        "return x.mean((2, 3)) @ self.classify.weight[:, :, 0, 0].t() + self.classify.bias",
    ),
    "averaged after the classifier": replaced(
        "self.classify(nn.functional.adaptive_avg_pool2d(x, 1))",
        "nn.functional.adaptive_avg_pool2d(self.classify(x), 1)",
    ),
    "pooled in two steps": replaced(
        "nn.functional.adaptive_avg_pool2d(x, 1)", "x.mean(3, keepdim=True).mean(2, keepdim=True)"
    ),
    "squeeze and excitation": replaced(
        "return self.classify", "x = x * x.mean((2, 3), keepdim=True).sigmoid()\n        return self.classify"
    ),
    "dropout and a chatty forward": replaced(
        "return self.classify",
        "print('forward')\n        x = nn.functional.dropout(x, 0.1, self.training)\n        return self.classify",
    ),
    "spectral norm": replaced(
        "self.classify = nn",
        "self.extra = nn.utils.parametrizations.spectral_norm(nn.Conv2d(10, 10, 1))\n        self.classify = nn",
    ).replace("return self.classify", "x = x + 0.01 * self.extra(x)\n        return self.classify"),
    "a constant mean and deviation inside": replaced(
        "self.tiles(images)", "self.tiles((images - torch.tensor([0.1])) / 1.0)"
    ),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_networks_pass(tmp_path: Path, generated_data: Path, name: str) -> None:
    write_submission(tmp_path, model=UNUSUAL[name])
    assert set(verdicts(check(tmp_path, generated_data)).values()) == {True}


def test_a_network_of_functional_calls_passes(tmp_path: Path, generated_data: Path) -> None:
    write_submission(tmp_path, model=NO_MODULES, prepare=set_dicts)
    assert set(verdicts(check(tmp_path, generated_data)).values()) == {True}


def test_a_pickled_state_dict_passes(tmp_path: Path, generated_data: Path) -> None:
    run = write_submission(tmp_path)
    log = read_log(run)
    for line in log[-5:]:
        tensors = load(run / line["weights"]["file"])
        torch.save(tensors, run / f"{line['epoch']}.pt")
        line["weights"] = {"file": f"{line['epoch']}.pt"}
    write_log(run, log)
    assert set(verdicts(check(tmp_path, generated_data)).values()) == {True}


def test_attention_that_knows_no_places_is_no_dense_layer(tmp_path: Path, generated_data: Path) -> None:
    model = replaced(
        "return self.classify",
        "places = x.flatten(2)\n        places = places @ (places.transpose(1, 2) @ places)"
        ".softmax(-1)\n        x = places.view_as(x)\n        return self.classify",
    )
    write_submission(tmp_path, model=model)
    result = check(tmp_path, generated_data)
    assert verdicts(result)["no_fully_connected"] is True


def _rule(run: RunResult, id: str):
    return next(rule.verdict for rule in run.rules if rule.id == id)


def _message(run: RunResult, id: str) -> str:
    return _rule(run, id).message
