"""The one training loop: images in memory, augmented by the block, trained in bf16 or fp16 where the device has it.

Every epoch starts from a seed of its own and the learning rate follows from the step's number, so a run that is
resumed at an epoch's end needs no more than the weights and the optimizer's state.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from common.data import Images, Normalization
from common.device import autocast, training_precision
from common.dropout import use_cheap_dropout
from common.errors import DivergedError
from common.recipe import Recipe

# Batches are gathered and augmented this many at a time: enough to make the cost per call small, while the block
# stays in the CPU's cache.
BLOCK = 8
EVALUATION_BATCH = 1_000


@dataclass(frozen=True)
class Epoch:
    """What one epoch measured. Losses are means over the images; `seconds` is the training pass alone."""

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


def evaluate(network: nn.Module, images: Images, normalization: Normalization) -> tuple[float, Tensor]:
    """Return the mean cross-entropy and the predictions (int64 N) of `network` in fp32, on the images' device."""
    network.eval()
    loss, predictions = 0.0, []
    # On a GPU, convolutions would otherwise run in TF32.
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
        for start in range(0, len(images), EVALUATION_BATCH):
            labels = images.labels[start:start + EVALUATION_BATCH]
            inputs = normalization(images.pixels[start:start + EVALUATION_BATCH].float() / 255)
            logits = network(inputs.contiguous(memory_format=torch.channels_last))
            loss += F.cross_entropy(logits, labels, reduction="sum").item()
            predictions.append(logits.argmax(1))
    return loss / len(images), torch.cat(predictions)


def batches(images: Images, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield one epoch of shuffled, augmented, normalised batches: float32 N×C×H×W (channels last), int64 N."""
    order = torch.randperm(len(images)).to(images.labels.device)
    for block in order.split(recipe.batch_size * BLOCK):
        pixels = images.pixels[block].float() / 255
        for augmentation in recipe.augmentations:
            pixels = augmentation(pixels)
        pixels = recipe.normalization(pixels).contiguous(memory_format=torch.channels_last)
        yield from zip(pixels.split(recipe.batch_size), images.labels[block].split(recipe.batch_size), strict=True)


class Trainer:
    """A network, its optimizer and its weight average, trained one epoch at a time."""

    def __init__(self, network: nn.Module, recipe: Recipe, train: Images, device: torch.device) -> None:
        self.recipe = recipe
        self.device = device
        self.precision = training_precision(device)
        self.train_images = train.to(device)
        if device.type == "cpu":
            use_cheap_dropout(network)
        self.network = network.to(device, memory_format=torch.channels_last)
        self.average = AveragedModel(
            self.network, multi_avg_fn=_exponential_average(recipe.averaging), use_buffers=True,
        ) if recipe.averaging else None
        self.optimizer = _optimizer(network, recipe)
        # Only fp16 needs its loss scaled; for the rest the scaler does nothing.
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.precision == "fp16")
        self.steps_per_epoch = math.ceil(len(train) / recipe.batch_size)

    @property
    def evaluated(self) -> nn.Module:
        """The network that is evaluated and saved: the average, where the recipe asks for one."""
        return self.average.module if self.average is not None else self.network

    def train_epoch(self, epoch: int, on_step: Callable[[int, float], None] = lambda images, loss: None) -> dict:
        """Train for epoch number `epoch` (from 1) and return its lr, train_loss, train_correct and train_total.

        `on_step` hears the number of images so far and their mean loss once a block. Raises DivergedError.
        """
        torch.manual_seed(self.recipe.seed * 10_007 + epoch)
        self.network.train()
        steps = self.steps_per_epoch * self.recipe.epochs
        step = self.steps_per_epoch * (epoch - 1)
        seen, loss_sum, pending = 0, 0.0, []
        correct = torch.zeros((), dtype=torch.int64, device=self.device)
        for images, labels in batches(self.train_images, self.recipe):
            lr = self.recipe.lr_at(step, steps)
            for group in self.optimizer.param_groups:
                group["lr"] = lr
            with autocast(self.device, self.precision):
                logits = self.network(images)
            loss = F.cross_entropy(logits.float(), labels)
            self.optimizer.zero_grad(set_to_none=True)
            self.scaler.scale(loss + self._penalty() if self.recipe.l1 else loss).backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()
            if self.average is not None:
                self.average.update_parameters(self.network)
            correct += (logits.argmax(1) == labels).sum()
            pending.append((loss.detach(), len(labels)))
            step += 1
            seen += len(labels)
            # Reading a loss waits for the GPU, so it is done once a block.
            if len(pending) == BLOCK or step == self.steps_per_epoch * epoch:
                loss_sum += self._sum_losses(pending, epoch, step)
                pending = []
                on_step(seen, loss_sum / seen)
        return {"lr": lr, "train_loss": loss_sum / seen, "train_correct": int(correct), "train_total": seen}

    def _penalty(self) -> Tensor:
        return self.recipe.l1 * torch.stack([kernel.abs().sum() for kernel in _kernels(self.network)]).sum()

    def _sum_losses(self, pending: list[tuple[Tensor, int]], epoch: int, step: int) -> float:
        losses = torch.stack([loss for loss, _ in pending]).tolist()
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
        loss, predictions = evaluate(self.evaluated, test, self.recipe.normalization)
        return Epoch(epoch=epoch, **trained, test_loss=loss, test_correct=int((predictions == test.labels).sum()),
                     test_total=len(test), seconds=seconds, images_per_second=trained["train_total"] / seconds)

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
    return [parameter for parameter in network.parameters() if parameter.ndim > 1]


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Weight decay is for kernels; what is left goes without."""
    kernels = _kernels(network)
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": kernels, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.lr, momentum=recipe.momentum, nesterov=recipe.nesterov, fused=True)
    return torch.optim.AdamW(groups, lr=recipe.lr, betas=(recipe.momentum, 0.99), fused=True)
