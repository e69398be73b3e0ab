"""OpenVINO finds the classes that replay finds, or replay finds them."""

import copy
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from checker import measure, quicker
from checker.measure import COMPARED, DependentImagesError, Predictions, predictions
from checker.onnx_model import NoCounterpartError, onnx_model
from checker.quicker import by_openvino, close, differ
from checker.subject import Images, Subject
from common.anatomy.program import Program
from common.anatomy.record import record
from common.anatomy.replay import replay
from common.anatomy.views import views
from common.data import Normalization

IN_FLOAT32 = 5e-5  # How far other orders of the same sums may move logits, as a share of how far they lie apart.
COUNT = measure.WORTH_IT * measure.BATCH
PIXELS = F.interpolate(
    torch.randint(0, 256, (COUNT, 1, 4, 4), generator=torch.Generator().manual_seed(1)).to(torch.uint8), scale_factor=3
)


class Network(nn.Module):
    """A convolution to 8×10×10, whatever `body` makes of that map with the layers given, its mean, and logits."""

    def __init__(self, body, *layers: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.layers, self.last = nn.Conv2d(1, 8, 3), nn.ModuleList(layers), nn.Linear(8, 10)
        self.body = body

    def forward(self, images: Tensor) -> Tensor:
        return F.log_softmax(self.last(self.body(self.stem(images), *self.layers).mean((2, 3))), 1)


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.last, self.sum = nn.Conv2d(1, 8, 3), nn.Linear(8, 10), nn.Linear(20, 19)

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        digit = self.last(F.relu(self.conv(images)).mean((2, 3)))
        return digit, self.sum(torch.cat([digit.softmax(1), numbers], 1))


class Views(nn.Module):
    """Looks at each image as it is, moved, and mirrored."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.last = nn.Linear(8, 10)
        self.network = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def forward(self, images: Tensor) -> Tensor:
        looks = (images, images.roll((1, -2), (2, 3)), images.flip(3))
        return sum(self.last(self.network(look)) for look in looks) / 3


def normed(norm: nn.Module) -> nn.Module:
    """Give a normalisation statistics and factors that aren't those it begins with."""
    generator = torch.Generator().manual_seed(2)
    for tensor in (*norm.parameters(), *norm.buffers()):
        if tensor.is_floating_point():
            tensor.data.uniform_(0.5, 1.5, generator=generator)
    return norm


PLAIN = Network(lambda x: x.relu())
BODIES = {
    "grouped, strided, dilated": Network(
        lambda x, *layers: nn.Sequential(*layers)(x).relu(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.Conv2d(8, 8, 3, dilation=2, padding=2, bias=False),
        nn.Conv2d(8, 8, (3, 1), stride=2),
    ),
    "two and four groups": Network(
        lambda x, *layers: nn.Sequential(*layers)(x).relu(),
        nn.Conv2d(8, 16, 3, padding=1, groups=2),
        nn.Conv2d(16, 8, (3, 1), groups=4, bias=False),
    ),
    "batch norm": Network(lambda x, norm: F.relu(norm(x)), normed(nn.BatchNorm2d(8))),
    "batch norm behind a ReLU": Network(lambda x, norm: norm(F.relu(x)), normed(nn.BatchNorm2d(8))),
    "batch norm without factors": Network(lambda x, norm: norm(x).relu(), normed(nn.BatchNorm2d(8, affine=False))),
    "group norm": Network(lambda x, norm: norm(x).relu(), normed(nn.GroupNorm(2, 8))),
    "group norm without factors": Network(lambda x, norm: norm(x).relu(), nn.GroupNorm(4, 8, affine=False)),
    "SiLU": Network(F.silu),
    "hard swish": Network(F.hardswish),
    "GELU": Network(F.gelu),
    "GELU by tanh": Network(lambda x: F.gelu(x, approximate="tanh")),
    "sigmoid and tanh": Network(lambda x: x.sigmoid() * x.tanh()),
    "leaky ReLU": Network(lambda x: F.leaky_relu(x, 0.3)),
    "ReLU6": Network(lambda x: F.relu6(5 * x)),
    "arithmetic": Network(lambda x: (2 - x) * x.relu() / 3 + x - 1),
    "max pooling": Network(lambda x: F.max_pool2d(x, 3, stride=2, padding=1)),
    "average pooling": Network(lambda x: F.avg_pool2d(x.relu(), 3, padding=1, count_include_pad=False)),
    "pooling to one": Network(lambda x: F.adaptive_max_pool2d(x, 1) + F.adaptive_avg_pool2d(x.relu(), 1)),
    "means": Network(lambda x: x.relu() * x.sigmoid().mean(1, keepdim=True) * x.mean((-1, -2), keepdim=True)),
    "reshaped": Network(lambda x: x.relu().permute(0, 2, 3, 1).reshape(-1, 100, 8).transpose(1, 2).unsqueeze(3)),
    "concatenated": Network(lambda x, conv: conv(torch.cat([x.relu(), x], 1)).relu(), nn.Conv2d(16, 8, 1)),
    "squeezed and excited": Network(
        lambda x, conv: x.relu() * conv(F.adaptive_avg_pool2d(x, 1)).sigmoid().expand_as(x), nn.Conv2d(8, 8, 1)
    ),
    "layer norm": Network(
        lambda x, norm: norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).relu(), normed(nn.LayerNorm(8))
    ),
    "sliced": Network(
        lambda x: torch.cat([x[:, :4].relu(), x[:, 4:, ::2, 1:-1].relu().mean((2, 3), True).expand(-1, -1, 10, 10)], 1)
    ),
    "two inputs": TwoInputs(),
    "views": Views(),
}


def subject(network: nn.Module) -> Subject:
    """Return a network as it is evaluated, which is as sure of its classes as a trained one, and finds several."""
    network = copy.deepcopy(network).eval()
    normalization, shapes = Normalization((0.5,), (0.3,)), [(1, 12, 12), (10,)]
    shapes = shapes if isinstance(network, TwoInputs) else shapes[:1]
    with torch.no_grad():
        given = [normalization(PIXELS[:100].float() / 255), torch.eye(10).repeat(10, 1)][: len(shapes)]
        network.last.weight *= 30
        made = network(*given)
        network.last.bias -= (made[0] if len(shapes) > 1 else made).mean(0)
    program = record(network, shapes, 4)
    return Subject(program, views(program), save(network.state_dict()), normalization, "cpu")


def found(given: Subject) -> Predictions:
    return predictions(Images(PIXELS), given, (2, 7) if given.two_inputs else (None,))


@pytest.fixture(autouse=True)
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """What isn't trained is less sure of its classes than bfloat16 is precise."""
    monkeypatch.setattr(quicker, "PRECISION", "f32")


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[quicker.Evaluation]:
    """All evaluations, and none gives OpenVINO up because it were slower."""
    made: list[quicker.Evaluation] = []

    class Noted(quicker.Evaluation):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments)
            made.append(self)

        def choose(self) -> None:
            pass

    monkeypatch.setattr(measure, "Evaluation", Noted)
    return made


