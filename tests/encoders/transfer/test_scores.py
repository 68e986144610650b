"""Training-free scores against dense likelihoods, naive loops, closed forms and their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.spatial.distance import cdist

from encoders.transfer.scores import (
    average_rank,
    dds,
    diagram,
    discretize,
    h_score,
    ledoit_wolf_shrinkage,
    log_evidence,
    logme,
    shrunk_h_score,
)
from taskgraph.errors import ConvergenceError, InvalidTableError
from tests.examples import examples

seeds = st.integers(0, 2**32 - 1)


def some_classes(seed=0, examples=60, width=4, classes=3, apart=1.0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, examples)
    labels[:classes] = range(classes)
    features = rng.normal(size=(examples, width)) @ rng.normal(size=(width, width))
    return features + apart * rng.normal(size=(classes, width))[labels], labels


# --- H-score


def naive_h_score(features, labels):
    """The definition, one example after another, by np.cov and np.linalg.pinv."""
    expected = np.zeros_like(features)
    for row, label in enumerate(labels):
        same = [features[k] for k in range(len(labels)) if labels[k] == label]
        expected[row] = np.mean(same, axis=0)
    within, between = np.cov(features, rowvar=False), np.cov(expected, rowvar=False)
    return np.trace(np.linalg.pinv(np.atleast_2d(within)) @ np.atleast_2d(between))


@examples(times=0.2)
@given(seeds, st.integers(1, 5), st.integers(2, 5))
def test_h_score_is_its_definition(seed, width, classes):
    features, labels = some_classes(seed, width=width, classes=classes)
    found = h_score(features, labels)
    assert found == pytest.approx(naive_h_score(features, labels), rel=1e-6)
    assert 0 <= found <= min(width, classes - 1)


def test_h_score_of_one_feature_is_the_correlation_ratio():
    """The F statistic of an analysis of variance gives eta^2 = F k / (F k + N - k - 1)."""
    features, labels = some_classes(width=1, classes=4)
    groups = [features[labels == c, 0] for c in range(4)]
    f = stats.f_oneway(*groups).statistic * 3
    assert h_score(features, labels) == pytest.approx(f / (f + 60 - 4))


def test_h_score_of_two_classes_is_the_r2_of_a_regression():
    features, labels = some_classes(classes=2)
    inputs = np.column_stack([features, np.ones(60)])
    residual = labels - inputs @ np.linalg.lstsq(inputs, labels, rcond=None)[0]
    assert h_score(features, labels) == pytest.approx(1 - residual.var() / labels.var())


def test_h_score_is_what_linear_discriminants_separate():
    """scikit-learn's discriminants are uncorrelated: their correlation ratios add up."""
    analysis = pytest.importorskip("sklearn.discriminant_analysis", reason="scikit-learn")
    features, labels = some_classes(examples=200, width=6, classes=4)
    found = analysis.LinearDiscriminantAnalysis(solver="eigen").fit_transform(features, labels)
    assert found.shape == (200, 3)
    ratios = [
        sum(np.mean(labels == c) * column[labels == c].mean() ** 2 for c in range(4)) / column.var()
        for column in (found - found.mean(axis=0)).T
    ]
    assert h_score(features, labels) == pytest.approx(sum(ratios))


@examples(times=0.2)
@given(seeds)
def test_h_score_survives_invertible_maps_and_other_names_of_classes(seed):
    features, labels = some_classes(seed)
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0] * rng.uniform(0.1, 10, 4)
    moved = features @ turn + rng.normal(size=4)
    wanted = h_score(features, labels)
    assert h_score(moved, labels) == pytest.approx(wanted, rel=1e-6)
    assert h_score(features, np.array([7, -2, 40])[labels]) == pytest.approx(wanted)


def test_h_score_ignores_repeated_and_constant_features():
    features, labels = some_classes()
    wider = np.column_stack([features, features[:, 0], np.full(60, 1 / 3), features @ np.ones(4)])
    assert h_score(wider, labels) == pytest.approx(h_score(features, labels))
    assert shrunk_h_score(np.column_stack([features, np.zeros(60)]), labels) > 0


