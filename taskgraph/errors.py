"""The errors of taskgraph: one hierarchy, in which each class is also a standard error."""

import errno
import os


class TaskgraphError(Exception):
    """Base class of all errors that carry advice for the user; the CLI prints them in one line."""


class InvalidTableError(TaskgraphError, ValueError):
    """A table, file or array does not have its format."""


class InvalidWinsError(InvalidTableError):
    """A win-rate matrix is not square, out of range, or its opposite entries do not sum to one."""


class InvalidProblemError(TaskgraphError, ValueError):
    """A budget, role, cost, importance or objective cannot be used with this table."""


class UnknownTaskError(InvalidProblemError):
    """The table has no task of this name; the message suggests similar names."""


class ConvergenceError(TaskgraphError, ArithmeticError):
    """An iteration did not converge, or its numbers left the range of double precision."""


class SolverError(TaskgraphError, RuntimeError):
    """The external solver is missing, failed, or returned an invalid solution."""


class InfeasibleError(TaskgraphError, ValueError):
    """The program has no solution, and the function needs one."""


REMEDIES = {
    errno.ENOSPC: "free some space, or write to another disk",
    errno.EDQUOT: "free some space, or write to another disk",
    errno.EFBIG: "raise the limit on the size of files (`ulimit -f`), or write less",
    errno.EROFS: "choose a folder that can be written to",
    errno.EACCES: "choose another place, or change the permissions of this one",
    errno.EPERM: "choose another place, or change the permissions of this one",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "the symbolic link leads back to itself; remove it",
    errno.EMFILE: "close some files, or raise the limit (`ulimit -n`)",
    errno.ENOENT: "check the spelling, or make its folder first",
    errno.ENOTDIR: "a part of this path is a file, not a folder",
}
"""Advice for errors of the operating system, by their numbers."""


def describe_os_error(error: OSError) -> str:
    """Return the message of the operating system, with advice where there is some."""
    said = str(error) if error.errno is None else os.strerror(error.errno)
    remedy = REMEDIES.get(error.errno or 0)
    return said if remedy is None else f"{said}; {remedy}"
