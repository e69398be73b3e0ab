"""The numbers that act on the logits and are neither pixels nor parameters: constants, buffers and literals, counted
whatever made them. What depends on neither image nor parameters is computed first, and what then meets an image or a
parameter is counted: a kernel that code draws from a seed is as long as one that is kept."""

import math
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import torch
from torch import Tensor

from checker.alike import EXACT, other_weights, same_values, tellings, tinted_values
from checker.generators import EXACT as GENERATED
from checker.generators import Generator, generators
from common.anatomy.operators import REGISTRY
from common.anatomy.program import Argument, Node, Program
from common.anatomy.replay import Seen, replay
from common.anatomy.ways import base, leading, named_operands, operands

# They say nothing, and are not counted.
FREE = frozenset({0.0, 1.0, -1.0})
# Of the cosine between a vector that a spectral norm keeps and the one that another step of its iteration gives.
ITERATED = 0.9
# How far a batch norm's statistics, where it is written by hand, may lie from those of a few images: a mean in
# deviations, a deviation by its factor; and how many of its channels must be as near as that.
STATISTIC_APART, DEVIATION_APART, NEAR = 1.0, 4.0, 0.75
# So many numbers functions may make of each parameter, and a few beside: a norm of weights takes three.
MADE_OF_ONE, LEAST_MADE = 4, 64
# By how much parameters are moved to see whether what is made of them moves too, as a share of their size, and what of
# that is no movement.
NUDGED, STILL = 1e-6, 1e-3
# How much farther than the parameters may move what functions make of each of them, both as a share of their spread.
# What masks or bounds weights moves as they do; folded by abs() four times it moves 16 times as far, and holds another
# number each.
FOLDED = 6.0
# Literals are the same where so many digits are: as many as float32 can tell apart.
LITERAL_DIGITS = 9
# How far the logits may move, as a share of how far they lie apart, when constants are off by as much as what describes
# them: what a description leaves out must not matter.
LEFT_OUT = 0.01
# What takes a number apart, so that it could hold several: operators by their names without the overload.
TAKES_APART = frozenset(
    {
        "floor",
        "ceil",
        "round",
        "trunc",
        "frac",
        "fmod",
        "remainder",
        "floor_divide",
        "bitwise_and",
        "bitwise_or",
        "bitwise_not",
        "bitwise_xor",
        "eq",
        "ne",
        "gt",
        "ge",
        "lt",
        "le",
        "heaviside",
        "argmax",
        "argmin",
        "sort",
        "topk",
        "sin",
        "cos",
        "tan",
        "sinc",
        "signbit",
        "logical_not",
        "logical_and",
        "logical_or",
        "logical_xor",
        "isinf",
        "isnan",
        "isfinite",
    }
)
# What moves numbers, or adds and scales them: what goes in generates what comes out. Products of two ramps don't belong
# here: a few of them after one another are chaos.
_MOVES = frozenset(
    {
        "view",
        "_unsafe_view",
        "_reshape_alias",
        "_to_copy",
        "permute",
        "transpose",
        "t",
        "expand",
        "unsqueeze",
        "squeeze",
        "clone",
        "slice",
        "select",
        "alias",
        "detach",
        "cat",
        "stack",
        "split",
        "split_with_sizes",
        "unbind",
        "flip",
        "roll",
        "constant_pad_nd",
        "repeat",
        "diagonal",
        "lift_fresh_copy",
        "slice_scatter",
        "select_scatter",
        "copy",
    }
)
# What the code chooses with it, which channels are added and which taken off, is worth a weight each time.
_CHOOSES = frozenset({"slice", "select", "roll", "constant_pad_nd", "expand", "repeat", "index", "gather", "flip"})
_REORDERS = _MOVES & {"slice", "select", "cat", "stack", "split", "split_with_sizes", "unbind", "flip", "roll"}
_COMBINES = _MOVES | {"add", "sub", "rsub", "mul", "div", "neg", "mean", "sum"}
_STATISTICS = frozenset({"running_mean", "running_var"})
_NORMS = frozenset({"_weight_norm_interface", "native_layer_norm", "linalg_vector_norm", "var", "var_mean", "std"})
_PRODUCTS = frozenset({"mv", "dot", "vdot", "mm"})
_LAYERS = frozenset({"convolution", "addmm", "baddbmm", "bmm", *_PRODUCTS, *_NORMS}) | {
    "_native_batch_norm_legit",
    "_native_batch_norm_legit_no_training",
    "native_group_norm",
}
_INTEGERS = frozenset({"uint8", "int8", "int16", "int32", "int64", "bool"})


