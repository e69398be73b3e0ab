"""The one training loop: images in memory, augmented by the block, trained in bf16 or fp16 where the device has it.

Every epoch starts from a seed of its own and the learning rate follows from the step's number, so a run that is
resumed at an epoch's end needs no more than the weights and the optimizer's state.
"""

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from common.data import Images, Normalization
from common.device import autocast, training_precision
from common.dropout import use_cheap_dropout
from common.errors import DivergedError, RunError
from common.processes import Processes
from common.recipe import Recipe

# Batches are gathered and augmented this many at a time: enough to make the cost per call small, while the block
# stays in the CPU's cache.
BLOCK = 8
# Few enough for what a layer returns to stay in the CPU's cache.
EVALUATION_BATCH = 250


@dataclass(frozen=True)
class Epoch:
    """What one epoch measured. Losses are means over the images; `seconds` is the training pass alone.

    also: counts that the task adds, e.g. sum_correct and sum_total; beside the others in the log
    """

    epoch: int
    lr: float
    train_loss: float
    train_correct: int
    train_total: int
    test_loss: float
    test_correct: int
    test_total: int
    seconds: float
    images_per_second: float
    also: dict[str, int] = field(default_factory=dict)

    def as_line(self) -> dict:
        """Return the epoch as a line of the log."""
        line = asdict(self)
        return line | line.pop("also")

    @classmethod
    def from_line(cls, line: dict) -> "Epoch":
        """Return the epoch that a line of the log tells of."""
        own = {each.name for each in fields(cls)}
        return cls(**{key: value for key, value in line.items() if key in own},
                   also={key: value for key, value in line.items() if key not in own and key != "weights"})


@dataclass(frozen=True)
class Evaluation:
    """What a network does on a set of images: mean loss, and for each image (N) its prediction (int64) and whether it is
    right (bool). `also` as in Epoch."""

    loss: float
    predictions: Tensor
    right: Tensor
    also: dict[str, int] = field(default_factory=dict)


