"""A safetensors file's header, looked at before anything is made of it: PyTorch takes hours over a tensor of a million
dimensions."""

from checker.intake.files import strict_json

MOST_HEADER = 4_000_000
MOST_TENSORS = 10_000
MOST_DIMENSIONS = 8
_TYPES = ("F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U8", "BOOL")


def refuse_strange(content: bytes) -> None:
    """Raise ValueError where a safetensors file holds more, or other tensors, than a state dict does."""
    size = int.from_bytes(content[:8], "little")
    if size > min(MOST_HEADER, len(content) - 8):
        raise ValueError("its header is cut off or too long")
    try:
        header = strict_json(content[8 : 8 + size].decode())
    except RecursionError:
        raise ValueError("its header is nested") from None
    if not isinstance(header, dict):
        raise ValueError("its header is none")
    tensors = [each for name, each in header.items() if name != "__metadata__"]
    if len(tensors) > MOST_TENSORS:
        raise ValueError(f"more than {MOST_TENSORS:,} tensors")
    for each in tensors:
        shape, kind = (each.get("shape"), each.get("dtype")) if isinstance(each, dict) else (None, None)
        if not isinstance(shape, list) or len(shape) > MOST_DIMENSIONS:
            raise ValueError(f"a tensor of more than {MOST_DIMENSIONS} dimensions")
        if kind not in _TYPES:
            raise ValueError("complex numbers" if kind in ("C64", "C128") else f"numbers of the type {str(kind)[:20]}")
