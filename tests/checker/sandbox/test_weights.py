"""Weight files of other formats: what is converted, and what is refused with which sentence."""

import os
import pickle
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load
from torch import nn

from checker.sandbox.run import run
from checker.sandbox.state_dict import StateDictError, convert
from checker.sandbox.tasks import MB, Limits, Task

LAYER = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.zeros(2)}


class _Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.path,)


def converted(folder: Path, saved: object) -> tuple[str, dict[str, torch.Tensor]]:
    torch.save(saved, folder / "weights.pt")
    prefix, blob = convert(folder / "weights.pt", 10 * MB)
    return prefix, load(blob)


@pytest.mark.parametrize(
    "wrap",
    [
        dict,
        OrderedDict,
        lambda state: {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {"state": {}}},
        lambda state: {"model": {"state_dict": state}, "args": [1, 2]},
        lambda state: {name: nn.Parameter(tensor) for name, tensor in state.items()},
    ],
)
def test_a_state_dict_is_found_in_a_checkpoint(tmp_path: Path, wrap: Callable) -> None:
    prefix, tensors = converted(tmp_path, wrap(LAYER))
    assert prefix == "" and tensors.keys() == LAYER.keys()
    assert all(torch.equal(tensors[name], LAYER[name]) for name in LAYER)


@pytest.mark.parametrize(
    ("wrap", "prefix"),
    [
        (lambda network: nn.DataParallel(network).state_dict(), "module."),
        (lambda network: torch.optim.swa_utils.AveragedModel(network).state_dict(), "module."),
        # As torch.compile names them, which takes seconds.
        (lambda network: {f"_orig_mod.{name}": tensor for name, tensor in network.state_dict().items()}, "_orig_mod."),
        (
            lambda network: {f"module._orig_mod.{name}": tensor for name, tensor in network.state_dict().items()},
            "module._orig_mod.",
        ),
    ],
)
def test_the_prefixes_of_wrappers_are_stripped(tmp_path: Path, wrap: Callable, prefix: str) -> None:
    found, tensors = converted(tmp_path, wrap(nn.Conv2d(1, 2, 3)))
    assert (found, set(tensors)) == (prefix, {"weight", "bias"})


@pytest.mark.parametrize(
    "tensor",
    [
        torch.ones(1).expand(1000),
        torch.arange(12).reshape(3, 4).T,
        torch.tensor(3),
        torch.ones(2, dtype=torch.bfloat16),
        torch.zeros(0, 3),
        torch.tensor([True]),
        torch.tensor([float("nan"), float("inf")]),
        torch.ones(3).to(torch.uint8),
        torch.arange(10.0)[::3],
    ],
)
def test_every_tensor_gets_its_own_numbers(tmp_path: Path, tensor: torch.Tensor) -> None:
    _, tensors = converted(tmp_path, {"a": tensor, "b": tensor})
    for found in tensors.values():
        assert found.dtype == tensor.dtype and torch.equal(found.nan_to_num(), tensor.nan_to_num())


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (torch.eye(3).to_sparse(), "that is sparse"),
        (torch.ones(3, dtype=torch.complex64), "of the type complex64"),
        (torch.empty(10**6, device="meta"), "without its numbers"),
        (torch.ones(1).expand(10**9), "holds more than 10 MB of numbers"),
    ],
)
def test_what_is_no_ordinary_tensor_is_refused(tmp_path: Path, tensor: torch.Tensor, sentence: str) -> None:
    with pytest.raises(StateDictError, match=sentence):
        converted(tmp_path, {"weight": tensor})


def test_a_quantised_tensor_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        quantised = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
        with pytest.raises(StateDictError, match="that is quantised"):
            converted(tmp_path, {"weight": quantised})


@pytest.mark.parametrize(
    "saved", [nn.Linear(2, 2), _Payload("made"), {"weight": _Payload("made")}, {"weight": nn.Linear(1, 1)}]
)
def test_a_pickle_of_something_else_is_refused_and_not_run(
    tmp_path: Path, saved: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StateDictError, match="holds more than a state dict"):
        converted(tmp_path, saved)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "saved",
    [
        {},
        [],
        torch.ones(3),
        7,
        None,
        {"epoch": 3},
        {"state_dict": {}},
        {1: torch.ones(1)},
        {"weight": torch.ones(1), "epoch": 3},
    ],
)
def test_what_holds_no_state_dict_is_refused(tmp_path: Path, saved: object) -> None:
    with pytest.raises(StateDictError, match=r"holds (no|more than a) state dict"):
        converted(tmp_path, saved)


def test_files_are_converted_or_refused_one_by_one(folder: Path, isolation: str) -> None:
    torch.save({"model": LAYER}, folder / "good.pt")
    torch.save(LAYER, folder / "old.pth", _use_new_zipfile_serialization=False)
    (folder / "payload.pt").write_bytes(pickle.dumps(_Payload("/tmp/made-by-a-pickle")))
    (folder / "text.pt").write_text("no weights at all")
    (folder / "empty.pt").touch()
    (folder / "cut.pt").write_bytes((folder / "good.pt").read_bytes()[:300])
    with zipfile.ZipFile(folder / "bomb.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(25):
            archive.writestr(f"archive/data/{number}", bytes(2 * MB))
        archive.writestr("archive/data.pkl", b"x")
    (folder / "link.pt").symlink_to("good.pt")
    os.mkfifo(folder / "pipe.pt")
    files = [
        "good.pt",
        "old.pth",
        "payload.pt",
        "text.pt",
        "empty.pt",
        "cut.pt",
        "bomb.pt",
        "link.pt",
        "pipe.pt",
        "absent.pt",
        "../labels.pt",
        "/etc/passwd",
        "a\0b.pt",
        "a\nb.pt",
        "",
        ".",
    ]
    (folder.parent / "labels.pt").write_bytes((folder / "good.pt").read_bytes())
    limits = Limits(seconds=60, blob=20 * MB)
    answers = list(run(folder, [Task("weights", {"file": file}) for file in files], isolation=isolation, limits=limits))
    found = dict(zip(files, answers, strict=True))
    for file in ("good.pt", "old.pth"):
        assert found[file].problem is None, found[file].problem
        assert found[file].value == {"stripped": ""} and torch.equal(load(found[file].blob)["weight"], LAYER["weight"])
    assert "holds more than a state dict" in found["payload.pt"].problem.message
    assert "unpacks to more than 40 MB" in found["bomb.pt"].problem.message
    assert "is a symbolic link" in found["link.pt"].problem.message
    assert "is no regular file" in found["pipe.pt"].problem.message
    assert "There is no " in found["absent.pt"].problem.message
    for file in files[2:]:
        problem = found[file].problem
        assert problem.kind == "refused" and problem.message.isprintable() and problem.message.endswith("."), file
    assert not os.path.exists("/tmp/made-by-a-pickle")
