"""The closed-form sweep, against each transfer solved on its own."""

from __future__ import annotations

import dataclasses
from itertools import combinations
from math import comb

import numpy as np
import pytest

from encoders.errors import InvalidDataError, UnknownNameError
from encoders.transfer.ridge import (
    Moments,
    RidgeResult,
    apply_readout,
    columns_of,
    directions,
    first_position,
    fit_readout,
    joined,
    position,
    solve_all,
    source_sets,
    top,
)
from tests.encoders.transfer.ridge_problem import OUTPUTS, SOURCES, Problem, naive_errors, problem

GRID = (0.01, 0.1, 1.0)


def swept(given: Problem, **settings) -> RidgeResult:
    settings = {"lambdas": GRID, "tolerance": 0.0} | settings
    return solve_all(*given.moments(), given.groups, OUTPUTS, **settings)


@pytest.fixture(scope="module")
def given() -> Problem:
    return problem()


@pytest.fixture(scope="module")
def whole(given) -> RidgeResult:
    return swept(given)


def check_against_naive(given: Problem, result: RidgeResult, *, within: float) -> None:
    for order, sets in result.sets.items():
        for row, chosen in enumerate(sets):
            sources = [result.sources[i] for i in chosen]
            for column, outputs in enumerate(OUTPUTS.values()):
                tried = [(*naive_errors(given, sources, outputs, v), v) for v in result.lambdas]
                valid, test, strength = min(tried)
                place = row, column
                assert result.error_valid[order][place] == pytest.approx(valid, abs=within)
                assert result.error_test[order][place] == pytest.approx(test, abs=within)
                assert result.penalty[order][place] == pytest.approx(strength)


# Sets


def test_sets_are_all_combinations_in_order():
    sets = source_sets(7, range(1, 6))
    for order, rows in sets.items():
        assert [tuple(row) for row in rows] == list(combinations(range(7), order))


def test_26_sources_have_83681_sets():
    assert sum(map(len, source_sets().values())) == 83_681


@pytest.mark.parametrize("order", [1, 3, 5])
def test_position_is_the_row_of_a_set(order):
    for row, chosen in enumerate(source_sets(8, [order])[order]):
        assert position([int(c) for c in chosen], 8) == row


def test_first_position_begins_the_sets_of_a_prefix():
    rows = [tuple(row) for row in source_sets(8, [4])[4]]
    for prefix in [(), (0,), (2,), (1, 3), (0, 2, 5)]:
        first = next(i for i, row in enumerate(rows) if row[: len(prefix)] == prefix)
        assert first_position(prefix, 4, 8) == first


def test_an_order_beyond_the_sources_is_refused():
    with pytest.raises(InvalidDataError, match="sets of 6 of 5 sources; an order is at least 1"):
        source_sets(5, [6])


# The sweep


def test_every_set_target_and_penalty_as_solved_alone(given, whole):
    assert list(whole.sets) == [1, 2, 3, 4, 5]
    assert [len(rows) for rows in whole.sets.values()] == [comb(SOURCES, k) for k in range(1, 6)]
    assert {float(v) for v in np.unique(whole.penalty[3])} != {0.1}  # the grid is really searched
    check_against_naive(given, whole, within=2e-6)


def test_sources_of_different_widths():
    given = problem(widths=(3, 6, 1, 4, 2))
    check_against_naive(given, swept(given), within=2e-6)


@pytest.mark.parametrize("orders", [[1], [2], [3], [1, 3], [4]])
def test_fewer_orders_give_the_same_errors(given, whole, orders):
    found = swept(given, orders=orders)
    assert list(found.sets) == orders
    for order in orders:
        np.testing.assert_allclose(found.error_test[order], whole.error_test[order], atol=1e-6)


def test_threads_do_not_matter(given, whole):
    found = swept(given, workers=4)
    for order in whole.sets:
        np.testing.assert_array_equal(found.error_valid[order], whole.error_valid[order])


def test_single_precision_is_close(given, whole):
    found = swept(given, precision=np.float32)
    for order in whole.sets:
        np.testing.assert_allclose(found.error_test[order], whole.error_test[order], atol=1e-4)


def test_order_six_is_an_order_like_others():
    given = problem(widths=(2,) * 7)
    found = swept(given, orders=[6], lambdas=[0.1])
    assert len(found.sets[6]) == 7
    check_against_naive(given, found, within=2e-6)


def test_more_features_than_examples(given):
    parts = tuple((x[:15].astype(np.float32), y[:15]) for x, y in given.parts)
    few = Problem(parts, given.groups)
    check_against_naive(few, swept(few, lambdas=(0.1, 10.0), tolerance=1e-3), within=1e-4)


def test_a_constant_feature_changes_nothing(given, whole):
    parts = tuple(
        (np.hstack([x[:, :4], np.ones((len(x), 1)), x[:, 4:]]), y) for x, y in given.parts
    )
    runs = {name: slice(run.start + 1, run.stop + 1) for name, run in given.groups.items()}
    found = swept(Problem(parts, runs | {"s0": slice(0, 5)}))
    np.testing.assert_allclose(found.error_test[5], whole.error_test[5], atol=1e-6)


