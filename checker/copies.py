"""Which submissions are copies of each other, or of ours: the same weights, or networks that compute the same.

Two trainings end in networks that are right about the same images and differ in how. What is compared is what a network
says of an image beside the class that it chooses: its logits, less the mean of all images that it gives the same class.
No order of channels, names, scale of a layer or rounding of weights changes that much; two seeds have little of it in
common. The distance of two networks is that of these numbers, each network's scaled to length 1: 0 for the same,
1.41 where they have nothing in common.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import one_hot

from checker.assignments import ASSIGNMENTS
from checker.intake.files import shown
from checker.intake.recorded import CONSTANTS, PROGRAM
from checker.score import NUMBERS
from checker.statistics import parsed
from checker.tolerances import COPIED
from checker.verdict import CannotCheckError
from common.anatomy.program import Argument, Program, Reference, Setting, from_bytes
from common.anatomy.replay import replay
from common.anatomy.weights import fill
from common.data import Normalization

if TYPE_CHECKING:
    from torch import Tensor

    from checker.evidence import Evidence

SESSIONS = Path(__file__).resolve().parent.parent  # Where the sessions' folders lie, in the repository.
BATCH = 100

COMPARED = 500  # Images whose logits a fingerprint holds; 5 kB tell seeds apart.
_STEPS = 31.0  # Of a root mean square, so that an int8 holds four of these. Rounding adds 0.01 to a distance.
_AT_ONCE = 500  # Networks in one matrix product, which takes 40 MB.


@dataclass(frozen=True)
class Fingerprint:
    """What is compared of one run.

    weights: digests of the numbers that each of the last epochs holds, in the order of the epochs
    program: digest of what the network does with them, whatever things are called
    logits: those of the last epoch (see as_bytes), as base64; "" where they say nothing
    """

    run: str
    weights: tuple[str, ...]
    program: str
    logits: str

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Fingerprint":
        """Return what `as_json` wrote."""
        return cls(values["run"], tuple(values["weights"]), values["program"], values["logits"])


@dataclass(frozen=True, order=True)
class Member:
    """A run of a submission; `ours` where it is known and not of the class."""

    submission: str
    run: str
    ours: bool

    def __str__(self) -> str:
        return f"our {self.submission}/{self.run}" if self.ours else f"{shown(self.submission)} ({shown(self.run)})"


@dataclass(frozen=True)
class Copy:
    """Runs of at least two submissions that are copies of each other.

    same_weights: two of them share the weights of an epoch, to the last bit
    same_program: they are one network, whatever its parts are called
    distance: the largest that joins two of them; 0 where all that joins them are weights
    """

    members: tuple[Member, ...]
    same_weights: bool
    same_program: bool
    distance: float

    @property
    def submissions(self) -> tuple[str, ...]:
        """The submissions of the class that it concerns."""
        return tuple(sorted({each.submission for each in self.members if not each.ours}))

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        names = [str(each) for each in self.members]
        who = f"{', '.join(names[:-1])} and {names[-1]}"
        if self.distance == 0:
            return f"{who} hold the same weights."
        also = "some hold the same weights, and all " if self.same_weights else ""
        network = "the same network" if self.same_program else "networks written differently"
        return (
            f"{who}: {also}compute almost the same with {network} (distance {self.distance:.2f}; two seeds are further "
            f"apart than {COPIED:.2f})."
        )


def fingerprint(run: "Evidence") -> Fingerprint | None:
    """Return what is compared of a run, None where nothing was measured of it."""
    if not run.trained or not run.evaluated:
        return None
    try:
        logits = run.logits(run.last_epochs[-1])
        digests = tuple(numbers_digest(run.tensors(epoch)) for epoch in run.last_epochs)
        return Fingerprint(
            run.name, digests, structure_digest(run.program), base64.b64encode(as_bytes(logits)).decode()
        )
    except CannotCheckError:
        return None


def as_bytes(logits: np.ndarray) -> bytes:
    """Return what is compared of the logits of all test images (N×classes), an int8 for each class of COMPARED images;
    b"" where they say nothing, as where some aren't finite."""
    chosen = logits[:: max(1, len(logits) // COMPARED)][:COMPARED].astype(np.float64)
    if not np.isfinite(chosen).all():
        return b""
    classes = chosen.argmax(1)
    rest = chosen - chosen.mean(1, keepdims=True)
    for each in np.unique(classes):
        rest[classes == each] -= rest[classes == each].mean(0)
    size = np.sqrt((rest**2).mean())
    return (rest / size * _STEPS).round().clip(-127, 127).astype(np.int8).tobytes() if size > 1e-9 else b""


def apart(one: bytes, other: bytes) -> float:
    """Return the distance of two networks by what `as_bytes` says of them."""
    return float(_distances(_vectors([one]), _vectors([other]))[0, 0])


def numbers_digest(tensors: "Mapping[str, Tensor]") -> str:
    """Return the SHA-256 of the numbers in weights, whatever they are called and in whatever order they stand."""
    digests = (
        hashlib.sha256(tensor.detach().float().contiguous().numpy().tobytes()).digest()
        for tensor in tensors.values()
        if tensor.is_floating_point()  # The others count batches.
    )
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


def structure_digest(program: Program) -> str:
    """Return the SHA-256 of the operations of a program, by where their arguments come from and not by names."""
    places: dict[str, object] = {}
    for place, given in enumerate(program.inputs):
        places[given.name] = ["input", place]
    for weight in program.weights:
        places[weight.value] = ["weight", weight.shape, weight.parameter]
    for name, tensor in program.constants.items():
        places[name] = [
            "constant",
            hashlib.sha256(tensor.contiguous().view(-1).view(torch.uint8).numpy().tobytes()).hexdigest(),
        ]
    for place, node in enumerate(program.nodes):
        places[node.name] = place

    def placed(argument: Argument) -> object:
        if isinstance(argument, Reference):
            return {"value": places[argument.name]}
        if isinstance(argument, Setting):
            return {argument.kind: argument.name}
        return [placed(each) for each in argument] if isinstance(argument, tuple) else argument

    calls = [
        [node.operator, placed(node.arguments), [[key, placed(each)] for key, each in sorted(node.keywords)]]
        for node in program.nodes
    ]
    return hashlib.sha256(json.dumps([calls, [places[name] for name in program.outputs]]).encode()).hexdigest()


def find_copies(
    mine: Mapping[str, Sequence[Fingerprint]], known: Mapping[str, Sequence[Fingerprint]] | None = None
) -> list[Copy]:
    """Return the groups of runs that are copies of each other, in an order that doesn't depend on that of submissions.

    mine: by submission; runs of one submission are never compared
    known: runs of ours by session; what they have in common is nobody's concern
    """
    everyone = [
        (Member(name, each.run, ours), each)
        for ours, group in ((False, mine), (True, known or {}))
        for name, found in group.items()
        for each in found
    ]
    everyone.sort(key=lambda each: each[0])
    members, prints = [member for member, _ in everyone], [each for _, each in everyone]
    links = [*_same_weights(members, prints), *_alike(members, prints)]
    copies = []
    for group in _joined([(one, other) for one, other, _ in links]):
        inside = [link for link in links if link[0] in group]
        shared = {(one, other) for one, other, distance in inside if distance == 0}
        copies.append(
            Copy(
                tuple(members[place] for place in sorted(group)),
                bool(shared),
                len({prints[place].program for place in group}) == 1,
                max((distance for one, other, distance in inside if (one, other) not in shared), default=0.0),
            )
        )
    return sorted(copies, key=lambda each: each.members)


def _same_weights(members: Sequence[Member], prints: Sequence[Fingerprint]) -> Iterator[tuple[int, int, float]]:
    """Yield (a run, another, 0) for runs that share the weights of an epoch: each with the first that it may
    be compared with."""
    holding: dict[str, list[int]] = {}
    for place, each in enumerate(prints):
        for digest in sorted(set(each.weights)):
            holding.setdefault(digest, []).append(place)
    for places in holding.values():
        for place in places[1:] if len(places) > 1 else ():
            first = next((each for each in places if each < place and _comparable(members[each], members[place])), None)
            if first is not None:
                yield first, place, 0.0


def _alike(members: Sequence[Member], prints: Sequence[Fingerprint]) -> Iterator[tuple[int, int, float]]:
    """Yield (a run, another, their distance) for runs that are closer than COPIED."""
    raw = [base64.b64decode(each.logits) for each in prints]
    for length in sorted({len(each) for each in raw} - {0}):
        places = [place for place, each in enumerate(raw) if len(each) == length]
        for start in range(0, len(places), _AT_ONCE):
            rows = _vectors([raw[place] for place in places[start : start + _AT_ONCE]])
            for begin in range(0, start + 1, _AT_ONCE):
                columns = _vectors([raw[place] for place in places[begin : begin + _AT_ONCE]])
                distances = _distances(rows, columns)
                for row, column in np.argwhere(distances < COPIED).tolist():
                    one, other = places[begin + column], places[start + row]
                    if one < other and _comparable(members[one], members[other]):
                        yield one, other, float(distances[row, column])


def _comparable(one: Member, other: Member) -> bool:
    return not (one.ours and other.ours) and (one.ours, one.submission) != (other.ours, other.submission)


def _vectors(raw: Sequence[bytes]) -> np.ndarray:
    """Return what `as_bytes` says of networks as rows of length 1."""
    rows = np.stack([np.frombuffer(each, np.int8) for each in raw]).astype(np.float32)
    scaled: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def _distances(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sqrt(np.maximum(2 - 2 * (rows @ columns.T), 0))
    return found


def _joined(links: Sequence[tuple[int, int]]) -> list[set[int]]:
    """Return the groups that links join."""
    groups: dict[int, set[int]] = {}
    for one, other in links:
        small, large = sorted((groups.setdefault(one, {one}), groups.setdefault(other, {other})), key=len)
        if small is not large:
            large |= small
            groups.update(dict.fromkeys(small, large))
    return list({id(each): each for each in groups.values()}.values())


def ours(dataset: str, data_dir: str | None = None) -> dict[str, list[Fingerprint]]:
    """Return the fingerprints of the committed runs that were trained for a data set, by session: none where the
    checker is installed without them. Computed anew, so that they are always those of the runs that are there.

    Raises DataError where the test images are missing.
    """
    from common.data import DATASETS, load_images

    folders = [
        (name, run)
        for name, assignment in ASSIGNMENTS.items()
        if assignment.dataset == dataset
        for run in sorted((SESSIONS / name / "runs").glob("*/"))
        if (run / PROGRAM).is_file()
    ]
    pixels = load_images(DATASETS[dataset], "test", data_dir).pixels[:: DATASETS[dataset].sizes["test"] // COMPARED]
    found: dict[str, list[Fingerprint]] = {}
    for name, run in folders:
        found.setdefault(name, []).append(of_folder(run, pixels))
    return found


def of_folder(run: Path, pixels: "Tensor") -> Fingerprint:
    """Return the fingerprint of a finished run of our training; pixels: uint8, of the test images that are compared."""
    program = from_bytes((run / PROGRAM).read_bytes(), (run / CONSTANTS).read_bytes())
    epochs = [parsed(each.read_bytes()) for each in sorted(run.glob("epoch-*.safetensors"))]
    normalization = Normalization.from_json(json.loads((run / "run.json").read_text())["normalization"])
    weights, logits = fill(program, epochs[-1], "cpu"), []
    for start in range(0, len(pixels), BATCH):
        given = [normalization(pixels[start : start + BATCH].float() / 255)]
        if len(program.inputs) > 1:  # The first number, as beside which the checker keeps logits.
            given.append(one_hot(torch.zeros(len(given[0]), dtype=torch.long), NUMBERS).float())
        logits.append(replay(program, weights, *given)[0])
    return Fingerprint(
        run.name,
        tuple(map(numbers_digest, epochs)),
        structure_digest(program),
        base64.b64encode(as_bytes(torch.cat(logits).numpy())).decode(),
    )
