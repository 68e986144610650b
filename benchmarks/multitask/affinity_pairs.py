"""Pairs of tasks, drawn from each third of transfer affinity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidTableError, UnknownTaskError
from taskgraph.tables import read_transfers
from taskgraph.tables.default import default_transfers
from taskgraph.tasks import RESERVED

ALWAYS = ("rgb2depth", "rgb2sfnorm")
"""The lecture's example, depth and normals, which is always among the pairs."""

THIRDS = ("low", "middle", "high")
SEED = 0


@dataclass(frozen=True)
class AffinityPair:
    """Two tasks, and how well each transfers to the other.

    Attributes
    ----------
    first, second : str
        In alphabetical order.
    forward, backward : float in [0, 1]
        Rank share of the transfer first -> second among all single sources of ``second``, and of
        second -> first: 0 for the least affinity, 1 for the largest. Affinities themselves sum to 1
        over the candidates of a target, so they cannot be compared between targets.
    third : str
        ``low``, ``middle`` or ``high``, by the mean of both.
    """

    first: str
    second: str
    forward: float
    backward: float
    third: str

    @property
    def tasks(self) -> tuple[str, str]:
        """Return both tasks."""
        return self.first, self.second

    @property
    def affinity(self) -> float:
        """Return the mean rank share of both directions."""
        return (self.forward + self.backward) / 2


def read_affinities(path: str | None) -> pd.DataFrame:
    """Return ``source, target, affinity`` of all single transfers of a file, or of our table."""
    table = read_transfers(Path(path)) if path else default_transfers()
    frame = table.to_frame()
    single = ~frame["sources"].str.contains("+", regex=False) & ~frame["sources"].isin(RESERVED)
    found = frame.loc[single, ["sources", "target", "affinity"]]
    return found.rename(columns={"sources": "source"}).reset_index(drop=True)


def rank_shares(affinities: pd.DataFrame) -> pd.DataFrame:
    """Add ``share``: the rank of a source among the sources of its target, from 0 to 1.

    Equal affinities share the mean of their ranks. The only source of a target has 0.5.
    """
    by_target = affinities.groupby("target")["affinity"]
    rank, count = by_target.rank(method="average") - 1, by_target.transform("size") - 1
    share = np.where(count > 0, rank / count.clip(lower=1), 0.5)
    return affinities.assign(share=share)


def all_pairs(affinities: pd.DataFrame, tasks: Sequence[str] = ()) -> list[AffinityPair]:
    """Return all pairs of tasks that the table has both ways, by affinity, with their thirds.

    The thirds have equally many pairs within one. Equal affinities are in alphabetical order.

    Parameters
    ----------
    affinities : DataFrame
        As `read_affinities` returns it.
    tasks : sequence of str
        Only pairs of these; by default of all.

    Raises
    ------
    UnknownTaskError
        If the table has a task not as source and target.
    InvalidTableError
        If there are fewer than three pairs.
    """
    shares = rank_shares(affinities)
    columns = (shares[name].tolist() for name in ("source", "target", "share"))
    share = {(source, target): value for source, target, value in zip(*columns, strict=True)}
    both = sorted({*affinities["source"]} & {*affinities["target"]})
    for task in tasks:
        if task not in both:
            raise UnknownTaskError(
                f'the table has no transfers from and to "{task}", which --pair-tasks names; it '
                f"has {', '.join(both)}"
            )
    chosen = sorted(tasks) if tasks else both
    pairs = sorted(
        ((share[a, b] + share[b, a]) / 2, a, b)
        for a, b in combinations(chosen, 2)
        if (a, b) in share and (b, a) in share
    )
    if len(pairs) < len(THIRDS):
        raise InvalidTableError(
            f"the table has {len(pairs)} pairs of tasks both ways, expected at least 3; name more "
            "tasks with --pair-tasks"
        )
    return [
        AffinityPair(a, b, share[a, b], share[b, a], THIRDS[len(THIRDS) * place // len(pairs)])
        for place, (_, a, b) in enumerate(pairs)
    ]


def draw_pairs(pairs: Sequence[AffinityPair], count: int, seed: int = SEED) -> list[AffinityPair]:
    """Draw equally many pairs of each third, with depth and normals among them if they can be.

    Depth and normals are the first draw of their third; all others are drawn evenly, without
    replacement.

    Parameters
    ----------
    pairs : sequence of `AffinityPair`
        All pairs, by affinity.
    count : int
        Divisible by 3.

    Returns
    -------
    list of `AffinityPair`
        By affinity.

    Raises
    ------
    InvalidTableError
        If ``count`` is not divisible by 3, or a third has too few pairs.
    """
    each, rest = divmod(count, len(THIRDS))
    if rest or each < 1:
        raise InvalidTableError(f"--pairs is {count}, expected a multiple of 3, such as 15")
    generator = np.random.default_rng(seed)
    drawn: list[AffinityPair] = []
    for third in THIRDS:
        own = [pair for pair in pairs if pair.third == third]
        if len(own) < each:
            raise InvalidTableError(
                f"--pairs {count} needs {each} pairs of each third of affinity, and the {third} "
                f"third has {len(own)}; ask for {3 * len(own)}, or name more tasks with "
                "--pair-tasks"
            )
        order = [own[place] for place in generator.permutation(len(own))]
        order.sort(key=lambda pair: pair.tasks != ALWAYS)  # stable: the others stay shuffled
        drawn += order[:each]
    return sorted(drawn, key=lambda pair: (pair.affinity, pair.tasks))
