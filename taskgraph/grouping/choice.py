"""The chosen networks, which task each of them serves, and what is proven about the choice."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from taskgraph.grouping.networks import Network
from taskgraph.taxonomy import Status, dot_text


@dataclass(frozen=True)
class ServedTask:
    """A task, the network that solves it, and how well.

    Attributes
    ----------
    task, network : str
    value : float
        Loss or gain of the network on the task.
    low, high : float or None
        95 % interval of the value, where it was measured image by image.
    scored : float or None
        The value in the other table on which the choice was scored, such as that of test images.
    """

    task: str
    network: str
    value: float
    low: float | None = None
    high: float | None = None
    scored: float | None = None


@dataclass(frozen=True)
class Grouping:
    """The result of `solve_groups`, and what is proven about it.

    Attributes
    ----------
    status : str
        ``optimal``: proven optimal. ``feasible``: the time limit was reached; ``gap`` is the
        largest possible distance to the optimum. ``infeasible``: proven to have no solution.
        ``unknown``: the time limit was reached before any solution was found.
    objective, bound, gap : float or None
        Sum over the tasks of importance times the value of the task's network; a proven bound of
        it (lower for losses, upper for gains); and |bound − objective| / |objective|.
    budget, spent : float
        The budget, and the sum of the costs of the networks.
    measure : str
        What the values are, such as ``loss`` or ``gain``.
    higher_is_better : bool
        Whether larger values are better.
    networks : the bought `Network` values, sorted by name
    served : one `ServedTask` for each task, sorted by task
    disjoint : bool
        Whether no task may be in two bought networks.
    low, high : float or None
        95 % interval of the objective of this choice, over resamples of the images.
    scored : float or None
        The objective of this choice in the other table on which it was scored.
    importance : mapping
        Importances other than 1.
    estimate : str
        How the values were estimated; empty if they were measured.
    reason : str or None
        Why there is no solution.
    least_budget : float or None
        If infeasible: the least budget with a solution; None if no budget has one, or if it was not
        found in time.
    nodes, seconds
        Number of branch-and-bound nodes; time of the solve.
    """

    status: Status
    objective: float | None
    bound: float | None
    budget: float
    spent: float
    measure: str
    higher_is_better: bool
    networks: tuple[Network, ...] = ()
    served: tuple[ServedTask, ...] = ()
    disjoint: bool = False
    low: float | None = None
    high: float | None = None
    scored: float | None = None
    importance: dict[str, float] = field(default_factory=dict)
    estimate: str = ""
    reason: str | None = None
    least_budget: float | None = None
    nodes: int = field(default=0, compare=False)
    seconds: float = field(default=0.0, compare=False)

    @property
    def solved(self) -> bool:
        """Return whether there is a solution."""
        return self.status in ("optimal", "feasible")

    @property
    def gap(self) -> float | None:
        """|bound − objective| / |objective|; None without a solution or a bound."""
        if self.objective is None or self.bound is None:
            return None
        distance = self.bound - self.objective
        distance = max(0.0, distance if self.higher_is_better else -distance)
        return distance / abs(self.objective) if self.objective else distance

    def __getitem__(self, task: str) -> ServedTask:
        """Return how one task is solved."""
        for served in self.served:
            if served.task == task:
                return served
        raise KeyError(task)

    def tasks_of(self, network: str) -> tuple[str, ...]:
        """Return the tasks that a bought network solves; it may have been trained on more."""
        return tuple(served.task for served in self.served if served.network == network)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each task: ``task, network`` and the value under its measure's name.

        With intervals there are also ``low`` and ``high``; with another table ``scored``.
        """
        columns = ["task", "network", "value", "low", "high", "scored"]
        frame = pd.DataFrame([asdict(served) for served in self.served], columns=columns)
        frame[columns[2:]] = frame[columns[2:]].astype(float)
        frame = frame.drop(columns=[name for name in columns[3:] if frame[name].isna().all()])
        return frame.rename(columns={"value": self.measure})

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the JSON, without keys that have no value."""
        better = "larger" if self.higher_is_better else "smaller"
        content: dict[str, Any] = {
            "status": self.status,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "low": self.low,
            "high": self.high,
            "scored": self.scored,
            "objective_is": f"sum over tasks of importance x {self.measure}; {better} is better",
            "measure": self.measure,
            "higher_is_better": self.higher_is_better,
            "budget": self.budget,
            "spent": self.spent,
            "disjoint": self.disjoint,
            "networks": [self._network(each) for each in self.networks],
            "tasks": [
                {key: value for key, value in asdict(served).items() if value is not None}
                for served in self.served
            ],
            "importance": self.importance or None,
            "estimate": self.estimate or None,
        }
        optional = ("low", "high", "scored", "importance", "estimate")
        content = {k: v for k, v in content.items() if v is not None or k not in optional}
        if not self.solved:
            content |= {"reason": self.reason, "least_budget": self.least_budget}
        return content

    def _network(self, network: Network) -> dict[str, Any]:
        """Return one bought network for the JSON."""
        return {
            "name": network.name,
            "cost": network.cost,
            "trained_on": list(network.tasks),
            "serves": list(self.tasks_of(network.name)),
        }

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the grouping as JSON, as ``taskgraph group --json`` prints it."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def to_dot(self) -> str:
        """Return the graph in Graphviz's DOT language.

        Boxes are networks and ellipses are tasks. A solid line leads to a task that the network
        solves, a dashed one to a task that it was only trained on.
        """
        lines = ["digraph grouping {", "  rankdir=LR;"]
        solved = [served.task for served in self.served]
        for network in self.networks:
            look = f"shape=box, style=filled, label={dot_text(network.name)}"
            lines.append(f"  {_node('network', network.name)} [{look}];")
        for task in solved:
            lines.append(f"  {_node('task', task)} [shape=ellipse, label={dot_text(task)}];")
        for network in self.networks:
            serves = self.tasks_of(network.name)
            for task in (name for name in network.tasks if name in solved):
                style = "solid" if task in serves else "dashed"
                edge = f"{_node('network', network.name)} -> {_node('task', task)}"
                lines.append(f"  {edge} [style={style}];")
        return "\n".join([*lines, "}"])

    def headline(self) -> str:
        """Return one line with the number of networks, the budget and the objective."""
        if not self.solved:
            return f"{self.status.capitalize()} within budget {self.budget:g}: {self.reason}"
        proof = "proven optimal" if self.status == "optimal" else f"gap {self.gap:.2%}"
        count = _counted(len(self.networks), "network")
        better = "larger" if self.higher_is_better else "smaller"
        weighted = "importance-weighted sum of" if self.importance else "sum of"
        interval = "" if self.low is None else f", 95 % interval {self.low:.4g} to {self.high:.4g}"
        scored = "" if self.scored is None else f", scored {self.scored:.5g}"
        return (
            f"{count}, budget {self.budget:g}, spent {self.spent:g}; {weighted} {self.measure} "
            f"over {_counted(len(self.served), 'task')} {self.objective:.5g}{interval}{scored} "
            f"({better} is better; {proof})"
        )

    def summary(self) -> str:
        """Return the headline, and a line on how the values were estimated if they were."""
        return f"{self.headline()}\n{self.estimate}" if self.estimate else self.headline()

    def networks_frame(self) -> pd.DataFrame:
        """Return one row for each bought network: ``network, cost, serves, trained_on``."""
        rows = [
            {
                "network": network.name,
                "cost": network.cost,
                "serves": ", ".join(self.tasks_of(network.name)) or "(none)",
                "trained on": ", ".join(network.tasks),
            }
            for network in self.networks
        ]
        return pd.DataFrame(rows, columns=["network", "cost", "serves", "trained on"])

    def printed_frame(self) -> pd.DataFrame:
        """Return the table of `to_frame` for printing, with numbers as text of few digits."""
        frame = self.to_frame()
        for name in frame.columns[2:]:
            frame[name] = frame[name].map(lambda v: "" if math.isnan(v) else format(v, ".4g"))
        return frame

    def __repr__(self) -> str:
        if not self.solved:
            return self.headline()
        networks = self.networks_frame().to_string(index=False)
        tasks = self.printed_frame().to_string(index=False)
        return f"{self.summary()}\n\n{networks}\n\n{tasks}"

    def _repr_html_(self) -> str:
        if not self.solved:
            return f"<p>{self.headline()}</p>"
        networks = self.networks_frame().to_html(index=False)
        return f"<p>{self.summary()}</p>{networks}{self.printed_frame().to_html(index=False)}"


def _counted(number: int, noun: str) -> str:
    """Return a number and its noun, such as ``1 task`` and ``2 tasks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _node(kind: str, name: str) -> str:
    """Return the identifier of a node; ``kind`` keeps a network and a task of one name apart."""
    return dot_text(f"{kind} {name}")
