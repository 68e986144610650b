"""Methods from win rates to affinities: by hand, by an optimizer, by finite differences."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from scipy.special import logit

import taskgraph as tg
from taskgraph.affinity import (
    TOURNAMENT_METHODS,
    affinity_by_method,
    affinity_from_wins,
    bradley_terry,
    closed_shares,
    interval,
    win_rates,
)
from taskgraph.affinity.bradley_terry import mm_step
from taskgraph.cli import run
from taskgraph.errors import ConvergenceError, InvalidProblemError, InvalidTableError
from tests.examples import examples

METHODS = list(TOURNAMENT_METHODS)


def tournament(upper):
    """Win rates of which opposite ones sum to 1, from the entries above the diagonal."""
    wins = np.triu(upper, 1)
    return wins + np.tril(1 - wins.T, -1) + 0.5 * np.eye(len(wins))


tournaments = st.integers(2, 6).flatmap(
    lambda e: arrays(float, (e, e), elements=st.integers(0, 100).map(lambda k: k / 100))
)


def by_optimizer(wins):
    """Bradley-Terry strengths by SciPy, on the plain log-likelihood summed over all pairs."""
    size = len(wins)
    pairs = list(itertools.permutations(range(size), 2))

    def loss(position):
        return sum(wins[i, j] * np.log1p(np.exp(position[j] - position[i])) for i, j in pairs)

    found = minimize(loss, np.zeros(size), method="BFGS", options={"gtol": 1e-9}).x
    return np.exp(found) / np.exp(found).sum()


@examples(times=0.3)
@given(tournaments)
def test_bradley_terry_is_the_maximum_of_the_likelihood(upper):
    wins = tournament(upper)
    shares = np.clip(wins, 0.01, 0.99)
    found = affinity_by_method(wins, "bradley-terry", clip=0.01)
    assert np.log(found) == pytest.approx(np.log(by_optimizer(shares)), abs=2e-4)
    assert found.sum() == pytest.approx(1)


@given(tournaments)
def test_bradley_terry_is_a_fixed_point_of_the_mm_algorithm(upper):
    wins = np.clip(tournament(upper), 1e-3, 1 - 1e-3)[None]
    found = bradley_terry(wins)
    off = ~np.eye(wins.shape[1], dtype=bool)
    again = mm_step(found, (wins + wins.swapaxes(1, 2)) * off, (wins * off).sum(axis=2))
    np.testing.assert_allclose(again, found, rtol=1e-7)


def test_bradley_terry_of_a_champion_and_of_many_at_once():
    """The second tournament has a chain of near certain wins, far from the first one's start."""
    chain = np.where(np.arange(6)[:, None] < np.arange(6), 0.9999, 0.0001)
    both = np.stack([np.full((6, 6), 0.5), chain])
    found = bradley_terry(both)
    np.testing.assert_allclose(found[0], 1 / 6)
    np.testing.assert_allclose(found[1], bradley_terry(chain[None])[0], rtol=1e-9)
    wins = chain - np.diag(np.diag(chain))
    expected = found[1][:, None] / (found[1][:, None] + found[1])
    np.fill_diagonal(expected, 0.0)
    np.testing.assert_allclose(expected.sum(axis=1), wins.sum(axis=1), rtol=1e-8)


def test_a_likelihood_without_maximum_says_what_to_raise():
    never = np.where(np.arange(3)[:, None] < np.arange(3), 1.0, 0.0)
    with (
        np.errstate(all="ignore"),
        pytest.raises(ConvergenceError, match=r"did not converge.* raise clip, which bounds them"),
    ):
        bradley_terry(never[None])


@given(tournaments)
def test_the_geometric_mean_by_loops(upper):
    wins = tournament(upper)
    product = []
    for i in range(len(wins)):
        factors = [1.0]
        for j in range(len(wins)):
            if i != j:
                share = min(max(wins[i, j], 1e-3), 1 - 1e-3)
                factors.append(share / min(max(wins[j, i], 1e-3), 1 - 1e-3))
        product.append(np.prod(factors) ** (1 / len(wins)))
    expected = np.array(product) / np.sum(product)
    assert affinity_by_method(wins, "geometric-mean") == pytest.approx(expected, rel=1e-9)


