"""The networks of the pilot, how each is trained, and what identifies it in the records."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.pilot.settings import Settings
from benchmarks.results.record import key_of
from encoders.bank.identity import bank_hash
from encoders.dataset import contents_of
from encoders.training.config import FitConfig
from encoders.transfer.candidates import Sources
from encoders.transfer.config_file import fingerprints
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.pruning import Pruned
from encoders.transfer.settings import SweepConfig, TransferConfig, resolve_tasks
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources

READOUT, RUN = "readout", "run"
"""Values of the setting ``part``: a record of one network, and the first record of a run."""

SHORT, LONG, PRUNED, UNTRAINED = "short", "long", "pruned", "none"
"""Values of the setting ``training``: 250 steps, until training stops, the long one up to the rung
at which pruning stops it (also the value of ``part`` of these), and ``self``."""

TRAININGS = (SHORT, LONG)


@dataclass(frozen=True)
class PilotNetwork:
    """A network: a read-out, or one of the references ``self``, ``scratch`` and ``average``.

    Attributes
    ----------
    target : str
    sources : tuple of str
        Sorted names, or one reference.
    training : str
        `SHORT`, `LONG`, `PRUNED`, or `UNTRAINED` for ``self``.
    pruned : Pruned or None
        Where pruning stops it.
    """

    target: str
    sources: Sources
    training: str
    pruned: Pruned | None = None

    @property
    def name(self) -> str:
        """Return the network's name in messages."""
        return f"{join_sources(self.sources)} -> {self.target} ({self.training})"

    @property
    def folder(self) -> str:
        """Return the name of the folder with its files; ``self`` is among the long ones."""
        return LONG if self.training == UNTRAINED else self.training


def sweep_of(settings: Settings) -> SweepConfig:
    """Return the configuration of the long training as a sweep."""
    targets, sources = resolve_tasks(settings.bank, settings.targets, settings.sources)
    pool = TransferDataConfig(
        settings.data,
        train=settings.images,
        valid=settings.valid_images,
        test=settings.test_images,
        splits=settings.division,
    )
    fit = FitConfig(
        epochs=settings.epochs,
        batch=settings.batch,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        threads=settings.threads,
        patience=settings.patience,
        min_delta=settings.min_delta,
        cuts=settings.cuts,
    )
    transfer = TransferConfig(settings.bank, pool, fit).of_bank([*targets, *sources])
    return SweepConfig(
        transfer,
        targets,
        sources,
        max_order=min(settings.max_order, len(sources)),
        candidates="singles and the best sets by ridge",
        allow_overlap=settings.allow_overlap,
    )


def transfer_of(sweep: SweepConfig, training: str, short: int) -> TransferConfig:
    """Return the configuration of one training.

    The short one has ``short`` epochs, a learning rate that falls as a cosine, and no patience.
    """
    if training != SHORT:
        return sweep.transfer
    fit = replace(sweep.transfer.fit, epochs=short, patience=None)
    return replace(sweep.transfer, fit=fit)


def planned(sweep: SweepConfig, sets: Mapping[str, Iterable[Sequence[str]]]) -> list[PilotNetwork]:
    """Return all networks, target by target: references first, then single sources, then sets."""
    networks = []
    for target in sweep.targets:
        networks.append(PilotNetwork(target, (SELF,), UNTRAINED))
        singles = [(name,) for name in sorted(sweep.sources) if name != target]
        chosen = [(SCRATCH,), (AVERAGE,), *singles, *(tuple(each) for each in sets[target])]
        networks += [PilotNetwork(target, each, length) for each in chosen for length in TRAININGS]
    return networks


def identity_of(sweep: SweepConfig) -> dict[str, Any]:
    """Return the settings that all networks of a pilot share: the bank and the images, by hash."""
    pool = sweep.transfer.pool
    images = {
        name: value for name, value in pool.record().items() if name not in ("data", "splits")
    }
    content = contents_of(pool.data, sweep.targets, pool.size, pool.splits)
    return {
        "bank_hash": bank_hash(fingerprints(sweep)),
        "preset": sweep.transfer.preset,
        "pool": images,
        "content": hashlib.sha256(str(sorted(content.items())).encode()).hexdigest()[:12],
    }


def settings_of(
    network: PilotNetwork, identity: Mapping[str, Any], transfer: TransferConfig
) -> dict[str, Any]:
    """Return the settings of a network's record: all that its losses depend on but the seed."""
    fit = dataclasses.asdict(transfer.fit)
    fit.pop("seed")
    where = {} if network.pruned is None else {"pruned": vars(network.pruned)}
    return {
        "part": PRUNED if where else READOUT,
        **where,
        "target": network.target,
        "sources": join_sources(network.sources),
        "training": network.training,
        **identity,
        "fit": {} if network.training == UNTRAINED else fit,
    }


def key_text(settings: Mapping[str, Any], seed: int | None) -> str:
    """Return the key of a network's rows in the tables: digits of a hash of its settings."""
    return hashlib.sha256(str(key_of(settings, seed, "test")).encode()).hexdigest()[:12]
