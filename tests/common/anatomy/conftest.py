"""Recordings that several tests share: a network is recorded once a session."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest
import torch
from torch import Tensor

from common.anatomy.program import Program, from_bytes, to_bytes
from common.anatomy.record import record, unwrapped
from tests.common.anatomy.styles import STYLES

IMAGES = 6


@dataclass(frozen=True)
class Recording:
    """A style's network, recorded, written down and read back; what it made of its images before it was recorded."""

    recorded: Program
    program: Program
    state: dict[str, Tensor]
    images: Tensor
    logits: Tensor


@cache
def _recording(style: str) -> Recording:
    torch.manual_seed(0)
    network = STYLES[style]().eval()
    images = torch.randn(IMAGES, 1, 28, 28).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        logits = network(images.clone())
    program = record(network, [(1, 28, 28)], IMAGES)
    plain = unwrapped(network)
    return Recording(
        program, from_bytes(*to_bytes(program)), getattr(plain, "scripted", plain).state_dict(), images, logits
    )


@pytest.fixture(scope="session")
def recording() -> Callable[[str], Recording]:
    """Returns the recording of a style, by its name."""
    return _recording
