"""The taxonomy: which tasks to supervise, and one transfer for every other target."""

from __future__ import annotations

import html
import json
import math
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import networkx as nx
import pandas as pd

import taskgraph
from taskgraph.tasks import SELF, join_sources, quoted, split_sources

Status = Literal["optimal", "feasible", "infeasible", "unknown"]


@dataclass(frozen=True)
class Transfer:
    """The way in which a target is solved: its own network, or a transfer from sources.

    Attributes
    ----------
    target : str
    sources : names
        ``("self",)`` for the target's own supervised network.
    affinity : float or None
        Affinity among the target's candidates; larger is better. None was not measured.
    gain, quality : float or None
        Win rates in [0, 1] against a network trained from scratch, and against the target's own
        supervised network; larger is better.
    closed : float or None
        Share in [0, 1] of the loss between these two networks that the transfer closes.
    low, high : float or None
        Interval of the affinity.
    """

    target: str
    sources: tuple[str, ...]
    affinity: float | None = None
    gain: float | None = None
    quality: float | None = None
    low: float | None = None
    high: float | None = None
    closed: float | None = None

    @property
    def is_self(self) -> bool:
        """Return whether the target is solved by its own supervised network."""
        return self.sources == (SELF,)

    @property
    def order(self) -> int:
        """Return the number of sources; 0 for ``self``."""
        return 0 if self.is_self else len(self.sources)


