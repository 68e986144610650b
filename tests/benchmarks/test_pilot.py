"""The pilot of read-outs: what is trained, what is recorded, resuming, and the page."""

import contextlib
import json
import math
import os
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import kendalltau, spearmanr

from benchmarks.pilot import pruned
from benchmarks.pilot import run as program
from benchmarks.pilot.beside import CURVES, LOSSES, TrainingTables
from benchmarks.pilot.fresh import added_splits
from benchmarks.pilot.last_run import read_run
from benchmarks.pilot.measures import (
    best_before_cuts,
    cap_of,
    improvement,
    step_summary,
    wins_of_scratch,
)
from benchmarks.pilot.networks import LONG, SHORT, TRAININGS
from benchmarks.pilot.pruned import pruned_steps
from benchmarks.pilot.pruning_section import pruning_section, tables_of
from benchmarks.pilot.ranking import affinities_of, ranking_change
from benchmarks.pilot.settings import SUITE, TARGETS, Settings
from benchmarks.results.record import read_records
from encoders import TaskonomyDataset
from encoders.bank.identity import bank_hash, network_hashes
from encoders.engines.job import perform
from encoders.errors import InvalidDataError
from encoders.transfer.pruning import Halving
from encoders.transfer.records import place_of
from encoders.transfer.sweep import sweep
from taskgraph.affinity import affinities
from taskgraph.cli import run as run_command
from taskgraph.losses import Losses
from tests.encoders.untrained import write_untrained

BANK = ["class_places", "edge2d", "rgb2depth"]
FLAGS = {
    "targets": ("rgb2depth",),
    "sets": 1,
    "max_order": 2,
    "images": 8,
    "valid_images": 5,
    "test_images": 10,
    "short": 1,
    "epochs": 3,
    "patience": 1,
    "cuts": 0,
    "batch": 4,
    "old": 9,
}


def settings_in(place, **flags):
    return Settings(
        str(place / "bank"),
        str(place / "world"),
        **{"division": str(place / "splits.csv"), "work": str(place / "work"), **FLAGS, **flags},
    )


class Here:
    """An engine that performs each job at once, in this process."""

    places, shared = 1, False

    def opened(self):
        return contextlib.nullcontext(self)

    def begin(self, key, packed):
        self.report = [(key, perform(packed, os.getcwd(), torch.get_num_threads()))]

    def ended(self, timeout):
        return self.report


