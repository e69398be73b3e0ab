"""The limits of each cohort of the course as data, as far as public statements tell them: EVA 4 to 8, and ERA V1 to V4.

What a cohort says nothing of is as in checker.assignments. "Fewer than" is strict: 8,000 parameters are not fewer than
8,000.
"""

import difflib
from dataclasses import dataclass, field, replace

from checker.assignments import (
    ASSIGNMENTS,
    SESSION04,
    SESSION05,
    SESSION06,
    SESSION07,
    Assignment,
    Points,
    RunRules,
)
from checker.verdict import CannotCheckError


@dataclass(frozen=True)
class Cohort:
    """assignments: those whose limits are other than the general ones, by id
    not_covered: sessions that the checker has no rules for, by id: why, in a sentence
    notes: what else the cohort asks and the checker doesn't judge, by id of the session
    """

    id: str
    title: str
    assignments: dict[str, Assignment]
    not_covered: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def asked(assignment: str, cohort: str) -> Assignment:
    """Return what a cohort asks in the session called `assignment`, or what all do for the cohort "". Raises
    CannotCheckError where the checker has no rules for it, or there is no such cohort."""
    if cohort == "":
        return ASSIGNMENTS[assignment]
    if cohort not in COHORTS:
        near = difflib.get_close_matches(cohort, COHORTS, n=1)
        raise CannotCheckError(
            f"There is no cohort {cohort!r}.",
            f"Did you mean {near[0]}?" if near else f"The cohorts are: {', '.join(COHORTS)}.",
        )
    its = COHORTS[cohort]
    if assignment in its.not_covered:
        raise CannotCheckError(
            f"The {assignment} of {its.title} is not covered: {its.not_covered[assignment]}",
            "Leave --cohort out, or have it judged by a person.",
        )
    return replace(its.assignments.get(assignment, ASSIGNMENTS[assignment]), cohort=cohort)


def _changed(
    of: Assignment,
    title: str,
    rules: dict[str, dict[str, object]],
    points: dict[str, Points],
    without: tuple[str, ...] = (),
) -> Assignment:
    """Return an assignment with other limits, and without some rules. What our own runs promise beyond is no matter of
    the cohort's."""
    return replace(
        of,
        title=title,
        rules={id: limits for id, limits in of.rules.items() if id not in without}
        | {id: of.rules.get(id, {}) | limits for id, limits in rules.items()},
        points={id: each for id, each in of.points.items() if id not in without} | points,
        runs=of.runs if of.all_runs else {name: RunRules(required=run.required) for name, run in of.runs.items()},
    )


_CONNECTED = "no_fully_connected"
_POOLED: dict[str, dict[str, object]] = {"normalization": {"kind": "batch norm"}, "global_average_pooling": {}}
_HONEST = ("no_hidden_parameters",)