class Task(Protocol):
    """What a session asks of a network: its inputs, its loss, and what counts as right.

    also: names of what is counted beside the images, e.g. "sum" for sum_correct and sum_total
    """

    also: tuple[str, ...]

    def input_shapes(self, image: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Return the shape of each input of the network for images C×H×W, without the batch."""

    def draw(self, images: Tensor, labels: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        """Return the network's inputs for a training batch, and the targets, whose first column or all is the label."""

    def loss(self, outputs: Tensor | tuple[Tensor, ...], targets: Tensor) -> Tensor:
        """Return the mean loss (a number) of the network's outputs."""

    def right(self, outputs: Tensor | tuple[Tensor, ...], targets: Tensor) -> Tensor:
        """Return for each image (bool N) whether it is classified correctly."""

    def evaluate(self, network: nn.Module, images: Images, normalization: Normalization) -> Evaluation:
        """Evaluate `network` in fp32 on all of `images`, on their device."""


class Classification:
    """One image in, the logits of its class out; cross-entropy."""

    also = ()

    def input_shapes(self, image: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        return (image,)

    def draw(self, images: Tensor, labels: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
        return (images,), labels

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs.float(), targets)

    def right(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return outputs.argmax(1) == targets

    def evaluate(self, network: nn.Module, images: Images, normalization: Normalization) -> Evaluation:
        loss, predictions = 0.0, []
        with evaluating(network):
            for inputs, labels in in_order(images, normalization):
                logits = network(inputs)
                loss += F.cross_entropy(logits, labels, reduction="sum").item()
                predictions.append(logits.argmax(1))
        predictions = torch.cat(predictions)
        return Evaluation(loss / len(images), predictions, predictions == images.labels)


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Put `network` into evaluation mode and compute in fp32, without gradients."""
    network.eval()
    # On a GPU, convolutions would otherwise run in TF32.
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        yield


def in_order(images: Images, normalization: Normalization) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield all images in batches for an evaluation: float32 N×C×H×W (channels last, normalised), int64 N."""
    for start in range(0, len(images), EVALUATION_BATCH):
        inputs = normalization(images.pixels[start:start + EVALUATION_BATCH].float() / 255)
        yield inputs.contiguous(memory_format=torch.channels_last), images.labels[start:start + EVALUATION_BATCH]


def batches(images: Images, recipe: Recipe, processes: Processes = Processes()) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield one epoch of shuffled, augmented, normalised batches: float32 N×C×H×W (channels last), int64 N.

    Where several processes train together, all must start from one seed; each gets its share of every batch.
    """
    order = torch.randperm(len(images)).to(images.labels.device)
    processes.draw_apart()
    for block in order.split(recipe.batch_size * BLOCK):
        shares = [processes.share(batch) for batch in block.split(recipe.batch_size)]
        mine, sizes = torch.cat(shares), [len(share) for share in shares]
        pixels = images.pixels[mine].float() / 255
        for augmentation in recipe.augmentations:
            pixels = augmentation(pixels)
        pixels = recipe.normalization(pixels).contiguous(memory_format=torch.channels_last)
        yield from zip(pixels.split(sizes), images.labels[mine].split(sizes), strict=True)


class Trainer:
    """A network, its optimizer and its weight average, trained one epoch at a time."""

    def __init__(self, network: nn.Module, recipe: Recipe, train: Images, device: torch.device,
                 task: Task = Classification(), augmentation: Callable[[], object] | None = None,
                 processes: Processes = Processes()) -> None:
        """`augmentation` returns an albumentations pipeline, for images one by one; see common.pipeline.

        Raises RunError where a batch is too small to be shared among the processes.
        """
        if augmentation is not None and recipe.augmentations:
            raise ValueError("Images are augmented one by one or by the batch, not both.")
        if (len(train) - 1) % recipe.batch_size + 1 < processes.count:
            raise RunError(f"The last batch of an epoch has fewer images than the {processes.count} processes that share it; "
                           f"start fewer with --nproc-per-node.")
        self.recipe = recipe
        self.task = task
        self.processes = processes
        self.device = device
        self.precision = training_precision(device)
        self.train_total = len(train)
        if augmentation is None:
            here = train.to(device)
            self.batches = lambda epoch: batches(here, recipe, processes)
        else:
            from common.pipeline import AugmentedBatches

            self.batches = AugmentedBatches(train, recipe, augmentation, device, processes)
        if device.type == "cpu":
            use_cheap_dropout(network)
        self.network = network.to(device, memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.network, multi_avg_fn=_exponential_average(recipe.averaging), use_buffers=True,
        ) if recipe.averaging else None
        self.model = processes.wrap(self.network)
        self.optimizer = _optimizer(network, recipe)
        # Only fp16 needs its loss scaled; for the rest the scaler does nothing.
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.precision == "fp16")
        self.steps_per_epoch = math.ceil(len(train) / recipe.batch_size)

    @property
    def evaluated(self) -> nn.Module:
        """The network that is evaluated and saved: the average, where the recipe asks for one."""
        return self.average.module if self.average is not None else self.network

    def train_epoch(self, epoch: int, on_step: Callable[[int, float], None] = lambda images, loss: None) -> dict:
        """Train for epoch number `epoch` (from 1) and return its lr, train_loss, train_correct and train_total, which
        count the images of all processes.

        `on_step` hears the number of images so far and their mean loss once a block. Raises DivergedError.
        """
        torch.manual_seed(self.recipe.seed * 10_007 + epoch)
        self.model.train()
        steps = self.steps_per_epoch * self.recipe.epochs
        step = self.steps_per_epoch * (epoch - 1)
        seen, loss_sum, pending = 0, 0.0, []
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        for images, labels in self.batches(epoch):
            lr = self.recipe.lr_at(step, steps)
            for group in self.optimizer.param_groups:
                group["lr"] = lr
            inputs, targets = self.task.draw(images, labels)
            with autocast(self.device, self.precision):
                outputs = self.model(*inputs)
            # The batch's mean loss is the sum of what the processes add to it; their gradients are averaged.
            whole = min(self.recipe.batch_size, self.train_total - seen)
            part = self.task.loss(outputs, targets) * (len(labels) / whole)
            loss = part * self.processes.count
            self.optimizer.zero_grad(set_to_none=True)
            self.scaler.scale(loss + self._penalty() if self.recipe.l1 else loss).backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()
            if self.average is not None:
                self.average.update_parameters(self.network)
            correct += self.task.right(outputs, targets).sum()
            pending.append((part.detach(), whole))
            step += 1
            seen += whole
            # Reading a loss waits for the GPU, so it is done once a block.
            if len(pending) == BLOCK or step == self.steps_per_epoch * epoch:
                loss_sum += self._sum_losses(pending, epoch, step)
                pending = []
                on_step(seen, loss_sum / seen)
        return {"lr": lr, "train_loss": loss_sum / seen, "train_correct": int(self.processes.total(correct)), "train_total": seen}

    def _penalty(self) -> Tensor:
        return self.recipe.l1 * torch.stack([kernel.abs().sum() for kernel in _kernels(self.network)]).sum()

    def _sum_losses(self, pending: list[tuple[Tensor, int]], epoch: int, step: int) -> float:
        losses = self.processes.total(torch.stack([loss for loss, _ in pending])).tolist()
        for offset, loss in enumerate(losses):
            if not math.isfinite(loss):
                at = step - len(losses) + offset + 1 - self.steps_per_epoch * (epoch - 1)
                raise DivergedError(f"The loss became {loss} in epoch {epoch}, step {at} of {self.steps_per_epoch}; "
                                    f"lower the learning rate ({self.recipe.lr:g} at its peak).")
        return sum(loss * count for loss, (_, count) in zip(losses, pending, strict=True))

    def run_epoch(self, epoch: int, test: Images, on_step: Callable[[int, float], None]) -> Epoch:
        """Train epoch number `epoch`, evaluate on `test` (on this trainer's device), and return what was measured."""
        started = time.perf_counter()
        trained = self.train_epoch(epoch, on_step)
        seconds = time.perf_counter() - started
        found = self.task.evaluate(self.evaluated, test, self.recipe.normalization)
        return Epoch(epoch=epoch, **trained, test_loss=found.loss, test_correct=int(found.right.sum()), test_total=len(test),
                     seconds=seconds, images_per_second=trained["train_total"] / seconds, also=found.also)

    def state(self) -> dict:
        """Return what `restore` needs to go on from the end of an epoch."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict() if self.average is not None else None,
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def restore(self, state: dict) -> None:
        """Take over the state that `state()` returned."""
        self.network.load_state_dict(state["network"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scaler.load_state_dict(state["scaler"])


def _exponential_average(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor], None]:
    """Return AveragedModel's update. It starts with a short memory, so that the first epochs' average is of use too."""
    def update(averaged: list[Tensor], current: list[Tensor], count: Tensor) -> None:
        if averaged[0].is_floating_point():
            torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + float(count)) / (10 + float(count))))
        else:  # Batch norm's counts of batches.
            torch._foreach_copy_(averaged, current)
    return update


def _kernels(network: nn.Module) -> list[nn.Parameter]:
    """Return the weights of convolutions and linear layers: not biases, not the scales of normalisation layers."""
    return [module.weight for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Weight decay is for kernels; what is left goes without."""
    kernels = _kernels(network)
    others = [parameter for parameter in network.parameters() if not any(parameter is kernel for kernel in kernels)]
    groups = [{"params": kernels, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.nesterov, fused=True)
    return torch.optim.AdamW(groups, lr=recipe.lr, betas=(recipe.momentum, 0.99), fused=True)
