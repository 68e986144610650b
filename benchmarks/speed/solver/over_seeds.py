"""Rows of the libraries' table by kind of instance, and a summary of our time over the seeds."""

from __future__ import annotations

import pandas as pd

from benchmarks.results.markdown import table

SEED = r" \((\d+)\)$"
"""What the name of a generated instance ends with."""
ABOUT = """Ours alone, over the seeds of each kind of instance; times are seconds of the processor:

"""


def by_kind(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the records with a column ``kind``, the instance without its seed, and sorted by it.

    Kinds are in the order in which the records name them first; the seeds of a kind ascend.
    """
    kind = frame["instance"].str.replace(SEED, "", regex=True)
    place = {name: number for number, name in enumerate(dict.fromkeys(kind))}
    seed = frame["instance"].str.extract(SEED, expand=False).fillna("-1").astype(int)
    keys = frame.assign(kind=kind, _place=kind.map(place), _seed=seed)
    return keys.sort_values(["_place", "_seed"], kind="stable").drop(columns=["_place", "_seed"])


def over_seeds(ours: pd.DataFrame) -> str:
    """Return a table of the kinds that have several seeds; empty without any.

    Parameters
    ----------
    ours : DataFrame
        One row a program of our solver, with the column ``kind``.
    """
    rows = []
    for (kind, budget, limit), group in ours.groupby(
        ["kind", "budget", "processor_limit"], sort=False
    ):
        if len(group) < 2:
            continue
        seconds, left = group["processor_seconds"], group.loc[group["status"] == "feasible", "gap"]
        counts = [str((group["status"] == name).sum()) for name in ("optimal", "infeasible")]
        gaps = "" if left.empty else f"{left.min():.2%} to {left.max():.2%}"
        times = [f"{seconds.median():.2g}", f"{seconds.max():.2g}"]
        rows.append([str(kind), str(budget), f"{limit:g}", str(len(group)), *counts, *times, gaps])
    if not rows:
        return ""
    heads = ["instances", "budget:", "limit:", "seeds:", "optimal:", "infeasible:", "median:"]
    return ABOUT + table([*heads, "largest:", "gaps of the others:"], rows) + "\n\n"
