"""Trials: which of two sweeps ranks single sources more like the published table."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr, ttest_1samp

import taskgraph as tg
from benchmarks.results.record import read_records
from benchmarks.transfers.trials import agreement_rows
from benchmarks.transfers.trials_page import newest_trials, trials_section, verdict
from taskgraph.cli import run
from taskgraph.losses import Losses
from taskgraph.plot import first_order
from taskgraph.tables import write_frame, write_transfers
from tests.benchmarks.test_transfers import SOURCES, TARGETS, losses_frame, measured_table


def sweep(folder, frame, images):
    """Write a sweep of these losses, with so many training images in its configuration."""
    folder.mkdir()
    write_frame(frame, folder / "losses.parquet")
    write_transfers(tg.affinities(Losses.from_frame(frame)).transfers, folder / "transfers.csv")
    config = {
        "transfer": {
            "bank": "b",
            "pool": {"data": str(folder), "splits": None, "train": images},
            "preset": "tiny",
            "fit": {"epochs": 4},
        },
        **{"candidates": "best5", "readout": "trained", "screen": 0, "max_order": 2},
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two sweeps, and a published table whose affinities are those of the second one's singles."""
    root = tmp_path_factory.mktemp("trials")
    few, many = losses_frame(0), losses_frame(1)
    sweep(root / "few", few, 1000)
    sweep(root / "many", many, 4000)
    single = many[~many["sources"].str.contains("+", regex=False)]
    write_transfers(tg.affinities(Losses.from_frame(single)).transfers, root / "published.csv")
    return root


def trials(folders, text, out):
    flags = "--published", str(folders / "published.csv"), "--out", str(out)
    return run(["bench", "transfers", "--trials", text.format(folders), *flags])


def test_a_trial_is_recorded_once_with_both_agreements(folders, tmp_path):
    text = "images={0}/few:{0}/many,single={0}/many:single"
    assert trials(folders, text, tmp_path) == 0
    images, single = newest_trials(tmp_path)
    assert images.settings["changes"] == {"pool.train": [1000, 4000]}
    frame = pd.DataFrame(images.metrics["targets"])
    assert set(frame["target"]) == set(TARGETS)
    np.testing.assert_allclose(frame["after"], 1)
    assert pd.DataFrame(single.metrics["targets"])["after"].to_numpy() == pytest.approx(1)
    assert (frame["sources"] == len(SOURCES) - 1).all()
    assert trials(folders, text, tmp_path) == 0
    assert len(read_records(tmp_path)) == 2, "a trial that is recorded is not measured again"
    section = trials_section(tmp_path)
    change = frame["after"] - frame["before"]
    low, high = ttest_1samp(change, 0).confidence_interval()
    cells = "| images | train: 1000 → 4000 | 5 | 6 | 1 → 1 |"
    cells += f" {frame['before'].mean():.3f} | 1.000 |"
    assert cells in section
    assert f"{change.mean():.3f} | [{low:.3f}, {high:.3f}] | helps |" in section
    assert "| tournaments: single sources and sets → single sources alone |" in section


@pytest.mark.parametrize("published", [True, False])
def test_seeds_are_those_of_the_transfers_that_are_compared(folders, tmp_path, published):
    again, target = SOURCES[0], TARGETS[-1]
    frame = pd.read_parquet(folders / "few" / "losses.parquet")
    twice = (frame["sources"] == again) & (frame["target"] == target)
    several = pd.concat([frame.assign(seed=0), frame[twice].assign(seed=1)])
    sweep(tmp_path / "several", several, 4000)
    theirs = pd.read_csv(folders / "published.csv")
    if not published:
        theirs = theirs[(theirs["sources"] != again) | (theirs["target"] != target)]
    theirs.to_csv(tmp_path / "published.csv", index=False)
    out, text = tmp_path / "out", f"images={folders / 'few'}:{tmp_path / 'several'}"
    flags = "--published", str(tmp_path / "published.csv"), "--out", str(out)
    assert run(["bench", "transfers", "--trials", text, *flags]) == 0
    most = 2 if published else 1
    assert newest_trials(out)[0].metrics["seeds"] == [[1, 1], [1, most]]
    assert f"| 1 → {'1 to 2' if published else '1'} |" in trials_section(out)


@pytest.mark.parametrize("known", [True, False])
def test_training_buildings_are_a_change_where_they_are_known(
    folders, tmp_path, monkeypatch, known
):
    counted = {"few": 23, "many": 45 if known else None}
    monkeypatch.setattr(
        "benchmarks.transfers.trials.training_buildings", lambda sweep: counted[sweep.folder.name]
    )
    text = "images={0}/few:{0}/many"
    assert trials(folders, text, tmp_path) == 0
    shown = "; training buildings: 23 → 45" if known else ""
    assert f"| train: 1000 → 4000{shown} |" in trials_section(tmp_path)
    counted["few"] = None
    assert trials(folders, text, tmp_path) == 0
    assert len(read_records(tmp_path)) == 1, "the same trial where the data cannot be read"


