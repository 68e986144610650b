"""Accuracies on the twelve pairs of Office+Caltech-10: SURF features, all source images labeled."""

from __future__ import annotations

import importlib.util
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import zscore
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.adaptation.estimators import GeodesicFlowClassifier
from benchmarks.adaptation.subspaces import THRESHOLD, choose_dimension
from benchmarks.data.registry import load
from benchmarks.results.markdown import number, table
from taskgraph.arrays import Floats, Integers

DOMAINS = {"C": "caltech", "A": "amazon", "W": "webcam", "D": "dslr"}
PAPER_DIMENSIONS = {"AC": 20, "AD": 20, "AW": 10, "CD": 10, "CW": 20, "DW": 10}
"""Dimension of each pair of domains, in either direction, in the authors' demonstration."""

NEIGHBOR, PAPER_GFK, CHOSEN_GFK = "1-NN", "GFK", "GFK, chosen dimension"
ALIGNMENT, CORAL, TCA, TRANSPORT = "subspace alignment", "CORAL", "TCA", "optimal transport"
ALIGNMENT_DIMENSION, TCA_DIMENSION = 20, 20
STATES = range(5)
"""States of the random numbers of skada's subspace alignment, whose PCA is a randomized one."""

DomainFeatures = tuple[Floats, Integers]
"""(N, 800) standardized features and (N,) classes."""


@dataclass(frozen=True)
class PairAccuracy:
    """The accuracy of one method on one pair.

    Attributes
    ----------
    source, target : str
        Letters of `DOMAINS`.
    method : str
    dimension : int, optional
        Dimension of the subspaces; None for methods without.
    accuracy : float
        Percent of the target's images that are classified correctly; larger is better.
    state : int, optional
        Seed of the method's random numbers; None where nothing is random.
    seconds : float
        Duration of fitting and classifying.
    """

    source: str
    target: str
    method: str
    dimension: int | None
    accuracy: float
    seconds: float
    state: int | None = None


def read_domains(root: Path | None = None) -> dict[str, DomainFeatures]:
    """Return the four domains by letter: rows divided by their sums, then z-scores of columns.

    Each domain is standardized by itself (with ddof = 0), as in the authors' demonstration.

    Parameters
    ----------
    root : Path, optional
        The user's folder of data sets, which holds ``office_caltech``.

    Raises
    ------
    MissingDataError
        If a file is not there.
    """
    found = {}
    for letter, name in DOMAINS.items():
        data = load(f"office-{name}", root)
        assert data.labels is not None
        shares = data.inputs / data.inputs.sum(axis=1, keepdims=True)
        found[letter] = (np.nan_to_num(zscore(shares)), data.labels)
    return found


