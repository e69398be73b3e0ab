"""Session 3: the numbers that are drawn, and how pairs are judged."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.data import Images, Normalization
from common.finished_run import trained
from common.recipe import Recipe
from common.training import Trainer
from tools.sessions import load

SESSION = load("session03")
TASK = SESSION.task


def test_numbers_are_drawn_anew_and_all_ten_of_them() -> None:
    labels = torch.arange(1_000) % 10
    torch.manual_seed(0)
    (_, first), targets = TASK.draw(torch.zeros(1_000, 1, 28, 28), labels)
    (_, second), _ = TASK.draw(torch.zeros(1_000, 1, 28, 28), labels)
    assert first.shape == (1_000, 10) and bool((first.sum(1) == 1).all()) and bool(first.any(0).all())
    assert not torch.equal(first, second)
    assert torch.equal(targets, torch.stack([labels, labels + first.argmax(1)], 1))


class Oracle(nn.Module):
    """Reads the label from the first pixel; says 9 for the digit beside number 4, and 0 for every sum of digit 7."""

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        digit, number = (images[:, 0, 0, 0] * 255).round().long(), numbers.argmax(1)
        sums = torch.where(digit == 7, 0, digit + number)
        return F.one_hot(torch.where(number == 4, 9, digit), 10).float(), F.one_hot(sums, 19).float()


def test_every_image_is_judged_beside_all_ten_numbers() -> None:
    labels = torch.arange(2_500) % 10
    pixels = labels.to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 28, 28)
    found = TASK.evaluate(Oracle(), Images(pixels, labels), Normalization((0.0,), (1.0,)))
    assert found.right.sum() == 250  # The nines alone are right beside the four too.
    assert found.also == {"sum_correct": 9 * 2_500, "sum_total": 25_000}


def test_the_loss_is_the_sum_of_both_and_reaches_both() -> None:
    network = SESSION.build("digit-sum")
    (images, numbers), targets = TASK.draw(torch.rand(4, 1, 28, 28), torch.tensor([3, 1, 4, 1]))
    outputs = network(images, numbers)
    loss = TASK.loss(outputs, targets)
    assert torch.isclose(loss, F.cross_entropy(outputs[0], targets[:, 0]) + F.cross_entropy(outputs[1], targets[:, 1]))
    loss.backward()
    assert all(bool(parameter.grad.any()) for parameter in (network.sum.weight, network.digit.weight))


def test_the_loop_logs_the_sum() -> None:
    images = Images(torch.randint(256, (300, 1, 28, 28), dtype=torch.uint8), torch.arange(300) % 10)
    trainer = Trainer(SESSION.build("digit-sum"), Recipe(epochs=1), images, torch.device("cpu"), TASK)
    line = trainer.run_epoch(1, images, lambda images, loss: None).as_line()
    assert line["sum_total"] == 3_000 and 0 <= line["sum_correct"] <= 3_000 and "also" not in line


def test_the_committed_network_learned_the_whole_addition_table() -> None:
    network, _ = trained(SESSION, "digit-sum")
    table = network.sum.weight.detach().view(19, 10, 10).argmax(0)
    assert torch.equal(table, torch.arange(10).view(10, 1) + torch.arange(10))
