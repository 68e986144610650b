"""The configurations of one measured transfer and of a sweep."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from encoders.bank.pretrained import SUFFIX, Form, form_of
from encoders.errors import InvalidDataError, TrainingError, UnknownNameError
from encoders.networks.source_spec import ExternalSource
from encoders.tasks import TASKS, Task
from encoders.tasks.own import find_task, split_own
from encoders.training.config import FitConfig
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.pruning import Halving
from encoders.transfer.readouts import READOUTS
from taskgraph.tasks import AVERAGE, SCRATCH


@dataclass(frozen=True)
class ScratchConfig:
    """How every reference ``scratch`` of a sweep is trained, where not as the read-outs are.

    A whole network from random weights may need another learning rate and more epochs than a small
    read-out. There is one configuration for all targets, so that it cannot be tuned to one of them.

    Attributes
    ----------
    epochs : int, optional
        Most passes over the training data.
    learning_rate : float, optional
        Largest learning rate.
    """

    epochs: int | None = None
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        if self.epochs is not None and self.epochs < 1:
            raise TrainingError(f"scratch has {self.epochs} epochs, expected at least 1")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise TrainingError(
                f"the learning rate of scratch is {self.learning_rate}, expected one above 0"
            )

    def applied(self, fit: FitConfig) -> FitConfig:
        """Return a configuration of read-outs with these values in place of its own."""
        own = {name: value for name, value in vars(self).items() if value is not None}
        return replace(fit, **own)


@dataclass(frozen=True)
class TransferConfig:
    """Configuration of the measurement of a transfer.

    Attributes
    ----------
    bank : str
        Folder of the trained encoders.
    pool : TransferDataConfig
        The images that are used.
    fit : FitConfig
        How read-outs are trained.
    preset : str
        Size of the read-outs and of ``scratch``. It and the size of the pictures must be those of
        the bank; `of_bank` sets both.
    scratch : ScratchConfig, optional
        How ``scratch`` is trained; by default as read-outs are.
    external : tuple of ExternalSource
        Encoders from elsewhere, which are sources by their names.
    """

    bank: str
    pool: TransferDataConfig
    fit: FitConfig = field(default_factory=lambda: FitConfig(epochs=4, batch=8))
    preset: str = "tiny"
    scratch: ScratchConfig | None = None
    external: tuple[ExternalSource, ...] = ()

    def fit_of(self, sources: Sequence[str]) -> FitConfig:
        """Return how the network of some sources, or of a reference, is trained."""
        if tuple(sources) == (AVERAGE,):
            return self.fit.of_constant()
        if tuple(sources) == (SCRATCH,) and self.scratch:
            return self.scratch.applied(self.fit)
        return self.fit

    def with_seed(self, seed: int) -> TransferConfig:
        """Return the same configuration with another seed of first weights, order and dropout."""
        return replace(self, fit=replace(self.fit, seed=seed))

    @property
    def external_names(self) -> tuple[str, ...]:
        """Return the names of the sources that are not of the bank."""
        return tuple(source.name for source in self.external)

    def record(self) -> dict[str, Any]:
        """Return the values that ``config.json`` holds, by their keys."""
        record = {
            "bank": self.bank,
            "pool": self.pool.record(),
            "fit": dataclasses.asdict(self.fit),
            "preset": self.preset,
            "scratch": self.scratch and dataclasses.asdict(self.scratch),
        }
        if self.external:
            record["external"] = {source.name: source.record() for source in self.external}
        return record

    def of_bank(self, names: Sequence[str]) -> TransferConfig:
        """Return the configuration with the preset and picture size of some of the bank's networks.

        Raises
        ------
        InvalidDataError
            If these networks differ in preset or size, or the bank lacks one of them.
        """
        form = form_of(self.bank, [name for name in names if name not in self.external_names])
        return replace(self, preset=form.preset, pool=replace(self.pool, size=form.size))

    def check(self, names: Sequence[str]) -> None:
        """Raise if the preset or picture size is not that of some of the bank's networks.

        Raises
        ------
        InvalidDataError
            As for `of_bank`, or if the networks' preset or size differs from this one's.
        """
        form, own_form = form_of(self.bank, names), Form(self.preset, self.pool.size)
        if form != own_form:
            raise InvalidDataError(
                f"the networks of {self.bank} are of {form}, and the transfers of {own_form}; take "
                "both from the bank: TransferConfig(...).of_bank(names)"
            )


def check_external(external: Sequence[ExternalSource], names: Sequence[str]) -> None:
    """Raise unless the names of external sources differ from each other and from others.

    Raises
    ------
    InvalidDataError
        If a name is taken.
    """
    taken = list(names)
    for source in external:
        if source.name in taken:
            raise InvalidDataError(
                f'the external source "{source.name}" has the name of another source or target; '
                f"write another name before its = sign"
            )
        taken.append(source.name)


@dataclass(frozen=True)
class SweepConfig:
    """Configuration of a sweep: which transfers are measured, and how.

    Attributes
    ----------
    transfer : TransferConfig
        Configuration of every transfer.
    targets : tuple of str
        Names of tasks of the dictionary or of ``transfer.pool.own``. A `Task` of one's own may be
        given instead of a name; it is added to ``transfer.pool.own``.
    sources : tuple of str
        Names of networks of the bank and of ``transfer.external``. An `ExternalSource` may be given
        instead of a name; it is added to ``transfer.external``.
    max_order : int
        Number of sources in the largest set.
    candidates : str
        The rule that chooses sets of two or more sources, by its name in
        `encoders.transfer.candidates.CANDIDATES`.
    readout : str
        The kind of read-outs, by its name in `encoders.transfer.readouts.READOUTS`.
    screen : int
        For trained read-outs: number of sets of each order that are measured too because they are
        the best by ridge regression.
    allow_overlap : bool
        Whether validation and test may use buildings that the encoders were trained on.
    pruning : Halving, optional
        Which trained read-outs stop early; None: all of them are trained to their end.
    """

    transfer: TransferConfig
    targets: tuple[str, ...]
    sources: tuple[str, ...]
    max_order: int = 5
    candidates: str = "best5"
    readout: str = "trained"
    screen: int = 0
    allow_overlap: bool = False
    pruning: Halving | None = None

    def __post_init__(self) -> None:
        if self.readout not in READOUTS:
            raise UnknownNameError(f'readout is "{self.readout}", expected {" or ".join(READOUTS)}')
        if self.pruning and self.readout != "trained":
            raise TrainingError(
                f"pruning stops the training of read-outs early, and those of kind "
                f'"{self.readout}" are not trained; leave --pruning out'
            )
        targets, own = split_own(self.targets)
        new = [source for source in self.sources if isinstance(source, ExternalSource)]
        external = (*self.transfer.external, *new)
        sources = [getattr(source, "name", source) for source in self.sources]
        of_bank = Counter(sources) - Counter(source.name for source in external)
        check_external(external, [*targets, *of_bank])
        if own or new:
            pool = self.transfer.pool.with_own(own)
            transfer = replace(self.transfer, pool=pool, external=external)
            object.__setattr__(self, "transfer", transfer)
            object.__setattr__(self, "targets", tuple(targets))
            object.__setattr__(self, "sources", tuple(sources))

    def record(self) -> dict[str, Any]:
        """Return the values that ``config.json`` holds, by their keys."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        pruning = self.pruning and dataclasses.asdict(self.pruning)
        return {**own, "transfer": self.transfer.record(), "pruning": pruning}


def resolve_tasks(
    bank: str,
    targets: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
    *,
    own: Sequence[Task] = (),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the dictionary's names of targets and sources; by default all tasks of the bank.

    ``own`` has the tasks that are not of the dictionary. A network that the bank has of such a task
    is a source even without its task: only targets need labels.

    Raises
    ------
    UnknownNameError
        If a name is neither that of a task nor, for a source, that of a network of the bank.
    InvalidDataError
        If a target can only be a source.
    """
    known = [*TASKS, *(task.name for task in own)]
    networks = sorted(file.name.removesuffix(SUFFIX) for file in Path(bank).glob("*" + SUFFIX))
    of_bank = [name for name in known if name in networks]
    others = [name for name in networks if name not in known]
    target_names = [find_task(name, own).name for name in targets] or [
        name for name in of_bank if not find_task(name, own).source_only
    ]
    for name in target_names:
        if find_task(name, own).source_only:
            raise InvalidDataError(f"{name} can only be a source, not a target; leave it out")
    source_names = [name if name in others else find_task(name, own).name for name in sources] or [
        *of_bank,
        *others,
    ]
    return tuple(dict.fromkeys(target_names)), tuple(dict.fromkeys(source_names))
