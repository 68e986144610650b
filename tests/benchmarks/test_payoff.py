"""The benchmark of what taxonomies pay: choices, measures, splits, the page, and a small whole."""

import contextlib
import itertools
import json
import os
import re
import shutil
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.payoff import newest_run
from benchmarks.payoff import run as program
from benchmarks.payoff.choices import (
    GREEDY,
    RANDOM,
    RANDOM_SET,
    SINGLE,
    SOLVED,
    SOLVED_AT_SINGLE,
    RuleChoice,
    choices,
    needed,
)
from benchmarks.payoff.comparisons import verdicts
from benchmarks.payoff.figure import figure, row_of
from benchmarks.payoff.fresh_wins import (
    CONSTANT,
    UNTRAINED_ENCODER,
    fresh_wins,
    wins_section,
)
from benchmarks.payoff.measures import MEASURES, one_seed_each, payoffs, target_values
from benchmarks.payoff.newest_run import FIGURE, SUMMARY, read_run
from benchmarks.payoff.page import fresh_wins_of, payoff_headline, render
from benchmarks.payoff.readouts import check, sweep_of, table_seeds, transfer_of, with_seeds
from benchmarks.payoff.settings import SUITE, WHERE, Settings
from benchmarks.payoff.splits import fresh_splits, write_fresh, write_splits
from benchmarks.payoff.tables import payoff_table, summary_table, target_table
from benchmarks.payoff.training import folder_of, train, with_references
from benchmarks.payoff.transferred import PAIRS, transferred_gaps
from benchmarks.results.hashes import file_hash
from benchmarks.results.log import Log, open_log
from benchmarks.results.machine import RESULTS
from benchmarks.results.record import FILE, read_records
from benchmarks.results.sweep_inputs import sweep_inputs
from encoders import TaskonomyDataset
from encoders.dataset import split_buildings
from encoders.engines.job import perform
from encoders.errors import InvalidDataError, TrainingError
from encoders.pipeline.presets import CPU
from encoders.transfer.config_file import fingerprints
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.records import place_of
from encoders.transfer.scratch import ScratchConfig
from encoders.transfer.settings import SweepConfig, TransferConfig
from taskgraph.affinity.bootstrap import draw_resamples
from taskgraph.affinity.seeds import draw_seeds
from taskgraph.baselines.random_choices import random_choices
from taskgraph.cli import run as run_command
from taskgraph.errors import InfeasibleError, InvalidTableError
from taskgraph.losses import Losses, TargetLosses
from taskgraph.problem import Problem
from taskgraph.progress import no_progress_bar
from taskgraph.tables import read_transfers, write_frame, write_transfers
from taskgraph.taxonomy import Taxonomy, Transfer
from taskgraph.transfers import Transfers
from tests.encoders.dataset.test_index import write
from tests.encoders.untrained import write_untrained

TASKS = tuple("abcdef")


def table(seed=0, max_order=2):
    """Every transfer among six tasks, with affinities, gains and qualities at random."""
    rng = np.random.default_rng(seed)
    rows = []
    for target in TASKS:
        others = [name for name in TASKS if name != target]
        sets = [s for k in range(1, max_order + 1) for s in itertools.combinations(others, k)]
        for sources in [("self",), *sets]:
            rows.append(
                {
                    "target": target,
                    "sources": "+".join(sources),
                    "affinity": rng.uniform(0.1, 1.0),
                    "gain": rng.uniform(),
                    "quality": rng.uniform(),
                }
            )
    return Transfers(pd.DataFrame(rows))


def by_hand(transfers, supervised):
    """Sum the roots of the affinities of each target's best sources within a set."""
    found, total = {}, 0.0
    for target in TASKS:
        rows = [
            (row.affinity, row.sources)
            for row in transfers.frame.itertuples()
            if row.target == target
            and (
                row.sources == "self"
                if target in supervised
                else set(row.sources.split("+")) <= set(supervised)
            )
        ]
        if not rows:
            return None, -np.inf
        affinity, sources = max(rows)
        found[target] = tuple(sources.split("+"))
        total += np.sqrt(affinity)
    return found, total


def of(chosen, rule):
    return [each for each in chosen if each.rule == rule]


# --- choices ---


@pytest.mark.parametrize("seed", range(3))
def test_solved_is_the_best_of_all_sets(seed):
    transfers = table(seed)
    (solved,) = of(choices(transfers, Problem(budget=2), draws=0), SOLVED)
    sets = [s for k in (1, 2) for s in itertools.combinations(TASKS, k)]
    best = max(sets, key=lambda s: by_hand(transfers, s)[1])
    assert solved.taxonomy.supervised == best
    assert solved.transfers == by_hand(transfers, best)[0]
    assert solved.taxonomy.objective == pytest.approx(by_hand(transfers, best)[1])


@pytest.mark.parametrize("seed", range(3))
def test_greedy_adds_the_source_that_helps_most(seed):
    transfers = table(seed)
    (greedy,) = of(choices(transfers, Problem(budget=3), draws=0), GREEDY)
    inside = []
    for _ in range(3):
        worth = {s: by_hand(transfers, [*inside, s])[1] for s in TASKS if s not in inside}
        best = max(worth, key=worth.get)
        if inside and worth[best] <= by_hand(transfers, inside)[1]:
            break
        inside.append(best)
    assert greedy.taxonomy.supervised == tuple(sorted(inside))
    assert greedy.transfers == by_hand(transfers, inside)[0]


@pytest.mark.parametrize("seed", range(3))
def test_best_single_supervises_each_best_source_and_is_credited_with_their_networks(seed):
    transfers = table(seed)
    chosen = choices(transfers, Problem(budget=1), draws=0)
    (single,), (at_cost,) = of(chosen, SINGLE), of(chosen, SOLVED_AT_SINGLE)
    frame = transfers.frame[transfers.is_edge & (transfers.order == 1)]
    rows = frame.loc[frame.groupby("target")["affinity"].idxmax()]
    best = dict(zip(rows["target"], rows["sources"], strict=True))
    supervised = set(best.values())
    assert set(single.taxonomy.supervised) == supervised
    assert single.transfers == {t: ("self",) if t in supervised else (best[t],) for t in TASKS}
    assert single.taxonomy.spent == len(supervised) > 1
    sets = [s for k in range(1, len(supervised) + 1) for s in itertools.combinations(TASKS, k)]
    most = max(sets, key=lambda s: by_hand(transfers, s)[1])
    assert at_cost.taxonomy.supervised == most
    assert at_cost.transfers == by_hand(transfers, most)[0]


