"""Win rates of the proven set, agreement with published tables, ends of training: by loops."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.cluster.hierarchy import cophenet, linkage
from scipy.spatial.distance import pdist, squareform

import taskgraph as tg
from benchmarks.payoff.page import payoff_headline
from benchmarks.transfers import trees
from benchmarks.transfers.compared import (
    ABOVE_CONSTANT,
    AGAINST,
    GREEDY,
    RANDOM_BEST,
    RANDOM_SETS,
    SINGLE,
    TRANSFERRED,
    UNTRAINED,
    seed_counts,
    win_rates_against,
)
from benchmarks.transfers.compared_page import seeds_sentence
from benchmarks.transfers.constants import constants
from benchmarks.transfers.dependence import dependence, dependence_section, sensitivities
from benchmarks.transfers.ended import ends_of, ends_section
from benchmarks.transfers.headline import (
    stability_headline,
    training_headline,
    weak_headline,
    wins_table,
)
from benchmarks.transfers.published import agreement_of_tables
from benchmarks.transfers.structure import GROUP_OF
from benchmarks.transfers.tables import TransferTables, read_tables
from benchmarks.transfers.trust import RESAMPLES, resampled_kinds, stabilities, trust
from taskgraph.baselines.random_choices import random_choices
from taskgraph.losses import Losses
from taskgraph.plot import transfer_distance
from taskgraph.problem import Problem
from taskgraph.transfers import Transfers
from tests.docs_scripts import docs_script

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "results" / "transfers"
PUBLISHED = ROOT.parent / "shared" / "taskonomy"
TASKS = ("edge2d", "reshade", "rgb2depth")


def frame_of(seeds=1):
    """Three targets, their sources and `random`; transfers of two sources have several seeds."""
    rng = np.random.default_rng(3)
    rows = []
    for target in TASKS:
        others = [name for name in (*TASKS, "random") if name != target]
        sets = [*others, "+".join(sorted(others[:2])), "self", "scratch", "average"]
        for sources in sets:
            level = {"self": 0.0, "scratch": 0.8, "average": 0.85, "random": 0.9}.get(sources, 0.4)
            many = seeds if "+" in sources or sources == "scratch" else 1
            for seed in range(many):
                shift = 0.2 * rng.normal()
                for image in range(24):
                    loss = round(level + shift + 0.4 * rng.normal(), 1)
                    where = {"image": f"{image:02}", "cluster": f"b{image % 6}"}
                    row = {"target": target, "sources": sources, "loss": loss, "seed": seed}
                    rows.append(row | where)
    return pd.DataFrame(rows)


def plain_rate(frame, target, one, other):
    """Mean over pairs of seeds and over images, in a loop."""
    if one == other:
        return 0.5
    part = frame[frame["target"] == target].set_index(["sources", "seed", "image"])["loss"]
    shares = []
    seeds = [part[name].index.get_level_values("seed").unique() for name in (one, other)]
    for s, z in itertools.product(*seeds):
        mine, theirs = part[one][s], part[other][z]
        shares.append(((mine < theirs) + 0.5 * (mine == theirs)).mean())
    return np.mean(shares)


@pytest.fixture(scope="module", params=[1, 3])
def measured(request):
    frame = frame_of(request.param)
    losses = Losses(frame)
    table = tg.affinities(losses).transfers
    found = win_rates_against(losses, table, [1.0, 2.0], max_order=2, draws=3, resamples=30, seed=2)
    return frame, losses, table, found


def test_win_rates_are_those_of_loops_over_images_and_seeds(measured):
    frame, _, table, found = measured
    assert set(found["against"]) == set(AGAINST)
    for budget in (1.0, 2.0):
        rows = found[found["budget"] == budget].set_index("against")
        problem = Problem(budget=budget, max_order=2)
        ours = {e.target: "+".join(e.sources) for e in tg.solve(table, problem).transfers}

        def rate(theirs, own=ours):
            return np.mean([plain_rate(frame, t, own[t], theirs[t]) for t in theirs])

        for name, source in ((UNTRAINED, "random"), ("scratch", "scratch"), ("self", "self")):
            assert rows["wins"][name] == pytest.approx(rate(dict.fromkeys(ours, source)))
        drawn = list(random_choices(table, problem, draws=3, seed=2))
        for name, place in ((RANDOM_SETS, 1), (RANDOM_BEST, 0)):
            rates = [
                rate({e.target: "+".join(e.sources) for e in pair[place].transfers})
                for pair in drawn
            ]
            assert rows["wins"][name] == pytest.approx(np.mean(rates))
            assert rows["beaten"][name] == np.mean(np.array(rates) > 0.5)
            assert rows["draws"][name] == len(drawn)
        others = tg.evaluate(table, problem, draws=0)
        greedy = {e.target: "+".join(e.sources) for e in others.greedy.transfers}
        assert rows["wins"][GREEDY] == pytest.approx(rate(greedy))
        single = {e.target: "+".join(e.sources) for e in others.best_single.transfers}
        equal = {
            e.target: "+".join(e.sources) for e in others.at_cost["best single source"].transfers
        }
        assert rows["wins"][SINGLE] == pytest.approx(rate(single, equal))
        assert rows["spent"][SINGLE] == others.best_single.spent
        above = [t for t in TASKS if plain_rate(frame, t, "scratch", "average") > 0.5]
        assert rows["targets"][ABOVE_CONSTANT] == len(above)
        assert rows["wins"][ABOVE_CONSTANT] == pytest.approx(rate(dict.fromkeys(above, "scratch")))
        transferred = [t for t in above if ours[t] != "self"]
        assert (TRANSFERRED in rows.index) == bool(transferred)
        if transferred:
            assert rows["targets"][TRANSFERRED] == len(transferred)
            expected = rate(dict.fromkeys(transferred, "scratch"))
            assert rows["wins"][TRANSFERRED] == pytest.approx(expected)


def test_intervals_hold_seeds_where_there_are_several(measured):
    frame, _, _, found = measured
    several = frame["seed"].max() > 0
    assert found["seed_low"].notna().any() == several
    ends = found[["low", "high"]].to_numpy()
    alone = found[["image_low", "image_high"]].to_numpy()
    if not several:
        np.testing.assert_array_equal(ends, alone)
        return
    scratch = found[found["against"] == "scratch"].iloc[0]
    assert scratch["high"] - scratch["low"] > scratch["image_high"] - scratch["image_low"]


def test_seeds_are_counted_and_said(measured):
    frame, losses, _, _ = measured
    counts = seed_counts(losses)
    many = str(frame["seed"].max() + 1)
    assert counts["scratch"] == {many: 3}
    assert sum(counts["transfers"].values()) == 12
    said = seeds_sentence({"seeds": counts}, "buildings")
    if many == "1":
        assert said.startswith("**Seeds are lacking**: every network was trained once.")
        assert seeds_sentence({}, "buildings") == said
    else:
        assert said.startswith(
            "Seeds: all 3 scratch networks have 3 seeds; 3 of 12 transfers have 3 seeds"
        )


def test_stability_is_told_over_buildings_over_seeds_and_over_both(measured):
    frame, losses, _, _ = measured
    kinds = resampled_kinds(losses, repeats=6, seed=1)
    several = frame["seed"].max() > 0
    names = ["clusters and seeds", "clusters", "seeds"] if several else ["clusters"]
    assert list(kinds) == names
    tasks, budgets = stabilities(kinds, [1.0, 2.0], max_order=2, seed=1)
    for _, row in budgets.iterrows():
        again = tg.stability(kinds[row["resampled"]], budget=row["budget"], max_order=2)
        assert row["same"] == again.same
    facts = {"test_buildings": 6, "missing": {}}
    shown = budgets.assign(against_average=0.5)
    page = " ".join(trust(TransferTables(facts, {"trust": shown, "stability": tasks})).split())
    if several:
        assert "resamples of the test buildings and seeds of training" in page
        assert "| budget | buildings and seeds | buildings | seeds |" in page
    else:
        assert "These resamples include no seeds" in page


# --- trees and published tables


def table_of(matrix, sources, targets):
    rows = [
        {"sources": s, "target": t, "affinity": matrix[i, j], "gain": matrix[i, j] / 2}
        for i, s in enumerate(sources)
        for j, t in enumerate(targets)
        if s != t
    ]
    return Transfers(pd.DataFrame(rows))


def test_the_cophenetic_correlation_is_that_of_scipys_trees():
    rng = np.random.default_rng(0)
    sources, targets = [*TASKS, "curvature", "autoencoder"], ["denoise", "keypoint2d", "edge3d"]
    one, other = (table_of(rng.uniform(size=(5, 3)), sources, targets) for _ in range(2))
    heights, near = [], []
    for table in (one, other):
        pattern = transfer_distance(table).sort_index()
        heights.append(cophenet(linkage(pattern.to_numpy(), "ward")))
        apart = squareform(pdist(pattern.to_numpy())) + np.diag([np.inf] * 5)
        near.append(apart.argmin(axis=1))
    found = trees.tree_agreement(one, other, permutations=19).set_index("measure")
    assert found["value"]["cophenetic"] == pytest.approx(stats.pearsonr(*heights)[0])
    assert found["value"]["nearest"] == np.mean(near[0] == near[1])
    same = trees.tree_agreement(one, one, permutations=199).set_index("measure")
    assert same["value"].tolist() == pytest.approx([1, 1])
    assert same["p"]["cophenetic"] < 0.1
    assert abs(same["chance"]["cophenetic"]) < 0.2
    assert same["chance"]["nearest"] == pytest.approx(1 / 4, abs=0.08)


def test_a_tree_of_the_papers_groups_has_the_largest_correlation_with_them():
    groups = ("3D", "2D", "semantic")
    sources = [
        name for group in groups for name in sorted(n for n in GROUP_OF if GROUP_OF[n] == group)
    ]
    code = np.array([groups.index(GROUP_OF[name]) for name in sources])
    matrix = 0.01 + 0.5 * np.eye(3)[code]
    table = table_of(matrix, sources, ["denoise", "edge3d_", "x"])
    found = trees.tree_beside_groups(table, permutations=99).iloc[0]
    assert found["tasks"] == len(sources)
    assert found["p"] == 0.01
    assert found["value"] > 0.9


def test_two_tables_agree_by_scipys_spearman_on_the_cells_that_all_have():
    rng = np.random.default_rng(2)
    sources, targets = ["a", "b", "c", "d", "e", "f"], ["x", "y", "z"]
    matrices = [rng.uniform(size=(6, 3)) for _ in range(3)]
    tables = {
        name: table_of(matrix, sources, targets)
        for name, matrix in zip(("p", "q", "r"), matrices, strict=True)
    }
    fewer = tables["r"].frame
    tables["r"] = Transfers(fewer[fewer["sources"] != "f"])
    found = agreement_of_tables(tables, resamples=50).set_index(["measure", "one", "other"])
    for one, other in (("p", "q"), ("p", "r"), ("q", "r")):
        pair = [matrices["pqr".index(name)][:5] for name in (one, other)]
        rho = [stats.spearmanr(pair[0][:, j], pair[1][:, j])[0] for j in range(3)]
        row = found.loc[("affinity", one, other)]
        assert row["spearman"] == pytest.approx(np.mean(rho))
        assert (row["targets"], row["sources"]) == (3, 5)
        assert row["low"] <= row["spearman"] <= row["high"]
    assert ("quality", "p", "q") not in found.index


@pytest.mark.skipif(not PUBLISHED.exists(), reason="needs shared/taskonomy beside the checkout")
def test_the_published_tables_agree_with_each_other_as_the_page_says():
    """Oracle: scipy's Spearman, target by target, over the sources of our dictionary."""
    shown = pd.read_csv(SHIPPED / "agreement.csv")
    row = shown[(shown["measure"] == "affinity") & (shown["one"] == "published 16k")].iloc[0]
    large, small = (tg.read_taskonomy(PUBLISHED, size=size) for size in ("16k", "1k"))
    ours = tg.default_transfers()
    one, other = (
        t.frame[t.order == 1].pivot_table(index="sources", columns="target", values="affinity")
        for t in (large, small)
    )
    kept = [s for s in one.index if s not in ("self", "class_selected") and s in other.index]
    rho = []
    for target in one.columns.intersection(other.columns):
        if target == "class_selected":
            continue
        names = [s for s in kept if s != target]
        pair = one.loc[names, target], other.loc[names, target]
        rho.append(stats.spearmanr(*pair, nan_policy="omit")[0])
    assert len(rho) == row["targets"] == len(ours.targets)
    assert row["spearman"] == pytest.approx(np.mean(rho), abs=1e-9)


