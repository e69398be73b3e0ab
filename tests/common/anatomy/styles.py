"""Ways in which students write networks, one small builder each: images 1×28×28 in, ten logits (or log-probabilities)
out."""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

STYLES: dict[str, Callable[[], nn.Module]] = {}


def style(builder: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """Add a builder to STYLES, under its name."""
    STYLES[builder.__name__] = builder
    return builder


class Body(nn.Module):
    """A convolution to 8×14×14, what `body` makes of that, its average, and a linear layer."""

    def __init__(self, body: Callable[["Body", Tensor], Tensor], **layers: object) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.body = body
        self.linear = nn.Linear(8, 10)
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.body(self, self.stem(x)).mean((2, 3)))


class Head(Body):
    """The same stem, and logits straight from `body`."""

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self, self.stem(x))


def block(before: int, after: int) -> nn.Sequential:
    """Return a convolution, batch norm, ReLU and dropout."""
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
        nn.Dropout(0.05),
    )


# How a class is written -----------------------------------------------------------------------------------------------


class Usual(nn.Module):
    """What most submissions look like: named blocks, a transition, GAP, view(-1, 10) and log_softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.convblock1 = block(1, 8)
        self.transition = nn.Sequential(nn.MaxPool2d(2, 2), nn.Conv2d(8, 4, 1))
        self.convblock2 = block(4, 8)
        self.gap = nn.Sequential(nn.AvgPool2d(kernel_size=14))
        self.fc = nn.Sequential(nn.Conv2d(8, 10, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc(self.gap(self.convblock2(self.transition(self.convblock1(x)))))
        x = x.view(-1, 10)
        return F.log_softmax(x, dim=-1)


@style
def usual() -> nn.Module:
    """Blocks, transition, GAP, view(-1, 10), log_softmax(dim=-1)."""
    return Usual()


@style
def functional_calls() -> nn.Module:
    """The PyTorch MNIST example: functional ReLU and pooling, dropout with self.training."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 4, 3, 1), nn.Conv2d(4, 8, 3, 1)
            self.dropout1 = nn.Dropout2d(0.25)
            self.fc1, self.fc2 = nn.Linear(8 * 12 * 12, 16), nn.Linear(16, 10)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.conv2(F.relu(self.conv1(x))))
            x = self.dropout1(F.max_pool2d(x, 2))
            x = F.relu(self.fc1(torch.flatten(x, 1)))
            x = F.dropout(x, p=0.5, training=self.training)
            return F.log_softmax(self.fc2(x), dim=1)

    return Net()


@style
def sequential() -> nn.Module:
    """One nn.Sequential and nothing else."""
    return nn.Sequential(
        *block(1, 8),
        nn.MaxPool2d(2),
        *block(8, 8),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 10),
        nn.LogSoftmax(1),
    )


@style
def ordered_dict() -> nn.Module:
    """An nn.Sequential with names."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(1, 8, 3),
            act=nn.GELU(),
            pool=nn.AdaptiveAvgPool2d((1, 1)),
            flat=nn.Flatten(1),
            fc=nn.Linear(8, 10),
        )
    )


@style
def module_list_residual() -> nn.Module:
    """Residual blocks in an nn.ModuleList, with enumerate."""

    def body(s: Body, x: Tensor) -> Tensor:
        for number, layer in enumerate(s.blocks):
            x = x + layer(x) if number % 2 else layer(x)
        return x

    return Body(body, blocks=nn.ModuleList(block(8, 8) for _ in range(3)))


@style
def module_dict() -> nn.Module:
    """Layers in an nn.ModuleDict, chosen by name, activations too."""

    def body(s: Body, x: Tensor) -> Tensor:
        for name in ("conv", "norm"):
            x = s.acts["silu"](s.layers[name](x))
        return x

    return Body(
        body,
        layers=nn.ModuleDict({"conv": nn.Conv2d(8, 8, 3), "norm": nn.BatchNorm2d(8)}),
        acts={"silu": nn.SiLU(), "relu": nn.ReLU()},
    )


@style
def dataclass_config() -> nn.Module:
    """Widths from a dataclass, ways from a dictionary."""

    @dataclass
    class Config:
        width: int = 8
        act: str = "hardswish"

    def body(s: Body, x: Tensor) -> Tensor:
        chosen = {"hardswish": F.hardswish, "mish": F.mish}[s.config.act]
        return chosen(s.conv(x)) if s.options.get("use", True) else x

    return Body(body, config=Config(), options={"use": True}, conv=nn.Conv2d(Config.width, 8, 3))


@style
def parameter_list() -> nn.Module:
    """Weights in nn.ParameterList and nn.ParameterDict, used with F.conv2d."""
    return Body(
        lambda s, x: F.conv2d(x, s.kernels[0], s.biases["b"], padding=1),
        kernels=nn.ParameterList([torch.randn(8, 8, 3, 3) / 8]),
        biases=nn.ParameterDict({"b": nn.Parameter(torch.zeros(8))}),
    )


@style
def default_arguments() -> nn.Module:
    """forward() takes further arguments that have defaults."""

    class Net(Usual):
        def forward(
            self, x: Tensor, return_features: bool = False, temperature: float = 1.0, mask: Tensor | None = None
        ) -> Tensor:
            x = self.convblock1(x)
            if mask is not None:
                x = x * mask
            features = self.gap(self.convblock2(self.transition(x)))
            logits = self.fc(features).flatten(1) / temperature
            return (logits, features) if return_features else logits

    return Net()


@style
def keyword_arguments() -> nn.Module:
    """forward(self, x, **kwargs)."""

    class Net(Usual):
        def forward(self, x: Tensor, **kwargs: object) -> Tensor:
            return super().forward(x) * kwargs.get("scale", 1)

    return Net()


@style
def no_grad_forward() -> nn.Module:
    """A forward() under @torch.no_grad()."""

    class Net(Usual):
        @torch.no_grad()
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x)

    return Net()


@style
def inference_mode_forward() -> nn.Module:
    """A forward() that computes part of itself under torch.inference_mode-like torch.set_grad_enabled."""

    def body(s: Body, x: Tensor) -> Tensor:
        with torch.set_grad_enabled(s.training):
            return s.conv(x)

    return Body(body, conv=nn.Conv2d(8, 8, 3))


@style
def helper_methods() -> nn.Module:
    """forward() calls a static method, a property and a module's method that is not forward()."""

    class Stem(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 8, 3)

        def extract(self, x: Tensor) -> Tensor:
            return self.conv(x)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.fc = Stem(), nn.Linear(8, 10)

        @property
        def slope(self) -> float:
            return 0.1

        @staticmethod
        def gap(x: Tensor) -> Tensor:
            return x.mean([-2, -1])

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.gap(F.leaky_relu(self.stem.extract(x), self.slope)))

    return Net()


