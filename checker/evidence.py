"""What rules may ask of a run. Each question is answered once, by measuring, and only when it is asked."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from checker import diagnosis, measure
from checker.experiments import on_images
from checker.intake.files import shown
from checker.measure import Predictions
from checker.score import Counts
from checker.statistics import apart, as_file, evenness, learned_digest, parsed
from checker.subject import COUNTED, EXPERIMENTED, TRACED, Subject
from checker.submission import LAST_EPOCHS, LoggedEpoch, Submission, SubmittedRun, WeightFile, read
from checker.tolerances import COUNTS_APART
from checker.verdict import CannotCheckError
from checker.workers import WorkerDiedError
from common.anatomy.follow import Anatomy
from common.anatomy.operation import Operation
from common.anatomy.program import Program, Reference
from common.anatomy.replay import ReplayError
from common.anatomy.views import Views
from common.anatomy.ways import leading
from common.anatomy.weights import left_over, misfits
from common.data import Normalization

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from checker.augmentation import Augmentation
    from checker.constants import Constants
    from checker.experiments.adding import Adding
    from checker.experiments.norms import Normalised, Statistic
    from checker.experiments.places import Exchange
    from checker.notebook import Epoch, Run
    from checker.test_set import TestSet

Measured = TypeVar("Measured")


class Evidence:
    """One run of a submission, with what was measured of it so far. Every accessor raises CannotCheckError where it
    can't be told."""

    def __init__(
        self,
        submission: Submission,
        run: SubmittedRun,
        tests: "TestSet",
        device: str,
        *,
        siblings: "Mapping[str, Evidence]",
        two_inputs: bool,
    ) -> None:
        """siblings: the runs of the same submission by name, this one among them"""
        self.name, self.two_inputs = run.name, two_inputs
        self._siblings = siblings
        self._submission, self._run, self._tests, self._device = submission, run, tests, device
        # Threads ask for several runs at once, so nothing may be locked while something is measured.
        self.tensors = cache(self._tensors)
        self.counts = cache(self._counts)
        self.learned_digest = cache(self._learned_digest)
        self._pending: dict[LoggedEpoch, Future[Predictions]] = {}
        self._endless: CannotCheckError | None = None
        self._anatomy = cache(self._followed)
        self._examined = cache(self._examination)
        self._exchanged = cache(self._exchange)
        self._places_weighed = cache(self._weigh_places)
        self._places_added = cache(self._add_places)
        self._accuracy_rounded = cache(self._rounded)
        self._constants = cache(self._constants_used)
        self._receptive_field = cache(self._places_seen)
        self._running_statistics = cache(self._statistics_kept)
        self._accuracy = cache(self._measured_accuracy)

    @property
    def trained(self) -> bool:
        """Whether the weights are those of a training, and not those that the network begins with."""
        return self._run.trained

    @property
    def notebook(self) -> "Run | None":
        """What a notebook shows of the run, where it comes from one."""
        return self._run.notebook

    @property
    def printed_epochs(self) -> "tuple[Epoch, ...]":
        """What the notebook that the run comes from printed of its epochs."""
        if self.notebook is None:
            raise CannotCheckError("There is no notebook that tells of its epochs.", "Check the notebook itself.")
        return read(self.notebook.epochs).epochs

    # What the files say ---------------------------------------------------------------------------

    @property
    def record(self) -> dict[str, Any]:
        """run.json."""
        return read(self._run.record)

    @property
    def log(self) -> tuple[LoggedEpoch, ...]:
        """epochs.jsonl, at least one line."""
        return read(self._run.log)

    @property
    def last_epochs(self) -> tuple[LoggedEpoch, ...]:
        """The last five epochs of the log, or as many as there are."""
        return self.log[-LAST_EPOCHS:]

    @property
    def normalization(self) -> Normalization:
        """The mean and standard deviation that the network's inputs are normalised with, from run.json."""
        given = self.record.get("normalization")
        try:
            normalization = Normalization.from_json(given)
        except ValueError:
            raise CannotCheckError(
                f"run.json has no usable normalization: {shown(repr(given))}.",
                'Write "normalization": {"mean": [0.1307], "std": [0.3081]}, a number per channel.',
            ) from None
        channels = self._tests.channels
        if len(normalization.mean) != channels:
            raise CannotCheckError(
                f"run.json normalises {len(normalization.mean)} channels, the images have {channels}.",
                "Give a mean and a standard deviation per channel.",
            )
        return normalization

    @property
    def recorded_augmentation(self) -> object:
        """The albumentations pipeline that run.json says the run was trained with, as JSON; None where it says
        nothing."""
        from checker.augmentation import without_version

        return without_version(self.record.get("augmentation"))

    def sibling(self, name: str) -> "Evidence":
        """Return the run called `name` of the same submission."""
        if name not in self._siblings:
            raise CannotCheckError(
                "run.json is missing.", "Train with our train.py, or write the file as the README describes it."
            )
        return self._siblings[name]

    # The network and its weights ------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The network, as it was recorded."""
        return self._run.program.result()

    @property
    def recorded(self) -> bool:
        """Whether the network is there: a rule has asked for it, and it could be recorded."""
        return self._run.program.done() and self._run.program.exception() is None

    @property
    def parameter_count(self) -> int:
        """Every learned number once, whether it is used or not."""
        return self.program.parameter_count

    @property
    def learned_tensors(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the parameters, by name."""
        return {weight.keys[0]: weight.shape for weight in self.program.weights if weight.parameter}

    def weights(self, epoch: LoggedEpoch) -> WeightFile:
        """Return the weights of one of the last epochs, as they were submitted."""
        return self._run.weights[self.last_epochs.index(epoch)].result()

    def file_digest(self, epoch: LoggedEpoch) -> str:
        """Return the SHA-256 of an epoch's weight file."""
        return self.weights(epoch).sha256

    def unfilled(self, epoch: LoggedEpoch) -> list[str]:
        """Return which of the network's tensors an epoch's weights don't fill, and why, in words."""
        return misfits(self.program, self.tensors(epoch))

    def left_over(self, epoch: LoggedEpoch) -> list[str]:
        """Return which of an epoch's weights have no place in the network, in words."""
        return left_over(self.program, self.tensors(epoch))

    @property
    def kernels(self) -> "dict[str, Tensor]":
        """The weights of the convolutions and linear layers that run, in the last epoch: name → float64."""
        names = {
            operation.weight_name
            for operation in self.anatomy.operations
            if operation.kind in ("convolution", "linear")
        }
        tensors = self.tensors(self.log[-1])
        return {name: tensors[name].double() for name in sorted(names) if name in tensors}

    @property
    def evenness(self) -> float:
        """How evenly the kernels' weights are spread; see checker.statistics.evenness."""
        found = evenness(self.kernels)
        if found is None:
            raise CannotCheckError(
                "The kernels that run hold numbers that are not finite, or there are none.", "See finite_weights."
            )
        return found

    def _tensors(self, epoch: LoggedEpoch) -> "Mapping[str, Tensor]":
        try:
            tensors = parsed(self.weights(epoch).content)
        except ValueError as error:
            raise CannotCheckError(
                f"{shown(epoch.file or '')} can't be read as weights ({error}): truncated, damaged, or more than a "
                f"state dict.",
                "Save network.state_dict() again, best with safetensors.torch.save_file.",
            ) from error
        return tensors if self.trained else {**tensors, **self._statistics_begun(epoch, tensors)}

    def _statistics_begun(self, epoch: LoggedEpoch, tensors: "Mapping[str, Tensor]") -> "Mapping[str, Tensor]":
        """Return running statistics for a network that has never been trained, of test images."""
        return self._ask("Running it", on_images.statistics_begun, self._filled_by(epoch, tensors))

    def _learned_digest(self, epoch: LoggedEpoch) -> str:
        return learned_digest(self.tensors(epoch))

    # What is measured -----------------------------------------------------------------------------

    @property
    def diagnosis(self) -> str | None:
        """What explains that the last epoch's weights classify another number of images correctly than the log says,
        and what to do about it; None where no usual reason does."""
        last, found = self.last_epochs[-1], self.counts(self.last_epochs[-1])
        for epoch in self.last_epochs[:-1]:
            if (
                abs(self.counts(epoch).images - last.test_correct)
                <= COUNTS_APART
                < abs(found.images - last.test_correct)
            ):
                return (
                    f"The log's count of epoch {last.epoch} is that of the weights of epoch {epoch.epoch}: log each "
                    "epoch with the weights that it ends with."
                )
        logged = last.test_correct / self.test_total
        if abs(found.images / self.test_total - logged) < diagnosis.FAR:
            return None
        for reason in diagnosis.reasons(self._tests.channels):
            for count in (measure.ABLATED, self.test_total):
                classes = self._ask(
                    "Evaluating it otherwise", diagnosis.classes_for, self._subject(last), reason, count
                )
                share = self._tests.labels.accuracy(classes)
                if not diagnosis.promising(share, logged):
                    break
            apart = abs(share - logged) * self.test_total
            if len(classes) == self.test_total and apart <= COUNTS_APART + reason.agrees * self.test_total:
                return f"The log agrees with {reason.words}. {reason.help}"
        return None

    @property
    def test_total(self) -> int:
        """How many test images there are."""
        return len(self._tests.labels)

    def _counts(self, epoch: LoggedEpoch) -> Counts:
        """Return how much of the test set an epoch's weights classify correctly, in fp32."""
        found = self._predictions(epoch)
        return self._tests.labels.counts(found.digits, found.sums)

    @property
    def views(self) -> int:
        """How many views of each image the network looks at."""
        return self._examined().count

    @property
    def evaluated(self) -> bool:
        """Whether a rule has asked what the network predicts; nothing is evaluated for a picture alone."""
        return bool(self._pending)

    def mistakes(self, most: int) -> tuple[int, list[tuple[int, int, int | None]]]:
        """Return how many test images the last epoch classifies wrongly, and `most` of them; see Labels.mistakes."""
        found = self._predictions(self.log[-1])
        return self._tests.labels.mistakes(found.digits[0], found.logits, most)

    def image(self, place: int) -> "Tensor":
        """Return a test image, uint8 C×H×W."""
        return self._tests.pixels[place]

    @property
    def classes(self) -> tuple[str, ...]:
        """What the test set's classes are called."""
        return self._tests.classes

    def logits(self, epoch: LoggedEpoch) -> "np.ndarray":
        """Return an epoch's logits of all test images, float32 N×classes; beside the first number, where there are two
        inputs."""
        return self._predictions(epoch).logits

    def least_apart(self) -> float:
        """How little the logits of two of the last epochs differ on test images; see checker.statistics.apart."""
        logits = [self._predictions(epoch).precise for epoch in self.last_epochs]
        return min(apart(one, other) for number, one in enumerate(logits) for other in logits[:number])

    def single_view(self, epoch: LoggedEpoch) -> int | None:
        """Return how many images are classified correctly by a single view; None where that is all there is."""
        found = self._predictions(epoch)
        return None if found.single is None else self._tests.labels.counts(found.single).images

    def views_and_single(self) -> tuple[int | None, float | None]:
        """Return how many views of an image the network looks at, and the worst accuracy in percent that a single one
        reaches in the last epochs; None where that was not measured."""
        with contextlib.suppress(Exception):  # Whatever it is, a rule has told it.
            if self.evaluated:
                single = [self.single_view(epoch) for epoch in self.last_epochs]
                known = [each for each in single if each is not None]
                return self.views, 100 * min(known) / self.test_total if len(known) == len(single) else None
        return None, None

    @property
    def anatomy(self) -> Anatomy:
        """What the network of the last epoch does with test images."""
        return self._anatomy()

    @property
    def layers(self) -> tuple[Operation, ...]:
        """The layers that run for one view of an image; for all of them, where these aren't told apart."""
        operations, single = self.anatomy.operations, self._examined().program
        if single is None:
            return operations
        behind = leading(single, single.outputs[len(self.program.outputs) :])
        once = [each for each in operations if each.value in behind]
        used, used_once = (frozenset().union(*(each.uses for each in group)) for group in (operations, once))
        if used != used_once:  # Views that are stacked to one batch run through each layer together.
            return operations
        counts = {each.uses: each.parameters for each in reversed(operations) if each.parameters}
        return tuple(replace(each, parameters=counts.pop(each.uses, 0)) for each in once)

    @property
    def accuracy(self) -> float:
        """The share of some test images that the last epoch classifies correctly; see accuracy_with."""
        return self._accuracy()

    def accuracy_with(self, operations: tuple[Operation, ...], of: str) -> float:
        """Return the share of some test images that the last epoch classifies correctly when each of those operations
        gives what it makes of something else; for `of` see checker.measure.classes_with."""
        return self._tests.labels.accuracy(
            self._ask(
                "Evaluating it with some of its layers changed",
                measure.classes_with,
                self._subject(self.log[-1]),
                [operation.value for operation in operations],
                of,
            )
        )

    def matter(self, operations: tuple[Operation, ...], share: float) -> bool:
        """Whether the last epoch classifies `share` of the images correctly because of what those operations make of
        them, and wrongly with what they make of others: zeros would tell the network that it is tried. Without trained
        weights, whether the logits move by as much of their spread without them."""
        if self.trained:
            return self.accuracy - self.accuracy_with(operations, "another image") >= share
        moved: float = self._ask(
            "Evaluating it without some of its layers",
            on_images.moved_without,
            self._subject(self.log[-1]),
            self._chosen(EXPERIMENTED),
            [operation.value for operation in operations],
        )
        return moved >= share

    def alike_untrained(self, operation: Operation) -> float:
        """How much the kernel of a convolution is like what other parameters make: 0 where it is one itself, 1 where it
        is none, nor made of any, or stays the same while others change. A bias beside it says nothing."""
        (kernel,) = (node.arguments[1] for node in self.program.nodes if node.name == operation.value)
        name = kernel.name if isinstance(kernel, Reference) else ""
        parameters = {weight.value: weight.keys[0] for weight in self.program.weights if weight.parameter}
        behind = parameters.keys() & leading(self.program, [name])
        if not behind or self._stay_the_same({parameters[each] for each in behind}):
            return 1.0
        if name in parameters:
            return 0.0
        return self._ask(
            "Looking at how its kernels are made",
            on_images.alike_untrained,
            self._subject(self.log[-1]),
            self._chosen(TRACED),
            operation.value,
        )

    def _stay_the_same(self, keys: set[str]) -> bool:
        """Whether those parameters are the same in all of the last epochs, and most others aren't."""
        first, *others = (self.tensors(epoch) for epoch in self.last_epochs)
        changed = {key for key, tensor in first.items() if any(not _alike(tensor, each.get(key)) for each in others)}
        parameters = {weight.keys[0] for weight in self.program.weights if weight.parameter}
        return not changed & keys and 2 * len(changed & parameters) > len(parameters)

    def moved_by_single_taps(self, operations: tuple[Operation, ...]) -> float:
        """Return how far the last epoch's logits move when those convolutions keep only the middles of their
        kernels."""
        return self._ask(
            "Evaluating it with the middles of some kernels",
            on_images.moved_by_single_taps,
            self._subject(self.log[-1]),
            self._chosen(TRACED),
            [operation.value for operation in operations],
        )

    def apart_from_copies(self, operations: tuple[Operation, ...]) -> float:
        """How far those convolutions are from seeing each place of a map twice, so that a dilation changes nothing, or
        the same number everywhere: a share of the map's spread."""
        return self._ask(
            "Looking at what its convolutions see",
            on_images.apart_from_copies,
            self._subject(self.log[-1]),
            self._chosen(TRACED),
            [operation.value for operation in operations],
        )

    @property
    def accuracy_rounded(self) -> float:
        """The same share when every parameter is rounded to bfloat16."""
        return self._accuracy_rounded()

    @property
    def places_exchanged(self) -> "Exchange":
        """How the last epoch's logits move when the places of its last maps are exchanged."""
        return self._exchanged()

    def places_chosen(self, counted: tuple[Operation, ...]) -> float:
        """Return how much the last epoch's network chooses among the places of its maps, beside those maxima: 0 where
        it does nothing but sum, 1 where the larger of two counts alone."""
        return self._ask(
            "Setting neighbouring places to other sizes",
            on_images.places_chosen,
            self._subject(self.log[-1]),
            self._chosen(EXPERIMENTED),
            [operation.value for operation in counted],
        )

    @property
    def places_weighed(self) -> float:
        """How far places of the last epoch's last maps count otherwise for some channels and classes than for others: a
        share of how much they count."""
        return self._places_weighed()

    @property
    def places_added(self) -> "Adding":
        """How places add up to what the logits are made of, found by changing one half of them and the other. Raises
        CannotCheckError."""
        return self._places_added()

    @property
    def constants(self) -> "Constants":
        """What acts on the last epoch's logits beside images and parameters."""
        return self._constants()

    @property
    def receptive_field(self) -> tuple[int, int]:
        """How far (height, width) the places of the last epoch's last maps see, found by changing pixels."""
        return self._receptive_field()

    @property
    def side(self) -> int:
        """How many pixels an image is wide."""
        return self.program.inputs[0].shape[-1]

    @property
    def normalised(self) -> "Normalised":
        """What is normalised in the last epoch's network."""
        return self._ask("Scaling its maps", on_images.norms, self._subject(self.log[-1]), self._chosen(EXPERIMENTED))

    @property
    def running_statistics(self) -> "tuple[Statistic, ...]":
        """How far the statistics that the last epoch's normalisations keep lie from those of their inputs."""
        return self._running_statistics()

    @property
    def inputs_used(self) -> "measure.InputsUsed":
        """What the last epoch's network makes of its two inputs."""
        last, first = (self._subject(epoch) for epoch in (self.log[-1], self.last_epochs[0]))
        return self._ask("Varying its inputs", measure.inputs_used, last, first)

    def sum_accuracy(self, sums: "np.ndarray") -> float:
        """Return the share of right sums, 10×N predicted ones for the first N images."""
        return self._tests.labels.sum_accuracy(sums)

    def augmentation(self, hole: int, fill: tuple[float, ...]) -> "Augmentation":
        """Return what augmentation() of the submission's train.py does to images, or, where it comes without code, what
        its run.json records; see checker.augmentation."""
        from checker.augmentation import inspected

        return self._heard(
            "Applying the augmentation",
            self._tests.submit(inspected, self._described_augmentation(), hole, fill),
            of_network=False,
        )

    @property
    def grayscale(self) -> str | None:
        """Why the augmentation doesn't make images gray; None where it does."""
        from checker.augmentation import without_gray

        return self._heard(
            "Applying the augmentation",
            self._tests.submit(without_gray, self._described_augmentation()),
            of_network=False,
        )

    def _described_augmentation(self) -> object:
        """Return the sandbox's answer about augmentation() of train.py, or what run.json says in its place."""
        if self._submission.augmentation is not None:
            return self._submission.augmentation.result()
        if self.record.get("augmentation") is not None:
            return {"pipeline": self.record["augmentation"], "dropped": []}
        raise CannotCheckError(
            "There is no train.py, and run.json records no augmentation.",
            "Put the code there, with a function augmentation(), or hand the pipeline to checker.recorder.",
        )

    def _examination(self) -> Views:
        found = self._ask("Running it", measure.examined, self.program)
        self.program.affordable.update(found.affordable)  # So that no worker needs to find out again.
        return found.views

    def _measured_accuracy(self) -> float:
        return self.accuracy_with((), "another image")

    def _followed(self) -> Anatomy:
        return self._ask("Following it", measure.anatomy, self._subject(self.log[-1]), self._chosen(TRACED))

    def _exchange(self) -> "Exchange":
        return self._ask(
            "Exchanging its places", on_images.places_exchanged, self._subject(self.log[-1]), self._chosen(EXPERIMENTED)
        )

    def _weigh_places(self) -> float:
        return self._ask(
            "Weighing its places", on_images.places_weighed, self._subject(self.log[-1]), self._chosen(TRACED)
        )

    def _add_places(self) -> "Adding":
        return self._ask(
            "Changing half of its places",
            on_images.places_added,
            self._subject(self.log[-1]),
            self._chosen(EXPERIMENTED),
        )

    def _statistics_kept(self) -> "tuple[Statistic, ...]":
        return self._ask("Comparing its running statistics", on_images.statistics_kept, self._subject(self.log[-1]))

    def _places_seen(self) -> tuple[int, int]:
        return self._ask(
            "Changing its pixels", on_images.places_seen, self._subject(self.log[-1]), self._chosen(EXPERIMENTED)
        )

    def _constants_used(self) -> "Constants":
        self._anatomy()  # That it is the same network for so few images.
        return self._ask(
            "Counting its constants", on_images.constants_used, self._subject(self.log[-1]), self._chosen(COUNTED)
        )

    def _rounded(self) -> float:
        return self._tests.labels.accuracy(
            self._ask("Rounding its weights", measure.classes_rounded, self._subject(self.log[-1]))
        )

    def _chosen(self, count: int) -> list[int]:
        """Return the places of some test images, always the same for the same weights, and none that anybody could know
        beforehand."""
        seed = hashlib.shake_256(self.learned_digest(self.log[-1]).encode()).digest(4 * count)
        return [int.from_bytes(seed[4 * place : 4 * place + 4]) % self.test_total for place in range(count)]

    def _predictions(self, epoch: LoggedEpoch) -> Predictions:
        # Asked for one, all are started, so that they run at once.
        for each in self.last_epochs:
            if each not in self._pending:
                self._pending[each] = self._evaluation(each)
        return self._heard("Evaluating it", self._pending[epoch])

    def _evaluation(self, epoch: LoggedEpoch) -> "Future[Predictions]":
        # All ten numbers take ten times as long, and the last epoch is the one that the sum is judged by.
        numbers = (None,) if not self.two_inputs else tuple(range(10)) if epoch == self.log[-1] else (3,)
        try:
            return self._tests.submit(measure.predictions, self._subject(epoch), numbers)
        except CannotCheckError as error:
            failed: Future[Predictions] = Future()
            failed.set_exception(error)
            return failed

    def _subject(self, epoch: LoggedEpoch) -> Subject:
        return self._filled_by(epoch, self.tensors(epoch))

    def _filled_by(self, epoch: LoggedEpoch, tensors: "Mapping[str, Tensor]") -> Subject:
        wrong = misfits(self.program, tensors)
        if wrong:
            raise CannotCheckError(
                f"{shown(epoch.file or '')} doesn't fit the network: {shown(wrong[0])}.", "See weights_match_model."
            )
        return Subject(self.program, self._examined(), as_file(tensors), self.normalization, self._device)

    def _ask(self, doing: str, measurement: Callable[..., Measured], *arguments: object) -> Measured:
        if self._endless is not None:
            raise self._endless
        return self._heard(doing, self._tests.submit(measurement, *arguments))

    def _heard(self, doing: str, asked: Future[Measured], *, of_network: bool = True) -> Measured:
        """Return what a worker found, or say in one sentence why it found nothing."""
        try:
            if of_network and self._endless is not None and (asked.cancel() or not asked.done()):
                raise self._endless
            return asked.result()
        except measure.DependentImagesError:
            raise CannotCheckError(
                "The logits of an image depend on which others are in the batch.",
                "In evaluation a network sees one image at a time: use running statistics, and no softmax or norm over "
                "the batch.",
            ) from None
        except measure.OtherForFewError:
            raise CannotCheckError(
                "The network computes something else for another number of images.",
                "Its forward pass must not look at the size of the batch.",
            ) from None
        except measure.OtherInDoubleError:
            raise CannotCheckError(
                "The network computes something else in float64.",
                "What it computes must not hang on how numbers are rounded.",
            ) from None
        except measure.OutputError as error:
            found, wanted = (
                " and ".join("×".join(map(str, shape)) or "a number" for shape in shapes) or "nothing"
                for shapes in (error.found, error.wanted)
            )
            raise CannotCheckError(
                f"The network returns {found} for {error.wanted[0][0]} images, not {wanted}.",
                "Return one row of logits or log-probabilities for each image, one for each class"
                + (", of the digit and of the sum." if self.two_inputs else "."),
            ) from None
        except ReplayError as error:
            raise CannotCheckError(
                f"{doing} failed: {shown(str(error))}", "Try it in Python on a batch of images, in evaluation mode."
            ) from error
        except (WorkerDiedError, MemoryError) as error:
            raise CannotCheckError(
                f"{doing} ended the process that did it.",
                "It takes too much memory, or crashes PyTorch: try it in Python on a batch of images.",
            ) from error
        except measure.TooSlowError as error:
            # What takes too long once is not tried again for each rule.
            problem = CannotCheckError(
                f"{doing} takes longer than {error.seconds / 60:g} minutes.",
                "Make it smaller: networks of the sessions take one or two, for all test images.",
            )
            self._endless = problem if of_network else self._endless
            raise problem from error


def _alike(one: "Tensor", other: "Tensor | None") -> bool:
    """Whether two tensors, of which a file may lack one, are the same."""
    return other is not None and one.dtype == other.dtype and bool(one.equal(other))