# --- ends of training


RECORDS = pd.DataFrame(
    [
        ("t", "a", 1, "trained", "patience"),
        ("t", "b", 1, "trained", "cap"),
        ("t", "a+b", 2, "trained", "pruned"),
        ("u", "a", 1, "trained", "patience"),
        ("u", "b", 1, "ridge", None),
        ("t", "scratch", 0, "trained", "patience"),
        ("t", "scratch", 0, "trained", "cap"),
        ("t", "self", 0, "trained", "patience"),
        ("t", "average", 0, "trained", "patience"),
    ],
    columns=["target", "sources", "order", "readout", "stopped"],
)


def test_ends_of_training_are_counted_for_read_outs_and_scratch_apart():
    found = ends_of(RECORDS).set_index("kind")
    columns = ["n", "patience", "cap", "pruned", "unknown", "share"]
    assert found.loc["read-outs", columns].tolist() == [4, 2, 1, 1, 0, 0.5]
    assert found.loc["scratch", columns].tolist() == [2, 1, 1, 0, 0, 0.5]
    bare = ends_of(RECORDS[["sources", "order"]])
    assert bare["unknown"].tolist() == [5, 2]


def test_the_page_says_what_each_optimum_depends_on(measured):
    """Oracle: the table is solved again without each source, and the sets are counted."""
    _, losses, _, _ = measured
    kinds = resampled_kinds(losses, repeats=RESAMPLES, seed=1)
    resampled = next(iter(kinds.values()))
    found = sensitivities(losses, kinds, [1.0, 2.0], max_order=2)
    frame = dependence(found, resampled, max_order=2).set_index("budget")
    for budget, row in frame.iterrows():
        optimum = tg.solve(resampled.transfers, budget=budget, max_order=2)
        unused = [name for name in (*TASKS, "random") if name not in optimum.supervised]
        assert row["unused"] == len(unused)
        assert {*row["core"].split("+")} - {""} <= {*optimum.supervised}
        sets = [
            tg.solve(table, budget=budget, max_order=2).supervised
            for table in resampled.resampled()
        ]
        shares = pd.Series(sets).value_counts(normalize=True)
        assert row["sets"] == 1 + int((shares.cumsum() < 0.95 - 1e-12).sum())
        robust = tg.solve_robust(resampled, budget=budget, max_order=2)
        assert row["robust_regret"] == robust.regret <= row["plain_regret"] + 1e-12
    facts = {"test_buildings": 6, "missing": {}}
    tables = TransferTables(facts, {"sensitivity": frame.reset_index()})
    page = " ".join(dependence_section(tables).split())
    several = len(kinds) > 1
    drawn = "buildings and seeds" if several else "buildings"
    assert f"on {RESAMPLES} resamples of the test {drawn}. *Other optimum*" in page
    assert (
        "| budget | other optimum | largest loss | dropped, unused | robust core | sets |" in page
    )