@pytest.fixture
def by_replay(monkeypatch: pytest.MonkeyPatch):
    """Return what is found by replay alone."""

    def by_replay(given: Subject) -> Predictions:
        with monkeypatch.context() as patched:
            patched.setattr(measure, "by_openvino", lambda *_: None)
            return found(given)

    return by_replay


def same_classes(one: Predictions, other: Predictions) -> bool:
    pairs = ((one.digits, other.digits), (one.sums, other.sums), (one.single, other.single))
    return all(a is b is None or np.array_equal(a, b) for a, b in pairs)


@pytest.mark.forked
def test_openvino_finds_the_same_classes(evaluations, by_replay) -> None:
    wrong = {}
    for name, network in BODIES.items():  # In one process, since OpenVINO takes seconds to begin.
        given = subject(network)
        quick, replayed = found(given), by_replay(given)
        checks = {
            "by OpenVINO": len(evaluations) == 2 and not evaluations[0].by_replay,
            "the same classes": same_classes(quick, replayed),
            "close": differ(torch.from_numpy(replayed.logits), torch.from_numpy(quick.logits)) <= IN_FLOAT32,
            "precise": np.array_equal(replayed.precise, quick.precise),
            "of several classes": len(np.unique(quick.digits)) > 2,
        }
        wrong |= {(name, check): False for check, passed in checks.items() if not passed}
        evaluations.clear()
    assert not wrong