@dataclass(frozen=True)
class Constants:
    """What acts on the logits beside images and parameters.

    hidden:        by the name of what holds them, how many numbers generate the constants that meet an image or a
                   parameter
    literals:      how many numbers the code's own literals amount to: the different ones, and the choice among them
    norms_by_hand: how many times something is moved or scaled by its own mean or deviation, as a batch norm written by
                   hand does
    wired:         how many calls take a part of a map, repeat, move or pad it, chosen by the code
    taken_apart:   operators and functions that could unpack several numbers from one parameter
    """

    hidden: dict[str, int]
    literals: int
    norms_by_hand: int
    wired: int
    taken_apart: tuple[str, ...]


def constants(
    program: Program, weights: Mapping[str, Tensor], inputs: tuple[Tensor, ...], others: tuple[Tensor, ...]
) -> Constants:
    """Return what acts on the logits of `program` beside images and parameters.

    inputs, others: two batches of the network's inputs that have nothing in common; they and the weights are float64
    """
    with torch.no_grad():
        told = [tellings(program, *given) for given in ((weights, inputs), (weights, others))]
        alike = same_values(*told)
        of_nothing = alike and alike & same_values(told[0], tellings(program, other_weights(weights), others))
        parts = _Parts(program, weights, alike, tinted_values(*told) - alike, of_nothing)
        logits = replay(program, weights, *inputs, see=parts.see, double=True)
        replay(program, weights, *others, see=parts.see_others, double=True)
        rough = replay(*_roughened(program, weights), *inputs, double=True)
        stepped = parts.stepped(inputs)
        orders = parts.orders(inputs)
        # Of a binary kernel, which is a sign and the mean size of a filter, no single size counts.
        exchanged = {name: _sizes_exchanged(weight) if name in stepped else weight for name, weight in weights.items()}
        moved = stepped and any(
            not bool((one - other).abs().max() <= EXACT * one.abs().max())
            for one, other in zip(logits, replay(program, exchanged, *inputs, double=True), strict=True)
        )
    if not all(
        bool((one - other).abs().max() <= LEFT_OUT * (one - one.mean(1, keepdim=True)).abs().max())
        for one, other in zip(logits, rough, strict=True)
    ):
        return Constants(
            parts.in_full(), parts.literals(), parts.norms_by_hand, parts.wired, tuple(sorted(parts.taken_apart))
        )
    taken_apart = {*parts.taken_apart, *parts.multiplied(), *(parts.steps_of(stepped) if moved else ())}
    taken_apart |= parts.behind_images()
    return Constants(
        parts.hidden() | orders, parts.literals(), parts.norms_by_hand, parts.wired, tuple(sorted(taken_apart))
    )


