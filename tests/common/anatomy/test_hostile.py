"""A program is data from a stranger: whatever it holds, reading and executing it ends in one sentence, and in bounded
time and memory."""

import copy
import json
import random
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import save

from common.anatomy.follow import follow
from common.anatomy.operators import REGISTRY
from common.anatomy.program import Program, ProgramError, from_bytes, from_values, to_bytes
from common.anatomy.replay import ReplayError, measure, replay
from common.anatomy.views import views
from common.anatomy.weights import fill, misfits

IMAGE = (1, 4, 4)
NOTHING = save({})


def written(*nodes: list, outputs: tuple = ("out",), weights: dict | None = None, **changed: object) -> dict:
    """Return the JSON values of a program on images 1×4×4; nodes are [name, operator, arguments] and maybe keywords."""
    return {
        "format": 1,
        "batch": None,
        "inputs": [{"name": "x", "shape": list(IMAGE)}],
        "labels": {},
        "outputs": list(outputs),
        "weights": [
            {"value": name, "keys": [name], "shape": shape, "dtype": "float32", "parameter": True}
            for name, shape in (weights or {}).items()
        ],
        "nodes": [[node[0], node[1], node[2], node[3] if len(node) > 3 else {}, ""] for node in nodes],
    } | changed


def value(name: str) -> dict:
    return {"value": name}


def read(*nodes: list, constants: dict | None = None, **changed: object) -> Program:
    return from_values(written(*nodes, **changed), save(constants or {}))


X = value("x")
RELU = ["out", "aten.relu.default", [X]]


def test_the_plain_program_is_read() -> None:
    assert replay(read(RELU), {}, torch.ones(2, *IMAGE))[0].shape == (2, *IMAGE)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"3",
        b'"x"',
        b"\xff\xfe",
        b"{}",
        b"NaN",
        b'{"format": Infinity}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"format": 1, "format": 1}',
        b"1" * 10_000,
        b"{" + b" " * 5_000_000 + b"}",
    ],
)
def test_what_is_no_json_of_a_program(text: bytes) -> None:
    with pytest.raises(ProgramError):
        from_bytes(text, NOTHING)


@pytest.mark.parametrize(
    "constants",
    [
        b"",
        b"no safetensors",
        b"\xff" * 100,
        NOTHING[:-1],
        save({"c": torch.ones(3)})[:-1],
        save({"9": torch.ones(1)}),
        save({"x": torch.ones(1)}),
        save({"c": torch.ones(1).to(torch.float8_e4m3fn)}),
        save({"c": torch.ones(1, dtype=torch.complex64)}),
        b"\x08" + bytes(7) + b'{"c":{}}',
    ],
)
def test_what_are_no_constants(constants: bytes) -> None:
    with pytest.raises(ProgramError):
        from_values(written(RELU), constants)


