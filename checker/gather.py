"""Gathers what a page shows of a run beside its verdicts, of what was measured for these; all of it bounded."""

import contextlib
import io
from typing import TYPE_CHECKING, Any

from checker.details import Details, Epoch, Layer, Mistake
from checker.intake.files import shown

if TYPE_CHECKING:
    from torch import Tensor

    from checker.evidence import Evidence
    from checker.submission import LoggedEpoch
    from common.anatomy.operation import Operation

MOST_EPOCHS = 300
MOST_LAYERS = 120
MOST_MISTAKES = 10


def gather(run: "Evidence", threshold: float | None) -> Details:
    """Return the curves, layers and mistakes of a run whose rules have been judged; `threshold` is in percent.

    What no rule has asked for, or could not be found out, is left empty: a rule has said why.
    """
    found: dict[str, Any] = {"threshold": threshold}
    for part in (_epochs, _network, _mistakes):
        with contextlib.suppress(Exception):  # There is always a submission that nobody thought of.
            found |= part(run)
    return Details(**found)


def _epochs(run: "Evidence") -> dict[str, Any]:
    log, last = run.log, run.last_epochs
    every = -(-len(log) // MOST_EPOCHS)
    kept = [epoch for number, epoch in enumerate(log) if number % every == 0 or number >= len(log) - len(last)]
    return {"epochs": tuple(_epoch(epoch, _measured(run, epoch) if epoch in last else None) for epoch in kept)}


def _epoch(logged: "LoggedEpoch", measured: float | None) -> Epoch:
    return Epoch(
        logged.epoch,
        logged.train_loss,
        logged.test_loss,
        _percent(logged.train_correct, logged.train_total),
        _percent(logged.test_correct, logged.test_total),
        _percent(logged.sum_correct, logged.sum_total),
        measured,
    )


def _percent(correct: float | None, total: int | None) -> float | None:
    return 100 * correct / total if correct is not None and total and correct <= total else None


def _measured(run: "Evidence", epoch: "LoggedEpoch") -> float | None:
    with contextlib.suppress(Exception):
        return 100 * run.counts(epoch).images / run.test_total if run.evaluated else None
    return None


def _network(run: "Evidence") -> dict[str, Any]:
    if not run.recorded:
        return {}
    found: dict[str, Any] = {"parameters": run.parameter_count, "side": run.side}
    with contextlib.suppress(Exception):
        layers = _layers(run.layers)
        found |= {"layers": layers[:MOST_LAYERS], "layer_count": len(layers)}
    return found


def _layers(operations: "tuple[Operation, ...]") -> tuple[Layer, ...]:
    """A norm of a layer's whole output stands in that layer's line."""
    layers: list[Layer] = []
    places: dict[int, int] = {}  # A convolution's call → its layer.
    for operation in operations:
        behind = layers[-1] if layers else None
        if behind and operation.kind.endswith("norm") and behind.output == operation.output:
            layers[-1] = Layer(
                f"{behind.what}, then {operation.kind}",
                behind.module,
                behind.inputs,
                behind.output,
                behind.parameters + operation.parameters,
                behind.multiply_adds,
                behind.receptive_field,
            )
            continue
        inputs = tuple(sorted({places[call] for call in operation.before if call in places}))
        places[operation.call] = len(layers)
        layers.append(
            Layer(
                _named(operation),
                shown(operation.name, 60),
                inputs if len(inputs) > 1 else (),
                operation.output,
                operation.parameters,
                operation.multiply_adds,
                operation.receptive_field,
            )
        )
    return tuple(layers)


def _named(operation: "Operation") -> str:
    words = [operation.kind]
    if operation.kind == "convolution":
        words[0] += f" {'×'.join(map(str, operation.weight[2:]))}"
        if operation.groups > 1:
            words.append("depthwise" if operation.weight[1] == 1 else f"{operation.groups} groups")
        words += [
            f"{word} {max(steps)}"
            for word, steps in (("stride", operation.stride), ("dilation", operation.dilation))
            if steps and max(steps) > 1
        ]
    return ", ".join([*words, *(["fully connected"] if operation.fully_connected else [])])


def _mistakes(run: "Evidence") -> dict[str, Any]:
    if not run.evaluated:
        return {}
    count, surest = run.mistakes(MOST_MISTAKES)
    return {
        "mistakes": tuple(
            Mistake(
                place, run.classes[label], None if read_as is None else run.classes[read_as], _png(run.image(place))
            )
            for place, label, read_as in surest
        ),
        "mistake_count": count,
        "test_total": run.test_total,
    }


def _png(pixels: "Tensor") -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels.permute(1, 2, 0).squeeze(-1).contiguous().numpy()).save(buffer, "png", optimize=True)
    return buffer.getvalue()
