"""Runs of the suite: records, resuming, the page, pairs and `group`, and wrong settings."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from click.testing import CliRunner

import taskgraph as tg
from benchmarks.cli.command import command_of
from benchmarks.multitask import run as suite_run
from benchmarks.multitask.collect import pair_results, printed_groups, read_results
from benchmarks.multitask.groups import GROUPS, GROUPS_TEST
from benchmarks.multitask.plan import CONDITIONS
from benchmarks.multitask.scenes import open_scenes
from benchmarks.multitask.settings import SUITE
from benchmarks.multitask.sharing import shared_network
from benchmarks.multitask.training import SharedTraining, train_shared
from benchmarks.results.record import FILE, read_records
from benchmarks.results.suite import CPU, PAPER, SMOKE
from taskgraph.errors import InvalidTableError
from taskgraph.tables import read_networks

SMALL = {
    "labels": ("digit", "parity"),
    "methods": ("equal", "uncertainty", "pcgrad"),
    "images": 12,
    "shares": (0.5, 1.0),
    "valid_images": 10,
    "test_images": 15,
    "steps": 2,
    "batch": 4,
    "seeds": 2,
}


def small(**given):
    """Settings of a run that takes about two seconds."""
    return SUITE.with_preset(SMOKE, {**SMALL, **given})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a small run on digits."""
    out = tmp_path_factory.mktemp("multitask")
    SUITE.run(small(), out)
    SUITE.write_page(out)
    return out


def values(folder):
    """Return the measured values, sorted."""
    return sorted((repr(r.settings), r.seed, repr(r.metrics)) for r in read_records(folder))


def test_every_training_has_one_record(finished):
    records = read_records(finished)
    assert len({record.key for record in records}) == len(records)
    plan = read_results(finished).sets[0]
    regularized = {*plan.regularization()}
    assert len(regularized) == len(CONDITIONS) * 2 * 2
    compared = {*plan.comparison()} - regularized
    tuning = [r for r in records if (r.seed or 0) >= 1000]
    assert len(records) == len(regularized) + len(compared) + len(tuning) + 1
    assert {len(r.settings["tasks"]) for r in tuning} == {1}, "only the main task is tuned"


def test_the_conditions_differ_in_what_they_name_alone(finished):
    plan = read_results(finished).sets[0]
    made = {name: plan.condition(name, 6, 1) for name in CONDITIONS}
    settings = {name: each.record_settings() for name, each in made.items()}
    differ = {
        name: {k for k, v in each.items() if v != settings["alone"][k]}
        for name, each in settings.items()
    }
    assert differ == {
        "alone": set(),
        "weight decay": {"weight_decay"},
        "dropout": {"dropout"},
        "together": {"tasks"},
        "shuffled": {"tasks", "shuffled"},
    }
    assert made["shuffled"].shuffled == ("parity",)


def test_a_finished_run_trains_nothing_and_adds_nothing(finished, monkeypatch):
    before = (finished / FILE).read_bytes()
    monkeypatch.setattr(suite_run, "train_shared", None)
    SUITE.run(small(), finished)
    assert (finished / FILE).read_bytes() == before


def test_an_interrupted_run_continues_with_the_same_numbers(finished, tmp_path, monkeypatch):
    lines = (finished / FILE).read_text().splitlines(keepends=True)
    (tmp_path / FILE).write_text("".join(lines[:-6]))
    with pytest.raises(InvalidTableError, match="has no finished run"):
        SUITE.write_page(tmp_path)
    trained = []
    original = suite_run.train_shared
    monkeypatch.setattr(
        suite_run, "train_shared", lambda *args: trained.append(args) or original(*args)
    )
    SUITE.run(small(), tmp_path)
    assert len(trained) == 5
    assert values(tmp_path) == values(finished)
    assert SUITE.finding(tmp_path) == SUITE.finding(finished)


