"""Session 7: the network and the pipeline keep the assignment's rules; what they reach is still to be trained."""

import pytest
import torch

from benchmarks.sessions import load
from checker.augmentation import inspect
from checker.submission import load_augmentation
from common.anatomy import parameter_count, trace
from common.data import Images
from common.training import Trainer

SESSION = load("session07")


def test_the_network_keeps_the_rules() -> None:
    network = SESSION.build("cifar10")
    assert parameter_count(network) < 200_000
    traced = trace(network, torch.rand(2, 3, 32, 32))
    assert min(traced.receptive_field) > 44 and traced.collapses == {"average"} and not traced.not_understood
    convolutions = [each for each in traced.operations if each.kind == "convolution"]
    assert not any(each.kind == "max pool" for each in traced.operations)
    separable = [each for each in convolutions if each.groups == each.weight[0] > 1]
    assert len(separable) == 2 and all(each.dilation == (2, 2) and each.map == (8, 8) for each in separable)
    pointwise = [each for each in convolutions if each.weight[2:] == (1, 1)]
    assert [each.before for each in pointwise] == [{each.call} for each in separable]


@pytest.mark.filterwarnings("ignore:ShiftScaleRotate is a special case")
def test_the_pipeline_keeps_the_rules() -> None:
    images = torch.randint(256, (100, 32, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)).numpy()
    assert inspect(load_augmentation(SESSION.folder), images, 16, (125.3, 123.0, 113.9)).problems == ()


@pytest.mark.filterwarnings("ignore:ShiftScaleRotate is a special case")
def test_the_loop_trains_on_the_pipeline() -> None:
    generator = torch.Generator().manual_seed(0)
    images = Images(torch.randint(256, (256, 3, 32, 32), dtype=torch.uint8, generator=generator), torch.arange(256) % 10)
    torch.manual_seed(0)
    trainer = Trainer(SESSION.build("cifar10"), SESSION.recipes["cifar10"], images, torch.device("cpu"), SESSION.task, SESSION.augmentation)
    line = trainer.run_epoch(1, images, lambda images, loss: None).as_line()
    assert (line["train_total"], line["test_total"]) == (256, 256) and line["train_loss"] < 5
