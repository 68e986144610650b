"""Rank correlations against their definitions and a published table."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr, weightedtau

from benchmarks.finetune.ranking import rank_correlation, spearman, spearman_rows, weighted_kendall
from taskgraph.errors import InvalidTableError


def naive_tau(scores, accuracies):
    """The weighted tau of the docstring, pair by pair."""
    values = []
    for by in (scores, accuracies):
        rank = [sum(other > one for other in by) for one in by]
        total = agreed = 0.0
        for i in range(len(scores)):
            for j in range(i):
                weight = 1 / (rank[i] + 1) + 1 / (rank[j] + 1)
                total += weight
                agreed += weight * np.sign(
                    (scores[i] - scores[j]) * (accuracies[i] - accuracies[j])
                )
        values.append(agreed / total)
    return np.mean(values)


@pytest.mark.parametrize("seed", range(5))
def test_weighted_kendall_is_its_definition(seed):
    generator = np.random.default_rng(seed)
    scores, accuracies = generator.normal(size=(2, 12))
    assert weighted_kendall(scores, accuracies) == pytest.approx(naive_tau(scores, accuracies))


@pytest.mark.parametrize("seed", range(4))
def test_weighted_kendall_is_scipys_with_ties_too(seed):
    scores, accuracies = np.random.default_rng(seed).integers(4, size=(2, 15)).astype(float)
    assert weighted_kendall(scores, accuracies) == pytest.approx(
        weightedtau(scores, accuracies).statistic
    )
    assert spearman(scores, accuracies) == pytest.approx(spearmanr(scores, accuracies).statistic)


def test_spearman_is_the_correlation_of_ranks():
    scores, accuracies = np.random.default_rng(0).normal(size=(2, 9))
    ranks = [np.argsort(np.argsort(each)) for each in (scores, accuracies)]
    assert spearman(scores, accuracies) == pytest.approx(np.corrcoef(ranks)[0, 1])


def test_a_constant_score_ranks_nothing():
    assert np.isnan(spearman([1, 1, 1], [1, 2, 3]))
    assert np.isnan(weighted_kendall([1, 2, 3], [2, 2, 2]))


@pytest.mark.parametrize("dataset", ["CIFAR10", "SUN397", "StanfordCars"])
@pytest.mark.parametrize("score", ["HScore", "LEEP", "LogME", "NCE"])
def test_the_transfer_learning_librarys_published_values(shared, dataset, score):
    """Weighted tau of ten models' published scores and accuracies, to its three decimals."""
    table = pd.read_csv(shared / "tables" / "tllib_model_ranking" / "tllib_ranking_benchmark.csv")
    own = table[table["dataset"] == dataset].set_index("Model")
    published = float(own.loc["Weighted Tau", score])
    models = own.drop(index=["Weighted Tau", "Pearson Corr"])
    found = weighted_kendall(
        models[score].astype(float).to_numpy(), models["Finetuned Acc"].astype(float).to_numpy()
    )
    assert found == pytest.approx(published, abs=6e-4)


def test_the_mean_over_targets_with_an_interval():
    """A score that is right for one target and reversed for the other has the mean 0."""
    accuracies = {"a": np.arange(8.0), "b": np.arange(8.0)}
    scores = {"a": np.arange(8.0), "b": -np.arange(8.0)}
    found = rank_correlation(scores, accuracies, measure=spearman_rows, draws=50)
    assert (found.value, found.low, found.high) == pytest.approx((0, 0, 0))
    right = rank_correlation(accuracies, accuracies, draws=50)
    assert (right.value, right.low, right.high) == pytest.approx((1, 1, 1))


def test_the_interval_is_wide_for_noise():
    generator = np.random.default_rng(3)
    scores, accuracies = {"a": generator.normal(size=20)}, {"a": generator.normal(size=20)}
    found = rank_correlation(scores, accuracies, measure=spearman_rows, draws=300)
    assert found.low < found.value < found.high
    assert found.high - found.low > 0.4


def test_lengths_must_agree():
    with pytest.raises(InvalidTableError, match="expected as many, at least 2"):
        spearman([1, 2, 3], [1, 2])
