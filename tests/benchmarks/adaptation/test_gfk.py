"""The geodesic flow kernel: closed form against the integral, limits, and explicit matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad_vec
from scipy.stats import norm

from benchmarks.adaptation.gfk import geodesic_flow
from benchmarks.adaptation.rank_of_domain import rank_of_domain, symmetric_divergence
from benchmarks.adaptation.subspaces import (
    choose_dimension,
    pca_basis,
    pls_basis,
    principal_angles,
    subspace_disagreement,
)
from taskgraph.errors import InvalidTableError
from tests.examples import examples


def basis(rng, features, dimension):
    """A random orthonormal basis."""
    return np.linalg.qr(rng.normal(size=(features, dimension)))[0]


def explicit(flow):
    """G as a D × D matrix."""
    return flow.multiply(np.eye(len(flow.start)))


def rotated(features, angles):
    """Two bases of the first d axes, the second turned by these angles into the next d axes."""
    count = len(angles)
    source = np.eye(features)[:, :count]
    ahead = np.eye(features)[:, count : 2 * count]
    return source, source * np.cos(angles) + ahead * np.sin(angles)


sizes = st.tuples(st.integers(2, 12), st.integers(1, 6), st.integers(0, 10_000)).filter(
    lambda s: 2 * s[1] <= s[0]
)


@examples(times=0.2)
@given(sizes)
def test_the_closed_form_is_the_integral_of_the_flow(size):
    features, dimension, seed = size
    rng = np.random.default_rng(seed)
    flow = geodesic_flow(basis(rng, features, dimension), basis(rng, features, dimension))
    integral, _ = quad_vec(lambda t: flow.at(t) @ flow.at(t).T, 0, 1, epsabs=1e-13)
    assert np.abs(explicit(flow) - integral).max() < 1e-12


@examples(times=0.5)
@given(sizes)
def test_the_flow_leads_from_the_source_to_the_target_through_orthonormal_bases(size):
    features, dimension, seed = size
    rng = np.random.default_rng(seed)
    source, target = basis(rng, features, dimension), basis(rng, features, dimension)
    flow = geodesic_flow(source, target)
    for t in (0, 0.3, 1):
        assert np.allclose(flow.at(t).T @ flow.at(t), np.eye(dimension), atol=1e-12)
    assert np.allclose(flow.at(0) @ flow.at(0).T, source @ source.T, atol=1e-12)
    assert np.allclose(flow.at(1) @ flow.at(1).T, target @ target.T, atol=1e-12)
    assert np.allclose(flow.angles, principal_angles(source, target), atol=1e-7)


@examples(times=0.5)
@given(sizes)
def test_eigenvalues_are_those_of_the_formula_and_lie_between_0_and_1(size):
    features, dimension, seed = size
    rng = np.random.default_rng(seed)
    flow = geodesic_flow(basis(rng, features, dimension), basis(rng, features, dimension))
    ratio = np.sinc(flow.angles / np.pi)
    expected = np.zeros(features)
    expected[: 2 * dimension] = np.concatenate([(1 + ratio) / 2, (1 - ratio) / 2])
    values = np.linalg.eigvalsh(explicit(flow))
    assert np.allclose(np.sort(values), np.sort(expected), atol=1e-12)
    assert values.min() > -1e-12
    assert values.max() < 1 + 1e-12


@examples(times=0.5)
@given(sizes)
def test_bases_of_the_same_subspaces_give_the_same_kernel(size):
    features, dimension, seed = size
    rng = np.random.default_rng(seed)
    source, target = basis(rng, features, dimension), basis(rng, features, dimension)
    turned = [each @ basis(rng, dimension, dimension) for each in (source, target)]
    first, second = explicit(geodesic_flow(source, target)), explicit(geodesic_flow(*turned))
    assert np.allclose(first, second, atol=1e-10)
    whole = basis(rng, features, features)
    moved = explicit(geodesic_flow(whole @ source, whole @ target))
    assert np.allclose(moved, whole @ first @ whole.T, atol=1e-10)
    assert np.allclose(explicit(geodesic_flow(target, source)), first, atol=1e-10)


def test_equal_subspaces_give_the_projection():
    source = basis(np.random.default_rng(0), 9, 4)
    turned = source @ basis(np.random.default_rng(1), 4, 4)
    flow = geodesic_flow(source, turned)
    assert not flow.angles.any()
    assert np.allclose(explicit(flow), source @ source.T, atol=1e-14)


@pytest.mark.parametrize("angle", [1e-12, 1e-9, 1e-7, 1e-5, 4.9e-3, 5.1e-3, 0.1, 1.0, np.pi / 2])
def test_blocks_at_small_and_large_angles_match_exact_arithmetic(angle):
    """The oracle is mpmath with 50 digits."""
    import mpmath

    mpmath.mp.dps = 50
    flow = geodesic_flow(*rotated(4, np.array([angle, angle])))
    found = flow.angles[0]
    assert found == pytest.approx(0 if angle < 1e-10 else angle, rel=1e-12)
    exact = mpmath.mpf(float(found))
    if found:
        ratio = mpmath.sin(2 * exact) / (2 * exact)
        block = [[(1 + ratio) / 2, mpmath.sin(exact) ** 2 / exact / 2]]
        block.append([block[0][1], (1 - ratio) / 2])
    else:
        block = [[1, 0], [0, 0]]
    expected = np.array([[float(v) for v in row] for row in block])
    assert np.allclose(flow.blocks[0], expected, rtol=1e-11, atol=0)


def test_orthogonal_subspaces_have_the_limits_at_a_right_angle():
    flow = geodesic_flow(*rotated(6, np.full(3, np.pi / 2)))
    off = 1 / np.pi
    assert np.allclose(flow.blocks, [[0.5, off], [off, 0.5]])


def test_half_as_many_dimensions_as_features_is_the_most():
    rng = np.random.default_rng(3)
    flow = geodesic_flow(basis(rng, 8, 4), basis(rng, 8, 4))
    assert np.linalg.matrix_rank(explicit(flow)) == 8
    with pytest.raises(
        InvalidTableError, match=r"5 dimensions of 8, expected at most 4, half as many"
    ):
        geodesic_flow(basis(rng, 8, 5), basis(rng, 8, 5))


@examples(times=0.5)
@given(sizes)
def test_distances_and_products_are_those_of_the_matrix(size):
    features, dimension, seed = size
    rng = np.random.default_rng(seed)
    flow = geodesic_flow(basis(rng, features, dimension), basis(rng, features, dimension))
    first, second = rng.normal(size=(5, features)), rng.normal(size=(3, features))
    matrix = explicit(flow)
    assert np.allclose(flow.kernel(first, second), first @ matrix @ second.T, atol=1e-12)
    thin = flow.transform(first)
    assert thin.shape == (5, 2 * dimension)
    for i in range(5):
        for j in range(5):
            gap = first[i] - first[j]
            assert np.sum((thin[i] - thin[j]) ** 2) == pytest.approx(gap @ matrix @ gap, abs=1e-10)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        (np.eye(6)[:, :2], np.eye(6)[:, :3], r"shapes \(6, 2\) and \(6, 3\), expected twice"),
        (2 * np.eye(6)[:, :2], np.eye(6)[:, :2], "basis of the source is not orthonormal"),
        (np.eye(6)[:, :2], np.eye(6)[:, :2] * np.nan, "basis of the target is not orthonormal"),
    ],
)
def test_bases_that_are_none_are_refused(source, target, words):
    with pytest.raises(InvalidTableError, match=words):
        geodesic_flow(source, target)


# --- subspaces ---


def test_pca_is_that_of_scikit_learn():
    from sklearn.decomposition import PCA

    data = np.random.default_rng(0).normal(size=(30, 7)) * np.arange(1, 8)
    own, other = pca_basis(data, 3), PCA(3, svd_solver="full").fit(data).components_.T
    assert np.allclose(own * np.sign((own * other).sum(axis=0)), other)
    assert (own[np.abs(own).argmax(axis=0), range(3)] > 0).all()


def test_pls_finds_the_direction_of_the_classes_where_pca_finds_the_variance():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    data = rng.normal(size=(200, 6)) * [10, 1, 1, 1, 1, 1]
    data[:, 5] += 3 * labels
    data[labels == 0, 0] -= data[labels == 0, 0].mean()
    data[labels == 1, 0] -= data[labels == 1, 0].mean()
    assert np.abs(pca_basis(data, 1)[0, 0]) > 0.99
    found = pls_basis(data, labels, 2)
    gap = data[labels == 1].mean(axis=0) - data[labels == 0].mean(axis=0)
    assert np.allclose(np.abs(found[:, 0] @ gap), np.linalg.norm(gap)), "the difference of means"
    assert np.allclose(found.T @ found, np.eye(2))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: pca_basis(x, 4), "a PCA subspace is 4, expected 1 to 3, the rank of 4 samples"),
        (lambda x: pca_basis(x, 0), "is 0, expected 1 to 3"),
        (lambda x: pls_basis(x, np.array([0, 0, 1, 1]), 4), "a PLS subspace is 4, expected 1 to 3"),
        (lambda x: pls_basis(x, np.zeros(4), 1), "at least two classes, got 1; use PCA"),
        (lambda x: choose_dimension(x, x, threshold=1), r"threshold is 1, expected a number with"),
        (lambda x: choose_dimension(x[:1], x), "no dimension can be chosen for 1 source and 4"),
    ],
)
def test_subspaces_that_the_data_do_not_have_are_refused(make, words):
    with pytest.raises(InvalidTableError, match=words):
        make(np.random.default_rng(0).normal(size=(4, 9)))


def test_disagreement_is_the_sine_of_the_true_principal_angles():
    """The oracle computes both angles from projections instead of `subspace_angles`."""
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(40, 10)), rng.normal(size=(30, 10)) * np.linspace(3, 1, 10)
    found = list(subspace_disagreement(source, target))
    assert len(found) == 5
    for d, value in enumerate(found, 1):
        pooled = pca_basis(np.concatenate([source, target]), d)
        outside = [each - pooled @ (pooled.T @ each) for each in (pca_basis(source, d),)]
        outside += [each - pooled @ (pooled.T @ each) for each in (pca_basis(target, d),)]
        assert value == pytest.approx(np.mean([np.linalg.norm(each, 2) for each in outside]))
    first = next(d for d, value in enumerate(found, 1) if value > 0.6)
    assert choose_dimension(source, target, threshold=0.6) == first
    most = int(np.argmax(found)) + 1
    assert choose_dimension(source, target, threshold=1 - 1e-12) == most


def test_disagreement_of_equal_domains_is_zero():
    data = np.random.default_rng(0).normal(size=(40, 6))
    assert np.allclose(list(subspace_disagreement(data, data)), 0, atol=1e-7)


# --- rank of domain ---


def test_the_divergence_is_that_of_numerical_integration():
    p, q = norm(0.3, 1.2), norm(-0.5, 0.8)
    grid = np.linspace(-12, 12, 200_001)
    gap = (p.pdf(grid) - q.pdf(grid)) * (p.logpdf(grid) - q.logpdf(grid))
    expected = np.trapezoid(gap, grid)
    quantiles = (np.arange(400_000) + 0.5) / 400_000
    found = symmetric_divergence(p.ppf(quantiles)[:, None], q.ppf(quantiles)[:, None])
    assert found[0] == pytest.approx(expected, rel=1e-3)


def test_a_domain_ranks_itself_best_and_the_rank_is_symmetric():
    rng = np.random.default_rng(0)
    scale = np.array([5, 4, 3, 1, 0.5, 0.2])
    source, near = rng.normal(size=(200, 6)) * scale, rng.normal(size=(200, 6)) * scale
    far = rng.normal(size=(200, 6)) * scale[::-1] + 1
    assert rank_of_domain(source, source, 2) == pytest.approx(0, abs=1e-6)
    assert rank_of_domain(source, near, 2) < rank_of_domain(source, far, 2)
    assert rank_of_domain(source, far, 2) == pytest.approx(rank_of_domain(far, source, 2))
    with pytest.raises(InvalidTableError, match="second domain has no variance along principal"):
        symmetric_divergence(source, np.ones((5, 6)))
