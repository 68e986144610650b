"""Choice of rates, copied layers, targets that the suite makes, resuming, and bad input."""

import importlib
import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import binom

from benchmarks.finetune import images, layers, made, sizes, training
from benchmarks.finetune.backbones import resnet_model, scratch_model
from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.run import run
from benchmarks.finetune.settings import PART_NAMES, SUITE, Settings
from benchmarks.finetune.training import Trained, chosen_rate, loop_config, measure_seeds
from benchmarks.learning.freezing import freeze_first
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.log import open_log
from benchmarks.results.record import FILE, read_records
from encoders.bank.pretrained import default_bank
from encoders.errors import InvalidDataError, TrainingError, UnknownNameError
from taskgraph.cli import run as run_cli

TINY = Settings(
    parts=("sizes",),
    curves_on=("digits",),
    starts=("bank:rgb2sfnorm",),
    seeds=1,
    sizes=(20,),
    tuned_sizes=(20,),
    tested=30,
    pool=40,
    steps=1,
    rates=(0.003,),
)


@pytest.fixture
def few_validated(monkeypatch):
    monkeypatch.setattr(images, "VALIDATED", 20)
    labeled_images.cache_clear()
    yield
    labeled_images.cache_clear()


def random_images(classes=4, count=24, seed=0):
    generator = np.random.default_rng(seed)
    parts = []
    for _ in range(3):
        pixels = generator.integers(256, size=(count, 3, 16, 16), dtype=np.uint8)
        parts.append((torch.from_numpy(pixels), np.arange(count) % classes))
    return TargetImages("random", classes, *parts)


def recipe_of(validations, seen):
    """A recipe whose validation accuracy is looked up, and that notes what it was asked."""

    def recipe(rate, seed):
        seen.append((rate, seed))
        if validations[rate] is None:
            raise TrainingError("diverged")
        return Trained(None, None, validations[rate], 0.5 + seed / 100, None)

    return recipe


def test_validation_chooses_the_rate_once_and_ties_go_to_the_smaller_one(tmp_path):
    log, seen = open_log(tmp_path, "finetune", "numpy"), []
    settings = replace(TINY, rates=(0.1, 0.01, 0.001), seeds=3)
    recipe = recipe_of({0.1: 0.7, 0.01: 0.7, 0.001: 0.2}, seen)
    measure_seeds(log, {"part": "x"}, recipe, settings)
    assert seen == [(0.001, 0), (0.01, 0), (0.1, 0), (0.01, 1), (0.01, 2)]
    tried, *cells = read_records(tmp_path)
    assert tried.metrics == {"rate": 0.01, "tried": {"0.001": 0.2, "0.01": 0.7, "0.1": 0.7}}
    assert [cell.metrics["accuracy"] for cell in cells] == [0.5, 0.51, 0.52]
    measure_seeds(log, {"part": "x"}, recipe, replace(settings, seeds=4))
    assert seen[5:] == [(0.01, 3)]


def test_a_rate_that_diverges_is_recorded_and_not_chosen(tmp_path):
    log = open_log(tmp_path, "finetune", "numpy")
    settings = replace(TINY, rates=(0.1, 0.01))
    rate, trained = chosen_rate(log, {}, recipe_of({0.1: None, 0.01: 0.3}, []), settings)
    assert (rate, trained.validation) == (0.01, 0.3)
    assert read_records(tmp_path)[0].metrics["tried"] == {"0.01": 0.3, "0.1": None}
    with pytest.raises(TrainingError, match=r"frozen diverged at the rates 0.1; .*--rates"):
        chosen_rate(
            log, {"method": "frozen"}, recipe_of({0.1: None}, []), replace(settings, rates=(0.1,))
        )


def test_copied_layers_are_those_of_the_source_and_the_others_are_not():
    source, model = resnet_model(4, 1), resnet_model(4, 2)
    layers.copy_first(model, source, 2)
    same = [
        name
        for name, value in model.backbone.layers.state_dict().items()
        if value.ndim == 4 and torch.equal(value, source.backbone.layers.state_dict()[name])
    ]
    assert same == ["conv1.weight", "layer1.0.conv1.weight", "layer1.0.conv2.weight"]


