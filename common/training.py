"""The one training loop: images in memory, augmented by the block, trained in bf16 or fp16 where the device has it.

Every epoch starts from a seed of its own and the learning rate follows from the step's number, so a run that is
resumed at an epoch's end needs no more than the weights and the optimizer's state.
"""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from common.batches import BLOCK, batches
from common.data import Images
from common.device import autocast, training_precision
from common.dropout import use_cheap_dropout
from common.epoch import Epoch
from common.errors import DivergedError, RunError
from common.optimizer import kernels, optimizer_for, weight_average
from common.processes import Processes
from common.recipe import Recipe
from common.task import Classification, Task


class Trainer:
    """A network, its optimizer and its weight average, trained one epoch at a time."""

    def __init__(
        self,
        network: nn.Module,
        recipe: Recipe,
        train: Images,
        device: torch.device,
        task: Task = Classification(),
        augmentation: Callable[[], object] | None = None,
        processes: Processes = Processes(),
    ) -> None:
        """`augmentation` returns an albumentations pipeline, for images one by one; see common.pipeline.

        Raises RunError where a batch is too small to be shared among the processes.
        """
        if augmentation is not None and recipe.augmentations:
            raise ValueError("Images are augmented one by one or by the batch, not both.")
        if (len(train) - 1) % recipe.batch_size + 1 < processes.count:
            raise RunError(
                f"The last batch of an epoch has fewer images than the {processes.count} processes that share it; "
                f"start fewer with --nproc-per-node."
            )
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
        self.average = weight_average(self.network, recipe)
        self.model = processes.wrap(self.network)
        self.optimizer = optimizer_for(network, recipe)
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
        return {
            "lr": lr,
            "train_loss": loss_sum / seen,
            "train_correct": int(self.processes.total(correct)),
            "train_total": seen,
        }

    def _penalty(self) -> Tensor:
        return self.recipe.l1 * torch.stack([kernel.abs().sum() for kernel in kernels(self.network)]).sum()

    def _sum_losses(self, pending: list[tuple[Tensor, int]], epoch: int, step: int) -> float:
        losses = self.processes.total(torch.stack([loss for loss, _ in pending])).tolist()
        for offset, loss in enumerate(losses):
            if not math.isfinite(loss):
                at = step - len(losses) + offset + 1 - self.steps_per_epoch * (epoch - 1)
                raise DivergedError(
                    f"The loss became {loss} in epoch {epoch}, step {at} of {self.steps_per_epoch}; "
                    f"lower the learning rate ({self.recipe.lr:g} at its peak)."
                )
        return sum(loss * count for loss, (_, count) in zip(losses, pending, strict=True))

    def run_epoch(self, epoch: int, test: Images, on_step: Callable[[int, float], None]) -> Epoch:
        """Train epoch number `epoch`, evaluate on `test` (on this trainer's device), and return what was measured."""
        started = time.perf_counter()
        trained = self.train_epoch(epoch, on_step)
        seconds = time.perf_counter() - started
        found = self.task.evaluate(self.evaluated, test, self.recipe.normalization)
        return Epoch(
            epoch=epoch,
            **trained,
            test_loss=found.loss,
            test_correct=int(found.right.sum()),
            test_total=len(test),
            seconds=seconds,
            images_per_second=trained["train_total"] / seconds,
            also=found.also,
        )

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