class _Parts:
    """A program, and which of its values depend on images, on parameters, and on neither."""

    def __init__(
        self,
        program: Program,
        weights: Mapping[str, Tensor],
        of_no_image: Collection[str],
        tinted: set[str],
        of_nothing: Collection[str],
    ) -> None:
        """of_no_image, of_nothing: values that are the same for all images, and whatever the parameters are too;
        tinted: those that are nearly the same for all images, of which one is looked at"""
        self._program, self._weights = program, weights
        self._made = {node.name: node for node in program.nodes}
        self._sources = {each.name: {"image"} for each in program.inputs}
        self._sources |= {weight.value: {"parameter"} for weight in program.weights if weight.parameter}
        self._tinted: set[str] = set()
        for node in program.nodes:
            sources = set[str]().union(*(self._sources.get(name, ()) for name in operands(node)))
            if node.name in of_nothing:
                sources = set()
            elif node.name in of_no_image:
                sources -= {"image"}
            elif self._is_tinted(node, tinted):
                self._tinted.add(node.name)
                sources -= {"image"}
            elif self._tinted & set(operands(node)):
                sources |= {"image"}
            self._sources[node.name] = sources
        self._leads_to_logits = leading(program, program.outputs)
        self._names = {weight.value: weight.keys[0] for weight in program.weights}
        self._names |= {name: program.labels.get(name, name) for name in program.constants}
        # Constant values, and what products of learned numbers alone are made of.
        self._values = {
            weight.value: weights[weight.value]
            for weight in program.weights
            if not weight.parameter and weight.value in weights
        } | program.constants
        self._products: dict[str, dict[str, object]] = {}
        self._statistics: dict[str, int] = {}  # Of what a batch norm by hand keeps: how many numbers are none.
        self._parameters = {weight.value: weight.count for weight in program.weights if weight.parameter}
        self._shapes = {weight.value: weight.shape for weight in program.weights if weight.parameter}
        self._readers = Counter(name for node in program.nodes for name in set(operands(node)))
        self._convolutions = {node.name for node in program.nodes if base(node) == "convolution"}
        self._made_of: dict[frozenset[str], int] = {}
        self._apart: dict[str, tuple[Sequence[Tensor], Sequence[Tensor]]] = {}
        self.taken_apart: set[str] = set()
        self._generators = cache(self._generating)

    def _is_tinted(self, node: Node, nearly_alike: set[str]) -> bool:
        """Whether a value is a constant, or made of parameters, and an image does no more than tint it: not what a
        layer makes of maps that hardly differ, as those of an untrained network."""
        if node.name not in nearly_alike or base(node) in _LAYERS:
            return False
        own = set(operands(node))
        shown = {name for name in own if "image" in self._sources.get(name, ())}
        if own & self._tinted:
            return not shown - nearly_alike
        return bool(own - shown) and bool(shown) and not shown & nearly_alike

    def see(self, seen: Seen) -> None:
        """Keep what a call made, where it is needed."""
        node = seen.node
        if not self._sources[node.name] and seen.outputs:
            self._values[node.name] = seen.outputs[0][:1] if node.name in self._tinted else seen.outputs[0]
        elif self._sources[node.name] == {"parameter"} and base(node) in _PRODUCTS:
            self._products[node.name] = seen.arguments
        other = _other_than_statistics(base(node), seen) if "image" in self._sources[node.name] else None
        # What is divided by its deviation has lost its mean before, since the last convolution.
        if other is not None and (
            base(node) == "sub"
            or self._statistics.keys() & leading(self._program, [node.name], from_=self._convolutions)
        ):
            self._statistics[node.name] = other
        if (
            self._sources[node.name] == {"parameter"}
            and node.operator in REGISTRY
            and (base(node) not in _COMBINES | _PRODUCTS | _NORMS or self._multiplies_itself(node))
        ):
            behind = frozenset(leading(self._program, [node.name]) & self._parameters.keys())
            made = seen.outputs[0][:1] if node.name in self._tinted else seen.outputs[0]
            self._made_of[behind] = self._made_of.get(behind, 0) + made.numel()
        if self._takes_apart(seen):
            self._apart[node.name] = _tensors(seen), seen.outputs

    def see_others(self, seen: Seen) -> None:
        """Note what takes apart a number that is the same for all images."""
        if self._takes_apart(seen):
            given, made = self._apart[seen.node.name]
            # One answer to everything, as that no number is infinite, tells nothing.
            tells = any(each.numel() == 1 or bool((each != each.flatten()[:1]).any()) for each in made)
            alike = seen.node.name in self._tinted or _equal(made, seen.outputs)
            if (given and _equal(given, _tensors(seen))) or (tells and alike):
                by_name = next(iter(operands(seen.node)), "") if seen.node.operator == "getitem" else seen.node.name
                self.taken_apart.add(self._made[by_name].operator)

    def behind_images(self) -> set[str]:
        """Return what takes parameters apart beside numbers of the image that are taken off again behind it."""
        cancelled = [
            node.name
            for node in self._program.nodes
            if "image" not in self._sources[node.name]
            and any("image" in self._sources.get(name, ()) for name in operands(node))
        ]
        behind = leading(self._program, cancelled)
        return {
            node.operator
            for node in self._program.nodes
            if node.name in behind and base(node) in TAKES_APART and "parameter" in self._sources[node.name]
        }

    def _multiplies_itself(self, node: Node) -> bool:
        """Whether a product's two factors are made of the same parameters."""
        behind = [leading(self._program, [name]) & self._parameters.keys() for name in operands(node)]
        return base(node) in ("mul", "div") and len(behind) == 2 and bool(behind[0] & behind[1])

    def hidden(self) -> dict[str, int]:
        """Return how many numbers generate the constants that meet an image or a parameter; each counts once."""
        counted: set[Generator] = set(FREE)
        found: dict[str, int] = {}
        for node in self._acting:
            for argument, name in named_operands(node):
                own = argument in _STATISTICS and "image" in self._sources[node.name]  # A normalisation's own business.
                if (
                    not self._sources.get(name)
                    and name in self._values
                    and not own
                    and not self._is_iterated(node, name)
                    and not self._is_mask(node, name)
                ):
                    new = self._generators(name) - counted
                    if node.name in self._statistics:  # What else reads them counts them all.
                        count = min(len(new), self._statistics[node.name])
                    else:
                        counted |= new
                        count = len(new)
                    if count:
                        held = self._name(name)
                        found[held] = found.get(held, 0) + count
        return dict(sorted(found.items()))

    def in_full(self) -> dict[str, int]:
        """Return how many numbers the constants hold, by the names of what holds them."""
        held = (self._names.keys() & self._values.keys() & self._leads_to_logits) - _statistics(self._program)
        return {self._names[name]: self._values[name].numel() for name in sorted(held)}

    @property
    def norms_by_hand(self) -> int:
        """Return how many operations a batch norm written by hand would be."""
        return len(self._statistics)

    @property
    def wired(self) -> int:
        """Return how many calls choose a part of what is made of the image."""
        return sum(
            base(node) in _CHOOSES and "image" in self._sources[node.name] and not _takes_all(node)
            for node in self._acting
        )

    def multiplied(self) -> list[str]:
        """Return the parameters of which functions make more numbers than a normalisation of weights does."""
        return [
            f"functions of {self._names[min(names)]}"
            for names, made in self._made_of.items()
            if made > MADE_OF_ONE * sum(self._parameters[name] for name in names) + LEAST_MADE
        ]

    def stepped(self, inputs: tuple[Tensor, ...]) -> set[str]:
        """Return the parameters of which something is made that doesn't move with them, as signs don't: it tells where
        they lie, and their own numbers are still there for something else."""
        functions = [node for node in self._of_parameters if base(node) not in _MOVES]
        if all(base(node) in _COMBINES | _PRODUCTS for node in functions):
            return set()
        before, after = (
            self._made_of_parameters({name: _nudged(self._weights[name], by) for name in self._parameters}, inputs)
            for by in (0.0, NUDGED)
        )
        steps = [
            node.name
            for node in functions
            if node.name in before
            and (
                _is_step(before[node.name], after[node.name])
                or (self._is_of_each(node, before[node.name]) and _is_folded(before[node.name], after[node.name]))
            )
        ]
        return leading(self._program, steps) & self._parameters.keys()

    def _is_of_each(self, node: Node, made: Tensor) -> bool:
        """Whether something is made of each number of parameters by itself, and not by adding up or scaling."""
        behind = leading(self._program, [node.name]) & self._parameters.keys()
        return base(node) not in _COMBINES | _PRODUCTS and made.numel() >= sum(
            self._parameters[each] for each in behind
        )

    def orders(self, inputs: tuple[Tensor, ...]) -> dict[str, int]:
        """Return how many numbers generate the orders in which parameters are used once more, by the name of one of
        them: rows that are stacked otherwise each time tell by their order what was learned."""
        if not any(base(node) in _REORDERS for node in self._of_parameters):
            return {}
        numbered, begins, total = {}, {}, 1
        for name in self._parameters:
            weight = self._weights[name]
            numbered[name] = torch.arange(total, total + weight.numel(), dtype=torch.float64).view(weight.shape)
            begins[name], total = total, total + weight.numel()
        made = {name: each.to(inputs[0].device) for name, each in numbered.items()}
        made = made | self._made_of_parameters(made, inputs)
        moved = set(self._parameters)  # Parameters, and what holds their numbers elsewhere.
        for node in self._of_parameters:
            of_parameters = [name for name in operands(node) if self._sources.get(name) == {"parameter"}]
            if node.name in made and base(node) in _MOVES and moved.issuperset(of_parameters):
                moved.add(node.name)
        used, known = torch.zeros(total, dtype=torch.bool), list[Tensor]()
        counted, found = set[Generator](FREE), dict[str, int]()
        for node in self._acting:
            for name in operands(node):
                places = made[name].long().cpu() if name in moved and node.name not in moved else None
                if places is None or any(torch.equal(places, each) for each in known):
                    continue
                known.append(places)
                real = places[places > 0]  # What is padded is none of a parameter's numbers.
                again = bool(used[real].any()) or len(real.unique()) < len(real)
                used[real] = True
                parameter = next(iter(leading(self._program, [name]) & self._parameters.keys()))
                own = generators(places - begins[parameter], name) if again else frozenset[Generator]()
                plain = generators(numbered[parameter] - begins[parameter], name)
                new = {abs(each) if isinstance(each, float) else each for each in own} - plain - counted
                counted |= new
                if new:
                    key = f"the order of {self._names[parameter]}"
                    found[key] = found.get(key, 0) + len(new)
        return found

    def _made_of_parameters(self, parameters: Mapping[str, Tensor], inputs: tuple[Tensor, ...]) -> dict[str, Tensor]:
        """Return what is made of parameters alone, if they were these."""
        made: dict[str, Tensor] = {}

        def keep(seen: Seen) -> None:
            if seen.outputs:
                made[seen.node.name] = seen.outputs[0]

        nodes: list[Node] = []
        left_out: set[str] = set()  # What is made of an image, and what only takes such a thing's shape.
        for node in self._program.nodes:
            if self._sources[node.name] <= {"parameter"} and not left_out & set(node.references()):
                nodes.append(node)
            else:
                left_out.add(node.name)
        if not nodes:
            return {}
        program = replace(self._program, nodes=tuple(nodes), outputs=(nodes[-1].name,))
        replay(program, {**self._weights, **parameters}, *inputs, see=keep, double=True)
        return made

    def steps_of(self, parameters: set[str]) -> list[str]:
        """Return in words what is made of parameters that are stepped."""
        return [f"steps of {self._names[name]}" for name in sorted(parameters)]

    def literals(self) -> int:
        """Return how many numbers the literals amount to."""
        found = [number for node in self._acting for number in _literals(node) if number not in FREE]
        different = len(set(found))
        return different + (math.ceil(len(found) * math.log2(different) / 32) if different > 1 else 0)

    @cached_property
    def _of_parameters(self) -> list[Node]:
        """The calls that make something of parameters alone."""
        return [node for node in self._program.nodes if self._sources[node.name] == {"parameter"}]

    @cached_property
    def _acting(self) -> list[Node]:
        """The calls that work on images or parameters, on the way to the logits."""
        return [node for node in self._program.nodes if node.name in self._leads_to_logits and self._sources[node.name]]

    def _takes_apart(self, seen: Seen) -> bool:
        node = seen.node
        return (
            bool(seen.outputs)
            and node.name in self._leads_to_logits
            and "parameter" in self._sources[node.name]
            and (
                base(node) in TAKES_APART
                or any(key == "rounding_mode" and value is not None for key, value in node.keywords)
                or any(getattr(value, "name", None) in _INTEGERS for _, value in node.keywords)
                or not seen.outputs[0].is_floating_point()  # Which are the largest, or come first.
            )
        )

    def _generating(self, name: str) -> frozenset[Generator]:
        """Return the numbers that generate a constant: those of its parts, or of itself where these are fewer."""
        own = generators(self._values[name], name)
        node = self._made.get(name)
        if node is None or base(node) not in _COMBINES or len(own) <= 1:
            return own
        if (
            base(node) in ("mul", "div")
            and sum(self._values[each].numel() > 1 for each in operands(node) if each in self._values) > 1
        ):
            return own
        parts = frozenset().union(
            *(self._generators(each) for each in operands(node) if each in self._values), _literals(node)
        )
        return parts if len(parts) <= len(own) else own

    def _name(self, name: str) -> str:
        """Return the name of what holds a constant, or of the module that makes it."""
        while name not in self._names:
            node = self._made[name]
            held = [each for each in operands(node) if each in self._values]
            if not held:
                return f"what {base(node)} makes in {node.module or 'the network'}"
            name = held[0]
        return self._names[name]

    def _is_mask(self, node: Node, name: str) -> bool:
        """Whether the constant has a factor for each number of a parameter that is used nowhere else: together they are
        no more numbers."""
        other = next((each for each in operands(node) if each != name), "")
        return (
            base(node) == "mul"
            and self._readers[other] == 1
            and self._shapes.get(other) == tuple(self._values[name].shape)
        )

    def _is_iterated(self, node: Node, name: str) -> bool:
        """Whether the constant is what a spectral norm's iteration gives: a vector that the kernel makes longer than
        any other."""
        if node.name not in self._products or self._values[name].ndim != 1:
            return False
        vector = self._values[name].double()
        others = [
            each.double()
            for each in self._products[node.name].values()
            if isinstance(each, Tensor) and each is not self._values[name]
        ]
        matrix = next((each for each in others if each.ndim == 2), None)
        if matrix is not None and matrix.shape[1] == len(vector):
            return bool((matrix @ vector).norm() >= ITERATED * torch.linalg.matrix_norm(matrix, 2) * vector.norm())
        other = next((each for each in others if each.shape == vector.shape), None)
        return other is not None and bool(other @ vector >= ITERATED * other.norm() * vector.norm())