@pytest.mark.parametrize("kept", [1, 4])
def test_training_above_frozen_layers_is_training_the_frozen_network(kept):
    """The output of frozen layers, computed once, gives the weights that freezing gives."""
    labeled = random_images()
    settings = replace(TINY, steps=3, batch=8)
    config = loop_config(settings, 0.01, 0)
    split, whole = resnet_model(4, 1), resnet_model(4, 1)
    lower, upper = layers.split_at(split, kept)
    with torch.no_grad():
        both = upper.eval()(lower(labeled.train[0]))
        assert torch.allclose(both, split.eval()(labeled.train[0]), atol=1e-5)
    mapped = [(lower(part[0]).detach(), part[1]) for part in (labeled.train, labeled.val)]
    reduced = replace(labeled, train=mapped[0], val=mapped[1], test=mapped[1])
    training.train_on(upper, reduced, mapped[0], config)
    freeze_first(whole.backbone, kept)
    training.train_on(whole, labeled, labeled.train, config)
    before, after = split.state_dict(), whole.state_dict()
    for name in before:
        assert torch.allclose(before[name].float(), after[name].float(), atol=2e-4), name


def test_halves_share_no_class_and_depend_on_the_seed(few_validated):
    case = layers.find_case("digits halves")
    sides = layers.sides(case, 3, TINY)
    assert sides["A"].classes == sides["B"].classes == 5
    rows = {}
    for side, labeled in sides.items():
        rows[side] = {image.numpy().tobytes() for image in labeled.train[0]}
        assert set(labeled.train[1]) == set(range(5))
    assert not rows["A"] & rows["B"]
    other = layers.sides(case, 4, TINY)["B"].train[0]
    assert {image.numpy().tobytes() for image in other} != rows["B"]


def test_other_names_of_cases_are_refused():
    assert layers.find_case("mnist-5k to digits") == layers.LayerCase("mnist-5k", "digits")
    with pytest.raises(UnknownNameError, match="expected NAME halves, or NAME to NAME"):
        layers.find_case("digits")


def test_scratch_has_the_same_network_with_other_weights():
    one, other = (scratch_model("bank:rgb2sfnorm", 3, seed, TINY).state_dict() for seed in (0, 1))
    again = scratch_model("bank:rgb2sfnorm", 3, 0, TINY).state_dict()
    assert all(torch.equal(one[name], again[name]) for name in one)
    drawn = [name for name, value in one.items() if value.ndim > 1]
    assert len(drawn) > 5
    assert not any(torch.equal(one[name], other[name]) for name in drawn)


def test_the_crops_of_two_splits_share_no_column_of_a_photograph():
    begins = sorted(made.COLUMNS.values())
    assert all(one[1] <= two[0] for one, two in itertools.pairwise(begins))
    arrays = made.textures(TINY)
    for split, count in made.PER_CLASS.items():
        pixels, labels = arrays[split]
        assert pixels.shape == (10 * count, 32, 32, 1)
        assert np.bincount(labels).tolist() == [count] * 10


def test_a_tones_spectrogram_has_its_pitch_where_it_belongs():
    """A sine of p hertz is brightest in the band of 62.5 hertz that holds p, counted from below."""
    generator = np.random.default_rng(5)
    pitch = np.random.default_rng(5).uniform(200, 800)
    spectrogram = made._spectrogram(0, generator)
    band = 31 - int(spectrogram.mean(axis=1).argmax())
    spacing = made.SAMPLE_RATE / made.WINDOW
    assert abs((2 * band + 0.5) * spacing - pitch) <= 2 * spacing


