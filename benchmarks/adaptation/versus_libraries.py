"""Our DANN beside skada's, and our ADDA beside pytorch-adapt's: the same digits and networks."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.adaptation.collect import CONTENDERS, OURS
from benchmarks.adaptation.domain_pair import DomainPair
from benchmarks.adaptation.feature_network import make_model
from benchmarks.adaptation.methods import adda, dann
from benchmarks.adaptation.methods.registry import METHODS, SOURCE_ONLY
from benchmarks.adaptation.pair_groups import LENET, PairGroup, digit_group
from benchmarks.adaptation.reversal import domain_head
from benchmarks.adaptation.settings import PYTORCH_ADAPT, SKADA, Settings
from benchmarks.adaptation.training import asked_for, pair_of, train_once
from benchmarks.adaptation.tuning import chosen_trial
from benchmarks.learning.classifier import Backbone, Classifier
from benchmarks.results.log import Log
from benchmarks.results.worker import call_worker, python_for

VERSUS_PAIR = "mnist-5k:digits"
"""The pair of the comparisons, where ``--pairs`` names none."""
HERE = Path(__file__).parent
WORKERS = {SKADA: "worker_skada.py", PYTORCH_ADAPT: "worker_pytorch_adapt.py"}
INSTALLED = {SKADA: "skada==0.6.0 skorch torch", PYTORCH_ADAPT: "pytorch-adapt==0.0.83"}
"""What pip installs in the environment of a comparison."""
NEEDS = {SKADA: "skada.deep, which needs skorch", PYTORCH_ADAPT: "pytorch_adapt"}


def library_python(library: str, settings: Settings) -> str:
    """Return the Python that has a library; raise WorkerError if the settings name none."""
    flag = f"--parts {library}"
    return python_for(library, settings.python, flag=flag, install=INSTALLED[library])


def compare_with_library(library: str, settings: Settings, log: Log) -> None:
    """Train each pair and seed with our method and the library's, in turn, and record both."""
    chosen = replace(settings, pairs=settings.pairs or (VERSUS_PAIR,), start=LENET)
    group = digit_group(chosen)
    ours = [sys.executable, "-m", "benchmarks.adaptation.worker_ours"]
    theirs = [library_python(library, settings), str(HERE / WORKERS[library])]
    for seed, domains in itertools.product(range(settings.seeds), group.pairs):
        asked = {"part": library, **asked_for(group, chosen)}
        asked |= {"source": domains[0], "target": domains[1]}
        names = [
            name
            for name in contenders_in_turn(library, seed)
            if not log.has({**asked, "method": name}, seed=seed, split="test")
        ]
        job = job_of(library, domains, group, chosen, log, seed=seed) if names else {}
        for name in names:
            command = ours if name == OURS else theirs
            result = call_worker(command, {**job, "method": name}, needs=NEEDS[library])
            seconds = round(float(result["seconds"]), 3)
            metrics = {
                "accuracy": float(result["accuracy"]),
                "processor_seconds": seconds,
                "rate": float(job["rate"]),
                "library": str(result["version"]),
            }
            log.add({**asked, "method": name}, metrics, seed=seed, split="test", seconds=seconds)


def contenders_in_turn(library: str, seed: int) -> Sequence[str]:
    """Return the methods of a comparison; their order turns with the seed.

    So none always has the quieter machine.
    """
    names = CONTENDERS[library]
    start = seed % len(names)
    return [*names[start:], *names[:start]]


def job_of(
    library: str,
    domains: tuple[str, str],
    group: PairGroup,
    settings: Settings,
    log: Log,
    *,
    seed: int,
) -> dict[str, Any]:
    """Return what a worker reads: images, the weights of all networks, and the training's settings.

    The weights of a comparison of ADDA are those after its stage 1, the training on the source. The
    rates of DANN and of ADDA's stage 2 are the papers'.
    """
    pair = pair_of(group, settings, domains, seed)
    model, rate = make_model(pair, group.start, seed), dann.RATE
    if library == PYTORCH_ADAPT:
        method = METHODS[SOURCE_ONLY]
        chosen, _ = chosen_trial(method, group, settings, log)
        stage_1 = train_once(method, pair, group, settings, rate=chosen, strength=1.0, seed=seed)
        model, rate = stage_1.model, adda.RATE
        head = domain_head(model.backbone.features, width=adda.WIDTH, layers=2, seed=seed)
    else:
        head = domain_head(model.backbone.features, seed=seed)
    weights = {
        **{f"network.{k:02}": each for k, each in enumerate(network_values(model))},
        **{f"head.{k:02}": each for k, each in enumerate(head.parameters())},
    }
    return {
        **_images(pair, model.backbone),
        **{name: value.detach().contiguous().numpy() for name, value in weights.items()},
        "library": library,
        "classes": len(pair.classes),
        "steps": settings.steps,
        "batch": settings.batch,
        "rate": rate,
        "betas": adda.BETAS,
        "seed": seed,
    }


def network_values(model: Classifier) -> list[torch.Tensor]:
    """Return the parameters of the feature extractor and then of the classifier's layers."""
    return [*model.backbone.layers.parameters(), *model.head.parameters()]


def _images(pair: DomainPair, backbone: Backbone) -> dict[str, Any]:
    """Return images as bytes, as our network takes them, and prepared, as LeNet takes them."""
    parts = {
        "source": pair.source_train,
        "target": pair.target_train,
        "test": pair.target_test,
    }
    found: dict[str, Any] = {}
    for name, part in parts.items():
        with torch.no_grad():
            prepared = torch.cat([backbone.preparation(x) for x in torch.split(part.images, 512)])
        found[f"{name}_bytes"] = part.images.contiguous().numpy()
        found[f"{name}_images"] = prepared.contiguous().numpy()
        if name != "target":
            found[f"{name}_labels"] = part.labels
    return found