@style
def hooks() -> nn.Module:
    """Forward hooks that keep activations in a dictionary."""
    network = Usual()
    kept: dict[str, Tensor] = {}
    network.convblock1.register_forward_hook(lambda module, inputs, output: kept.update(first=output.detach()))
    return network


@style
def printing() -> nn.Module:
    """forward() prints shapes, and asserts them."""

    def body(s: Body, x: Tensor) -> Tensor:
        assert x.shape[1] == 8, f"wrong {x.shape}"
        if s.verbose:
            print(x.shape)
        return x

    return Body(body, verbose=False)


@style
def tuples() -> nn.Module:
    """Blocks that return tuples and dictionaries."""

    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 3, padding=1)

        def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            return self.left(x), {"right": self.right(x)}

    def body(s: Body, x: Tensor) -> Tensor:
        left, rest = s.pair(x)
        return left + rest["right"]

    return Body(body, pair=Pair())


@style
def lambda_layers() -> nn.Module:
    """A Lambda module around functions."""

    class Lambda(nn.Module):
        def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
            super().__init__()
            self.function = function

        def forward(self, x: Tensor) -> Tensor:
            return self.function(x)

    return nn.Sequential(
        Lambda(lambda x: (x - 0.1307) / 0.3081),
        nn.Conv2d(1, 10, 3),
        Lambda(lambda x: x.mean((2, 3))),
        Lambda(lambda x: x.log_softmax(1)),
    )


@style
def inheriting_state() -> nn.Module:
    """A state that is kept between the forward passes, and counted."""

    def body(s: Body, x: Tensor) -> Tensor:
        s.seen += 1
        s.last = x.shape
        return x

    return Body(body, seen=0, last=None)


# What lies around a network -------------------------------------------------------------------------------------------


@style
def scripted() -> nn.Module:
    """torch.jit.script."""
    return torch.jit.script(Usual())


@style
def scripted_block() -> nn.Module:
    """A scripted block within a network."""
    return Body(lambda s, x: s.mix(x), mix=torch.jit.script(block(8, 8)))


@style
def scripted_function() -> nn.Module:
    """A scripted activation function, as the mish of old."""

    @torch.jit.script
    def mish(x: Tensor) -> Tensor:
        return x * torch.tanh(F.softplus(x))

    return Body(lambda s, x: mish(x))


@style
def traced() -> nn.Module:
    """torch.jit.trace."""
    return torch.jit.trace(Usual().eval(), torch.zeros(2, 1, 28, 28))


@style
def frozen_script() -> nn.Module:
    """A scripted network that was saved and loaded."""
    import io

    kept = io.BytesIO()
    torch.jit.save(torch.jit.script(Usual().eval()), kept)
    kept.seek(0)
    return torch.jit.load(kept)


@style
def compiled() -> nn.Module:
    """torch.compile around the whole."""
    return torch.compile(Usual(), backend="eager")


@style
def compiled_in_place() -> nn.Module:
    """network.compile()."""
    network = Usual()
    network.compile(backend="eager")
    return network


@style
def compiled_block() -> nn.Module:
    """A compiled block within a network."""
    return Body(lambda s, x: s.mix(x), mix=torch.compile(block(8, 8), backend="eager"))


@style
def data_parallel() -> nn.Module:
    """nn.DataParallel."""
    return nn.DataParallel(Usual())


@style
def averaged() -> nn.Module:
    """torch.optim.swa_utils.AveragedModel, of a DataParallel one."""
    return torch.optim.swa_utils.AveragedModel(nn.DataParallel(Usual()))


@style
def checkpointed() -> nn.Module:
    """Gradient checkpointing of a block."""
    return Body(lambda s, x: checkpoint(s.mix, x, use_reentrant=False), mix=block(8, 8))


@style
def checkpointed_sequence() -> nn.Module:
    """Gradient checkpointing of a sequence, re-entrant."""
    return Body(
        lambda s, x: checkpoint_sequential(s.mix, 2, x, use_reentrant=True), mix=nn.Sequential(block(8, 8), block(8, 8))
    )


