"""Drawn scenes that help photographed ones: measures, recipes, worth, and the section."""

import numpy as np
import pytest
import torch

from benchmarks.adaptation.dense import measurement, recipes, section, tasks, worth
from benchmarks.adaptation.dense.network import DenseReader, by_place
from benchmarks.adaptation.dense.views import DensePair, DenseViews
from benchmarks.adaptation.settings import SUITE
from benchmarks.learning.config import LoopConfig
from benchmarks.results.record import Record, read_records
from taskgraph.cli import run


def views(count, seed, *, first=0, side=4, stride=2):
    """Views whose depth is a channel of their maps, in buildings of two views."""
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(count, 8, side, side, generator=generator)
    depth = maps[:, :1].repeat_interleave(stride, 2).repeat_interleave(stride, 3) / 8 + 0.5
    mask = torch.ones(count, side * stride, side * stride, dtype=torch.bool)
    classes = (depth[:, 0] > 0.5).long()
    normals = torch.cat([depth, 1 - depth, depth], 1)
    targets = {
        "rgb2depth": (depth, mask),
        "reshade": (2 * depth - 1, mask),
        "segmentsemantic_rb": (classes, mask),
        "rgb2sfnorm": (normals, mask),
    }
    return DenseViews(maps, targets, tuple(f"b{first + k // 2}" for k in range(count)))


def pair():
    """A pair of tiny domains."""
    return DensePair(views(12, 0), views(10, 1), views(6, 2, first=6))


def test_depths_are_near_within_a_quarter():
    def code(meters):
        return np.log(1 + 512 * meters) / np.log(2.0**16)

    truth = torch.tensor(code(np.full((1, 1, 2, 2), 2.0)))
    found = torch.tensor(code(np.array([[[[2.4, 2.6], [1.7, 1.5]]]])))
    mask = torch.ones(1, 2, 2, dtype=torch.bool)
    assert tasks.near_depths(found, truth, mask) == 50
    mask[0, 0, 1] = mask[0, 1, 1] = False
    assert tasks.near_depths(found, truth, mask) == 100


def test_angles_are_those_between_vectors_of_any_length():
    truth = torch.tensor([0.0, 0.0, 1.0]).reshape(1, 3, 1, 1).expand(1, 3, 1, 2)
    found = torch.tensor([[0.0, 0.0, 5.0], [2.0, 0.0, 2.0]]).T.reshape(1, 3, 1, 2)
    mask = torch.ones(1, 1, 2, dtype=torch.bool)
    assert tasks.mean_angle(found, truth, mask) == pytest.approx(22.5)


def test_iou_is_scikit_learns_jaccard_score_of_the_classes_that_occur():
    from sklearn.metrics import jaccard_score

    rng = np.random.default_rng(0)
    truth, found = rng.integers(0, 4, (2, 3, 5, 5))
    truth[truth == 3] = 0
    mask = rng.random((3, 5, 5)) < 0.7
    logits = torch.nn.functional.one_hot(torch.from_numpy(found), 6).permute(0, 3, 1, 2).float()
    expected = jaccard_score(truth[mask], found[mask], labels=[0, 1, 2], average="macro")
    measured = tasks.mean_iou(logits, torch.from_numpy(truth), torch.from_numpy(mask))
    assert measured == pytest.approx(100 * expected)


def test_shading_is_measured_in_percent_of_its_range():
    found, truth = torch.tensor([[[[0.5, -1.0]]]]), torch.tensor([[[[1.0, 1.0]]]])
    mask = torch.tensor([[[True, False]]])
    assert tasks.mean_error(found, truth, mask) == pytest.approx(25)


def test_a_place_of_the_maps_becomes_a_row_and_a_block_of_pixels():
    reader = DenseReader(3, 4, torch.randn(5, 8, 2, 2), 0)
    maps = torch.randn(2, 8, 2, 2)
    features = reader.features(maps)
    assert reader(maps).shape == (2, 3, 8, 8)
    rows = by_place(features)
    assert torch.equal(rows[1 * 4 + 1 * 2 + 0], features[1, :, 1, 0])


def config(**values):
    """A short training."""
    given = {"optimizer": "adamw", "steps": 4, "batch": 4, "learning_rate": 0.01} | values
    return LoopConfig(**given, precision="float32", device="cpu", keep_best=False, seed=0)


def test_real_views_alone_never_use_a_drawn_one_and_adaptation_uses_no_label_of_the_rest():
    """Other drawn views, and other labels of the unlabeled real views, give the same bits."""
    data, task = pair(), tasks.DENSE_TASKS["rgb2depth"]
    labeled = recipes.labeled_real(data, 3, 0)
    rest = [
        k for k in range(10) if not any(torch.equal(data.real.maps[k], m) for m in labeled.maps)
    ]
    assert len(rest) == 7
    target, mask = data.real.targets["rgb2depth"]
    changed = target.clone()
    changed[rest] = 9.0
    hidden = DenseViews(data.real.maps, {"rgb2depth": (changed, mask)}, data.real.buildings)
    for recipe, other in (
        (recipes.REAL, DensePair(views(12, 5), data.real, data.test)),
        (recipes.ADAPTED, DensePair(data.synthetic, hidden, data.test)),
    ):
        training = recipes.DenseTraining(task, recipe, 3, config())
        first, second = (recipes.train_dense(training, each) for each in (data, other))
        one, two = (recipes.predictions(each, data.test) for each in (first, second))
        assert torch.equal(one, two), recipe


