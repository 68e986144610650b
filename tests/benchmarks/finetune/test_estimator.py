"""`FineTuned` is a classifier of scikit-learn: it fits, predicts, is copied, saved and loaded."""

import json

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.utils import estimator_checks
from torch import nn

from benchmarks.finetune import FineTuned
from benchmarks.learning.freezing import same_tensors
from benchmarks.learning.starts import module_start
from encoders.errors import (
    InvalidDataError,
    InvalidNetworkError,
    TaskgraphError,
    TrainingError,
    UnknownNameError,
)
from tests.benchmarks.finetune.pictures import arrays

X, Y = arrays()
SMALL = {"start": "scratch:resnet8", "size": 16, "steps": 4, "batch": 8}


@pytest.fixture(scope="module")
def frozen():
    """An encoder of the bank, frozen, with a new head."""
    return FineTuned(freeze=True, steps=40, random_state=1).fit(X, Y)


def test_a_frozen_encoder_learns_colors_and_gives_probabilities(frozen):
    test, answers = arrays(8)
    assert frozen.score(test, answers) == 1.0, "chance is .5"
    probabilities = frozen.predict_proba(test)
    assert probabilities.shape == (16, 2)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)
    assert frozen.classes_.tolist() == ["blue", "red"]
    assert (frozen.predict(test) == frozen.classes_[probabilities.argmax(1)]).all()


def test_frozen_layers_are_those_of_the_start_to_the_bit(frozen):
    before = frozen.build(2).backbone.state_dict()
    after = frozen.model_.backbone.state_dict()
    assert same_tensors(before, after) == list(before)
    assert frozen.history_.rates["group"].tolist() == ["all"]
    assert frozen.history_.rates["parameters"].tolist() == [128 * 2 + 2]


def test_layers_up_to_a_name_are_frozen_and_the_others_are_trained():
    estimator = FineTuned(**SMALL, keep="layer2", freeze="layer1", hidden=(5,)).fit(X, Y)
    before = estimator.build(2).backbone.layers.state_dict()
    after = estimator.model_.backbone.layers.state_dict()
    same = same_tensors(before, after)
    assert all(name in same for name in before if name.startswith(("conv1", "bn1", "layer1")))
    assert "layer2.0.conv1.weight" not in same
    assert not any(name.startswith("layer3") for name in after), "layers above are not kept"
    assert [type(each) for each in estimator.model_.head] == [nn.Linear, nn.ReLU, nn.Linear]


def test_rates_by_group_are_those_of_the_optimizer():
    estimator = FineTuned(keep=1, steps=1, learning_rate=0.01, head_ratio=5).fit(X, Y)
    rates = estimator.history_.rates.set_index("group")["rate"]
    assert rates.to_dict() == {"backbone": pytest.approx(0.002), "head": pytest.approx(0.01)}
    decayed = FineTuned(**SMALL, layer_decay=0.5).fit(X, Y).history_.rates["rate"]
    assert decayed.iloc[-2] == pytest.approx(decayed.iloc[-1] / 2)


def test_equal_seeds_give_equal_bits_and_a_copy_is_not_trained(frozen):
    again = clone(frozen).fit(X, Y)
    assert (again.predict_proba(X) == frozen.predict_proba(X)).all()
    other = clone(frozen).set_params(random_state=2, steps=1).fit(X, Y)
    assert (other.predict_proba(X) != frozen.predict_proba(X)).any()
    with pytest.raises(NotFittedError):
        clone(frozen).predict(X)


def test_a_saved_classifier_predicts_the_same(frozen, tmp_path):
    loaded = FineTuned.load(frozen.save(tmp_path / "model"))
    assert (loaded.predict_proba(X) == frozen.predict_proba(X)).all()
    assert loaded.get_params() == frozen.get_params()
    assert (loaded.classes_ == frozen.classes_).all()
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert config["curve"][-1]["step"] == 40
    assert not list((tmp_path / "model").glob("*.part*"))