def test_mean_win_rates_by_hand():
    wins = np.array([[0.5, 0.8, 1.0], [0.2, 0.5, 0.7], [0.0, 0.3, 0.5]])
    assert affinity_by_method(wins, "win-rate") == pytest.approx(np.array([1.8, 0.9, 0.3]) / 3)
    assert affinity_by_method(np.full((1, 1), 0.5), "win-rate") == pytest.approx([1.0])
    tied = np.zeros((2, 2))
    assert affinity_by_method(tied, "win-rate", ties="strict") == pytest.approx([0.5, 0.5])


@examples(times=0.5)
@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=8))
def test_methods_of_odds_agree_on_consistent_win_rates(strengths):
    s = np.array(strengths)
    wins = s[:, None] / (s[:, None] + s)
    for method in ("ahp", "geometric-mean", "bradley-terry"):
        assert affinity_by_method(wins, method) == pytest.approx(s / s.sum(), rel=1e-7)
    order = np.argsort(affinity_by_method(wins, "win-rate"), kind="stable")
    assert (np.diff(s[order]) >= -1e-9).all()


@given(tournaments)
def test_ahp_is_the_same_as_before(upper):
    wins = tournament(upper)
    np.testing.assert_array_equal(affinity_by_method(wins), affinity_from_wins(wins))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ties", ["half", "strict"])
def test_the_derivative_is_a_finite_difference(method, ties):
    rng = np.random.default_rng(3)
    shares = rng.uniform(0.2, 0.8, size=(5, 5))
    shares = tournament(shares) if ties == "half" else 0.8 * tournament(shares)
    np.fill_diagonal(shares, 0.5)
    affinity, slopes, own, other = interval._derivative(shares, 1e-3, method)
    change = rng.normal(size=shares.shape)
    np.fill_diagonal(change, 0.0)
    expected = slopes @ ((own * change).sum(axis=1) - (other * change.T).sum(axis=1))
    step = 1e-6
    ends = [
        logit(TOURNAMENT_METHODS[method].affinities((shares + sign * step * change)[None], 1e-3)[0])
        for sign in (-1, 1)
    ]
    np.testing.assert_allclose((ends[1] - ends[0]) / (2 * step), expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        affinity, TOURNAMENT_METHODS[method].affinities(shares[None], 1e-3)[0], rtol=1e-12
    )


def some_losses(images=60, seed=0):
    rng = np.random.default_rng(seed)
    names = ("a", "b", "a+b", "scratch", "self")
    level = np.array([0.6, 0.5, 0.45, 0.9, 0.3])
    rows = [
        {"target": "t", "sources": s, "image": f"{i:03d}", "loss": loss, "cluster": f"c{i % 12}"}
        for s, mean in zip(names, level, strict=True)
        for i, loss in enumerate(mean + 0.4 * rng.normal(size=images))
    ]
    return tg.Losses.from_frame(pd.DataFrame(rows))


@pytest.mark.parametrize("method", METHODS)
def test_affinities_bootstrap_and_intervals_follow_the_method(method):
    losses = some_losses()
    found = tg.affinities(losses, method=method, bootstrap=400, seed=1)
    frame = found.transfers.frame.set_index("sources")
    rows = losses.by_target["t"]
    kept = [k for k, name in enumerate(rows.sources) if name != "scratch"]
    expected = affinity_by_method(win_rates(rows.values[kept]), method)
    names = [rows.sources[k] for k in kept]
    assert frame.loc[names, "affinity"].to_numpy() == pytest.approx(expected)
    assert (frame["low"] <= frame["affinity"])[names].all()
    assert (frame["high"] >= frame["affinity"])[names].all()
    resampled = logit(found.resamples[:, : len(names)])
    width = logit(frame.loc[found.transfers.frame["sources"][: len(names)], "high"]) - logit(
        frame.loc[found.transfers.frame["sources"][: len(names)], "low"]
    )
    # Student's t of 11 degrees of freedom: 2.2 standard errors to each side, and a little more.
    np.testing.assert_allclose(width / (4.4 * resampled.std(axis=0)), 1.05, atol=0.25)


