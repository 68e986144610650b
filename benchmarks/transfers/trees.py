"""Agreement of task trees without a cut: cophenetic correlation, and nearest sources."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import cophenet
from scipy.spatial.distance import squareform

from benchmarks.transfers.structure import (
    nearest_columns,
    pattern_distance,
    permuted_groups,
    tested,
)
from taskgraph.arrays import Floats, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.plot import task_linkage
from taskgraph.transfers import Transfers


def cophenetic_distances(transfers: Transfers) -> pd.DataFrame:
    """Return the (S, S) heights at which the task tree first joins two sources."""
    names, links = task_linkage(transfers)
    return pd.DataFrame(squareform(cophenet(links)), index=list(names), columns=list(names))


def tree_agreement(
    one: Transfers, other: Transfers, *, permutations: int = 999, seed: int = 0
) -> pd.DataFrame:
    """Compare the trees of two tables on the sources that both have.

    Returns
    -------
    DataFrame
        Two rows: ``cophenetic``, the Pearson correlation over pairs of sources of the heights at
        which the trees join them, from -1 to 1; and ``nearest``, the share of sources whose nearest
        other source is the same in both, by the distances that make the trees. ``tasks``, the
        number of common sources; ``value``; ``chance``, its mean over permutations of one table's
        sources; ``p``, the share of permutations that reach the value, the one observed counted
        among them (Mantel's test).

    Raises
    ------
    InvalidTableError
        If the tables have fewer than three sources in common.

    Source: Sokal & Rohlf, Taxon 11, 1962, for the cophenetic correlation; Mantel, Cancer Research
    27, 1967, for the test.
    """
    heights = [cophenetic_distances(table) for table in (one, other)]
    apart = [pattern_distance(table) for table in (one, other)]
    names = sorted(set(heights[0].index) & set(heights[1].index))
    if len(names) < 3:
        raise InvalidTableError(
            f"the two tables have {len(names)} sources in common, expected at least 3 to compare "
            "trees"
        )
    first, second = (each.loc[names, names].to_numpy() for each in heights)
    near, also = (nearest_columns(each.loc[names, names].to_numpy()) for each in apart)
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(names)) for _ in range(permutations)]
    correlations = np.array([_correlation(first, second[np.ix_(o, o)]) for o in orders])
    places = [np.argsort(order) for order in orders]
    shared = np.array(
        [(near == place[also[order]]).mean() for order, place in zip(orders, places, strict=True)]
    )
    return pd.DataFrame(
        [
            {
                "measure": "cophenetic",
                **tested(_correlation(first, second), correlations, len(names)),
            },
            {"measure": "nearest", **tested(float((near == also).mean()), shared, len(names))},
        ]
    )


def _correlation(one: Floats, other: Floats) -> float:
    """Return the Pearson correlation over pairs of two matrices; NaN if one is constant."""
    pairs = np.triu_indices(len(one), 1)
    first, second = one[pairs], other[pairs]
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def tree_beside_groups(
    transfers: Transfers, *, permutations: int = 999, seed: int = 0
) -> pd.DataFrame:
    """Compare a tree with the paper's groups without cutting it.

    Returns
    -------
    DataFrame
        One row ``cophenetic``: the correlation over pairs of sources of the height at which the
        tree joins them with 1 for two groups, 0 for the same one; larger is better. ``tasks,
        value, chance, p`` as in `tree_agreement`, with the groups permuted.

    Raises
    ------
    InvalidTableError
        If fewer than three sources are of a group.
    """
    heights = cophenetic_distances(transfers)
    known, groups, shuffled = permuted_groups(list(heights.index), permutations, seed)
    own = heights.loc[known, known].to_numpy()
    drawn = np.array([_correlation(own, _differ(each)) for each in shuffled])
    found = tested(_correlation(own, _differ(groups)), drawn, len(known))
    return pd.DataFrame([{"measure": "cophenetic", "clusters": 0, **found}])


def _differ(groups: Integers) -> Floats:
    return np.asarray(groups[:, None] != groups[None], dtype=np.float64)
