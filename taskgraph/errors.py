"""Everything that taskgraph raises on purpose: one hierarchy, each class also a standard error."""


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
