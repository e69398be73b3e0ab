"""What a notebook shows, read as text: which network it trained, as source to be recorded, and the accuracies that its
saved outputs claim. Nothing here runs a line of it."""

from checker.notebook.notebook import Network, Note, Notebook, Run, read_notebook

__all__ = ["Network", "Note", "Notebook", "Run", "read_notebook"]
