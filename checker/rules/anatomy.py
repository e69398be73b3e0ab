"""What several rules about the network's anatomy share."""

from typing import TYPE_CHECKING

from checker.verdict import CannotCheckError

if TYPE_CHECKING:
    from checker.evidence import Evidence


def refuse_unknown(run: "Evidence") -> None:
    """Raise CannotCheckError where the trace could not follow the network."""
    unknown = sorted(run.anatomy.not_understood)
    if unknown:
        raise CannotCheckError(f"The trace can't follow {', '.join(unknown)}.",
                               "Use convolutions, pooling and element-wise operations, or have it judged by a person.")
