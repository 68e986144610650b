"""Losses, penalties and references equal a plain loop over scikit-learn."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from encoders.features.inline import InlineEngine
from encoders.features.jobs import examples_of
from encoders.features.label_table import read_label_table
from encoders.features.logistic import FeatureLogistic
from encoders.features.measure import measure_features
from encoders.features.moments import feature_moments
from encoders.features.parts import draw_parts
from encoders.features.ridge import ridge_weights, set_columns
from encoders.features.settings import PENALTIES, FeatureConfig
from encoders.features.store import FeatureStore
from encoders.features.tables import measured_sets, write_feature_tables
from tests.encoders.features.made import features_of, labels_of

CONFIG = FeatureConfig(max_order=3)


@pytest.fixture(scope="module")
def made():
    hidden, features = features_of()
    features["left"] = np.column_stack([features["left"], np.full(len(hidden), 7.1)])
    return features, labels_of(hidden)


@pytest.fixture(scope="module")
def measured(made, tmp_path_factory):
    out = tmp_path_factory.mktemp("ridge")
    outcome = measure_features(*made, out, CONFIG, InlineEngine())
    assert not outcome.failures
    assert not outcome.stopped
    return out, write_feature_tables(out)


def joined(features, sources):
    return np.concatenate([features[name] for name in sources], axis=1).astype(np.float64)


def naive(features, target, parts, sources):
    """(validation losses, test losses, penalty) by a loop over scikit-learn's Ridge."""
    x = joined(features, sources)
    rows = {name: getattr(parts, name) for name in ("train", "valid", "test")}
    rows = {name: each[~np.isnan(target.values[each, 0])] for name, each in rows.items()}
    y = {name: target.values[each] for name, each in rows.items()}
    variance = np.square(y["train"] - y["train"].mean(axis=0)).sum(axis=1).mean()
    x = StandardScaler().fit(x[rows["train"]]).transform(x)
    best = None
    for penalty in PENALTIES["ridge"]:
        model = Ridge(alpha=penalty * len(rows["train"])).fit(x[rows["train"]], y["train"])
        losses = {
            name: np.square(model.predict(x[rows[name]]).reshape(y[name].shape) - y[name]).sum(1)
            / variance
            for name in ("valid", "test")
        }
        if best is None or losses["valid"].mean() < best[0].mean():
            best = losses["valid"], losses["test"], penalty
    return best


def test_every_loss_is_that_of_a_plain_loop_over_ridge(made, measured):
    """The loop has all kinds of labels, sets of 1 to 3 sources, gaps, and a constant feature."""
    features, labels = made
    out, _ = measured
    table = read_label_table(labels)
    parts = draw_parts(table, CONFIG)[0]
    compared = 0
    for target in table.targets:
        for sets in measured_sets(out, target.name, 0):
            for place, name in enumerate(sets.names):
                if name == "average":
                    continue
                valid, test, penalty = naive(features, target, parts, name.split("+"))
                assert sets.records[place]["penalty"] == penalty, (target.name, name)
                assert sets.valid[place] == pytest.approx(valid.mean(), rel=1e-4, abs=1e-6)
                np.testing.assert_allclose(sets.test[place], test, rtol=2e-3, atol=2e-5)
                compared += 1
    assert compared == len(table.targets) * (1 + 4 + 6 + 4)  # raw input, and sets of 4 sources


def test_average_is_the_mean_of_the_training_labels(made, measured):
    _, labels = made
    out, _ = measured
    table = read_label_table(labels)
    train = draw_parts(table, CONFIG)[0].train
    for target in table.targets:
        sets = next(s for s in measured_sets(out, target.name, 0) if "average" in s.names)
        y = target.values[train[target.labeled[train]]]
        losses = np.square(target.values[sets.rows] - y.mean(axis=0)).sum(1) / y.var(axis=0).sum()
        np.testing.assert_allclose(sets.test[sets.names.index("average")], losses, rtol=1e-6)