def test_buildings_of_the_bank_are_left_out(monkeypatch, tmp_path):
    # By import_module, as other tests import modules anew: a package's attribute may be an old one.
    manifest = importlib.import_module("encoders.scenes.making.manifest")
    monkeypatch.setattr(
        manifest,
        "read_manifest",
        lambda world: {"settings": {"seed": json.loads(world.read_text())}},
    )
    bank = json.loads((default_bank() / "manifest.json").read_text())
    seen = bank["tasks"][0]["data"]["settings"]["buildings"]
    buildings = tuple(f"building_{k:04d}" for k in range(seen + 10))
    for seed, count in ((0, 10), (5, seen + 10)):
        world = tmp_path / str(seed)
        world.write_text(str(seed))
        assert len(made.unseen_buildings(world, buildings)) == count
    told = rf"the first {seen} are in the data set .* make more .*--buildings {seen + 30}"
    with pytest.raises(InvalidDataError, match=told):
        made.unseen_buildings(tmp_path / "0", buildings[: seen + 1])


def test_the_banks_hash_is_of_its_networks():
    manifest = json.loads((default_bank() / "manifest.json").read_text())
    known = manifest.get("hash", "0dd73fab21a4")  # of the bank that results/transfers names
    assert shipped_bank_hash() == known
    assert len(list(default_bank().glob("*.safetensors"))) == 26


def test_a_run_that_is_killed_after_any_record_ends_with_the_same_records(tmp_path, few_validated):
    settings = replace(TINY, work=str(tmp_path / "work"))
    run(settings, tmp_path / "whole")
    lines = (tmp_path / "whole" / FILE).read_text().splitlines(keepends=True)
    assert len(lines) == 5

    def measured(folder):
        return [(each.key, each.metrics) for each in read_records(folder)]

    for kept in range(len(lines)):
        out = tmp_path / str(kept)
        out.mkdir()
        (out / FILE).write_text("".join(lines[:kept]) + lines[kept][:40])
        with pytest.warns(UserWarning, match="cut off"):
            run(settings, out)
        assert measured(out) == measured(tmp_path / "whole")
        shutil.rmtree(out)


def test_a_missing_data_set_is_named_and_the_rest_runs(tmp_path, few_validated, capsys):
    settings = replace(
        TINY, curves_on=("cifar-10", "digits"), tuned_sizes=(), work=str(tmp_path / "work")
    )
    run(settings, tmp_path)
    assert "skipped sizes of bank:rgb2sfnorm on cifar-10" in capsys.readouterr().err
    assert [record.settings["target"] for record in read_records(tmp_path)] == ["digits"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--parts layers,frozen", "no part 'frozen' (--parts); expected layers, freezing"),
        ("--parts layers --cases digits", "no case 'digits' (--cases)"),
        ("--parts sizes --starts bank:nothing", "nothing"),
        ("--rates 0.01,-1", "--rates has -1.0, expected more than 0 and finite"),
        ("--longer-rates nan", "--longer-rates has nan, expected more than 0"),
        ("--seeds 0", "--seeds has 0, expected more than 0"),
        ("--lite0-kept 4,0", "--lite0-kept has 0, expected more than 0"),
        ("--sizes many", "expected whole numbers with commas between them"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(flags, said, tmp_path, capsys):
    code = run_cli(["bench", "finetune", *flags.split(), "--out", str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert code == 2
    assert said in error
    assert "Traceback" not in error


def test_every_part_has_a_name_a_section_and_a_method():
    from benchmarks.finetune.page import SECTIONS
    from benchmarks.finetune.run import PARTS

    assert set(PART_NAMES) <= set(PARTS)
    assert set(PART_NAMES) <= set(SECTIONS)
    assert [method.partition(":")[0] for method in SUITE.methods[: len(PART_NAMES)]] == list(
        PART_NAMES
    )


def test_the_smoke_run_is_far_above_chance(tmp_path, monkeypatch):
    """Real digits: above the 99.9th percentile of a random classifier (binomial)."""
    monkeypatch.chdir(tmp_path)
    assert run_cli(["bench", "finetune", "--preset", "smoke"]) == 0
    folder = tmp_path / "runs" / "finetune"
    assert "digits" in (folder / "README.md").read_text()
    found = {
        record.settings["method"]: record.metrics["accuracy"]
        for record in read_records(folder)
        if record.split == "test"
    }
    bound = binom.ppf(0.999, 100, 0.1) / 100
    assert set(found) == {sizes.SCRATCH, sizes.TUNED, sizes.PROBED}
    assert found[sizes.PROBED] > bound
    assert found[sizes.TUNED] > bound