def test_random_sets_are_different_and_have_their_best_transfers():
    transfers = table()
    chosen = choices(transfers, Problem(budget=3), draws=12)
    sets, both = of(chosen, RANDOM_SET), of(chosen, RANDOM)
    assert len({each.taxonomy.supervised for each in sets}) == len(sets) == len(both) == 12
    assert [each.draw for each in sets] == [each.draw for each in both] == list(range(1, 13))
    (solved,) = of(chosen, SOLVED)
    for one, other in zip(sets, both, strict=True):
        assert one.transfers == by_hand(transfers, one.taxonomy.supervised)[0]
        assert one.taxonomy.spent == other.taxonomy.spent == 3
        assert one.taxonomy.supervised == other.taxonomy.supervised
        values = [each.taxonomy.objective for each in (solved, one, other)]
        assert values == sorted(values, reverse=True)


def test_random_transfers_are_drawn_evenly_from_all_that_the_set_allows():
    """Two sources allow three transfers, and each transfer gets a third of the draws."""
    transfers = table()
    counts = {}
    for seed in range(20):
        for _, drawn in random_choices(transfers, Problem(budget=2), draws=15, seed=seed):
            inside = set(drawn.supervised)
            for target, sources in RuleChoice(RANDOM, 1, drawn).transfers.items():
                assert sources == ("self",) if target in inside else set(sources) <= inside
                if target not in inside:
                    counts[len(sources)] = counts.get(len(sources), 0) + 1
    assert sum(counts.values()) == 20 * 15 * 4
    assert counts[2] / 1200 == pytest.approx(1 / 3, abs=0.05)


def test_more_draws_begin_with_the_same_ones_and_there_are_no_more_than_sets():
    transfers = table()
    few, many = (choices(transfers, Problem(budget=2), draws=n) for n in (4, 9))
    for rule in (RANDOM_SET, RANDOM):
        assert [e.transfers for e in of(few, rule)] == [e.transfers for e in of(many, rule)][:4]
    assert len(of(choices(transfers, Problem(budget=2), draws=99), RANDOM)) == 15  # 6 over 2


def test_sets_that_leave_a_target_unsolved_are_not_chosen():
    frame = table().frame
    without = Transfers(frame[(frame["target"] != "a") | frame["sources"].isin(["self", "f"])])
    chosen = choices(without, Problem(budget=2), draws=99)
    for each in chosen:
        assert set(each.transfers) == set(TASKS)
        assert {"a", "f"} & set(each.taxonomy.supervised)
    assert len(of(chosen, RANDOM_SET)) == 15 - 6  # 4 over 2 have neither
    with pytest.raises(InfeasibleError, match="no taxonomy to evaluate"):
        choices(without, Problem(budget=0), draws=1)


def test_each_pair_is_needed_once():
    chosen = choices(table(), Problem(budget=2), draws=5)
    pairs = needed(chosen)
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {(t, s) for each in chosen for t, s in each.transfers.items()}


# --- measures ---


