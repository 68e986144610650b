"""The rungs of a sweep: decide which read-outs of a target stop there, once and for all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from encoders.errors.storage import read_json
from encoders.transfer.candidates import CandidateRule, Sources
from encoders.transfer.measure import rung_file
from encoders.transfer.pruning import Pruned, Standing, ranking, sources_needed
from encoders.transfer.settings import SweepConfig
from taskgraph.tables import write_text
from taskgraph.tasks import join_sources, parse_sources

PRUNING = "pruning"
"""Folder of a sweep that holds one file a target, group of candidates and rung."""

SINGLES, SETS = "singles", "sets"
"""The groups of candidates of a target that are compared with each other."""


def decision_file(out: Path, target: str, group: str, epochs: int) -> Path:
    """Return the path of what was decided about a group of a target's candidates at a rung."""
    return out / PRUNING / target / f"{group}-{epochs}.json"


def decide(
    config: SweepConfig,
    out: Path,
    target: str,
    group: str,
    epochs: int,
    candidates: Iterable[Sources],
    rule: CandidateRule,
) -> dict[Sources, Pruned]:
    """Return which candidates of a target are pruned at a rung, and write the decision.

    A decision that was written is read and never made again, so that a resumed sweep prunes the
    same candidates. Candidates without a `rung_file` (whose training failed) take no part.

    Parameters
    ----------
    group : "singles" or "sets"
        Of single sources, as many of the best are kept as ``rule`` makes sets of.
    epochs : int
        Number of epochs of the rung.
    candidates : tuples of str
        The sources of each candidate that was trained up to the rung.
    rule : CandidateRule
        The rule that proposes sets of the best single sources.
    """
    path = decision_file(out, target, group, epochs)
    if path.exists():
        pruned = read_json(path)["pruned"]
        return {
            parse_sources(name): Pruned(epochs, one["rank"], one["of"])
            for name, one in pruned.items()
        }
    standings = ranking(_standings(out, target, candidates, epochs))
    needed = 0
    if group == SINGLES and standings:
        ranked = [one.sources[0] for one in standings]
        needed = sources_needed(rule, target, ranked, config.max_order)
    assert config.pruning is not None
    decided = config.pruning.prune(standings, epochs, needed=needed)
    record = {
        "epochs": epochs,
        "ranking": [[join_sources(one.sources), one.loss] for one in standings],
        "pruned": {
            join_sources(sources): {"rank": one.rank, "of": one.of}
            for sources, one in decided.items()
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps(record, indent=1) + "\n", path)
    return decided


def _standings(
    out: Path, target: str, candidates: Iterable[Sources], epochs: int
) -> Iterable[Standing]:
    """Yield the standing of each candidate that has been trained up to the rung."""
    for sources in candidates:
        path = rung_file(out, target, sources, epochs)
        if path.exists():
            record = read_json(path)
            yield Standing(sources, record["loss"], record["stopped"] is not None)
