"""What `encoders` raises on purpose; each class also belongs to taskgraph's one hierarchy."""

from taskgraph.errors import TaskgraphError


class InvalidDataError(TaskgraphError, ValueError):
    """A file of a data set is missing, cut off, or does not hold what its format promises."""


class InvalidSceneError(TaskgraphError, ValueError):
    """A size, count, seed or name from which no scene can be made."""


class UnknownNameError(TaskgraphError, ValueError):
    """A task, domain, furniture class or room type that nothing is registered under."""


class TrainingError(TaskgraphError, RuntimeError):
    """Training cannot go on: the loss is not a number, or the folder is of another run."""
