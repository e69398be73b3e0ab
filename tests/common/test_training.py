"""The loop: every image once an epoch, a diverging loss stopped, evaluation that is independent of the batch."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from common.batches import batches
from common.data import Images, Normalization
from common.device import choose_device, training_precision
from common.errors import DeviceError, DivergedError
from common.recipe import Recipe
from common.task import Classification
from common.training import Trainer
from tests.tiny_session.model import build
from tests.tiny_session.train import RECIPE, data

CPU = torch.device("cpu")


def test_every_image_once_an_epoch() -> None:
    images = Images(torch.zeros(1_234, 1, 4, 4, dtype=torch.uint8), torch.arange(1_234))
    labels = torch.cat([labels for _, labels in batches(images, Recipe())])
    assert sorted(labels.tolist()) == list(range(1_234)) and labels.tolist() != list(range(1_234))


def test_the_log_counts_every_image() -> None:
    trainer = Trainer(build("tiny"), RECIPE, data(1_000, 1), CPU)
    told = []
    epoch = trainer.run_epoch(1, data(300, 2), lambda images, loss: told.append((images, loss)))
    assert (epoch.train_total, epoch.test_total) == (1_000, 300)
    assert told[-1] == (1_000, epoch.train_loss)


def test_a_loss_that_is_nan_names_epoch_and_step() -> None:
    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.calls = build("tiny"), 0

        def forward(self, images):
            self.calls += 1
            return self.inner(images) * (float("nan") if self.calls == 13 else 1)

    trainer = Trainer(Fails(), RECIPE, data(1_000, 1), CPU)  # Eight steps an epoch.
    trainer.train_epoch(1)
    with pytest.raises(DivergedError, match="became nan in epoch 2, step 5 of 8; lower the learning rate"):
        trainer.train_epoch(2)


def test_the_average_is_what_is_evaluated() -> None:
    trainer = Trainer(build("tiny"), replace(RECIPE, averaging=0.999), data(500, 1), CPU)
    trainer.train_epoch(1)
    ours, average = trainer.network.state_dict(), trainer.evaluated.state_dict()
    assert not torch.equal(ours["0.weight"], average["0.weight"])
    assert not torch.equal(ours["1.running_mean"], average["1.running_mean"])
    assert ours["1.num_batches_tracked"] == average["1.num_batches_tracked"] == 4
    plain = Trainer(build("tiny"), replace(RECIPE, averaging=0.0), data(500, 1), CPU)
    assert plain.evaluated is plain.network


def test_evaluation_is_fp32_and_counts_what_a_plain_loop_counts() -> None:
    network, images = build("tiny").eval(), data(1_500, 3)
    found = Classification().evaluate(network, images, Normalization())
    with torch.no_grad():
        logits = network(Normalization()(images.pixels.float() / 255))
    assert logits.dtype == torch.float32 and torch.equal(found.predictions, logits.argmax(1))
    assert found.loss == pytest.approx(nn.functional.cross_entropy(logits, images.labels).item(), rel=1e-5)


def test_one_cycle_rises_to_the_peak_and_falls_to_zero() -> None:
    recipe = Recipe(lr=0.1, schedule="one-cycle", warmup=0.2)
    rates = [recipe.lr_at(step, 100) for step in range(100)]
    assert max(rates) == rates[20] == pytest.approx(0.1)
    assert rates[:21] == sorted(rates[:21]) and rates[20:] == sorted(rates[20:], reverse=True)
    assert rates[-1] < 1e-4
    assert {Recipe(lr=0.1).lr_at(step, 100) for step in range(100)} == {0.1}


def test_a_short_cycle_is_over_after_two_thirds_and_stays_low() -> None:
    rates = [Recipe(lr=0.1, schedule="short-cycle", warmup=0.2).lr_at(step, 150) for step in range(150)]
    assert max(rates) == rates[20] == pytest.approx(0.1)
    assert rates[20:] == sorted(rates[20:], reverse=True) and rates[99] > rates[100]
    assert rates[100:] == pytest.approx([0.002] * 50)


def test_a_recipe_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="one-cycle"):
        Recipe(schedule="cosine")


def test_weight_decay_is_for_kernels_only() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.LayerNorm([4, 26, 26]), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(2704, 10)
    )
    trainer = Trainer(network, replace(RECIPE, weight_decay=0.1), data(100, 1), CPU)
    groups = {group["weight_decay"]: group["params"] for group in trainer.optimizer.param_groups}
    assert [id(each) for each in groups[0.1]] == [id(network[0].weight), id(network[4].weight)]
    assert len(groups[0.0]) == len(list(network.parameters())) - 2


def test_a_run_with_muon_learns_and_goes_on_from_its_state() -> None:
    recipe = replace(RECIPE, optimizer="muon", epochs=2)

    def fresh() -> Trainer:
        torch.manual_seed(0)
        network = nn.Sequential(
            nn.Conv2d(1, 8, 4, stride=4, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(392, 10)
        )
        return Trainer(network, recipe, data(1_000, 1), CPU)

    straight, stopped, resumed = fresh(), fresh(), fresh()
    first, second = (straight.train_epoch(epoch)["train_loss"] for epoch in (1, 2))
    stopped.train_epoch(1)
    resumed.restore(stopped.state())
    resumed.train_epoch(2)
    assert second < first
    assert all(map(torch.equal, straight.network.parameters(), resumed.network.parameters()))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_device_is_one_sentence() -> None:
    with pytest.raises(DeviceError, match="'cuda' is not available on this machine; try --device cpu"):
        choose_device("cuda")
    with pytest.raises(DeviceError, match="'gpu' is not"):
        choose_device("gpu")


def test_bf16_where_the_cpu_has_it() -> None:
    assert training_precision(CPU) == ("bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32")
