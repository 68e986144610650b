"""Successive halving: the rule by hand, and a pruned sweep beside one that trains everything."""

import json
import math
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from encoders import TaskonomyDataset
from encoders.engines import LocalEngine
from encoders.errors import TrainingError
from encoders.training.config import FitConfig
from encoders.transfer.candidates import FirstOrderOnly, Published, SubsetsOfBest
from encoders.transfer.config_file import write_or_check_config
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.file_names import LOSSES, VALID_LOSSES
from encoders.transfer.gather import gather
from encoders.transfer.pruning import Halving, Pruned, Standing, sources_needed
from encoders.transfer.records import REFERENCES, place_of, validation_of
from encoders.transfer.repeats import SeedPlan
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.sweep import sweep
from taskgraph.tables import read_losses
from tests.encoders.inline import InlineEngine
from tests.encoders.untrained import write_untrained
from tests.failing import fails

TARGET = "rgb2depth"
SOURCES = ("autoencoder", "colorization", "curvature", "edge2d", "random", "reshade")
RULE = SubsetsOfBest(3)


# --- the rule ---


def standings(*losses, finished=()):
    names = [(chr(97 + number),) for number in range(len(losses))]
    return [
        Standing(name, loss, name[0] in finished) for name, loss in zip(names, losses, strict=True)
    ]


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
    """Six untrained sources of one target, whose read-outs end by patience or by the cap."""
    bank = tmp_path_factory.mktemp("pruning") / "bank"
    names = sorted({TARGET, *SOURCES} - {"random"})
    write_untrained(bank, TaskonomyDataset(world_of_14, names, "train", progress=False))
    fit = FitConfig(
        epochs=8,
        batch=4,
        learning_rate=0.01,
        patience=2,
        cuts=0,
        min_delta=0.01,
        precision="32-true",
    )
    pool = TransferDataConfig(str(world_of_14), train=8, valid=4, test=10)
    transfer = TransferConfig(str(bank), pool, fit)
    return SweepConfig(transfer, (TARGET,), SOURCES, max_order=3)


@pytest.fixture(scope="module")
def full(config, tmp_path_factory):
    """A sweep that trains every read-out to its end, and its folder."""
    out = tmp_path_factory.mktemp("pruning") / "full"
    swept = sweep(config, out, InlineEngine(), rule=RULE)
    assert not swept.failures
    return swept.records, out


HALVING = Halving(rungs=(0.25, 0.5), keep=0.4, least=1)


@pytest.fixture(scope="module")
def halved(config, full, tmp_path_factory):
    """The same sweep, pruned, and its folder."""
    out = shared_folder(tmp_path_factory.mktemp("pruning") / "halved", full)
    swept = sweep(replace(config, pruning=HALVING), out, InlineEngine(), rule=RULE)
    assert not swept.failures
    return swept.records, out


def halved_by_loop(curves, epochs_of, needed):
    """Successive halving in a plain loop over curves of validation losses, {sources: losses}."""
    left, pruned = sorted(curves), {}
    for rung in epochs_of:
        best = {name: min(curves[name][:rung]) for name in left}
        order = sorted(left, key=lambda name: (best[name], name))
        kept = max(math.ceil(0.4 * len(order)), 1, needed)
        stopped = [name for name in order[kept:] if len(curves[name]) > rung]
        pruned |= {name: (rung, order.index(name) + 1, len(order)) for name in stopped}
        left = [name for name in left if name not in pruned]
    return pruned


def pruned_in(records):
    return {
        name: tuple(record["pruned"][key] for key in ("rung", "rank", "of"))
        for (_, name), record in records.items()
        if "pruned" in record
    }


def test_those_are_pruned_that_a_plain_loop_over_full_curves_prunes(full, halved):
    """Curves of validation losses decide, and nothing else. The rule needs three single sources."""
    curves = {
        name: [loss for _, loss in record["valid_losses"]]
        for (_, name), record in full[0].items()
        if name not in ("self", "scratch", "average")
    }
    expected = {}
    for several, needed in ((False, 3), (True, 0)):
        group = {name: curve for name, curve in curves.items() if ("+" in name) == several}
        expected |= halved_by_loop(group, (2, 4), needed)
    found = pruned_in(halved[0])
    assert found == expected
    assert len(found) >= 4
    assert {rung for rung, _, _ in found.values()} == {2, 4}