_SESSION04_POOLED = _changed(
    SESSION04,
    "Session 4: 99.4 % on MNIST, held, in fewer than 20 epochs with fewer than 20,000 parameters, batch norm and GAP",
    _POOLED,
    {"normalization": Points(5), "global_average_pooling": Points(5)},
    without=(_CONNECTED,),
)
_SESSION04_STRICT = _changed(
    _SESSION04_POOLED,
    "Session 4: 99.4 % on MNIST, held, in exactly 19 epochs with 12,000 to 18,000 parameters, batch norm and GAP",
    {"parameters": {"limit": 18_001}, "enough_parameters": {"least": 12_000}, "enough_epochs": {"least": 19}},
    {
        "parameters": Points(10, fewer_than=((20_000, 5),), only_with=_HONEST),
        "enough_parameters": Points(5),
        "epochs": Points(5),
        "enough_epochs": Points(5),
    },
)
_SESSION05_STRICT = _changed(
    SESSION05,
    "Session 5: 99.4 % on MNIST, held, in at most 14 epochs with fewer than 10,000 parameters",
    {"epochs": {"limit": 14, "images": 60_000}},
    {},
)
_SESSION05_ERA = _changed(
    SESSION05,
    "Session 5: 99.4 % on MNIST, held, in at most 15 epochs with fewer than 8,000 parameters",
    {"parameters": {"limit": 8_000}},
    {"parameters": Points(14, fewer_than=((10_000, 7),), only_with=_HONEST)},
)
_SESSION07_POOLED = _changed(
    SESSION07,
    "Session 7: 80 % on CIFAR-10, held, with fewer than 1,000,000 parameters, separable and dilated convolutions",
    {
        "parameters": {"limit": 1_000_000},
        "sustained_accuracy": {"threshold": 80.0},
        "max_poolings": {"limit": 3},
    },
    {
        "parameters": Points(10, fewer_than=((1_250_000, 5),), only_with=_HONEST),
        "sustained_accuracy": Points(26, at_least=((78.0, 18), (75.0, 10)), only_with=_HONEST),
        "max_poolings": Points(6),
    },
    without=("no_max_pooling",),
)
_SESSION07_SMALL = _changed(
    SESSION07,
    "Session 7: 87 % on CIFAR-10, held, with fewer than 100,000 parameters, two separable and a dilated convolution",
    {
        "parameters": {"limit": 100_000},
        "sustained_accuracy": {"threshold": 87.0},
        "depthwise_separable": {"count": 2},
        "receptive_field": {"before": 53, "after": 53},
        "grayscale": {},
    },
    {
        "parameters": Points(10, fewer_than=((125_000, 5),), only_with=_HONEST),
        "sustained_accuracy": Points(26, at_least=((85.0, 18), (80.0, 10)), only_with=_HONEST),
        "augmentations": Points(6),
        "grayscale": Points(2),
    },
)
# Its session 8, which asks for what session 6 asks for, on other images.
_SESSION06_ERA = replace(
    _changed(
        SESSION06,
        "Session 8 of ERA: 70 % on CIFAR-10, held, with batch norm, with layer norm, and with group norm",
        {
            "parameters": {"limit": 50_000},
            "epochs": {"limit": 20, "images": 50_000},
            "sustained_accuracy": {"threshold": 70.0},
            "global_average_pooling": {},
            "max_poolings": {"limit": 2},
        },
        {
            "parameters": Points(4, fewer_than=((60_000, 2),), only_with=_HONEST),
            "sustained_accuracy": Points(12, at_least=((68.0, 8), (65.0, 4)), only_with=_HONEST),
            "normalization": Points(5),
            "global_average_pooling": Points(1),
            "max_poolings": Points(1),
        },
        without=("l1_penalty",),
    ),
    runs={kind: RunRules(limits={"normalization": {"kind": f"{kind} norm"}}) for kind in ("batch", "layer", "group")},
    dataset="CIFAR10",
)

_DROPOUT = "Dropout is asked for, and does nothing in evaluation, so that a recorded network doesn't show it."
_BONUS = "Fewer than 8,000 parameters earn a bonus, for which there are no points here."
_STRIDES = "Dilated kernels in place of strides earn a bonus, for which there are no points here."
_LATER = {"session04": _DROPOUT, "session05": _BONUS, "session07": _STRIDES}
_POOLED_LATER = {"session04": _SESSION04_POOLED}

COHORTS = {
    cohort.id: cohort
    for cohort in (
        Cohort("eva4", "EVA 4", {"session07": _SESSION07_POOLED}, notes={"session05": _BONUS}),
        Cohort(
            "eva5",
            "EVA 5",
            {"session07": _SESSION07_POOLED},
            {
                "session06": "It asks for five jobs in one loop, with L1, L2 and ghost batch norm, and there are no "
                "rules for L2 and ghost batch norm: both act in training alone, and leave no sign in a network."
            },
            {"session05": _BONUS},
        ),
        Cohort("eva6", "EVA 6", _POOLED_LATER, notes=_LATER),
        Cohort(
            "eva6-strict",
            "EVA 6, the strict variant",
            {"session04": _SESSION04_STRICT, "session05": _SESSION05_STRICT},
            notes=_LATER
            | {"session05": f"The last four epochs are asked for; the checker asks for the last five. {_BONUS}"},
        ),
        Cohort(
            "eva7",
            "EVA 7",
            {**_POOLED_LATER, "session07": _SESSION07_SMALL},
            notes={"session04": _DROPOUT, "session05": _BONUS},
        ),
        Cohort("eva8", "EVA 8", _POOLED_LATER, notes=_LATER),
        Cohort(
            "era",
            "ERA V1 to V4",
            {**_POOLED_LATER, "session05": _SESSION05_ERA, "session06": _SESSION06_ERA},
            notes={
                "session04": _DROPOUT,
                "session06": "In which order convolutions and poolings come (C1 C2 c3 P1 …) is not judged.",
                "session07": _STRIDES,
            },
        ),
    )
}