@pytest.mark.forked
def test_replay_finds_the_classes_that_bfloat16_is_too_coarse_for(monkeypatch, evaluations, by_replay) -> None:
    given = subject(PLAIN)
    monkeypatch.setattr(quicker, "PRECISION", "bf16")
    monkeypatch.setattr(quicker, "AGREE", 1.0)
    quick = found(given)
    assert not evaluations[-1].by_replay
    replayed = by_replay(given)
    assert same_classes(quick, replayed)
    assert np.array_equal(quick.precise, replayed.precise)


@pytest.mark.forked
def test_weights_of_another_epoch_are_those_that_count() -> None:
    given, inputs = subject(PLAIN), torch.rand(measure.BATCH, 1, 12, 12)
    for factor in (1, 2):
        weights = {name: factor * weight for name, weight in given.filled().items()}
        (logits,) = by_openvino(given.program, weights, len(inputs))(inputs)
        assert differ(logits, replay(given.program, weights, inputs)[0]) <= IN_FLOAT32


@pytest.mark.forked
def test_openvino_reports_its_use_to_nobody() -> None:
    assert by_openvino(subject(PLAIN).program, subject(PLAIN).filled(), 1) is not None
    assert "openvino.tools.ovc.telemetry_stub" in sys.modules and sys.modules["openvino_telemetry"] is None


def test_an_operator_that_is_not_translated_is_replayed(evaluations, by_replay) -> None:
    given = subject(Network(lambda x: x.sin()))
    with pytest.raises(NoCounterpartError, match=r"aten\.sin\.default"):
        onnx_model(given.program, given.filled(), measure.BATCH)
    assert np.array_equal(found(given).logits, by_replay(given).logits)
    assert all(evaluation.by_replay for evaluation in evaluations)


@pytest.mark.parametrize(
    "layer",
    [
        lambda x: F.max_pool2d(x, 3, ceil_mode=True),
        lambda x: F.adaptive_avg_pool2d(x, 3),
        lambda x: x.double().relu().float(),
        lambda x: x.add(x.relu(), alpha=2),
    ],
)
def test_what_onnx_may_do_otherwise_is_not_translated(layer) -> None:
    given = subject(Network(layer))
    with pytest.raises(NoCounterpartError):
        onnx_model(given.program, given.filled(), measure.BATCH)


def patched(monkeypatch: pytest.MonkeyPatch, change) -> list[int]:
    """Let OpenVINO return changed logits, and return how many images it was given each time."""
    asked: list[int] = []

    def otherwise(program: Program, weights, batch: int):
        run = by_openvino(program, weights, batch)

        def changed(*inputs: Tensor):
            asked.append(len(inputs[0]))
            return tuple(map(change, run(*inputs)))

        return changed

    monkeypatch.setattr(measure, "by_openvino", otherwise)
    return asked


@pytest.mark.forked
def test_replay_does_everything_where_logits_differ(monkeypatch, evaluations, by_replay) -> None:
    given = subject(PLAIN)
    expected = by_replay(given)
    asked = patched(monkeypatch, lambda logits: logits + 0.01 * torch.arange(10))
    assert np.array_equal(found(given).logits, expected.logits)
    assert evaluations[-1].by_replay and len(asked) == 1


@pytest.mark.forked
def test_replay_does_everything_where_openvino_fails(monkeypatch, evaluations, by_replay) -> None:
    given = subject(PLAIN)
    expected = by_replay(given)

    def fail(logits: Tensor) -> Tensor:
        raise RuntimeError("OpenVINO")

    patched(monkeypatch, fail)
    assert np.array_equal(found(given).logits, expected.logits)
    assert evaluations[-1].by_replay


@pytest.mark.forked
def test_replay_decides_on_what_came_before_openvino_failed(monkeypatch, evaluations, by_replay) -> None:
    given, calls = subject(PLAIN), []
    expected = by_replay(given)

    def change(logits: Tensor) -> Tensor:
        calls.append(logits)
        if len(calls) == COMPARED + 2:
            raise RuntimeError("OpenVINO")
        return logits if len(calls) <= COMPARED else torch.zeros_like(logits)  # All classes lie close.

    patched(monkeypatch, change)
    assert same_classes(found(given), expected)
    assert evaluations[-1].by_replay and len(calls) == COMPARED + 2


