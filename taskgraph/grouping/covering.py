"""Task grouping as the boolean program of `taskgraph.program`.

For bought networks y and the network x that serves a task,

    optimize    sum_{t,n} importance_t value_{n,t} x_{n,t}
    subject to  sum_n x_{n,t} = 1          for every task t
                x_{n,t} <= y_n             for every task t and network n trained on it
                sum_n cost_n y_n <= budget
                sum_{n trained on t} y_n <= 1     for every task t, only if ``disjoint``

This is the program of `taskgraph.solve` in which sources are networks and every transfer has one
source. Losses become values by a change of sign. (Standley et al., ICML 2020, Sec. 4.4, solve it by
a branch and bound of their own.)
"""

from __future__ import annotations

import numpy as np

from taskgraph.arrays import Booleans, Floats
from taskgraph.errors import InvalidProblemError
from taskgraph.grouping.networks import Networks
from taskgraph.grouping.settings import GroupingProblem
from taskgraph.program import TOLERANCE, Program


def covering_program(
    networks: Networks, problem: GroupingProblem, *, beaten: bool = False
) -> Program:
    """Return a table of networks and a problem, which has the table's names, as a program.

    Networks that another one beats on all of their tasks, at no larger cost, are in no optimum.
    They have no edges unless ``beaten`` is true, they are required, or networks must be disjoint.
    """
    tasks = tuple(sorted(problem.tasks))
    columns = [networks.tasks.index(task) for task in tasks]
    weight = np.array([problem.importance.get(task, 1.0) for task in tasks])
    sign = 1.0 if networks.higher_is_better else -1.0
    with np.errstate(over="ignore"):
        worth = sign * networks.values[:, columns] * weight  # N, T
        total = float(np.nansum(np.abs(worth)) + networks.cost.sum())
    if not np.isfinite(total):
        raise InvalidProblemError(
            "the values times their importances, or the costs, add up to more than a float can "
            "hold; give them in a larger unit"
        )
    banned = np.array([name in problem.exclude for name in networks.names], dtype=bool)
    required = np.array([name in problem.require for name in networks.names], dtype=bool)
    offered = worth
    if not (beaten or problem.disjoint):  # a worse network may have fewer tasks, so fewer conflicts
        lost = banned | (_beaten(worth, networks.cost, banned) & ~required)
        offered = np.where(lost[:, None], np.nan, worth)
    task, network = np.nonzero(~np.isnan(offered.T))
    return Program(
        sources=networks.names,
        targets=tasks,
        label_cost=networks.cost,
        transfer_cost=np.zeros(len(tasks)),
        budget=float(problem.budget),
        required=required,
        banned=banned,
        self_source=np.full(len(tasks), -1),
        self_value=np.zeros(len(tasks)),
        edge_target=task.astype(np.int64),
        edge_sources=network.astype(np.int64)[:, None],
        edge_value=offered[network, task],
        edge_row=np.arange(len(task)),
        conflicts=_conflicts(~np.isnan(worth)) if problem.disjoint else (),
    )


def _conflicts(trained: Booleans) -> tuple[tuple[int, ...], ...]:
    """Return, for each task, the networks of which at most one may be bought."""
    return tuple(tuple(np.flatnonzero(column).tolist()) for column in trained.T)


def _beaten(worth: Floats, cost: Floats, banned: Booleans) -> Booleans:
    """(N,) array: which networks some other one beats on every task, at no larger cost.

    Such a network is in no optimum, and in no tie of one: with the other one in its place the
    objective is better. Networks that differ by less than the tolerance of ties do not beat each
    other. Tasks without importance decide nothing, so a network that has one is kept.
    """
    margin = 100 * TOLERANCE * max(1.0, float(np.nanmax(np.abs(worth), initial=0.0)))
    margin *= worth.shape[1]
    lacks = np.isnan(worth)
    beaten = np.zeros(len(worth), dtype=bool)
    filled = np.where(lacks, -np.inf, worth)
    for network in np.flatnonzero(~banned).tolist():
        tasks = ~lacks[network]
        if tasks.any():
            better = (filled[:, tasks] > worth[network, tasks] + margin).all(axis=1)
            beaten[network] = bool((better & ~banned & (cost <= cost[network])).any())
    return beaten