def losses(seed, *, images=12, names=("self", "scratch", "a", "a+b")):
    """Two targets, images in four buildings, some ties, and one image that is not measured."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "target": target,
            "sources": sources,
            "image": f"h{n % 4}/{n}",
            "cluster": f"h{n % 4}",
            "loss": round(rng.uniform(0.1, 1.0), 1),
        }
        for target in ("x", "y")
        for sources in names
        for n in range(images)
        if (target, n) != ("y", 3)
    ]
    return Losses.from_frame(pd.DataFrame(rows))


def taxonomy(**transfers):
    made = tuple(
        Transfer(t, tuple(s.split("+")), quality=0.25, gain=0.75) for t, s in transfers.items()
    )
    return Taxonomy("feasible", 1.0, None, 2, 2, 2, "sqrt", ("a", "b"), made)


CHOSEN = (
    RuleChoice(SOLVED, 0, taxonomy(x="a+b", y="self")),
    RuleChoice(GREEDY, 0, taxonomy(x="a", y="a")),
    RuleChoice(RANDOM_SET, 1, taxonomy(x="a", y="a+b")),
    RuleChoice(RANDOM_SET, 2, taxonomy(x="self", y="a+b")),
)


def naive(measured, sources, numbers):
    """`MEASURES` of one candidate over a list of images, in plain loops."""
    of = dict(zip(measured.sources, measured.values.tolist(), strict=True))
    mine, won = of[sources], {"self": 0.0, "scratch": 0.0}
    for name in won:
        for n in numbers:
            won[name] += 1.0 if mine[n] < of[name][n] else 0.5 if mine[n] == of[name][n] else 0.0
    means = [sum(row[n] for n in numbers) / len(numbers) for row in (mine, of["self"])]
    return [
        won["self"] / len(numbers),
        won["scratch"] / len(numbers),
        float(np.log(means[0] / means[1])),
    ]


def test_values_are_those_of_plain_loops_in_every_resample():
    """A resample is its images, each written down as often as it was drawn."""
    by_seed = {7: losses(0), 8: losses(1)}
    found = payoffs(CHOSEN, by_seed, resamples=6, seed=5)
    images = {name: one.images for name, one in by_seed[7].by_target.items()}
    drawn = draw_resamples(images, repeats=6, seed=5, clusters=by_seed[7].clusters)
    assert found.values.shape == (4, 2, 3, 7)
    for row, one in enumerate(CHOSEN):
        for place, each in enumerate(by_seed.values()):
            for k in range(7):
                parts = []
                for target, sources in one.transfers.items():
                    measured = each.by_target[target]
                    count = len(measured.images)
                    times = np.ones(count, int) if k == 0 else drawn.weights(target)[k - 1]
                    numbers = np.repeat(np.arange(count), times).tolist()
                    parts.append(naive(measured, "+".join(sources), numbers))
                expected = np.mean(parts, axis=0)
                np.testing.assert_allclose(found.values[row, place, :, k], expected, atol=1e-12)


def test_seeds_and_buildings_are_drawn_together_a_seed_for_each_target_by_itself():
    """Oracle: weights drawn in the same order, and a loop over targets, seeds and resamples."""
    by_seed = {7: losses(0), 8: losses(1), 9: losses(2)}
    found = payoffs(CHOSEN, by_seed, resamples=6, seed=5)
    rng = np.random.default_rng([5, 1])
    drawn = {target: draw_seeds(3, 6, rng) for target in ("x", "y")}
    images = draw_resamples(
        {name: one.images for name, one in by_seed[7].by_target.items()},
        repeats=6,
        seed=5,
        clusters=by_seed[7].clusters,
    )
    for row, one in enumerate(CHOSEN):
        np.testing.assert_allclose(found.both[row, :, 0], found.values[row, :, :, 0].mean(axis=0))
        for k in range(6):
            parts = []
            for target, sources in one.transfers.items():
                times = images.weights(target)[k]
                numbers = np.repeat(np.arange(len(times)), times).tolist()
                own = [
                    naive(each.by_target[target], "+".join(sources), numbers)
                    for each in by_seed.values()
                ]
                parts.append(np.average(own, axis=0, weights=drawn[target][k]))
            np.testing.assert_allclose(
                found.both[row, :, 1 + k], np.mean(parts, axis=0), atol=1e-12
            )
    rows = summary_table(found).set_index(["rule", "against", "measure"])
    gap = found.both[0, 1] - found.both[1, 1]
    assert rows.loc[(SOLVED, GREEDY, "gain"), "both_low"] == pytest.approx(
        np.quantile(gap[1:], 0.025)
    )


def test_a_table_with_several_seeds_is_one_table_a_seed():
    """Candidate a has two seeds and self has one; both tables have the same losses of self."""
    one, other = losses(0).to_frame(), losses(1).to_frame()
    again = other[other["sources"] == "a"].assign(seed=4)
    both = Losses.from_frame(pd.concat([one.assign(seed=3), again], ignore_index=True))
    apart = one_seed_each({7: both})
    assert list(apart) == [3, 4]
    for seed, source in ((3, one), (4, other)):
        measured = apart[seed].by_target["x"]
        of = dict(zip(measured.sources, measured.values, strict=True))
        for name, frame in (("a", source), ("self", one)):
            part = frame[(frame["target"] == "x") & (frame["sources"] == name)]
            assert (
                of[name].tolist() == part.set_index("image")["loss"][list(measured.images)].tolist()
            )
    assert payoffs(CHOSEN, {7: both}, resamples=3).values.shape[1] == 2
    with pytest.raises(InvalidDataError, match="seed 3 is in two tables of losses"):
        one_seed_each({3: losses(0), 7: both})


def test_buildings_are_resampled_whole_and_alike_for_all_choices():
    """A resample holds all images of a building or none; every other building has one image."""
    found = payoffs((CHOSEN[0], CHOSEN[0]), {1: losses(0)}, resamples=50)
    assert np.array_equal(found.values[0], found.values[1])
    assert np.ptp(found.values[0, 0, 0]) > 0


def test_self_has_half_its_games_and_a_ratio_of_one():
    measured = losses(0).by_target["x"]
    own = target_values(measured, np.ones((1, 12)))[measured.sources.index("self"), :, 0]
    assert own[0] == 0.5
    assert own[2] == 0.0


def test_a_loss_of_zero_has_no_ratio():
    values = np.array([[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
    measured = TargetLosses(("scratch", "a", "self"), ("m", "n"), values)
    with pytest.raises(InvalidDataError, match='mean loss of "a" is 0, expected more than 0'):
        target_values(measured, np.ones((1, 2)))


def test_seeds_are_compared_on_the_same_images():
    with pytest.raises(InvalidDataError, match="seed 2 was tested on other images"):
        payoffs(CHOSEN, {1: losses(0), 2: losses(0, images=10)}, resamples=3)


def test_a_target_without_a_common_image_is_told():
    frame = losses(0).to_frame()
    halves = frame["image"].str[-1].astype(int) % 2 == (frame["sources"] == "a")
    alone = Losses.from_frame(frame[halves])
    with pytest.raises(InvalidDataError, match="x: no fresh image has a loss for all"):
        payoffs(CHOSEN, {1: alone}, resamples=3)


def test_tables_hold_means_intervals_and_ranges():
    by_seed = {7: losses(0), 8: losses(1)}
    found = payoffs(CHOSEN, by_seed, resamples=40)
    values = found.values
    rows = payoff_table(found)
    assert len(rows) == 4 * 2
    second = rows[(rows["rule"] == GREEDY) & (rows["seed"] == 8)].iloc[0]
    assert second["gain"] == values[1, 1, 1, 0]
    assert second["gain_low"] == pytest.approx(np.quantile(values[1, 1, 1, 1:], 0.025))
    assert (second["table_quality"], second["table_gain"]) == (0.25, 0.75)
    assert rows["transferred"].tolist() == [1, 1, 2, 2, 2, 2, 1, 1]
    whole = summary_table(found).set_index(["rule", "against", "measure"])
    row = whole.loc[(SOLVED, RANDOM_SET, "log_ratio")]
    gap = values[0, :, 2] - values[2:, :, 2].mean(axis=0)  # (Z, 1 + R)
    assert row["value"] == pytest.approx(gap[:, 0].mean())
    assert row["low"] == pytest.approx(np.quantile(gap[:, 1:].mean(axis=0), 0.025))
    assert row["high"] == pytest.approx(np.quantile(gap[:, 1:].mean(axis=0), 0.975))
    assert row["seed_most"] == pytest.approx(gap[:, 0].max())
    single = [(values[0, :, 2, 0] - values[n, :, 2, 0]).mean() for n in (2, 3)]
    assert [row["draw_least"], row["draw_most"]] == pytest.approx([min(single), max(single)])
    assert row["beaten"] == sum(gap < 0 for gap in single)  # a smaller ratio is better
    up = whole.loc[(SOLVED, GREEDY, "gain")]
    assert up["beaten"] == (values[0, :, 1, 0].mean() > values[1, :, 1, 0].mean())
    assert (SINGLE, "", "gain") not in whole.index
    each = target_table(found, by_seed)
    one = each[(each["rule"] == SOLVED) & (each["target"] == "x")].iloc[0]
    parts = [naive(e.by_target["x"], "a+b", range(12)) for e in by_seed.values()]
    np.testing.assert_allclose(one[list(MEASURES)].to_numpy(float), np.mean(parts, axis=0))
    lost = [
        e.by_target["x"].values[e.by_target["x"].sources.index("a+b")] for e in by_seed.values()
    ]
    assert one["loss"] == pytest.approx(np.mean(lost))
    assert each[each["target"] == "y"]["images"].eq(11).all()


def test_the_solved_choice_meets_the_others_image_by_image():
    """Oracle: loops over targets, pairs of seeds and images; self is the same in all seeds."""
    names = ("self", "scratch", "average", "random", "a", "a+b")
    by_seed = {seed: losses(seed, names=names) for seed in (7, 8)}
    own = by_seed[7].to_frame()
    kept = own[own["sources"].isin(["self", "average"])]
    other = by_seed[8].to_frame()
    other = other[~other["sources"].isin(["self", "average"])]
    by_seed[8] = Losses.from_frame(pd.concat([other, kept]))

    def rate(one, other):
        shares = []
        for target in ("x", "y"):
            for s, z in itertools.product(by_seed, by_seed):
                rows = [
                    dict(
                        zip(
                            by_seed[n].by_target[target].sources,
                            by_seed[n].by_target[target].values,
                            strict=True,
                        )
                    )
                    for n in (s, z)
                ]
                mine, theirs = rows[0][one[target]], rows[1][other[target]]
                won = ((mine < theirs) + 0.5 * (mine == theirs)).mean()
                shares.append(0.5 if one[target] == other[target] else won)
        return np.mean(shares)

    found = fresh_wins(CHOSEN, by_seed, resamples=20).set_index("against")
    ours = {"x": "a+b", "y": "self"}
    assert found["wins"][GREEDY] == pytest.approx(rate(ours, {"x": "a", "y": "a"}))
    draws = [{"x": "a", "y": "a+b"}, {"x": "self", "y": "a+b"}]
    rates = [rate(ours, one) for one in draws]
    assert found["wins"][RANDOM_SET] == pytest.approx(np.mean(rates))
    assert found["beaten"][RANDOM_SET] == np.mean(np.array(rates) > 0.5)
    for name, source in ((CONSTANT, "average"), (UNTRAINED_ENCODER, "random"), ("scratch",) * 2):
        assert found["wins"][name] == pytest.approx(rate(ours, dict.fromkeys(ours, source)))
    assert SINGLE not in found.index
    wide = found["high"] - found["low"], found["image_high"] - found["image_low"]
    assert wide[0]["scratch"] > wide[1]["scratch"]
    page = "\n".join(wins_section(found.reset_index(), seeds=2))
    row = found.loc["scratch"]
    assert f"| {row['wins']:.3f} [{row['low']:.3f}, {row['high']:.3f}] |" in page
    assert "over buildings and seeds" in " ".join(page.split())
    assert wins_section(None, seeds=2) == []


# --- splits ---


def test_the_grown_data_set_keeps_its_old_train_and_val_buildings(tmp_path):
    names = [f"building_{n:04d}" for n in range(26)]
    write_splits(fresh_splits(names[::-1], 20), tmp_path / "fresh.csv")
    found = split_buildings(names, tmp_path / "fresh.csv")
    before = split_buildings(names[:20])
    assert found["train"] == before["train"]
    assert found["val"] == before["val"]
    assert found["test"] == tuple(names[20:])
    text = (tmp_path / "fresh.csv").read_text()
    assert text.startswith("id,train,val,test\n")
    assert not any(name in text for name in before["test"])


def test_without_new_buildings_there_is_nothing_to_test_on():
    names = [f"b{n}" for n in range(8)]
    with pytest.raises(InvalidDataError, match="has 8 buildings, expected more than the 8 old"):
        fresh_splits(names, 8)


# --- settings ---


def test_without_a_sweep_beside_the_table_the_plan_cpu_is_followed(tmp_path):
    settings = Settings(str(tmp_path / "t.csv"), "world", "bank", "fresh.csv", test=7)
    config = transfer_of(settings)
    assert config.fit == CPU.transfer
    assert (config.pool.train, config.pool.valid) == CPU.images[:2]
    assert (config.pool.test, config.pool.splits, config.pool.data) == (7, "fresh.csv", "world")


def test_a_sweep_beside_the_table_says_how_read_outs_are_trained(tmp_path):
    fit = replace(CPU.transfer, epochs=9, seed=4)
    before = TransferConfig(
        "b", TransferDataConfig("w", train=5, valid=6, test=8, subsample=4, seed=3), fit
    )
    (tmp_path / "config.json").write_text(json.dumps({"transfer": before.record(), "bank": {}}))
    settings = Settings(str(tmp_path / "t.csv"), "world", "bank", "fresh.csv")
    pool = replace(before.pool, data="world", splits="fresh.csv")
    assert transfer_of(settings) == TransferConfig("bank", pool, fit)
    with pytest.raises(InvalidDataError, match="the table was measured with seed 4; give others"):
        transfer_of(replace(settings, seeds=(1, 4)))
    frame = pd.DataFrame({"target": "a", "sources": ["b", "b"], "seed": [4, 6]})
    write_frame(frame, tmp_path / "records.csv")
    assert table_seeds(settings.table, 4) == [4, 6]
    with pytest.raises(InvalidDataError, match="with seed 6; give others than 4, 6 with --seeds"):
        transfer_of(replace(settings, seeds=(5, 6)))
    assert with_seeds(settings).seeds == (7, 8, 9)
    assert with_seeds(replace(settings, seed_count=1)).seeds == (7,)
    assert with_seeds(replace(settings, seeds=(5,))).seeds == (5,)
    write_frame(frame.drop(columns="seed"), tmp_path / "records.csv")
    assert table_seeds(settings.table, 4) == [4]


def test_scratch_is_trained_as_the_sweep_beside_the_table_chose(tmp_path):
    pool = TransferDataConfig("w", train=5, valid=6, test=8, seed=3)
    before = TransferConfig("b", pool, CPU.transfer, scratch=ScratchConfig(24, 0.01))
    (tmp_path / "config.json").write_text(json.dumps({"transfer": before.record(), "bank": {}}))
    found = transfer_of(Settings(str(tmp_path / "t.csv"), "world", "bank", "fresh.csv"))
    assert found.scratch == ScratchConfig(24, 0.01)
    assert found.fit_of(("a",)) == CPU.transfer


def test_seeds_are_different_ones(tmp_path):
    with pytest.raises(InvalidDataError, match=r"the seeds are \[1, 1\], expected different ones"):
        transfer_of(Settings(str(tmp_path / "t.csv"), "w", "b", "s.csv", seeds=(1, 1)))
    with pytest.raises(InvalidDataError, match="--seed-count is 0, expected at least 1"):
        transfer_of(Settings(str(tmp_path / "t.csv"), "w", "b", "s.csv", seed_count=0))


# --- the page ---


def write_results(folder, chosen, by_seed):
    """Write the files that a run leaves, made of synthetic losses."""
    found = payoffs(chosen, by_seed, resamples=20)
    summary_table(found).to_csv(folder / SUMMARY, index=False)
    target_table(found, by_seed).to_csv(folder / newest_run.TARGETS, index=False)
    inputs = ("t.csv", "world", "bank", "fresh.csv")
    settings = Settings(*inputs, exclude=("random",), seeds=(1, 2), resamples=20)
    asked = {
        **{name: value for name, value in asdict(settings).items() if name not in WHERE},
        "transfer": TransferConfig("bank", TransferDataConfig("world")).record(),
    }
    facts = {
        "command": SUITE.command(settings),
        "buildings": 4,
        "images": {"train": 6, "valid": 4, "test": 12},
        "checked": {"bank": True, "buildings": False, "constants": True},
        "trained": 12,
    }
    log = open_log(folder, "payoff", "torch")
    log.add(program.settings_of_run(asked), facts, split="test", seconds=90.0)
    program.record_choices(payoff_table(found), asked, log)
    return found


@pytest.fixture
def written(tmp_path):
    """A folder of results, of the synthetic losses."""
    write_results(tmp_path, CHOSEN, {1: losses(0), 2: losses(1)})
    return tmp_path


def test_the_page_says_what_was_done_and_what_came_of_it(written):
    text = SUITE.write_page(written)
    command = "taskgraph bench payoff --table t.csv --data world --bank bank --splits fresh.csv"
    assert f"`{command} --exclude random --seeds 1,2 --resamples 20`" in text
    assert "without random" in text
    words = " ".join(text.split())
    assert "tested on 11 to 12 images a target of 4 fresh buildings" in words
    assert "with the seeds 1, 2 instead of the table's 0" in words
    assert "**best single** found no taxonomy" in text
    assert "The sweep's files were missing, so this was not checked: none of these" in words
    summary = pd.read_csv(written / SUMMARY)
    own = summary[(summary["rule"] == SOLVED) & (summary["against"] == GREEDY)]
    row = own[own["measure"] == "gain"].iloc[0]
    assert f"| {row['value']:+.3f} [{row['both_low']:+.3f}, {row['both_high']:+.3f}] (" in text
    ratio = own[own["measure"] == "log_ratio"].iloc[0]
    assert f"| {np.exp(ratio['value']):.3f} [{np.exp(ratio['both_low']):.3f}, " in text
    assert "The intervals cover test buildings and seeds" in words
    assert "| random set, single draws | | | |" in text
    assert "the same taxonomy" not in text
    assert "| x | a + b |" in text


@pytest.mark.parametrize("same", [True, False])
def test_readme_has_win_rates_in_new_buildings_if_they_are_of_its_table(written, tmp_path, same):
    """With the same table and several seeds, win rates are in README's table instead."""
    table = tmp_path / "transfers.csv"
    table.write_text("a table\n")
    records = [json.loads(line) for line in (written / FILE).read_text().splitlines()]
    for record in records:
        of = file_hash(table) if same else "another"
        record["settings"]["run"] |= {"table_sha256": of, "bank_hash": "abc"}
    (written / FILE).write_text("".join(json.dumps(record) + "\n" for record in records))
    assert fresh_wins_of(read_run(written), table) is None, "not measured by this run"
    wins = pd.DataFrame({"rule": [SOLVED], "against": ["scratch"], "wins": [0.7]})
    wins.to_csv(written / newest_run.WINS, index=False)
    assert (fresh_wins_of(read_run(written), table) is not None) == same
    if same:
        text = payoff_headline(written, table)
        assert text.startswith(
            "trains the read-outs again with 2 other seeds, and tests them in 4 new buildings: the "
            "last column, with 2 random sets, and with 95 % intervals over these buildings and"
        )