def test_another_published_table_and_other_settings_are_other_trials(folders, tmp_path):
    text = "images={0}/few:{0}/many"
    assert trials(folders, text, tmp_path) == 0
    other = tmp_path / "other.csv"
    write_transfers(tg.affinities(Losses.from_frame(losses_frame(2))).transfers, other)
    command = ["bench", "transfers", "--trials", text.format(folders), "--out", str(tmp_path)]
    assert run([*command, "--published", str(other)]) == 0
    first, second = read_records(tmp_path)
    assert first.metrics != second.metrics
    assert len(newest_trials(tmp_path)) == 1
    changed = sweep(tmp_path / "ridge", losses_frame(1), 1000)
    config = json.loads((changed / "config.json").read_text())
    config |= {"readout": "ridge", "bank": {"edge2d": "1f"}, "max_order": 5}
    (changed / "config.json").write_text(json.dumps(config))
    assert trials(folders, f"readout={{0}}/few:{changed}", tmp_path) == 0
    assert set(read_records(tmp_path)[-1].settings["changes"]) == {"readout", "bank"}


@pytest.mark.parametrize(("theirs", "named"), [("1f", set()), ("2e", {"bank"})])
def test_networks_that_only_one_sweep_uses_are_no_change(folders, tmp_path, theirs, named):
    for name, images, bank in (
        ("whole", 1000, {"edge2d": "1f", "reshade": "3c"}),
        ("part", 4000, {"edge2d": theirs}),
    ):
        path = sweep(tmp_path / name, losses_frame(1), images) / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"bank": bank}))
    text = f"images={tmp_path / 'whole'}:{tmp_path / 'part'}"
    assert trials(folders, text, tmp_path / "out") == 0
    (record,) = read_records(tmp_path / "out")
    assert set(record.settings["changes"]) == {"pool.train"} | named


def test_the_page_says_how_other_encoders_were_trained(folders, tmp_path):
    for name, images, epochs in (("tiny", 600, [12, 14]), ("small", 1200, [9, 9])):
        path = sweep(tmp_path / name, losses_frame(1), 1000) / "config.json"
        bank = tmp_path / f"bank_{name}"
        bank.mkdir()
        tasks = [{"images": {"train": images}, "fit": {"epochs": each}} for each in epochs]
        (bank / "manifest.json").write_text(json.dumps({"preset": name, "tasks": tasks}))
        config = json.loads(path.read_text()) | {"bank": {"edge2d": name}}
        config["transfer"] |= {"preset": name, "bank": str(bank)}
        path.write_text(json.dumps(config))
    text = f"pixels={tmp_path / 'tiny'}:{tmp_path / 'small'}"
    assert trials(folders, text, tmp_path / "out") == 0
    assert (
        "Encoders of `pixels`: before, 2 of preset `tiny`, trained on 600 images for 12 to 14 "
        "epochs; after, 2 of preset `small`, trained on 1200 images for 9 epochs."
    ) in trials_section(tmp_path / "out")
    (record,) = read_records(tmp_path / "out")
    assert str(tmp_path) not in json.dumps(record.metrics), "no path of this machine"


def test_agreements_are_scipys_on_the_cells_that_all_tables_have():
    names = ("autoencoder", "rgb2depth", "edge2d", "reshade", "rgb2sfnorm")
    before, after, theirs = (measured_table(names, seed) for seed in range(3))
    fewer = tg.Transfers(after.frame[after.frame["sources"] != "reshade"])
    rows = agreement_rows(before, fewer, theirs).set_index("target")
    for target, row in rows.iterrows():
        others = [name for name in names if name not in (target, "reshade")]
        mine, known = (first_order(t).loc[others, target] for t in (before, theirs))
        assert row["before"] == pytest.approx(spearmanr(mine, known).statistic)
        assert row["sources"] == len(others)


def test_the_verdict_is_the_intervals():
    of = lambda low, high: verdict(type("E", (), {"low": low, "high": high}))  # noqa: E731
    assert [of(0.1, 0.2), of(-0.2, -0.1), of(-0.1, 0.1)] == ["helps", "hurts", "no clear change"]
    assert of(np.nan, np.nan) == "–"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("images={0}/few", "expected NAME=BASE:CHANGED with two folders"),
        ("images={0}/few:{0}/few", "have the same settings, expected a change"),
        ("images={0}/none:{0}/few", "none/transfers.csv"),
    ],
)
def test_trials_that_say_nothing_are_one_line(folders, tmp_path, text, message, capsys):
    assert trials(folders, text, tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
