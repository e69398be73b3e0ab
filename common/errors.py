"""Mistakes that a person can make and correct: one type each, with one sentence.

A `main()` prints the sentence and returns 2; every other exception is a defect and may crash loudly.
"""


class UserError(Exception):
    """One sentence that says what is wrong, and what to do about it."""


class DataError(UserError):
    """The data set is missing, incomplete or damaged."""


class DeviceError(UserError):
    """The device that was asked for is not there."""


class FileError(UserError):
    """A file can't be written."""


class PackageError(UserError):
    """A package is missing that only some options need."""


class ProcessError(UserError):
    """Another of the processes that train together is gone."""


class RunError(UserError):
    """A run folder can't be written, resumed or started."""


class DivergedError(UserError):
    """The training loss is no longer a finite number."""