def test_h_score_of_separated_classes_is_one_less_than_their_number():
    labels = np.repeat(range(4), 5)
    assert h_score(np.eye(4)[labels], labels) == pytest.approx(3)


def test_h_score_is_zero_where_nothing_is_told():
    features, labels = some_classes()
    for score in (h_score, shrunk_h_score):
        assert score(features, np.zeros(60, int)) == pytest.approx(0, abs=1e-20)
        assert score(np.full((60, 3), 0.1), labels) == 0


def test_chance_gives_the_h_score_that_the_docstring_tells():
    rng = np.random.default_rng(0)
    found = [h_score(rng.normal(size=(400, 10)), rng.integers(0, 5, 400)) for _ in range(100)]
    assert np.mean(found) == pytest.approx(10 * 4 / 400, rel=0.1)
    shrunk = [
        shrunk_h_score(rng.normal(size=(400, 10)), rng.integers(0, 5, 400)) for _ in range(100)
    ]
    assert np.mean(shrunk) < 0.2 * np.mean(found)


def naive_shrinkage(features):
    x = features - features.mean(axis=0)
    n, d = x.shape
    s = np.cov(x, rowvar=False, bias=True).reshape(d, d)
    away = np.sum((s - np.trace(s) / d * np.eye(d)) ** 2)
    noise = sum(np.sum((np.outer(row, row) - s) ** 2) for row in x) / n**2
    return min(1, noise / away)


@examples(times=0.2)
@given(seeds, st.integers(2, 6), st.integers(4, 40))
def test_shrinkage_is_ledoit_and_wolfs(seed, width, examples):
    features = some_classes(seed, examples=examples, width=width)[0]
    assert ledoit_wolf_shrinkage(features) == pytest.approx(naive_shrinkage(features), rel=1e-6)


def test_shrinkage_is_scikit_learns():
    covariance = pytest.importorskip("sklearn.covariance", reason="scikit-learn")
    for seed, rows, width in [(0, 30, 50), (1, 100, 5), (2, 12, 12)]:
        features = some_classes(seed, rows, width)[0]
        theirs = covariance.ledoit_wolf_shrinkage(features)
        assert ledoit_wolf_shrinkage(features) == pytest.approx(theirs)


@examples(times=0.2)
@given(seeds, st.sampled_from([4, 30, 80]))
def test_shrunk_h_score_is_its_definition(seed, width):
    features, labels = some_classes(seed, width=width)
    share = naive_shrinkage(features)
    covariance = np.cov(features, rowvar=False, bias=True)
    mean = np.trace(covariance) / width
    expected = np.array([features[labels == label].mean(axis=0) for label in labels])
    between = np.cov(expected, rowvar=False, bias=True)
    shrunk = (1 - share) * covariance + share * mean * np.eye(width)
    wanted = np.trace(np.linalg.solve(shrunk, (1 - share) * between))
    found = shrunk_h_score(features, labels)
    assert found == pytest.approx(wanted, rel=1e-6)
    assert found <= h_score(features, labels) + 1e-9
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(width, width)))[0]
    assert shrunk_h_score(3 * features @ turn, labels) == pytest.approx(found, rel=1e-6)


def test_discretized_outputs_are_each_nearest_to_their_own_mean():
    targets = np.random.default_rng(0).normal(size=(500, 3))
    labels = discretize(targets, classes=8)
    assert set(labels) == set(range(8))
    means = np.array([targets[labels == c].mean(axis=0) for c in range(8)])
    nearest = cdist(targets, means).argmin(axis=1)
    assert np.mean(nearest == labels) > 0.97  # k-means stops a little before it stands still
    explained = (
        1 - ((targets - means[labels]) ** 2).sum() / (targets - targets.mean(0)).var() / 1500
    )
    assert explained > 0.5
    np.testing.assert_array_equal(labels, discretize(targets, classes=8))
    assert (labels != discretize(targets, classes=8, seed=1)).any()