WRONG = {
    "another format": {"format": 2},
    "no format": {"format": None},
    "a long format": {"format": "9" * 10_000},
    "batch 0": {"batch": 0},
    "half a batch": {"batch": 1.5},
    "batch true": {"batch": True},
    "batch of millions": {"batch": 10**9},
    "inputs no list": {"inputs": {"name": "x"}},
    "an input without shape": {"inputs": [{"name": "x"}]},
    "two inputs of one name": {"inputs": [{"name": "x", "shape": [1]}] * 2},
    "an odd name": {"inputs": [{"name": "x y", "shape": [1]}]},
    "a name that is a number": {"inputs": [{"name": 3, "shape": [1]}]},
    "a negative side": {"inputs": [{"name": "x", "shape": [-1]}]},
    "a huge side": {"inputs": [{"name": "x", "shape": [10**12]}]},
    "a huge shape": {"inputs": [{"name": "x", "shape": [10**5, 10**5]}]},
    "many dimensions": {"inputs": [{"name": "x", "shape": [1] * 100}]},
    "a side that is none": {"inputs": [{"name": "x", "shape": ["3"]}]},
    "labels no object": {"labels": []},
    "a label of nothing": {"labels": {"c": "c"}},
    "nodes no list": {"nodes": {}},
    "a node that is none": {"nodes": [3]},
    "a short node": {"nodes": [["a", "b"]]},
    "too many nodes": {"nodes": [3] * 20_001},
    "outputs no list": {"outputs": "out"},
    "an output of nothing": {"outputs": ["nothing"]},
    "an output that is none": {"outputs": [3]},
    "something more": {"code": "import os"},
    "weights no list": {"weights": 3},
    "a weight without keys": {
        "weights": [{"value": "w", "keys": [], "shape": [1], "dtype": "float32", "parameter": True}]
    },
    "an unknown type": {
        "weights": [{"value": "w", "keys": ["w"], "shape": [1], "dtype": "complex64", "parameter": True}]
    },
    "two weights of one key": {
        "weights": [
            {"value": name, "keys": ["w"], "shape": [1], "dtype": "float32", "parameter": True} for name in "ab"
        ]
    },
    "parameter 1": {"weights": [{"value": "w", "keys": ["w"], "shape": [1], "dtype": "float32", "parameter": 1}]},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_field_is_said(what: str) -> None:
    with pytest.raises(ProgramError):
        from_values(written(RELU) | WRONG[what], NOTHING)


@pytest.mark.parametrize(
    "nodes",
    [
        [RELU, RELU],
        [["x", "aten.relu.default", [X]], RELU],
        [["a", "aten.relu.default", [value("out")]], RELU],
        [["out", "aten.relu.default", [value("out")]]],
        [["out", "aten.relu.default", X]],
        [["out", 3, [X]]],
        [["out", "aten.relu.default", [{"dtype": "complex64"}]]],
        [["out", "aten.relu.default", [{"value": "x", "dtype": "int64"}]]],
        [["out", "aten.relu.default", [{}]]],
        [["out", "aten.relu.default", [{"float": "1"}]]],
        [["out", "aten.relu.default", [{"memory_format": "x"}]]],
        [["out", "aten.relu.default", [2**64]]],
        [["out", "aten.relu.default", ["a\nb"]]],
        [["out", "aten.relu.default", ["a" * 501]]],
        [["out", "aten.relu.default", [X], {"no name": 3}]],
        [["out", "aten.relu.default", [X], []]],
        [["out", "a" * 501, [X]]],
        [["out", "aten.relu.default", [[[[[[[[[[[[[[[[X]]]]]]]]]]]]]]]]]],
    ],
)
def test_a_wrong_operation_is_said(nodes: list) -> None:
    with pytest.raises(ProgramError):
        read(*nodes)


@pytest.mark.parametrize(
    "operator",
    [
        "aten.silu.mine",
        "prims.add.default",
        "aten.as_strided.default",
        "aten.rand.default",
        "aten.randn_like.default",
        "aten.bernoulli.p",
        "aten.native_dropout.default",
        "aten.relu_.default",
        "aten.set_.source_Storage",
        "aten.from_file.default",
        "os.system",
        "",
        "aten",
        "aten.relu",
        "relu",
        "aten.relu.default.default",
        "aten.__class__.default",
        "aten.resize_.default",
        "aten._local_scalar_dense.default",
        "size.pow",
        "aten.data_ptr.default",
        "aten.nonzero.default",
    ],
)
def test_only_registered_operators_run(operator: str) -> None:
    program = read(["out", operator, [X]])
    with pytest.raises(ReplayError):
        replay(program, {}, torch.ones(2, *IMAGE))
    assert operator not in REGISTRY


def test_nothing_that_is_random_or_writes_is_registered() -> None:
    # log_sigmoid_forward and its like write into nothing that they were given; a trailing underscore says in place.
    assert not [
        name
        for name, each in REGISTRY.items()
        if name.split(".")[1].endswith("_")
        or name.endswith(".out")
        or any(argument.alias_info is not None and argument.alias_info.is_write for argument in each.schema.arguments)
    ]
    assert not [
        name for name, each in REGISTRY.items() if "nondeterministic_seeded" in str(getattr(each.run, "tags", ""))
    ]


def test_memory_that_nobody_wrote_to_is_zeros() -> None:
    program = read(
        ["a", "aten.empty.memory_format", [[3, 4]]],
        ["b", "aten.empty_like.default", [X]],
        ["out", "aten.new_empty.default", [X, [5]]],
        outputs=("a", "b", "out"),
    )
    torch.full((1000,), 7.0)
    assert not any(each.any() for each in replay(program, {}, torch.ones(2, *IMAGE)))


BIG = 10**12
BOMBS = {
    "full": [["out", "aten.full.default", [[BIG], 1]]],
    "full of huge sides": [["out", "aten.full.default", [[2**40, 2**40], 1]]],
    "expand": [["a", "aten.full.default", [[1], 1]], ["out", "aten.expand.default", [value("a"), [BIG]]]],
    "repeat": [["out", "aten.repeat.default", [X, [1, 10**5, 10**5, 1]]]],
    "padding": [["out", "aten.constant_pad_nd.default", [X, [0, 10**6, 0, 10**6]]]],
    "arange": [["out", "aten.arange.default", [BIG]]],
    "eye": [["out", "aten.eye.m", [10**6, 10**6]]],
    "linspace": [["out", "aten.linspace.default", [0, 1, BIG]]],
    "upsampling": [["out", "aten.upsample_nearest2d.default", [X, [10**6, 10**6]]]],
    "im2col": [
        ["p", "aten.constant_pad_nd.default", [X, [0, 1000, 0, 1000]]],
        ["out", "aten.im2col.default", [value("p"), [100, 100], [1, 1], [0, 0], [1, 1]]],
    ],
    "a convolution's padding": [
        ["w", "aten.full.default", [[1, 1, 1, 1], 1]],
        ["out", "aten.convolution.default", [X, value("w"), None, [1, 1], [10**6, 10**6], [1, 1], False, [0, 0], 1]],
    ],
    "a convolution's columns": [
        ["p", "aten.constant_pad_nd.default", [X, [0, 500, 0, 500]]],
        ["w", "aten.full.default", [[1, 1, 250, 250], 1]],
        ["out", "aten.convolution.default", [value("p"), value("w"), None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1]],
    ],
    "a doubling": [
        ["n0", "aten.relu.default", [X]],
        *([f"n{i + 1}", "aten.cat.default", [[value(f"n{i}")] * 2, 3]] for i in range(40)),
        ["out", "aten.relu.default", [value("n40")]],
    ],
    "all kept": [
        ["n0", "aten.full.default", [[400_000_000], 1]],
        *([f"n{i + 1}", "aten.relu.default", [value("n0")]] for i in range(5)),
        ["out", "aten.cat.default", [[value(f"n{i}") for i in range(6)], 0]],
    ],
    "many products": [
        ["n0", "aten.full.default", [[4000, 4000], 1]],
        *([f"n{i + 1}", "aten.mm.default", [value(f"n{i}"), value("n0")]] for i in range(3000)),
        ["out", "aten.relu.default", [value("n3000")]],
    ],
    "many readings": [
        ["n", "aten.full.default", [[20_000, 20_000], 1]],
        *([f"n{i}", "aten.sum.default", [value("n")]] for i in range(3000)),
        ["out", "aten.relu.default", [value("n0")]],
    ],
    "pooling": [
        ["p", "aten.constant_pad_nd.default", [X, [0, 2000, 0, 2000]]],
        ["out", "aten.avg_pool2d.default", [value("p"), [1000, 1000], [1, 1]]],
    ],
    "sizes": [
        ["n", "size", [X, 0]],
        *(
            [f"m{i}", "size.mul", [value(f"m{i - 1}" if i else "n"), value(f"m{i - 1}" if i else "n")]]
            for i in range(30)
        ),
        ["out", "aten.full.default", [[value("m29")], 1]],
    ],
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_found_before_anything_is_allocated(name: str) -> None:
    program = read(*BOMBS[name])
    with pytest.raises(ReplayError):
        measure(program, 100)
    with pytest.raises(ReplayError):
        replay(program, {}, torch.ones(2, *IMAGE))


def test_fewer_images_that_cost_more_are_found_too() -> None:
    program = read(
        ["n", "size", [X, 0]],
        ["m", "size.floordiv", [10**6, value("n")]],
        ["a", "aten.full.default", [[value("m"), value("m")], 1]],
        ["out", "aten.relu.default", [X]],
    )
    measure(program, 100)
    with pytest.raises(ReplayError):
        replay(program, {}, torch.ones(1, *IMAGE))


def test_images_of_another_shape_than_was_measured_are_refused() -> None:
    program = read(RELU)
    for images in (torch.ones(2, 1, 28, 28), torch.ones(2)):
        with pytest.raises(ReplayError, match="1×4×4"):
            replay(program, {}, images)
    for inputs in ((), (torch.ones(2, *IMAGE), torch.ones(2, 10))):
        with pytest.raises(ReplayError):
            replay(program, {}, *inputs)
    with pytest.raises(ReplayError):
        measure(from_values(written(["out", "aten.full.default", [[2], 1]], inputs=[]), NOTHING), 2)


@pytest.mark.parametrize(
    "nodes",
    [
        [
            ["i", "aten.full.default", [[3], 10**9], {"dtype": {"dtype": "int64"}}],
            ["out", "aten.index_select.default", [X, 3, value("i")]],
        ],
        [
            ["i", "aten.full.default", [[3], 10**9], {"dtype": {"dtype": "int64"}}],
            ["out", "aten.index.Tensor", [X, [value("i")]]],
        ],
        [
            ["i", "aten.full.default", [[3], 10**9], {"dtype": {"dtype": "int64"}}],
            ["out", "aten._unsafe_index.Tensor", [X, [value("i")]]],
        ],
        [
            ["i", "aten.full.default", [[3], -5], {"dtype": {"dtype": "int64"}}],
            ["w", "aten.full.default", [[4, 4], 1]],
            ["out", "aten.embedding.default", [value("w"), value("i")]],
        ],
        [
            ["i", "aten.full.default", [[2, 1, 4, 4], 10**9], {"dtype": {"dtype": "int64"}}],
            ["out", "aten.gather.default", [X, 3, value("i")]],
        ],
        [
            ["i", "aten.full.default", [[2, 1, 4, 4], 99], {"dtype": {"dtype": "int64"}}],
            ["out", "aten.scatter.src", [X, 3, value("i"), X]],
        ],
        [
            ["i", "aten.full.default", [[2, 1, 4, 4], 10**6], {"dtype": {"dtype": "int64"}}],
            ["out", "aten.max_unpool2d.default", [X, value("i"), [8, 8]]],
        ],
        [
            ["i", "aten.full.default", [[3], 99], {"dtype": {"dtype": "int64"}}],
            ["v", "aten.full.default", [[3, 1, 4, 4], 1]],
            ["out", "aten.index_put.default", [X, [value("i")], value("v")]],
        ],
        [["out", "aten.native_group_norm.default", [X, None, None, 2, 64, 16, 1, 0.1]]],
        [
            ["s", "aten.full.default", [[1], 1]],
            [
                "out",
                "aten._native_batch_norm_legit_no_training.default",
                [X, value("s"), value("s"), value("s"), value("x"), 0.1, 0.1],
            ],
        ],
        [["s", "aten.full.default", [[7], 1]], ["out", "aten._weight_norm_interface.default", [X, value("s"), 0]]],
        [["out", "aten.select.int", [X, 3, 10]]],
        [["out", "getitem", [X, 10]]],
        [["out", "getitem", [[X, X], 0]]],
        [["a", "aten.max.dim", [X, 1]], ["out", "getitem", [value("a"), 5]]],
        [["a", "aten.max.dim", [X, 1]], ["out", "getitem", [value("a"), -1]]],
        [["out", "aten.avg_pool2d.default", [X, [2, 2], [1, 1], [0, 0], False, True, 0]]],
        [["out", "aten.avg_pool2d.default", [X, [2, 2], [0, 0]]]],
        [["out", "aten.max_pool2d_with_indices.default", [X, [2, 2], [2, 2], [-1, -1]]]],
        [["out", "aten.upsample_bilinear2d.default", [X, [-3, 4], False]]],
        [["out", "aten.constant_pad_nd.default", [X, [-9, -9]]]],
        [["out", "aten.im2col.default", [X, [0, 0], [1, 1], [0, 0], [1, 1]]]],
        [["out", "aten.pixel_shuffle.default", [X, 0]]],
        [["out", "aten.relu.default", []]],
        [["out", "aten.relu.default", [None]]],
        [["out", "aten.relu.default", ["x"]]],
        [["out", "aten.relu.default", [X], {"more": 1}]],
        [["out", "size", [X, 9]]],
        [["out", "size", [X, 0]]],
        [
            ["n", "size", [X, 0]],
            ["m", "size.floordiv", [value("n"), 0]],
            ["out", "aten.full.default", [[value("m")], 1]],
        ],
        [["out", "size.mul", [value("x"), 3]]],
    ],
)
def test_wrong_arguments_end_in_a_sentence(nodes: list) -> None:
    program = read(*nodes)
    with pytest.raises(ReplayError) as refused:
        replay(program, {}, torch.ones(2, *IMAGE))
    assert "\n" not in str(refused.value)


def test_a_weight_that_is_not_there_is_said() -> None:
    for nodes in ([["out", "aten.mul.Tensor", [X, value("w")]]], [["a", "aten.relu.default", [X]]]):
        program = from_values(
            written(*nodes, weights={"w": [1]}, outputs=("out",) if len(nodes[0][2]) > 1 else ("w",)), NOTHING
        )
        assert misfits(program, {}) == ["w is missing"]
        with pytest.raises(ReplayError):
            replay(program, {}, torch.ones(2, *IMAGE))


def _mutated(values: dict, chance: random.Random) -> dict:
    """Return a copy in which something, somewhere, is something else."""
    values = copy.deepcopy(values)
    for _ in range(chance.randint(1, 3)):
        place: object = values
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = chance.choice(keys)
            if isinstance(place[key], dict | list) and place[key] and chance.random() < 0.9:
                place = place[key]
                continue
            act = chance.randint(0, 5)
            if act == 0:
                del place[key]
            elif act == 1 and isinstance(place, list):
                place.append(copy.deepcopy(place[key]))
            elif act == 2 and isinstance(place, list):
                chance.shuffle(place)
            elif act == 3 and isinstance(place[key], int):
                place[key] = chance.choice([0, -1, place[key] + 1, -place[key], 10**6, 2**31, 2**63 - 1, True, 0.5])
            elif act == 4:
                place[key] = chance.choice(
                    [value("x"), None, [], {}, "aten.add.Tensor", 3, {"dtype": "int64"}, {"float": "nan"}, 1e30]
                )
            else:
                place[key] = chance.choice(
                    [None, True, "", "x", -1, 0, 7, 2**70, 1.5, [], {}, [[]], {"value": "x"}, {"float": "inf"}]
                )
            break
    return values


def _miswired(values: dict, chance: random.Random) -> dict:
    """Return a copy that can be read, in which operations have other numbers, other values to work on, or other
    operators."""
    values = copy.deepcopy(values)
    names = [each["name"] for each in values["inputs"]] + [each["value"] for each in values["weights"]]
    for number, node in enumerate(values["nodes"]):
        if chance.random() < 3 / len(values["nodes"]):
            arguments = node[2]
            act = chance.randint(0, 4)
            if act == 0:
                node[1] = chance.choice([*sorted(REGISTRY), "size", "size.mul", "getitem"])
            elif act == 1 and arguments:
                arguments.pop(chance.randrange(len(arguments)))
            elif act == 2:
                arguments.insert(
                    chance.randint(0, len(arguments)), chance.choice([0, 1, -1, 3, [2, 2], None, True, 0.5, [], 10**5])
                )
            elif arguments:
                place = chance.randrange(len(arguments))
                others = [
                    value(chance.choice(names + [each[0] for each in values["nodes"][:number]])),
                    chance.choice([0, 1, 2, -1, -2, 7, 10**4, 2**40]),
                ]
                if isinstance(arguments[place], list) and arguments[place]:
                    arguments, place = arguments[place], chance.randrange(len(arguments[place]))
                arguments[place] = others[0] if isinstance(arguments[place], dict) else others[1]
    return values


@pytest.mark.parametrize("style", ["usual", "chunks", "squeeze_excite", "slice_writes", "layer_scale", "pools"])
def test_a_mutated_program_ends_in_a_sentence(style: str, recording: Callable) -> None:
    found = recording(style)
    text, constants = to_bytes(found.recorded)
    chance = random.Random(style)
    images, ran, refusals = found.images[:2], 0, []
    for number in range(50):
        mutant = (_mutated if number % 3 == 0 else _miswired)(json.loads(text), chance)
        try:
            program = from_values(mutant, constants)
            if misfits(program, found.state):
                continue
            weights = fill(program, found.state)
            measure(program, 4)
            replay(program, weights, images)
            follow(program, weights, images)
            views(program)
            ran += 1
        except (ProgramError, ReplayError) as error:
            refusals.append(str(error))
    assert ran < 50 and all(refusal and "\n" not in refusal for refusal in refusals)
