"""What a notebook shows, read as text: which network it trained, as source to be recorded, and the accuracies that its
saved outputs claim. Nothing here runs a line of it."""

from checker.notebook.accuracies import Accuracy
from checker.notebook.epochs import Epoch, EpochRun, PrintedCount
from checker.notebook.normalization import ShownNormalization
from checker.notebook.notebook import Network, Note, Notebook, Run, read_notebook
from checker.notebook.slicing import Line

__all__ = [
    "Accuracy",
    "Epoch",
    "EpochRun",
    "Line",
    "Network",
    "Note",
    "Notebook",
    "PrintedCount",
    "Run",
    "ShownNormalization",
    "read_notebook",
]