def test_discretize_finds_clusters_that_are_there_and_keeps_few_values_apart():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 90)
    found = discretize(np.array([0.0, 5.0, 50.0])[truth] + rng.normal(0, 0.1, 90), classes=3)
    assert len(set(zip(found, truth, strict=True))) == 3
    few = discretize([0.5, 0.5, 2.5, -1.0], classes=16)
    assert few.tolist() == [1, 1, 2, 0]
    heap = np.repeat([[0.0], [1.0], [2.0]], [500, 1, 1], axis=0)  # clusters may be left empty
    assert set(discretize(heap, classes=2)) == {0, 1}


# --- LogME


def dense_log_density(features, output, alpha, beta):
    """log N(output; 0, I / beta + F F' / alpha) / N, with the covariance written out."""
    covariance = np.eye(len(features)) / beta + features @ features.T / alpha
    volume = np.linalg.slogdet(2 * np.pi * covariance)[1]
    return -0.5 * (volume + output @ np.linalg.solve(covariance, output)) / len(output)


def dense_evidence(features, output):
    """Its maximum over alpha and beta, by a general optimizer from several places."""

    def minus(logs):
        return -dense_log_density(features, output, *np.exp(logs))

    starts, bounds = [(0.0, 0.0), (0.0, 3.0), (6.0, 0.0)], [(-8, 14), (-8, 9)]
    return -min(optimize.minimize(minus, s, method="L-BFGS-B", bounds=bounds).fun for s in starts)


def test_the_dense_density_is_scipys():
    rng = np.random.default_rng(0)
    features, output = rng.normal(size=(9, 3)), rng.normal(size=9)
    covariance = np.eye(9) / 4 + features @ features.T / 0.5
    theirs = stats.multivariate_normal(cov=covariance).logpdf(output) / 9
    assert dense_log_density(features, output, 0.5, 4) == pytest.approx(theirs)


@examples(times=0.12)
@given(seeds, st.sampled_from([(20, 4), (30, 10), (16, 9)]), st.floats(0.1, 2))
def test_evidence_is_the_maximum_of_the_dense_likelihood(seed, shape, noise):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=shape) @ np.diag(rng.uniform(0.2, 3, shape[1]))
    output = features @ rng.normal(size=shape[1]) + noise * rng.normal(size=shape[0])
    found = log_evidence(features, output)
    assert found.shape == (1,)
    assert found[0] == pytest.approx(dense_evidence(features, output), abs=2e-5)


def test_the_largest_of_several_maxima_is_found():
    """Half of what is asked for lies along strong features, half along faint ones, by turns."""
    lost = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        features = rng.normal(size=(20, 30)) * rng.lognormal(0, 2, 30)
        output = features @ (rng.normal(size=30) * (rng.random(30) < 0.3)) + rng.normal(size=20)
        squares, axes = np.linalg.eigh(features @ features.T)
        ratios = np.geomspace(1e-10, 1e10, 400)[:, None] * squares[-1]
        # For given alpha / beta, y ~ N(0, (I + F F' / ratio) / beta), and the best beta is known.
        spread = ((axes.T @ output) ** 2 * ratios / (squares + ratios)).sum(axis=1) / 20
        volume = np.log1p(squares / ratios).sum(axis=1) / 20
        wanted = -0.5 * (np.log(2 * np.pi * spread) + 1 + volume).min()
        lost += log_evidence(features, output)[0] < wanted - 2e-3
    assert lost == 0


