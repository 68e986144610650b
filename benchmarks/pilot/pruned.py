"""The read-outs of the pilot that pruning stops early, decided from the curves of the long ones."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from benchmarks.pilot.last_run import PilotRun
from benchmarks.pilot.measures import TRANSFERS, cap_of, transfers_of
from benchmarks.pilot.networks import PRUNED, PilotNetwork
from encoders.transfer.candidates import CANDIDATES
from encoders.transfer.pruning import Halving, Standing, ranking, sources_needed
from taskgraph.tasks import split_sources

RULE, MAX_ORDER = CANDIDATES["best5"], 5
"""How the table's sets are chosen from the best single sources, which are never pruned."""


def pruned_networks(run: PilotRun, halving: Halving) -> list[PilotNetwork]:
    """Return the read-outs that successive halving stops early, each with its rung.

    A training that will be pruned is the long one up to its rung, bit by bit. So the validation
    losses of the long trainings decide, and only what is pruned is trained again: its weights at
    the rung were not kept. The most epochs, of which the rungs are shares, are the cap that the
    pilot found. The list is empty if it found none.
    """
    cap = cap_of(run.networks, run.steps_per_epoch)["epochs"]
    if cap is None:
        return []
    found = []
    for target in run.targets:
        for kind in TRANSFERS:
            found += list(_pruned(run, target, kind, halving, cap))
    return found


def _pruned(
    run: PilotRun, target: str, kind: str, halving: Halving, cap: int
) -> Iterable[PilotNetwork]:
    """Yield what is pruned of a target's single sources, or of its sets."""
    rows = transfers_of(run.networks)
    waiting = rows[(rows["target"] == target) & (rows["kind"] == kind)]
    for epochs in halving.rung_epochs(cap):
        standings = _standings(run, waiting, epochs * run.steps_per_epoch)
        needed = 0
        if kind == TRANSFERS[0] and standings:
            names = [one.sources[0] for one in ranking(standings)]
            needed = sources_needed(RULE, target, names, MAX_ORDER)
        stopped = halving.prune(standings, epochs, needed=needed)
        for sources, where in stopped.items():
            yield PilotNetwork(target, sources, PRUNED, where)
        waiting = waiting[[split_sources(name) not in stopped for name in waiting["sources"]]]


def _standings(run: PilotRun, rows: pd.DataFrame, steps: int) -> list[Standing]:
    """Return where the long trainings of some read-outs stand after some steps."""
    curves = run.curves[run.curves["step"] <= steps].groupby("key")["valid_loss"].min()
    losses, ended = curves[rows["key"]].tolist(), (rows["last_step"] <= steps).tolist()
    return [
        Standing(split_sources(name), loss, end)
        for name, loss, end in zip(rows["sources"].astype(str), losses, ended, strict=True)
    ]


def pruned_steps(run: PilotRun, found: pd.DataFrame) -> tuple[int, int]:
    """Return the training steps of all read-outs in sum, without and with pruning.

    Parameters
    ----------
    found : DataFrame
        One row a pruned read-out: ``target, sources, last_step``.
    """
    full = transfers_of(run.networks).set_index(["target", "sources"])["last_step"]
    fewer = found.set_index(["target", "sources"])["last_step"]
    with_pruning = full.copy()
    with_pruning.loc[fewer.index] = fewer
    return int(full.sum()), int(with_pruning.sum())