def test_the_page_and_the_figure_are_made_of_the_files_alone(written):
    first = SUITE.write_page(written)
    drawn = (written / FIGURE).read_bytes()
    assert SUITE.write_page(written) == first == (written / "README.md").read_text()
    assert (written / FIGURE).read_bytes() == drawn


def test_a_summary_without_seeds_in_its_intervals_is_shown_as_it_is(written, tmp_path):
    """Version 0.1 wrote intervals over buildings alone, and the page says so."""
    old = tmp_path / "old"
    shutil.copytree(written, old)
    summary = pd.read_csv(old / SUMMARY).drop(columns=["both_low", "both_high"])
    summary.to_csv(old / SUMMARY, index=False)
    text = SUITE.write_page(old)
    row = row_of(summary, SOLVED, GREEDY, "gain")
    assert f"| {row['value']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}] (" in text
    assert "The intervals cover test buildings only. They do not" in " ".join(text.split())


def test_a_greedy_choice_that_is_the_solved_one_is_called_so(written):
    frame = pd.read_csv(written / newest_run.TARGETS)
    solved = frame[frame["rule"] == SOLVED]
    both = pd.concat([frame[frame["rule"] != GREEDY], solved.assign(rule=GREEDY)])
    both.to_csv(written / newest_run.TARGETS, index=False)
    assert "| solved against greedy (the same taxonomy) | 2 each |" in SUITE.write_page(written)


