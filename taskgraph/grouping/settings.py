"""The problem of task grouping: budget, tasks, importances, and which networks may be bought."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypedDict

from taskgraph.errors import InvalidProblemError
from taskgraph.grouping.networks import Networks, check_tasks
from taskgraph.tasks.aliases import name_in


class GroupingFields(TypedDict, total=False):
    """The fields of `GroupingProblem` as keyword arguments of `solve_groups` and the like."""

    budget: float
    tasks: Iterable[str]
    importance: Mapping[str, float]
    exclude: Iterable[str]
    require: Iterable[str]
    cost: Mapping[str, float]
    disjoint: bool


@dataclass(frozen=True)
class GroupingProblem:
    """The tasks to solve, the budget and the candidate networks.

    Parameters
    ----------
    budget : float
        Most that the bought networks may cost together; at least 0.
    tasks : names
        The tasks to solve; by default all of the table. A network may have been trained on others.
    importance : mapping of tasks to floats, at least 0, default 1
        Weight of a task in the objective.
    exclude, require : names of networks
        Networks that must not be, and that must be, bought.
    cost : mapping of networks to floats, at least 0
        Costs that replace those of the table.
    disjoint : bool
        Whether no task may be in two bought networks, so that each network serves all of its
        tasks. By default a network need not serve a task on which it was trained.

    Raises
    ------
    InvalidProblemError
        If a number is out of range, or a network is both excluded and required.
    """

    budget: float
    tasks: tuple[str, ...] = ()
    importance: Mapping[str, float] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)
    disjoint: bool = False

    def __post_init__(self) -> None:
        """Check the numbers, and make tuples of the names."""
        for name in ("tasks", "exclude", "require"):
            names = getattr(self, name)
            names = (names,) if isinstance(names, str) else names
            object.__setattr__(self, name, tuple(dict.fromkeys(names)))
        _check_amount("budget", self.budget)
        for task, weight in self.importance.items():
            _check_amount(f'importance of "{task}"', weight)
        for network, cost in self.cost.items():
            _check_amount(f'cost of "{network}"', cost)
        if not isinstance(self.disjoint, bool):
            raise InvalidProblemError(f'disjoint is "{self.disjoint}", expected true or false')

    def with_table_names(self, networks: Networks) -> GroupingProblem:
        """Return the problem with the names of a table, after a check that the table has them.

        Raises
        ------
        UnknownTaskError
            If the table lacks a task or a network; the message suggests similar names.
        InvalidProblemError
            If a network is both excluded and required, or an important task is not to be solved.
        """
        tasks = tuple(name_in(name, networks.tasks) for name in self.tasks)
        importance = {name_in(k, networks.tasks): float(w) for k, w in self.importance.items()}
        check_tasks(tasks, networks, where="--tasks")
        check_tasks(importance, networks, where="--importance")
        tasks = tasks or networks.tasks
        useless = next((name for name in importance if name not in tasks), None)
        if useless is not None:
            raise InvalidProblemError(
                f'--importance names the task "{useless}", which --tasks leaves out; add it there'
            )
        exclude, require = (
            tuple(networks.network_name(name, where=flag) for name in names)
            for flag, names in (("--exclude", self.exclude), ("--require", self.require))
        )
        both = next((name for name in require if name in exclude), None)
        if both is not None:
            raise InvalidProblemError(f'the network "{both}" is both excluded and required')
        return replace(self, tasks=tasks, importance=importance, exclude=exclude, require=require)


def _check_amount(what: str, value: object) -> None:
    """Raise unless a value is a finite number of at least 0."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or number < 0:
        raise InvalidProblemError(f"the {what} is {value}, expected a finite number of at least 0")