def test_more_features_than_examples_are_the_same_model():
    """Evidence depends on F F' alone: features times an orthonormal frame have the same."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(15, 6))
    output = features @ rng.normal(size=6) + rng.normal(size=15)
    frame = np.linalg.qr(rng.normal(size=(40, 6)))[0]
    wide = features @ frame.T
    assert log_evidence(wide, output) == pytest.approx(log_evidence(features, output), abs=1e-8)
    full, noisy = rng.normal(size=(12, 30)), rng.normal(size=12)
    assert log_evidence(full, noisy)[0] == pytest.approx(dense_evidence(full, noisy), abs=2e-5)


def test_noise_has_the_evidence_of_no_model():
    """Orthogonal to all features, an output is best explained by its own spread."""
    features = np.array([[1.0, 1], [1, -1], [1, 1], [1, -1]])
    output = np.array([3.0, 3, -3, -3])
    nothing = stats.norm(0, 3).logpdf(output).mean()
    assert log_evidence(features, output)[0] == pytest.approx(nothing, abs=1e-6)
    assert log_evidence(np.zeros((4, 2)), output)[0] == pytest.approx(nothing)


@examples(times=0.2)
@given(seeds, st.floats(0.01, 100), st.floats(0.01, 100))
def test_evidence_ignores_the_features_unit_and_rotation(seed, unit, scale):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(40, 5))
    output = features @ rng.normal(size=5) + rng.normal(size=40)
    wanted = log_evidence(features, output)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    assert log_evidence(unit * features @ turn, output) == pytest.approx(wanted, abs=1e-7)
    shifted = log_evidence(features, scale * output)
    assert shifted == pytest.approx(wanted - np.log(scale), abs=1e-7)


def test_logme_averages_outputs_and_classes_are_zeros_and_ones():
    features, labels = some_classes(apart=2.0)
    outputs = np.random.default_rng(1).normal(size=(60, 3))
    each = [log_evidence(features, outputs[:, k])[0] for k in range(3)]
    assert logme(features, outputs) == pytest.approx(np.mean(each))
    assert logme(features, outputs[:, 0]) == pytest.approx(each[0])
    one_hot = np.stack([labels == c for c in range(3)], axis=1).astype(float)
    assert logme(features, 10 * labels) == pytest.approx(logme(features, one_hot))


def test_logme_prefers_features_that_know_the_answer():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(200, 3))
    output = hidden @ rng.normal(size=(3, 2))
    noisy = [hidden + spread * rng.normal(size=hidden.shape) for spread in (0, 0.1, 0.5, 2)]
    scores = [logme(features, output) for features in noisy]
    assert scores == sorted(scores, reverse=True)
    assert np.isfinite(scores).all()  # the first is exact: its evidence has no bound


def test_centring_is_what_it_says():
    rng = np.random.default_rng(0)
    features, output = rng.normal(2, 1, (50, 3)), rng.normal(5, 1, (50, 2))
    ours = logme(features, output, centered=True)
    assert ours == pytest.approx(logme(features + 7, output - 3, centered=True))
    assert ours == pytest.approx(logme(features - features.mean(0), output - output.mean(0)))


def test_evidence_says_when_it_does_not_settle():
    features, labels = some_classes()
    with pytest.raises(ConvergenceError, match="after 1 steps, expected at most 1e-15; allow more"):
        log_evidence(features, labels.astype(float), tolerance=1e-15, max_iter=1)


# --- Duality diagram similarity


def naive_diagram(features, kernel, debiased):
    """Kernel, then centring, entry by entry."""
    n, d = features.shape
    k = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            a, b = features[i], features[j]
            if kernel == "laplacian":
                k[i, j] = np.exp(-sum(abs(a - b)) / d)
            elif kernel == "cosine":
                k[i, j] = 1 - a @ b / np.sqrt((a @ a) * (b @ b))  # the authors' distance
            else:
                k[i, j] = a @ b
    out = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if debiased and i != j:
                row = sum(k[i, m] for m in range(n) if m != i)
                column = sum(k[m, j] for m in range(n) if m != j)
                every = sum(k[p, q] for p in range(n) for q in range(n) if p != q)
                out[i, j] = k[i, j] - (row + column) / (n - 2) + every / ((n - 1) * (n - 2))
            elif not debiased:
                out[i, j] = k[i, j] - k[i].mean() - k[:, j].mean() + k.mean()
    return out


def naive_dds(source, target, kernel, normalize, debiased):
    matrices = []
    for features in (source, target):
        if normalize != "none":
            features = features - features.mean(axis=0)
        if normalize == "z":
            features = features / features.std(axis=0)
        matrices.append(naive_diagram(features, kernel, debiased))
    ours, theirs = matrices
    return (ours * theirs).sum() / np.sqrt((ours**2).sum() * (theirs**2).sum())


@pytest.mark.parametrize("kernel", ["laplacian", "cosine", "linear"])
@pytest.mark.parametrize("normalize", ["z", "center", "none"])
@pytest.mark.parametrize("debiased", [True, False])
def test_dds_is_its_definition(kernel, normalize, debiased):
    rng = np.random.default_rng(0)
    source = rng.normal(1, 2, (9, 5))
    target = source[:, :3] @ rng.normal(size=(3, 4)) + rng.normal(size=(9, 4))
    settings = {"kernel": kernel, "normalize": normalize, "debiased": debiased}
    wanted = naive_dds(source, target, **settings)
    assert dds(source, target, **settings) == pytest.approx(wanted)
    if debiased:  # nothing but the upper triangle counts
        triangle = np.triu_indices(9, 1)
        ours = diagram(source, **settings)
        assert np.count_nonzero(ours) == len(triangle[0])


def test_linear_dds_is_centered_kernel_alignment():
    """Kornblith et al. with linear kernels: |Y'X|^2 / (|X'X| |Y'Y|)."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 5)), rng.normal(size=(30, 7))
    cx, cy = x - x.mean(axis=0), y - y.mean(axis=0)
    wanted = np.linalg.norm(cy.T @ cx) ** 2
    wanted /= np.linalg.norm(cx.T @ cx) * np.linalg.norm(cy.T @ cy)
    found = dds(x, y, kernel="linear", normalize="none", debiased=False)
    assert found == pytest.approx(wanted)


