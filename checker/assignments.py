"""The assignments as data: which runs, which rules, which limits."""

from dataclasses import dataclass, field
from typing import Literal

Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]


@dataclass(frozen=True)
class Points:
    """What a rule is worth, for each run that counts; see checker.points.

    full:       where it is passed
    at_least:   (value, points) for a rule that failed: what was measured earns the most of those that it reaches
    fewer_than: the same for what should be small; a value must lie below
    only_with:  rules that the run must have passed too, where they were checked
    visibility: when a student sees it, in Gradescope's words
    """

    full: float
    at_least: tuple[tuple[float, float], ...] = ()
    fewer_than: tuple[tuple[float, float], ...] = ()
    only_with: tuple[str, ...] = ()
    visibility: Visibility = "visible"


@dataclass(frozen=True)
class RunRules:
    """What is asked of one run: the assignment's rules, with these limits instead of the general ones, and those rules
    of its own that are only named here.

    A run that is not required is checked and shown, and does not decide.
    """

    required: bool = True
    limits: dict[str, dict[str, object]] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """id: of the session and of its folder
    rules: rule id → its limits, for every run, in the order of the report
    runs: the runs of the session's own folder, and what they promise; a run in another folder meets the general rules
    all_runs: another folder must hold all the required runs too, by these names, and meet what is asked of each
    dataset: torchvision's name of it
    points: rule id → what it is worth
    cohort: whose limits these are, see checker.cohorts; "" for the general ones
    two_inputs: the networks take images and one-hot numbers, and return logits of the digit and of the sum
    """

    id: str
    title: str
    rules: dict[str, dict[str, object]]
    runs: dict[str, RunRules]
    all_runs: bool = False
    two_inputs: bool = False
    dataset: str = "MNIST"
    points: dict[str, Points] = field(default_factory=dict)
    cohort: str = ""

    @property
    def inputs(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of the networks' inputs, without the batch."""
        image = {"MNIST": (1, 28, 28), "CIFAR10": (3, 32, 32)}[self.dataset]
        return (image, (10,)) if self.two_inputs else (image,)

    @property
    def every_rule(self) -> list[str]:
        """The ids of all rules, those that only some runs must meet last."""
        return list(dict.fromkeys([*self.rules, *(id for run in self.runs.values() for id in run.limits)]))

    def rules_of(self, run: str) -> list[str]:
        """Return the ids of the rules that the run called `run` must meet."""
        return list(dict.fromkeys([*self.rules, *self.rules_for(run).limits]))

    def limits(self, run: str, rule: str) -> dict[str, object]:
        """Return the limits of `rule` for the run called `run`."""
        return self.rules.get(rule, {}) | self.rules_for(run).limits.get(rule, {})

    def rules_for(self, run: str) -> RunRules:
        """Return what is asked of the run called `run`."""
        return self.runs.get(run, RunRules())


# What is learned outside the parameters would make a small network of a large one, and an accurate one of any.
_HONEST = ("no_hidden_parameters",)

SESSION03 = Assignment(
    id="session03",
    title="Session 3: the digit in an MNIST image, and its sum with a number",
    rules={
        "weights_match_model": {},
        "finite_weights": {},
        "no_hidden_parameters": {},
        "two_inputs": {},
        "sustained_accuracy": {"threshold": 99.0, "images": 60_000},
        "sum_accuracy": {"threshold": 98.5},
        "log_matches_weights": {},
    },
    runs={
        "digit-sum": RunRules(limits={"sustained_accuracy": {"threshold": 99.4}, "sum_accuracy": {"threshold": 99.3}})
    },
    two_inputs=True,
    points={
        "weights_match_model": Points(5),
        "finite_weights": Points(5),
        "no_hidden_parameters": Points(10),
        "two_inputs": Points(20),
        "sustained_accuracy": Points(30, at_least=((98.0, 15),), only_with=_HONEST),
        "sum_accuracy": Points(20, at_least=((97.0, 10),), only_with=("two_inputs",)),
        "log_matches_weights": Points(10),
    },
)

SESSION04 = Assignment(
    id="session04",
    title="Session 4: 99.4 % on MNIST, held, in fewer than 20 epochs with fewer than 20,000 parameters",
    rules={
        "weights_match_model": {},
        "finite_weights": {},
        "no_hidden_parameters": {},
        "parameters": {"limit": 20_000},
        "epochs": {"limit": 19, "images": 60_000},
        "sustained_accuracy": {"threshold": 99.4},
        "log_matches_weights": {},
        "no_fully_connected": {},
    },
    runs={
        "published-10066": RunRules(limits={"epochs": {"limit": 17}, "sustained_accuracy": {"threshold": 99.41}}),
        "under-20k": RunRules(limits={"sustained_accuracy": {"threshold": 99.6}}),
    },
    points={
        "weights_match_model": Points(5),
        "finite_weights": Points(5),
        "no_hidden_parameters": Points(10),
        "parameters": Points(15, fewer_than=((25_000, 8),), only_with=_HONEST),
        "epochs": Points(10),
        "sustained_accuracy": Points(35, at_least=((99.3, 25), (99.0, 15)), only_with=_HONEST),
        "log_matches_weights": Points(10),
        "no_fully_connected": Points(10),
    },
)

SESSION05 = Assignment(
    id="session05",
    title="Session 5: 99.4 % on MNIST, held, in at most 15 epochs with fewer than 10,000 parameters",
    rules={
        "weights_match_model": {},
        "finite_weights": {},
        "no_hidden_parameters": {},
        "parameters": {"limit": 10_000},
        "epochs": {"limit": 15, "images": 60_000},
        "sustained_accuracy": {"threshold": 99.4},
        "log_matches_weights": {},
        "no_fully_connected": {},
        "global_average_pooling": {},
        # Half of the image in each place of the last map, all of it in the logits.
        "receptive_field": {"before": 14, "after": 28},
    },
    runs={
        "skeleton": RunRules(required=False),
        "batch-norm": RunRules(required=False),
        "augmented": RunRules(required=False),
        "scheduled": RunRules(limits={"sustained_accuracy": {"threshold": 99.5}}),
        "under-8k": RunRules(limits={"parameters": {"limit": 8_000}, "sustained_accuracy": {"threshold": 99.5}}),
        "smallest": RunRules(limits={"parameters": {"limit": 5_000}}),
        "published-9680": RunRules(required=False),
    },
    points={
        "weights_match_model": Points(4),
        "finite_weights": Points(4),
        "no_hidden_parameters": Points(10),
        "parameters": Points(14, fewer_than=((12_000, 7),), only_with=_HONEST),
        "epochs": Points(10),
        "sustained_accuracy": Points(30, at_least=((99.3, 20), (99.0, 10)), only_with=_HONEST),
        "log_matches_weights": Points(8),
        "no_fully_connected": Points(6),
        "global_average_pooling": Points(6),
        "receptive_field": Points(8),
    },
)

SESSION06 = Assignment(
    id="session06",
    title="Session 6: 99.4 % on MNIST, held, with batch norm and L1, with layer norm, and with group norm",
    rules={
        "weights_match_model": {},
        "finite_weights": {},
        "no_hidden_parameters": {},
        "epochs": {"limit": 20, "images": 60_000},
        "sustained_accuracy": {"threshold": 99.4},
        "log_matches_weights": {},
        "normalization": {"kind": "one normalisation"},
    },
    runs={
        "batch-l1": RunRules(limits={"normalization": {"kind": "batch norm"}, "l1_penalty": {"without": "batch"}}),
        "layer": RunRules(limits={"normalization": {"kind": "layer norm"}}),
        "group": RunRules(limits={"normalization": {"kind": "group norm"}}),
        "batch": RunRules(required=False, limits={"normalization": {"kind": "batch norm"}}),
    },
    all_runs=True,
    points={
        "weights_match_model": Points(1),
        "finite_weights": Points(1),
        "no_hidden_parameters": Points(2),
        "epochs": Points(3),
        "sustained_accuracy": Points(12, at_least=((99.3, 8), (99.0, 4)), only_with=_HONEST),
        "log_matches_weights": Points(3),
        "normalization": Points(8),
        "l1_penalty": Points(10),
    },
)

SESSION07 = Assignment(
    id="session07",
    title="Session 7: 85 % on CIFAR-10, held, with fewer than 200,000 parameters, separable and dilated convolutions",
    rules={
        "weights_match_model": {},
        "finite_weights": {},
        "no_hidden_parameters": {},
        "parameters": {"limit": 200_000},
        "sustained_accuracy": {"threshold": 85.0, "images": 50_000},
        "log_matches_weights": {},
        "depthwise_separable": {"count": 1},
        "dilated": {},
        "no_max_pooling": {},
        "global_average_pooling": {},
        "receptive_field": {"before": 45, "after": 45},
        # The mean of the training images, red, green and blue.
        "augmentations": {"hole": 16, "fill": (125.3, 123.0, 113.9)},
    },
    runs={
        "cifar10": RunRules(limits={"sustained_accuracy": {"threshold": 91.0}}),
        "under-100k": RunRules(
            limits={
                "parameters": {"limit": 100_000},
                "sustained_accuracy": {"threshold": 89.0},
                "depthwise_separable": {"count": 2},
                "receptive_field": {"before": 53, "after": 53},
            }
        ),
        # The five epochs that must hold 85 % end a run of ten, so that the first of them is the sixth.
        "fast": RunRules(limits={"epochs": {"limit": 10, "images": 50_000}}),
    },
    dataset="CIFAR10",
    points={
        "weights_match_model": Points(4),
        "finite_weights": Points(4),
        "no_hidden_parameters": Points(8),
        "parameters": Points(10, fewer_than=((250_000, 5),), only_with=_HONEST),
        "sustained_accuracy": Points(26, at_least=((83.0, 18), (80.0, 10)), only_with=_HONEST),
        "log_matches_weights": Points(8),
        "depthwise_separable": Points(8, at_least=((1, 4),)),
        "dilated": Points(6),
        "no_max_pooling": Points(6),
        "global_average_pooling": Points(6),
        "receptive_field": Points(6),
        "augmentations": Points(8),
    },
)

ASSIGNMENTS = {assignment.id: assignment for assignment in (SESSION03, SESSION04, SESSION05, SESSION06, SESSION07)}