@pytest.fixture(scope="module")
def place(tmp_path_factory, world_of_14):
    """A world of fourteen buildings, nine of them old; an untrained bank; and a whole run."""
    folder = tmp_path_factory.mktemp("pilot")
    (folder / "world").symlink_to(world_of_14, target_is_directory=True)
    write_untrained(folder / "bank", TaskonomyDataset(folder / "world", BANK, progress=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "LocalEngine", lambda *_: Here())
        SUITE.run(settings_in(folder), folder / "out")
    SUITE.write_page(folder / "out")
    return folder


@pytest.fixture
def here(monkeypatch):
    """Networks are trained in this process, as starting another one takes seconds."""
    monkeypatch.setattr(program, "LocalEngine", lambda *_: Here())


# --- what is trained ---


def test_the_five_targets_are_named_with_a_reason_each():
    assert Settings("b", "d").targets == tuple(TARGETS)
    assert len(TARGETS) == 5
    assert {"vanishing_point_well_defined", "room_layout"} < set(TARGETS)


def test_added_buildings_are_for_validation_and_test_and_no_old_one_is():
    names = [f"building_{n:04}" for n in range(25)]
    parts = added_splits(names, 20)
    assert parts["val"] == tuple(names[20:23])
    assert parts["test"] == tuple(names[23:])
    assert set(parts["train"]) < set(names[:20])
    with pytest.raises(InvalidDataError, match="has 25 buildings, expected at least 3 more than"):
        added_splits(names, 23)
    with pytest.raises(InvalidDataError, match="taskgraph scenes DIR --buildings 83"):
        added_splits(names, 23)


def test_every_network_has_one_record_of_both_trainings(place):
    records = read_records(place / "out")
    about, networks = records[0], records[1:]
    assert about.settings["part"] == "run"
    (chosen,) = about.metrics["sets"]["rgb2depth"]
    assert len(set(chosen)) == 2
    assert set(chosen) < {"class_places", "edge2d", "random"}
    assert about.metrics["buildings"] == {"train": 2, "valid": 1, "test": 2}
    names = {tuple(n.settings[k] for k in ("target", "sources", "training")) for n in networks}
    assert len(names) == len(networks)
    sources = ("class_places", "edge2d", "random", "+".join(chosen), "scratch", "average")
    wanted = {("rgb2depth", name, training) for name in sources for training in TRAININGS}
    assert names == wanted | {("rgb2depth", "self", "none")}
    assert len(networks) == read_run(place / "out").planned


def test_records_name_the_bank_by_its_hash_and_no_folder(place):
    for record in read_records(place / "out"):
        assert record.settings["bank_hash"] == bank_hash(
            network_hashes(place / "bank", [*BANK, "random"])
        )
    networks = [r for r in read_records(place / "out") if r.settings["part"] == "readout"]
    assert not any(str(place) in json.dumps(record.settings) for record in networks)


def test_the_short_training_takes_its_steps_and_the_long_one_stops_by_patience(place):
    run = read_run(place / "out")
    trained = run.networks[run.networks["kind"].isin(["single", "set"])]
    short = trained[trained["training"] == SHORT]
    assert run.steps_per_epoch == 8 // 4 == 2
    assert set(short["last_step"]) == {2}
    assert set(short["stopped"]) == {"cap"}
    for row in run.networks[run.networks["training"] == LONG].itertuples():
        curve = run.curves[run.curves["key"] == row.key].sort_values("step")
        values = curve["valid_loss"].to_list()
        assert curve["step"].max() == row.last_step
        assert min(values) == pytest.approx(row.valid_loss, rel=5e-3)  # in half precision
        worse = [n for n in range(1, len(values)) if values[n] >= (1 - 0.005) * values[n - 1]]
        assert (row.stopped == "patience") == (bool(worse) and worse[0] == len(values) - 1)


def test_losses_beside_the_records_are_those_of_the_sweeps_measurements(place):
    run = read_run(place / "out")
    for row in run.networks.itertuples():
        own = run.losses[run.losses["key"] == row.key]
        assert own["loss"].mean() == pytest.approx(row.test_loss, rel=1e-5)
        folder = place / "work" / ("short" if row.training == SHORT else "long")
        path = place_of(folder, row.target, tuple(row.sources.split("+")))
        assert json.loads(path.read_text())["test_loss"] == pytest.approx(row.test_loss)


# --- resuming ---


@pytest.mark.usefixtures("here")
def test_a_run_continues_from_its_records_alone(place, tmp_path):
    """Without the work, nothing is measured again; a network whose record is lost is."""
    out = shutil.copytree(place / "out", tmp_path / "out")
    settings = settings_in(place, work=str(tmp_path / "work"))
    before, page = (out / "records.jsonl").read_bytes(), (out / "README.md").read_text()
    SUITE.run(settings, out)
    assert not (tmp_path / "work").exists()
    assert (out / "records.jsonl").read_bytes() == before
    assert SUITE.write_page(out) == page
    lines = before.splitlines(keepends=True)
    lost = json.loads(lines[-1])
    (out / "records.jsonl").write_bytes(b"".join(lines[:-1]))
    assert f"{len(lines) - 2} of {len(lines) - 1} networks" in " ".join(
        SUITE.write_page(out).split()
    )
    SUITE.run(settings, out)
    again = json.loads((out / "records.jsonl").read_bytes().splitlines()[-1])
    assert again["settings"] == lost["settings"]
    for name, value in lost["metrics"].items():
        same = value if isinstance(value, str | None) else pytest.approx(value, rel=1e-5)
        assert again["metrics"][name] == same
    tables = TrainingTables.read(out)
    assert not tables.frames[LOSSES].duplicated(["key", "image"]).any()
    assert not tables.frames[CURVES].duplicated(["key", "step"]).any()


@pytest.mark.usefixtures("here")
def test_other_settings_are_another_run_and_the_page_shows_the_last(place, tmp_path):
    out = shutil.copytree(place / "out", tmp_path / "out")
    few = settings_in(
        place,
        sets=0,
        sources=("edge2d",),
        work=str(tmp_path / "work"),
    )
    SUITE.run(few, out)
    run = read_run(out)
    assert set(run.networks["sources"]) == {"self", "scratch", "average", "edge2d"}
    assert len(run.networks) == run.planned == 7


def test_bad_input_is_one_line(place, tmp_path, capsys):
    shared = ["--bank", str(place / "bank"), "--data", str(place / "world")]
    shared += ["--out", str(tmp_path)]
    for flags, words in (
        ([], "has no rgb2sfnorm; train it"),
        (["--targets", "rgb2depth", "--old", "9"], "--old writes a file of splits; name it with"),
        (["--targets", "colorization"], "colorization can only be a source"),
        (["--targets", "rgb2depth", "--sources", "nothing"], 'no task "nothing"; did you mean'),
    ):
        assert run_command(["bench", "pilot", *shared, *flags]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    assert run_command(["bench", "pilot", "--render", "--out", str(tmp_path)]) == 2
    assert "has no records of a run" in capsys.readouterr().err


# --- pruning ---


@pytest.fixture(scope="module")
def pruned_place(place, tmp_path_factory):
    """The run of `place`, continued with a pruning that keeps half of three sources."""
    halving = Halving(rungs=(0.3, 0.6), keep=0.5, least=1)
    folder = tmp_path_factory.mktemp("pruned")
    out = shutil.copytree(place / "out", folder / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "LocalEngine", lambda *_: Here())
        patch.setattr(program, "Halving", lambda: halving)
        patch.setattr(pruned, "cap_of", lambda *_: {"epochs": 3})
        patch.setattr(pruned, "MAX_ORDER", 1)
        SUITE.run(settings_in(place, work=str(folder / "work")), out)
    return folder, halving


def test_what_is_pruned_is_what_a_sweep_with_pruning_stops(place, pruned_place, tmp_path):
    """The oracle is the sweep itself: the same read-outs, rungs, ranks and losses, bit by bit."""
    folder, halving = pruned_place
    config = replace(program.sweep_of(settings_in(place)), max_order=1, candidates="first")
    outcome = sweep(replace(config, pruning=halving), tmp_path / "sweep", Here())
    expected = {
        sources: (record["pruned"], record["valid_loss"], record["test_loss"])
        for (_, sources), record in outcome.records.items()
        if record.get("stopped") == "pruned"
    }
    run = read_run(folder / "out")
    columns = ("pruned", "valid_loss", "test_loss")
    found = {one["sources"]: tuple(one[c] for c in columns) for _, one in run.pruned.iterrows()}
    assert len(found) == 2, "of three single sources; the set has no other to be compared with"
    assert found == expected
    assert len(run.networks) == run.planned, "they are not counted among the pilot's networks"


def test_the_page_counts_what_pruning_saves_and_compares_both_tables(pruned_place):
    folder, _ = pruned_place
    run = read_run(folder / "out")
    full, fewer = pruned_steps(run, run.pruned)
    long = run.networks[run.networks["kind"].isin(["single", "set"])]
    long = long[long["training"] == LONG].set_index("sources")["last_step"]
    assert full == long.sum()
    assert fewer == full - sum(
        long[one["sources"]] - one["last_step"] for _, one in run.pruned.iterrows()
    )
    text = pruning_section(run)
    assert "this stops 2 single sources and 0 sets early" in " ".join(text.split())
    row = next(line for line in text.splitlines() if line.startswith("| `rgb2depth`"))
    own, after = tables_of(run)
    own, after = (each.frame.set_index("sources") for each in (own, after))
    best = [name for name in own.index if name not in ("self", "scratch", "average")]
    inside = sum(own["low"][n] <= after["affinity"][n] <= own["high"][n] for n in best)
    assert row.split("|")[4].strip() == f"{inside} of {len(best)}"
    stopped = set(run.pruned["sources"])
    merged = pd.concat(
        [
            run.losses[~run.losses["sources"].isin(stopped) & (run.losses["training"] != SHORT)],
            run.pruned_losses.assign(training=LONG),
        ]
    )
    expected = affinities_of(merged, LONG, "rgb2depth")
    assert after["affinity"][expected.index].tolist() == pytest.approx(expected.tolist())


def test_without_a_cap_nothing_is_pruned(place):
    run = read_run(place / "out")
    assert pruned.cap_of(run.networks, run.steps_per_epoch)["epochs"] is None or not len(run.pruned)
    assert pruning_section(run) == ""


# --- measures ---


def networks_frame(steps, stopped="patience"):
    """Transfers a, b, … to x with these steps, and losses that fall from 2 to 1 and to 3."""
    rows = []
    for number, step in enumerate(steps):
        for training, last, loss in ((SHORT, 250, 2.0), (LONG, step, 1.0 + 2 * (number % 2))):
            rows.append(
                {
                    "target": "x",
                    "sources": chr(97 + number),
                    "training": training,
                    "kind": "single",
                    "valid_loss": loss,
                    "test_loss": loss,
                    "best_step": last,
                    "last_step": last,
                    "stopped": stopped if training == LONG else "cap",
                }
            )
    return pd.DataFrame(rows)


def test_the_cap_is_the_fewest_whole_epochs_that_95_percent_stay_within():
    for steps in ([100, 220, 300], list(range(1, 101)), [375] * 19 + [9000]):
        found = cap_of(networks_frame(steps), 125)
        within = [np.mean(np.array(steps) <= 125 * n) >= 0.95 for n in range(1, 100)]
        assert found["epochs"] == 1 + within.index(True)
        assert found["steps"] == 125 * found["epochs"]
    assert cap_of(networks_frame([375, 6000], stopped="cap"), 125) == {
        "epochs": None,
        "steps": None,
        "n": 2,
        "capped": 2,
    }


def test_steps_and_improvements_of_four_transfers():
    frame = networks_frame([100, 200, 300, 500])
    found = step_summary(frame, "x")
    assert (found["n"], found["patience"], found["median"], found["p95"]) == (4, 4, 250, 500)
    assert found["scratch_steps"] is None
    assert improvement(frame, "x", "test_loss") == {"median": 0.0, "low": -0.5, "high": 0.5}
    assert improvement(frame, "y", "test_loss") == {}
    frame["best_step"] = [200, 50, 200, 150, 200, 50, 200, 450]
    assert [best_before_cuts(frame, "x", wait) for wait in (50, 100, 250, 251)] == [4, 1, 1, 0]


def losses_frame(seed=0, images=40):
    """Six transfers, self, scratch and average of x, after both trainings, in ten buildings."""
    rng, rows = np.random.default_rng(seed), []
    base = rng.uniform(size=images)
    for number, name in enumerate(("self", "scratch", "average", *"abcdef")):
        for training in ("none",) if name == "self" else TRAININGS:
            losses = base + number / 10 + rng.normal(scale=0.3, size=images)
            rows += [("x", name, training, f"h{n % 10}/{n}", loss) for n, loss in enumerate(losses)]
    return pd.DataFrame(rows, columns=["target", "sources", "training", "image", "loss"])


def test_rank_correlations_are_scipys_of_the_librarys_affinities():
    frame = losses_frame()
    values = {}
    for training in TRAININGS:
        own = frame[frame["training"].isin([training, "none"])]
        made = affinities(Losses.from_frame(own.drop(columns="training"))).transfers.frame
        values[training] = made.set_index("sources")["affinity"][list("abcdef")].astype(float)
        ours = affinities_of(frame, training, "x")
        pd.testing.assert_series_equal(
            ours.sort_index(), values[training], check_names=False, check_index_type=False
        )
    found = ranking_change(frame, "x")
    short, long = values[SHORT], values[LONG]
    assert found["spearman"] == pytest.approx(spearmanr(short, long).statistic)
    assert found["kendall"] == pytest.approx(kendalltau(short, long).statistic)
    assert found["kept"] == len(set(short.nlargest(5).index) & set(long.nlargest(5).index))
    assert (found["of"], found["transfers"]) == (5, 6)
    assert found["best_long"] == long.idxmax()
    assert -1 <= found["halves"] <= 1


def test_a_ranking_of_the_same_losses_does_not_change():
    frame = losses_frame()
    long = frame[frame["training"] == LONG]
    same = pd.concat([frame[frame["training"] != SHORT], long.assign(training=SHORT)])
    found = ranking_change(same, "x")
    assert (found["spearman"], found["kendall"], found["kept"]) == (1, pytest.approx(1), 5)
    assert ranking_change(frame[frame["sources"] < "b"], "x") == {}


def test_scratch_wins_as_a_loop_counts():
    frame = losses_frame()
    own = frame[frame["training"] == SHORT].set_index(["sources", "image"])["loss"]
    shares = {}
    for image in own["scratch"].index:
        shares.setdefault(image.split("/")[0], []).append(
            own["scratch", image] < own["average", image]
        )
    found = wins_of_scratch(frame, "x", SHORT)
    assert found.mean == pytest.approx(np.mean([np.mean(each) for each in shares.values()]))
    assert found.low <= found.mean <= found.high
    assert wins_of_scratch(frame[frame["sources"] != "average"], "x", SHORT) is None


# --- the page ---


def test_the_page_says_what_was_measured(place):
    page = (place / "out" / "README.md").read_text()
    words = " ".join(page.split())
    run = read_run(place / "out")
    assert f"Bank `{run.about.settings['bank_hash']}`, seed 0" in words
    assert "does not record the training buildings of 3 encoders" in words
    assert "1 best of each order up to 2" in words
    assert SUITE.finding(place / "out") in words
    assert "## Does a network from scratch beat the constant?" in page
    assert "## How much better than the short training" in page
    assert "The run is not complete" not in words
    one = step_summary(run.networks, "rgb2depth")
    assert f"| `rgb2depth` | {one['n']} | {one['patience']} | {one['best']:.0f} |" in page
    better = improvement(run.networks, "rgb2depth", "test_loss")["median"]
    assert f"{100 * better:.1f} %" in page
    assert not math.isnan(better)
    assert (place / "out" / "curves.svg").exists()
    assert "](curves.svg)" in page


def test_the_page_is_made_of_the_files_alone(place, tmp_path):
    for name in ("records.jsonl", CURVES, LOSSES):
        shutil.copy(place / "out" / name, tmp_path)
    assert SUITE.write_page(tmp_path) == (place / "out" / "README.md").read_text()
    assert (tmp_path / "curves.svg").read_bytes() == (place / "out" / "curves.svg").read_bytes()