def against_best_single(*, solved, at_cost, at_spent=9):
    """The page's lines on best single, where the differences are these, within ± 0.01."""
    spent = {SOLVED: 5, SINGLE: 9, SOLVED_AT_SINGLE: at_spent}
    frame = pd.DataFrame({"rule": list(spent), "spent": list(spent.values())})
    rows = [
        {
            "rule": rule,
            "against": SINGLE,
            "measure": measure,
            "low": value - 0.01,
            "high": value + 0.01,
        }
        for rule, values in ((SOLVED, solved), (SOLVED_AT_SINGLE, at_cost))
        for measure, value in zip(MEASURES, values, strict=True)
    ]
    return " ".join(" ".join(verdicts(frame, pd.DataFrame(rows))).split())


def test_the_page_tells_what_the_unequal_and_the_equal_comparison_say():
    """Quality and gain are better above 0, the logarithm of the loss ratio below."""
    said = against_best_single(solved=(-0.02, 0.005, 0.02), at_cost=(0.06, 0.05, -0.1))
    assert (
        "- At unequal cost, 5 label sets against 9: solved is worse in quality and loss; not "
        "clearly different in gain." in said
    )
    assert (
        "- At equal cost, 9 label sets each: solved at the cost of best single is better in "
        "quality, gain and loss." in said
    )
    other = against_best_single(solved=(0.02, 0.02, -0.02), at_cost=(0, 0, 0), at_spent=8)
    assert "5 label sets against 9: solved is better in quality, gain and loss." in other
    assert "8 label sets against 9: solved at the cost of best single is not clearly" in other