def test_the_page_says_how_training_ended_and_what_was_tried():
    trials = [
        {"target": t, "epochs": e, "learning_rate": 0.001, "valid_loss": v}
        for t, e, v in (("t", 2, 0.5), ("t", 4, 0.25), ("u", 2, None), ("u", 4, 1.0))
    ]
    sweep = {
        "fit": {"epochs": 48, "patience": 3},
        "scratch_trials": {"chosen": {"epochs": 4, "learning_rate": 0.001}, "tried": trials},
    }
    page = ends_section(TransferTables({"sweep": sweep}, {"records": RECORDS}))
    assert "| read-outs | 4 | 2 | 1 | 1 | 0 | 50.0% |" in page
    assert "| 2 | 0.001 | 0.5000 | diverged |" in page
    assert "at most 4 epochs, learning rate 0.001, for every target" in " ".join(page.split())
    assert "raised" not in page
    sweep |= {"scratch": {"epochs": 8, "learning_rate": 0.001}}
    page = ends_section(TransferTables({"sweep": sweep}, {"records": RECORDS}))
    assert "Then the cap was raised to 8 epochs for every target" in " ".join(page.split())
    old = {"sweep": {"fit": {"epochs": 2}}}
    page = ends_section(TransferTables(old, {"records": RECORDS.drop(columns="stopped")}))
    assert "None of 6 networks could stop by patience: 4 read-outs and 2 scratch networks" in page
    assert "Left out: the sweep has no records.csv" in ends_section(TransferTables({}, {}))


