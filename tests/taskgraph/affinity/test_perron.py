"""Perron vectors beside mpmath, closed forms and exact rationals, where power iteration is slow."""

from fractions import Fraction

import numpy as np
import pytest

from taskgraph.affinity import affinity_from_wins, consistency_ratio
from taskgraph.affinity.perron import TOLERANCE, perron_vectors
from taskgraph.errors import ConvergenceError

mpmath = pytest.importorskip("mpmath", reason="the reference of these tests is mpmath")

CLIPS = [1e-3, 1e-6, 1e-9]


def ring(size):
    """Win rates of a cycle: each candidate always beats the next half of the ring."""
    ahead = (np.arange(size) - np.arange(size)[:, None]) % size
    return np.where(ahead == 0, 0.5, np.where(2 * ahead < size, 1.0, 0.0)) + 0.5 * (
        2 * ahead == size
    )


def tiers(count, size=3):
    """Rings, each of which always beats all later ones."""
    wins = np.kron(np.triu(np.ones((count, count)), 1), np.ones((size, size)))
    return wins + np.kron(np.eye(count), ring(size))


def reference(wins, clip, digits=60):
    """The Perron vector by repeated squaring in ``digits`` digits, of unrounded odds."""
    with mpmath.workdps(digits):
        low, high = mpmath.mpf(clip), 1 - mpmath.mpf(clip)
        size = len(wins)
        shares = [[min(max(mpmath.mpf(w), low), high) for w in row] for row in wins.tolist()]
        power = mpmath.matrix(size, size)
        for i in range(size):
            for j in range(size):
                power[i, j] = shares[i][j] / shares[j][i] if i != j else mpmath.mpf(1)
        before = None
        for _ in range(200):
            power = power * power
            power /= sum(power)
            vector = [sum(power[i, :]) for i in range(size)]
            if before and max(abs(a / b - 1) for a, b in zip(vector, before, strict=True)) < 1e-30:
                return np.array([float(v) for v in vector])
            before = vector
    raise AssertionError("the reference does not settle")


def tiers_by_hand(count, clip, size=3):
    """Candidates of a ring are alike, so that a (count, count) matrix has the ring's entries."""
    with mpmath.workdps(60):
        low, high = mpmath.mpf(clip), 1 - mpmath.mpf(clip)
        odds, half = high / low, (size - 1) // 2
        small = mpmath.matrix(count, count)
        for i in range(count):
            for j in range(count):
                small[i, j] = size * (odds if i < j else 1 / odds)
            small[i, i] = 1 + half * (odds + 1 / odds)
        values, vectors = mpmath.eig(small)
        first = max(range(count), key=lambda k: mpmath.re(values[k]))
        vector = [abs(mpmath.re(vectors[k, first])) for k in range(count)]
        return np.repeat([float(v / sum(vector) / size) for v in vector], size)


@pytest.mark.parametrize("clip", CLIPS)
def test_two_tiers_of_cycles_by_hand(clip):
    """The odds o = (1 - c) / c within 2 x 2: the upper tier is o times as good, whatever c is."""
    odds = float((1 - Fraction(clip)) / Fraction(clip))
    upper = odds / (odds + 1) / 3
    found = affinity_from_wins(tiers(2), clip=clip)
    assert found == pytest.approx([upper] * 3 + [upper / odds] * 3, rel=1e-16 / clip + 1e-12)
    assert found == pytest.approx(reference(tiers(2), clip), rel=1e-16 / clip + 1e-12)


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize(("count", "size"), [(3, 3), (4, 5), (12, 5), (20, 3)])
def test_many_tiers_equal_the_small_matrix_of_tiers(count, size, clip):
    found = affinity_from_wins(tiers(count, size), clip=clip)
    assert len(found) == count * size <= 60
    expected = tiers_by_hand(count, clip, size)
    assert found == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("seed", range(5))
def test_near_tiers_equal_a_reference_of_60_digits(clip, seed):
    """Win rates near the two tiers, where power iteration lost three digits without saying so."""
    rng = np.random.default_rng(seed)
    wins = tiers(2)
    upper = np.triu(np.abs(wins - rng.uniform(0, 0.01, wins.shape)), 1)
    wins = upper + np.tril(1 - upper.T, -1) + 0.5 * np.eye(6)
    found = affinity_from_wins(wins, clip=clip)
    np.testing.assert_allclose(found, reference(wins, clip), rtol=1e-10)