@style
def autocast() -> nn.Module:
    """Autocast to bfloat16 within forward()."""

    def body(s: Body, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            x = s.conv(x)
        return x.float()

    return Body(body, conv=nn.Conv2d(8, 8, 3))


@style
def autocast_off() -> nn.Module:
    """Autocast that is switched off, for the type of device that the input has."""

    def body(s: Body, x: Tensor) -> Tensor:
        with torch.amp.autocast(device_type=x.device.type, enabled=False):
            return s.conv(x)

    return Body(body, conv=nn.Conv2d(8, 8, 3))


@style
def half_precision_part() -> nn.Module:
    """Activations that go through half precision."""
    return Body(lambda s, x: torch.relu(x.half()).float() * x.bfloat16().to(x.dtype))


@style
def double_precision_part() -> nn.Module:
    """A layer in double precision."""
    return Body(lambda s, x: s.conv(x.double()).float(), conv=nn.Conv2d(8, 8, 1).double())


@style
def channels_last() -> nn.Module:
    """A network that is converted to channels_last, and makes its input so."""
    return Body(lambda s, x: s.conv(x.contiguous(memory_format=torch.channels_last)), conv=nn.Conv2d(8, 8, 3)).to(
        memory_format=torch.channels_last
    )


@style
def moved_to_device() -> nn.Module:
    """forward() moves things to the device of its input."""
    return Body(
        lambda s, x: x.to(s.stem.weight.device) + s.scale.to(x.device) + torch.zeros(1, device=x.device),
        scale=torch.tensor([0.5]),
    )


# How shapes are written -----------------------------------------------------------------------------------------------


@style
def view_size() -> nn.Module:
    """x.view(x.size(0), -1)."""
    return Head(lambda s, x: s.linear(F.avg_pool2d(x, 14).view(x.size(0), -1)))


@style
def view_len() -> nn.Module:
    """x.view(len(x), 8, -1)."""
    return Head(lambda s, x: s.linear(x.view(len(x), 8, -1).mean(2)))


@style
def view_shape() -> nn.Module:
    """N, C, H, W = x.shape, then all of them in a view."""

    def head(s: Body, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        return s.linear(x.permute(0, 2, 3, 1).reshape(n, h * w, c).sum(1) / (h * w))

    return Head(head)


@style
def view_class_count() -> nn.Module:
    """x.view(-1, 10) on a map of 1×1."""
    return Head(lambda s, x: s.last(F.adaptive_avg_pool2d(x, 1)).view(-1, 10), last=nn.Conv2d(8, 10, 1))


@style
def view_numbers() -> nn.Module:
    """x.view(-1, 8 * 14 * 14), and num_flat_features of an old tutorial."""

    def features(x: Tensor) -> int:
        return math.prod(x.size()[1:])

    return Head(lambda s, x: s.dense(x.contiguous().view(-1, features(x))), dense=nn.Linear(8 * 14 * 14, 10))


@style
def squeezed() -> nn.Module:
    """.squeeze() without dimensions."""
    return Head(lambda s, x: s.linear(F.adaptive_avg_pool2d(x, 1).squeeze()))


@style
def squeezed_twice() -> nn.Module:
    """.squeeze(-1).squeeze(-1), or x[:, :, 0, 0]."""
    return Head(
        lambda s, x: s.linear(x.mean((2, 3), True).squeeze(-1).squeeze(-1) + F.avg_pool2d(x, x.size()[2:])[:, :, 0, 0])
    )


@style
def pool_as_large_as_the_map() -> nn.Module:
    """F.avg_pool2d(x, x.size(-1))."""
    return Head(lambda s, x: s.linear(torch.flatten(F.avg_pool2d(x, kernel_size=x.shape[2:]), start_dim=1)))


@style
def rearranged() -> nn.Module:
    """unflatten, movedim, swapaxes and reshape as einops would."""
    return Body(
        lambda s, x: x.unflatten(1, (2, 4)).movedim(1, -1).flatten(3).swapaxes(1, 3).reshape(x.shape[0], 8, 14, 14)
    )


@style
def fixed_batch() -> nn.Module:
    """A batch size that is written down: view(6, …)."""
    return Head(lambda s, x: s.linear(x.view(6, 8, 196).mean(2)))


@style
def batch_dependent_if() -> nn.Module:
    """An if on the number of images."""
    return Body(lambda s, x: x if len(x) > 4 else x * 2)


@style
def scaled_by_batch() -> nn.Module:
    """Arithmetic with the number of images."""
    return Body(lambda s, x: x.sum((0,), keepdim=True) * 0 + x * (x.size(0) / x.shape[0]))


@style
def chunks() -> nn.Module:
    """chunk, split, cat, stack and unbind."""

    def body(s: Body, x: Tensor) -> Tensor:
        a, b = x.chunk(2, dim=1)
        c, d = torch.split(torch.cat((b, a), dim=1), [4, 4], dim=1)
        return torch.stack([*c.unbind(1), *d.split(1, 1)[0].unbind(1), *d[:, 1:].unbind(1)], dim=1)

    return Body(body)


@style
def dense_connections() -> nn.Module:
    """torch.cat of all features so far."""

    def body(s: Body, x: Tensor) -> Tensor:
        features = [x]
        for layer in s.layers:
            features.append(layer(torch.cat(features, 1)))
        return sum(features[1:], features[0])

    return Body(body, layers=nn.ModuleList(block(8 * (i + 1), 8) for i in range(2)))


@style
def slice_writes() -> nn.Module:
    """Writes to slices of a tensor, and to a new one."""

    def body(s: Body, x: Tensor) -> Tensor:
        out = torch.zeros_like(x)
        out[:, :4] = x[:, 4:].relu()
        out[:, 4:, 1:-1, 1:-1] += x[:, :4, 1:-1, 1:-1]
        out[..., 0] = 0
        return out

    return Body(body)


@style
def in_place() -> nn.Module:
    """In-place activations and arithmetic."""

    def body(s: Body, x: Tensor) -> Tensor:
        x = F.relu_(x).add_(1).mul_(0.5)
        x += s.mix(x)
        return x.clamp_(0, 6).sub_(0.1)

    return Body(body, mix=nn.Sequential(nn.Conv2d(8, 8, 1), nn.LeakyReLU(0.1, inplace=True), nn.Hardtanh(inplace=True)))


@style
def new_tensors() -> nn.Module:
    """Tensors made in forward(): new_zeros, ones, full, arange, eye, linspace, empty, tensor."""

    def body(s: Body, x: Tensor) -> Tensor:
        ramp = torch.arange(14, device=x.device, dtype=x.dtype) / 14 + torch.linspace(0, 1, 14)
        flat = (
            x.new_zeros(1, 8, 1, 1)
            + torch.ones(8, 1, 1)
            + torch.full((8, 1, 1), 2.0)
            + torch.tensor([0.5]).view(1, 1, 1)
        )
        return x * ramp + flat + torch.eye(14) + torch.empty(1, 8, 1, 1).fill_(0.1) + torch.zeros(x.size(0), 8, 1, 1)

    return Body(body)


@style
def masks() -> nn.Module:
    """where, masked_fill, tril, gt and boolean indexing by constants."""

    def body(s: Body, x: Tensor) -> Tensor:
        mask = torch.ones(14, 14).tril().bool()
        return (
            torch.where(x > 0, x, x * 0.1).masked_fill(~mask, 0.0)
            + (x > 1).float() * x.sign()
            + x[:, torch.tensor([7, 6, 5, 4, 3, 2, 1, 0])]
        )

    return Body(body)


@style
def operators() -> nn.Module:
    """abs, sqrt, exp, pow, lerp, addcmul, clip, norm, normalize, logsumexp."""

    def body(s: Body, x: Tensor) -> Tensor:
        x = torch.lerp(x.abs().sqrt(), x.clip(-1, 1) ** 2, 0.5) + torch.addcmul(x, x, x, value=0.1)
        return (
            F.normalize(x, dim=1)
            + x / (x.norm(dim=1, keepdim=True) + 1)
            + x.logsumexp(1, keepdim=True)
            + (-x.exp2().log1p()).exp()
        )

    return Body(body)


# Layers ---------------------------------------------------------------------------------------------------------------


def _one_layer(name: str, line: str, layer: Callable[[], nn.Module]) -> None:
    """Add a style that is a layer on a map 8×14×14."""

    def builder() -> nn.Module:
        return Body(lambda s, x: s.layer(x), layer=layer())

    builder.__name__, builder.__doc__ = name, line
    style(builder)


for _name, _line, _layer in (
    ("group_norm", "Group norm.", lambda: nn.GroupNorm(4, 8)),
    ("layer_norm", "Layer norm as GroupNorm(1, C).", lambda: nn.GroupNorm(1, 8)),
    ("layer_norm_shape", "Layer norm of a whole activation.", lambda: nn.LayerNorm([8, 14, 14])),
    ("layer_norm_plain", "Layer norm without weights.", lambda: nn.LayerNorm([8, 14, 14], elementwise_affine=False)),
    ("instance_norm", "Instance norm.", lambda: nn.InstanceNorm2d(8)),
    (
        "instance_norm_tracked",
        "Instance norm with running statistics.",
        lambda: nn.InstanceNorm2d(8, affine=True, track_running_stats=True),
    ),
    ("batch_norm_plain", "Batch norm without weights.", lambda: nn.BatchNorm2d(8, affine=False)),
    ("local_response_norm", "Local response norm.", lambda: nn.LocalResponseNorm(3)),
    ("circular", "Circular padding.", lambda: nn.Conv2d(8, 8, 3, padding=1, padding_mode="circular")),
    ("reflect", "Reflection padding.", lambda: nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect")),
    ("replicate", "Replication padding.", lambda: nn.Sequential(nn.ReplicationPad2d(1), nn.Conv2d(8, 8, 3))),
    ("zero_pad", "Zero padding, uneven.", lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(8, 8, 2))),
    (
        "same",
        "padding='same', with an even kernel too.",
        lambda: nn.Sequential(nn.Conv2d(8, 8, 4, padding="same"), nn.Conv2d(8, 8, 3, padding="same")),
    ),
    (
        "separable",
        "Depthwise separable, dilated.",
        lambda: nn.Sequential(nn.Conv2d(8, 8, 3, dilation=2, groups=8, padding=2), nn.Conv2d(8, 8, 1)),
    ),
    ("transposed", "Transposed convolution.", lambda: nn.ConvTranspose2d(8, 8, 2, stride=2)),
    (
        "pools",
        "Pooling with ceil_mode, and L2.",
        lambda: nn.Sequential(
            nn.MaxPool2d(3, 2, ceil_mode=True), nn.AvgPool2d(2, count_include_pad=False), nn.LPPool2d(2, 2)
        ),
    ),
    (
        "adaptive",
        "Adaptive pooling to uneven windows.",
        lambda: nn.Sequential(nn.AdaptiveMaxPool2d(9), nn.AdaptiveAvgPool2d((4, None))),
    ),
    ("weight_norm_old", "nn.utils.weight_norm.", lambda: nn.utils.weight_norm(nn.Conv2d(8, 8, 3))),
    (
        "weight_norm_new",
        "parametrizations.weight_norm.",
        lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(8, 8, 3)),
    ),
    ("spectral_norm_old", "nn.utils.spectral_norm.", lambda: nn.utils.spectral_norm(nn.Conv2d(8, 8, 3))),
    (
        "spectral_norm_new",
        "parametrizations.spectral_norm.",
        lambda: nn.utils.parametrizations.spectral_norm(nn.Conv2d(8, 8, 3)),
    ),
    (
        "orthogonal",
        "parametrizations.orthogonal of a 1×1 convolution's like.",
        lambda: nn.Sequential(
            nn.Flatten(2), nn.utils.parametrizations.weight_norm(nn.Linear(196, 196)), nn.Unflatten(2, (14, 14))
        ),
    ),
    ("prelu", "PReLU, one slope a channel and one for all.", lambda: nn.Sequential(nn.PReLU(8), nn.PReLU())),
    ("rrelu", "Randomised ReLU in evaluation.", lambda: nn.RReLU()),
    (
        "activations",
        "A dozen activations.",
        lambda: nn.Sequential(
            nn.ELU(),
            nn.SELU(),
            nn.CELU(),
            nn.GELU(),
            nn.Mish(),
            nn.SiLU(),
            nn.Hardswish(),
            nn.Hardsigmoid(),
            nn.Softplus(),
            nn.Softsign(),
            nn.Tanhshrink(),
            nn.Softshrink(),
            nn.Hardshrink(),
            nn.LogSigmoid(),
            nn.ReLU6(),
            nn.Threshold(0.1, 0),
            nn.GELU("tanh"),
        ),
    ),
    ("glu", "GLU over the channels.", lambda: nn.Sequential(nn.Conv2d(8, 16, 1), nn.GLU(1))),
    ("softmax_map", "Softmax over the channels.", lambda: nn.Softmax2d()),
    (
        "upsample",
        "nn.Upsample.",
        lambda: nn.Sequential(
            nn.Upsample(scale_factor=2), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        ),
    ),
    (
        "pixel_shuffle",
        "PixelShuffle and PixelUnshuffle.",
        lambda: nn.Sequential(nn.PixelUnshuffle(2), nn.ReLU(), nn.PixelShuffle(2)),
    ),
    ("channel_shuffle", "ChannelShuffle.", lambda: nn.Sequential(nn.Conv2d(8, 8, 1, groups=2), nn.ChannelShuffle(2))),
    (
        "dropouts",
        "Every dropout there is, in evaluation.",
        lambda: nn.Sequential(
            nn.Dropout(0.1), nn.Dropout2d(0.1), nn.AlphaDropout(0.1), nn.FeatureAlphaDropout(0.1), nn.Identity()
        ),
    ),
    (
        "lazy",
        "Lazy layers, after a first pass.",
        lambda: _initialised(nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d())),
    ),
    (
        "conv3d",
        "A 3-D convolution over the channels.",
        lambda: nn.Sequential(nn.Unflatten(1, (1, 8)), nn.Conv3d(1, 1, 3, padding=1), nn.Flatten(1, 2)),
    ),
    (
        "fused",
        "Convolution and batch norm, fused.",
        lambda: torch.nn.utils.fuse_conv_bn_eval(nn.Conv2d(8, 8, 3).eval(), nn.BatchNorm2d(8).eval()),
    ),
    (
        "unfold_fold",
        "nn.Unfold and nn.Fold.",
        lambda: nn.Sequential(nn.Unfold(2, stride=2), nn.Conv1d(32, 32, 1), nn.Fold(14, 2, stride=2)),
    ),
    ("dirac", "Frozen and pruned weights.", lambda: _pruned(nn.Conv2d(8, 8, 3))),
):
    _one_layer(_name, _line, _layer)