@examples(times=0.2)
@given(seeds, st.booleans(), st.sampled_from(["laplacian", "cosine", "linear"]))
def test_dds_is_symmetric_bounded_and_blind_to_what_it_should_be(seed, debiased, kernel):
    rng = np.random.default_rng(seed)
    source, target = rng.normal(size=(12, 4)), rng.normal(size=(12, 6))
    same = {"kernel": kernel, "debiased": debiased}
    found = dds(source, target, **same)
    assert -1 <= found <= 1
    assert dds(target, source, **same) == pytest.approx(found)
    assert dds(source, source, **same) == pytest.approx(1)
    order = rng.permutation(12)
    assert dds(source[order], target[order], **same) == pytest.approx(found)
    scaled = source[:, ::-1] * rng.uniform(0.1, 9, 4) * rng.choice([-1, 1], 4) + 3
    assert dds(scaled, target, **same) == pytest.approx(found)
    if kernel != "laplacian":
        turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
        plain = {**same, "normalize": "center"}
        turned = dds(5 * source @ turn, target, **plain)
        assert turned == pytest.approx(dds(source, target, **plain))


def test_dds_finds_the_encoder_that_shares_structure():
    rng = np.random.default_rng(0)
    target = rng.normal(size=(60, 8))
    near, far = target + 0.5 * rng.normal(size=(60, 8)), rng.normal(size=(60, 8))
    for kernel in ("laplacian", "cosine"):
        assert dds(near, target, kernel=kernel) > 0.5 > 0.2 > dds(far, target, kernel=kernel)
    unrelated = [dds(rng.normal(size=(30, 5)), rng.normal(size=(30, 5))) for _ in range(100)]
    assert np.mean(unrelated) == pytest.approx(0, abs=0.025)  # what debiasing is for


def test_dead_features_do_not_count_and_dead_encoders_give_zero():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(10, 3)), rng.normal(size=(10, 3))
    padded = np.column_stack([source, np.full(10, 0.1)])
    for kernel in ("cosine", "linear"):
        found = dds(padded, target, kernel=kernel)
        assert found == pytest.approx(dds(source, target, kernel=kernel))
    for kernel in ("laplacian", "cosine", "linear"):
        assert dds(np.full((10, 3), 0.1), target, kernel=kernel) == 0


# --- Average rank