def test_the_page_and_the_figure_have_best_single_and_the_optimum_at_its_cost(written):
    """At equal cost the difference of the two is that of their own rows."""
    at_cost = (
        RuleChoice(SINGLE, 0, replace(taxonomy(x="a", y="self"), spent=3)),
        RuleChoice(SOLVED_AT_SINGLE, 0, replace(taxonomy(x="a+b", y="a"), spent=3)),
    )
    by_seed = {1: losses(0), 2: losses(1)}
    found = write_results(written, (*CHOSEN, *at_cost), by_seed)
    whole = summary_table(found).set_index(["rule", "against", "measure"])["value"]
    for rule, against in ((SOLVED, SINGLE), (SOLVED_AT_SINGLE, SINGLE)):
        for measure in MEASURES:
            gap = whole[rule, "", measure] - whole[against, "", measure]
            assert whole[rule, against, measure] == pytest.approx(gap)
    shown = SUITE.write_page(written)
    assert "| solved against best single | unequal cost: 2 against 3 |" in shown
    assert "| solved at the cost of best single against best single | 3 each |" in shown
    assert "| best single | 1 | 3 |" in shown
    assert "At equal cost, 3 label sets each: solved at the cost of best single is" in shown
    assert "greedy: from | loss | best single: from | loss | solved at the cost of" in shown
    table = [
        line for line in shown.splitlines() if line.startswith(("| target |", "|--|--|--:|--"))
    ]
    assert len({line.count("|") for line in table[-2:]}) == 1
    labels = figure(read_run(written).frame, summary_table(found)).axes[0]
    names = [text.get_text() for text in labels.get_yticklabels()]
    assert names[:4] == [
        "solved, 2 labels",
        "greedy, 2 labels",
        "best single, 3 labels",
        "solved, 3 labels",
    ]


def test_with_supervised_may_transfer_every_choice_keeps_a_better_transfer():
    """`a` is worth .1 by its own network and .9 from `b`: no choice solves it by itself."""
    frame = table().frame.copy()
    frame.loc[(frame["target"] == "a") & (frame["sources"] == "self"), "affinity"] = 0.001
    problem = Problem(budget=3, supervised_may_transfer=True)
    for each in choices(Transfers(frame), problem, draws=10):
        if "a" in each.taxonomy.supervised and len(each.taxonomy.supervised) > 1:
            assert each.transfers["a"] != ("self",)
    without = choices(Transfers(frame), replace(problem, supervised_may_transfer=False), draws=10)
    for each in without:
        assert all(each.transfers[name] == ("self",) for name in each.taxonomy.supervised)


# --- the whole, small ---


class Here:
    """An engine that does each call at once, in this process."""

    places, shared = 1, True

    @contextlib.contextmanager
    def opened(self):
        self.reports = []
        yield self

    def begin(self, key, packed):
        self.reports.append((key, perform(packed, os.getcwd(), 1)))

    def ended(self, timeout):
        reports, self.reports = self.reports, []
        return reports


TARGETS = ("class_places", "edge2d", "rgb2depth")


