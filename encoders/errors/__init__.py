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


class InvalidNetworkError(TaskgraphError, ValueError):
    """Pictures, an output or a layer that a network cannot be built for or applied to."""


class InvalidLossInputError(TaskgraphError, ValueError):
    """A prediction, target, mask or setting that a loss cannot be computed from."""


class MissingPackageError(TaskgraphError, ImportError):
    """A name, command or network of an optional package that is not installed."""


class StorageError(TaskgraphError, OSError):
    """A folder or file that cannot be written: a full disk, a missing right, a file in the way."""


class WorkerDiedError(TaskgraphError, RuntimeError):
    """A worker process was ended from outside, such as for want of memory."""
