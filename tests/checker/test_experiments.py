"""Experiments on recorded networks: honest ways to treat all places alike don't move the logits, disguised dense layers
do."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from checker.constants import constants
from checker.experiments.adding import Adding, adding
from checker.experiments.choosing import chosen_among
from checker.experiments.counting import Counting
from checker.experiments.norms import normalised
from checker.experiments.places import Exchange, exchange_places
from checker.experiments.reach import receptive_field
from checker.experiments.weighing import weighed_apart
from checker.rules.anatomy import ADDED, ALIKE, ALONE, CARRIED, COUNTING, KEPT, WEIGHED
from checker.rules.layers import CHOSEN, NORMALISED, global_average_pooling
from checker.rules.weights import FREE_NUMBERS
from checker.tolerances import BY_HAND
from checker.verdict import CannotCheckError
from common.anatomy.follow import follow
from common.anatomy.program import Program
from common.anatomy.record import record
from common.anatomy.weights import fill


class Network(nn.Module):
    """Two convolutions to 8×7×7, then whatever `head` makes of that map with the layers here."""

    def __init__(self, head) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.conv = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.same = nn.Conv2d(8, 8, 3, padding=1)
        self.point = nn.Conv2d(8, 8, 1)
        self.linear = nn.Linear(8, 10)
        self.places = nn.Parameter(torch.randn(7, 7))
        self.norm = nn.LayerNorm([7, 7])
        nn.init.normal_(self.norm.weight)
        self.positions = nn.Parameter(torch.randn(49, 8))
        self.down, self.shortcut = nn.Conv2d(8, 8, 3, stride=2, padding=1), nn.Conv2d(8, 8, 1, stride=2)
        self.identity = nn.Conv2d(8, 8, 1, bias=False)
        self.head = head

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self, torch.relu(self.conv(torch.relu(self.stem(images)))))


def recorded(head) -> tuple[Program, dict[str, Tensor], Tensor]:
    """Return a network's program, its weights, and a few images."""
    network = Network(head).eval()
    program = record(network, [(1, 28, 28)], 4)
    images = torch.rand(program.batch or 4, 1, 28, 28, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return program, network.state_dict(), images * torch.linspace(-1, 2, len(images)).view(-1, 1, 1, 1)


def exchanged(head) -> Exchange:
    program, weights, images = recorded(head)
    return exchange_places(program, fill(program, weights, dtype=torch.float64), images)


def loop(n: Network, x: Tensor) -> Tensor:
    total = 0
    for row in range(7):
        for column in range(7):
            total = total + x[:, :, row, column]
    return n.linear(total / 49)


ALIKE_HEADS = {
    "the mean": lambda n, x: n.linear(x.mean((2, 3))),
    "mean().mean()": lambda n, x: n.linear(x.mean(-1).mean(-1)),
    "a loop over places": loop,
    "an einsum with ones": lambda n, x: n.linear(torch.einsum("nchw,hw->nc", x, torch.ones(7, 7)) / 49),
    "a convolution with ones": lambda n, x: n.linear(
        F.conv2d(x, torch.full((8, 1, 7, 7), 1 / 49), groups=8).flatten(1)
    ),
    "a residual around a convolution": lambda n, x: n.linear((x + n.same(x)).mean((2, 3))),
    "a strided shortcut": lambda n, x: n.linear(torch.relu(n.down(n.same(x)) + n.shortcut(x)).mean((2, 3))),
    "squeeze and excitation": lambda n, x: n.linear((x * x.mean((2, 3), keepdim=True).sigmoid()).mean((2, 3))),
    "generalised mean": lambda n, x: n.linear(x.clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3)),
    "a layer used twice": lambda n, x: n.linear(n.same(n.same(x)).mean((2, 3))),
    "attention without positions": lambda n, x: n.linear(
        F.scaled_dot_product_attention(*[x.flatten(2).transpose(1, 2)] * 3).mean(1)
    ),
    "half precision on the way": lambda n, x: n.linear(x.half().float().mean((2, 3))),
    "numbers at each place, and a convolution behind": lambda n, x: n.linear(n.same(x * n.places).mean((2, 3))),
}
DISGUISED = {
    "a product": lambda n, x: n.linear((x * n.places).mean((2, 3))),
    "a product, bent before the average": lambda n, x: n.linear(torch.relu(x * n.places).mean((2, 3))),
    "a product, pooled adaptively": lambda n, x: n.linear(F.adaptive_avg_pool2d(x * n.places, 1).flatten(1)),
    "lerp": lambda n, x: n.linear(torch.lerp(x, 2 * x, n.places).mean((2, 3))),
    "addcdiv": lambda n, x: n.linear(torch.addcdiv(x, x, n.places.exp()).mean((2, 3))),
    "exp of log": lambda n, x: n.linear((x.clamp(min=1e-6).log() + n.places).exp().mean((2, 3))),
    "an affine norm over positions": lambda n, x: n.linear(n.norm(x).mean((2, 3))),
    "a constant mask": lambda n, x: n.linear((x * torch.linspace(0, 1, 49).view(7, 7)).mean((2, 3))),
    "a gate": lambda n, x: n.linear(torch.where(n.places > 0, x, 0.1 * x).mean((2, 3))),
    "attention with positions": lambda n, x: n.linear(
        F.scaled_dot_product_attention(*[x.flatten(2).transpose(1, 2) + n.positions] * 3).mean(1)
    ),
    "a slice": lambda n, x: n.linear(x[:, :, 3, 3]),
    "a cropped mean": lambda n, x: n.linear(x[:, :, 1:, 1:].mean((2, 3))),
    "padded, then a product": lambda n, x: n.linear(
        (F.pad(x, (1, 0, 1, 0)) * F.pad(n.places, (1, 0, 1, 0))).mean((2, 3))
    ),
    "an identity convolution behind it": lambda n, x: n.linear(n.identity(x * n.places).mean((2, 3))),
    "positions that convolutions make of ones": lambda n, x: n.linear(
        (x * n.same(F.relu(n.same(0 * x + 1))).sigmoid()).mean((2, 3))
    ),
    "a hundred-millionth": lambda n, x: n.linear((x + 1e-6 * x * n.places).mean((2, 3))),
}