@pytest.mark.parametrize("clip", CLIPS)
def test_random_sharp_tournaments_equal_the_reference(clip):
    """Win rates of 0 and 1 and ties alone: every shape of cycles and tiers."""
    rng = np.random.default_rng(3)
    for size in (3, 4, 5, 7, 9):
        upper = np.triu(rng.choice([0.0, 0.5, 1.0], (size, size), p=[0.45, 0.1, 0.45]), 1)
        wins = upper + np.tril(1 - upper.T, -1) + 0.5 * np.eye(size)
        expected = reference(wins, clip)
        np.testing.assert_allclose(
            affinity_from_wins(wins, clip=clip), expected, rtol=1e-15 / clip + 1e-11
        )


def test_sharp_tournaments_of_sixty_agree_with_lapack():
    rng = np.random.default_rng(5)
    for _ in range(5):
        upper = np.triu(rng.choice([0.0, 1.0, 0.7], (60, 60)), 1)
        wins = upper + np.tril(1 - upper.T, -1) + 0.5 * np.eye(60)
        shares = np.clip(wins, 1e-3, 1 - 1e-3)
        values, vectors = np.linalg.eig(shares / shares.T)
        first = np.abs(vectors[:, values.real.argmax()].real)
        np.testing.assert_allclose(affinity_from_wins(wins), first / first.sum(), rtol=1e-8)


def test_a_batch_mixes_both_methods():
    """Members that power iteration finds, and members that are squared, stay in their places."""
    easy = np.full((6, 6), 0.5)
    wins = np.stack([easy, tiers(2), easy, tiers(2)[::-1, ::-1]])
    found = affinity_from_wins(wins)
    for one, row in zip(wins, found, strict=True):
        np.testing.assert_allclose(row, reference(one, 1e-3), rtol=1e-11)


def test_the_proven_error_holds_for_slow_and_fast_matrices():
    """Positive matrices made around a known vector: M = D S / D with a stochastic S."""
    rng = np.random.default_rng(0)
    for sharpness in (0.1, 1.0, 5.0, 20.0):
        chain = np.exp(sharpness * rng.normal(size=(50, 7, 7)))
        chain /= chain.sum(axis=2, keepdims=True)
        vector = np.exp(3 * rng.normal(size=(50, 7)))
        found = perron_vectors(vector[:, :, None] * chain / vector[:, None, :])
        expected = vector / vector.sum(axis=1, keepdims=True)
        slack = TOLERANCE + 1e-14 / spectral_gap(chain)
        assert (np.abs(found / expected - 1).max(axis=1) <= slack).all()


def spectral_gap(chain):
    values = np.sort(np.abs(np.linalg.eigvals(chain)), axis=1)
    return 1 - values[:, -2]


@pytest.mark.parametrize(("wins", "expected"), [([[0.5]], [1.0]), ([[0.5, 1], [0, 0.5]], None)])
@pytest.mark.parametrize("clip", [1e-3, 1e-9])
def test_one_and_two_candidates(wins, expected, clip):
    found = affinity_from_wins(wins, clip=clip)
    expected = expected or [1 - clip, clip]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert consistency_ratio(wins, clip=clip).ratio == 0.0


def test_the_eigenvalue_of_two_tiers_by_hand():
    """1 + o + 1 / o of the ring, and 3 from the geometric mean of both tiers' odds."""
    assert consistency_ratio(tiers(2)).largest_eigenvalue == pytest.approx(
        1 + 999 + 1 / 999 + 3, rel=1e-12
    )


def test_odds_beyond_double_precision_are_refused():
    with pytest.raises(ConvergenceError, match=r"go from 1e-300 to 1e\+300: .* raise clip"):
        affinity_from_wins(tiers(2), clip=1e-300)


@pytest.mark.parametrize("name", ["tol", "max_iter"])
def test_the_old_arguments_are_deprecated_and_change_nothing(name):
    wins = tiers(2)
    with pytest.warns(DeprecationWarning, match=f"^{name} has no effect any more: .* leave it out"):
        found = affinity_from_wins(wins, **{name: 1})
    np.testing.assert_array_equal(found, affinity_from_wins(wins))
