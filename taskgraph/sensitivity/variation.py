"""The sources of variation that an analysis holds, and those that it lacks."""

from __future__ import annotations

from dataclasses import dataclass

from taskgraph.affinity.bootstrap import units_of
from taskgraph.affinity.tournament import tournament_of
from taskgraph.losses import Losses
from taskgraph.tasks import REFERENCES

SEEDS = "seeds"
"""Name of the resamples of seeds of training."""


@dataclass(frozen=True)
class VariationSources:
    """The sources of variation that resamples draw from, and those that they hold fixed.

    Attributes
    ----------
    holds, lacks : tuples of str
        Phrases, such as "the sample of 30 clusters of test images".
    """

    holds: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def none_drawn(self) -> VariationSources:
        """Return the same sources of variation, none of which is held."""
        return VariationSources((), (*self.holds, *self.lacks))

    def sentence(self) -> str:
        """Return a sentence that names both; empty if neither is known."""
        held = f"the resamples hold {' and '.join(self.holds)}" if self.holds else ""
        lacking = f"no number here holds {', nor '.join(self.lacks)}" if self.lacks else ""
        return "; ".join(filter(None, (held, lacking)))


NOT_KNOWN = VariationSources((), ("the sample of test images", "seeds of training"))
"""Of a table without losses on images."""


def resampled_unit(losses: Losses) -> str:
    """Return what resamples of test images draw: "clusters" or "images"."""
    return "clusters" if losses.clusters else "images"


def variation_of(losses: Losses, *, min_images: int) -> VariationSources:
    """Return what resamples of losses hold: test images or clusters, and seeds of candidates.

    References are left out, as affinities do not depend on ``scratch`` and ``average``.
    """
    tournaments = [tournament_of(t, losses.by_target[t], min_images) for t in losses.targets]
    counts = [1 + len(one.further.get(name, ())) for one in tournaments for name in one.candidates]
    images = sorted({image for one in tournaments for image in one.images})
    units = int(units_of(images, losses.clusters).max()) + 1
    if losses.clusters:
        holds, lacks = [f"the sample of {units} clusters of test images"], []
    else:
        holds = [f"the sample of {units} test images"]
        lacks = ["what images have in common (no column cluster: they are drawn as independent)"]
    several = [count for count in counts if count > 1]
    if several:
        least, most = min(several), max(several)
        each = f"{least}" if least == most else f"{least} to {most}"
        holds.append(f"{each} seeds of training of {_of(len(several), len(counts))}")
    if len(several) < len(counts):
        lacks.append(
            f"seeds of training of {_of(len(counts) - len(several), len(counts))}, measured with "
            "one each"
        )
    return VariationSources(tuple(holds), tuple(lacks))


def _of(count: int, total: int) -> str:
    """Return the words that say how many of all candidates are meant."""
    if count == total:
        return f"all {total} transfers and task-specific networks"
    return f"{count} of {total} transfers and task-specific networks"


def has_several_seeds(losses: Losses) -> bool:
    """Return whether some transfer, or ``self`` of some target, has several seeds."""
    return any(
        len(runs) > 1 and name not in REFERENCES
        for measured in losses.by_target.values()
        for name, runs in measured.seeds.items()
    )
