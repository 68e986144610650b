"""The exceptions of `encoders`; each is a subclass of `taskgraph.errors.TaskgraphError`."""

from taskgraph.errors import TaskgraphError


class InvalidDataError(TaskgraphError, ValueError):
    """A file of a data set or a bank is missing, truncated, or not as its format prescribes."""


class InvalidSceneError(TaskgraphError, ValueError):
    """A size, count, seed or name of which no scene can be made."""


class UnknownNameError(TaskgraphError, ValueError):
    """The name of a task, domain, class of furniture or type of room does not exist."""


class TrainingError(TaskgraphError, RuntimeError):
    """Training cannot continue: the loss is not finite, or the folder is of another run."""


class DivergedError(TrainingError):
    """A loss of a training is no longer finite."""


class InvalidNetworkError(TaskgraphError, ValueError):
    """A network cannot be built for an output or layer, or applied to some pictures."""


class InvalidLossInputError(TaskgraphError, ValueError):
    """A loss cannot be computed from a prediction, target, mask or setting."""


class MissingPackageError(TaskgraphError, ImportError):
    """A name, command or network needs an optional package that is not installed."""


class StorageError(TaskgraphError, OSError):
    """A file cannot be written: the disk is full, or the folder is not writable or is a file."""


class WorkerDiedError(TaskgraphError, RuntimeError):
    """A worker process was killed from outside, for example because memory ran out."""
