"""Every case of a sensitivity analysis against the plain functions, and its tables by counting."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.affinity.bootstrap import bootstrap_affinities
from taskgraph.affinity.tournament import tournament_of, win_rates
from taskgraph.cli import run
from taskgraph.cli.sensitivity import table_of
from taskgraph.errors import InfeasibleError, InvalidProblemError
from taskgraph.sensitivity.confidence import confidence_set
from taskgraph.solver import Clock
from tests.taskgraph.sensitivity.test_robust import some_losses

R = 8
SHARES = ("method", "objective", "extremes", "source", "clusters")


@pytest.fixture(scope="module")
def losses():
    return some_losses(seed=4)


@pytest.fixture(scope="module")
def found(losses):
    return tg.analyze_sensitivity(losses, budget=2, bootstrap=R, seed=3)


def case(found, group, name):
    mine = found.cases[(found.cases["group"] == group) & (found.cases["name"] == name)]
    assert len(mine) == 1
    return mine.iloc[0]


def names_of(taxonomy):
    return ", ".join(taxonomy.supervised)


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=25), st.floats(0.05, 1.0))
def test_the_confidence_set_is_the_smallest(chosen, level):
    sets = [(name,) for name in chosen]
    held = confidence_set(sets, level)
    share = {s: sets.count(s) / len(sets) for s in set(sets)}
    least = next(
        k
        for k in range(1, len(share) + 1)
        if any(sum(part) >= level - 1e-9 for part in itertools.combinations(share.values(), k))
    )
    assert len(held) == least
    assert sum(part for _, part in held) >= level - 1e-9
    assert all(part == pytest.approx(share[s]) for s, part in held)
    assert [part for _, part in held] == sorted((part for _, part in held), reverse=True)


def test_a_confidence_set_without_resamples_is_empty():
    assert confidence_set([], 0.95) == []


@pytest.mark.parametrize("method", ["geometric-mean", "bradley-terry", "win-rate"])
def test_a_method_is_solved_as_its_table(found, losses, method):
    expected = tg.solve(tg.affinities(losses, method=method).transfers, budget=2)
    mine = case(found, "method", method)
    assert mine["objective"] == pytest.approx(expected.objective_value)
    assert mine["supervised"] == names_of(expected)


@pytest.mark.parametrize("clip", [1e-4, 1e-2, 5e-2])
def test_a_clip_is_solved_as_its_table(found, losses, clip):
    expected = tg.solve(tg.affinities(losses, clip=clip).transfers, budget=2)
    mine = case(found, "extremes", f"clip {clip:g}")
    assert mine["objective"] == pytest.approx(expected.objective_value)


def test_one_more_image_ties_all_candidates_there(found, losses):
    """The imaginary image is added as a real one with equal losses: half a win for each."""
    frame = losses.to_frame().drop(columns="cluster")
    more = frame[frame["image"] == frame["image"].iloc[0]].assign(image="more", loss=0.0)
    table = tg.affinities(tg.Losses.from_frame(pd.concat([frame, more]))).transfers
    mine = case(found, "extremes", "one more image")
    assert mine["objective"] == pytest.approx(tg.solve(table, budget=2).objective_value)


@pytest.mark.parametrize("source", list("abcde"))
def test_a_dropped_source_is_solved_as_losses_without_its_candidates(found, losses, source):
    frame = losses.to_frame()
    uses = frame["sources"].map(lambda text: source in text.split("+"))
    table = tg.affinities(tg.Losses.from_frame(frame[~uses])).transfers
    expected = tg.solve(table, budget=2)
    mine = case(found, "source", source)
    assert mine["objective"] == pytest.approx(expected.objective_value)
    assert mine["supervised"] == names_of(expected)


@pytest.mark.parametrize("objective", ["linear", "log", "gain", "quality", "closed"])
def test_an_objective_is_solved_as_such(found, losses, objective):
    expected = tg.solve(tg.affinities(losses).transfers, budget=2, objective=objective)
    mine = case(found, "objective", objective)
    assert mine["objective"] == pytest.approx(expected.objective_value)
    assert mine["supervised"] == names_of(expected)


def test_resamples_are_those_of_stability(found, losses):
    table = tg.affinities(losses, bootstrap=R, seed=3)
    stable = tg.stability(table, budget=2)
    shares = found.tasks.set_index("task")["clusters"]
    expected = stable.to_frame().set_index("task")["share"]
    for task in "abcde":
        assert shares[task] == pytest.approx(expected[task])
    assert found.resampled == {"clusters": R}
    mine = found.cases[found.cases["group"] == "clusters"]
    assert mine["same"].mean() == pytest.approx(stable.same)


def test_shares_and_the_core_are_counted(found):
    tasks = found.tasks.set_index("task")
    for task in "abcde":
        core = task in found.taxonomy.supervised
        for group in SHARES:
            mine = found.cases[found.cases["group"] == group]
            if group == "source":
                mine = mine[mine["name"] != task]
            share = np.mean([task in text.split(", ") for text in mine["supervised"]])
            assert tasks.loc[task, group] == pytest.approx(share)
            core &= bool(share >= (found.level if group == "clusters" else 1.0))
        assert tasks.loc[task, "core"] == core
    assert found.core == tuple(sorted(task for task in "abcde" if tasks.loc[task, "core"]))


def test_regrets_are_what_sets_lose(found, losses):
    """The optimum with a pair of tasks required is the value of that pair, at this budget."""
    assert (found.regrets.to_numpy() >= 0).all()
    tables = {"method: win-rate": tg.affinities(losses, method="win-rate").transfers}
    tables["baseline"] = tg.affinities(losses).transfers
    for column, table in tables.items():
        best = tg.solve(table, budget=2).objective_value
        for names, row in found.regrets.iterrows():
            own = tg.solve(table, budget=2, require=names.split(", ")).objective_value
            assert row[column] == pytest.approx((best - own) / abs(best), abs=1e-9)
    for _, each in found.settings.iterrows():
        column = f"{each['group']}: {each['name']}"
        assert found.regrets.loc[each["supervised"], column] == pytest.approx(0, abs=1e-9)
        own = found.regrets.loc[names_of(found.taxonomy), column]
        assert own == pytest.approx(each["regret"])
        assert each["same"] == (each["supervised"] == names_of(found.taxonomy))


def test_sets_of_the_confidence_set_have_the_regrets_of_their_resamples(found):
    assert found.sets["cumulative"].iloc[-1] >= found.level
    for _, row in found.sets.iterrows():
        matrix = found.regrets.loc[row["supervised"]]
        assert matrix["clusters: mean"] == pytest.approx(row["regret_mean"])
        assert matrix["clusters: max"] == pytest.approx(row["regret_max"])
    text = repr(found)
    assert f"of {R} resamples of clusters have this optimum" in text
    assert "robust core: " in text


def test_further_resamples_can_be_given(losses):
    table = tg.affinities(losses, bootstrap=5, seed=9)
    found = tg.analyze_sensitivity(
        losses, budget=2, bootstrap=4, resamples={"encoders": table.resamples}
    )
    assert found.resampled == {"clusters": 4, "encoders": 5}
    chosen = [names_of(tg.solve(each, budget=2)) for each in table.resampled()]
    assert found.cases.loc[found.cases["group"] == "encoders", "supervised"].tolist() == chosen


@pytest.fixture(scope="module")
def trained():
    """Losses of three tasks whose pairs and ``self`` have three seeds, which move all images."""
    frame, rng = some_losses(seed=5, tasks="abc", images=30).to_frame(), np.random.default_rng(0)
    repeated = frame[frame["sources"].str.contains(r"\+|self")]
    parts = [frame.assign(seed=0)]
    for seed in (1, 2):
        keys = list(zip(repeated["target"], repeated["sources"], strict=True))
        shift = {key: 0.3 * rng.normal() for key in dict.fromkeys(keys)}
        noise = 0.2 * rng.normal(size=len(repeated))
        moved = repeated["loss"] + [shift[key] for key in keys] + noise
        parts.append(repeated.assign(seed=seed, loss=moved))
    return tg.Losses.from_frame(pd.concat(parts, ignore_index=True))


@pytest.fixture(scope="module")
def found_trained(trained):
    return tg.analyze_sensitivity(trained, budget=1, bootstrap=R, seed=3)


def test_seeds_clusters_and_both_are_resampled_apart(found_trained, trained):
    """The oracle solves the table of transfers of every resample of each kind."""
    table = tg.affinities(trained, bootstrap=R, seed=3)
    drawn = {
        "clusters": bootstrap_affinities(trained, repeats=R, seed=3, factor="images"),
        "seeds": bootstrap_affinities(trained, repeats=R, seed=3, factor="seeds"),
        "clusters and seeds": table.resamples,
    }
    assert found_trained.resampled == dict.fromkeys(drawn, R)
    for kind, rows in drawn.items():
        again = tg.Affinities(table.transfers, table.consistency, rows)
        chosen = [names_of(tg.solve(each, budget=1)) for each in again.resampled()]
        mine = found_trained.cases[found_trained.cases["group"] == kind]
        assert mine["supervised"].tolist() == chosen
        shares = found_trained.tasks.set_index("task")[kind]
        for task in "abc":
            assert shares[task] == pytest.approx(np.mean([task in each for each in chosen]))


@pytest.mark.parametrize("method", ["geometric-mean", "win-rate"])
def test_tournaments_of_several_seeds_are_means_over_runs(found_trained, trained, method):
    expected = tg.solve(tg.affinities(trained, method=method).transfers, budget=1)
    mine = case(found_trained, "method", method)
    assert mine["objective"] == pytest.approx(expected.objective_value)


def test_what_resamples_hold_and_lack_is_said(found, found_trained, losses):
    """At each of three targets, `self` and the pair have three seeds, two single sources one."""
    assert found_trained.variation.holds == (
        "the sample of 15 clusters of test images",
        "3 seeds of training of 6 of 12 transfers and task-specific networks",
    )
    assert found_trained.variation.lacks == (
        "seeds of training of 6 of 12 transfers and task-specific networks, measured with one each",
    )
    assert found.variation.sentence() == (
        "the resamples hold the sample of 15 clusters of test images; no number here holds seeds "
        "of training of all 55 transfers and task-specific networks, measured with one each"
    )
    assert repr(found).count(found.variation.sentence()) == 1
    assert found.to_dict()["variation"]["lacks"] == list(found.variation.lacks)
    nothing = tg.analyze_sensitivity(losses, budget=2, bootstrap=0).variation
    assert nothing.holds == ()
    assert nothing.lacks[0] == "the sample of 15 clusters of test images"
    of_table = tg.analyze_sensitivity(tg.affinities(losses).transfers, budget=2).variation
    assert of_table.sentence() == (
        "no number here holds the sample of test images, nor seeds of training"
    )
    images = tg.Losses.from_frame(losses.to_frame().drop(columns="cluster"))
    apart = tg.analyze_sensitivity(images, budget=2, bootstrap=2).variation
    assert apart.holds == ("the sample of 60 test images",)
    assert "drawn as independent" in apart.lacks[0]


def wins_frame(losses):
    rows = []
    for target in losses.targets:
        met = tournament_of(target, losses.by_target[target], 2)
        wins = win_rates(met.losses)
        for i, j in itertools.combinations(range(len(met.candidates)), 2):
            rows.append((target, met.candidates[i], met.candidates[j], wins[i, j]))
    return pd.DataFrame(rows, columns=["target", "sources", "versus", "wins"])


def test_win_rates_allow_all_but_resamples(found, losses):
    mine = tg.analyze_sensitivity(wins_frame(losses), budget=2)
    for group in ("method", "source"):
        one = mine.cases[mine.cases["group"] == group].set_index("name")
        other = found.cases[found.cases["group"] == group].set_index("name")
        assert one["objective"].to_dict() == pytest.approx(other["objective"].to_dict(), rel=1e-6)
    assert mine.resampled == {}
    assert mine.sets.empty
    assert "resamples and smoothing need losses on images" in mine.notes[0]
    assert "one more image" not in set(mine.cases["name"])


def test_affinities_alone_allow_objectives_and_approximate_dropped_sources(losses):
    table = tg.affinities(losses).transfers
    mine = tg.analyze_sensitivity(table, budget=2)
    assert set(mine.cases["group"]) == {"baseline", "objective", "source"}
    assert "the table holds affinities alone" in mine.notes[0]
    frame = table.frame.copy()
    uses = frame["sources"].map(lambda text: "b" in text.split("+"))
    frame = frame[~uses]
    frame["affinity"] /= frame.groupby("target")["affinity"].transform("sum")
    expected = tg.solve(tg.Transfers(frame), budget=2)
    assert case(mine, "source", "b")["objective"] == pytest.approx(expected.objective_value)


def with_names(losses, names):
    """The same losses with other names of tasks."""
    frame = losses.to_frame()
    frame["target"] = frame["target"].replace(names)
    frame["sources"] = frame["sources"].map(
        lambda text: "+".join(sorted(names.get(name, name) for name in text.split("+")))
    )
    return tg.Losses.from_frame(frame)


def test_names_with_commas_stay_apart():
    """The sets {a, "b, c"} and {"a, b", c} would be the same text without quotes."""
    names = {"a": "x, y", "b": "z", "c": "x", "d": "y, z"}
    losses = with_names(some_losses(seed=6, tasks="abcd", images=24), names)
    found = tg.analyze_sensitivity(losses, budget=2, bootstrap=4, require=["x, y"])
    assert found.regrets.index.is_unique
    quoted = [text for text in found.cases["supervised"] if "x, y" in text]
    assert quoted
    assert all('"x, y"' in text for text in quoted)


def test_where_the_optimum_leaves_a_target_unsolved_is_said():
    """Without the only source of t, its own network must be trained; by hand, one of two tasks."""
    rng = np.random.default_rng(0)
    rows = [
        {"target": target, "sources": sources, "image": f"{i:02}", "loss": level + rng.random()}
        for target, sources, level in (
            ("s", "self", 0.0),
            ("s", "t", 0.9),
            ("t", "self", 0.5),
            ("t", "s", 0.2),
        )
        for i in range(20)
    ]
    found = tg.analyze_sensitivity(tg.Losses.from_frame(pd.DataFrame(rows)), budget=1, bootstrap=0)
    assert found.taxonomy.supervised == ("s",)
    assert np.isnan(case(found, "source", "s")["regret"])
    assert "in 1 it leaves a target without a transfer" in found.summary()[2]


def test_an_objective_that_some_target_has_no_value_of_is_named(losses):
    """`self` of task b is as good as scratch there, so that there is nothing to close."""
    frame = losses.to_frame()
    same = frame[(frame["target"] == "b") & (frame["sources"] == "self")]
    others = frame[~((frame["target"] == "b") & (frame["sources"] == "scratch"))]
    frame = pd.concat([others, same.assign(sources="scratch")], ignore_index=True)
    found = tg.analyze_sensitivity(tg.Losses.from_frame(frame), budget=2, bootstrap=0)
    assert "closed" not in set(found.cases["name"])
    assert "left out: the objective closed, for want of the column closed at b" in repr(found)


def test_one_cluster_cannot_be_resampled_and_the_message_says_what_can(tmp_path, capsys):
    losses = some_losses(tasks="abc", images=20).to_frame().assign(cluster="one")
    losses.to_csv(tmp_path / "one.csv", index=False)
    words = ["sensitivity", str(tmp_path / "one.csv"), "--budget", "1"]
    assert run(words) == 2
    said = capsys.readouterr().err
    assert "all of its 20 images are one cluster" in said
    assert "draw no resamples (--bootstrap 0, where a command can do without)" in said
    assert run([*words, "--bootstrap", "0"]) == 0


def test_an_objective_without_affinities_says_what_is_left_out(losses):
    table = tg.affinities(losses).transfers
    mine = tg.analyze_sensitivity(losses, budget=2, objective="gain", bootstrap=3)
    assert "the objective gain does not use affinities" in mine.notes[0]
    assert mine.resampled == {}
    frame = table.frame
    uses = frame["sources"].map(lambda text: "c" in text.split("+"))
    expected = tg.solve(tg.Transfers(frame[~uses]), budget=2, objective="gain")
    assert case(mine, "source", "c")["objective"] == pytest.approx(expected.objective_value)


def test_a_stop_keeps_the_cases_that_were_solved(losses):
    clock = Clock()

    def stop_after_five(done, total, label=""):
        if done == 5:
            clock.stop.set()

    mine = tg.analyze_sensitivity(
        losses, budget=2, bootstrap=3, clock=clock, progress=stop_after_five
    )
    assert len(mine.cases) == 5
    assert mine.notes[-1].startswith("time ran out, or Ctrl-C came, before ")
    clock.stop.set()
    with pytest.raises(InfeasibleError, match="the time limit came first; raise --time-limit"):
        tg.analyze_sensitivity(losses, budget=2, clock=clock, bootstrap=0)


def test_what_cannot_be_analyzed_is_refused(losses):
    with pytest.raises(InvalidProblemError, match="level is 2, expected a share above 0"):
        tg.analyze_sensitivity(losses, level=2)
    with pytest.raises(InfeasibleError, match="no proven taxonomy whose sensitivity to measure"):
        tg.analyze_sensitivity(losses, budget=0, bootstrap=0)


def test_the_command_prints_text_json_and_csv(tmp_path, capsys):
    path, losses = tmp_path / "losses.csv", some_losses(tasks="abc", images=30)
    losses.to_frame().to_csv(path, index=False)
    found = tg.analyze_sensitivity(losses, budget=1, bootstrap=3, seed=3)
    words = ["sensitivity", str(path), "--budget", "1", "--bootstrap", "3", "--seed", "3"]
    assert run(words) == 0
    assert capsys.readouterr().out.strip() == repr(found).strip()
    assert run([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(found.to_json())
    assert run([*words, "--csv", "--rows", "regrets"]) == 0
    expected = found.regrets.reset_index().to_csv(index=False)
    assert capsys.readouterr().out.strip() == expected.strip()


def test_each_table_of_csv_is_that_of_the_result(found):
    assert table_of(found, "tasks").equals(found.tasks)
    assert table_of(found, "settings").equals(found.settings)
    assert table_of(found, "sets").equals(found.sets)
    assert table_of(found, "regrets")["supervised"].tolist() == found.regrets.index.tolist()


def test_the_command_reads_every_kind_of_table(tmp_path, capsys):
    losses = some_losses(tasks="abc", images=30)
    wins, transfers, scores = (tmp_path / f"{name}.csv" for name in ("wins", "table", "scores"))
    wins_frame(losses).to_csv(wins, index=False)
    tg.affinities(losses).transfers.frame.to_csv(transfers, index=False)
    scores.write_text("sources,target,score\na,t,1\nb,t,2\n")
    assert run(["sensitivity", str(wins), "--budget", "1"]) == 0
    assert "left out: the table holds win rates alone" in capsys.readouterr().out
    assert run(["sensitivity", str(transfers), "--budget", "1", "--csv"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("task,supervised,core,objective,source\n")
    assert "left out: the table holds affinities alone" in printed.err
    assert "no number here holds the sample of test images" in printed.err
    assert run(["sensitivity", str(scores)]) == 2
    assert "holds single scores; make a table of transfers with" in capsys.readouterr().err
    again = tmp_path / "again.csv"
    again.write_text(transfers.read_text())
    assert run(["sensitivity", str(transfers), str(again), "--budget", "1"]) == 2
    assert "2 files of transfers; write them to one table" in capsys.readouterr().err
    assert run(["sensitivity", str(transfers), "--budget", "0"]) == 3
    assert run(["sensitivity", str(wins), "--method", "elo"]) == 2