def office_caltech_table(
    root: Path | None = None,
    *,
    threshold: float | None = THRESHOLD,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> list[PairAccuracy]:
    """Return the accuracy of each method on each pair, all source images labeled.

    The methods are 1-NN on the features; GFK with PCA subspaces and the authors' dimension; GFK
    with the dimension that subspace disagreement chooses; and, where skada is installed, its
    subspace alignment (20 dimensions), CORAL (regularization .5), TCA (linear, 20 dimensions) and
    optimal transport. All classify by 1-NN, and no target label is used. Nothing is random but
    skada's subspace alignment, whose randomized PCA moves accuracies by points: it has one row a
    state of `STATES`.

    Parameters
    ----------
    root : Path, optional
        See `read_domains`.
    threshold : float, optional
        See `choose_dimension`; None leaves the chosen dimension out.
    pairs : sequence of (source, target), optional
        Letters of `DOMAINS`; by default all twelve pairs.

    Raises
    ------
    MissingDataError
        If a file is not there.
    """
    domains = read_domains(root)
    rows = []
    for source, target in pairs or itertools.permutations(DOMAINS, 2):
        paper = PAPER_DIMENSIONS["".join(sorted(source + target))]
        both = domains[source], domains[target]
        for method, dimension, state, estimator in _methods(*both, paper, threshold):
            start = time.perf_counter()
            accuracy = _accuracy(estimator, *both)
            seconds = round(time.perf_counter() - start, 3)
            rows.append(PairAccuracy(source, target, method, dimension, accuracy, seconds, state))
    return rows


def as_markdown(rows: Sequence[PairAccuracy]) -> str:
    """Return the accuracies as a table: a row a pair, a column a method, dimensions in brackets.

    A method with several states has its mean ± the standard deviation over them. The last row has
    the means over pairs.
    """
    methods = list(dict.fromkeys(row.method for row in rows))
    pairs = list(dict.fromkeys((row.source, row.target) for row in rows))
    cells: dict[tuple[str, str, str], list[PairAccuracy]] = {}
    for row in rows:
        cells.setdefault((row.source, row.target, row.method), []).append(row)
    lines = [
        [f"{pair[0]} → {pair[1]}", *(_cell(cells.get((*pair, method), [])) for method in methods)]
        for pair in pairs
    ]
    means = [
        number(np.mean([row.accuracy for row in rows if row.method == method]), 2)
        for method in methods
    ]
    return table(["pair", *(f"{method}:" for method in methods)], [*lines, ["mean", *means]])


def _cell(rows: Sequence[PairAccuracy]) -> str:
    """Return the accuracy, its deviation over states, and the dimension."""
    if not rows:
        return "–"
    values = [row.accuracy for row in rows]
    spread = f" ± {number(np.std(values, ddof=1), 2)}" if len(rows) > 1 else ""
    dimension = f" ({rows[0].dimension})" if rows[0].dimension else ""
    return number(np.mean(values), 2) + spread + dimension


def _methods(
    source: DomainFeatures, target: DomainFeatures, paper: int, threshold: float | None
) -> Iterator[tuple[str, int | None, int | None, Any]]:
    """Yield the name, the dimension, the state and the estimator of each method."""
    yield NEIGHBOR, None, None, None
    yield PAPER_GFK, paper, None, GeodesicFlowClassifier(paper)
    if threshold is not None:
        chosen = choose_dimension(source[0], target[0], threshold=threshold)
        yield CHOSEN_GFK, chosen, None, GeodesicFlowClassifier(chosen)
    if importlib.util.find_spec("skada") is None:
        return
    import skada

    alignment, components = skada.SubspaceAlignmentAdapter, skada.TransferComponentAnalysisAdapter
    for state in STATES:
        adapter = alignment(ALIGNMENT_DIMENSION, random_state=state)
        yield ALIGNMENT, ALIGNMENT_DIMENSION, state, _pipeline(adapter)
    yield CORAL, None, None, _pipeline(skada.CORALAdapter(reg=0.5))
    yield TCA, TCA_DIMENSION, None, _pipeline(components("linear", TCA_DIMENSION))
    yield TRANSPORT, None, None, _pipeline(skada.OTMappingAdapter())


def _pipeline(adapter: Any) -> Any:
    """Return skada's pipeline of an adapter and 1-NN."""
    import skada

    return skada.make_da_pipeline(adapter, KNeighborsClassifier(1))


def _accuracy(estimator: Any, source: DomainFeatures, target: DomainFeatures) -> float:
    """Return the percent of the target that an estimator classifies correctly.

    The estimator sees the target's features, and −1 as the class of each target image, which is
    how skada marks a hidden label.
    """
    if estimator is None:
        return 100 * float(KNeighborsClassifier(1).fit(*source).score(*target))
    features = np.concatenate([source[0], target[0]])
    labels = np.concatenate([source[1], np.full(len(target[1]), -1)])
    domain = np.concatenate([np.ones(len(source[1]), int), np.full(len(target[1]), -2)])
    estimator.fit(features, labels, sample_domain=domain)
    return 100 * float((estimator.predict(target[0]) == target[1]).mean())
