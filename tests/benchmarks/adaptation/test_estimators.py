"""The kernel behind scikit-learn's interface, and skada's where it is installed."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from benchmarks.adaptation.estimators import GeodesicFlowClassifier, GeodesicFlowKernel
from benchmarks.adaptation.gfk import geodesic_flow
from benchmarks.adaptation.subspaces import choose_dimension, pca_basis, pls_basis
from taskgraph.errors import InvalidTableError


def domains(seed=0):
    """Two domains of three classes: the target's features are turned and shifted."""
    rng = np.random.default_rng(seed)
    labels = np.tile([0, 1, 2], 30)
    centers = rng.normal(size=(3, 10)) * 4
    source = centers[labels] + rng.normal(size=(90, 10))
    turn, upper = np.linalg.qr(np.eye(10) + 0.1 * rng.normal(size=(10, 10)))
    turn *= np.sign(np.diag(upper))
    target = (centers[labels] + rng.normal(size=(90, 10))) @ turn
    features = np.concatenate([each - each.mean(axis=0) for each in (source, target)])
    return features, np.tile(labels, 2), np.repeat([1, -2], 90)


@parametrize_with_checks([GeodesicFlowClassifier(1), GeodesicFlowKernel(1)])
def test_scikit_learns_checks(estimator, check):
    """Every check runs. Many checks have two features, of which a subspace may have one."""
    check(estimator)


def test_the_classifier_finds_the_nearest_source_row_in_the_distance_of_the_matrix():
    features, labels, domain = domains()
    masked = np.where(domain > 0, labels, -1)
    fitted = GeodesicFlowClassifier(3).fit(features, masked, sample_domain=domain)
    source, target = features[domain > 0], features[domain < 0]
    flow = geodesic_flow(pca_basis(source, 3), pca_basis(target, 3))
    matrix = flow.multiply(np.eye(10))
    gaps = target[:, None] - source[None]
    nearest = np.einsum("tsi,ij,tsj->ts", gaps, matrix, gaps).argmin(axis=1)
    assert (fitted.predict(target) == labels[domain > 0][nearest]).all()
    assert fitted.classes_.tolist() == [0, 1, 2], "the mark of hidden labels is no class"
    assert fitted.score(target, labels[domain < 0]) > 0.8


def test_the_default_dimension_is_that_of_subspace_disagreement():
    features, labels, domain = domains()
    fitted = GeodesicFlowKernel(threshold=0.5).fit(features, labels, sample_domain=domain)
    source, target = features[domain > 0], features[domain < 0]
    assert fitted.n_components_ == choose_dimension(source, target, threshold=0.5)


def test_pls_takes_the_classes_of_the_source_alone():
    features, labels, domain = domains()
    kernel = GeodesicFlowKernel(2, source_subspace="pls")
    fitted = kernel.fit(features, np.where(domain > 0, labels, -1), sample_domain=domain)
    source, target = features[domain > 0], features[domain < 0]
    flow = geodesic_flow(pls_basis(source, labels[domain > 0], 2), pca_basis(target, 2))
    assert np.allclose(fitted.kernel(features), flow.kernel(features, features))


def test_the_kernel_serves_a_support_vector_machine_and_features_serve_a_pipeline():
    features, labels, domain = domains()
    kernel = GeodesicFlowKernel(3).fit(features, sample_domain=domain)
    source, target = domain > 0, domain < 0
    machine = SVC(kernel="precomputed").fit(kernel.kernel(features[source]), labels[source])
    linear = SVC(kernel="linear").fit(kernel.transform(features[source]), labels[source])
    predicted = machine.predict(kernel.kernel(features[target], features[source]))
    assert (predicted == linear.predict(kernel.transform(features[target]))).all()
    grid = GridSearchCV(
        make_pipeline(GeodesicFlowKernel(), KNeighborsClassifier(1)),
        {"geodesicflowkernel__n_components": [1, 3]},
        cv=3,
    ).fit(features[source], labels[source])
    assert grid.best_score_ > 0.9


def test_without_domains_the_flow_stands_still():
    features, labels, _ = domains()
    fitted = GeodesicFlowClassifier(3).fit(features, labels)
    axes = pca_basis(features, 3)
    plain = KNeighborsClassifier(1).fit(features @ axes, labels)
    assert not fitted.kernel_.flow_.angles.any()
    other = np.random.default_rng(5).normal(size=(40, 10)) * 3
    assert (fitted.predict(other) == plain.predict(other @ axes)).all()


@pytest.mark.parametrize(
    ("kernel", "domain", "words"),
    [
        (GeodesicFlowKernel(6), [1, 1, 1, -1, -1, -1], "n_components is 6, expected 1 to 5: at mo"),
        (GeodesicFlowKernel(0), [1, 1, 1, -1, -1, -1], "n_components is 0, expected 1 to 5"),
        (GeodesicFlowKernel(3), [1, 1, 1, -1, -1, -1], "PCA subspace is 3, expected 1 to 2, the r"),
        (GeodesicFlowKernel(1), [1, 1, 1, 0, -1, -1], "sample_domain of row 3 is 0, expected a p"),
        (GeodesicFlowKernel(1), [1] * 6, "names no row of the target, expected negative"),
        (GeodesicFlowKernel(1), [-1] * 6, "names no row of the source, expected positive"),
        (GeodesicFlowKernel(1), [1, -1], r"has the shape \(2,\), expected \(6,\)"),
        (
            GeodesicFlowKernel(1, source_subspace="lda"),
            [1, 1, 1, -1, -1, -1],
            'source_subspace is "lda", expected pca or pls',
        ),
        (
            GeodesicFlowKernel(1, source_subspace="pls"),
            [1, 1, 1, -1, -1, -1],
            "needs the labels y of the source",
        ),
    ],
)
def test_impossible_requests_say_what_was_expected(kernel, domain, words):
    with pytest.raises(InvalidTableError, match=words):
        kernel.fit(np.random.default_rng(0).normal(size=(6, 10)), sample_domain=domain)


def test_nan_is_refused():
    features, labels, domain = domains()
    features[3, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        GeodesicFlowClassifier(2).fit(features, labels, sample_domain=domain)


@pytest.mark.slow
def test_skadas_pipeline_takes_the_kernel_and_the_classifier():
    skada = pytest.importorskip("skada", reason="skada is not installed")
    features, labels, domain = domains()
    masked = np.where(domain > 0, labels, -1)
    own = GeodesicFlowClassifier(3).fit(features, masked, sample_domain=domain)
    expected = own.predict(features[domain < 0])
    kernel = GeodesicFlowKernel(3).set_fit_request(sample_domain=True)
    pipeline = skada.make_da_pipeline(kernel, KNeighborsClassifier(1))
    pipeline.fit(features, masked, sample_domain=domain)
    assert (pipeline.predict(features[domain < 0]) == expected).all()