def naive_average_rank(table, better):
    found = np.full(table.shape, np.nan)
    for s in range(table.shape[0]):
        for t in range(table.shape[1]):
            shares = []
            for other in range(table.shape[1]):
                rivals = [
                    table[k, other]
                    for k in range(table.shape[0])
                    if k != s and not np.isnan(table[k, other])
                ]
                own = table[s, other]
                if other == t or np.isnan(own) or not rivals:
                    continue
                sign = 1 if better == "larger" else -1
                won = [0.5 + 0.5 * np.sign(sign * (own - rival)) for rival in rivals]
                shares.append(np.mean(won))
            if shares:
                found[s, t] = np.mean(shares)
    return found


@examples(times=0.2)
@given(seeds, st.sampled_from(["larger", "smaller"]))
def test_average_rank_is_the_share_of_sources_beaten_elsewhere(seed, better):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 5, (6, 4)).astype(float)
    table[rng.random(table.shape) < 0.25] = np.nan
    found = average_rank(table, better=better)
    np.testing.assert_allclose(found, naive_average_rank(table, better), atol=1e-12)


def test_average_rank_never_sees_the_target_itself():
    rng = np.random.default_rng(0)
    table = rng.random((5, 3))
    before = average_rank(table, better="smaller")
    table[:, 1] = rng.random(5)
    after = average_rank(table, better="smaller")
    np.testing.assert_allclose(before[:, 1], after[:, 1])
    assert not np.allclose(before[:, 0], after[:, 0])
    best = average_rank([[1, 1, 1], [2, 2, 2], [3, 3, 3]], better="smaller")
    np.testing.assert_allclose(best, [[1, 1, 1], [0.5, 0.5, 0.5], [0, 0, 0]])


# --- Errors


def broken(value=np.nan):
    features = np.ones((6, 2))
    features[4, 1] = value
    return features


FINE, LABELS = np.random.default_rng(0).normal(size=(6, 2)), np.array([0, 0, 1, 1, 2, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: h_score(np.ones((2, 3, 4)), [0, 1]),
            r"`features` has shape \(2, 3, 4\), .*flatten",
        ),
        (lambda: logme(np.ones((1, 3)), [0]), "`features` has 1 examples, expected at least 2"),
        (lambda: shrunk_h_score(broken(), LABELS), r"`features\[4, 1\]` is nan, expected finite"),
        (lambda: logme(FINE, broken(np.inf)), r"`targets\[4, 1\]` is inf, .* leave masked"),
        (lambda: h_score(FINE, LABELS / 2), r"`labels` is float64 of shape \(6,\), .*`discretize`"),
        (lambda: h_score(FINE, LABELS[:4]), "there are 4 targets for 6 rows of features"),
        (lambda: logme(FINE, np.ones((6, 2, 2))), r"`targets` has shape \(6, 2, 2\), expected"),
        (
            lambda: log_evidence(FINE, np.eye(6)[:, :3] * [1, 0, 1]),
            "output 1 of `answers` is always",
        ),
        (lambda: discretize(FINE, classes=1), "1 classes were asked for, expected at least 2"),
        (
            lambda: dds(FINE, FINE[:5]),
            "`source` has 6 examples and `target` 5, expected features of",
        ),
        (lambda: dds(FINE, FINE[:3]), "`target` has 3 examples, expected at least 4"),
        (lambda: dds(FINE, FINE, kernel="rbf"), 'kernel is "rbf", expected "laplacian"'),
        (lambda: dds(FINE, FINE, normalize="l2"), 'normalize is "l2", expected "z"'),
        (lambda: average_rank([1, 2], better="larger"), r"`table` has shape \(2,\), expected"),
        (lambda: average_rank(broken(np.inf), better="larger"), r"`table\[4, 1\]` is infinite"),
        (lambda: average_rank(FINE, better="lower"), 'better is "lower", expected "larger"'),
    ],
)
def test_errors_say_what_is_wrong_and_where(call, message):
    with pytest.raises(InvalidTableError, match=message):
        call()