@pytest.mark.parametrize("name", ALIKE_HEADS)
def test_what_treats_places_alike_does_not_move(name: str) -> None:
    assert exchanged(ALIKE_HEADS[name]).moved <= ALIKE


@pytest.mark.parametrize("name", DISGUISED)
def test_what_weighs_places_moves(name: str) -> None:
    assert exchanged(DISGUISED[name]).moved > ALIKE


def cropped(n: Network, x: Tensor) -> Tensor:
    wide = F.pad(x, (4, 0, 0, 0))
    return n.linear(x.mean((2, 3))) + n.linear.weight.roll(1, 1).matmul(wide[..., 2:-2].mean((2, 3)).T).T


@pytest.mark.parametrize(("name", "alike"), [*((name, True) for name in ALIKE_HEADS), ("crops", False)])
def test_places_count_in_one_proportion_for_all_channels(name: str, alike: bool) -> None:
    program, weights, images = recorded(ALIKE_HEADS.get(name, cropped))
    assert (weighed_apart(program, fill(program, weights, dtype=torch.float64), images) <= WEIGHED) is alike


CHOOSING = {
    "a maximum": lambda n, x: n.linear(F.max_pool2d(n.same(x), 2).mean((2, 3))),
    "the larger half": lambda n, x: n.linear(torch.maximum(x[..., ::2, 1:-1:2], x[..., ::2, 2::2]).mean((2, 3))),
    "a sharp softmax": lambda n, x: n.linear((x * (50 * x).flatten(2).softmax(2).view_as(x)).sum((2, 3))),
}


@pytest.mark.parametrize("name", [*ALIKE_HEADS, *CHOOSING])
def test_a_maximum_takes_from_the_larger_of_two_places(name: str) -> None:
    program, weights, images = recorded({**ALIKE_HEADS, **CHOOSING}[name])
    if program.batch is None:
        images = torch.cat([images, images.flip(3)])
    chosen = chosen_among(program, fill(program, weights, dtype=torch.float64), (), images)
    assert (chosen > CHOSEN) is (name in CHOOSING)


def test_a_maximum_hangs_on_one_place() -> None:
    assert exchanged(lambda n, x: n.linear(x.amax((2, 3)))).counting.places == 1
    assert exchanged(lambda n, x: n.linear(x.pow(40).mean((2, 3)).pow(1 / 40))).counting.places < COUNTING
    mean = exchanged(ALIKE_HEADS["the mean"])
    assert mean.counting.places > COUNTING and mean.counting.alone == 0
    some = exchanged(lambda n, x: n.linear(torch.cat([x[:, :4].amax((2, 3)), x[:, 4:].mean((2, 3))], 1)))
    assert some.counting.places > COUNTING and some.counting.alone > ALONE


