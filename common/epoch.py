"""What one epoch measured, and its line in a run's log."""

from dataclasses import asdict, dataclass, field, fields


@dataclass(frozen=True)
class Epoch:
    """What one epoch measured. Losses are means over the images; `seconds` is the training pass alone.

    also: counts that the task adds, e.g. sum_correct and sum_total; beside the others in the log
    """

    epoch: int
    lr: float
    train_loss: float
    train_correct: int
    train_total: int
    test_loss: float
    test_correct: int
    test_total: int
    seconds: float
    images_per_second: float
    also: dict[str, int] = field(default_factory=dict)

    def as_line(self) -> dict:
        """Return the epoch as a line of the log."""
        line = asdict(self)
        return line | line.pop("also")

    @classmethod
    def from_line(cls, line: dict) -> "Epoch":
        """Return the epoch that a line of the log tells of."""
        own = {each.name for each in fields(cls)}
        return cls(
            **{key: value for key, value in line.items() if key in own},
            also={key: value for key, value in line.items() if key not in own and key != "weights"},
        )
