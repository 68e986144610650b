"""The results of a sweep: structure, significance, predictions, and the page made of them."""

import json
import shutil
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import taskgraph as tg
from benchmarks.results import markdown
from benchmarks.results.figures import LARGEST, write_picture
from benchmarks.results.record import FILE, read_records
from benchmarks.results.suite import PAGE
from benchmarks.transfers import (
    buildings,
    closed_form,
    figures,
    gather,
    predictors,
    published,
    results_folder,
    scoring,
    structure,
)
from benchmarks.transfers import facts as kept_facts
from benchmarks.transfers.consistency import consistency
from benchmarks.transfers.finished import read_finished
from benchmarks.transfers.inputs import Inputs
from benchmarks.transfers.page import render
from benchmarks.transfers.results_folder import ResultsCollector, copy_tables
from benchmarks.transfers.settings import Settings
from benchmarks.transfers.significance import against_random, as_good
from encoders.tasks import TASKS
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.ridge import RidgeResult, source_sets
from encoders.transfer.scores import dds, discretize, logme, shrunk_h_score
from encoders.transfer.store import Store, write_views
from taskgraph.affinity.bootstrap import draw_resamples
from taskgraph.cli import run as run_command
from taskgraph.errors import ConvergenceError, InvalidTableError
from taskgraph.losses import Losses
from taskgraph.plot import transfer_distance, tree
from taskgraph.tables import write_frame, write_transfers
from taskgraph.transfers import Transfers
from tests.examples import examples

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT.parent / "shared" / "taskonomy"


def main(arguments):
    """The command of the suite, and its exit code."""
    return run_command(["bench", "transfers", *arguments])


TARGETS = ("class_places", "edge2d", "keypoint2d", "rgb2depth", "rgb2sfnorm")
SOURCES = (*TARGETS, "class_1000", "random")


def losses_frame(seed=0, buildings_=8, views=5, max_order=2):
    """Losses that are smaller from sources of the target's own group, image by image."""
    rng = np.random.default_rng(seed)
    images = [f"b{b:02d}/v{v}" for b in range(buildings_) for v in range(views)]
    rows = []
    for target in TARGETS:
        hard = rng.normal(size=len(images))
        singles = [s for s in SOURCES if s != target]
        sets = [c for k in range(1, max_order + 1) for c in combinations(singles, k)]
        quality = {s: rng.normal(0, 0.3) for s in singles}
        for name in [("self",), ("scratch",), *sets]:
            if name[0] in ("self", "scratch"):
                skill = {"self": 2.5, "scratch": 0.3}[name[0]]
            else:
                alike = [structure.group_of(s) == structure.group_of(target) for s in name]
                skill = max(1.5 * a + quality[s] for a, s in zip(alike, name, strict=True))
            loss = np.exp(0.5 * hard - skill + 0.6 * rng.normal(size=len(images)))
            rows += [
                {
                    "target": target,
                    "sources": "+".join(sorted(name)),
                    "image": image,
                    "loss": value,
                    "cluster": image[:3],
                }
                for image, value in zip(images, loss, strict=True)
            ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def frame():
    return losses_frame()


@pytest.fixture(scope="module")
def losses(frame):
    return Losses.from_frame(frame)


@pytest.fixture(scope="module")
def table(losses):
    return tg.affinities(losses).transfers


def records_of(frame):
    """Records as `taskgraph transfer` writes them; the valid loss is near the test's."""
    rng = np.random.default_rng(5)
    mean = frame.groupby(["target", "sources"])["loss"].mean().rename("test_loss").reset_index()
    special = mean["sources"].isin(["self", "scratch"])
    mean["order"] = np.where(special, 0, mean["sources"].str.count(r"\+") + 1)
    mean["valid_loss"] = mean["test_loss"] * np.exp(0.05 * rng.normal(size=len(mean)))
    return mean.assign(seconds=rng.uniform(2, 4, len(mean)), readout="trained")


def ridge_of(records, sources=SOURCES, targets=TARGETS, orders=(1, 2)):
    """A screen whose errors are the test losses of what was trained, and 9 elsewhere."""
    names, loss = sorted(sources), records.set_index(["target", "sources"])["test_loss"]
    sets = source_sets(len(names), orders)
    errors = {
        order: np.array(
            [[loss.get((t, "+".join(names[k] for k in row)), 9.0) for t in targets] for row in rows]
        ).astype(np.float32)
        for order, rows in sets.items()
    }
    return RidgeResult(
        tuple(names),
        tuple(targets),
        (1.0,),
        sets,
        errors,
        errors,
        errors,
        np.zeros(len(targets)),
        1,
    )


# --- structure


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=12))
def test_the_adjusted_rand_index_counts_pairs(parts_of):
    """The expected value is computed from the numbers of pairs in both, one or neither grouping."""
    first, second = zip(*parts_of, strict=True)
    n11 = n10 = n01 = n00 = 0
    for i, j in combinations(range(len(first)), 2):
        together, beside = first[i] == first[j], second[i] == second[j]
        n11 += together and beside
        n10 += together and not beside
        n01 += beside and not together
        n00 += not together and not beside
    below = (n11 + n10) * (n10 + n00) + (n11 + n01) * (n01 + n00)
    expected = 2 * (n11 * n00 - n10 * n01) / below if below else 1.0
    assert structure.adjusted_rand(first, second) == pytest.approx(expected)


def test_the_adjusted_rand_index_of_known_partitions():
    assert structure.adjusted_rand([0, 0, 1, 1], ["b", "b", "a", "a"]) == 1
    assert structure.adjusted_rand([0, 0, 1, 1], [0, 1, 0, 1]) == pytest.approx(-0.5)
    assert structure.adjusted_rand([0, 0, 1, 2], [0, 0, 1, 1]) == pytest.approx(4 / 7)


def grouped_table(noise, seed=0):
    """Return a table in which a source has a high affinity for targets of its own group."""
    rng = np.random.default_rng(seed)
    tasks = [name for group in structure.GROUPS.values() for name in group] + ["denoise"]
    rows = [
        {
            "sources": s,
            "target": t,
            "affinity": float(1.0 + 9 * (structure.group_of(s) == structure.group_of(t)))
            + noise * rng.uniform(),
        }
        for s in tasks
        for t in tasks
        if s != t
    ]
    return Transfers(pd.DataFrame(rows))


def test_groups_that_transfer_alike_are_found_and_are_no_chance():
    found = structure.beside_groups(grouped_table(0.1), permutations=99, counts=(4, 5))
    five = found[(found["measure"] == "rand") & (found["clusters"] == 5)].iloc[0]
    nearest = found[found["measure"] == "nearest"].iloc[0]
    assert five["value"] == 1  # denoise is the fifth, and is not counted
    assert nearest["value"] == 1
    assert five["p"] == nearest["p"] == 0.01
    assert five["tasks"] == 26
    assert abs(five["chance"]) < 0.1


