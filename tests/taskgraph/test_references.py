"""``average``, the best constant answer: outside of tournaments, and beside ``scratch``."""

import math
import re

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.affinity import affinities_from_scores, affinities_from_wins_table
from taskgraph.affinity.references import share_interval
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError
from taskgraph.plot.affinities import first_order
from taskgraph.selection import stability


def losses(*, images=40, names=("a", "b", "self", "scratch", "average"), seed=0):
    """Two targets; ``scratch`` beats ``average`` on 3 of 4 images of x, and 1 of 4 of y."""
    rng = np.random.default_rng(seed)
    rows = []
    for target, share in (("x", 4), ("y", 1)):
        for n in range(images):
            value = dict(zip(names, rng.uniform(1.0, 2.0, len(names)), strict=True))
            if {"scratch", "average"} <= set(names):
                better = (n % 4 != 0) if share == 4 else (n % 4 == 0)
                value["scratch"], value["average"] = (1.2, 1.6) if better else (1.6, 1.2)
            rows += [
                {
                    "target": target,
                    "sources": name,
                    "image": f"{n:03}",
                    "cluster": f"h{n // 4}",
                    "loss": value[name],
                }
                for name in names
            ]
    return pd.DataFrame(rows)


def test_average_changes_no_affinity_gain_or_quality():
    whole = losses()
    found = tg.affinities(tg.Losses(whole), bootstrap=5)
    without = tg.affinities(tg.Losses(whole[whole["sources"] != "average"]), bootstrap=5)
    frame = found.transfers.frame
    rest = frame["sources"] != "average"
    expected = without.transfers.frame
    pd.testing.assert_frame_equal(frame[rest].reset_index(drop=True), expected)
    assert frame[~rest]["affinity"].isna().all()
    assert found.resamples.shape == (5, len(frame))
    np.testing.assert_array_equal(found.resamples[:, rest], without.resamples)
    assert np.isnan(found.resamples[:, ~rest]).all()
    assert list(found.consistency["candidates"]) == [3, 3]


def test_average_has_a_gain_and_a_quality_and_is_never_a_source():
    whole = losses()
    table = tg.affinities(tg.Losses(whole)).transfers
    wide = whole.pivot_table(index=["target", "image"], columns="sources", values="loss")
    for target in ("x", "y"):
        one, row = wide.loc[target], table.row_of(target, "average")
        assert row["gain"] == (one["average"] < one["scratch"]).mean()
        assert row["quality"] == (one["average"] < one["self"]).mean()
    assert "average" not in table.sources
    assert not table.is_edge[table.frame["sources"] == "average"].any()
    assert "average" not in first_order(table, column="gain").index
    taxonomy = tg.solve(table, budget=2)
    assert "average" not in taxonomy.supervised
    found = stability(tg.affinities(tg.Losses(whole), bootstrap=5), budget=2)
    assert "average" not in set(found.selection["task"])


def test_affinity_names_each_target_whose_scratch_does_not_beat_it(tmp_path, capsys):
    path = tmp_path / "losses.csv"
    losses().to_csv(path, index=False)
    assert run(["affinity", str(path), "-o", str(tmp_path / "t.csv")]) == 0
    said = capsys.readouterr().err
    assert '"scratch" does not beat "average", the best constant answer, at 1 of 2 targets' in said
    assert "Its win rates there: y 0.25 [0.25, 0.25]." in said
    for name in ("average", "scratch"):
        part = losses()
        part[part["sources"] != name].to_csv(path, index=False)
        assert run(["affinity", str(path), "-o", str(tmp_path / "t.csv")]) == 0
        assert "does not beat" not in capsys.readouterr().err


def test_versus_average_is_a_table_of_both_targets():
    found = tg.affinities(tg.Losses(losses())).versus_average
    assert found[["target", "wins"]].to_numpy().tolist() == [["x", 0.75], ["y", 0.25]]
    none = losses(names=("a", "b", "self", "scratch"))
    assert tg.affinities(tg.Losses(none)).versus_average.empty


def test_ties_of_scratch_and_average_count_half_and_do_not_beat_it(caplog):
    frame = losses()
    frame.loc[frame["sources"].isin(["scratch", "average"]), "loss"] = 1.5
    found = tg.affinities(tg.Losses(frame))
    assert list(found.versus_average["wins"]) == [0.5, 0.5]
    assert "at 2 of 2 targets" in caplog.text


def test_the_interval_of_single_images_is_the_textbook_one():
    """With one image a cluster: mean -+ t s / sqrt(n), s with n - 1 degrees of freedom."""
    from scipy.stats import t

    wins = np.random.default_rng(0).integers(0, 2, 25).astype(float)
    low, high = share_interval(wins, np.arange(25))
    expected = t.interval(0.95, 24, wins.mean(), wins.std(ddof=1) / 5)
    np.testing.assert_allclose((low, high), expected)
    assert all(map(math.isnan, share_interval(wins, np.zeros(25, dtype=int))))


def test_the_interval_over_clusters_covers_what_it_says():
    """30 clusters of 20 images that share half of the variance: 95 % within 92 to 98 %."""
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(30), 20)
    covered, alone = 0, 0
    for _ in range(400):
        value = rng.normal(size=30)[cluster] + rng.normal(size=600)
        wins = (value > 0.3 * math.sqrt(2)).astype(float)
        truth = 0.5 * math.erfc(0.3 / math.sqrt(2))
        low, high = share_interval(wins, cluster)
        covered += low <= truth <= high
        low, high = share_interval(wins, np.arange(600))
        alone += low <= truth <= high
    assert 0.92 <= covered / 400 <= 0.98
    assert alone / 400 < 0.75  # images that are taken for independent promise too much


