"""Everything that taskgraph raises on purpose: one hierarchy, each class also a standard error."""

import errno
import os


class TaskgraphError(Exception):
    """Base of all errors that carry advice for the user; the CLI prints them as one line."""


class InvalidTableError(TaskgraphError, ValueError):
    """A table, file or array does not hold what its format promises."""


class InvalidWinsError(InvalidTableError):
    """A win-rate matrix is not square, out of range, or its opposite entries do not sum to one."""


class InvalidProblemError(TaskgraphError, ValueError):
    """A budget, role, cost, importance or objective cannot be used with this table."""


class UnknownTaskError(InvalidProblemError):
    """A name that the table does not have; the message suggests near ones."""


class ConvergenceError(TaskgraphError, ArithmeticError):
    """An iteration did not settle, or its numbers left the range of double precision."""


class SolverError(TaskgraphError, RuntimeError):
    """The external solver is missing, failed, or returned a solution that does not check."""


class InfeasibleError(TaskgraphError, ValueError):
    """Something that needs a taxonomy was asked for a program that has none."""


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
"""What mends an error of the operating system, by its number."""


def describe_os_error(error: OSError) -> str:
    """Say what the operating system refused, and what would help if that is known."""
    said = str(error) if error.errno is None else os.strerror(error.errno)
    remedy = REMEDIES.get(error.errno or 0)
    return said if remedy is None else f"{said}; {remedy}"
