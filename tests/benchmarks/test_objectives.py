"""The suite of objectives: its halves share no building, its measures are those of plain arrays."""

import numpy as np
import pytest

import taskgraph as tg
from benchmarks.objectives import run
from benchmarks.objectives.frame import frame_of, last_records
from benchmarks.objectives.page import finding
from benchmarks.objectives.rules import (
    DEFAULT,
    RULES,
    ObjectiveImages,
    ObjectiveRule,
    chosen,
    halved,
    worth,
)
from benchmarks.objectives.settings import SUITE, Settings
from benchmarks.results.frame import part
from benchmarks.results.machine import RESULTS
from benchmarks.results.record import read_records
from taskgraph.errors import InvalidTableError
from tests.taskgraph.sensitivity.test_robust import some_losses

FOLDER = RESULTS / "objectives"


@pytest.fixture(scope="module")
def losses():
    """Losses above 0, of which ratios have a meaning."""
    frame = some_losses(seed=1, tasks="abc").to_frame()
    return tg.Losses.from_frame(frame.assign(loss=np.exp(frame["loss"])))


def test_halves_share_no_building_and_do_not_depend_on_how_many_there_are(losses):
    first, second = halved(losses, 3, 0)
    groups = [set(each.clusters.values()) for each in (first, second)]
    assert not groups[0] & groups[1]
    assert groups[0] | groups[1] == set(losses.clusters.values())
    assert abs(len(groups[0]) - len(groups[1])) <= 1
    assert set(halved(losses, 3, 0)[0].clusters) == set(first.clusters)
    assert set(halved(losses, 4, 0)[0].clusters) != set(first.clusters)


def test_the_worth_of_a_taxonomy_is_that_of_its_losses(losses):
    images = ObjectiveImages.of(losses)
    taxonomy = chosen(images, DEFAULT, 1.0, 2)
    assert taxonomy.supervised == tg.solve(tg.affinities(losses).transfers, budget=1).supervised
    values = {name: [] for name in ("gain", "quality", "closed", "ratio")}
    for transfer in taxonomy.transfers:
        rows = losses.by_target[transfer.target]
        own, scratch, full = (
            rows.values[rows.sources.index(name)]
            for name in ("+".join(transfer.sources), "scratch", "self")
        )
        values["gain"].append(np.mean(own < scratch))
        values["quality"].append(0.5 if transfer.is_self else np.mean(own < full))
        gap = (scratch.mean() - own.mean()) / (scratch.mean() - full.mean())
        values["closed"].append(min(max(gap, 0.0), 1.0))
        values["ratio"].append(np.log(own.mean() / full.mean()))
    found = worth(images, taxonomy)
    for name in ("gain", "quality", "closed"):
        assert found[name] == pytest.approx(np.mean(values[name]))
    assert found["loss_ratio"] == pytest.approx(np.exp(np.mean(values["ratio"])))


def test_a_rule_maximizes_its_own_objective(losses):
    images = ObjectiveImages.of(losses)
    for rule in RULES:
        table = tg.affinities(losses, method=rule.method).transfers
        expected = tg.solve(table, budget=1, max_order=2, objective=rule.objective)
        assert chosen(images, rule, 1.0, 2).supervised == expected.supervised
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_closed_counts_a_target_without_a_gap_by_its_quality(losses):
    frame = losses.to_frame()
    worse = (frame["target"] == "a") & (frame["sources"] == "self")
    changed = tg.Losses.from_frame(frame.assign(loss=frame["loss"] + 9.0 * worse))
    images = ObjectiveImages.of(changed)
    taxonomy = chosen(images, ObjectiveRule("ahp", "closed"), 2.0, 2)
    assert taxonomy.solved
    known = [row["closed"] for row in map(images.tables["ahp"].row_of, "bc", ["self"] * 2)]
    assert known == [1.0, 1.0]
    assert 0 <= worth(images, taxonomy)["closed"] <= 1


def test_a_run_goes_on_where_it_was_cut_off(losses, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run, "TASKONOMY", tmp_path / "absent")
    path = tmp_path / "losses.parquet"
    tg.write_losses(losses, path)
    settings = Settings(losses=str(path), halvings=1, largest=2, max_order=2)
    run.run(settings, tmp_path / "out")
    assert "the published tables are left out: absent is not here" in capsys.readouterr().out
    before = read_records(tmp_path / "out")
    assert len(before) == 2 * len(RULES)
    run.run(settings, tmp_path / "out")
    assert read_records(tmp_path / "out") == before
    page = SUITE.write_page(tmp_path / "out")
    assert page.startswith("# What should be maximized")
    assert "halved 1 times" in page
    assert "The published tables were not at hand" in page
    validated = Settings(losses=str(path), validation=str(path), halvings=1, largest=1, max_order=2)
    run.run(validated, tmp_path / "other")
    page = SUITE.write_page(tmp_path / "other")
    assert "chosen on the losses of validation buildings" in page
    assert "halved" not in page.partition("## Files")[0]


def test_losses_without_buildings_are_refused(losses, tmp_path):
    frame = losses.to_frame().drop(columns="cluster")
    path = tmp_path / "losses.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(InvalidTableError, match=r"fewer than 4 clusters.* with --validation"):
        run.run(Settings(losses=str(path)), tmp_path / "out")
    with pytest.raises(InvalidTableError, match=r"absent\.csv is not here; name the losses"):
        run.run(Settings(losses=str(tmp_path / "absent.csv")), tmp_path / "out")


def test_a_committed_record_is_what_is_measured():
    known = part(read_records(FOLDER), table=run.OURS, rule=DEFAULT.name, half=0)[-1]
    settings = Settings(validation=str(RESULTS / "transfers" / "valid_losses.parquet"))
    assert run.settings_of(settings, run.OURS, DEFAULT, 0) == known.settings
    ((_, first, second),) = run.pairs(settings)
    tables = [
        ObjectiveImages({"ahp": tg.affinities(each).transfers}, {}) for each in (first, second)
    ]
    place = 4
    taxonomy = chosen(tables[0], DEFAULT, place + 1.0, settings.max_order)
    assert "+".join(taxonomy.supervised) == known.metrics["supervised"][place]
    rows = [tables[1].tables["ahp"].row_of(t.target, t.sources) for t in taxonomy.transfers]
    for name in ("gain", "quality", "closed"):
        mean = np.nanmean([row[name] for row in rows])
        assert mean == pytest.approx(known.metrics[name][place], abs=2e-6)


def test_the_committed_records_are_whole():
    records = last_records(FOLDER)
    assert all(each.commit for each in records)
    frame = frame_of(records)
    ours = frame[frame["table"] == run.OURS]
    assert ours.groupby("rule").size().tolist() == [15] * len(RULES)
    assert set(frame["table"]) == {run.OURS, run.SAME, run.OTHER}
    assert "Means of the default, sqrt of ahp: mean gain " in finding(FOLDER)


def test_the_published_part_is_measured_again(shared):
    table = tg.read_taskonomy(shared / "taskonomy")
    known = part(read_records(FOLDER), table=run.SAME, rule=DEFAULT.name)[0]
    best = tg.solve(table, budget=4, max_order=4, exclude=["class_selected"])
    assert known.metrics["supervised"][3] == "+".join(best.supervised)
    assert known.metrics["gain"][3] == pytest.approx(best.to_frame()["gain"].mean(), abs=1e-6)
    assert known.metrics["gain"][3] == pytest.approx(0.7561, abs=5e-5)  # the paper's Fig. 9
    assert known.metrics["quality"][3] == pytest.approx(0.3123, abs=5e-5)