def test_noise_is_no_structure():
    rng = np.random.default_rng(0)
    values = []
    for seed in range(8):
        table = grouped_table(0.0, seed)
        mixed = Transfers(table.frame.assign(affinity=rng.uniform(size=len(table.frame))))
        found = structure.beside_groups(mixed, permutations=49, seed=seed, counts=(4,))
        values.append(found["p"].to_numpy())
    assert np.mean(values) == pytest.approx(0.5, abs=0.25)


def test_neighbors_are_those_of_a_loop():
    table = grouped_table(3.0)
    found = structure.neighbors(table).set_index("task")
    pattern = transfer_distance(table)
    pattern = pattern.fillna(pattern.mean())
    for task in ("rgb2depth", "denoise", "random"):
        away = {
            other: np.sqrt(((pattern.loc[task] - pattern.loc[other]) ** 2).sum())
            for other in pattern.index
            if other != task
        }
        assert found.loc[task, "nearest"] == min(away, key=away.get)
        assert found.loc[task, "distance"] == pytest.approx(min(away.values()))
    assert found.loc["denoise", "group"] == ""
    assert structure.group_of("inpainting_whole") == "2D"


def test_single_sources_alone_meet_no_sets(frame, losses, table):
    assert frame["sources"].str.contains("+", regex=False).any()
    alone = frame[~frame["sources"].str.contains("+", regex=False)]
    expected = tg.affinities(Losses.from_frame(alone)).transfers.frame
    found = structure.of_single_sources(losses).frame
    pd.testing.assert_frame_equal(found, expected)
    joint = table.frame.set_index(["target", "sources"]).loc[
        list(zip(found["target"], found["sources"], strict=True))
    ]
    np.testing.assert_allclose(found["gain"], joint["gain"])


def test_consistency_is_that_of_the_library_and_ranks_are_pandas(losses, table):
    found = consistency(losses).set_index("target")
    assert found["consistency_ratio"].is_monotonic_decreasing
    known = tg.affinities(losses).consistency.set_index("target")
    edges = table.frame[table.is_edge]
    for target, row in found.iterrows():
        assert row["consistency_ratio"] == known.loc[target, "consistency_ratio"]
        mine = edges[edges["target"] == target]
        for measure in ("gain", "quality"):
            expected = mine["affinity"].corr(mine[measure], method="spearman")
            assert row[measure] == pytest.approx(expected, nan_ok=True)


def test_tasks_of_no_group_have_no_structure_to_look_for():
    frame = pd.DataFrame(
        [("a", "b", 0.2), ("b", "a", 0.3)], columns=["sources", "target", "affinity"]
    )
    with pytest.raises(InvalidTableError, match="0 of the sources are tasks of the paper's groups"):
        structure.beside_groups(Transfers(frame))


# --- the closed form's choice


def best_by_hand(table, supervised, measure):
    """Mean over targets of the own network's, or of the best transfer from these sources."""
    values = []
    for _, rows in table.frame.groupby("target"):
        target = rows["target"].iloc[0]
        usable = rows[
            [
                sources == "self"
                if target in supervised
                else sources not in ("self", "scratch") and {*sources.split("+")} <= {*supervised}
                for sources in rows["sources"]
            ]
        ]
        values.append(usable.sort_values("affinity")[measure].iloc[-1])
    return np.mean(values)


def test_the_closed_forms_choice_is_followed_by_trained_transfers(table, closed):
    other = tg.read_transfers(closed / "transfers.csv")
    own = {budget: tg.solve(table, budget=budget, max_order=2) for budget in (1, 2, 3)}
    found = closed_form.chosen_in_closed_form(other, table, own, max_order=2)
    assert list(found["budget"]) == [1, 2, 3]
    differ = 0
    for _, row in found.iterrows():
        mine = row["supervised"].split("+")
        theirs = tg.solve(table, budget=row["budget"], max_order=2).supervised
        assert tuple(mine) == tg.solve(other, budget=row["budget"], max_order=2).supervised
        assert row["common"] == len({*mine} & {*theirs})
        for measure in ("gain", "quality"):
            assert row[measure] == pytest.approx(best_by_hand(table, mine, measure))
            best = best_by_hand(table, theirs, measure)
            assert row[f"{measure}_trained"] == pytest.approx(best)
        differ += tuple(mine) != theirs
    assert differ


def test_a_closed_form_of_other_tasks_is_refused(table):
    fewer = Transfers(table.frame[table.frame["target"] != table.targets[0]])
    with pytest.raises(InvalidTableError, match=f"other targets: {table.targets[0]}"):
        closed_form.chosen_in_closed_form(fewer, table, {}, max_order=2)


# --- the published measurements


@given(st.integers(0, 10_000))
@examples(times=0.3)
def test_the_mean_rank_correlation_is_scipys(seed):
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, 6, (2, 9, 4)).astype(float)
    one[rng.uniform(size=one.shape) < 0.2] = np.nan
    expected = []
    for column in range(4):
        there = ~np.isnan(one[:, column])
        a, b = one[there, column], other[there, column]
        if len(a) > 1 and np.ptp(a) and np.ptp(b):
            expected.append(stats.spearmanr(a, b).statistic)
    assert published.mean_spearman(one, other) == pytest.approx(np.mean(expected))


def test_the_interval_of_a_rank_correlation():
    """By hand: z = 0.5493, its error sqrt(1.125 / 25) = 0.2121, times 1.96."""
    low, high = published.spearman_interval(np.array([0.5, 0.5]), np.array([28, 3]))
    assert low[0] == pytest.approx(np.tanh(0.549306 - 1.959964 * 0.212132), abs=1e-5)
    assert high[0] == pytest.approx(np.tanh(0.549306 + 1.959964 * 0.212132), abs=1e-5)
    assert np.isnan([low[1], high[1]]).all()


def measured_table(names, seed=0, *, own=False):
    rng = np.random.default_rng(seed)
    rows = [
        {
            "sources": s,
            "target": t,
            **dict(zip(("affinity", "gain", "quality"), rng.uniform(size=3), strict=True)),
        }
        for t in names
        for s in (*names, "self")
        if s != t or own
    ]
    return Transfers(pd.DataFrame(rows))


NAMES = ("autoencoder", "inpainting_whole", "rgb2depth", "segmentsemantic", "edge2d", "reshade")