@pytest.mark.parametrize("recipe", [recipes.PRETRAINED, recipes.MIXED, recipes.ADAPTED])
def test_drawn_views_change_the_network(recipe):
    data, task = pair(), tasks.DENSE_TASKS["rgb2depth"]
    other = DensePair(views(12, 5), data.real, data.test)
    training = recipes.DenseTraining(task, recipe, 3, config(steps=2))
    one, two = (recipes.train_dense(training, each) for each in (data, other))
    assert not torch.equal(*(recipes.predictions(each, data.test) for each in (one, two)))


def test_fewer_labeled_views_are_among_more():
    data = pair()
    few, many = (recipes.labeled_real(data, n, 3).maps for n in (3, 6))
    assert all(any(torch.equal(one, each) for each in many) for one in few)


def test_views_that_reach_a_measure_are_read_off_the_curve():
    counts, values = [10, 100, 1000], [0.2, 0.4, 0.6]
    assert worth.equivalent_views(counts, values, 0.4) == pytest.approx(100)
    assert worth.equivalent_views(counts, values, 0.5) == pytest.approx(10**2.5)
    assert worth.equivalent_views(counts, values, 0.1) == pytest.approx(10)
    assert worth.equivalent_views(counts, values, 0.9) == pytest.approx(1000)
    assert worth.equivalent_views(counts, [0.2, 0.6, 0.5], 0.9) == pytest.approx(100)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_drawn_view_is_worth_what_it_replaces(sign):
    """Measures 2 log10 n: 10 real and 45 drawn views as good as 100 real ones are worth 2 each."""
    real = {
        seed: {n: sign * (2 * np.log10(n) + seed) for n in (10, 100, 1000)} for seed in range(4)
    }
    other = {seed: sign * (4 + seed) for seed in range(4)}
    found = worth.view_worth(
        real, other, labels=10, synthetic=45, larger_is_better=sign > 0, seed=0
    )
    assert found.value == pytest.approx(2)
    assert (found.low, found.high) == pytest.approx((2, 2)), "the seeds cancel"
    assert not found.below
    assert not found.above
    best = {seed: sign * (9 + seed) for seed in range(4)}
    beyond = worth.view_worth(real, best, labels=10, synthetic=45, larger_is_better=sign > 0)
    assert beyond.above
    assert section.worth_text(beyond) == "≥ 22.00 [22.00, ≥ 22.00]"


def small_pair(*_args, **_sizes):
    """A pair in place of rendered scenes."""
    return pair()


@pytest.mark.slow
def test_the_part_runs_resumes_and_is_rendered(tmp_path, monkeypatch):
    monkeypatch.setattr(measurement, "dense_pair", small_pair)
    given = {"parts": ("dense",), "dense_shares": (0.3, 1.0), "dense_steps": 2, "seeds": 2}
    settings = SUITE.with_preset(None, {**given, "dense_tasks": ("reshade",)})
    SUITE.run(settings, tmp_path)
    records = read_records(tmp_path)
    assert len(records) == 2 * (2 + 4 + 2), "by seed: no labels, some, and all"
    assert {each.metrics["labels"] for each in records} == {0, 3, 10}
    page = SUITE.write_page(tmp_path)
    assert "12 drawn (`drawn`) training views with labels, and up to 10 photographed" in page
    assert "Model selection: none" in page
    assert "Mixed with the fewest labeled phone views, a drawn view is worth" in page
    assert (tmp_path / "dense.svg").exists()
    SUITE.run(settings, tmp_path)
    assert len(read_records(tmp_path)) == len(records), "a finished run adds nothing"


def test_impossible_settings_are_one_line(tmp_path, capsys):
    cases = [
        (("--dense-tasks", "edge2d"), '--dense-tasks has "edge2d", expected some of rgb2depth'),
        (("--dense-target", "night"), '--dense-target is "night", expected one of'),
        (("--dense-target", "drawn"), "--dense-source and --dense-target are both drawn"),
        (("--dense-shares", "0.1,2"), "--dense-shares is 0.1,2.0, expected numbers above 0"),
        (("--dense-steps", "1"), "--dense-steps is 1, expected at least 2"),
        (("--dense-rate", "0"), "--dense-rate is 0.0, expected a finite number above 0"),
        (("--dense-encoder", "nothing"), "nothing"),
    ]
    for flags, message in cases:
        out = "--out", str(tmp_path / "out")
        assert run(["bench", "adapt", "--parts", "dense", *flags, *out]) == 2, message
        error = capsys.readouterr().err
        assert error.count("\n") == 1, error
        assert message in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("last", "rows"), [(60.0, 1), (40.0, 0)])
def test_a_task_that_does_not_gain_from_real_labels_has_no_worth(last, rows):
    def record(recipe, labels, value, seed):
        settings = {"part": "dense", "task": "rgb2depth", "recipe": recipe}
        settings |= dict.fromkeys(section.SHARED, 1) | {"source": "drawn", "target": "phone"}
        metrics = {"labels": labels, "value": value, "synthetic": 100, "tested": 9}
        return Record("adapt", settings, seed, "test", metrics, None, None)

    records = [
        record(recipe, labels, value + seed, seed)
        for seed in (0, 1)
        for recipe, labels, value in (("real", 10, 50.0), ("real", 40, last), ("mixed", 10, 55.0))
    ]
    assert len(section.worths(records, "rgb2depth", "mixed")) == rows
    assert (
        "view is worth in mixed training, with 10 labeled" in section.dense_verdict(records)
    ) == bool(rows)


def test_records_of_another_bank_are_other_records():
    asked = {"part": "dense", "network": "bank:autoencoder", "source": "drawn", "target": "phone"}
    asked |= dict.fromkeys(("steps", "batch", "rate", "buildings", "views"), 4)
    old, new = (
        Record("adapt", {**asked, "bank_hash": bank}, 0, "test", {"value": 1.0}, None, None)
        for bank in ("a", "b")
    )
    assert section.dense_records([old, new]) == [new]
