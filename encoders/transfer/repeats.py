"""Further seeds: which transfers of a sweep are measured again with other seeds of training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from encoders.errors import TrainingError
from encoders.training.schedule import PRUNED
from encoders.transfer.candidates import Sources
from encoders.transfer.records import (
    CAPPED,
    MEASURED,
    TransferRecord,
    further_seeds,
    place_of,
    seed_folder,
)
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, parse_sources

SINGLE = (SELF, AVERAGE)
"""References without further seeds: a network of the bank, and a constant."""


@dataclass(frozen=True)
class SeedPlan:
    """The number of seeds of each transfer, counted from the sweep's own seed.

    The seed sets a network's first weights, the order of the images and dropout. Images, bank and
    candidates are the same for all seeds.

    Attributes
    ----------
    scratch : int, at least 1
        Number of seeds of the reference ``scratch``, for every target.
    others : int, at least 1
        Number of seeds of every transfer.
    named : mapping of (target, sources) to int
        Number of seeds of some transfers; a smaller one than ``others`` has no effect.
    """

    scratch: int = 1
    others: int = 1
    named: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        counts = {"scratch": self.scratch, "the transfers": self.others}
        counts |= {f"{sources} -> {target}": n for (target, sources), n in self.named.items()}
        for name, count in counts.items():
            if count < 1:
                raise TrainingError(f"{name}: {count} seeds, expected at least 1")

    def count(self, target: str, sources: str) -> int:
        """Return the number of seeds of a transfer or reference, written as in tables."""
        if sources in SINGLE:
            return 1
        if sources == SCRATCH:
            return max(self.scratch, self.named.get((target, sources), 1))
        return max(self.others, self.named.get((target, sources), 1))

    def further(
        self, records: Mapping[tuple[str, str], TransferRecord], seed: int
    ) -> list[tuple[str, Sources, int]]:
        """Return (target, sources, seed) of the measurements beside those with the sweep's seed.

        Parameters
        ----------
        records : mapping
            The records of the sweep's own seed, by (target, sources). Read-outs in closed form and
            pruned ones are left out: the first have no seed, the others no end.
        seed : int
            The sweep's own seed.
        """
        return [
            (target, parse_sources(sources), seed + number)
            for (target, sources), record in sorted(records.items())
            if record.get("readout", "trained") == "trained" and record.get("stopped") != PRUNED
            for number in range(1, self.count(target, sources))
        ]

    def unknown(self, records: Mapping[tuple[str, str], TransferRecord]) -> list[tuple[str, str]]:
        """Return the named transfers that the sweep does not measure, sorted."""
        return sorted(set(self.named) - set(records))

    def at_least(self, counts: Mapping[tuple[str, str], int]) -> SeedPlan:
        """Return a plan with no fewer seeds of some transfers, by (target, sources)."""
        more = {key: max(n, self.named.get(key, 1)) for key, n in counts.items()}
        return replace(self, named={**self.named, **more})

    def exempts(self, target: str, sources: str) -> bool:
        """Return whether a transfer is never pruned, because several seeds of it are measured."""
        return self.count(target, sources) > 1


def seed_counts(out: Path, seed: int) -> dict[tuple[str, str], int]:
    """Return the number of seeds of each transfer that was measured with further seeds.

    It counts from the sweep's own seed to the largest one, and includes records that were set aside
    (`encoders.transfer.caps`).
    """
    counts: dict[tuple[str, str], int] = {}
    for further in further_seeds(out):
        for place in (seed_folder(out, further) / MEASURED).glob("*/*.json*"):
            key = (place.parent.name, place.name.removesuffix(CAPPED).removesuffix(".json"))
            counts[key] = max(counts.get(key, 1), further - seed + 1)
    return counts


def forget_pruned(
    plan: SeedPlan, out: Path, records: Mapping[tuple[str, str], TransferRecord]
) -> int:
    """Remove the records of pruned read-outs of which a plan asks for several seeds.

    They are then trained again, to their end, as if they had not been pruned. Returns their number.
    """
    exempt = [
        key
        for key, record in records.items()
        if record.get("stopped") == PRUNED and plan.exempts(*key)
    ]
    for target, sources in exempt:
        place_of(out, target, parse_sources(sources)).unlink()
    return len(exempt)