def _roughened(program: Program, weights: Mapping[str, Tensor]) -> tuple[Program, dict[str, Tensor]]:
    """Return a program and its weights with all constants off by as much as what describes them."""
    generator = torch.Generator().manual_seed(0)

    def off(constant: Tensor) -> Tensor:
        if not constant.is_floating_point() or not constant.numel() or not bool(constant.isfinite().all()):
            return constant
        # Larger, so that a whole number that is used as a place remains one.
        noise = torch.rand(constant.shape, generator=generator).to(constant.device, constant.dtype)
        return constant + GENERATED * constant.abs().max() * noise

    left = {weight.value for weight in program.weights if weight.parameter} | _statistics(program)
    return (
        replace(program, constants={name: off(each) for name, each in program.constants.items()}),
        {name: weight if name in left else off(weight) for name, weight in weights.items()},
    )


def _statistics(program: Program) -> set[str]:
    """Return what norms keep of their inputs, which is their own business."""
    return {name for node in program.nodes for argument, name in named_operands(node) if argument in _STATISTICS}


def _takes_all(node: Node) -> bool:
    """Whether a slice is all of it, as the ":" of an index is."""
    return base(node) == "slice" and (len(node.arguments) < 3 or tuple(node.arguments[2:4]) == (0, sys.maxsize))


