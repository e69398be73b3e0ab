"""Several processes that train one network, as torchrun starts them: each has its share of every batch."""

import contextlib
import gc
import importlib
import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from common.device import choose_device
from common.errors import DeviceError, ProcessError, UserError

Result = TypeVar("Result")
# What gloo and NCCL say where they wait for one that is gone.
_GONE = (
    "Connection closed by peer",
    "Connection reset by peer",
    "Broken pipe",
    "remote process exited",
    "Socket closed",
)


@dataclass(frozen=True)
class Processes:
    """This process's place (from 0) among `count` that train together; alone, where nothing else is said."""

    place: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the one process that evaluates, reports and writes."""
        return self.place == 0

    def share(self, batch: Tensor) -> Tensor:
        """Return this process's share of `batch` (N first); the shares of all make up the batch, each item once."""
        return batch[self.place :: self.count]

    def total(self, values: Tensor) -> Tensor:
        """Return the sum of `values` over all processes, the same in each."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def first_does(self, action: Callable[[], Result]) -> Result:
        """Return, in every process, what `action` returns in the first; raise in all the UserError that it raises
        there."""
        if self.count == 1:
            return action()
        told: list[object] = [None, None]
        if self.is_first:
            try:
                told[0] = action()
            except UserError as error:
                told[1] = error
        dist.broadcast_object_list(told)
        if told[1] is not None:
            raise told[1]
        return told[0]

    def draw_apart(self) -> None:
        """Seed this process's random numbers differently from the others', which were seeded alike."""
        if not self.is_first:
            torch.manual_seed(torch.initial_seed() + self.place * 1_000_003)

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return what computes like `network`, and averages the gradients over all processes in its backward pass.

        Batch norm normalises each process's share by itself, and takes its running averages from the first process's.
        """
        return nn.parallel.DistributedDataParallel(network) if self.count > 1 else network


@contextlib.contextmanager
def joined(device: str) -> Iterator[tuple[Processes, torch.device]]:
    """Join the processes that torchrun started beside this one, if it did; yield them and this process's own device.

    On "cuda" each process has a GPU of its own. Processes can join once in their life. Raises DeviceError.
    """
    count = int(os.environ.get("WORLD_SIZE", 1))
    if count == 1:
        yield Processes(), choose_device(device)
        return
    local = int(os.environ["LOCAL_RANK"])
    if device == "cuda" and torch.cuda.is_available():
        if torch.cuda.device_count() < int(os.environ["LOCAL_WORLD_SIZE"]):
            raise DeviceError(
                f"There are more processes than GPUs; start {torch.cuda.device_count()} of them, or add --device cpu."
            )
        device = f"cuda:{local}"
    own = choose_device(device)
    if own.type == "cuda":
        torch.cuda.set_device(own)
    # The group's threads end when nothing holds it any more; those that are left when Python ends may abort the
    # process. So no network that `wrap` made may live on, and this must be imported before there is a group: the group
    # that is there when DistributedDataParallel imports it becomes a default argument of its functions.
    importlib.import_module("torch.distributed.nn")
    dist.init_process_group("nccl" if own.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), count), own
        dist.barrier()  # They leave together: one that ends while another still speaks to it may crash.
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)
        if isinstance(error, RuntimeError) and any(word in str(error) for word in _GONE):
            raise ProcessError("Another of the processes that train together has ended.") from None
        raise
    finally:
        gc.collect()
        dist.destroy_process_group()