def test_gray_pictures_kept_layers_and_numbers_as_classes_are_saved(tmp_path):
    gray, numbers = X[..., 0], np.repeat([7, 3], 10)
    options = {**SMALL, "channels": 1, "keep": 2, "freeze": 1, "hidden": (4,)}
    estimator = FineTuned(**options).fit(gray, numbers)
    loaded = FineTuned.load(estimator.save(tmp_path))
    assert (loaded.predict_proba(gray) == estimator.predict_proba(gray)).all()
    assert loaded.classes_.tolist() == [3, 7]
    assert loaded.model_.backbone.preparation.channels == 1


def test_a_module_of_ones_own_is_given_again_to_load_it(tmp_path):
    own = module_start(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), size=8)
    estimator = FineTuned(own, steps=2).fit(X, Y)
    estimator.save(tmp_path)
    assert (FineTuned.load(tmp_path, start=own).predict(X) == estimator.predict(X)).all()
    with pytest.raises(InvalidNetworkError, match=r"a module of one's own; give it again"):
        FineTuned.load(tmp_path)


def test_a_broken_model_is_refused(frozen, tmp_path):
    with pytest.raises(InvalidDataError, match=r"has no config\.json; give a folder that `save`"):
        FineTuned.load(tmp_path)
    frozen.save(tmp_path)
    text = (tmp_path / "config.json").read_text()
    (tmp_path / "config.json").write_text(text.replace('"format": 1', '"format": 9'))
    with pytest.raises(InvalidDataError, match="has the format 9, expected 1"):
        FineTuned.load(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(InvalidDataError, match="is no configuration of a classifier"):
        FineTuned.load(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with (tmp_path / "model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(InvalidDataError, match=r"is not the file that config\.json describes"):
        FineTuned.load(tmp_path)


@pytest.mark.parametrize("protocol", ["cifar", "imagenet"])
def test_published_protocols_start_and_complete_a_step(protocol, tmp_path):
    """At their full size, with one small batch; for 224 pixels with a small network."""
    own = module_start(nn.Sequential(nn.Conv2d(3, 4, 7, 8), nn.BatchNorm2d(4), nn.ReLU()), size=32)
    start = {"cifar": "scratch:resnet8", "imagenet": own}[protocol]
    pictures, labels = list(X[[0, 1, 10, 11]]), Y[[0, 1, 10, 11]]
    pictures[0] = pictures[0][:, :12]  # pictures may differ in size
    estimator = FineTuned(start, protocol=protocol, steps=1, batch=2, validation=0.5)
    estimator.fit(pictures, labels)
    (point,) = estimator.history_.measured
    assert point.step == 1
    assert np.isfinite([point.train_loss, point.validation]).all()
    assert estimator.model_.backbone.preparation.size == {"cifar": 32, "imagenet": 224}[protocol]
    probabilities = estimator.predict_proba(pictures[:2])
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)
    loaded = FineTuned.load(estimator.save(tmp_path), start=own if start is own else None)
    assert (loaded.predict_proba(pictures[:2]) == probabilities).all()


def test_ten_crops_are_averaged():
    """The probabilities are the means of those of the ten crops, given one by one."""
    from benchmarks.finetune.crops import ten_crops

    estimator = FineTuned(**{**SMALL, "protocol": "imagenet", "steps": 1}).fit(list(X), Y)
    crops = ten_crops(X[0], 16).permute(0, 2, 3, 1).numpy()
    plain = FineTuned(**SMALL)
    plain.classes_, plain.model_ = estimator.classes_, estimator.model_
    expected = plain.predict_proba(crops).mean(0)
    np.testing.assert_allclose(estimator.predict_proba(X[:1])[0], expected, rtol=1e-5)


def test_cross_validation_of_scikit_learn_works():
    estimator = FineTuned(freeze=True, steps=30, validation=0.0)
    assert cross_val_score(estimator, X, Y, cv=2).min() >= 0.8


CHECKS = (
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_mixin_order",
    "check_valid_tag_types",
)
"""The checks of scikit-learn that give no input. The others give (N, D) tables of numbers, and
`FineTuned` takes images of bytes; scikit-learn skips them by the tag ``two_d_array``."""


@pytest.mark.parametrize("name", CHECKS)
def test_the_checks_of_scikit_learn_pass(name):
    check = getattr(estimator_checks, name, None)
    if check is None:
        pytest.skip(f"this version of scikit-learn has no {name}")
    check("FineTuned", FineTuned())


def test_scikit_learn_knows_that_inputs_are_images():
    assert not FineTuned().__sklearn_tags__().input_tags.two_d_array


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (X.reshape(20, -1), Y, "images of shape (20, 768), expected bytes"),
        (X / 255, Y, "images of type float64, expected bytes (uint8) from 0 to 255; for numbers"),
        (np.zeros((2, 4, 4, 4), np.uint8), Y[:2], "with 4 channels in the last axis, expected 1"),
        ([X[0], X[1, ..., :1]], Y[:2], "of 1 and of 3 channels are mixed"),
        ([X[0], X[1] / 2], Y[:2], "image 1 of type float64"),
        ([np.zeros(3, np.uint8)], Y[:1], "image 0 has shape (3,)"),
        ([], [], "there are no images"),
        (X, Y[:3], "labels of shape (3,) for 20 images, expected (20,)"),
        (X, None, "y is None, expected the class of each image"),
        (X, np.linspace(0, 1, 20), "labels that are not whole numbers"),
        (X, np.repeat("red", 20), "all labels are red, expected at least two classes"),
    ],
)
def test_wrong_images_and_labels_are_refused(images, labels, words):
    with pytest.raises(InvalidDataError) as error:
        FineTuned(**SMALL).fit(images, labels)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"protocol": "cifr"}, UnknownNameError, "no protocol 'cifr'; expected short, cifar"),
        ({"keep": 99}, InvalidNetworkError, "layer 99 of SmallResNet, expected 1 to 4"),
        ({"keep": "layr2"}, InvalidNetworkError, "; did you mean layer2"),
        ({"freeze": "layr1"}, InvalidNetworkError, "to freeze; there are conv1"),
        ({"freeze": 9}, InvalidNetworkError, "cannot freeze the first 9 layers of 4"),
        ({"start": "scratch:resnet9"}, UnknownNameError, "no network scratch:resnet9; expected"),
        ({"start": "bank:nrmals"}, TaskgraphError, "normals"),
        ({"weights": "random"}, InvalidNetworkError, "has its own weights; leave out --weights"),
        ({"size": 0}, InvalidNetworkError, "images of 0 pixels, expected at least 1"),
        ({"validation": 1.0}, TrainingError, "the share of validation images is 1.0, expected"),
        ({"steps": 0}, TrainingError, "steps is 0, expected at least 1"),
        ({"head_ratio": 0}, TrainingError, "head_ratio is 0, expected more than 0"),
        ({"layer_decay": 2}, TrainingError, "layer_decay is 2, expected more than 0 and up to 1"),
    ],
)
def test_wrong_settings_are_refused(options, kind, words):
    with pytest.raises(kind) as error:
        FineTuned(**{**SMALL, **options}).fit(X, Y)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_validation_images_of_an_unknown_class_are_refused():
    with pytest.raises(InvalidDataError, match="the class green has validation images but no"):
        FineTuned(**SMALL).fit(X, Y, validation=(X[:1], ["green"]))


class Square(nn.Conv2d):
    """Takes images of 16 pixels only, as vision transformers do."""

    def forward(self, images):
        """Return maps."""
        assert images.shape[-1] == 16, "expected 16 pixels"
        return super().forward(images)


def test_names_weights_and_sizes_are_checked(tmp_path):
    """Misspelled names, weights of another architecture, and sizes that a network does not take."""
    with pytest.raises(UnknownNameError, match=r"no classification model 'resnt18'; did you mean"):
        FineTuned("torchvision:resnt18", weights="random").fit(X, Y)
    torch.save({"conv1.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(InvalidNetworkError, match=r"other\.pth does not fit .*; give weights of"):
        FineTuned("torchvision:resnet18", weights=tmp_path / "other.pth").fit(X, Y)
    own = module_start(Square(3, 2, 3), size=16)
    with pytest.raises(InvalidNetworkError, match=r"does not take images of 8 pixels .* --size"):
        FineTuned(own, size=8).fit(X, Y)