def test_an_unknown_method_is_named_with_those_that_exist(tmp_path, capsys):
    with pytest.raises(InvalidTableError, match='method is "elo", expected one of ahp, geometric'):
        tg.affinities(some_losses(), method="elo")
    path = tmp_path / "losses.csv"
    some_losses().to_frame().to_csv(path, index=False)
    out = ["-o", str(tmp_path / "t.csv")]
    assert run(["affinity", str(path), *out, "--method", "rank"]) == 2
    said = "--method is rank, which is for single scores; expected one of ahp, geometric-mean,"
    assert said in capsys.readouterr().err
    scores = tmp_path / "scores.csv"
    scores.write_text("sources,target,score\na,t,1\nb,t,2\n")
    words = ["affinity", str(scores), *out, "--higher-is-better", "--method", "bradley-terry"]
    assert run(words) == 2
    assert "single scores allow no tournament, so expected one of rank, softmax" in (
        capsys.readouterr().err
    )


def test_the_command_line_has_each_method(tmp_path):
    path, out = tmp_path / "losses.csv", tmp_path / "t.csv"
    some_losses().to_frame().to_csv(path, index=False)
    for method in METHODS:
        assert run(["affinity", str(path), "-o", str(out), "--method", method]) == 0
        expected = tg.affinities(some_losses(), method=method).transfers.frame
        assert pd.read_csv(out)["affinity"].to_numpy() == pytest.approx(
            expected["affinity"].to_numpy(), nan_ok=True
        )
    wins = pd.DataFrame(
        [("t", "a", "b", 0.8), ("t", "a", "self", 0.4), ("t", "b", "self", 0.1)],
        columns=["target", "sources", "versus", "wins"],
    )
    wins.to_csv(path, index=False)
    assert run(["affinity", str(path), "-o", str(out), "--method", "win-rate"]) == 0
    found = pd.read_csv(out).set_index("sources")["affinity"]
    assert found[["a", "b", "self"]].tolist() == pytest.approx([0.4, 0.1, 0.5])


def test_the_closed_share_by_hand():
    found = closed_shares(np.array([5.0, 4.0, 3.0, 1.0, 2.0]), 4.0, 2.0)
    assert found.tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert np.isnan(closed_shares(np.ones(2), np.nan, 1.0)).all()
    assert np.isnan(closed_shares(np.ones(2), 1.0, 1.0)).all()


def test_closed_is_a_column_and_an_objective():
    losses = some_losses()
    table = tg.affinities(losses).transfers
    mean = losses.by_target["t"].values.mean(axis=1)
    known = dict(zip(losses.by_target["t"].sources, mean, strict=True))
    expected = (known["scratch"] - known["a+b"]) / (known["scratch"] - known["self"])
    assert table.row_of("t", "a+b")["closed"] == pytest.approx(expected)
    assert table.row_of("t", "self")["closed"] == 1
    assert table.row_of("t", "scratch")["closed"] == 0
    found = tg.solve(table, objective="closed", budget=2, target_only=["t"])
    assert found.supervised == ("a", "b")
    assert found.objective_value == pytest.approx(expected)
    assert found["t"].closed == pytest.approx(expected)
    assert "closed" in found.to_frame()


@pytest.mark.parametrize("missing", ["scratch", "self"])
def test_a_target_without_references_has_no_closed_share(missing):
    frame = some_losses().to_frame()
    more = frame[frame["sources"] != missing].assign(target="u")
    table = tg.affinities(tg.Losses.from_frame(pd.concat([frame, more]))).transfers
    said = (
        '^the objective "closed" needs losses of "scratch" and of "self", of which "self" has the '
        "smaller mean, which these targets lack: u; measure them, leave the targets out with "
    )
    with pytest.raises(InvalidProblemError, match=said):
        tg.solve(table, objective="closed", budget=2)
    assert tg.solve(table, objective="closed", budget=2, source_only=["u"]).solved
    with pytest.raises(InvalidProblemError, match="`taskgraph affinity` makes it of losses of"):
        tg.solve(tg.Transfers(table.frame.drop(columns="closed")), objective="closed")
    with pytest.raises(
        InvalidTableError, match=r"closed is 1\.5, expected a share between 0 and 1"
    ):
        tg.Transfers(table.frame.assign(closed=1.5))