def _initialised(layer: nn.Module) -> nn.Module:
    layer(torch.zeros(2, 8, 14, 14))
    return layer


def _pruned(layer: nn.Module) -> nn.Module:
    from torch.nn.utils import prune

    prune.l1_unstructured(layer, "weight", amount=0.3)
    return layer.requires_grad_(False)


@style
def interpolated() -> nn.Module:
    """F.interpolate in every mode."""

    def body(s: Body, x: Tensor) -> Tensor:
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = F.interpolate(F.interpolate(x, size=20, mode="bicubic"), size=(11, 13), mode="area")
        return F.interpolate(F.interpolate(x, size=9, mode="bilinear", antialias=True), size=7, mode="nearest-exact")

    return Body(body)


@style
def spatial_transformer() -> nn.Module:
    """A spatial transformer: affine_grid and grid_sample."""

    def body(s: Body, x: Tensor) -> Tensor:
        theta = s.locate(x.mean((2, 3))).view(-1, 2, 3) + torch.eye(2, 3)
        return F.grid_sample(x, F.affine_grid(theta, list(x.size()), align_corners=False), align_corners=False)

    return Body(body, locate=nn.Linear(8, 6))


@style
def multihead_attention() -> nn.Module:
    """nn.MultiheadAttention over places."""

    def head(s: Body, x: Tensor) -> Tensor:
        places = x[:, :, ::2, ::2].flatten(2).transpose(1, 2)
        return s.linear(
            s.attention(places, places, places)[0].mean(1)
            + s.attention(places, places, places, need_weights=False)[0].mean(1)
        )

    return Head(head, attention=nn.MultiheadAttention(8, 2, batch_first=True))