def test_a_table_agrees_with_itself_under_other_names_and_not_with_its_negative():
    theirs = measured_table(NAMES, own=True)
    renaming = {"inpainting_whole": "impainting_whole", "segmentsemantic": "segmentsemantic_rb"}
    frame = theirs.frame[theirs.frame["sources"] != theirs.frame["target"]]
    ours = Transfers(frame.replace({"sources": renaming, "target": renaming}))
    targets, summary = published.compared(ours, theirs, permutations=19)
    assert len(targets) == 18
    np.testing.assert_allclose(targets["spearman"], 1)
    assert (targets["n"] == 5).all()
    assert (targets["best"] == targets["chosen"]).all()
    np.testing.assert_allclose(summary["mean"], 1)
    np.testing.assert_allclose(summary["p"], 0.05)
    flipped = Transfers(ours.frame.assign(affinity=1 - ours.frame["affinity"]))
    targets, summary = published.compared(flipped, theirs, permutations=19)
    of = summary.set_index("measure")
    assert of.loc["affinity", "mean"] == pytest.approx(-1)
    assert of.loc["affinity", "p"] == 1
    assert of.loc["gain", "mean"] == pytest.approx(1)
    left = published.restricted(theirs, Transfers(ours.frame[ours.frame["target"] != "edge2d"]))
    assert set(left.targets) == set(ours.targets) - {"edge2d"}
    assert not (left.frame["sources"] == left.frame["target"]).any()


def test_tables_without_common_tasks_are_refused():
    with pytest.raises(InvalidTableError, match="0 of our sources and 0 of our targets"):
        published.compared(measured_table(("a", "b")), measured_table(("c", "d")))
    plain = measured_table(("a", "b"))
    bare = Transfers(plain.frame.drop(columns="gain"))
    with pytest.raises(InvalidTableError, match='no column "gain"'):
        published.compared(bare, plain, permutations=1)


def test_the_published_table_has_the_papers_structure():
    if not PUBLISHED.is_dir():
        pytest.skip("the published measurements are not here")
    found = structure.beside_groups(tg.read_taskonomy(PUBLISHED), permutations=99).set_index(
        ["measure", "clusters"]
    )
    assert found.loc[("nearest", 0), "value"] == 1
    assert found.loc[("rand", 4), "value"] > 0.8
    assert (found["p"] == 0.01).all()


# --- significance


def test_budgets_are_those_of_solve_random_band_and_a_count(table):
    frame, taxonomies = against_random(table, [1, 3], max_order=2, draws=40, seed=3)
    band = tg.random_band(table, budgets=[1, 3], max_order=2, draws=40, seed=3)
    for measure in ("gain", "quality"):
        for end in ("random", "low", "high", "random_best", "best_low", "best_high"):
            np.testing.assert_allclose(frame[f"{measure}_{end}"], band[f"{measure}_{end}"])
    for row in frame.itertuples():
        best = tg.solve(table, budget=row.budget, max_order=2)
        assert row.objective == pytest.approx(best.objective)
        assert row.gain == pytest.approx(best.to_frame()["gain"].mean())
        assert row.supervised == "+".join(best.supervised)
        assert taxonomies[row.budget].supervised == best.supervised
        others = tg.evaluate(table, budget=row.budget, max_order=2, draws=0)
        single = others.best_single
        assert row.single_spent == single.spent == len(single.supervised)
        assert row.gain_single == pytest.approx(single.to_frame()["gain"].mean())
        assert row.greedy_spent == others.greedy.spent
        at_cost = tg.solve(table, budget=single.spent, max_order=2)
        assert row.gain_at_single == pytest.approx(at_cost.to_frame()["gain"].mean())
        assert row.quality_at_random == row.quality_at_greedy == row.quality
    assert (frame["gain_greedy"] <= 1).all()


def test_a_budget_without_a_taxonomy_is_told():
    frame = pd.DataFrame(
        [("a", "b", 0.5), ("b", "a", 0.5), ("a+b", "c", 0.5), ("self", "c", 0.1)],
        columns=["sources", "target", "affinity"],
    )
    found, taxonomies = against_random(Transfers(frame), [0, 2], max_order=2, draws=5)
    assert list(found["status"]) == ["infeasible", "optimal"]
    assert list(taxonomies) == [2]


def test_the_one_observed_counts_among_the_random_ones():
    drawn = np.array([0.1, 0.5, 0.7])
    assert as_good(0.6, drawn) == 2 / 4
    assert as_good(0.5, drawn) == 3 / 4
    assert as_good(0.9, drawn) == 1 / 4
    assert np.isnan(as_good(np.nan, drawn))


# --- buildings


def naive_mean(frame, taxonomy, measure, weight):
    """Over targets, the weighted share of images on which the choice beats the reference."""
    versus = {"gain": "scratch", "quality": "self"}[measure]
    shares = []
    for transfer in taxonomy.transfers:
        part = frame[frame["target"] == transfer.target]
        loss = {
            name: part[part["sources"] == name].set_index("image")["loss"]
            for name in ("+".join(transfer.sources), versus)
        }
        total = won = 0.0
        for image, value in loss["+".join(transfer.sources)].items():
            other = loss[versus][image]
            total += weight[image]
            won += weight[image] * ((value < other) + 0.5 * (value == other))
        shares.append(won / total)
    return np.mean(shares)


def test_intervals_are_those_of_a_loop_over_resamples(frame, losses, table):
    taxonomies = {b: tg.solve(table, budget=b, max_order=2) for b in (1.0, 3.0)}
    found = buildings.intervals(losses, taxonomies, resamples=12, seed=7).set_index("budget")
    images = {t: losses.by_target[t].images for t in losses.targets}
    draws = draw_resamples(images, repeats=12, seed=7, clusters=losses.clusters)
    for budget, taxonomy in taxonomies.items():
        for measure in ("gain", "quality"):
            drawn = [
                naive_mean(
                    frame,
                    taxonomy,
                    measure,
                    dict(zip(images["edge2d"], draws.weights("edge2d")[r], strict=True)),
                )
                for r in range(12)
            ]
            low, high = np.quantile(drawn, [0.025, 0.975])
            assert found.loc[budget, f"{measure}_own_low"] == pytest.approx(low)
            assert found.loc[budget, f"{measure}_own_high"] == pytest.approx(high)


def test_halves_share_no_building_and_lose_no_image(losses):
    one, other = buildings.halves(losses, seed=1)
    assert not set(one.clusters.values()) & set(other.clusters.values())
    assert len(set(one.clusters.values())) == 4
    for target in losses.targets:
        both = [*one.by_target[target].images, *other.by_target[target].images]
        assert sorted(both) == sorted(losses.by_target[target].images)
    whole = losses.by_target["edge2d"]
    kept = one.by_target["edge2d"]
    place = whole.images.index(kept.images[3])
    np.testing.assert_array_equal(kept.values[:, 3], whole.values[:, place])


def test_cross_fitted_is_chosen_here_and_measured_there(frame, losses):
    found = buildings.cross_fitted(losses, [1, 3], max_order=2, seed=1).set_index("budget")
    groups = [set(half.clusters.values()) for half in buildings.halves(losses, seed=1)]
    values = {"gain": [], "gain_chosen": []}
    for here, there in (groups, groups[::-1]):
        part = frame[frame["cluster"].isin(here)]
        best = tg.solve(tg.affinities(Losses.from_frame(part)).transfers, budget=3, max_order=2)
        once = dict.fromkeys(frame["image"], 1.0)
        values["gain_chosen"].append(naive_mean(part, best, "gain", once))
        others = frame[frame["cluster"].isin(there)]
        values["gain"].append(naive_mean(others, best, "gain", once))
    for name, each in values.items():
        assert found.loc[3, name] == pytest.approx(np.mean(each))


