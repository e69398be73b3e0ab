"""A run's network as an ONNX file: its recorded program with the weights of the last epoch, which classifies the test
images as the checker's own replay does, or isn't written."""

import contextlib
import importlib.util
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from checker.assignments import Assignment
from checker.check import run_names
from checker.intake.files import shown
from checker.intake.folder import read_folder
from checker.means import Means
from checker.submission import read
from checker.verdict import CannotCheckError
from common.files import write_atomically

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from checker.score import Counts
    from checker.test_set import TestSet
    from common.anatomy.program import Program
    from common.data import Normalization

PACKAGES = ("onnx", "onnxruntime", "onnxscript")


def export_run(
    assignment: Assignment,
    folder: Path,
    name: str,
    output: Path,
    *,
    own: bool,
    means: Means,
    tell: Callable[[str], None],
) -> "Counts":
    """Write the network of the run `name` of `folder` to `output`, and return what it classifies correctly.

    own, means, tell: as for checker.check.check_folder
    Raises CannotCheckError where there is no such network, it can't be exported, or the file classifies other images
    correctly than the checker does; UserError where the file can't be written or the test images are missing.
    """
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        raise CannotCheckError(
            f"An export to ONNX needs {' and '.join(missing)}.", f"Install it: pip install {' '.join(PACKAGES)}."
        )
    submission = read_folder(
        folder,
        run_names(assignment, folder, own, name),
        assignment.inputs,
        networks=True,
        augmentation=False,
        sandbox=means.sandbox,
    )
    tell(f"{shown(name)}: recording")
    with contextlib.closing(submission):
        from checker.evidence import Evidence

        run, tests = submission.runs[name], means.tests(assignment.dataset)
        log = read(run.log)
        # Of the last epoch alone, so that no other is evaluated.
        last = replace(run, log=log[-1:], weights={0: run.weights[len(run.weights) - 1]})
        evidence = Evidence(submission, last, tests, "cpu", siblings={}, two_inputs=assignment.two_inputs)
        tell(f"{shown(name)}: evaluating it as recorded")
        counted = evidence.counts(log[-1])
        tell(f"{shown(name)}: exporting it")
        content = as_onnx(evidence.program, evidence.tensors(log[-1]))
        tell(f"{shown(name)}: evaluating the file")
        found = _counts(content, tests, evidence.normalization, evidence.program)
    if found != counted:
        raise CannotCheckError(
            f"The exported network classifies {found.images:,} images correctly, the recorded one {counted.images:,}.",
            "onnxruntime computes something otherwise than PyTorch; no file was written.",
        )
    write_atomically(output.resolve(), content, "choose another --output")
    return found


def as_onnx(program: "Program", tensors: "Mapping[str, Tensor]") -> bytes:
    """Return `program` with the weights of a state dict as an ONNX model, for any number of images where the program is
    recorded for any. Its outputs are called "logits", or "digit" and "sum". Raises CannotCheckError."""
    import torch
    from torch import nn

    from common.anatomy.replay import execute
    from common.anatomy.weights import fill

    class Recorded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.names = {}
            for number, (name, tensor) in enumerate(fill(program, tensors).items()):
                self.names[name] = f"weight_{number}"
                self.register_buffer(f"weight_{number}", tensor.contiguous())

        def forward(self, *inputs: "Tensor") -> "tuple[Tensor, ...]":
            return execute(program, {name: getattr(self, held) for name, held in self.names.items()}, inputs)

    examples = tuple(torch.zeros(program.batch or 3, *given.shape) for given in program.inputs)
    free = None if program.batch else (tuple({0: torch.export.Dim("batch")} for _ in examples),)
    try:
        with torch.no_grad(), _quiet():
            exported: Any = torch.onnx.export(
                Recorded().eval(),
                examples,
                dynamo=True,
                verbose=False,
                dynamic_shapes=free,
                input_names=[given.name for given in program.inputs],
                output_names=["logits"] if len(program.outputs) == 1 else ["digit", "sum"][: len(program.outputs)],
            )
            content: bytes = exported.model_proto.SerializeToString()
            return content
    except Exception as error:  # Whatever the exporter meets in an operator that it doesn't know.
        raise CannotCheckError(
            f"The network can't be written as ONNX: {_reason(error)}.",
            "Use operators that ONNX has; the checker itself doesn't need it.",
        ) from error


def _reason(error: BaseException) -> str:
    """Return what stopped an export: the operator, where it is named, else the first line of the last cause."""
    causes = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    operator = re.search(r"\b(?:aten|prims)\.\w+(?:\.\w+)?", " ".join(map(str, causes)))
    if operator:
        return f"it has no counterpart of {operator[0]}"
    return shown((str(causes[-1]).strip().splitlines() or [type(causes[-1]).__name__])[0], 200).rstrip(".")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks to itself."""
    import logging

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _counts(content: bytes, tests: "TestSet", normalization: "Normalization", program: "Program") -> "Counts":
    """Return what onnxruntime classifies correctly with a model of `program`."""
    import numpy as np
    import onnxruntime

    from checker.measure import BATCH
    from checker.score import NO_CLASS, NUMBERS

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # Errors.
    try:
        network: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

        def classes(number: int | None) -> "Iterator[list[np.ndarray]]":
            size = program.batch or BATCH
            for pixels in tests.pixels.split(size):
                given = [normalization(pixels.float() / 255).numpy()]
                if number is not None:
                    given.append(np.eye(NUMBERS, dtype=np.float32)[[number] * len(pixels)])
                logits = network.run(None, {each.name: one for each, one in zip(program.inputs, given, strict=True)})
                yield [np.where(np.isfinite(each).all(1), each.argmax(1), NO_CLASS) for each in logits]

        numbers = range(NUMBERS) if len(program.inputs) > 1 else (None,)
        rows = [[np.concatenate(part) for part in zip(*classes(number), strict=True)] for number in numbers]
    except Exception as error:  # Each of onnxruntime's errors is a type of its own.
        raise CannotCheckError(
            f"onnxruntime can't run the exported network: {shown(str(error).splitlines()[0], 200)}.",
            "Use operators that it knows; the checker itself doesn't need it.",
        ) from error
    digits, *sums = (np.stack(each) for each in zip(*rows, strict=True))
    return tests.labels.counts(digits, sums[0] if sums else None)