def test_the_best_candidates_are_the_same_and_their_losses_equal_to_the_last_bit(full, halved):
    (all_records, everything), (records, out) = full, halved
    assert records.keys() == all_records.keys()
    survivors = [name for (_, name), record in records.items() if "pruned" not in record]
    assert {"scratch", "average", "self"} < set(survivors)
    for name in survivors:
        sources = tuple(name.split("+"))
        for place in (lambda *a: place_of(*a).with_suffix(".parquet"), validation_of):
            one, other = (
                pd.read_parquet(place(each, TARGET, sources)) for each in (out, everything)
            )
            pd.testing.assert_frame_equal(one, other, check_exact=True)
        one, other = ({**each[TARGET, name], "seconds": 0} for each in (records, all_records))
        assert one == other

    def ranked(measured, several):
        losses = {n: r["valid_loss"] for (_, n), r in measured.items() if n not in REFERENCES}
        return sorted((n for n in losses if ("+" in n) == several), key=lambda n: (losses[n], n))

    assert ranked(records, False)[:3] == ranked(all_records, False)[:3]
    assert ranked(records, True)[0] == ranked(all_records, True)[0]


def test_a_pruned_read_out_is_measured_where_it_stopped(full, halved):
    (all_records, _), (records, out) = full, halved
    for name, (rung, _, _) in pruned_in(records).items():
        record, whole = records[TARGET, name], all_records[TARGET, name]
        assert record["stopped"] == "pruned"
        assert record["last_epoch"] == rung - 1
        assert record["valid_losses"] == whole["valid_losses"][:rung]
        assert record["valid_loss"] == pytest.approx(min(v for _, v in record["valid_losses"]))
        measured = pd.read_parquet(validation_of(out, TARGET, tuple(name.split("+"))))
        assert record["valid_loss"] == pytest.approx(measured["loss"].mean())
    assert not list((out / "runs").rglob("*.safetensors"))


def test_every_record_says_when_and_why_training_stopped(full):
    for (_, name), record in full[0].items():
        if name == "self":
            assert record["best_epoch"] is None  # a bank without any training
            continue
        assert record["stopped"] in ("patience", "cap")
        assert 0 <= record["best_epoch"] <= record["last_epoch"] < 8
        assert 0 < record["best_step"] <= record["last_step"]
        assert record["seed"] == 0
    assert {record.get("stopped") for record in full[0].values()} == {None, "patience", "cap"}


def test_the_tables_say_what_was_pruned(halved, full):
    records, out = halved
    found = gather(records, out, bootstrap=2)
    frame = pd.read_parquet(out / LOSSES)
    named = set(frame[frame["pruned"]]["sources"])
    assert named == set(pruned_in(records))
    assert read_losses(out / LOSSES).pruned == {(TARGET, name) for name in named}
    table = found.transfers.frame.set_index("sources")
    assert set(table.index[table["pruned"]]) == named
    valid = pd.read_parquet(out / VALID_LOSSES)
    assert list(valid.columns) == list(frame.columns)
    assert not set(valid["image"]) & set(frame["image"])
    means = valid.groupby("sources")["loss"].mean()
    for (_, name), record in records.items():
        assert means[name] == pytest.approx(record["valid_loss"])
    assert "average" in means.index
    gather(full[0], full[1], bootstrap=2)
    assert "pruned" not in pd.read_parquet(full[1] / LOSSES)


def same(one, other):
    return {key: {**record, "seconds": 0} for key, record in one.items()} == {
        key: {**record, "seconds": 0} for key, record in other.items()
    }


def shared_folder(out, full):
    """The folder of a new sweep with the representations of another one."""
    out.mkdir()
    (out / "representations").symlink_to(full[1] / "representations")
    return out


@pytest.mark.slow
def test_a_sweep_killed_again_and_again_prunes_the_same(config, full, halved, tmp_path):
    """Before the first rung, between two rungs, and while the survivors are trained."""
    out, pruned = shared_folder(tmp_path / "out", full), replace(config, pruning=HALVING)
    for calls in (4, 5, 7):
        with pytest.raises(KeyboardInterrupt):
            sweep(pruned, out, InlineEngine(most=calls), rule=RULE)
    engine = InlineEngine()
    swept = sweep(pruned, out, engine, rule=RULE)
    assert engine.keys
    assert same(swept.records, halved[0])
    decisions = [
        {path.name: path.read_text() for path in (folder / "pruning").rglob("*.json")}
        for folder in (out, halved[1])
    ]
    assert decisions[0] == decisions[1]
    assert len(decisions[0]) == 4  # two groups, two rungs


