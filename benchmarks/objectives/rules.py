"""The rules that choose a taxonomy, and what a chosen taxonomy is worth on other images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import taskgraph as tg
from taskgraph.affinity.seeds import runs_of
from taskgraph.affinity.tournament import tournament_of
from taskgraph.losses import Losses
from taskgraph.tasks import SELF, join_sources
from taskgraph.taxonomy import Taxonomy

MEASURES = ("gain", "quality", "closed", "loss_ratio")
"""Means over targets: the win rates against scratch and self, the share of the loss between them
that is closed, and loss / loss of self (geometric mean; smaller is better)."""

MIN_IMAGES = 10


@dataclass(frozen=True)
class ObjectiveRule:
    """A method that makes affinities of win rates, and an objective."""

    method: str
    objective: str

    @property
    def name(self) -> str:
        """Return the name in records and tables, such as ``sqrt of ahp``."""
        if self.objective in ("gain", "quality", "closed"):
            return self.objective
        return f"{self.objective} of {self.method}"


DEFAULT = ObjectiveRule("ahp", "sqrt")
RULES = (
    DEFAULT,
    ObjectiveRule("ahp", "linear"),
    ObjectiveRule("ahp", "log"),
    ObjectiveRule("geometric-mean", "sqrt"),
    ObjectiveRule("bradley-terry", "sqrt"),
    ObjectiveRule("win-rate", "sqrt"),
    ObjectiveRule("win-rate", "linear"),
    ObjectiveRule("ahp", "gain"),
    ObjectiveRule("ahp", "quality"),
    ObjectiveRule("ahp", "closed"),
)
PUBLISHED_RULES = tuple(r for r in RULES if r.method == "ahp" and r.objective != "closed")
"""Rules that need no losses."""


@dataclass(frozen=True, eq=False)
class ObjectiveImages:
    """The transfers as measured on the test images of one set of buildings.

    Attributes
    ----------
    tables : mapping of methods to Transfers
    mean_losses : mapping of (target, sources) to the mean loss over images and seeds
    """

    tables: Mapping[str, tg.Transfers]
    mean_losses: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, losses: Losses) -> ObjectiveImages:
        """Make the tables of all methods."""
        methods = dict.fromkeys(rule.method for rule in RULES)
        tables = {m: tg.affinities(losses, method=m).transfers for m in methods}
        means = {}
        for target in losses.targets:
            met = tournament_of(target, losses.by_target[target], MIN_IMAGES)
            for name, row in zip(met.candidates, met.losses, strict=True):
                means[target, name] = float(runs_of(met, name, row).mean())
        return cls(tables, means)


def chosen(images: ObjectiveImages, rule: ObjectiveRule, budget: float, max_order: int) -> Taxonomy:
    """Return the proven optimum of a rule, chosen on these images.

    For the rule ``closed``, targets at which ``self`` is no better than ``scratch`` on these images
    have no value: their quality is used, so that every target still has to be solved.
    """
    table = images.tables[rule.method]
    if rule.objective == "closed":
        frame = table.frame
        lacking = frame["closed"].isna().groupby(frame["target"]).transform("all")
        filled = frame["closed"].mask(lacking, frame["quality"])
        table = tg.Transfers(frame.assign(closed=filled), exact_names=True)
    return tg.solve(table, budget=budget, max_order=max_order, objective=rule.objective)


def worth(images: ObjectiveImages, taxonomy: Taxonomy) -> dict[str, float]:
    """Return each of `MEASURES` of a taxonomy on these images, and the number of closed shares."""
    rows: dict[str, list[float]] = {name: [] for name in MEASURES}
    table = next(iter(images.tables.values()))
    for transfer in taxonomy.transfers:
        key = transfer.target, join_sources(transfer.sources)
        row: Any = table.row_of(transfer.target, transfer.sources)
        for name in ("gain", "quality", "closed"):
            rows[name].append(float(row[name]))
        ratio = images.mean_losses[key] / images.mean_losses[transfer.target, SELF]
        rows["loss_ratio"].append(np.log(ratio))
    found = {name: float(np.nanmean(values)) for name, values in rows.items()}
    found["loss_ratio"] = float(np.exp(found["loss_ratio"]))
    return found


def halved(losses: Losses, number: int, seed: int) -> tuple[Losses, Losses]:
    """Split the test images in two, all images of a cluster in the same half.

    ``number`` is that of the halving; the halvings of a seed do not depend on how many there are.
    """
    clusters = sorted(set(losses.clusters.values()))
    shuffled = np.random.default_rng([seed, number]).permutation(len(clusters))
    first = {clusters[place] for place in shuffled[: len(clusters) // 2].tolist()}
    halves = []
    for wanted in (True, False):
        kept = {name for name, each in losses.clusters.items() if (each in first) == wanted}
        halves.append(losses.on_images(kept))
    return halves[0], halves[1]