def test_relabeled_sources_keep_their_errors(given, whole):
    turned = dict(reversed(given.groups.items()))
    found = swept(Problem(given.parts, turned))
    for mine, theirs in [((0, 2), (2, 4)), ((3, 4), (0, 1))]:
        a = whole.error_test[2][position(mine, 5)]
        np.testing.assert_allclose(found.error_test[2][position(theirs, 5)], a, atol=1e-6)


def test_an_interrupted_sweep_goes_on_where_it_was(given, whole):
    parts = []

    class Stop(Exception):
        pass

    def after(result):
        parts.append(result)
        if len(parts) == 2:
            raise Stop

    with pytest.raises(Stop):
        swept(given, on_result=after)
    told = []
    found = swept(
        given, resume=parts[1], progress=lambda done, total, label="": told.append((done, total))
    )
    each = sum(map(len, whole.sets.values()))
    assert min(told)[0] > 2 * each
    assert max(told) == (3 * each, 3 * each)
    for order in whole.sets:
        np.testing.assert_array_equal(found.error_test[order], whole.error_test[order])
        np.testing.assert_array_equal(found.penalty[order], whole.penalty[order])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lambdas": (0.1,)}, r"the sweep to resume has lambdas \(0\.01, 0\.1, 1\.0\), this one"),
        ({"orders": [1]}, r"the sweep to resume has orders \[1, 2, 3, 4, 5\], this one \[1\]"),
    ],
)
def test_only_the_same_sweep_can_be_resumed(given, whole, settings, message):
    with pytest.raises(InvalidDataError, match=message):
        swept(given, resume=whole, **settings)


def test_penalties_are_positive(given):
    with pytest.raises(
        InvalidDataError, match=r"penalties \(0\.0,\): give at least one, all above"
    ):
        swept(given, lambdas=[0])


def test_a_target_that_never_varies_is_refused(given):
    parts = tuple((x, np.hstack([y[:, :10], np.full((len(y), 1), 2.0)])) for x, y in given.parts)
    with pytest.raises(InvalidDataError, match="target single never differs from its training"):
        swept(Problem(parts, given.groups))


def test_a_worker_that_fails_is_heard(given, monkeypatch):
    def broken(*_):
        raise FloatingPointError("broken worker")

    monkeypatch.setattr("encoders.transfer.ridge.walk.last", broken)
    with pytest.raises(FloatingPointError, match="broken worker"):
        swept(given)


# Directions


def test_directions_lose_no_more_than_they_say(given, whole):
    """The bound holds for every set on the training examples."""
    train = given.moments()[0]
    about = train.about(train.mean_x, train.mean_y)
    for tolerance in (0.0, 0.01, 0.05, 0.2):
        kept = directions(about, OUTPUTS, tolerance=tolerance)
        assert (kept.lost <= tolerance).all()
        for t, (run, basis) in enumerate(zip(kept.runs, kept.bases, strict=True)):
            np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)
            for chosen in source_sets(5, [1, 3, 5])[3]:
                columns = columns_of(given.groups, [f"s{i}" for i in chosen])
                xx, xy = about.xx[np.ix_(columns, columns)], about.xy[columns, run]
                for strength in (1e-8, 0.1):
                    w = np.linalg.solve(xx + strength * np.diag(np.diagonal(xx)), xy)
                    explained = np.trace(2 * w.T @ xy - w.T @ xx @ w)
                    fewer = w @ basis @ basis.T
                    still = np.trace(2 * fewer.T @ xy - fewer.T @ xx @ fewer)
                    share = (explained - still) / about.yy[run].sum()
                    assert -1e-9 <= share <= kept.lost[t] + 1e-6


def test_a_target_of_two_directions_keeps_two():
    given = problem()
    x = given.parts[0][0]
    rng = np.random.default_rng(1)
    y = x[:, :2] @ rng.standard_normal((2, 6)) + 1e-4 * rng.standard_normal((len(x), 6))
    each = Moments(x.shape[1], 6)
    each.add(x, y)
    about = each.about(each.mean_x, each.mean_y)
    assert directions(about, {"a": slice(0, 6)}).columns == 2


def test_compression_changes_errors_by_little(given, whole):
    found = swept(given, tolerance=1e-2)
    assert found.lost.max() > 5e-3  # "wide" is compressed, and the bound is nearly used up
    for order in whole.sets:
        np.testing.assert_allclose(found.error_test[order], whole.error_test[order], atol=2e-2)


# One read-out


def test_a_readout_is_that_of_sklearn(given):
    linear = pytest.importorskip("sklearn.linear_model")
    (x, y), (other, _), _ = given.parts
    columns = columns_of(given.groups, ["s1", "s4"])
    found = fit_readout(given.moments()[0], columns, 0.3, outputs=OUTPUTS["wide"])
    mean, std = x[:, columns].mean(0), x[:, columns].std(0)
    ridge = linear.Ridge(alpha=0.3 * len(x)).fit((x[:, columns] - mean) / std, y[:, 3:10])
    np.testing.assert_allclose(
        apply_readout(found, other[:, columns]),
        ridge.predict((other[:, columns] - mean) / std),
        rtol=1e-4,
    )