def test_the_tables_hold_every_test_example_once(made, measured):
    out, affinities = measured
    losses = pd.read_parquet(out / "losses.parquet")
    assert not losses.duplicated(["target", "sources", "image"]).any()
    assert (losses.groupby("target", observed=True)["sources"].nunique() == 16).all()
    assert set(losses["image"]) <= set(made[1]["example"])
    frame = affinities.transfers.frame.set_index(["target", "sources"])
    size = losses[losses["target"] == "size"]
    size = size.pivot_table(index="image", columns="sources", values="loss", observed=True)
    gain = (size["left+right"] < size["scratch"]).mean()
    assert frame.loc[("size", "left+right"), "gain"] == pytest.approx(gain)
    assert {"low", "high"} <= set(frame.columns)


def test_weights_are_scikit_learns(made):
    """Coefficients and not only losses; scikit-learn's penalty is n times ours."""
    features, labels = made
    random = np.random.default_rng(0)
    x, y = joined(features, ["right", "noise"]), random.normal(size=(len(labels), 2))
    ours = ridge_weights(moments_of({"x": x}, y), np.arange(x.shape[1]), (0.5, 0.01))
    for penalty, weights in zip((0.5, 0.01), ours, strict=True):
        model = Ridge(alpha=penalty * len(x)).fit(StandardScaler().fit_transform(x), y)
        np.testing.assert_allclose(weights, model.coef_.T, rtol=1e-5, atol=1e-7)


def moments_of(features, labels, tmp_path=None):
    """Moments of arrays, through a store of memory-mapped files."""
    import tempfile
    from pathlib import Path

    store = FeatureStore(Path(tmp_path or tempfile.mkdtemp()))
    for name, array in features.items():
        np.save(store.path(name), array.astype(np.float32))
    return feature_moments(store, list(features), np.arange(len(labels)), labels)


def test_moments_far_from_zero_keep_their_digits_and_are_summed_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("encoders.features.moments.rows_at_once", lambda width: 7)
    random = np.random.default_rng(1)
    x = (random.normal(size=(100, 5)) + np.array([0, 1e3, -1e4, 1e5, 3])).astype(np.float32)
    x[:, 4] = 3.3
    y = random.normal(size=(100, 2)) + 1e6
    found = moments_of({"a": x[:, :2], "b": x[:, 2:]}, y, tmp_path)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(found.mean, exact.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.scale[:4], exact[:, :4].std(axis=0), rtol=1e-9)
    assert found.constant.tolist() == [False] * 4 + [True]
    np.testing.assert_allclose(found.correlation[:4, :4], np.corrcoef(exact[:, :4].T), atol=1e-9)
    z = (exact[:, :4] - exact[:, :4].mean(axis=0)) / exact[:, :4].std(axis=0)
    np.testing.assert_allclose(found.with_labels[:4], z.T @ (y - y.mean(0)) / 100, atol=1e-7)
    assert not found.correlation[4].any()
    assert set_columns(found, ("b", "a")).tolist() == [2, 3, 4, 0, 1]


@pytest.fixture(scope="module")
def logistic(made, tmp_path_factory):
    out = tmp_path_factory.mktemp("logistic")
    config = FeatureConfig(max_order=2, readout="logistic", targets=("genre", "tags"))
    features, labels = made
    chosen = {name: features[name] for name in ("left", "right")}
    outcome = measure_features(chosen, labels, out, config, InlineEngine())
    assert not outcome.failures
    return out, config, chosen, read_label_table(labels, targets=config.targets)