def noise(root):
    """Four views of each of 12 buildings, of pictures and labels at random."""
    rng, grid = np.random.default_rng(0), (64, 64)
    for building, view in itertools.product(range(12), range(4)):
        values = {
            "rgb": rng.integers(0, 256, (*grid, 3)).astype(np.uint8),
            "depth_zbuffer": rng.integers(512, 4096, grid).astype(np.uint16),
            "edge_texture": rng.integers(0, 65536, grid).astype(np.uint16),
            "mask_valid": np.full(grid, 255, np.uint8),
            "class_scene": rng.dirichlet(np.ones(10)).astype(np.float32),
        }
        for domain, value in values.items():
            name = f"point_0_view_{view}_domain_{domain}"
            write(root / domain / f"building_{building:04d}" / name, value)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A world of 12 buildings, of which the first 10 were there before; its file of splits."""
    folder = tmp_path_factory.mktemp("payoff")
    noise(folder / "world")
    write_fresh(folder / "world", 10, folder / "fresh.csv")
    data = TaskonomyDataset(folder / "world", TARGETS, splits=folder / "fresh.csv", progress=False)
    write_untrained(folder / "bank", data)
    return folder


@pytest.fixture
def asked(grown, tmp_path):
    """Return a table, with the sweep that it might be of in the next folder, and the settings."""
    rng = np.random.default_rng(3)
    rows = [
        {
            "target": target,
            "sources": sources,
            "affinity": rng.uniform(0.1, 1),
            "gain": 0.5,
            "quality": 0.5,
        }
        for target in TARGETS
        for sources in ("self", *(name for name in (*TARGETS, "random") if name != target))
    ]
    write_transfers(Transfers(pd.DataFrame(rows)), tmp_path / "transfers.csv")
    settings = Settings(
        str(tmp_path / "transfers.csv"),
        str(grown / "world"),
        str(grown / "bank"),
        str(grown / "fresh.csv"),
        budget=1,
        draws=2,
        seeds=(1,),
        resamples=10,
    )
    pool = TransferDataConfig(settings.data, train=3, valid=3, test=6, splits="old.csv")
    transfer = TransferConfig(settings.bank, pool, replace(CPU.transfer, epochs=1, batch=2))
    sweep = SweepConfig(transfer, TARGETS, (*TARGETS, "random"))
    known = {**sweep.record(), "bank": fingerprints(sweep)}
    (tmp_path / "config.json").write_text(json.dumps(known))
    old = [f"building_{n:04d}" for n in range(10)]
    tested = pd.DataFrame({"cluster": split_buildings(old)["test"]})
    tested.to_parquet(tmp_path / "losses.parquet")
    return settings


@pytest.mark.slow
def test_what_was_chosen_is_trained_on_old_buildings_and_tested_on_fresh_ones(
    asked, tmp_path, capsys
):
    out, work = tmp_path / "out", tmp_path / "work"
    program.compare(asked, out, work, Here())
    words = " ".join(SUITE.write_page(out).split())
    assert "Checked: none of these buildings was among the table's test buildings; the" in words
    table = read_transfers(asked.table)
    chosen = choices(table, asked.problem, draws=2)
    known = {(p.parent.name, p.stem) for p in (work / "seed-1" / "measured").glob("*/*.json")}
    wanted = {(t, "+".join(s)) for t, s in needed(chosen)}
    references = ("self", "scratch", "average", "random")
    assert known == wanted | {(t, s) for t in TARGETS for s in references}
    wins = pd.read_csv(out / newest_run.WINS).set_index("against")
    assert {CONSTANT, UNTRAINED_ENCODER, "scratch", "self", RANDOM, RANDOM_SET} <= set(wins.index)
    assert "solved against an untrained encoder (random)" in words
    assert f"{len(known)} networks a seed" in capsys.readouterr().out
    frames = [pd.read_parquet(p) for p in (work / "seed-1" / "measured").glob("*/*.parquet")]
    clusters = set(pd.concat(frames)["cluster"])
    assert clusters == {f"building_{n:04d}" for n in range(10, 12)}
    found = read_run(out)
    rows = found.frame
    assert len(rows) == len(chosen)
    assert found.about.metrics["images"] == {"train": 3, "valid": 3, "test": 6}
    assert found.about.metrics["trained"] == len(known) - len(TARGETS)
    assert found.about.seconds > 0
    assert not {"work", "engine", "jobs"} & found.about.settings["run"].keys()
    # By hand, from the files: the first choice's quality and loss ratio.
    shares, ratios = [], []
    for target, sources in chosen[0].transfers.items():
        own, mine = (
            pd.read_parquet(place_of(work / "seed-1", target, names).with_suffix(".parquet"))[
                "loss"
            ]
            for names in (("self",), sources)
        )
        shares.append(((mine < own) + 0.5 * (mine == own)).mean())
        ratios.append(np.log(mine.mean() / own.mean()))
    assert rows["quality"][0] == pytest.approx(np.mean(shares))
    assert rows["log_ratio"][0] == pytest.approx(np.mean(ratios), abs=1e-6)
    # Again, with a seed more: nothing of the first is measured again.
    stamps = {p: p.stat().st_mtime_ns for p in work.rglob("measured/*/*.json")}
    more = replace(asked, seeds=(1, 2))
    program.compare(more, out, work, Here())
    assert all(p.stat().st_mtime_ns == stamp for p, stamp in stamps.items())
    assert len(read_run(out).frame) == 2 * len(chosen)
    one, other = (
        pd.read_parquet(
            place_of(folder_of(work, seed), "edge2d", ("scratch",)).with_suffix(".parquet")
        )
        for seed in (1, 2)
    )
    assert one["image"].equals(other["image"])
    assert not np.allclose(one["loss"], other["loss"])


@pytest.fixture
def trained(monkeypatch):
    """Seeds that were trained, one entry a run; the losses are drawn at random instead."""
    calls = []

    def train(sweep, work, pairs, seeds, engine, progress):
        calls.append(tuple(seeds))
        names = {target: [] for target in sweep.targets}
        for target, sources in with_references(pairs):
            names[target].append("+".join(sources))
        images = tuple(f"building_{n // 4:04d}/{n}" for n in range(12))
        clusters = {image: image.partition("/")[0] for image in images}
        found = {}
        for seed in seeds:
            rng = np.random.default_rng(seed)
            by_target = {
                target: TargetLosses(tuple(own), images, rng.uniform(1, 2, (len(own), 12)))
                for target, own in names.items()
            }
            found[seed] = Losses(by_target, clusters)
        return found

    monkeypatch.setattr(program, "train", train)
    monkeypatch.setattr(program, "spent", lambda *_: {"trained": 7, "seconds": 2.5})
    return calls


@pytest.mark.parametrize("kept", [0, 4])
def test_a_killed_run_adds_what_its_records_lack(kept, asked, trained, tmp_path, monkeypatch):
    work, add = tmp_path / "work", Log.add

    def add_until(self, *args, **key):
        if len(self.known) == kept:
            raise KeyboardInterrupt
        return add(self, *args, **key)

    program.compare(asked, tmp_path / "whole", work, Here())
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(Log, "add", add_until)
        with pytest.raises(KeyboardInterrupt):
            program.compare(asked, out, work, Here())
    with pytest.raises(InvalidTableError, match=r"has no finished run: `taskgraph bench payoff`"):
        read_run(out)
    program.compare(asked, out, work, Here())
    assert read_records(out) == read_records(tmp_path / "whole")
    assert render(out) == render(tmp_path / "whole")
    del trained[:]
    elsewhere = replace(asked, jobs=2, work=str(tmp_path / "elsewhere"))
    program.compare(elsewhere, out, tmp_path / "elsewhere", Here())
    assert not trained, "a finished run trains nothing, wherever and however it would"
    assert read_records(out) == read_records(tmp_path / "whole")


def test_other_settings_are_measured_anew_and_the_page_shows_the_newest(
    asked, trained, grown, tmp_path
):
    out, work = tmp_path / "out", tmp_path / "work"
    count = len(choices(read_transfers(asked.table), asked.problem, draws=2))
    shutil.copytree(grown / "bank", tmp_path / "bank")
    runs = [asked, replace(asked, resamples=11), replace(asked, bank=str(tmp_path / "bank"))]
    for number, settings in enumerate(runs, 1):
        program.compare(settings, out, work, Here())
        assert len(read_records(out)) == number * (1 + count)
        assert read_run(out).about.settings["run"]["resamples"] == settings.resamples
        assert len(read_run(out).frame) == count
    program.compare(asked, out, work, Here())
    assert len(trained) == len(runs)
    assert len(read_records(out)) == len(runs) * (1 + count)


def test_the_hashes_of_a_sweep_are_those_of_its_bank_data_and_splits(asked, grown, tmp_path):
    def hashes(**changes):
        settings = replace(asked, **changes)
        sweep = sweep_of(settings, read_transfers(asked.table), transfer_of(settings))
        return sweep_inputs(sweep)

    before = hashes()
    bank, world, splits = tmp_path / "bank", tmp_path / "world", tmp_path / "fresh.csv"
    shutil.copytree(grown / "bank", bank)
    shutil.copytree(grown / "world", world)
    shutil.copyfile(grown / "fresh.csv", splits)
    assert hashes(bank=str(bank), data=str(world), splits=str(splits)) == before
    content = (bank / "edge2d.safetensors").read_bytes()
    (bank / "edge2d.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert hashes(bank=str(bank))["bank_hash"] != before["bank_hash"]
    splits.write_text(splits.read_text().replace("building_0011,0,0,1", "building_0011,1,0,0"))
    assert hashes(splits=str(splits))["data_sha256"] != before["data_sha256"]
    path = next(world.rglob("*building_0011/*edge_texture*"))
    write(path.parent / path.stem, np.zeros((64, 64), np.uint16))
    assert hashes(data=str(world))["data_sha256"] != before["data_sha256"]


def test_what_would_not_mean_what_it_says_is_refused(asked, grown, tmp_path):
    sweep = sweep_of(asked, read_transfers(asked.table), transfer_of(asked))
    assert check(asked, sweep) == {"bank": True, "buildings": True, "constants": True}
    known = json.loads((tmp_path / "config.json").read_text())
    known["bank"]["edge2d"] = "another"
    (tmp_path / "config.json").write_text(json.dumps(known))
    with pytest.raises(InvalidDataError, match=r"edge2d is not the network that .* \(1 of 4"):
        check(asked, sweep)
    (tmp_path / "config.json").unlink()
    pd.DataFrame({"cluster": ["building_0011"]}).to_parquet(tmp_path / "losses.parquet")
    with pytest.raises(InvalidDataError, match="uses building building_0011, on which"):
        check(asked, sweep)
    (tmp_path / "losses.parquet").unlink()
    assert check(asked, sweep) == {"bank": False, "buildings": False, "constants": True}
    other = {
        "train": ("building_0000",),
        "val": ("building_0001", "building_0002"),
        "test": ("building_0003", "building_0004"),
    }
    write_splits(other, tmp_path / "other.csv")
    pool = replace(sweep.transfer.pool, splits=str(tmp_path / "other.csv"))
    moved = replace(sweep, transfer=replace(sweep.transfer, pool=pool))
    with pytest.raises(InvalidDataError, match="class_places: the bank's network was trained on"):
        check(asked, moved)


def test_a_failure_is_told_after_all_else_is_done(asked, tmp_path, monkeypatch):
    sweep = sweep_of(asked, read_transfers(asked.table), transfer_of(asked))
    fit = replace(sweep.transfer.fit, learning_rate=1e30, clip=1e30, epochs=3)
    broken = replace(sweep, transfer=replace(sweep.transfer, fit=fit))
    with pytest.raises(
        TrainingError, match=r"2 failed, the first of them seed 1: .* edge2d: .*loss"
    ):
        train(broken, tmp_path / "w", [("edge2d", ("rgb2depth",))], (1,), Here(), no_progress_bar)
    assert place_of(tmp_path / "w" / "seed-1", "edge2d", ("self",)).exists()


def test_the_gap_over_transferred_targets_is_that_of_a_join():
    """Checked beside a join in plain pandas, on the committed table of targets."""
    targets = pd.read_csv(RESULTS / "payoff" / "targets.csv")
    for rule, against in PAIRS:
        found = transferred_gaps(targets, rule, against)
        moved = targets[targets["sources"] != "self"]
        pairs = moved[moved["rule"] == against].merge(moved[moved["rule"] == rule], on="target")
        for measure in ("quality", "gain"):
            gap = pairs[f"{measure}_y"] - pairs[f"{measure}_x"]
            expected = gap.groupby(pairs["draw_x"]).mean()
            assert found[measure].tolist() == pytest.approx(expected.tolist())
        assert found["targets"].tolist() == pairs.groupby("draw_x").size().tolist()


def test_the_command_line_tells_what_is_wrong_in_a_line(tmp_path, capsys):
    missing, out = str(tmp_path / "none"), str(tmp_path / "out")
    flags = ["--table", "t.csv", "--data", missing, "--bank", "b", "--old", "3", "--out", out]
    assert run_command(["bench", "payoff", *flags, "--splits", str(tmp_path / "f.csv")]) == 2
    assert re.fullmatch(r"Error: .*none: no such folder.*\n", capsys.readouterr().err)
    assert run_command(["bench", "payoff", "--render", "--out", out]) == 2
    assert "has no finished run: `taskgraph bench payoff` measures" in capsys.readouterr().err


@pytest.mark.slow
def test_the_command_trains_with_worker_processes(asked, tmp_path, capsys):
    named = {"table": asked.table, "data": asked.data, "bank": asked.bank, "splits": asked.splits}
    others = {"budget": 1, "random": 1, "seeds": 1, "resamples": 5, "jobs": 2}
    folders = {"out": tmp_path / "out", "work": tmp_path / "work"}
    flags = [
        word
        for name, value in {**named, **others, **folders}.items()
        for word in (f"--{name}", str(value))
    ]
    assert run_command(["bench", "payoff", *flags]) == 0
    assert "Mean win rate against scratch in 2 buildings: solved" in capsys.readouterr().out
    text = (tmp_path / "out" / "README.md").read_text()
    assert f"`taskgraph bench payoff --table {asked.table}" in text
