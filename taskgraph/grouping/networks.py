"""The candidates of task grouping: networks, each trained on some tasks at some cost."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from taskgraph.arrays import Floats
from taskgraph.errors import InvalidProblemError, InvalidTableError, UnknownTaskError
from taskgraph.grouping.image_losses import ImageLosses
from taskgraph.tasks import join_sources, parse_sources, require_known, some_names
from taskgraph.tasks.aliases import near_names


@dataclass(frozen=True)
class Network:
    """A network that was trained on several tasks together.

    Attributes
    ----------
    name : str
    tasks : names, sorted
        The tasks that it was trained on.
    cost : float
        What the network costs, in the unit of the budget; at least 0.
    """

    name: str
    tasks: tuple[str, ...]
    cost: float


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks that can be bought, and how well each solves its tasks.

    Parameters
    ----------
    names : N names, all different
    tasks : T names, all different
    values : (N, T) floats
        Loss (smaller is better) or gain (larger is better) of each network on each task, in any
        unit; NaN where the network was not trained on the task.
    cost : (N,) floats, at least 0
        In the unit of the budget.
    measure : str
        What the values are, such as ``loss``, ``gain`` or ``accuracy``.
    higher_is_better : bool
        Whether larger values are better.
    estimate : str
        How the values were estimated, in a sentence for the output; empty if they were measured.
    images : ImageLosses, optional
        The values image by image, where they were measured so; ``values`` are their means.

    Raises
    ------
    InvalidTableError
        If there is no network, a name repeats, a shape is wrong, a value or a cost is not finite,
        a cost is negative, a network has no task, or a task has no network.
    """

    names: tuple[str, ...]
    tasks: tuple[str, ...]
    values: Floats
    cost: Floats
    measure: str = "loss"
    higher_is_better: bool = False
    estimate: str = ""
    images: ImageLosses | None = None

    def __post_init__(self) -> None:
        """Check everything, and sort networks and tasks by name."""
        names, tasks = tuple(self.names), tuple(self.tasks)
        values = np.array(self.values, dtype=np.float64)
        cost = np.array(self.cost, dtype=np.float64)
        for what, known in (("network", names), ("task", tasks)):
            if not known:
                raise InvalidTableError(f"the table holds no {what}, expected at least one")
            if len(set(known)) < len(known):
                twice = next(name for name in known if known.count(name) > 1)
                raise InvalidTableError(f'the {what} "{twice}" is there twice; keep one of them')
        _check_shape("values", values.shape, (len(names), len(tasks)))
        _check_shape("costs", cost.shape, (len(names),))
        by_name, by_task = np.argsort(names, kind="stable"), np.argsort(tasks, kind="stable")
        object.__setattr__(self, "names", tuple(names[k] for k in by_name))
        object.__setattr__(self, "tasks", tuple(tasks[k] for k in by_task))
        object.__setattr__(self, "values", values[np.ix_(by_name, by_task)])
        object.__setattr__(self, "cost", cost[by_name])
        self._check_numbers()

    def _check_numbers(self) -> None:
        """Raise unless values and costs are numbers, and networks and tasks have each other."""
        for name, cost in zip(self.names, self.cost.tolist(), strict=True):
            if not math.isfinite(cost) or cost < 0:
                raise InvalidTableError(
                    f'the cost of the network "{name}" is {cost:g}, expected a finite number of '
                    "at least 0"
                )
        if np.isinf(self.values).any():
            network, task = np.argwhere(np.isinf(self.values))[0].tolist()
            raise InvalidTableError(
                f'the {self.measure} of the network "{self.names[network]}" on '
                f'"{self.tasks[task]}" is {self.values[network, task]}, expected a finite number'
            )
        trained = ~np.isnan(self.values)
        if not trained.any(axis=1).all():
            name = self.names[int(np.argmin(trained.any(axis=1)))]
            raise InvalidTableError(
                f'the network "{name}" has no task: all of its values are empty; leave it out'
            )
        if not trained.any(axis=0).all():
            name = self.tasks[int(np.argmin(trained.any(axis=0)))]
            raise InvalidTableError(
                f'no network was trained on the task "{name}": all of its values are empty; leave '
                "the task out of the table, or add a network that solves it"
            )

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, name: str) -> Network:
        """Return one network by its name."""
        if name not in self.names:
            raise KeyError(name)
        index = self.names.index(name)
        trained = ~np.isnan(self.values[index])
        tasks = tuple(t for t, inside in zip(self.tasks, trained.tolist(), strict=True) if inside)
        return Network(name, tasks, float(self.cost[index]))

    def value(self, network: str, task: str) -> float:
        """Return the loss or gain of a network on a task; NaN if it was not trained on it."""
        return float(self.values[self.names.index(network), self.tasks.index(task)])

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each network and task that it was trained on.

        Returns
        -------
        DataFrame
            ``network, task``, the value under ``loss`` or ``gain``, and ``cost``. `read_networks`
            reads it back from a file.
        """
        network, task = np.nonzero(~np.isnan(self.values))
        return pd.DataFrame(
            {
                "network": np.array(self.names, dtype=object)[network],
                "task": np.array(self.tasks, dtype=object)[task],
                "gain" if self.higher_is_better else "loss": self.values[network, task],
                "cost": self.cost[network],
            }
        )

    def network_name(self, text: str, *, where: str) -> str:
        """Return the name of the network that a user means.

        The tasks of a name such as ``a+b`` may be in any order.

        Raises
        ------
        UnknownTaskError
            If there is no such network; the message has similar names, and begins with ``where``.
        """
        if text in self.names:
            return text
        try:
            ordered = join_sources(parse_sources(text))
        except InvalidTableError:
            ordered = text
        if ordered in self.names:
            return ordered
        near = near_names(text, self.names)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {some_names(self.names)}"
        raise UnknownTaskError(f'{where}: the table has no network "{text}"; {hint}')

    def with_costs(self, cost: Mapping[str, float]) -> Networks:
        """Return the same table, in which the networks in ``cost`` have these costs.

        Raises
        ------
        UnknownTaskError, InvalidProblemError
            If there is no such network, or a cost is not a finite number of at least 0.
        """
        changed = self.cost.copy()
        for text, number in cost.items():
            name = self.network_name(text, where="--cost")
            if not math.isfinite(number) or number < 0:
                raise InvalidProblemError(
                    f'the cost of "{text}" is {number}, expected a finite number of at least 0'
                )
            changed[self.names.index(name)] = number
        return replace(self, cost=changed)


def check_tasks(names: Collection[str], networks: Networks, *, where: str) -> None:
    """Raise `UnknownTaskError`, which names ``where``, if no network has a task."""
    require_known(names, networks.tasks, where=where)


def _check_shape(what: str, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if shape != expected:
        raise InvalidTableError(
            f"the {what} have the shape {shape}, expected {expected}: one row a network"
            + (" and one column a task" if len(expected) > 1 else "")
        )