def test_a_decision_is_read_and_not_made_again(config, full, halved, tmp_path):
    """This holds also where a read-out's record has changed since, such as after a failure."""
    out = shared_folder(tmp_path / "out", full)
    shutil.copytree(halved[1] / "measured", out / "measured")
    shutil.copytree(halved[1] / "pruning", out / "pruning")
    shutil.copytree(halved[1] / "validation", out / "validation")
    engine, gone = InlineEngine(), next(iter(pruned_in(halved[0])))
    place_of(out, TARGET, (gone,)).unlink()
    swept = sweep(replace(config, pruning=HALVING), out, engine, rule=RULE)
    assert engine.keys == [f"{gone} -> {TARGET}"]
    assert same(swept.records, halved[0])


@pytest.mark.slow
def test_a_pruned_read_out_with_several_seeds_is_trained_to_its_end(config, full, halved, tmp_path):
    out = shared_folder(tmp_path / "out", full)
    for name in ("measured", "pruning", "validation"):
        shutil.copytree(halved[1] / name, out / name)
    gone = next(iter(pruned_in(halved[0])))
    engine, seeds = InlineEngine(), SeedPlan(named={(TARGET, gone): 2})
    swept = sweep(replace(config, pruning=HALVING), out, engine, rule=RULE, seeds=seeds)
    assert engine.keys == [f"{gone} -> {TARGET}", f"{gone} -> {TARGET} (seed 1)"]
    one, other = ({**each[TARGET, gone], "seconds": 0} for each in (swept.records, full[0]))
    assert one == other
    assert swept.repeated == 1


@pytest.mark.slow
def test_processes_prune_as_one_does(config, full, halved, tmp_path):
    out = shared_folder(tmp_path / "out", full)
    swept = sweep(replace(config, pruning=HALVING), out, LocalEngine(jobs=2), rule=RULE)
    assert same(swept.records, halved[0])


def test_another_pruning_is_another_sweep(config, halved):
    write_or_check_config(replace(config, pruning=HALVING), halved[1])
    with pytest.raises(TrainingError, match=r"of a sweep with another pruning\.keep; write to"):
        write_or_check_config(replace(config, pruning=replace(HALVING, keep=0.3)), halved[1])
    with pytest.raises(TrainingError, match="of a sweep with another pruning; write to"):
        write_or_check_config(config, halved[1])
    assert json.loads((halved[1] / "config.json").read_text())["pruning"] == {
        "rungs": [0.25, 0.5],
        "keep": 0.4,
        "least": 1,
    }


def test_ridge_read_outs_are_not_pruned(config):
    with pytest.raises(TrainingError, match='those of kind "ridge" are not trained; leave --pru'):
        replace(config, readout="ridge", pruning=HALVING)


# --- the command ---


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--rungs", ".5"], "--rungs is a setting of --pruning halving; give that too"),
        (["--keep-least", "3"], "--keep-least is a setting of --pruning halving; give that too"),
        (["--pruning", "halving", "--rungs", ".5,2"], "a rung of pruning is 2.0, expected a share"),
        (["--pruning", "halving", "--readout", "ridge"], "are not trained; leave --pruning out"),
        (["--pruning", "quartering"], "'quartering' is not one of 'none', 'halving'"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(flags, message, config, tmp_path, capsys):
    pool = config.transfer.pool
    base = ["transfer", "--data", pool.data, "--bank", config.transfer.bank, "-o", tmp_path / "o"]
    assert message in fails(capsys, *base, *flags)


def test_the_flags_make_the_rule(config, tmp_path, monkeypatch, capsys):
    made = []

    def stop(config, _out, _engine, **_):
        made.append(config.pruning)
        raise TrainingError("that is all")

    monkeypatch.setattr("encoders.transfer.sweep.sweep", stop)
    pool = config.transfer.pool
    base = ["transfer", "--data", pool.data, "--bank", config.transfer.bank, "-o", tmp_path / "o"]
    fails(capsys, *base)
    fails(capsys, *base, "--pruning", "halving")
    given = ["--rungs", ".2,.4", "--keep-share", ".3", "--keep-least", "4"]
    fails(capsys, *base, "--pruning", "halving", *given)
    assert made == [None, Halving(), Halving((0.2, 0.4), 0.3, 4)]
