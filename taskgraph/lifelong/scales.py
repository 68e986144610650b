"""Affinities of earlier and of new tasks in one table, on the scale of the earlier ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidTableError
from taskgraph.lifelong.joining import SAME, Joined, counted, require_new_tasks
from taskgraph.tasks import SELF
from taskgraph.transfers import Transfers

WHOLE = 1e-6
"""How far the affinities of one tournament may sum to something other than 1."""

SCALED = ("affinity", "low", "high")


def extend_transfers(earlier: Transfers, newer: Transfers, *, exact_names: bool = False) -> Joined:
    """Return two tables of affinities as one, in which the earlier values stay.

    Affinities of one target are shares of one tournament: they sum to 1 over its candidates, and
    only their ratios mean something beyond it. So the rows that the new table adds to an earlier
    target are brought to the scale of the earlier ones:

    - If the earlier and the added affinities sum to 1 together, they are of one tournament, and
      the new ones stay as they are.
    - Else they are multiplied by the factor that makes the candidates that both tables have
      (`self`, for example) equal: the geometric mean of their ratios. The affinities of the target
      then sum to more than 1. For a perfectly consistent tournament their ratios are exact.
    - If no candidate is in both tables, the scales cannot be compared, and this is an error.

    Gains and qualities are win rates against one network, which need no scale. A row that both
    tables have keeps its earlier values. Targets that are new keep the values of the new table.

    Raises
    ------
    InvalidTableError
        If the new table has no new task, or an earlier target has new candidates on another scale.
    """
    newcomers = {*newer.tasks} - {*earlier.tasks}
    require_new_tasks(newcomers, "transfers")
    known = set(zip(earlier.frame["target"], earlier.frame["sources"], strict=True))
    pairs = zip(newer.frame["target"], newer.frame["sources"], strict=True)
    added = newer.frame[[pair not in known for pair in pairs]]
    parts, notes = [earlier.frame], []
    touched = sorted({*earlier.targets} & {*added["target"]})
    for target in sorted({*added["target"]}):
        rows = added[added["target"] == target]
        if target in touched:
            rows, note = _on_earlier_scale(target, earlier, newer, rows)
            notes.append(note)
        parts.append(rows)
    together = pd.concat(parts, ignore_index=True)
    together = together.sort_values("target", kind="stable", ignore_index=True)
    return Joined(
        Transfers(together, exact_names=exact_names),
        earlier,
        tuple(sorted(newcomers)),
        tuple(touched),
        tuple(_summary(notes)),
    )


def _on_earlier_scale(
    target: str, earlier: Transfers, newer: Transfers, rows: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[str, str]]:
    """Return the added rows of an earlier target on its scale, and (target, what was done)."""
    old = _affinities(earlier, target)
    added = rows["affinity"].dropna()
    if added.empty or abs(old.sum() + added.sum() - 1.0) <= WHOLE:
        return rows, (target, "")
    new = _affinities(newer, target)
    anchors = [name for name in old.index.intersection(new.index) if old[name] and new[name]]
    if not anchors:
        raise InvalidTableError(
            f'target "{target}": the new affinities are of another tournament than the earlier '
            "ones, and no candidate is in both, so that their scales cannot be compared; measure "
            f'"{SELF}" or another earlier candidate in the new tournament, too, or extend from '
            "losses"
        )
    ratios = np.log(old[anchors].to_numpy() / new[anchors].to_numpy())
    factor, spread = float(np.exp(ratios.mean())), float(np.exp(np.ptp(ratios)))
    columns = [name for name in SCALED if name in rows]
    scaled = rows.assign(**{name: rows[name] * factor for name in columns})
    if abs(factor - 1) <= SAME and spread - 1 <= SAME:
        return scaled, (target, "")
    said = f"times {factor:.3g} by {counted(len(anchors), 'candidate')} of both tables"
    if len(anchors) > 1:
        said += f", whose ratios differ by a factor of up to {spread:.3g}"
    return scaled, (target, said)


def _affinities(transfers: Transfers, target: str) -> pd.Series:
    """Return the affinities of a target's candidates by their sources."""
    frame = transfers.frame[transfers.frame["target"] == target]
    return frame.set_index("sources")["affinity"].dropna()


def _summary(notes: list[tuple[str, str]]) -> list[str]:
    """Return what to say about the touched targets, one sentence each."""
    sentences = []
    if notes:
        sentences.append(
            f"{counted(len(notes), 'earlier target')} got new candidates; no tournament was held "
            "again, so the earlier affinities stay as they are (extend from losses to compare all "
            "candidates anew)"
        )
    scaled = [f'"{target}" {said}' for target, said in notes if said]
    if scaled:
        sentences.append(
            "the new affinities of these targets are of another tournament and were brought to "
            f"the scale of the earlier ones: {'; '.join(scaled)}"
        )
    return sentences
