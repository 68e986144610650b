"""Successive halving: the rule by hand, and a pruned sweep beside one that trains everything."""

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from encoders import TaskonomyDataset
from encoders.errors import TrainingError
from encoders.training.config import FitConfig
from encoders.transfer.candidates import FirstOrderOnly, Published, SubsetsOfBest
from encoders.transfer.config_file import write_or_check_config
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.gather import LOSSES, VALID_LOSSES, gather
from encoders.transfer.pruning import Halving, Pruned, Standing, sources_needed
from encoders.transfer.records import place_of, validation_of
from encoders.transfer.repeats import SeedPlan
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.sweep import sweep
from taskgraph.tables import read_losses
from tests.encoders.inline import InlineEngine
from tests.encoders.untrained import write_untrained

TARGET = "rgb2depth"
SOURCES = ("autoencoder", "colorization", "curvature", "edge2d", "keypoint2d", "random", "reshade")
RULE = SubsetsOfBest(3)


# --- the rule ---


def standings(*losses, finished=()):
    names = [(chr(97 + number),) for number in range(len(losses))]
    return [Standing(name, loss, name[0] in finished) for name, loss in zip(names, losses, strict=True)]


def test_the_worse_half_stops_and_ties_go_by_name():
    halving = Halving(least=1)
    pruned = halving.prune(standings(3.0, 1.0, 2.0, 2.0, 5.0), 7)
    # Ranked b 1, c 2, d 2, a 3, e 5; half of five, rounded up, are three.
    assert pruned == {("a",): Pruned(7, 4, 5), ("e",): Pruned(7, 5, 5)}
    assert halving.prune(standings(1.0, 2.0, 2.0, 2.0), 1) == {
        ("c",): Pruned(1, 3, 4),
        ("d",): Pruned(1, 4, 4),
    }


def test_the_least_and_the_needed_go_on_whatever_the_share():
    losses = list(range(1, 9))
    assert len(Halving(least=1).prune(standings(*losses), 1)) == 4
    assert len(Halving(least=6).prune(standings(*losses), 1)) == 2
    assert len(Halving(least=1).prune(standings(*losses), 1, needed=7)) == 1
    assert Halving(least=8).prune(standings(*losses), 1) == {}


def test_a_finished_read_out_is_not_pruned_but_takes_its_place():
    pruned = Halving(least=1).prune(standings(1, 2, 3, 4, finished="d"), 2)
    assert pruned == {("c",): Pruned(2, 3, 4)}


@pytest.mark.parametrize(
    ("epochs", "rungs"), [(48, (6, 12, 24)), (20, (3, 5, 10)), (4, (1, 2)), (2, (1,)), (1, ())]
)
def test_rungs_are_shares_of_the_cap_rounded_up(epochs, rungs):
    assert Halving().rung_epochs(epochs) == rungs


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rungs": ()}, "pruning has no rung, expected at least one, such as 0.25"),
        ({"rungs": (0.5, 1.0)}, "a rung of pruning is 1.0, expected a share above 0 and below 1"),
        ({"rungs": (0.5, 0.25)}, "the rungs of pruning are 0.5, 0.25, expected rising shares"),
        ({"keep": 1.0}, "the share that pruning keeps is 1.0, expected one above 0 and below 1"),
        ({"least": 0}, "pruning keeps at least 0, expected 1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(TrainingError, match=message):
        Halving(**settings)


@pytest.mark.parametrize(
    ("rule", "max_order", "needed"),
    [
        (SubsetsOfBest(5), 5, 5),
        (SubsetsOfBest(5), 7, 7),
        (SubsetsOfBest(5), 1, 0),
        (Published(), 5, 6),
        (FirstOrderOnly(), 5, 0),
    ],
)
def test_what_a_rule_needs_of_the_ranking(rule, max_order, needed):
    assert sources_needed(rule, "t", [f"s{n}" for n in range(20)], max_order) == needed


# --- a sweep ---


@pytest.fixture(scope="module")
def config(world_of_14, tmp_path_factory):
    """Seven untrained sources of one target, whose read-outs end by patience or by the cap."""
    bank = tmp_path_factory.mktemp("pruning") / "bank"
    names = sorted({TARGET, *SOURCES} - {"random"})
    write_untrained(bank, TaskonomyDataset(world_of_14, names, "train", progress=False))
    fit = FitConfig(
        epochs=8, batch=4, learning_rate=0.01, patience=2, cuts=0, min_delta=0.01, precision="32-true"
    )
    pool = TransferDataConfig(str(world_of_14), train=8, valid=6, test=8)
    transfer = TransferConfig(str(bank), pool, fit)
    return SweepConfig(transfer, (TARGET,), SOURCES, max_order=3)


@pytest.fixture(scope="module")
def full(config, tmp_path_factory):
    """A sweep that trains every read-out to its end, and its folder."""
    out = tmp_path_factory.mktemp("pruning") / "full"
    swept = sweep(config, out, InlineEngine(), rule=RULE)
    assert not swept.failures
    return swept.records, out


HALVING = Halving(rungs=(0.25, 0.5), keep=0.5, least=2)


@pytest.fixture(scope="module")
def halved(config, full, tmp_path_factory):
    """The same sweep, pruned, and its folder."""
    out = tmp_path_factory.mktemp("pruning") / "halved"
    out.mkdir()
    (out / "representations").symlink_to(full[1] / "representations")
    swept = sweep(replace(config, pruning=HALVING), out, InlineEngine(), rule=RULE)
    assert not swept.failures
    return swept.records, out


def test_print(full, halved):
    for key, record in full[0].items():
        print(key, record["valid_loss"], record["stopped"], record["last_epoch"], {k: halved[0].get(key, {}).get(k) for k in ("valid_loss", "stopped", "last_epoch", "pruned")})
    print(json.dumps({p.name: json.loads(p.read_text()) for p in (halved[1]/"pruning").rglob("*.json")}, indent=1))