def test_the_page_says_why_scratch_does_not_beat_the_constant():
    wins = pd.DataFrame(
        [("early", 0.4, 0.3, 0.5), ("large", 0.45, 0.4, 0.5), ("few", 0.48, 0.4, 0.6)],
        columns=["target", "wins", "low", "high"],
    )
    wins.loc[3] = ("good", 0.9, 0.8, 1.0)
    rows = [
        (target, "scratch", seed, loss + (seed - 0.5) / 5, 2 + seed, 11, stops[seed])
        for target, loss, stops in (
            ("early", 3.0, ("patience", "patience")),
            ("large", 2.0, ("patience", "cap")),
            ("few", 0.5, ("patience", "patience")),
            ("good", 0.1, ("patience", "patience")),
        )
        for seed in (0, 1)
    ]
    rows += [(target, "average", 0, 1.0, 4, 5, "patience") for target in wins["target"]]
    columns = ["target", "sources", "seed", "test_loss", "best_epoch", "last_epoch", "stopped"]
    records = pd.DataFrame(rows, columns=columns)
    found = constants(TransferTables({}, {"versus_average": wins, "records": records}))
    page = " ".join("\n\n".join(found).split())
    assert "intervals over images and seeds of training (t of the ratio of sums), and the" in page
    assert "| early | 0.400 | [0.300, 0.500] | 3.0000 | 1.0000 | 3.5 of 12 |" in page
    assert "At `early`, `large` its mean loss is not smaller either. At `early` every" in page
    assert "At `few` its mean loss is smaller, although it wins on no more than half" in page
    assert "At `good`" not in page
    records.loc[records["target"] == "good", "test_loss"] = 1.0
    found = constants(TransferTables({}, {"versus_average": wins, "records": records}))
    assert "At `good` its mean loss is not smaller, although it wins on more" in " ".join(
        " ".join(found).split()
    )
    bare = constants(TransferTables({}, {"versus_average": wins}))
    assert "loss of scratch" not in " ".join(bare)
    old = records[records["seed"] == 0][["target", "sources", "test_loss"]]
    found = constants(TransferTables({}, {"versus_average": wins, "records": old}))
    assert "loss of scratch" in " ".join(found)
    assert not any(word in " ".join(found) for word in ("epoch", "seeds", "patience"))


