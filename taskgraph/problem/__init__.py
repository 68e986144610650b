"""The problem to solve: budget, roles, costs, importances and the objective."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import TypedDict

import numpy as np

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidProblemError, InvalidTableError, UnknownTaskError
from taskgraph.frames.spelling import how_to_quote
from taskgraph.tasks import join_sources, require_known, task_name
from taskgraph.tasks.aliases import name_in
from taskgraph.transfers import Transfers

LOG_FLOOR = 1e-5
"""The objective ``log`` raises smaller affinities to this value."""

TASK_LISTS = ("source_only", "target_only", "exclude", "require")
"""Fields of `Problem` that list tasks."""

TASK_WEIGHTS = ("importance", "label_cost", "transfer_cost")
"""Fields of `Problem` that map tasks to numbers."""


@dataclass(frozen=True)
class Objective:
    """A column of the table of transfers and its transform; importance is applied afterwards.

    ``needs`` says what a target's measurements must hold, for messages about one that lacks it.
    """

    column: str
    transform: Callable[[Floats], Floats]
    needs: str = ""


def _identity(values: Floats) -> Floats:
    return values


def _floored_log(values: Floats) -> Floats:
    return np.log(np.maximum(values, LOG_FLOOR))


OBJECTIVES: dict[str, Objective] = {
    "sqrt": Objective("affinity", np.sqrt),
    "linear": Objective("affinity", _identity),
    "log": Objective("affinity", _floored_log),
    "gain": Objective("gain", _identity, 'losses of "scratch"'),
    "quality": Objective("quality", _identity, 'losses of "self"'),
    "closed": Objective(
        "closed",
        _identity,
        'losses of "scratch" and of "self", of which "self" has the smaller mean',
    ),
}
"""The default, ``sqrt`` of the affinity, reproduces every cell of the paper's Fig. 9 from the
published tables; the plain sum that the paper prints (``linear``) does not. ``log`` is the
logarithm of affinities of at least 1e-5. ``gain`` and ``quality`` are the win rates.
``closed`` is the share of the loss between ``scratch`` and ``self`` that a transfer closes."""


class ProblemFields(TypedDict, total=False):
    """The fields of `Problem` as keyword arguments of `solve` and similar functions."""

    budget: float
    max_order: int
    objective: str
    source_only: Iterable[str]
    target_only: Iterable[str]
    exclude: Iterable[str]
    require: Iterable[str]
    importance: Mapping[str, float]
    label_cost: Mapping[str, float]
    transfer_cost: Mapping[str, float]
    default_label_cost: float | None
    supervised_may_transfer: bool


@dataclass(frozen=True)
class Problem:
    """A supervision budget, and the roles, costs and importances of the tasks.

    Parameters
    ----------
    budget : float
        Most that may be spent on label costs and transfer costs together; at least 0.
    max_order : int
        Most sources that one transfer may have; at least 1.
    objective : str
        A key of `OBJECTIVES`: ``sqrt``, ``linear``, ``log``, ``gain``, ``quality`` or ``closed``.
    source_only, target_only, exclude : names
        Tasks that need not be solved; tasks that cannot be supervised; tasks that are ignored.
        A task to which the table has no transfer is source-only in any case.
    require : names
        Tasks that must be supervised.
    importance : mapping of names to floats, at least 0, default 1
        Weight of a target in the objective.
    label_cost, transfer_cost : mappings of names to floats, at least 0, default 1 and 0
        Cost of supervising a task; cost of training a transfer to a target.
    default_label_cost : float, at least 0, optional
        Cost of supervising a task that is not in ``label_cost``; 1 by default.
    supervised_may_transfer : bool
        Whether a supervised target may keep a transfer that is better than its own network.
    places : mapping
        Where a file names a task, by (field, task), such as ``problem.toml: [tasks.depth]: role``.
        It is only for error messages, which name the flag of the field otherwise.

    Raises
    ------
    InvalidProblemError
        If a value is out of range or two roles of one task contradict each other.
    """

    budget: float = 6.0
    max_order: int = 5
    objective: str = "sqrt"
    source_only: tuple[str, ...] = ()
    target_only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    importance: Mapping[str, float] = field(default_factory=dict)
    label_cost: Mapping[str, float] = field(default_factory=dict)
    transfer_cost: Mapping[str, float] = field(default_factory=dict)
    default_label_cost: float | None = None
    supervised_may_transfer: bool = False
    places: Mapping[tuple[str, str], str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in TASK_LISTS:
            names = getattr(self, name)
            names = (names,) if isinstance(names, str) else names
            object.__setattr__(self, name, tuple(dict.fromkeys(map(_table_name, names))))
        object.__setattr__(self, "budget", _at_least_zero("budget", self.budget))
        integral = isinstance(self.max_order, Integral) and not isinstance(self.max_order, bool)
        if not integral or self.max_order < 1:
            raise InvalidProblemError(
                f"max_order is {self.max_order}, expected a whole number of at least 1"
            )
        if not isinstance(self.objective, str) or self.objective not in OBJECTIVES:
            raise InvalidProblemError(
                f'the objective is "{self.objective}", expected one of {", ".join(OBJECTIVES)}'
            )
        for name in TASK_WEIGHTS:
            weights = {
                _table_name(task): _at_least_zero(f'{name} of "{task}"', value)
                for task, value in getattr(self, name).items()
            }
            if len(weights) < len(getattr(self, name)):
                raise InvalidProblemError(f"{name} names a task twice: {getattr(self, name)}")
            object.__setattr__(self, name, weights)
        if self.default_label_cost is not None:
            default = _at_least_zero("default_label_cost", self.default_label_cost)
            object.__setattr__(self, "default_label_cost", default)
        check_flag("supervised_may_transfer", self.supervised_may_transfer)
        places = {(key, _table_name(task)): place for (key, task), place in self.places.items()}
        object.__setattr__(self, "places", places)
        self._check_roles()

    def _check_roles(self) -> None:
        """Raise if a task has two roles that contradict each other."""
        roles = {"source_only": "source-only", "target_only": "target-only", "exclude": "excluded"}
        seen: dict[str, str] = {}
        for attribute, word in roles.items():
            for task in getattr(self, attribute):
                if seen.setdefault(task, word) != word:
                    raise InvalidProblemError(
                        f'"{task}" is both {seen[task]} and {word}; a task has one role'
                    )
        for task in self.require:
            if seen.get(task) in ("target-only", "excluded"):
                raise InvalidProblemError(
                    f'"{task}" is required to be supervised, yet it is {seen[task]}'
                )

    def with_table_names(self, transfers: Transfers) -> Problem:
        """Return the same problem with the names of a table, such as rgb2sfnorm for normals.

        If one task has several weights, the last one is used. Unknown names are kept;
        `check_names` raises an error for them.
        """
        tasks = frozenset(transfers.tasks)
        lists = {
            attribute: tuple(name_in(name, tasks) for name in getattr(self, attribute))
            for attribute in TASK_LISTS
        }
        weights = {
            attribute: {name_in(name, tasks): w for name, w in getattr(self, attribute).items()}
            for attribute in TASK_WEIGHTS
        }
        return replace(self, **lists, **weights)  # type: ignore[arg-type]

    def label_cost_of(self, task: str) -> float:
        """Return the cost of supervising a task."""
        default = 1.0 if self.default_label_cost is None else self.default_label_cost
        return self.label_cost.get(task, default)

    def supervisable(self, transfers: Transfers) -> tuple[str, ...]:
        """Return the tasks of a table that may be supervised, sorted."""
        barred = {*self.exclude, *self.target_only}
        return tuple(task for task in transfers.tasks if task not in barred)

    def check_names(self, transfers: Transfers) -> None:
        """Raise `UnknownTaskError`, which names the flag or file, if the table lacks a task."""
        for attribute in (*TASK_LISTS, *TASK_WEIGHTS):
            flag, names = f"--{attribute.replace('_', '-')}", getattr(self, attribute)
            for name in names:
                where = self.places.get((attribute, name), flag)
                _check_joined(name, transfers, where)
                require_known([name], transfers.tasks, where=where, given=names)


def _check_joined(name: str, transfers: Transfers, where: str) -> None:
    """Raise if the table has a name only as a set of sources joined by ``+``."""
    parts = [part.strip() for part in name.split("+")]
    if len(parts) < 2 or name in transfers.tasks:
        return
    if (transfers.frame["sources"] == join_sources(parts)).any():
        raise UnknownTaskError(
            f'{where}: "{name}" is no task of the table, which holds it as the set of the sources '
            f"{' and '.join(parts)}; if it is one task, in the table {how_to_quote(name)}"
        )


def _table_name(name: str) -> str:
    """Return a name as tables have it: normalized and without quotes around it."""
    if not isinstance(name, str):
        raise InvalidProblemError(f"a task is named {name!r}, expected text")
    try:
        return task_name(name)
    except InvalidTableError as error:
        raise InvalidProblemError(str(error)) from None


def make_problem(
    problem: Problem | None, fields: ProblemFields, transfers: Transfers | None = None
) -> Problem:
    """Return ``problem``, or the default one, with some fields replaced.

    With ``transfers``, tasks get the names of that table (`Problem.with_table_names`).
    """
    made = replace(problem, **fields) if problem else Problem(**fields)  # type: ignore[arg-type]
    return made.with_table_names(transfers) if isinstance(transfers, Transfers) else made


def check_flag(name: str, value: object) -> None:
    """Raise unless a value is true or false; text such as "no" would count as true."""
    if not isinstance(value, bool):
        raise InvalidProblemError(f'{name} is "{value}", expected true or false')


def _at_least_zero(name: str, value: object) -> float:
    """Read a finite number of at least 0; ``name`` is for the message."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool | str) or not math.isfinite(number) or number < 0:
        raise InvalidProblemError(f"{name} is {value}, expected a finite number of at least 0")
    return number
