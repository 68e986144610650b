"""The losses of earlier and of new tasks in one table, with affinities of touched targets again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

import numpy as np
import pandas as pd

from taskgraph.affinity import affinities
from taskgraph.affinity.wins import Ties
from taskgraph.errors import InvalidTableError
from taskgraph.frames.names import all_members
from taskgraph.losses import Losses
from taskgraph.progress import Progress
from taskgraph.tasks import RESERVED, some_names
from taskgraph.transfers import Transfers

KEY = ["target", "sources", "image"]

SAME = 1e-9
"""Relative difference up to which two numbers are the same measurement."""

ORDER = ("sources", "target", "affinity", "low", "high", "gain", "quality", "closed", "n")
"""Columns of a table of transfers, as `affinities` orders them."""


class TournamentSettings(TypedDict, total=False):
    """Keywords of `affinities` that say how candidates are compared."""

    ties: Ties
    clip: float
    min_images: int
    bootstrap: int
    seed: int
    level: float
    method: str
    progress: Progress


@dataclass(frozen=True, eq=False)
class Joined:
    """The transfers of the earlier and the new tasks together.

    Attributes
    ----------
    transfers : Transfers
        All transfers.
    earlier : Transfers
        Those of the earlier tasks alone.
    newcomers : names, sorted
        Tasks that only the new table has, as a target or as a source.
    touched : names, sorted
        Earlier targets with new candidates.
    notes : tuple of str
        What was done to the values of touched targets, one sentence each.
    """

    transfers: Transfers
    earlier: Transfers
    newcomers: tuple[str, ...]
    touched: tuple[str, ...]
    notes: tuple[str, ...] = ()


def extend_losses(
    earlier: Losses,
    newer: Losses,
    *,
    exact_names: bool = False,
    **settings: Unpack[TournamentSettings],
) -> Joined:
    """Return the affinities of two tables of losses together.

    The affinities of one target come from one tournament. So a target that got new candidates has
    a new tournament of all of its candidates; every other earlier target keeps its values exactly.

    Parameters
    ----------
    earlier, newer : Losses
        The losses of the earlier tasks; the losses of transfers from and to the new ones.
    exact_names : bool
        As for `Transfers`.
    **settings
        Keywords of `affinities`: ``ties``, ``clip``, ``min_images``, ``bootstrap`` and so on.

    Raises
    ------
    InvalidTableError
        As for `join_losses` and `affinities`.
    """
    together, touched = join_losses(earlier, newer, exact_names=exact_names)
    before = affinities(earlier, **settings).transfers
    fresh = {*touched, *(set(together.targets) - set(earlier.targets))}
    frame = before.frame
    if fresh:
        part = replace(together, by_target={t: together.by_target[t] for t in sorted(fresh)})
        again = affinities(part, **settings).transfers.frame
        frame = _by_target([frame[~frame["target"].isin(fresh)], again])
    notes: tuple[str, ...] = ()
    if touched:
        notes = (
            f"{counted(len(touched), 'earlier target')} got new candidates, and all affinities "
            f"there were computed again from the losses: {some_names(touched)}",
        )
    return Joined(
        Transfers(frame, exact_names=True),
        before,
        tuple(sorted(tasks_of(newer) - tasks_of(earlier))),
        touched,
        notes,
    )


def join_losses(
    earlier: Losses, newer: Losses, *, exact_names: bool = False
) -> tuple[Losses, tuple[str, ...]]:
    """Return two tables of losses as one, and the earlier targets that got new losses, sorted.

    A row that both tables have must have the same loss in both.

    Raises
    ------
    InvalidTableError
        If the new table has no new task; if a target of both has other images in the new one, or
        another direction; if the tables contradict each other in a loss or a cluster; if one holds
        several seeds of a transfer; or if one name seems to have two spellings.
    """
    _check_seeds(earlier, newer)
    require_new_tasks(tasks_of(newer) - tasks_of(earlier), "losses")
    shared = sorted({*earlier.targets} & {*newer.targets})
    for target in shared:
        _check_direction(target, earlier, newer)
        _check_images(target, earlier, newer)
    clusters = _joined_clusters(earlier, newer)
    old = earlier.to_frame()[[*KEY, "loss"]]
    new = newer.to_frame()[[*KEY, "loss"]]
    new = new[~_repeated(old, new)]
    touched = tuple(sorted({*shared} & {*new["target"]}))
    together = Losses.from_frame(
        pd.concat([old, new], ignore_index=True), higher_is_better=False, exact_names=exact_names
    )
    higher = tuple(sorted({*earlier.higher_is_better, *newer.higher_is_better}))
    pruned = earlier.pruned | newer.pruned
    return replace(together, clusters=clusters, higher_is_better=higher, pruned=pruned), touched


def tasks_of(losses: Losses) -> set[str]:
    """Return the names of all targets and sources of a table of losses."""
    sets = {text for measured in losses.by_target.values() for text in measured.sources}
    return {*losses.targets, *all_members(sorted(sets - RESERVED))}


def require_new_tasks(newcomers: Collection[str], kind: str) -> None:
    """Raise `InvalidTableError` if there is no new task; ``kind`` is losses or transfers."""
    if not newcomers:
        raise InvalidTableError(
            f"the new {kind} name no task that the earlier ones lack, expected at least one new "
            f"target or source; to add candidates of known tasks, add their rows to the earlier "
            f"{kind} and run `taskgraph solve`"
        )


def _check_seeds(earlier: Losses, newer: Losses) -> None:
    """Raise if a table has transfers with several seeds, which the join cannot tell apart."""
    for word, losses in (("earlier", earlier), ("new", newer)):
        for target in losses.targets:
            seeds = losses.by_target[target].seeds
            several = [name for name, each in seeds.items() if len(each) > 1]
            if several:
                names = ", ".join(seeds[several[0]])
                raise InvalidTableError(
                    f'the {word} losses have several seeds of "{several[0]}" to "{target}" '
                    f"({names}), and two tables are joined by one training run of each transfer; "
                    f"keep one of them, as with --where seed={next(iter(seeds[several[0]]))}"
                )


def _check_direction(target: str, earlier: Losses, newer: Losses) -> None:
    if (target in earlier.higher_is_better) != (target in newer.higher_is_better):
        words = {True: "scores", False: "losses"}
        raise InvalidTableError(
            f'target "{target}": the earlier values are '
            f"{words[target in earlier.higher_is_better]}, and the new ones "
            f"{words[target in newer.higher_is_better]}; expected one direction (see "
            "--higher-is-better-for)"
        )


def _check_images(target: str, earlier: Losses, newer: Losses) -> None:
    """Raise unless a target has the same images in both tables."""
    old, new = ({*losses.by_target[target].images} for losses in (earlier, newer))
    if old == new:
        return
    parts = []
    if old - new:
        parts.append(f"the new losses lack {counted(len(old - new), 'image')} ({_some(old - new)})")
    if new - old:
        parts.append(
            f"the earlier losses lack {counted(len(new - old), 'image')} ({_some(new - old)})"
        )
    raise InvalidTableError(
        f'target "{target}" has other images in the two tables: {", and ".join(parts)}; all '
        "candidates of one target are compared on the same images, so test the new candidates on "
        f'the earlier images, or leave the rows of "{target}" out of the new losses'
    )


def _some(names: set[str]) -> str:
    return some_names(names, most=3)


def _repeated(old: pd.DataFrame, new: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(rows of new,) array: whether the earlier table has the row, too, with the same loss."""
    both = new.merge(old, on=KEY, how="left", suffixes=("", "_old"), validate="one_to_one")
    known = both["loss_old"].notna().to_numpy()
    other = known & ~np.isclose(both["loss"], both["loss_old"], rtol=SAME, atol=0.0)
    if other.any():
        row = both[other].iloc[0]
        more = int(other.sum()) - 1
        others = f" (and {counted(more, 'row')} more)" if more else ""
        raise InvalidTableError(
            f'the new losses repeat an earlier row with another value: "{row["sources"]}" to '
            f'"{row["target"]}" on image "{row["image"]}" is {row["loss"]:g}, and was '
            f"{row['loss_old']:g}{others}; one network has one loss: leave these rows out of one "
            "of the two tables"
        )
    return known


def _joined_clusters(earlier: Losses, newer: Losses) -> dict[str, str]:
    for image in sorted({*earlier.clusters} & {*newer.clusters}):
        old, new = earlier.clusters[image], newer.clusters[image]
        if old != new:
            raise InvalidTableError(
                f'image "{image}" is in cluster "{new}" in the new losses, and in "{old}" in the '
                "earlier ones; expected one cluster"
            )
    return {**earlier.clusters, **newer.clusters}


def _by_target(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return tables of transfers as one, sorted by target, with the columns in the usual order."""
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    frame = frame.sort_values("target", kind="stable", ignore_index=True)
    columns = [name for name in ORDER if name in frame]
    return frame[[*columns, *(name for name in frame if name not in columns)]]


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as in ``1 image`` and ``3 images``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
