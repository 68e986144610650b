"""The jobs of a sweep: encode the images with each source, and measure each transfer."""

from __future__ import annotations

from pathlib import Path

from encoders.dataset import TaskonomyDataset
from encoders.dataset.splits import ALL
from encoders.engines import Job, with_threads
from encoders.transfer.candidates import (
    CandidateRule,
    Sources,
    first_order_sources,
    rank_sources,
)
from encoders.transfer.data import open_transfer_data
from encoders.transfer.external_sources import source_encoder
from encoders.transfer.measure import measure_transfer, rung_file, train_to_rung
from encoders.transfer.pruning import Pruned
from encoders.transfer.records import REFERENCES, place_of, records, seed_folder
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.store import (
    PLAIN,
    REPRESENTATIONS,
    Store,
    input_kind,
    views_of,
    write_representations,
    write_views,
)
from taskgraph.tasks import join_sources

PLAIN_TASK = "autoencoder"
"""A task whose input is the unchanged picture."""


def encodings(config: SweepConfig, out: Path) -> list[Job]:
    """Return one job for each source and kind of input, which stores its representations."""
    store = Store(out / REPRESENTATIONS)
    pool = config.transfer.pool
    write_views(store, views_of(pool, config.targets))
    kinds = {input_kind(pool.task(name)): name for name in config.targets}
    kinds = {kind: PLAIN_TASK if kind == PLAIN else name for kind, name in kinds.items()}
    return [
        Job(
            f"encode {source} ({kind})",
            encode_source,
            (config.transfer, out, source, task),
            done=store.path(source, kind),
        )
        for kind, task in kinds.items()
        for source in config.sources
    ]


@with_threads
def encode_source(config: TransferConfig, out: Path, source: str, task: str) -> str:
    """Write one source's representations of a task's inputs; returns the path of the file."""
    pool = config.pool
    if input_kind(pool.task(task)) == PLAIN:
        dataset = TaskonomyDataset(
            pool.data,
            [pool.task(task)],
            ALL,
            size=pool.size,
            constants={},
            progress=False,
            listing=pool.listing,
            skip_broken=pool.skip_broken,
        )
    else:
        dataset = open_transfer_data(pool, task).train.dataset
    store, device = Store(out / REPRESENTATIONS), config.fit.fabric().device
    encoder = source_encoder(config, source, dataset, task, store)
    return str(write_representations(encoder, dataset, task, store, source, device=device))


def first_transfers(
    config: SweepConfig, *, single_sources: bool = True
) -> list[tuple[str, Sources]]:
    """Return (target, sources) of the references and, unless left out, of the single sources."""
    references: list[Sources] = [(name,) for name in REFERENCES]
    return [
        (target, sources)
        for target in config.targets
        for sources in [
            *references,
            *(first_order_sources(target, config.sources) if single_sources else []),
        ]
    ]


def set_transfers(config: SweepConfig, out: Path, rule: CandidateRule) -> list[tuple[str, Sources]]:
    """Return (target, sources) of the sets of sources that the rule proposes, target by target."""
    measured = records(out)
    transfers: list[tuple[str, Sources]] = []
    for target in config.targets:
        losses = {
            sources: record["valid_loss"]
            for (name, sources), record in measured.items()
            if name == target and record["order"] == 1 and sources in config.sources
        }
        if losses:
            ranked = rank_sources(target, losses)
            transfers += [(target, sources) for sources in rule(target, ranked, config.max_order)]
    return transfers


def measurement(
    config: SweepConfig,
    out: Path,
    target: str,
    sources: Sources,
    *,
    seed: int | None = None,
    pruned: Pruned | None = None,
) -> Job:
    """Return the job that measures one transfer, or one of `REFERENCES`; see `measure_transfer`."""
    name = transfer_key(target, sources)
    return Job(
        name if seed is None else f"{name} (seed {seed})",
        measure_transfer,
        (config.transfer, out, target, sources, seed, pruned),
        done=place_of(seed_folder(out, seed), target, sources),
        weight=_weight(config, target, sources),
    )


def rung_training(
    config: SweepConfig, out: Path, target: str, sources: Sources, epochs: int
) -> Job:
    """Return the job that trains a read-out up to a rung; see `train_to_rung`."""
    return Job(
        transfer_key(target, sources),
        train_to_rung,
        (config.transfer, out, target, sources, epochs),
        done=rung_file(out, target, sources, epochs),
        weight=_weight(config, target, sources),
    )


def transfer_key(target: str, sources: Sources) -> str:
    """Return the key of the jobs of one transfer."""
    return f"{join_sources(sources)} -> {target}"


def _weight(config: SweepConfig, target: str, sources: Sources) -> float:
    return config.transfer.pool.task(target).inputs * (1 + 0.1 * len(sources))