@dataclass(frozen=True)
class Taxonomy:
    """The result of `solve`, and what is proven about it.

    Attributes
    ----------
    status : str
        ``optimal``: proven optimal. ``feasible``: the time limit was reached; ``gap`` is the
        largest possible distance to the optimum. ``infeasible``: proven to have no solution.
        ``unknown``: the time limit was reached before any solution was found.
    objective_value, bound, gap : float or None
        The sum over targets of importance times transformed measurement, larger is better; a
        proven upper bound of it; and (bound − value) / |value|. In JSON files the first one is
        ``objective``, which is a property here too.
    budget, spent : float
        The budget, and the sum of the label and transfer costs of this taxonomy.
    max_order : int
        Largest number of sources of a transfer.
    objective_transform : str
        The transform of the affinities: the problem's ``objective``, a key of `OBJECTIVES`.
    supervised : names, sorted
    transfers : one `Transfer` for each target, sorted by target
    reason : str or None
        Why there is no solution.
    least_budget : float or None
        If infeasible: the least budget with a solution; None if no budget has one, or if it was not
        found in time.
    enough_budget : float or None
        If infeasible and the least budget was not found: a budget with a solution, if one was.
    importance : mapping
        Importances other than 1.
    nodes : int
        Number of branch-and-bound nodes.
    seconds : float
        Time of the solve.
    """

    status: Status
    objective_value: float | None
    bound: float | None
    budget: float
    spent: float
    max_order: int
    objective_transform: str
    supervised: tuple[str, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    reason: str | None = None
    least_budget: float | None = None
    enough_budget: float | None = None
    importance: dict[str, float] = field(default_factory=dict)
    nodes: int = field(default=0, compare=False)
    seconds: float = field(default=0.0, compare=False)

    @property
    def solved(self) -> bool:
        """Return whether there is a solution."""
        return self.status in ("optimal", "feasible")

    @property
    def gap(self) -> float | None:
        """Return (bound − value) / |value| of the objective, at least 0; None if unknown."""
        value = self.objective_value
        if value is None or self.bound is None:
            return None
        distance = max(0.0, self.bound - value)
        return distance / abs(value) if value else distance

    @property
    def objective(self) -> float | None:
        """Return `objective_value` by its name in JSON files and in earlier versions.

        `Problem.objective` is another thing: the name of the transform.
        """
        return self.objective_value

    def __getitem__(self, target: str) -> Transfer:
        for transfer in self.transfers:
            if transfer.target == target:
                return transfer
        raise KeyError(target)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each target: ``target, sources, order`` and the measurements."""
        rows = [
            {**asdict(transfer), "sources": join_sources(transfer.sources), "order": transfer.order}
            for transfer in self.transfers
        ]
        columns = ["target", "sources", "order", "affinity", "gain", "quality"]
        columns += ["closed", "low", "high"]
        frame = pd.DataFrame(rows, columns=columns)
        measured = columns[3:]
        frame[measured] = frame[measured].astype(float)
        return frame.drop(columns=[name for name in measured if frame[name].isna().all()])

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the JSON file, without keys that have no value."""
        content: dict[str, Any] = {
            "status": self.status,
            "objective": self.objective_value,
            "bound": self.bound,
            "gap": self.gap,
            "budget": self.budget,
            "spent": self.spent,
            "max_order": self.max_order,
            "objective_transform": self.objective_transform,
            "supervised": list(self.supervised),
            "transfers": [_without_none(transfer) for transfer in self.transfers],
        }
        if self.importance:
            content["importance"] = self.importance
        if not self.solved:
            content |= {"reason": self.reason, "least_budget": self.least_budget}
        if self.enough_budget is not None:
            content["enough_budget"] = self.enough_budget
        return content

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the taxonomy as JSON, in the format of ``taskgraph solve --json``."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def to_networkx(self) -> nx.DiGraph:
        """Return the directed graph from sources to targets.

        Node attributes: ``supervised`` (bool), ``target`` (bool). Edge attributes: ``order``
        (number of sources of the transfer to which the edge belongs), ``affinity``.
        """
        graph = nx.DiGraph(status=self.status, budget=self.budget)
        solved = {transfer.target for transfer in self.transfers}
        for name in sorted(solved | set(self.supervised)):
            graph.add_node(name, supervised=name in self.supervised, target=name in solved)
        for transfer in self.transfers:
            for source in () if transfer.is_self else transfer.sources:
                graph.add_edge(
                    source, transfer.target, order=transfer.order, affinity=transfer.affinity
                )
        return graph

    def to_dot(self) -> str:
        """Return the graph in Graphviz's DOT language, in which supervised tasks are boxes."""
        lines = ["digraph taxonomy {", "  rankdir=LR;"]
        graph = self.to_networkx()
        for name, data in graph.nodes(data=True):
            shape = "box, style=filled" if data["supervised"] else "ellipse"
            lines.append(f"  {dot_text(name)} [shape={shape}];")
        for source, target, data in graph.edges(data=True):
            edge = f"{dot_text(source)} -> {dot_text(target)}"
            lines.append(f"  {edge} [label={data['order']}];")
        return "\n".join([*lines, "}"])

    def headline(self) -> str:
        """Return one line with the number of supervised tasks, the limits and the objective."""
        limits = f"budget {self.budget:g}, transfers of order at most {self.max_order}"
        if not self.solved:
            return f"{self.status.capitalize()} within {limits}: {self.reason}"
        proof = "proven optimal" if self.status == "optimal" else f"gap {self.gap:.2%}"
        return (
            f"{len(self.supervised)} supervised, {limits}, spent {self.spent:g}; "
            f"{self.objective_transform} objective {self.objective_value:.4f} ({proof})"
        )

    def __repr__(self) -> str:
        if not self.solved:
            return self.headline()
        names = ", ".join(self.supervised) or "none"
        table = self.printed_frame().to_string(index=False)
        return f"{self.headline()}\nsupervise: {names}\n\n{table}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return taskgraph.notebook_bundle(self)

    def _repr_html_(self) -> str:
        if not self.solved:
            return f"<p>{html.escape(self.headline())}</p>"
        names = html.escape(", ".join(self.supervised) or "none")
        table = self.printed_frame().to_html(index=False)
        return f"<p>{html.escape(self.headline())}<br>supervise: <b>{names}</b></p>{table}"

    def printed_frame(self) -> pd.DataFrame:
        """Return the table of `to_frame` for printing, with numbers as text of few digits."""
        frame = self.to_frame()
        frame["sources"] = [
            " + ".join(map(quoted, split_sources(text))) for text in frame["sources"]
        ]
        for name in frame.columns.intersection(["affinity", "low", "high"]):
            frame[name] = frame[name].map(lambda value: _written(value, "#.3g"))
        for name in frame.columns.intersection(["gain", "quality", "closed"]):
            frame[name] = frame[name].map(lambda value: _written(value, ".3f"))
        return frame


def dot_text(name: str) -> str:
    """Return a name as a quoted DOT text that Graphviz draws unchanged.

    Graphviz reads a backslash as the start of an escape and ``&eacute;`` as a character; there are
    no other escapes (the DOT language, "ID" and "escString").
    """
    text = name.replace("\\", "\\\\").replace('"', '\\"')
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
    return '"' + re.sub(r"\r\n?|\n", r"\\n", text) + '"'


def _without_none(transfer: Transfer) -> dict[str, Any]:
    """Return a transfer as a dict, without values that were not measured."""
    row = asdict(transfer) | {"sources": list(transfer.sources)}
    return {key: value for key, value in row.items() if value is not None}


def _written(value: float, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)