REMEDY = "rename the task, or leave its rows out"


@pytest.mark.parametrize("name", ["average", "scratch", "self"])
def test_a_target_of_a_reserved_name_is_refused_with_a_remedy(name, tmp_path, capsys):
    frame = losses().replace({"target": {"y": name}})
    with pytest.raises(InvalidTableError, match=f'the target is "{name}".*{REMEDY}'):
        tg.Losses(frame)
    path = tmp_path / "losses.csv"
    frame.to_csv(path, index=False)
    assert run(["affinity", str(path), "-o", str(tmp_path / "t.csv")]) == 2
    said = capsys.readouterr().err
    assert '"average", "scratch" and "self" are kept for sources that are no tasks' in said
    assert REMEDY in said


def test_an_average_that_may_be_chosen_is_refused_with_a_remedy():
    """A table of a version in which `average` was a name as any other."""
    frame = pd.DataFrame(
        {"sources": ["a", "average"], "target": ["x", "x"], "affinity": [0.6, 0.4]}
    )
    with pytest.raises(
        InvalidTableError,
        match=r'row 2: the source "average" has an affinity.*'
        "rename the task if it is one of yours",
    ):
        tg.Transfers(frame)
    with pytest.raises(InvalidTableError, match='"average" stands alone'):
        tg.Transfers(frame.replace({"sources": {"average": "a+average"}}))
    with pytest.raises(InvalidTableError, match='did you mean "average"'):
        tg.Transfers(frame.replace({"sources": {"average": "Average"}}))


def test_a_target_with_references_alone_has_no_candidate():
    frame = losses()
    with pytest.raises(InvalidTableError, match='no candidate beside "average" and "scratch"'):
        tg.affinities(tg.Losses(frame[frame["sources"].isin(["average", "scratch"])]))


def test_wins_against_average_stay_outside_the_tournament(caplog):
    pairs = [
        ("a", "b", 0.6),
        ("a", "scratch", 0.7),
        ("b", "scratch", 0.8),
        ("a", "average", 0.9),
        ("average", "b", 0.3),
        ("scratch", "average", 0.45),
    ]
    frame = pd.DataFrame(pairs, columns=["sources", "versus", "wins"]).assign(target="x")
    found = affinities_from_wins_table(frame)
    assert list(found.transfers.frame["sources"]) == ["a", "b"]
    assert list(found.transfers.frame["gain"]) == [0.7, 0.8]
    assert found.versus_average[["target", "wins"]].to_numpy().tolist() == [["x", 0.45]]
    assert "at 1 of 1 targets" in caplog.text
    assert "x 0.45." in caplog.text


def test_scores_of_average_have_no_weight():
    frame = pd.DataFrame(
        {"sources": ["a", "b", "average", "scratch"], "target": "x", "score": [3.0, 2.0, 9.0, 1.0]}
    )
    found = affinities_from_scores(frame, higher_is_better=True).frame.set_index("sources")
    assert found["affinity"].dropna().to_dict() == {"a": 2 / 3, "b": 1 / 3}
    assert "average" not in found.index
    only = frame[frame["sources"] == "average"]
    with pytest.raises(InvalidTableError, match='no row but those of "average"'):
        affinities_from_scores(only, higher_is_better=True)


def test_report_tells_how_stable_the_set_is(tmp_path, capsys):
    """The page has what `stability` prints, and without losses says what it lacks."""
    path, table, page = (tmp_path / name for name in ("losses.csv", "t.csv", "r.html"))
    losses(names=("a", "b", "c", "self", "scratch")).to_csv(path, index=False)
    assert run(["affinity", str(path), "-o", str(table)]) == 0
    command = ["report", str(table), "--budget", "1", "--random", "2", "-o", str(page)]
    assert run(command) == 0
    text = page.read_text()
    assert "was not measured: pass the losses that the table was made from with --losses" in text
    assert 'data-picture="stability"' not in text
    assert run([*command, "--losses", str(path), "--bootstrap", "20", "--seed", "3"]) == 0
    found = stability(tg.affinities(tg.read_losses(path), bootstrap=20, seed=3), budget=1)
    assert found.same < 1
    text = " ".join(page.read_text().split())
    assert 'data-picture="stability"' in text
    assert f"{found.same:.0%} of 20 resamples of the test images supervise exactly" in text
    shares = dict(zip(found.selection["task"], found.selection["share"], strict=True))
    rows = re.findall(
        r"<td>(\w+)</td> <td>(?:True|False)</td> <td class=\"number\">([\d.]+)</td>", text
    )
    told = {task: float(share) for task, share in rows}
    assert told == pytest.approx({task: share for task, share in shares.items() if share})
    capsys.readouterr()
    assert run([*command, "--losses", str(table)]) == 2
    assert "only losses on images can be resampled" in capsys.readouterr().err


def test_report_says_where_the_losses_have_another_optimum(tmp_path):
    path, table, page = (tmp_path / name for name in ("losses.csv", "t.csv", "r.html"))
    names = ("a", "b", "self")
    for seed in range(9):
        losses(names=names, seed=seed).to_csv(path, index=False)
        if not seed:
            assert run(["affinity", str(path), "-o", str(table)]) == 0
            first = tg.solve(tg.read_transfers(table), budget=1).supervised
        found = tg.affinities(tg.read_losses(path)).transfers
        if tg.solve(found, budget=1).supervised != first:
            break
    command = ["report", str(table), "--budget", "1", "--random", "2", "-o", str(page)]
    assert run([*command, "--losses", str(path), "--bootstrap", "3"]) == 0
    assert "The losses have another optimum than the table" in page.read_text()
