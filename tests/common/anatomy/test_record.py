"""What students write is recorded, and computes the same; what can't be recorded is refused in a sentence."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from common.anatomy.program import Program
from common.anatomy.record import NotRecordableError, record
from common.anatomy.replay import measure, replay
from common.anatomy.weights import fill, misfits
from tests.common.anatomy.styles import STYLES, Body, Head

# What looks at the number of images itself, or was traced with one, is recorded for that number alone.
BOUND = {"view_len", "fixed_batch", "batch_dependent_if", "traced", "prototypes"}
# Here the images of a batch change each other, or a batch of one is something else.
DEPENDENT = {"scaled_by_batch", "squeezed"}


@pytest.mark.parametrize("style", STYLES)
def test_a_recorded_network_computes_what_it_did(style: str, recording: Callable) -> None:
    found = recording(style)
    assert found.program == found.recorded and not misfits(found.program, found.state)
    assert measure(found.program, len(found.images)).outputs == ((6, 10),)
    weights = fill(found.program, found.state)
    (logits,) = replay(found.program, weights, found.images)
    torch.testing.assert_close(logits, found.logits, rtol=0, atol=1e-5)
    assert (found.program.batch is not None) == (style in BOUND)
    if style not in BOUND and style not in DEPENDENT:
        for few in (1, 4):
            torch.testing.assert_close(
                replay(found.program, weights, found.images[:few])[0], logits[:few], rtol=0, atol=1e-4
            )


def test_what_a_program_says_of_weights(recording: Callable) -> None:
    def weights(style: str) -> dict[tuple[str, ...], bool]:
        return {weight.keys: weight.parameter for weight in recording(style).program.weights}

    assert ("one.weight", "two.weight") in weights("tied_weights")
    assert ("a.weight", "b.weight") in weights("one_module_two_names")
    assert weights("unused")["alpha",] is True and weights("unused")["counted",] is False
    assert recording("unused").program.parameter_count == 80 + 90 + 576 + 16 + 3
    assert (
        weights("data_parallel").keys()
        == weights("usual").keys()
        == weights("scripted").keys()
        == weights("frozen_script").keys()
    )
    assert weights("frozen_script") == weights("usual")


def test_what_is_neither_weight_nor_input_is_a_constant(recording: Callable) -> None:
    program = recording("buffers").program
    assert ("mean",) in [weight.keys for weight in program.weights]
    assert set(program.labels.values()) == {"std", "shift"}


def test_a_call_knows_its_module(recording: Callable) -> None:
    modules = [
        node.module for node in recording("shared_layers").program.nodes if node.operator == "aten.convolution.default"
    ]
    assert modules == ["stem", "conv", "conv@1", "conv@2"]


def test_recording_leaves_the_network_as_it_was() -> None:
    torch.manual_seed(0)
    network = STYLES["registered_twice"]()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    record(network, [(1, 28, 28)], 6)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def _decides(s: Body, x: torch.Tensor) -> torch.Tensor:
    return x if x.sum() > 0 else -x


def _item(s: Body, x: torch.Tensor) -> torch.Tensor:
    return x * (2 if x.max().item() > 1 else 1)


def _numpy(s: Body, x: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(x.detach().numpy() * 2)


def _cuda(s: Body, x: torch.Tensor) -> torch.Tensor:
    return x * torch.ones(1).cuda()


def _dropout(s: Body, x: torch.Tensor) -> torch.Tensor:
    return F.dropout(x, 0.1)


def _noise(s: Body, x: torch.Tensor) -> torch.Tensor:
    return x + torch.randn_like(x)


def _draws(s: Body, x: torch.Tensor) -> torch.Tensor:
    return x + torch.rand(x.shape)


def _fourier(s: Body, x: torch.Tensor) -> torch.Tensor:
    return torch.fft.ifft2(torch.fft.fft2(x)).real


def _chosen(s: Body, x: torch.Tensor) -> torch.Tensor:
    return x + x[x > 0].mean()


def _many(s: Body, x: torch.Tensor) -> torch.Tensor:
    return x + sum(1 for value in x[0, 0, 0, :2].tolist() if value > 0)


def _mistaken(s: Body, x: torch.Tensor) -> torch.Tensor:
    return s.nothing(x)


def _mismatched(s: Body, x: torch.Tensor) -> torch.Tensor:
    return s.stem(x)


def _raises(s: Body, x: torch.Tensor) -> torch.Tensor:
    raise KeyError("a word of theirs")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (_decides, "decides by the values"),
        (_item, "decides by the values"),
        (_chosen, "decides by the values"),
        (_many, "decides by the values"),
        (_numpy, "NumPy"),
        (_cuda, "GPU"),
        (_dropout, "random numbers"),
        (_noise, "random numbers"),
        (_draws, "random numbers"),
        (_fourier, "complex64"),
        (_mistaken, "AttributeError"),
        (_mismatched, "channels"),
        (_raises, "a word of theirs"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_its_line(body: Callable, words: str) -> None:
    with pytest.raises(NotRecordableError) as refused:
        record(Body(body), [(1, 28, 28)], 6)
    message, line = refused.value.message, body.__code__.co_firstlineno + 1
    assert words in message and refused.value.help and "\n" not in message
    assert message.startswith(f"test_record.py, line {line}: ")


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Head(lambda s, x: {"logits": s.linear(x.mean((2, 3)))}), None),
        (Head(lambda s, x: (s.linear(x.mean((2, 3))), 3)), "something else than tensors"),
        (Head(lambda s, x: None), "something else than tensors"),
        (Head(lambda s, x: s.linear(x.mean((2, 3))).to(torch.complex64)), "complex64"),
        (nn.Linear(3, 10), "forward() raised"),
        (Head(lambda s, x: s.later(x), later=nn.LazyLinear(10)), "forward() raised"),
    ],
)
def test_what_networks_return(network: nn.Module, words: str | None) -> None:
    if words is None:
        assert isinstance(record(network, [(1, 28, 28)], 6), Program)
        return
    with pytest.raises(NotRecordableError) as refused:
        record(network, [(1, 28, 28)], 6)
    assert words in refused.value.message and "\n" not in refused.value.message
