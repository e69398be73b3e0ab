"""The rules. Each is one small function of a run's evidence and its limits; its docstring says why the rule exists.

A rule raises CannotCheckError, or lets one pass, where it can't tell; it never passes by default.
"""

from checker.rules import accuracy, layers, training, weights
from checker.rules.rule import RULES, Rule

MODULES = (weights, accuracy, layers, training)

__all__ = ["MODULES", "RULES", "Rule"]