def test_the_page_has_every_condition_method_and_what_was_tried(finished):
    page = (finished / "README.md").read_text()
    for text in (
        "tuned weight decay",
        "tuned dropout",
        "with their labels shuffled",
        "| uncertainty |",
        "| pcgrad |",
        "Δ_m",
        "chosen in bold",
        "**0.3**",
        "![The main task over data-set size](regularization.svg)",
    ):
        assert text in page, text
    assert "digit with parity: at 6 images" in page
    assert "digit with parity: at 6 images" not in SUITE.finding(finished)
    assert "The interval of the main task's gain" in SUITE.finding(finished)
    assert SUITE.write_page(finished) == page
    for name in ("regularization.svg", "methods.svg"):
        assert (finished / name).exists()


def test_methods_are_compared_on_the_sets_that_are_asked_for(finished, tmp_path):
    """The plan of a set that is not compared gives the trainings of the first part alone."""
    results = read_results(finished)
    assert results.compared == results.sets
    asked = {**results.run.settings, "method_sets": ["orl-faces"]}
    other = replace(results, run=replace(results.run, settings=asked))
    assert other.compared == ()
    (plan,) = results.sets
    assert set(other.trainings()) == set(plan.regularization())
    assert set(results.trainings()) > set(other.trainings())


def test_a_training_is_repeated_bit_for_bit(finished):
    """Its set is opened anew, and has the same hash."""
    results = read_results(finished)
    base = results.sets[0].base
    source = suite_run.open_source("mnist-5k", small())
    assert base.tested == (12, 10, 15)
    assert source.sha256 == base.sha256
    first = train_shared(base, source.load(base.tasks))
    again = train_shared(base, source.load(base.tasks))
    assert repr(first) == repr(again)
    assert first["results"].keys() == {"digit", "parity"}


@pytest.fixture(scope="module")
def paired(tmp_path_factory, world_of_14):
    """The folder of a run of three pairs on scenes."""
    out = tmp_path_factory.mktemp("pairs")
    settings = small(
        parts=("pairs",),
        data=str(world_of_14),
        pairs=3,
        pair_tasks=("rgb2depth", "rgb2sfnorm", "edge2d"),
        pair_images=6,
        pair_steps=1,
        pair_valid_images=5,
        pair_test_images=6,
        budget=2.0,
    )
    SUITE.run(settings, out)
    SUITE.write_page(out)
    return out, settings


@pytest.mark.slow
def test_pairs_are_read_back_by_group_which_chooses_the_same(paired):
    out, _ = paired
    networks = read_networks(out / GROUPS)
    assert networks.names == (
        "edge2d",
        "edge2d+rgb2depth",
        "edge2d+rgb2sfnorm",
        "rgb2depth",
        "rgb2depth+rgb2sfnorm",
        "rgb2sfnorm",
    )
    assert set(networks.cost) == {1.0}
    for task in ("edge2d", "rgb2depth", "rgb2sfnorm"):
        assert networks.value(task, task) == pytest.approx(1, abs=1e-3), "alone has a mean of 1"
    best = tg.solve_groups(networks, tg.GroupingProblem(budget=2.0))
    page = (out / "README.md").read_text()
    assert best.status == "optimal"
    for network in best.networks:
        assert network.name in page
    assert f"--budget 2 --score-on {GROUPS_TEST} --bootstrap" in page
    assert printed_groups(read_results(out))[1] in page, "the output is not wrapped"


@pytest.mark.slow
def test_groups_tables_have_images_of_different_buildings(paired):
    out, _ = paired
    valid, test = (pd.read_csv(out / name) for name in (GROUPS, GROUPS_TEST))
    assert list(valid) == ["network", "task", "image", "loss", "cost", "cluster"]
    assert not {*valid["cluster"]} & {*test["cluster"]}
    assert (valid["image"].str.split("/").str[0] == valid["cluster"]).all()
    assert valid["image"].nunique() == 5


@pytest.mark.slow
def test_gains_of_pairs_are_those_of_the_records(paired):
    out, settings = paired
    results = read_results(out)
    found = pair_results(results)
    pair = results.pairs.pairs[0]
    alone, joint = (
        [results.measure(results.pairs.training(t, s), pair.first) for s in (0, 1)]
        for t in ((pair.first,), pair.tasks)
    )
    wanted = sum(100 * (a - j) for a, j in zip(alone, joint, strict=True)) / sum(alone)
    assert found.gains[0][0].mean == pytest.approx(wanted)
    assert found.source_gains[0] == pytest.approx(wanted)
    assert found.target_gains[len(results.pairs.pairs)] == pytest.approx(wanted)
    before = (out / FILE).read_bytes()
    SUITE.run(settings, out)
    assert (out / FILE).read_bytes() == before
    assert str(settings.data) not in before.decode(), "records name no folder of this machine"