@pytest.mark.forked
@pytest.mark.parametrize("spoiled", ["close", "not finite"])
def test_replay_decides_close_calls(spoiled, monkeypatch, evaluations, by_replay) -> None:
    given, calls = subject(PLAIN), []
    expected = by_replay(given)

    def change(logits: Tensor) -> Tensor:
        calls.append(logits)
        if len(calls) != COMPARED + 3:
            return logits
        changed = logits.clone()
        if spoiled == "close":  # The second class is now first, by very little.
            place = logits[7].argsort(descending=True)
            changed[7, place[1]] = logits[7, place[0]] * (1 + 1e-6) + 1e-6
        else:
            changed[7, 3] = torch.nan
        return changed

    patched(monkeypatch, change)
    quick = found(given)
    assert not evaluations[-1].by_replay and len(calls) == measure.WORTH_IT
    assert same_classes(quick, expected)


def test_the_slower_way_is_given_up(monkeypatch) -> None:
    clock = iter(range(10**6))
    monkeypatch.setattr(quicker.time, "thread_time", lambda: float(next(clock)))
    logits = (torch.eye(10),)
    evaluation = quicker.Evaluation(lambda: logits, lambda: logits)
    evaluation.compare()
    evaluation.choose()  # Both took a second.
    assert evaluation.by_replay


def test_without_the_package_everything_is_replayed(monkeypatch, evaluations, by_replay) -> None:
    given = subject(PLAIN)
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert by_openvino(given.program, given.filled(), measure.BATCH) is None
    assert np.array_equal(found(given).logits, by_replay(given).logits)


def test_few_images_are_replayed(monkeypatch) -> None:
    monkeypatch.setattr(measure, "by_openvino", lambda *_: pytest.fail("It isn't worth it."))
    predictions(Images(PIXELS[: COUNT - 1]), subject(PLAIN), (None,))


class Together(nn.Module):
    """Takes off what images `of` so many beside each other have in common."""

    def __init__(self, of: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.last, self.of = nn.Conv2d(1, 8, 3), nn.Linear(8, 10), of

    def forward(self, images: Tensor) -> Tensor:
        logits = self.last(self.conv(images).relu().mean((2, 3)))
        beside = logits.roll(1, 0) if self.of == 2 else logits.mean(0, keepdim=True)
        return logits - 0.5 * beside


@pytest.mark.forked
@pytest.mark.parametrize("of", [2, measure.BATCH])
def test_logits_that_depend_on_other_images_are_noticed(of) -> None:
    with pytest.raises(DependentImagesError):
        found(subject(Together(of)))


def test_a_single_image_that_depends_on_its_place_is_noticed(monkeypatch) -> None:
    given, place = subject(PLAIN), 7
    special = Images(PIXELS).inputs(slice(place * 101, place * 101 + 1), given, None)[0][0]
    replayed = measure._Network.__call__

    def changed(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        logits = replayed(self, *inputs)
        if len(inputs[0]) > place and torch.equal(inputs[0][place], special):
            logits[0][place] += torch.arange(10)
        return logits

    monkeypatch.setattr(measure, "by_openvino", lambda *_: None)
    monkeypatch.setattr(measure, "_starts", lambda subject, count, batch: list(range(0, count, batch))[::-1])
    found(given)
    monkeypatch.setattr(measure._Network, "__call__", changed)
    with pytest.raises(DependentImagesError):
        found(given)


def test_classes_that_lie_close_are_close_at_any_scale() -> None:
    logits = torch.tensor([[0.0, 1.0, 0.5], [0.0, 1.0, 0.9995]])
    for scale in (1e-3, 1.0, 1e3):
        assert close(scale * logits, 1e-3).tolist() == [False, True]
    assert close(torch.tensor([[0.0, 0.0, 0.0], [0.0, torch.inf, 1.0], [0.0, torch.nan, 1.0]]), 1e-3).all()
