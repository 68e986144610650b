"""The solution: which tasks to supervise, and one transfer for every other target."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import networkx as nx
import pandas as pd

from taskgraph.tasks import SELF, join_sources, quoted, split_sources

Status = Literal["optimal", "feasible", "infeasible", "unknown"]


@dataclass(frozen=True)
class Transfer:
    """How one target is solved: by ``self``, or from a set of supervised sources.

    ``affinity`` is the AHP weight among the target's candidates; ``gain`` and ``quality`` are win
    rates in [0, 1] against a network from scratch and against the target's own supervised
    network; ``low`` and ``high`` bound the affinity. Larger is better; None was not measured.
    """

    target: str
    sources: tuple[str, ...]
    affinity: float | None = None
    gain: float | None = None
    quality: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def is_self(self) -> bool:
        """Whether the target is solved by its own supervision."""
        return self.sources == (SELF,)

    @property
    def order(self) -> int:
        """Number of sources; 0 for ``self``."""
        return 0 if self.is_self else len(self.sources)


@dataclass(frozen=True)
class Taxonomy:
    """What `solve` found, and how sure it is.

    Parameters
    ----------
    status : str
        ``optimal``: proven. ``feasible``: a limit was reached; ``gap`` says how far it may be from
        the optimum. ``infeasible``: proven to have no solution; ``reason`` says why, and
        ``least_budget`` is the least that would do (None if no budget does). ``unknown``: a limit
        was reached before any solution was found.
    objective, bound, gap : float or None
        Value of the solution, a proven upper bound of it, and (bound − objective) / |objective|.
    budget, spent : float
        Supervision budget, and the label and transfer costs of this taxonomy.
    max_order, objective_transform
        The settings that it was solved with.
    supervised : names, sorted
    transfers : one `Transfer` a target, sorted by target
    importance : mapping
        Weights of targets other than 1, as the objective used them.
    """

    status: Status
    objective: float | None
    bound: float | None
    budget: float
    spent: float
    max_order: int
    objective_transform: str
    supervised: tuple[str, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    reason: str | None = None
    least_budget: float | None = None
    importance: dict[str, float] = field(default_factory=dict)
    nodes: int = field(default=0, compare=False)
    seconds: float = field(default=0.0, compare=False)

    @property
    def solved(self) -> bool:
        """Whether there is a taxonomy to look at."""
        return self.status in ("optimal", "feasible")

    @property
    def gap(self) -> float | None:
        """(bound − objective) / |objective|, at least 0; None without a solution or a bound."""
        if self.objective is None or self.bound is None:
            return None
        distance = max(0.0, self.bound - self.objective)
        return distance / abs(self.objective) if self.objective else distance

    def __getitem__(self, target: str) -> Transfer:
        for transfer in self.transfers:
            if transfer.target == target:
                return transfer
        raise KeyError(target)

    def to_frame(self) -> pd.DataFrame:
        """One row a target: ``target, sources, order, affinity, gain, quality`` and intervals."""
        rows = [
            {**asdict(transfer), "sources": join_sources(transfer.sources), "order": transfer.order}
            for transfer in self.transfers
        ]
        columns = ["target", "sources", "order", "affinity", "gain", "quality", "low", "high"]
        frame = pd.DataFrame(rows, columns=columns)
        measured = columns[3:]
        frame[measured] = frame[measured].astype(float)
        return frame.drop(columns=[name for name in measured if frame[name].isna().all()])

    def to_dict(self) -> dict[str, Any]:
        """The content of the JSON file; keys that carry nothing are left out."""
        content: dict[str, Any] = {
            "status": self.status,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "budget": self.budget,
            "spent": self.spent,
            "max_order": self.max_order,
            "objective_transform": self.objective_transform,
            "supervised": list(self.supervised),
            "transfers": [_row(transfer) for transfer in self.transfers],
        }
        if self.importance:
            content["importance"] = self.importance
        if not self.solved:
            content |= {"reason": self.reason, "least_budget": self.least_budget}
        return content

    def to_json(self, *, indent: int | None = 1) -> str:
        """The taxonomy as JSON, in the format that ``taskgraph solve --json`` prints."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def to_networkx(self) -> nx.DiGraph:
        """A directed graph from sources to targets.

        Node attributes: ``supervised`` (bool), ``target`` (bool). Edge attributes: ``order``
        (number of sources of the transfer that the edge is part of), ``affinity``.
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
        """The graph in Graphviz's DOT language, as UTF-8; supervised tasks are boxes."""
        lines = ["digraph taxonomy {", "  rankdir=LR;"]
        graph = self.to_networkx()
        for name, data in graph.nodes(data=True):
            shape = "box, style=filled" if data["supervised"] else "ellipse"
            lines.append(f"  {_dot_text(name)} [shape={shape}];")
        for source, target, data in graph.edges(data=True):
            edge = f"{_dot_text(source)} -> {_dot_text(target)}"
            lines.append(f"  {edge} [label={data['order']}];")
        return "\n".join([*lines, "}"])

    def headline(self) -> str:
        """One line: status, objective, budget and what it was spent on."""
        limits = f"budget {self.budget:g}, transfers of order at most {self.max_order}"
        if not self.solved:
            return f"{self.status.capitalize()} within {limits}: {self.reason}"
        proof = "proven optimal" if self.status == "optimal" else f"gap {self.gap:.2%}"
        return (
            f"{len(self.supervised)} supervised, {limits}, spent {self.spent:g}; "
            f"{self.objective_transform} objective {self.objective:.4f} ({proof})"
        )

    def __repr__(self) -> str:
        if not self.solved:
            return self.headline()
        names = ", ".join(self.supervised) or "none"
        table = self.printed_frame().to_string(index=False)
        return f"{self.headline()}\nsupervise: {names}\n\n{table}"

    def _repr_html_(self) -> str:
        if not self.solved:
            return f"<p>{self.headline()}</p>"
        names = ", ".join(self.supervised) or "none"
        table = self.printed_frame().to_html(index=False)
        return f"<p>{self.headline()}<br>supervise: <b>{names}</b></p>{table}"

    def printed_frame(self) -> pd.DataFrame:
        """`to_frame` as it is printed: numbers as texts of few digits."""
        frame = self.to_frame()
        frame["sources"] = [
            " + ".join(map(quoted, split_sources(text))) for text in frame["sources"]
        ]
        for name in frame.columns.intersection(["affinity", "low", "high"]):
            frame[name] = frame[name].map(lambda value: _written(value, "#.3g"))
        for name in frame.columns.intersection(["gain", "quality"]):
            frame[name] = frame[name].map(lambda value: _written(value, ".3f"))
        return frame


def _dot_text(name: str) -> str:
    """A name as a quoted text of DOT, which Graphviz draws as it is.

    Graphviz takes a backslash for the start of an escape and ``&eacute;`` for a character, and
    knows no other escapes: names stay in UTF-8 (the DOT language, "ID" and "escString").
    """
    text = name.replace("\\", "\\\\").replace('"', '\\"')
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
    return '"' + re.sub(r"\r\n?|\n", r"\\n", text) + '"'


def _row(transfer: Transfer) -> dict[str, Any]:
    row = asdict(transfer) | {"sources": list(transfer.sources)}
    return {key: value for key, value in row.items() if value is not None}


def _written(value: float, form: str) -> str:
    return "" if math.isnan(value) else format(value, form)
