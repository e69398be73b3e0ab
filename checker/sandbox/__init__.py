"""A stranger's Python, run where it can do no harm: it is asked questions, and what it answers is data, to be
distrusted.

Start with `run` (one submission, several tasks, their answers). `isolation` says what the two ways of running protect
from.
"""