@style
def attention_by_hand() -> nn.Module:
    """qkv, softmax and scaled_dot_product_attention, with a causal mask."""

    def head(s: Body, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        q, k, v = s.qkv(x.flatten(2).transpose(1, 2)).reshape(b, h * w, 3, 2, 4).permute(2, 0, 3, 1, 4)
        mixed = (q @ k.transpose(-2, -1) * 0.5).softmax(dim=-1) @ v + F.scaled_dot_product_attention(
            q, k, v, is_causal=True
        )
        return s.linear(mixed.transpose(1, 2).reshape(b, h * w, c).mean(dim=1))

    return Head(head, qkv=nn.Linear(8, 24))


@style
def transformer_encoder() -> nn.Module:
    """A small ViT: patches, class token, positions, nn.TransformerEncoder."""

    def head(s: Body, x: Tensor) -> Tensor:
        x = s.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([s.token.expand(x.shape[0], -1, -1), x], dim=1) + s.positions
        return s.linear(s.encoder(x)[:, 0])

    return Head(
        head,
        patches=nn.Conv2d(8, 8, 7, stride=7),
        token=nn.Parameter(torch.zeros(1, 1, 8)),
        positions=nn.Parameter(torch.randn(1, 5, 8)),
        encoder=nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation="gelu"), 2, enable_nested_tensor=False
        ),
    )


@style
def recurrent() -> nn.Module:
    """A GRU over the rows."""
    return Head(lambda s, x: s.linear(s.gru(x.mean(2).transpose(1, 2))[0][:, -1]), gru=nn.GRU(8, 8, batch_first=True))


@style
def lstm() -> nn.Module:
    """An LSTM over the columns, of which the last output is used."""
    return Head(lambda s, x: s.linear(s.lstm(x.mean(2).permute(2, 0, 1))[0][-1]), lstm=nn.LSTM(8, 8))


@style
def einsum() -> nn.Module:
    """einsum for the last layer."""
    return Head(lambda s, x: torch.einsum("nchw,oc->no", x, s.linear.weight) / 196 + s.linear.bias)


@style
def matmul() -> nn.Module:
    """@, torch.mm, F.linear, addmm and outer products."""

    def head(s: Body, x: Tensor) -> Tensor:
        pooled = x.mean((2, 3))
        gram = torch.matmul(x.flatten(2), x.flatten(2).transpose(1, 2)) / 196
        return (
            pooled @ s.linear.weight.t()
            + torch.addmm(s.linear.bias, pooled, s.linear.weight.T)
            + F.linear(gram.mean(1), s.linear.weight)
            + torch.bmm(gram, pooled.unsqueeze(2)).squeeze(2).mm(s.linear.weight.T)
        )

    return Head(head)