def _nudged(weight: Tensor, by: float) -> Tensor:
    """Return a parameter with each number moved a little, by a share of its size and of what is usual."""
    signs = 2.0 * torch.randint(2, weight.shape, generator=torch.Generator().manual_seed(0)).double() - 1
    return weight + by * signs.to(weight.device) * torch.maximum(weight.abs(), weight.square().mean().sqrt())


def _is_step(before: Tensor, after: Tensor) -> bool:
    """Whether most numbers, but for zeros, are different ones and yet don't move."""
    if not before.is_floating_point() or before.numel() < 2:
        return False
    kept, spread = before[before != 0], (before - before.mean()).square().mean().sqrt()
    still = ((after - before).abs() <= NUDGED * STILL * spread)[before != 0]
    return bool(spread > 0) and len(kept) > 0 and bool(still.double().mean() >= 0.5)


def _is_folded(before: Tensor, after: Tensor) -> bool:
    """Whether numbers move farther than the parameters did that they are made of, each as a share of its spread."""
    if not before.is_floating_point() or before.numel() < 2:
        return False
    spread = (before - before.mean()).square().mean().sqrt()
    return bool((after - before).square().mean().sqrt() > FOLDED * NUDGED * spread > 0)


def _sizes_exchanged(weight: Tensor) -> Tensor:
    """Return a parameter whose numbers keep their signs and exchange their sizes, within each filter."""
    rows = weight.flatten(1) if weight.ndim > 1 else weight.reshape(1, -1)
    return (rows.sign() * rows.abs().roll(1, 1)).view(weight.shape)