def test_no_number_is_no_evidence() -> None:
    """Zero divided by itself hides what it is multiplied with."""
    found = exchanged(lambda n, x: n.linear(n.same(x * n.places * (0 * x / (0 * x))).mean((2, 3))))
    assert not found.moved <= ALIKE and not found.inside <= ALIKE


@pytest.mark.parametrize(("counting", "passed"), [(1.0, False), (2.0, None), (math.nan, None), (3.1, True)])
def test_too_few_places_to_tell_an_average_from_a_maximum(counting: float, passed: bool | None) -> None:
    anatomy = SimpleNamespace(collapses={"average"}, flat=True, not_understood=set())
    exchange = Exchange(0.0, 0.0, 0.0, Counting(counting, 0.0, 1.0), 0.0, ())
    run = SimpleNamespace(
        anatomy=anatomy, places_weighed=0.0, places_added=Adding(0.0, 1.0, 0.0), places_exchanged=exchange
    )
    if passed is None:
        said = "too few to tell an average from a maximum" if counting > 0 else "Gradients don't foretell"
        with pytest.raises(CannotCheckError, match=said):
            global_average_pooling(run)
    else:
        assert global_average_pooling(run).passed is passed


BATCHES = torch.rand(2, 32, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class ByHand(nn.Module):
    """Takes off a kept mean, as a batch norm written by hand does; some are others, and they may be read once more."""

    def __init__(self, others: int, again: bool) -> None:
        super().__init__()
        self.conv, self.again = nn.Conv2d(1, 16, 3), again
        means = self.conv(BATCHES[0].float()).mean((0, 2, 3)).detach()
        means[:others] += torch.tensor([3.1, 4.7, 2.9, 7.3, 6.1, 5.3, 8.9, 9.7])[:others]
        self.register_buffer("mean", means.view(1, 16, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x) - self.mean
        return (x * self.mean if self.again else x).relu().mean((2, 3))


@pytest.mark.parametrize(("others", "again", "hidden"), [(0, False, 0), (3, False, 3), (8, False, 16), (0, True, 16)])
def test_what_a_norm_by_hand_keeps_counts_where_it_is_no_statistic(others: int, again: bool, hidden: int) -> None:
    network = ByHand(others, again).eval()
    program = record(network, [(1, 8, 8)], 32)
    found = constants(program, fill(program, network.state_dict(), dtype=torch.float64), (BATCHES[0],), (BATCHES[1],))
    assert sum(found.hidden.values()) == hidden


ONE_KERNEL_AGAIN = {
    "turned": (lambda w: [torch.rot90(w, turns, (2, 3)) for turns in range(4)], True),
    "mirrored": (lambda w: [w, w.flip(3)], True),
    "in parts, padded": (lambda w: [w, F.pad(w[:4], (0, 0, 0, 0, 0, 0, 0, 4)), w[:, :, 1:2, 1:2]], True),
    "its rows in another order": (
        lambda w: [w, torch.stack([w[row] for row in (3, 1, 6, 0, 7, 4, 2, 5)])],
        False,
    ),
}


@pytest.mark.parametrize("name", ONE_KERNEL_AGAIN)
def test_orders_of_weights_are_numbers(name: str) -> None:
    kernels, few = ONE_KERNEL_AGAIN[name]
    program, weights, images = recorded(
        lambda n, x: n.linear(sum(F.conv2d(x, each).relu().mean((2, 3)) for each in kernels(n.same.weight)))
    )
    half = len(images) // 2
    found = constants(program, fill(program, weights, dtype=torch.float64), (images[:half],), (images[half:],))
    assert (sum(found.hidden.values()) <= FREE_NUMBERS) is few and not found.taken_apart


@pytest.mark.parametrize(
    ("head", "alike"),
    [
        (lambda n, x: n.linear(n.same(x * n.places).mean((2, 3))), False),
        (lambda n, x: n.linear(n.same(n.norm(x)).mean((2, 3))), False),
        (lambda n, x: n.linear(torch.cat([x * n.places, x[:, :, :1]], 2).mean((2, 3))), False),
        (lambda n, x: n.linear(torch.cat([(x * n.places)[:, :, 1:], x], 2).mean((2, 3))), False),
        (lambda n, x: n.linear(F.avg_pool2d(x * n.places, 6).flatten(1)), False),
        (lambda n, x: n.linear(torch.cat([x[:, :, -1:], x, x[:, :, :1]], 2).mean((2, 3))), True),
        (lambda n, x: n.linear(F.avg_pool2d(x, 6).flatten(1)), True),
        (lambda n, x: n.linear(n.same(x + n.places).mean((2, 3))), True),  # What is added is the same whatever the map.
        (lambda n, x: n.linear(n.same(F.pad(x, (1, 1, 1, 1), mode="circular")).mean((2, 3))), True),
        (lambda n, x: n.linear(n.same(F.interpolate(x, scale_factor=2, mode="bilinear")).mean((2, 3))), True),
        (lambda n, x: n.linear(n.same(x * x.mean((2, 3), keepdim=True).sigmoid()).mean((2, 3))), True),
    ],
)
def test_numbers_for_each_place_before_a_convolution(head, alike: bool) -> None:
    assert (exchanged(head).inside <= ALIKE) is alike


@pytest.mark.parametrize(
    ("head", "field"),
    [
        (lambda n, x: n.linear(x.mean((2, 3))), 7),
        (lambda n, x: n.linear(n.same(x).mean((2, 3))), 15),
        (lambda n, x: n.linear((x + 1e-9 * n.same(x)).mean((2, 3))), 7),
        (lambda n, x: n.linear((x + n.same(x) - n.same(x)).mean((2, 3))), 7),
        (
            lambda n, x: n.linear(
                F.conv2d(x, n.same.weight * F.pad(torch.ones(1, 1), (1, 1, 1, 1)), padding=1).mean((2, 3))
            ),
            7,
        ),
    ],
)
def test_how_far_pixels_are_seen(head, field: int) -> None:
    assert seen(*recorded(head)) == (field, field)


class OpensForNoise(Network):
    """Sees far where neighbouring pixels differ more than they do in smooth images."""

    def forward(self, images: Tensor) -> Tensor:
        rough = (images - F.avg_pool2d(images, 3, 1, 1)).square().mean((1, 2, 3), keepdim=True)
        x = torch.relu(self.conv(torch.relu(self.stem(images))))
        return self.linear((x + F.relu(rough - 0.02) * self.same(x)).mean((2, 3)))


def test_a_branch_that_opens_for_noise_alone_sees_nothing() -> None:
    network, generator = OpensForNoise(None).eval(), torch.Generator().manual_seed(1)
    few = torch.rand(4, 1, 7, 7, dtype=torch.float64, generator=generator)
    smooth = F.interpolate(few, size=28, mode="bilinear")
    assert seen(record(network, [(1, 28, 28)], 4), network.state_dict(), smooth) == (7, 7)


def seen(program: Program, weights: dict[str, Tensor], images: Tensor) -> tuple[int, int]:
    traced = follow(program, fill(program, weights), images.float())
    averages = {operation.value for operation in traced.operations if operation.kind == "global average"}
    return receptive_field(
        program,
        fill(program, weights, dtype=torch.float64),
        [next(node.references()) for node in program.nodes if node.name in averages],
        {operation.value: operation.jump for operation in traced.operations},
        images,
    )


EACH = {"dim": (2, 3), "keepdim": True}
ADDS = {  # Whether places add up, and whether that is most of what reaches the logits.
    "an average": (lambda n, x: x.mean((2, 3)), True, True),
    "an average of squares": (lambda n, x: x.square().mean((2, 3)).sqrt(), True, True),
    "a gate": (lambda n, x: (x * n.point(x.mean(**EACH)).sigmoid()).mean((2, 3)), True, True),
    "a norm": (lambda n, x: F.group_norm(n.point(x), 2).relu().mean((2, 3)), True, True),
    "a norm by hand": (lambda n, x: ((x - x.mean(**EACH)) / (x.std(**EACH) + 0.1)).relu().mean((2, 3)), True, True),
    "votes": (lambda n, x: n.point(x).softmax(1).mean((2, 3)).log(), True, True),
    "a median": (lambda n, x: x.flatten(2).median(2).values, False, True),
    "weights by rank": (lambda n, x: x.flatten(2).sort(2).values @ n.places.flatten(), False, True),
    "attention": (lambda n, x: (x.flatten(2) * n.point(x).flatten(2)[:, :1].softmax(2)).sum(2), False, True),
    "a broadcast maximum": (lambda n, x: (0.001 * x + x.amax(**EACH)).mean((2, 3)), True, False),
}


def test_places_that_are_no_numbers_add_nothing() -> None:
    program, weights, images = recorded(lambda n, x: n.linear((x - x.amax(**EACH)).sqrt().mean((2, 3))))
    found = adding(program, fill(program, weights, dtype=torch.float64), images)
    assert not found.mixed <= ADDED


@pytest.mark.parametrize("name", ADDS)
def test_places_add_up_in_an_average(name: str) -> None:
    head, adds, carries = ADDS[name]
    program, weights, images = recorded(lambda n, x: n.linear(head(n, x)))
    found = adding(program, fill(program, weights, dtype=torch.float64), images)
    assert (found.mixed <= ADDED, found.carried >= CARRIED) == (adds, carries)
    assert (found.kept <= KEPT) is ("rank" not in name)


SIZE = {"dim": (1, 2, 3), "keepdim": True}
NO_NORMS = {
    "nothing": lambda n, x: n.same(x),
    "a declared norm": lambda n, x: n.same(F.group_norm(x, 2)),
    "a tanh": lambda n, x: n.same(torch.tanh(x)),
    "a sigmoid of an average of neighbours": lambda n, x: n.same(torch.sigmoid(F.avg_pool2d(n.same(x), 3, 1, 1))),
    "a hard swish of a sum": lambda n, x: n.same(F.hardswish(3 * n.same(x) + n.point(x))),
    "a relu that ends at 6": lambda n, x: n.same(F.relu6(30 * n.same(x))),
    "a gate that closes": lambda n, x: n.same(x * (n.point(x.mean((2, 3), keepdim=True)) - 3).sigmoid()),
    "an average, bounded": lambda n, x: n.same(x * torch.tanh(n.same(x)).mean((2, 3), keepdim=True)),
}
NORMS_BY_HAND = {
    "mean absolute values": lambda n, x: n.same(x / x.abs().mean(**SIZE)),
    "neighbouring places": lambda n, x: n.same(x / (F.avg_pool2d(x.abs(), 3, 1, 1) + 1e-3)),
    "channels": lambda n, x: n.same(F.normalize(x, dim=1)),
    "clamped deviations": lambda n, x: n.same(x / x.std(**SIZE).clamp(0.5 * x.std(), 2 * x.std())),
    "a root of the deviation": lambda n, x: n.same(x / x.std(**SIZE).sqrt()),
    "a sum": lambda n, x: n.same((x + n.point(x)) / (x + n.point(x)).abs().mean(**SIZE)),
    "padding": lambda n, x: n.same(x / F.pad(x, (1, 1, 1, 1), value=0.5).abs().mean(**SIZE)),
    "powers of two": lambda n, x: n.same(x / x.std(**SIZE).log2().round().exp2()),
    "one channel": lambda n, x: n.same(torch.cat([x[:, :1] / x[:, :1].std(**SIZE), x[:, 1:]], 1)),
}


def by_hand(head) -> float:
    program, weights, images = recorded(lambda n, x: n.linear(head(n, x).mean((2, 3))))
    return min(normalised(program, fill(program, weights, dtype=torch.float64), images).by_hand.values(), default=1.0)


@pytest.mark.parametrize("name", NO_NORMS)
def test_what_saturates_is_no_norm(name: str) -> None:
    assert by_hand(NO_NORMS[name]) >= BY_HAND


@pytest.mark.parametrize("name", NORMS_BY_HAND)
def test_normalisations_by_hand(name: str) -> None:
    assert by_hand(NORMS_BY_HAND[name]) < BY_HAND


@pytest.mark.parametrize(("eps", "normalises"), [(1e-5, True), (100.0, False)])
def test_an_epsilon_that_swallows_the_variance(eps: float, normalises: bool) -> None:
    program, weights, images = recorded(lambda n, x: n.linear(n.same(F.group_norm(x, 2, eps=eps)).mean((2, 3))))
    (moved,) = normalised(program, fill(program, weights, dtype=torch.float64), images).moved.values()
    assert (moved <= NORMALISED) is normalises


def test_windows_by_hand_are_named() -> None:
    assert exchanged(lambda n, x: n.linear((x[:, :, 1:] - x[:, :, :-1]).abs().mean((2, 3)))).by_hand == (
        "aten.slice.Tensor",
    )
    assert exchanged(ALIKE_HEADS["the mean"]).by_hand == ()