@style
def bilinear() -> nn.Module:
    """nn.Bilinear of mean and maximum."""
    return Head(lambda s, x: s.bilinear(x.mean((2, 3)), x.amax((2, 3))), bilinear=nn.Bilinear(8, 8, 10))


@style
def cosine_classifier() -> nn.Module:
    """A normalised classifier with a temperature, and cosine similarity."""
    return Head(
        lambda s, x: (
            16 * F.linear(F.normalize(x.mean((2, 3))), F.normalize(s.linear.weight))
            + F.cosine_similarity(x.mean((2, 3)).unsqueeze(1), s.linear.weight.unsqueeze(0), dim=-1)
        )
    )


@style
def prototypes() -> nn.Module:
    """Distances to prototypes: cdist."""
    return Head(
        lambda s, x: (
            -torch.cdist(x.mean((2, 3)), s.linear.weight) - (x.mean((2, 3))[:, None] - s.linear.weight).pow(2).sum(-1)
        )
    )


@style
def embedding() -> nn.Module:
    """An embedding of positions."""
    return Body(lambda s, x: x + s.rows(torch.arange(14)).t().view(1, 8, 14, 1), rows=nn.Embedding(14, 8))


# Blocks ---------------------------------------------------------------------------------------------------------------


@style
def gem() -> nn.Module:
    """Generalised mean pooling with a learned power."""
    return Head(
        lambda s, x: s.linear(
            F.avg_pool2d(x.clamp(min=1e-6).pow(s.p), (x.size(-2), x.size(-1))).pow(1.0 / s.p).flatten(1)
        ),
        p=nn.Parameter(torch.ones(1) * 3),
    )


@style
def maxout() -> nn.Module:
    """Maxout over pairs of channels."""
    return Body(lambda s, x: s.wide(x).view(x.size(0), 8, 2, 14, 14).max(dim=2)[0], wide=nn.Conv2d(8, 16, 1))


@style
def coord_conv() -> nn.Module:
    """CoordConv: meshgrid channels, concatenated."""

    def body(s: Body, x: Tensor) -> Tensor:
        rows, columns = torch.meshgrid(
            torch.linspace(-1, 1, x.size(2)), torch.linspace(-1, 1, x.size(3)), indexing="ij"
        )
        return s.mix(torch.cat([x, torch.stack((rows, columns)).unsqueeze(0).expand(x.size(0), -1, -1, -1).to(x)], 1))

    return Body(body, mix=nn.Conv2d(10, 8, 1))


@style
def blur_pool() -> nn.Module:
    """Blur pooling: a fixed kernel in a non-persistent buffer."""

    class Blur(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            row = torch.tensor([1.0, 2.0, 1.0])
            self.register_buffer("kernel", (row[:, None] * row).div(16).expand(8, 1, 3, 3).clone(), persistent=False)

        def forward(self, x: Tensor) -> Tensor:
            return F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), self.kernel, stride=2, groups=x.size(1))

    return Body(lambda s, x: s.blur(x), blur=Blur())


@style
def ghost_batch_norm() -> nn.Module:
    """Ghost batch norm, as the assignments hand it out."""

    class GhostBatchNorm(nn.BatchNorm2d):
        def __init__(self, features: int, splits: int = 2) -> None:
            super().__init__(features)
            self.splits = splits
            self.register_buffer("running_mean", torch.zeros(features * splits))
            self.register_buffer("running_var", torch.ones(features * splits))

        def train(self, mode: bool = True) -> nn.Module:
            if self.training and not mode:
                self.running_mean = self.running_mean.view(self.splits, self.num_features).mean(0).repeat(self.splits)
                self.running_var = self.running_var.view(self.splits, self.num_features).mean(0).repeat(self.splits)
            return super().train(mode)

        def forward(self, x: Tensor) -> Tensor:
            if self.training or not self.track_running_stats:
                n, c, h, w = x.shape
                return F.batch_norm(
                    x.view(-1, c * self.splits, h, w),
                    self.running_mean,
                    self.running_var,
                    self.weight.repeat(self.splits),
                    self.bias.repeat(self.splits),
                    True,
                    self.momentum,
                    self.eps,
                ).view(n, c, h, w)
            return F.batch_norm(
                x,
                self.running_mean[: self.num_features],
                self.running_var[: self.num_features],
                self.weight,
                self.bias,
                False,
                self.momentum,
                self.eps,
            )

    return Body(lambda s, x: s.norm(x), norm=GhostBatchNorm(8))


@style
def squeeze_excite() -> nn.Module:
    """Squeeze and excitation."""

    def body(s: Body, x: Tensor) -> Tensor:
        b, c, _, _ = x.size()
        return x * s.excite(F.adaptive_avg_pool2d(x, 1).view(b, c)).view(b, c, 1, 1).expand_as(x)

    return Body(body, excite=nn.Sequential(nn.Linear(8, 2), nn.ReLU(), nn.Linear(2, 8), nn.Sigmoid()))


@style
def cbam() -> nn.Module:
    """Spatial attention from the mean and the maximum over channels."""
    return Body(
        lambda s, x: (
            x * torch.sigmoid(s.attend(torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]], dim=1)))
        ),
        attend=nn.Conv2d(2, 1, 7, padding=3),
    )


