"""The assignments as data: which runs, which rules, which limits."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RunRules:
    """What is asked of one run: the assignment's rules, with these limits instead of the general ones.

    A run that is not required is checked and shown, and does not decide.
    """

    required: bool = True
    limits: dict[str, dict[str, object]] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """id: of the session and of its folder
    rules: rule id → its limits, for every run, in the order of the report
    runs: the runs of the session's own folder; in another folder, a run by another name meets the general rules
    """

    id: str
    title: str
    rules: dict[str, dict[str, object]]
    runs: dict[str, RunRules]

    def limits(self, run: str, rule: str) -> dict[str, object]:
        """Return the limits of `rule` for the run called `run`."""
        return self.rules[rule] | self.rules_for(run).limits.get(rule, {})

    def rules_for(self, run: str) -> RunRules:
        """Return what is asked of the run called `run`."""
        return self.runs.get(run, RunRules())


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
        "scheduled": RunRules(),
        "under-8k": RunRules(limits={"parameters": {"limit": 8_000}}),
        "smallest": RunRules(limits={"parameters": {"limit": 5_500}}),
        "published-9680": RunRules(required=False),
    },
)

ASSIGNMENTS = {assignment.id: assignment for assignment in (SESSION05,)}