def test_a_readouts_predictions_have_the_errors_of_the_sweep(given, whole):
    train = given.moments()[0]
    best = top(whole, "wide", 1, 3)[0]
    columns = columns_of(given.groups, best.sources)
    found = fit_readout(train, columns, best.penalty, outputs=OUTPUTS["wide"])
    x, y = given.parts[2]
    left = ((apply_readout(found, x[:, columns]) - y[:, 3:10]) ** 2).sum()
    error = left / ((y[:, 3:10] - train.mean_y[3:10]) ** 2).sum()
    assert error == pytest.approx(best.error_test, abs=1e-5)


def test_features_of_other_sources_are_refused(given):
    found = fit_readout(given.moments()[0], columns_of(given.groups, ["s1"]), 0.3)
    with pytest.raises(InvalidDataError, match=r"features of shape \(7, 5\); this read-out has 4"):
        apply_readout(found, np.zeros((7, 5)))


def test_a_readouts_penalty_is_positive(given):
    with pytest.raises(InvalidDataError, match="a penalty of 0; it must be above 0"):
        fit_readout(given.moments()[0], [0, 1], 0)


def test_an_unknown_source_has_no_columns(given):
    with pytest.raises(UnknownNameError, match='no source "s9"; there are s0, s1'):
        columns_of(given.groups, ["s9"])


# Results


def test_top_is_sorted_and_leaves_out_the_excluded(whole):
    column = whole.targets.index("flat")
    rows = [
        (error, tuple(whole.sources[i] for i in chosen))
        for error, chosen in zip(whole.error_valid[2][:, column], whole.sets[2], strict=True)
        if 3 not in chosen
    ]
    found = top(whole, "flat", 4, 2, exclude=["s3"])
    assert [each.sources for each in found] == [name for _, name in sorted(rows)[:4]]
    assert len(top(whole, "flat", 99, 2, exclude=["s3"])) == 6


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("tall", 1, 2), 'no target "tall"; the sweep has flat, wide, single'),
        (("flat", 1, 6), "no sets of 6 sources; the sweep was of orders 1, 2, 3, 4, 5"),
    ],
)
def test_top_names_what_is_unknown(whole, asked, message):
    with pytest.raises(UnknownNameError, match=message):
        top(whole, *asked)


def test_top_knows_whom_it_excludes(whole):
    with pytest.raises(UnknownNameError, match='no source "s7"; the sweep has s0, s1'):
        top(whole, "flat", 1, 1, exclude=["s7"])


def test_a_result_is_read_as_it_was_written(whole, tmp_path):
    whole.save(tmp_path / "ridge.npz")
    found = RidgeResult.load(tmp_path / "ridge.npz")
    for field in dataclasses.fields(RidgeResult):
        mine, theirs = getattr(whole, field.name), getattr(found, field.name)
        if isinstance(mine, dict):
            assert list(mine) == list(theirs)
            for order in mine:
                np.testing.assert_array_equal(mine[order], theirs[order])
                assert mine[order].dtype == theirs[order].dtype
        else:
            np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 cut off"])
def test_a_broken_result_is_refused(tmp_path, content):
    path = tmp_path / "ridge.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidDataError, match=r"ridge\.npz: not a ridge sweep's result .*run the"):
        RidgeResult.load(path)


def test_another_archive_is_no_result(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InvalidDataError, match="not a ridge sweep's result"):
        RidgeResult.load(tmp_path / "other.npz")


def test_joined_results_have_all_targets(given, whole):
    halves = [
        solve_all(*given.moments(), given.groups, {name: OUTPUTS[name]}, lambdas=grid, tolerance=0)
        for name, grid in (("wide", (0.01, 0.1, 1.0)), ("flat", (0.1,)))
    ]
    found = joined(halves)
    assert (found.targets, found.lambdas, found.done) == (("wide", "flat"), GRID, 3)
    np.testing.assert_allclose(found.error_test[2][:, 0], whole.error_test[2][:, 1], atol=1e-6)
    assert set(found.penalty[2][:, 1]) == {np.float32(0.1)}


def test_what_cannot_be_joined_is_said(given, whole):
    other = swept(Problem(given.parts, {f"x{k}": v for k, v in given.groups.items()}))
    short = swept(given, orders=[1])
    begun = dataclasses.replace(whole, done=1)
    with pytest.raises(InvalidDataError, match=r"results of sources s0, .* cannot be joined"):
        joined([whole, other])
    with pytest.raises(InvalidDataError, match=r"orders \[1, 2, 3, 4, 5\] and \[1\] cannot be"):
        joined([whole, short])
    with pytest.raises(InvalidDataError, match="has tried 1 of 3 penalties; finish it first"):
        joined([whole, begun])
    with pytest.raises(InvalidDataError, match="target flat is in two of the results; leave one"):
        joined([whole, whole])
