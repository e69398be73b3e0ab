"""Test-time augmentation: how many views of each image a program takes, and the program that takes one."""

from dataclasses import dataclass, replace

from common.anatomy.program import Argument, Node, Program, Reference
from common.anatomy.replay import SIZES, Seen, measure


@dataclass(frozen=True)
class Views:
    """count:  how often the first layer sees each image
    program: returns, after what the network returns, what it would return for a single view; None where there is but
             one
    """

    count: int
    program: Program | None = None


def views(program: Program) -> Views:
    """Return how many views of an image `program` takes.

    A view is what meets the network's first weights. Where these meet several, or several times as many images as were
    given, the network takes as many views of each. For a single view all of them are given the same one, the image as
    it is if it is among them; what then is computed twice is computed once. Raises ReplayError.
    """
    batch = program.batch or 3
    sizes: dict[str, int] = {}

    def note(seen: Seen) -> None:
        if seen.outputs and seen.outputs[0].ndim:
            sizes[seen.node.name] = seen.outputs[0].shape[0]

    measure(program, batch, see=note)
    first = stems(program)
    if not first:
        return Views(1)
    # The first weights of the network are those that see it most often, where several layers begin at the image.
    counted = {key: sum(max(1, sizes.get(image, batch) // batch) for _, image in calls) for key, calls in first.items()}
    count = max(counted.values())
    calls = first[max(counted, key=lambda key: counted[key])]
    if count > 1 and len(calls) == count:
        return Views(count, _joined(program, calls))
    stacked = next((node for node in program.nodes if len(calls) == 1 and node.name == calls[0][1]), None)
    if (
        count > 1
        and stacked is not None
        and stacked.operator == "aten.cat.default"
        and len(list(stacked.references())) == count
        and stacked.arguments
        and isinstance(stacked.arguments[0], tuple)
        and all(isinstance(each, Reference) for each in stacked.arguments[0])
    ):
        return Views(count, _unstacked(program, stacked))
    return Views(count)


def stems(program: Program) -> dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]]:
    """Return the calls in which weights meet an image that has met none: (operator, weights) → names of the call and of
    the image."""
    weights = {weight.value for weight in program.weights}
    made_of_weights, images = set(weights), {given.name for given in program.inputs if len(given.shape) == 3}
    found: dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]] = {}
    for node in program.nodes:
        read = list(node.references())
        own = [name for name in read if name in made_of_weights]
        shown = [name for name in read if name in images]
        if shown and own:
            found.setdefault((node.operator, tuple(own)), []).append((node.name, shown[0]))
        elif shown and node.operator not in SIZES and all(name in images or _is_plain(name, program) for name in read):
            images.add(node.name)
        elif own and not shown and all(name in made_of_weights for name in read):
            made_of_weights.add(node.name)
    return found


def _is_plain(name: str, program: Program) -> bool:
    """Whether a value has nothing to do with weights: a constant, or a size."""
    return name in program.constants or name not in {weight.value for weight in program.weights}


def _joined(program: Program, calls: list[tuple[str, str]]) -> Program:
    """Return the program that also computes what it would make of one view: each of `calls` is given the same image."""
    single = _plain_one(program, [image for _, image in calls])
    return _also_with(program, dict.fromkeys(calls, single))


def _unstacked(program: Program, stacked: Node) -> Program:
    """The same for views that are concatenated to one large batch: it is made of the same images several times."""
    images = list(stacked.references())
    single = _plain_one(program, images)
    return _also_with(program, {(stacked.name, image): single for image in images})


def _plain_one(program: Program, images: list[str]) -> str:
    """Return the image as it is, if it is among `images`, else the first of them."""
    inputs = {given.name for given in program.inputs}
    return next((image for image in images if image in inputs), images[0])


def _also_with(program: Program, replaced: dict[tuple[str, str], str]) -> Program:
    """Return the program that also computes its outputs with other arguments: (call, value) → the value that it reads
    instead."""
    made = {_key(node): node.name for node in program.nodes}
    names_taken = {
        *(node.name for node in program.nodes),
        *program.constants,
        *(given.name for given in program.inputs),
        *(weight.value for weight in program.weights),
    }
    renamed: dict[str, str] = {}
    added: list[Node] = []
    for node in program.nodes:
        names = renamed | {value: other for (call, value), other in replaced.items() if call == node.name}
        changed = replace(
            node,
            arguments=tuple(_with(each, names) for each in node.arguments),
            keywords=tuple((key, _with(value, names)) for key, value in node.keywords),
        )
        if changed == node:
            continue
        key = _key(changed)
        if key not in made:
            made[key] = _unused(f"{node.name}_of_one_view", names_taken)
            names_taken.add(made[key])
            added.append(replace(changed, name=made[key]))
        renamed[node.name] = made[key]
    return replace(
        program,
        nodes=(*program.nodes, *added),
        outputs=(*program.outputs, *(renamed.get(name, name) for name in program.outputs)),
    )


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _key(node: Node) -> tuple[str, str, str]:
    # True equals 1, and 1 equals 1.0, to a dictionary.
    return node.operator, repr(node.arguments), repr(node.keywords)


def _with(argument: Argument, names: dict[str, str]) -> Argument:
    if isinstance(argument, Reference):
        return Reference(names.get(argument.name, argument.name))
    return tuple(_with(each, names) for each in argument) if isinstance(argument, tuple) else argument