def test_tasks_with_other_inputs_share_the_encoder(world_of_14):
    """Plain pictures, a noisy one, gray ones, two pictures, and the nine tiles of a jigsaw."""
    names = ("rgb2depth", "rgb2sfnorm", "denoise", "colorization", "fix_pose", "jigsaw")
    source = open_scenes(str(world_of_14), names, (4, 2, 2))
    data = source.load(names)
    assert {task.view for task in data.tasks.values()} == {"picture", *names[2:]}
    network = shared_network(data)
    predictions = network(data.train.inputs)
    assert {name: len(each) for name, each in predictions.items()} == dict.fromkeys(names, 4)
    training = SharedTraining(
        source.name, source.sha256, "tiny", names, "pcgrad", 4, (4, 2, 2), 1, 4, 1e-3
    )
    metrics = train_shared(training, data)
    assert all(0 <= each["test_loss"] < float("inf") for each in metrics["results"].values())
    assert metrics["passes"] > 1 + 1 + 1 + 2
    assert torch.tensor(metrics["cosines"]).shape == (6, 6)


def call(*words):
    """Run the command of the suite, and return its exit code and what it says."""
    result = CliRunner().invoke(command_of(SUITE), list(words), standalone_mode=False)
    return str(result.exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--part", "pear"), '--part has no "pear"; there are regularization, methods, pairs'),
        (("--methods", "adam"), 'there is no method "adam"; there are equal, uncertainty'),
        (("--seeds", "0"), "--seeds is 0, expected at least 1"),
        (("--shares", "2"), "--shares has 2, expected numbers more than 0 and at most 1"),
        (("--dropouts", "1"), "--dropouts has 1, expected numbers at least 0 and less than 1"),
        (("--weight-decays", ""), "--weight-decays is empty, expected at least one number"),
        (("--sets", "scenes"), "scenes need a folder: give --data FOLDER"),
        (("--sets", "mnist"), 'there is no data set "mnist"; did you mean'),
        (("--sets", "photos"), "photos has no images with classes"),
        (("--labels", "digit"), "--labels names one task, digit; name at least two"),
        (("--labels", "digit,kind"), 'mnist-5k has no task "kind"'),
        (("--method-sets", "orl"), '--method-sets has "orl", which --sets has not: mnist-5k'),
        (("--part", "pairs"), "scenes need a folder"),
        (("--budget=-1",), "--budget is -1, expected at least 0"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(words, message, tmp_path):
    said = call("--preset", "smoke", "--out", str(tmp_path / "out"), *words)
    assert said.startswith(message) or message in said
    assert "\n" not in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ("rgb2depth,foo", 'no task "foo"'),
        ("rgb2depth,random", 'task "random" has no output, so it cannot be trained'),
        ("rgb2depth", "--tasks names one task, rgb2depth"),
    ],
)
def test_wrong_tasks_on_scenes_are_refused(tasks, message, world_of_14, tmp_path):
    words = ("--preset", "smoke", "--sets", "scenes", "--data", str(world_of_14))
    assert message in call(*words, "--tasks", tasks, "--out", str(tmp_path / "out"))


def test_a_task_that_the_scenes_lack_is_refused(world_of_14, tmp_path):
    import shutil

    world = tmp_path / "world"
    kept = shutil.ignore_patterns("normal", ".cache*")
    shutil.copytree(world_of_14, world, ignore=kept)
    words = ("--preset", "smoke", "--sets", "scenes", "--data", str(world))
    said = call(*words, "--out", str(tmp_path / "out"))
    assert "normal" in said
    assert "\n" not in said


def test_presets_are_settings():
    for preset in (SMOKE, CPU, PAPER):
        SUITE.with_preset(preset, {})
    cpu = SUITE.with_preset(CPU, {})
    assert len(cpu.shares) == 3
    assert (cpu.seeds, cpu.pairs) == (5, 15)