@style
def drop_block() -> nn.Module:
    """DropBlock, which does nothing in evaluation."""

    class DropBlock(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if not self.training:
                return x
            return x * (torch.rand(x.shape[0], *x.shape[2:]) > 0.1).unsqueeze(1)

    return Body(lambda s, x: s.drop(x), drop=DropBlock())


@style
def stochastic_depth() -> nn.Module:
    """Stochastic depth with a survival probability."""

    def body(s: Body, x: Tensor) -> Tensor:
        if s.training and torch.rand(1).item() > 0.8:
            return x
        return x + (1 if s.training else 0.8) * s.mix(x)

    return Body(body, mix=block(8, 8))


@style
def gaussian_noise() -> nn.Module:
    """Noise that is drawn in training alone."""
    return Body(lambda s, x: x + torch.randn_like(x) * 0.1 if s.training else x)


@style
def layer_scale() -> nn.Module:
    """ConvNeXt's block: channels last, LayerNorm, layer scale."""

    def body(s: Body, x: Tensor) -> Tensor:
        y = s.narrow(F.gelu(s.wide(s.norm(s.depthwise(x).permute(0, 2, 3, 1)))))
        return x + (s.gamma * y).permute(0, 3, 1, 2)

    return Body(
        body,
        depthwise=nn.Conv2d(8, 8, 7, padding=3, groups=8),
        norm=nn.LayerNorm(8),
        wide=nn.Linear(8, 32),
        narrow=nn.Linear(32, 8),
        gamma=nn.Parameter(torch.full((8,), 0.1)),
    )


@style
def hand_written_norms() -> nn.Module:
    """Layer norm, RMS norm, whitening by hand."""

    def body(s: Body, x: Tensor) -> Tensor:
        mean, variance = x.mean((1, 2, 3), keepdim=True), x.var((1, 2, 3), keepdim=True, unbiased=False)
        x = (x - mean) / torch.sqrt(variance + 1e-5) * s.gamma
        x = x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + 1e-6)
        return (x - x.mean(dim=(2, 3), keepdim=True)) / (x.std(dim=(2, 3), keepdim=True) + 1e-5)

    return Body(body, gamma=nn.Parameter(torch.ones(8, 1, 1)))


@style
def rms_norm() -> nn.Module:
    """nn.RMSNorm over the channels."""
    return Body(lambda s, x: s.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2), norm=nn.RMSNorm(8))


@style
def weight_standardisation() -> nn.Module:
    """A convolution whose weights are standardised on the way."""

    class Standardised(nn.Conv2d):
        def forward(self, x: Tensor) -> Tensor:
            w = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
            return self._conv_forward(x, w / (w.std(dim=(1, 2, 3), keepdim=True) + 1e-5), self.bias)

    return Body(lambda s, x: s.conv(x), conv=Standardised(8, 8, 3, padding=1))


@style
def shared_layers() -> nn.Module:
    """One convolution, applied three times."""

    def body(s: Body, x: Tensor) -> Tensor:
        for _ in range(3):
            x = F.relu(s.conv(x))
        return x

    return Body(body, conv=nn.Conv2d(8, 8, 3, padding=1))


@style
def tied_weights() -> nn.Module:
    """Two modules with one weight."""
    network = Body(lambda s, x: s.two(s.one(x)), one=nn.Conv2d(8, 8, 3), two=nn.Conv2d(8, 8, 3))
    network.two.weight = network.one.weight
    return network


@style
def one_module_two_names() -> nn.Module:
    """One module under two names."""
    conv = nn.Conv2d(8, 8, 1)
    return Body(lambda s, x: s.b(s.a(x)), a=conv, b=conv)


@style
def unused() -> nn.Module:
    """Layers, parameters and buffers that never run."""
    network = Body(lambda s, x: x, never=block(8, 8), alpha=nn.Parameter(torch.ones(3)))
    network.register_buffer("counted", torch.zeros(1))
    return network


@style
def buffers() -> nn.Module:
    """A persistent buffer, one that is not, a plain attribute, a scalar parameter."""
    network = Body(
        lambda s, x: (x - s.mean) / s.std * s.gain + s.shift,
        gain=nn.Parameter(torch.tensor(1.5)),
        shift=torch.full((1, 8, 1, 1), 0.1),
    )
    network.register_buffer("mean", torch.tensor([0.1307]))
    network.register_buffer("std", torch.tensor([0.3081]), persistent=False)
    return network


@style
def registered_twice() -> nn.Module:
    """A buffer that forward() writes to."""
    network = Body(lambda s, x: (s.count.add_(1), x)[1])
    network.register_buffer("count", torch.zeros(1))
    return network


@style
def test_time_augmentation() -> nn.Module:
    """Logits of an image and its mirror image, averaged in evaluation."""

    class Net(Usual):
        def forward(self, x: Tensor) -> Tensor:
            if self.training:
                return super().forward(x)
            return torch.stack([super(Net, self).forward(view) for view in (x, x.flip(-1), torch.roll(x, 1, 2))]).mean(
                0
            )

    return Net()


@style
def octave() -> nn.Module:
    """Two resolutions that exchange, added after upsampling."""

    def body(s: Body, x: Tensor) -> Tensor:
        low = s.low(F.avg_pool2d(x, 2))
        return s.high(x) + F.interpolate(low, size=x.shape[-2:], mode="nearest")

    return Body(body, low=nn.Conv2d(8, 8, 3, padding=1), high=nn.Conv2d(8, 8, 3, padding=1))


