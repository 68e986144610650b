"""The grouped model of a program as arrays, for libraries that PuLP does not run as we want.

The formulation is that of `taskgraph.solver.model`: maximize ``worth @ v`` subject to
``low <= A v <= high`` and ``0 <= v <= 1``. The first S variables say whether a source is
supervised, and are whole; the others say which edge is chosen.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import coo_array

from taskgraph.arrays import Floats
from taskgraph.program import Program
from taskgraph.solver.choice import Choice


def model_arrays(program: Program) -> dict[str, Any]:
    """Return the arrays of a program without transfer costs, whose targets keep no transfer.

    ``start``, ``index`` and ``entry`` are the rows of A (compressed); ``sources`` is S. The row of
    the budget is the last one, in whole units of `Program.costs`.
    """
    sources, edges = len(program.sources), len(program.edge_value)
    targets, members = len(program.targets), program.edge_sources
    owned = np.flatnonzero(program.self_source >= 0)
    edge, place = np.nonzero(members < sources)
    key = program.edge_target[edge] * sources + members[edge, place]
    links, link = np.unique(key, return_inverse=True)
    above = targets + np.arange(len(links))
    budget = np.full(sources, targets + len(links))
    row = [program.edge_target, owned, targets + link, above, budget]
    column = [
        sources + np.arange(edges),
        program.self_source[owned],
        sources + edge,
        links % sources,
        np.arange(sources),
    ]
    label = program.costs.label.astype(float)
    entry = [np.ones(edges), np.ones(len(owned)), np.ones(len(edge)), -np.ones(len(links)), label]
    matrix = coo_array(
        (np.concatenate(entry), (np.concatenate(row), np.concatenate(column))),
        shape=(targets + len(links) + 1, sources + edges),
    ).tocsr()
    worth = np.append(np.zeros(sources), program.edge_value)
    np.add.at(worth, program.self_source[owned], program.self_value[owned])
    none = np.full(len(links) + 1, -np.inf)
    return {
        "worth": worth,
        "least": np.append(program.required, np.zeros(edges, dtype=bool)).astype(float),
        "most": np.append(~program.banned, np.ones(edges, dtype=bool)).astype(float),
        "low": np.append(np.ones(targets), none),
        "high": np.concatenate(
            [np.ones(targets), np.zeros(len(links)), [float(program.costs.budget)]]
        ),
        "start": matrix.indptr.astype(np.int64),
        "index": matrix.indices.astype(np.int64),
        "entry": matrix.data,
        "sources": sources,
    }


def values_of(program: Program, choice: Choice) -> Floats:
    """Return the values of all variables for a choice."""
    chosen = np.zeros(len(program.edge_value))
    chosen[choice.edges[choice.edges >= 0]] = 1.0
    return np.append(choice.supervised.astype(float), chosen)