def test_one_building_cannot_be_split(frame):
    one = Losses.from_frame(frame[frame["cluster"] == "b00"])
    with pytest.raises(InvalidTableError, match="the test images are of 1 building, expected 2"):
        buildings.halves(one)


# --- predictions


@pytest.fixture(scope="module")
def measured(frame, table):
    return predictors.trained(records_of(frame), table)


def test_the_screens_errors_are_looked_up_set_by_set(frame, measured):
    records = records_of(frame)
    found = predictors.from_ridge(ridge_of(records), measured)
    both = found.frame.merge(measured, on=["target", "sources"])
    assert len(both) == len(measured)
    np.testing.assert_allclose(both["value"], both["test_loss"], rtol=1e-6)
    fewer = ridge_of(records, sources=SOURCES[:4], orders=(1,))
    known = predictors.from_ridge(fewer, measured).frame
    assert set(known["sources"]) <= set(SOURCES[:4])


def test_baselines_are_those_of_loops(measured):
    found = predictors.baselines(measured)
    single = measured[measured["order"] == 1].set_index(["target", "sources"])["valid_loss"]
    rank = found["average rank on other targets"]
    value = rank.frame.set_index(["target", "sources"])["value"]
    beaten = []
    for target in TARGETS:
        if target in ("edge2d", "rgb2depth"):
            continue
        ours = single[target, "edge2d"]
        others = [single[target, s] for s in SOURCES if s not in (target, "edge2d")]
        beaten.append(np.mean([ours < other for other in others]))
    assert value["rgb2depth", "edge2d"] == pytest.approx(np.mean(beaten))
    assert rank.better == "larger"
    members = found["mean of members"].frame.set_index(["target", "sources"])["value"]
    expected = (single["rgb2depth", "edge2d"] + single["rgb2depth", "random"]) / 2
    assert members["rgb2depth", "edge2d+random"] == pytest.approx(expected)


def test_a_perfect_and_a_reversed_prediction(measured):
    exact = predictors.Prediction(
        measured[["target", "sources"]].assign(value=measured["test_loss"]), "smaller"
    )
    reversed_ = replace(exact, better="larger")
    summary, targets = predictors.predicted(measured, {"exact": exact, "reversed": reversed_})
    of = summary.set_index(["predictor", "order"])
    for order, transfers in ((1, 30), (2, 75)):
        assert of.loc[("exact", order), "spearman"] == pytest.approx(1)
        assert of.loc[("exact", order), "regret_ratio"] == pytest.approx(1)
        assert of.loc[("exact", order), "top1"] == 1
        assert of.loc[("exact", order), "transfers"] == transfers
        assert of.loc[("reversed", order), "spearman"] == pytest.approx(-1)
    assert of.loc[("exact", 1), "affinity"] > 0.8
    assert len(targets) == 2 * 2 * len(TARGETS)
    nothing = predictors.Prediction(exact.frame.assign(target="other"), "smaller")
    with pytest.raises(InvalidTableError, match="no prediction is of a transfer that was trained"):
        predictors.predicted(measured, {"nothing": nothing})


def test_closed_form_read_outs_are_nothing_to_predict(frame, table):
    records = records_of(frame).assign(readout="ridge")
    with pytest.raises(InvalidTableError, match="no trained read-out"):
        predictors.trained(records, table)


# --- scores


@dataclass(frozen=True)
class FakeViews:
    """Views of a pool without any file: (N, ...) targets and masks, pictures 10, 11, ..."""

    targets: torch.Tensor
    masks: torch.Tensor
    several: int = 1

    def __len__(self):
        return len(self.targets)

    def batch(self, indices):
        return torch.zeros(len(indices)), self.targets[indices], self.masks[indices]

    def pictures(self, indices):
        rows = 10 + np.asarray(indices)[:, None]
        return np.concatenate([(rows - 10 + k) % len(self) + 10 for k in range(self.several)], 1)

    def images(self):
        return [f"b/{n}" for n in range(len(self))]


@pytest.fixture
def pools(monkeypatch):
    """A map, a map of altered pictures, poses of two pictures, and classes, of 60 images."""
    rng = torch.Generator().manual_seed(0)
    count = 60

    def of(name, targets, masks, several=1, task=None):
        task = task or TASKS[name]
        return SimpleNamespace(task=task, train=FakeViews(targets, masks, several))

    places = replace(
        TASKS["class_places"], output=replace(TASKS["class_places"].output, channels=3)
    )
    depth = torch.rand(count, 1, 8, 8, generator=rng)
    mask = torch.rand(count, 8, 8, generator=rng) > 0.2
    shares = torch.softmax(3 * torch.randn(count, 3, generator=rng), 1)
    mask[:, :2, :2] = False  # the first place never counts
    found = {
        "rgb2depth": of("rgb2depth", depth, mask),
        "denoise": of("denoise", torch.rand(count, 3, 8, 8, generator=rng), torch.ones_like(mask)),
        "fix_pose": of(
            "fix_pose", torch.randn(count, 6, generator=rng), torch.ones(count, dtype=torch.bool), 2
        ),
        "class_places": of("class_places", shares, torch.arange(count) % 5 > 0, task=places),
    }
    monkeypatch.setattr(scoring, "open_transfer_data", lambda config, name: found[name])
    return found


@pytest.fixture
def store(tmp_path, pools):
    """Representations (N, 2, 4, 4): depth's own knows the depth, the others are noise."""
    made = Store(tmp_path / "representations")
    rng = np.random.default_rng(1)
    write_views(made, np.arange(10, 70))
    depth = pools["rgb2depth"].train.targets.numpy().reshape(60, 1, 4, 2, 4, 2).mean((3, 5))
    for kind in ("rgb", "denoise"):
        (made.folder / kind).mkdir()
        for source in ("denoise", "knows", "rgb2depth", "random"):
            values = rng.normal(size=(60, 2, 4, 4))
            if source == "knows":
                values[:, :1] = depth + 0.1 * values[:, :1]
            np.save(made.path(source, kind), values.astype(np.float16))
    return made


CONFIG = TransferDataConfig("nowhere")
NAMED = ("denoise", "knows", "random", "rgb2depth")


def neighbourhoods(values):
    """(N, 2, 4, 4) -> (N 16, 18): standardised and clipped, zeros around, by loops."""
    values = values.astype(np.float64)
    mean, spread = values.mean((0, 2, 3), keepdims=True), values.std((0, 2, 3), keepdims=True)
    wide = np.zeros((len(values), 2, 6, 6))
    wide[:, :, 1:5, 1:5] = np.clip((values - mean) / spread, -5, 5)
    rows = [
        [image[c, i + a, j + b] for c in range(2) for a in range(3) for b in range(3)]
        for image in wide
        for i in range(4)
        for j in range(4)
    ]
    return np.array(rows)