@style
def inception() -> nn.Module:
    """Parallel branches in a list comprehension."""
    return Body(
        lambda s, x: s.mix(torch.cat([branch(x) for branch in s.branches], dim=1)),
        mix=nn.Conv2d(16, 8, 1),
        branches=nn.ModuleList(
            [nn.Conv2d(8, 4, k, padding=k // 2) for k in (1, 3, 5)]
            + [nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(8, 4, 1))]
        ),
    )


@style
def soft_argmax() -> nn.Module:
    """Softmax attention pooling, top-k pooling and a sort."""

    def head(s: Body, x: Tensor) -> Tensor:
        attention = s.attend(x).flatten(2).softmax(-1)
        return s.linear(
            (x.flatten(2) * attention).sum(-1)
            + x.flatten(2).topk(5)[0].mean(-1)
            + x.flatten(2).sort(-1, descending=True)[0][..., :3].mean(-1)
        )

    return Head(head, attend=nn.Conv2d(8, 1, 1))


@style
def probabilities() -> nn.Module:
    """Returns the logarithm of clamped probabilities."""
    return Head(lambda s, x: torch.log(F.softmax(s.linear(x.mean((2, 3))), dim=1).clamp(min=1e-8)))


@style
def implicit_dimension() -> nn.Module:
    """log_softmax without a dimension, with a warning."""
    return Head(lambda s, x: F.log_softmax(s.linear(x.mean((2, 3)))))


@style
def batch_norm_at_the_end() -> nn.Module:
    """BatchNorm1d of the logits."""
    return Head(lambda s, x: s.norm(s.linear(x.mean((2, 3)))), norm=nn.BatchNorm1d(10))


# What is seen now and then --------------------------------------------------------------------------------------------


@style
def numbered_attributes() -> nn.Module:
    """setattr(self, f"conv{i}") and getattr, with eval-like names."""

    def body(s: Body, x: Tensor) -> Tensor:
        for number in range(2):
            x = getattr(s, f"conv{number}")(x)
        return x

    return Body(body, **{f"conv{number}": nn.Conv2d(8, 8, 3) for number in range(2)})


@style
def sequential_subclass() -> nn.Module:
    """A subclass of nn.Sequential with its own forward()."""

    class Features(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + self[0](x)

    return Body(lambda s, x: s.features(x), features=Features(nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8), nn.ReLU()))


@style
def own_parametrisation() -> nn.Module:
    """A parametrisation of one's own: ternary weights."""

    class Ternary(nn.Module):
        def forward(self, weight: Tensor) -> Tensor:
            return weight.sign() * (weight.abs() > 0.05).float() * weight.abs().mean()

    conv = nn.Conv2d(8, 8, 3)
    nn.utils.parametrize.register_parametrization(conv, "weight", Ternary())
    return Body(lambda s, x: s.conv(x), conv=conv)


@style
def own_gradient() -> nn.Module:
    """A torch.autograd.Function: a straight-through sign."""

    class Sign(torch.autograd.Function):
        @staticmethod
        def forward(ctx: object, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return x.sign()

        @staticmethod
        def backward(ctx: object, gradient: Tensor) -> Tensor:
            return gradient

    return Body(lambda s, x: x + Sign.apply(x))


@style
def straight_through() -> nn.Module:
    """Straight-through rounding with .detach() and .data."""
    return Body(lambda s, x: x + ((x * 8).round() / 8 - x).detach() + x.data * 0.1)


@style
def quantisation_stubs() -> nn.Module:
    """QuantStub and DeQuantStub around a float network, and FloatFunctional."""
    return Body(
        lambda s, x: s.dequant(s.add.add(s.quant(x), x)),
        quant=torch.ao.quantization.QuantStub(),
        dequant=torch.ao.quantization.DeQuantStub(),
        add=torch.ao.nn.quantized.FloatFunctional(),
    )


@style
def unpooled() -> nn.Module:
    """Max pooling with indices, and max unpooling."""

    def body(s: Body, x: Tensor) -> Tensor:
        pooled, places = F.max_pool2d(x, 2, return_indices=True)
        return F.max_unpool2d(pooled, places, 2)

    return Body(body)


@style
def one_hot() -> nn.Module:
    """One-hot vectors of what the network finds, cumulative sums, rolls and rotations."""

    def head(s: Body, x: Tensor) -> Tensor:
        logits = s.linear((x + x.roll((1, -1), (2, 3)) + torch.rot90(x, 1, (2, 3)) + x.cumsum(2) / 14).mean((2, 3)))
        return logits + F.one_hot(logits.argmax(1), 10).float()

    return Head(head)


@style
def vectorised() -> nn.Module:
    """torch.vmap over the images."""
    return Head(lambda s, x: torch.vmap(lambda image: s.linear(image.mean((1, 2))))(x))


@style
def mixture_of_experts() -> nn.Module:
    """Experts, weighted by a softmax gate."""

    def head(s: Body, x: Tensor) -> Tensor:
        pooled = x.mean((2, 3))
        gate = F.softmax(s.gate(pooled), dim=1)
        return (torch.stack([expert(pooled) for expert in s.experts], dim=1) * gate.unsqueeze(-1)).sum(dim=1)

    return Head(head, gate=nn.Linear(8, 3), experts=nn.ModuleList(nn.Linear(8, 10) for _ in range(3)))


@style
def involution() -> nn.Module:
    """Dynamic kernels: unfold, times what a convolution made of the place."""

    def body(s: Body, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        kernels = s.kernels(x).view(n, 1, 9, h, w)
        return (F.unfold(x, 3, padding=1).view(n, c, 9, h, w) * kernels).sum(2)

    return Body(body, kernels=nn.Conv2d(8, 9, 1))


@style
def capsules() -> nn.Module:
    """Squash and routing by agreement, two rounds."""

    def head(s: Body, x: Tensor) -> Tensor:
        votes = torch.einsum("ni,iod->niod", x.mean((2, 3)), s.votes)
        routes = torch.zeros(x.size(0), 8, 10, 1, device=x.device)
        for _ in range(2):
            out = (routes.softmax(2) * votes).sum(1, keepdim=True)
            routes = routes + (votes * out).sum(-1, keepdim=True)
        return out.squeeze(1).norm(dim=-1)

    return Head(head, votes=nn.Parameter(torch.randn(8, 10, 4)))


@style
def kolmogorov_arnold() -> nn.Module:
    """Learned functions: sums of Gaussians on a grid, with an outer product."""

    def head(s: Body, x: Tensor) -> Tensor:
        basis = torch.exp(-((x.mean((2, 3)).unsqueeze(-1) - torch.linspace(-1, 1, 5)) ** 2))
        return torch.tensordot(basis, s.spline, dims=([1, 2], [0, 1])) + torch.outer(x.mean((1, 2, 3)), s.row)

    return Head(head, spline=nn.Parameter(torch.randn(8, 5, 10)), row=nn.Parameter(torch.ones(10)))


@style
def normalised_input() -> nn.Module:
    """The network normalises its images itself, and repeats the channel."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))

        def forward(self, x: Tensor) -> Tensor:
            x = x.repeat(1, 3, 1, 1) if x.shape[1] == 1 else x
            x = (x - torch.tensor([0.49, 0.48, 0.45]).view(1, -1, 1, 1)) / torch.as_tensor([0.2, 0.2, 0.2])[
                None, :, None, None
            ]
            return self.features(x)

    return Net()
