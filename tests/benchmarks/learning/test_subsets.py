"""Subsets are nested and have the classes' shares; measures against scikit-learn; augmentation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from torch.nn import functional as F

from benchmarks.learning.accuracy import mean_class_accuracy, top1
from benchmarks.learning.augment import crop, crop_and_flip, flip
from benchmarks.learning.subsets import nested_subset
from encoders.errors import InvalidDataError
from tests.examples import examples


@examples(times=0.5)
@given(st.integers(2, 6), st.integers(3, 20), st.integers(0, 99), st.data())
def test_subsets_of_a_seed_are_nested_and_stratified(classes, each, seed, data):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(classes), each))
    small = data.draw(st.integers(1, len(labels)))
    large = data.draw(st.integers(small, len(labels)))
    inner, outer = nested_subset(labels, small, seed), nested_subset(labels, large, seed)
    assert len(np.unique(inner)) == small
    assert set(inner) <= set(outer)
    counts = np.bincount(labels[inner], minlength=classes)
    assert np.abs(counts - small / classes).max() < 1


def test_every_class_is_in_a_subset_of_as_many_items_as_classes():
    labels = np.array([0] * 97 + [1] + [2] * 2)
    assert set(labels[nested_subset(labels, 3, seed=5)]) == {0, 1, 2}
    counts = np.bincount(labels[nested_subset(labels, 50, seed=5)])
    assert counts.tolist() == [48, 1, 1]


def test_subsets_differ_by_seed_and_are_the_same_for_one():
    labels = np.arange(60) % 3
    drawn = [nested_subset(labels, 9, seed).tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("n", [0, 7])
def test_a_subset_has_between_one_and_all_items(n):
    with pytest.raises(InvalidDataError, match=f"a subset of {n} items of 6, expected 1 to all"):
        nested_subset(np.zeros(6, dtype=int), n, 0)


def test_accuracies_are_those_of_scikit_learn():
    generator = np.random.default_rng(0)
    labels = generator.choice(4, 200, p=[0.7, 0.1, 0.1, 0.1])
    scores = generator.normal(size=(200, 4))
    classes = scores.argmax(1)
    assert top1(scores, labels) == top1(classes, labels) == accuracy_score(labels, classes)
    assert mean_class_accuracy(scores, labels) == pytest.approx(
        balanced_accuracy_score(labels, classes), abs=1e-12
    )
    with pytest.raises(InvalidDataError, match="200 predictions for 3 labels"):
        top1(scores, labels[:3])


def test_a_crop_is_one_of_the_81_crops_of_the_padded_image_and_all_places_occur():
    images = torch.randint(1, 256, (400, 2, 6, 6), dtype=torch.uint8)
    cropped = crop(images, torch.Generator().manual_seed(0))
    padded = F.pad(images, (4, 4, 4, 4))
    places = set()
    for one, whole in zip(cropped, padded, strict=True):
        matches = [
            (row, column)
            for row in range(9)
            for column in range(9)
            if torch.equal(one, whole[:, row : row + 6, column : column + 6])
        ]
        assert matches
        places |= {place for place in matches if len(matches) == 1}
    assert len(places) >= 75  # 400 draws of 81 places miss .6 of them on average


def test_a_flip_mirrors_about_half_of_the_images_and_leaves_the_others():
    images = torch.rand(200, 1, 2, 5)
    flipped = flip(images, torch.Generator().manual_seed(3))
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(flipped, images, strict=True)]
    same = [torch.equal(a, b) for a, b in zip(flipped, images, strict=True)]
    assert sum(mirrored) + sum(same) == 200
    assert 70 < sum(mirrored) < 130


def test_augmentation_depends_on_its_generator_alone():
    images = torch.randint(256, (8, 3, 32, 32), dtype=torch.uint8)
    one, other = (crop_and_flip(images, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(one, other)
    assert one.dtype == torch.uint8