def test_scores_of_a_map_are_those_of_loops(pools, store):
    found = scoring.scored(CONFIG, store, sources=NAMED, targets=["rgb2depth"], places=16, alike=60)
    frame = found.to_frame().set_index("sources")
    assert set(frame.index) == {"denoise", "knows", "random"}
    views = pools["rgb2depth"].train
    numbers, counts = [], []
    for target, mask in zip(views.targets[:, 0].numpy(), views.masks.numpy(), strict=True):
        for i in range(4):
            for j in range(4):
                cell = np.s_[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                numbers.append(target[cell].ravel())
                counts.append(mask[cell].ravel())
    numbers, counts = np.array(numbers, dtype=np.float64), np.array(counts)
    kept = counts.mean(1) >= 0.5
    assert not kept.reshape(60, 16)[:, 0].any()
    assert found.examples == {"rgb2depth": kept.sum()}
    numbers, counts = numbers[kept], counts[kept]
    means = (numbers * counts).sum(0) / counts.sum(0)
    centred = np.where(counts, numbers - means, 0)
    patch = centred.mean(1, keepdims=True)
    labels = discretize(patch / patch.std())
    for source in ("knows", "random"):
        x = neighbourhoods(np.load(store.path(source)))[kept]
        assert frame.loc[source, "h_score"] == pytest.approx(shrunk_h_score(x, labels), rel=1e-4)
        assert frame.loc[source, "logme"] == pytest.approx(
            logme(x, centred, centered=True), rel=1e-4
        )
        whole = [np.load(store.path(s)).reshape(60, -1) for s in (source, "rgb2depth")]
        assert frame.loc[source, "dds"] == pytest.approx(dds(*whole), abs=1e-9)
    for name in ("h_score", "logme"):
        assert frame[name].idxmax() == "knows"
    assert set(found.seconds) == {"features", "h_score", "logme", "dds"}
    assert min(found.seconds.values()) > 0


def test_every_form_of_target_is_scored_on_its_own_features(pools, store, monkeypatch):
    monkeypatch.setattr(scoring, "LEAST", 20)
    targets = ["class_places", "denoise", "fix_pose", "rgb2depth"]
    found = scoring.scored(CONFIG, store, sources=NAMED, targets=targets, alike=30)
    frame = found.to_frame().set_index(["target", "sources"])
    assert len(frame) == 4 * 4 - 2
    assert found.examples["class_places"] == 48  # of 60, a fifth has no mask
    assert found.examples["fix_pose"] == 60
    assert found.examples["denoise"] == 60 * 4
    assert frame["dds"].notna().groupby("target").any().to_dict() == {
        "class_places": False,
        "denoise": True,
        "fix_pose": False,
        "rgb2depth": True,
    }
    rows = scoring.evenly(np.arange(60), 30)
    altered = [
        np.load(store.path(s, "denoise"))[rows].reshape(30, -1) for s in ("knows", "denoise")
    ]
    assert frame.loc[("denoise", "knows"), "dds"] == pytest.approx(dds(*altered), abs=1e-9)
    kept = np.arange(60) % 5 > 0
    labels = pools["class_places"].train.targets.numpy().argmax(1)[kept]
    values = np.load(store.path("knows")).astype(np.float64)
    mean, spread = values.mean((0, 2, 3), keepdims=True), values.std((0, 2, 3), keepdims=True)
    clipped = torch.from_numpy(np.clip((values - mean) / spread, -5, 5))
    x = torch.nn.functional.adaptive_avg_pool2d(clipped, 3).flatten(1).numpy()[kept]
    expected = shrunk_h_score(x, labels)
    assert frame.loc[("class_places", "knows"), "h_score"] == pytest.approx(expected, rel=1e-3)


def test_too_few_examples_are_not_scored(pools, store, monkeypatch):
    monkeypatch.setattr(scoring, "LEAST", 10_000)
    found = scoring.scored(CONFIG, store, sources=NAMED, targets=["fix_pose"])
    assert found.to_frame()[["h_score", "logme", "dds"]].isna().all().all()


def test_a_target_of_which_nothing_counts_or_converges_is_left_open(pools, store, monkeypatch):
    blind = replace(pools["fix_pose"].train, masks=torch.zeros(60, dtype=torch.bool))
    monkeypatch.setattr(pools["fix_pose"], "train", blind)

    def stuck(*_, **__):
        raise ConvergenceError("the evidence still changes")

    monkeypatch.setattr(scoring, "logme", stuck)
    found = scoring.scored(CONFIG, store, sources=NAMED, targets=["fix_pose", "rgb2depth"])
    frame = found.to_frame().set_index("target")
    assert found.examples["fix_pose"] == 0
    assert frame.loc["fix_pose"].drop(columns="sources").isna().all().all()
    assert frame.loc["rgb2depth", "logme"].isna().all()
    assert frame.loc["rgb2depth", "h_score"].notna().all()


def test_places_are_chosen_in_every_image():
    rows = scoring.chosen_places(50, 16, 4, seed=0).reshape(50, 4)
    assert (rows // 16 == np.arange(50)[:, None]).all()
    assert all(len(set(row)) == 4 for row in rows.tolist())
    np.testing.assert_array_equal(scoring.chosen_places(3, 1, 4, seed=0), [0, 1, 2])


# --- the whole


@pytest.fixture(scope="module")
def sweep(tmp_path_factory, frame, table):
    """The folder of a finished sweep, without representations."""
    folder = tmp_path_factory.mktemp("sweep")
    write_frame(frame, folder / "losses.parquet")
    write_transfers(table, folder / "transfers.csv")
    records = records_of(frame)
    write_frame(records, folder / "records.csv")
    (folder / "ridge").mkdir()
    ridge_of(records).save(folder / "ridge" / "local.npz")
    times = {
        "local": {
            "moments_s": 3.0,
            "solve_s": 6.0,
            "transfers": 900,
            "workers": 2,
            "peak_mib": 2560.0,
        }
    }
    (folder / "ridge" / "times.json").write_text(json.dumps(times))
    pool = {
        "data": "/secret/world",
        "size": 64,
        "train": 10,
        "valid": 4,
        "test": 40,
        "less": 1,
        "seed": 0,
        "splits": None,
    }
    config = {
        "transfer": {
            "bank": "/secret/bank",
            "pool": pool,
            "preset": "tiny",
            "fit": {"epochs": 4, "batch": 32, "seed": 0},
        },
        "candidates": "best5",
        "readout": "trained",
        "screen": 0,
        "max_order": 2,
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def closed(sweep, table, tmp_path_factory):
    """The folder of a sweep in closed form, whose affinities are others."""
    folder = tmp_path_factory.mktemp("closed")
    rng = np.random.default_rng(9)
    drawn = rng.uniform(0.1, 1, len(table.frame))
    values = table.frame["affinity"].where(table.frame["affinity"].isna(), drawn)
    write_transfers(Transfers(table.frame.assign(affinity=values)), folder / "transfers.csv")
    records = pd.read_csv(sweep / "records.csv")
    write_frame(records.assign(readout="ridge", seconds=0.5), folder / "records.csv")
    (folder / "ridge").mkdir()
    (folder / "ridge" / "times.json").write_text((sweep / "ridge" / "times.json").read_text())
    return folder


@pytest.fixture(scope="module")
def results(sweep, closed, tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    theirs = tmp_path_factory.mktemp("published") / "published.csv"
    write_transfers(measured_table(SOURCES, seed=4), theirs)
    bank = tmp_path_factory.mktemp("bank")
    task = {
        "task": "edge2d",
        "seconds": 1800,
        "images": {"train": 99},
        "fit": {"epochs": 3},
        "data": {"settings": {"size": 64}},
    }
    longer = task | {"task": "fix_pose", "fit": {"epochs": 8}}
    manifest = {
        "preset": "tiny",
        "commit": "0123456789",
        "tasks": [task, longer, {"task": "random"}],
    }
    (bank / "manifest.json").write_text(json.dumps(manifest))
    given_ = [
        "--out",
        str(out),
        "--published",
        str(theirs),
        "--bank",
        str(bank),
        "--closed",
        str(closed),
    ]
    few = ["--draws", "30", "--resamples", "40", "--permutations", "49"]
    assert main(["--sweep", str(sweep), *given_, *few]) == 0
    return out


def test_a_sweep_gives_every_table_picture_and_section(results):
    page = (results / PAGE).read_text()
    unwrapped = " ".join(page.split())
    for name in ("heatmap", "tree", "taxonomy_2", "taxonomy_5", "frontier"):
        assert f"]({name}.svg)" in page
        assert (results / f"{name}.svg").stat().st_size < LARGEST
    assert "Left out" not in page.replace("are left out", "")
    assert "H-score, LogME and DDS are left out: the sweep has no folder representations." in page
    assert "--draws 30 --resamples 40 --permutations 49" in unwrapped
    assert "2 trained in 1.0 hours of one process, on 99 images, 3 to 8 epochs" in unwrapped
    assert "of 8 buildings" in page
    assert "The process held 2.5 GiB at most, mapped files included." in unwrapped
    assert "| local | 900 | 3 s | 6 s | 10 ms | 2 |" in page
    significance = pd.read_csv(results / "significance.csv")
    assert len(significance) == len(SOURCES)
    row = significance.iloc[2]
    assert f"| 3 | {row['gain']:.3f} [{row['gain_own_low']:.3f}, " in page
    summary = pd.read_csv(results / "predictors.csv").set_index(["predictor", "order"])
    assert summary.loc[("ridge screen", 2), "spearman"] == pytest.approx(1)
    assert "| 1 | ridge screen | 30 | 5 | 1.000 |" in page
    assert (results / "losses.parquet").exists()


def test_no_place_on_a_disk_is_told(results, sweep):
    for path in (results / PAGE, results / FILE):
        text = path.read_text()
        assert "/secret" not in text
        assert str(sweep) not in text


def test_the_page_is_made_of_the_tables_alone(results):
    before = (results / PAGE).read_text()
    assert render(results) == before
    (results / PAGE).unlink()
    assert main(["--render", "--out", str(results)]) == 0
    assert (results / PAGE).read_text() == before


@pytest.mark.slow
def test_choices_are_made_again_from_the_results_alone(results, tmp_path):
    """Without a sweep, the same sizes give the same tables, and all other files stay."""
    out = tmp_path / "again"
    shutil.copytree(results, out)
    for name in ("significance.csv", "frontier.csv", "cross_fitted.csv", "frontier.svg"):
        (out / name).write_text("")
    few = ["--draws", "30", "--resamples", "40", "--seed", "0"]
    assert main(["--choices-only", "--out", str(out), *few]) == 0
    for path in results.iterdir():
        if path.name not in (PAGE, FILE):
            assert path.read_bytes() == (out / path.name).read_bytes(), path.name
    before, after = (kept_facts.read_facts(place) for place in (results, out))
    assert set(after.pop("choices")) == {"commit", "versions"}
    assert [each["compared"].pop("again") for each in (before, after)] == [False, True]
    assert after == before
    page = (out / PAGE).read_text()
    assert "--choices-only --draws 30 --resamples 40\n" in page
    assert "are of the second command" in " ".join(page.split())
    assert main(["--choices-only", "--out", str(tmp_path / "none")]) == 2


def test_the_page_tells_what_best_single_costs_and_ours_at_that_cost(results):
    page = " ".join((results / PAGE).read_text().split())
    frame = pd.read_csv(results / "significance.csv")
    row = frame.iloc[0]
    assert (
        f"Best single supervises tasks for {row['single_spent']:g} and has a mean gain of "
        f"{row['gain_single']:.3f}. The optimum of the same cost has {row['gain_at_single']:.3f}."
    ) in page
    first = frame.loc[frame["gain"] >= row["gain_single"], "budget"]
    reached = (
        f"first reaches {row['gain_single']:.3f} at budget {first.min():g}"
        if len(first)
        else "at no budget"
    )
    assert reached in page
    assert f"| {row['gain_single']:.3f} ({row['single_spent']:g}) |" in page


def test_the_committed_facts_have_all_parts():
    known = kept_facts.read_facts(ROOT / "results" / "transfers")
    assert known["settings"] == {
        "draws": 1000,
        "permutations": 999,
        "resamples": 1000,
        "shown": [2, 5, 8, 15],
        "seed": 0,
    }
    assert set(known) >= {"scores", "sweep", "bank", "before", "compared"}
    assert set(known) >= {"sensitivity", "ridge", "closed_form"}
    assert known["ridge"]["seconds"] == pytest.approx(known["closed_form"]["screen_s"])
    assert known["scores"]["seconds"]["dds"] > 0


# --- a run that was killed ---


@pytest.fixture
def bare(tmp_path, table):
    """The inputs of a sweep with nothing but its table of transfers."""
    (tmp_path / "bare").mkdir()
    write_transfers(table, tmp_path / "bare" / "transfers.csv")
    settings = Settings(draws=5, permutations=9, shown=(2,))
    return Inputs(read_finished(tmp_path / "bare"), settings)


@pytest.fixture
def computed(monkeypatch):
    """Parts that were computed; each writes one small table, which depends on the draws alone.

    The part named in ``fails`` writes its table and then ends the process.
    """
    calls, fails = [], set()

    def writer(part):
        def write(inputs, results):
            calls.append(part)
            results.table(f"{part}_table", pd.DataFrame({"draws": [inputs.settings.draws]}))
            results.facts["number"] = len(part)
            if part in fails:
                fails.clear()
                raise KeyboardInterrupt

        return write

    monkeypatch.setattr(gather, "WRITERS", {part: writer(part) for part in kept_facts.PARTS})
    return SimpleNamespace(calls=calls, fails=fails)


def without_seconds(folder):
    return [replace(each, seconds=None) for each in read_records(folder)]


@pytest.mark.parametrize("part", kept_facts.PARTS)
def test_a_killed_run_computes_only_the_parts_that_its_records_lack(part, bare, computed, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    gather.gather_results(bare, whole)
    assert computed.calls == list(kept_facts.PARTS)
    computed.fails.add(part)
    with pytest.raises(KeyboardInterrupt):
        gather.gather_results(bare, out)
    del computed.calls[:]
    gather.gather_results(bare, out)
    assert computed.calls == list(kept_facts.PARTS)[kept_facts.PARTS.index(part) :]
    assert without_seconds(out) == without_seconds(whole)
    del computed.calls[:]
    gather.gather_results(bare, out)
    assert not computed.calls
    assert len(read_records(out)) == len(kept_facts.PARTS)


def test_real_parts_of_a_killed_run_are_those_of_a_whole_one(bare, tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "pictures", lambda *_: {})
    whole, out = tmp_path / "whole", tmp_path / "out"
    gather.gather_results(bare, whole)
    with monkeypatch.context() as patch:
        patch.setattr(figures, "frontier_frame", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            gather.gather_results(bare, out)
    parts = [each.settings["part"] for each in read_records(out)]
    assert parts == ["sweep", "choices", "trust", "sensitivity", "before", "compared"]
    assert "Left out: it is not yet measured." in render(out)
    gather.gather_results(bare, out)
    assert without_seconds(out) == without_seconds(whole)
    assert render(out) == render(whole)
    for path in whole.glob("*.csv"):
        assert path.read_bytes() == (out / path.name).read_bytes(), path.name


def test_a_part_is_computed_anew_for_what_it_alone_depends_on(bare, computed, closed, tmp_path):
    out = tmp_path / "out"
    gather.gather_results(bare, out)
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "manifest.json").write_text("{}")
    for changes, parts in (
        ({"published_at": closed / "transfers.csv"}, ["structure"]),
        ({"published_at": closed}, ["structure"]),
        ({"closed": read_finished(closed)}, ["scores", "ridge", "closed_form"]),
        ({"bank": tmp_path / "bank"}, ["sweep"]),
        ({"sweep": read_finished(closed)}, list(kept_facts.PARTS)),
        ({"settings": replace(bare.settings, permutations=19)}, list(kept_facts.PARTS)),
    ):
        del computed.calls[:]
        for _ in range(2):
            gather.gather_results(replace(bare, **changes), out)
        assert computed.calls == parts


def test_tables_that_another_run_replaced_are_computed_again(bare, computed, tmp_path):
    """The page shows the newest record of each part, which always belongs to the tables."""
    other = replace(bare, settings=replace(bare.settings, draws=7))
    gather.gather_results(bare, tmp_path)
    computed.fails.add("trust")
    with pytest.raises(KeyboardInterrupt):
        gather.gather_results(other, tmp_path)
    del computed.calls[:]
    gather.gather_results(bare, tmp_path)
    assert computed.calls == ["sweep", "choices", "trust"]
    (tmp_path / "choices_table.csv").unlink()
    gather.gather_results(bare, tmp_path)
    assert computed.calls[3:] == ["choices"]
    assert kept_facts.read_facts(tmp_path)["settings"]["draws"] == 5


def test_parts_are_computed_again_once_with_each_code_and_table(
    bare, computed, tmp_path, monkeypatch
):
    out, code = tmp_path / "out", "a"
    gather.gather_results(bare, out)
    monkeypatch.setattr(gather, "commit", lambda: code)
    shutil.copyfile(bare.sweep.folder / "transfers.csv", out / "transfers.csv")
    settings = replace(bare.settings, draws=8, seed=3)

    def again(flag):
        del computed.calls[:]
        for _ in range(2):
            gather.compute_again(out, settings, flag)
        return computed.calls

    assert again("--choices-only") == ["choices", "trust", "sensitivity", "compared", "figures"]
    facts = kept_facts.read_facts(out)
    assert facts["settings"] == {
        "draws": 8,
        "permutations": 9,
        "resamples": 1000,
        "shown": [2],
        "seed": 3,
    }
    assert "choices" in facts
    assert "trust" not in facts
    assert again("--trust-only") == ["trust", "sensitivity"]
    assert "trust" in kept_facts.read_facts(out)
    code = "b"
    assert again("--choices-only") == ["choices", "trust", "sensitivity", "compared", "figures"]
    with open(out / "transfers.csv", "a") as file:
        file.write("\n")
    assert again("--choices-only") == ["choices", "trust", "sensitivity", "compared", "figures"]


def test_what_a_sweep_lacks_is_said(tmp_path, table, monkeypatch):
    """Only the table of transfers is there, and pictures are not worth drawing again."""
    bare = tmp_path / "bare"
    bare.mkdir()
    write_transfers(table, bare / "transfers.csv")
    monkeypatch.setattr(figures, "pictures", lambda *_: {})
    out = tmp_path / "out"
    nowhere = str(tmp_path / "nowhere")
    assert (
        main(
            [
                "--sweep",
                str(bare),
                "--out",
                str(out),
                "--published",
                nowhere,
                "--draws",
                "5",
                "--permutations",
                "9",
            ]
        )
        == 0
    )
    page = " ".join((out / PAGE).read_text().split())
    for line in (
        "Intervals of our own are left out: the sweep has no losses.parquet.",
        "Left out: the sweep has no losses.parquet.",
        "Left out: the published measurements were not given; name their folder with --published.",
        "Left out: the sweep has no records.csv.",
        "Left out: the sweep has no ridge/times.json.",
        "Left out: no sweep in closed form was given; name one with --closed.",
    ):
        assert line in page


def test_broken_files_are_said_and_do_not_stop_the_rest(tmp_path, table):
    write_transfers(table, tmp_path / "transfers.csv")
    (tmp_path / "records.csv").write_text("target,sources\na,b\n")
    (tmp_path / "config.json").write_text("{")
    (tmp_path / "ridge").mkdir()
    found = read_finished(tmp_path)
    assert 'no column "order"' in found.missing["records.csv"]
    assert found.missing["records.csv"].startswith("SWEEP/records.csv")
    assert "SWEEP/ridge has no screen: no file ends in .npz" in found.missing["ridge"]
    assert "config.json" in found.missing
    with pytest.raises(InvalidTableError, match=r"no config.json: its images are not known"):
        found.pool()
    with pytest.raises(InvalidTableError, match="no folder representations"):
        found.store()


def test_a_folder_that_is_no_sweep_or_no_results_is_one_line(tmp_path, capsys):
    assert main(["--sweep", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "transfers.csv" in capsys.readouterr().err
    assert main(["--render", "--out", str(tmp_path)]) == 2
    assert "has no finished run: `taskgraph bench transfers` measures" in capsys.readouterr().err
    assert main(["--out", str(tmp_path / "out")]) == 2
    assert "name the folder of a sweep with --sweep, or give --choices-only" in (
        capsys.readouterr().err
    )
    assert main(["--average", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "--average needs a folder for what it measures: give --work" in capsys.readouterr().err


def test_large_losses_stay_where_they_are(sweep, tmp_path, monkeypatch):
    monkeypatch.setattr(results_folder, "LOSSES_UP_TO", 10)
    results = ResultsCollector(tmp_path)
    copy_tables(read_finished(sweep), results)
    assert not (tmp_path / "losses.parquet").exists()
    assert results.facts["losses_bytes"] == (sweep / "losses.parquet").stat().st_size
    assert (tmp_path / "records.csv").exists()


def test_a_large_picture_is_a_png_and_replaces_the_svg(table, tmp_path):
    figure = tree(table)
    assert write_picture(figure, tmp_path, "tree") == "tree.svg"
    assert write_picture(figure, tmp_path, "tree", largest=100) == "tree.png"
    assert (tmp_path / "tree.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "tree.svg").exists()


def test_numbers_and_times_as_text():
    assert markdown.share(0.0004) == "0.0004"
    assert markdown.share(0.25) == "0.250"
    assert [markdown.seconds(v) for v in (2e-5, 0.0123, 3, 600, 9000)] == [
        "20 µs",
        "12.3 ms",
        "3 s",
        "10 min",
        "2.5 h",
    ]
    assert markdown.table(["a", "b:"], [["x", "1"]]) == "| a | b |\n|--|--:|\n| x | 1 |"
    nan = float("nan")
    assert {markdown.number(nan), markdown.interval(nan, nan), markdown.seconds(nan)} == {"–"}
    long = markdown.wrapped("word " * 40 + "\n\n| " + "cell " * 40 + "|")
    assert max(map(len, long.split("\n\n")[0].splitlines())) <= 100
    assert len(long.split("\n\n")[1].splitlines()) == 1


# --- beside an earlier table ---


@pytest.fixture(scope="module")
def before_and_after(sweep, tmp_path_factory):
    """Two folders of results: of another table, and of the sweep with the former as earlier one."""
    earlier, now = (tmp_path_factory.mktemp(name) for name in ("earlier", "now"))
    other = tmp_path_factory.mktemp("other")
    frame = losses_frame(seed=5)
    write_frame(frame, other / "losses.parquet")
    write_transfers(tg.affinities(Losses.from_frame(frame)).transfers, other / "transfers.csv")
    shutil.copyfile(sweep / "config.json", other / "config.json")
    few = ["--draws", "5", "--resamples", "5", "--permutations", "5", "--shown", "1,2"]
    assert main(["--sweep", str(other), "--out", str(earlier), *few]) == 0
    assert main(["--sweep", str(sweep), "--out", str(now), "--before", str(earlier), *few]) == 0
    return earlier, now


def test_the_page_shows_the_stability_of_an_earlier_table_beside_its_own(before_and_after):
    earlier, now = before_and_after
    page = (now / PAGE).read_text()
    section = page.split("### Before and after")[1].split("\n## ")[0]
    assert "with read-outs of 4 epochs" in " ".join(section.split())
    for budget in (1.0, 2.0):
        sets, same = [], []
        for folder in (earlier, now):
            rows = pd.read_csv(folder / "significance.csv").set_index("budget")
            sets.append({*str(rows.loc[budget, "supervised"]).split("+")})
            trust = pd.read_csv(folder / "trust.csv")
            same.append(float(trust.loc[trust["budget"] == budget, "same"].iloc[0]))
        common = f"{len(sets[0] & sets[1])} of {len(sets[1])}"
        assert f"| {budget:g} | {same[0]:.2f} | {same[1]:.2f} | {common} |" in section


def test_without_an_earlier_table_no_section_compares(results):
    assert "### Before and after" not in (results / PAGE).read_text()


def test_earlier_results_that_would_be_replaced_are_refused(
    before_and_after, sweep, capsys, tmp_path, monkeypatch
):
    """Both where --out names their folder and where that is the default, nothing is written."""
    earlier = tmp_path / "results" / "transfers"
    shutil.copytree(before_and_after[0], earlier)
    before = {path: path.read_bytes() for path in earlier.iterdir()}
    monkeypatch.chdir(tmp_path)
    asked = ["--sweep", str(sweep), "--before", str(earlier)]
    for more, message in (([], "copy it, and name the copy"), (["--out", str(earlier)], "--out")):
        assert main([*asked, *more]) == 2
        assert message in capsys.readouterr().err
    assert before == {path: path.read_bytes() for path in earlier.iterdir()}


def test_results_of_an_older_version_do_not_say_what_they_resampled(before_and_after, tmp_path):
    _, now = before_and_after
    shutil.copytree(now, tmp_path / "now")
    trust = pd.read_csv(now / "trust.csv")
    trust.drop(columns="resampled").to_csv(tmp_path / "now" / "trust.csv", index=False)
    section = render(tmp_path / "now").split("### Before and after")[1].split("\n## ")[0]
    assert "| budget | before, buildings | now, buildings | in common |" in section


# --- a screen of the sweep in closed form ---


def with_bank(folder, target, bank):
    """A copy of a sweep's folder whose configuration names the networks of a bank."""
    shutil.copytree(folder, target)
    path = target / "config.json"
    config = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(config | {"bank": bank}))
    return target


@pytest.mark.parametrize("other", [False, True])
def test_the_screen_of_the_closed_sweep_is_used_where_the_sweep_has_none(
    sweep, closed, results, tmp_path, other
):
    bare = with_bank(sweep, tmp_path / "bare", {"a": "1"})
    theirs = with_bank(closed, tmp_path / "closed", {"a": "2" if other else "1"})
    for path in (bare / "ridge").iterdir():
        shutil.copyfile(path, theirs / "ridge" / path.name)
    shutil.rmtree(bare / "ridge")
    out = tmp_path / "out"
    few = ["--draws", "5", "--resamples", "5", "--permutations", "5"]
    asked = ["--sweep", str(bare), "--closed", str(theirs), "--out", str(out), *few]
    assert main(asked) == 0
    summary = pd.read_csv(out / "predictors.csv").set_index(["predictor", "order"])
    page = " ".join((out / PAGE).read_text().split())
    assert ("ridge screen" in summary.index.get_level_values(0)) is not other
    assert ("was measured with other encoders; make it with this bank" in page) is other
    if not other:
        whole = pd.read_csv(results / "predictors.csv").set_index(["predictor", "order"])
        pd.testing.assert_series_equal(summary["spearman"], whole["spearman"])