@pytest.mark.parametrize(
    ("wins", "page", "headline"),
    [
        (
            [(0.4, 0.3), (0.6, 0.4)],
            "does not beat the best constant answer at 1 of 2 targets: there, gains are against a "
            "network no better than a constant. At 1 more its interval includes one half. Its win",
            "at which 1 target scratch does not beat the constant, and at which 1 more that is "
            "not certain",
        ),
        (
            [(0.4, 0.3), (0.9, 0.8)],
            "no better than a constant. Its win rates",
            "at which 1 target scratch does not beat the constant",
        ),
        (
            [(0.6, 0.4), (0.9, 0.8)],
            "beats the best constant answer on most test images of all 2 targets. At 1 of them its "
            "interval includes one half. Its win rates",
            "at which 1 target it is not certain that scratch beats the constant",
        ),
        (
            [(0.7, 0.6), (0.9, 0.8)],
            "on most test images of all 2 targets. Its win rates",
            "that scratch beats the constant at every target",
        ),
    ],
)
def test_the_page_and_the_headline_say_where_scratch_may_not_beat_the_constant(
    wins, page, headline
):
    frame = pd.DataFrame(
        [(f"t{n}", value, low, 1.0) for n, (value, low) in enumerate(wins)],
        columns=["target", "wins", "low", "high"],
    )
    tables = TransferTables({}, {"versus_average": frame})
    assert page in constants(tables)[0]
    assert weak_headline(tables) == headline


def test_the_headline_says_how_training_ended_and_on_which_bank():
    facts = {"sweep": {"fit": {"epochs": 48, "patience": 3}}, "bank": {"hash": "abc"}}
    tables = TransferTables(facts, {"records": RECORDS})
    assert training_headline(tables, "abc") == (
        "Read-outs and scratch networks were trained until their validation loss no longer fell "
        "(50 % of 4 read-outs and 50 % of 2 scratch networks stopped by patience). The "
        "encoders are those of the task bank below (`abc`)"
    )
    facts["sweep"]["fit"] = {"epochs": 2}
    assert training_headline(tables, "def") == (
        "Read-outs and scratch networks were trained for 2 epochs. The encoders are those of an "
        "earlier task bank (`abc`) than the one below"
    )


# --- README


README = " ".join((ROOT / "README.md").read_text().split())


def test_readmes_headline_is_rendered_from_the_records():
    """It leaves out the targets at which scratch does not beat the constant."""
    tables = read_tables(SHIPPED)
    fresh = docs_script("readme").fresh_cells()
    assert " ".join(wins_table(tables, 5.0, fresh).split()) in README
    assert stability_headline(tables, 5.0) in README
    weak = tables["versus_average"].query("wins <= 0.5")
    rates = tables["win_rates"].query("budget == 5").set_index("against")
    assert rates.loc[ABOVE_CONSTANT, "targets"] == 22 - len(weak)
    frame = tg.solve(tg.default_transfers(), budget=5).to_frame()
    kept = frame[~frame["target"].isin(weak["target"])]
    assert rates.loc[ABOVE_CONSTANT, "wins"] == pytest.approx(kept["gain"].mean())
    assert rates.loc["scratch", "wins"] == pytest.approx(frame["gain"].mean())
    assert rates.loc["self", "wins"] == pytest.approx(frame["quality"].mean())


def test_readmes_sentence_on_new_buildings_is_rendered_from_the_records():
    assert payoff_headline(ROOT / "results" / "payoff", SHIPPED / "transfers.csv") in README