def test_logistic_losses_are_those_of_another_solver_at_convergence(logistic):
    """scikit-learn's Newton method, with a thousand times smaller gradient, penalty by penalty."""
    out, config, features, table = logistic
    parts = draw_parts(table, config)[0]
    for target in table.targets:
        tags = range(len(target.classes)) if target.kind == "multilabel" else [None]
        for sets in measured_sets(out, target.name, 0):
            name = sets.names[0]
            if name == "average":
                continue
            x = joined(features, name.split("+"))
            x = x[:, x.std(axis=0) > 0]
            x = StandardScaler().fit(x[parts.train]).transform(x)
            best = None
            for penalty in PENALTIES["logistic"]:
                losses = {part: [] for part in ("valid", "test")}
                for tag in tags:
                    y = target.values.argmax(1) if tag is None else target.values[:, tag]
                    model = LogisticRegression(
                        C=1 / (len(parts.train) * penalty), solver="newton-cholesky", tol=1e-9
                    ).fit(x[parts.train], y[parts.train])
                    for part in losses:
                        rows = getattr(parts, part)
                        p = model.predict_proba(x[rows])
                        losses[part].append(-np.log(p[np.arange(len(rows)), y[rows].astype(int)]))
                means = {part: np.mean(each, axis=0) for part, each in losses.items()}
                if best is None or means["valid"].mean() < best[0]["valid"].mean():
                    best = means, penalty
            assert sets.records[0]["converged"]
            assert sets.records[0]["penalty"] == best[1]
            np.testing.assert_allclose(sets.test[0], best[0]["test"], rtol=1e-3, atol=1e-4)


def test_logistic_minimizes_its_objective(logistic):
    """Against BFGS on the formula of the docstring, for two classes."""
    random = np.random.default_rng(3)
    x = random.normal(size=(80, 2))
    y = (x[:, 0] + random.normal(size=80) > 0).astype(float)

    def objective(w):
        z = x @ w[:2] + w[2]
        return np.mean(np.logaddexp(0, z) - y * z) + 0.05 * w[:2] @ w[:2] / 2

    best = minimize(objective, np.zeros(3), options={"gtol": 1e-9}).x
    model = LogisticRegression(C=1 / (80 * 0.05), tol=1e-6, max_iter=5000).fit(x, y)
    np.testing.assert_allclose([*model.coef_[0], model.intercept_[0]], best, atol=1e-4)


def test_logistic_average_has_the_shares_of_the_classes(logistic):
    out, config, _, table = logistic
    parts = draw_parts(table, config)[0]
    for target in table.targets:
        sets = next(s for s in measured_sets(out, target.name, 0) if s.names == ("average",))
        share = target.values[parts.train].mean(axis=0)
        y = target.values[parts.test]
        if target.kind == "classes":
            losses = -np.log((y * share).sum(axis=1))
        else:
            losses = -np.log(np.where(y > 0, share, 1 - share)).mean(axis=1)
        np.testing.assert_allclose(sets.test[0], losses, rtol=1e-5)


def test_with_logistic_numbers_are_regressed_by_ridge(made, measured, tmp_path):
    features, labels = made
    config = FeatureConfig(max_order=1, readout="logistic", targets=("size",))
    measure_features(features, labels, tmp_path, config, InlineEngine())
    found = {
        n: x
        for s in measured_sets(tmp_path, "size", 0)
        for n, x in zip(s.names, s.test, strict=True)
    }
    for sets in measured_sets(measured[0], "size", 0):
        for name, losses in zip(sets.names, sets.test, strict=True):
            if name in found:
                np.testing.assert_array_equal(found[name], losses)


def test_a_tag_that_nobody_trained_on_has_gets_half_an_example(tmp_path):
    _, features = features_of(60)
    split = ["train"] * 30 + ["valid"] * 10 + ["test"] * 20
    tags = ["a" if number % 2 else "|" for number in range(59)] + ["a|rare"]
    labels = pd.DataFrame({"split": split, "tags": tags})
    config = FeatureConfig(max_order=1, readout="logistic", sources=("left",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outcome = measure_features(features, labels, tmp_path, config, InlineEngine())
    assert not outcome.failures
    examples = examples_of(tmp_path, "tags", 0)
    fitted = FeatureLogistic().fit(examples, (), 0)
    half = 0.5 / 30
    expected = np.mean([-np.log(1 - half), -np.log(0.5)])
    assert fitted.test[0] == pytest.approx(expected)
    assert fitted.test[-1] == pytest.approx(np.mean([-np.log(half), -np.log(0.5)]))
    assert np.isfinite(write_feature_tables(tmp_path).transfers.frame["gain"]).all()
