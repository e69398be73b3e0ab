"""Where training runs and at what precision."""

from contextlib import AbstractContextManager

import torch

from common.errors import DeviceError

_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def choose_device(name: str) -> torch.device:
    """Return the device called `name` ("cpu", "cuda", "cuda:1", "mps"). Raises DeviceError where it is missing."""
    try:
        device = torch.device(name)
        if device.type not in ("cpu", "cuda", "mps"):  # "meta" exists everywhere and computes nothing.
            raise RuntimeError(f"no network is trained on {device.type}")
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise DeviceError(
            f"The device {name!r} is not available on this machine; "
            f"try --device cpu{', or --device cuda' if torch.cuda.is_available() else ''}."
        ) from error
    return device


def training_precision(device: torch.device) -> str:
    """Return "bf16", "fp16" or "fp32": the fastest that `device` computes natively.

    Older GPUs emulate bf16 slowly, so they get fp16 with a scaled loss; CPUs without bf16 instructions get fp32.
    """
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported():
        return "bf16"
    return "fp32"


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context in which a forward pass runs at `precision`."""
    return torch.autocast(device.type, dtype=_AUTOCAST.get(precision, torch.bfloat16), enabled=precision in _AUTOCAST)


def describe_device(device: torch.device) -> str:
    """Return what decides how floating point rounds: the GPU's name, or the CPU's instruction set."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    if device.type == "cpu":
        return f"cpu ({torch.backends.cpu.get_cpu_capability()})"
    return device.type
