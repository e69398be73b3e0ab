"""The cheap dropout does what nn.Dropout does."""

import pytest
import torch
from torch import nn

from common.dropout import CheapDropout, use_cheap_dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_drops_the_share_and_scales_the_rest(dtype: torch.dtype, layout: torch.memory_format) -> None:
    torch.manual_seed(0)
    x = torch.ones(64, 16, 20, 20, dtype=dtype).contiguous(memory_format=layout)
    y = CheapDropout(0.25)(x)
    assert y.dtype == dtype and y.is_contiguous(memory_format=layout)
    assert set(y.unique().tolist()) == {0.0, torch.tensor(4 / 3, dtype=dtype).item()}
    assert (y == 0).float().mean().item() == pytest.approx(0.25, abs=0.005)
    # No channel, row or image is dropped more often than another.
    for dims in ((0, 2, 3), (0, 1, 2), (1, 2, 3)):
        assert (y == 0).float().mean(dims).sub(0.25).abs().max() < 0.03


@pytest.mark.parametrize("p", [0.0, 0.05, 1.0])
def test_the_ends_are_exact(p: float) -> None:
    y = CheapDropout(p)(torch.ones(1_000_001))
    assert (y == 0).float().mean().item() == pytest.approx(p, abs=0.001)
    assert torch.isfinite(y).all()


def test_the_gradient_is_dropped_where_the_value_is() -> None:
    x = torch.randn(8, 3, 5, 5, requires_grad=True)
    y = CheapDropout(0.5)(x)
    y.sum().backward()
    assert torch.equal(x.grad, torch.where(y == 0, 0.0, 2.0))


def test_a_seed_gives_the_same_mask_and_the_next_call_another() -> None:
    x, dropout = torch.ones(10_000), CheapDropout(0.5)
    torch.manual_seed(1)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(1)
    assert torch.equal(dropout(x), first) and not torch.equal(first, second)


def test_evaluation_changes_nothing() -> None:
    x = torch.randn(3, 4)
    assert CheapDropout(0.5).eval()(x) is x


def test_a_slice_of_a_tensor_is_dropped_too() -> None:
    x = torch.ones(10, 10)[:, ::2]
    assert set(CheapDropout(0.5)(x).unique().tolist()) <= {0.0, 2.0}


def test_only_plain_dropout_is_replaced() -> None:
    network = nn.Sequential(nn.Dropout(0.1), nn.Sequential(nn.Dropout2d(0.2), nn.Dropout(0.3)), nn.Linear(2, 2))
    names = list(network.state_dict())
    use_cheap_dropout(network)
    assert [type(each) for each in (network[0], network[1][0], network[1][1])] == [
        CheapDropout,
        nn.Dropout2d,
        CheapDropout,
    ]
    assert (network[0].p, network[1][1].p) == (0.1, 0.3) and list(network.state_dict()) == names