def _other_than_statistics(operation: str, seen: Seen) -> int | None:
    """Return how many channels of a map are moved or scaled by something else, where most are by what a batch norm
    written by hand keeps, their own means or deviations; else None."""
    tensors = [each for each in (seen.arguments.get("self"), seen.arguments.get("other")) if isinstance(each, Tensor)]
    if operation not in ("sub", "div", "mul") or len(tensors) != 2 or tensors[0].ndim != 4:
        return None
    channels = tensors[0].shape[1]
    if tensors[1].numel() != channels or tensors[1].shape[-3:] != (channels, 1, 1):
        return None
    rows, kept = tensors[0].transpose(0, 1).flatten(1), tensors[1].flatten()
    if operation == "sub":
        own = ((rows.mean(1) - kept).abs() <= STATISTIC_APART * rows.std(1)) | (kept == 0)
    else:
        ratio = rows.std(1) / kept if operation == "div" else rows.std(1) * kept
        own = (ratio.log().abs() <= math.log(DEVIATION_APART)) | (kept == 1)
    return int((~own).sum()) if own.double().mean() >= NEAR else None


def _literals(node: Node) -> list[float]:
    """Return the numbers that a call is given by the code: factors and exponents, no sizes."""
    if node.operator.startswith("size."):  # A number beside that of the images can be any.
        return [float(f"{each:.{LITERAL_DIGITS}g}") for each in node.arguments if isinstance(each, int | float)]
    if node.operator not in REGISTRY:
        return []
    given: dict[str, Argument] = dict(
        zip((each.name for each in REGISTRY[node.operator].schema.arguments), node.arguments, strict=False)
    )
    given |= dict(node.keywords)
    return [
        float(f"{given[each.name]:.{LITERAL_DIGITS}g}")
        for each in REGISTRY[node.operator].schema.arguments
        if (
            each.name == "divisor_override"
            or str(each.type)
            in ("number", "float", "Tensor", "Optional[number]", "Optional[float]", "Optional[Tensor]")
        )
        and isinstance(given.get(each.name), int | float)
        and not isinstance(given.get(each.name), bool)
    ]


def _tensors(seen: Seen) -> list[Tensor]:
    return [each for each in seen.arguments.values() if isinstance(each, Tensor)]


def _equal(some: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(some, others, strict=True))
