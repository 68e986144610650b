"""Two tables of losses, or of affinities, as one: which values stay, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import InvalidTableError
from taskgraph.lifelong.joining import join_losses, tasks_of
from taskgraph.losses import Losses

TASKS = "abcd"


def losses_frame(tasks=TASKS, *, images=30, seed=0):
    """Losses of every single source, of one pair, and of two references, for each task."""
    rng = np.random.default_rng(seed)
    rows = []
    for target in tasks:
        others = [name for name in tasks if name != target]
        for sources in ["self", "scratch", *others, "+".join(others[:2])]:
            rows += [
                {"target": target, "sources": sources, "image": f"i{k:02d}", "loss": value}
                for k, value in enumerate(rng.random(images))
            ]
    return pd.DataFrame(rows)


def is_late(frame):
    """Return whether each row is a transfer from or to the new task "d"."""
    return (frame["target"] == "d") | frame["sources"].map(lambda text: "d" in text.split("+"))


def split(frame, kept=()):
    """Rows without the new task, and the rest; targets of ``kept`` get no new candidates."""
    late = is_late(frame)
    return frame[~late], frame[late & ~frame["target"].isin(kept)]


def read(frame, **settings):
    return Losses.from_frame(frame, **settings)


@pytest.fixture(scope="module")
def whole():
    return losses_frame()


def test_touched_targets_have_the_affinities_of_all_losses_and_others_keep_theirs(whole):
    old, new = split(whole, kept=("a",))
    joined = tg.extend_losses(read(old), read(new), bootstrap=1)
    assert joined.newcomers == ("d",)
    assert joined.touched == ("b", "c")
    before = tg.affinities(read(old), bootstrap=1).transfers.frame
    pd.testing.assert_frame_equal(joined.earlier.frame, before)
    after = joined.transfers.frame
    kept = before[before["target"] == "a"].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        after[after["target"] == "a"].reset_index(drop=True), kept, check_exact=True
    )
    together = tg.affinities(read(pd.concat([old, new])), bootstrap=1).transfers.frame
    pd.testing.assert_frame_equal(after, together)
    sums = after.groupby("target")["affinity"].sum()
    np.testing.assert_allclose(sums, 1)
    assert joined.notes == (
        "2 earlier targets got new candidates, and all affinities there were computed again from "
        "the losses: b, c",
    )


def test_a_new_source_alone_and_a_new_target_alone_are_joined(whole):
    old, new = split(whole)
    source = new[new["target"] != "d"]
    assert tg.extend_losses(read(old), read(source)).touched == ("a", "b", "c")
    target = new[new["target"] == "d"]
    joined = tg.extend_losses(read(old), read(target))
    assert (joined.touched, joined.notes) == ((), ())
    assert joined.transfers.targets == tuple("abcd")


def test_rows_that_both_tables_have_count_once(whole):
    old, new = split(whole)
    again = pd.concat([new, old[old["target"] == "a"]])
    one, other = (tg.extend_losses(read(old), read(part)) for part in (new, again))
    pd.testing.assert_frame_equal(one.transfers.frame, other.transfers.frame)
    assert tg.extend_losses(read(old), read(whole)).touched == ("a", "b", "c")


def test_directions_and_clusters_are_kept(whole):
    old, new = split(whole)
    old, new = (part.assign(cluster=part["image"].str[:2]) for part in (old, new))
    scores = {"higher_is_better_for": ["b", "d"]}
    together, _ = join_losses(read(old, higher_is_better_for=["b"]), read(new, **scores))
    assert together.higher_is_better == ("b", "d")
    assert together.clusters["i07"] == "i0"
    plain = read(whole, higher_is_better_for=["b", "d"])
    for target in plain.targets:
        np.testing.assert_array_equal(
            together.by_target[target].values, plain.by_target[target].values
        )
    joined = tg.extend_losses(read(old, higher_is_better_for=["b"]), read(new, **scores))
    assert joined.transfers.frame.groupby("target")["higher_is_better"].all().to_dict() == {
        "a": False, "b": True, "c": False, "d": True,
    }  # fmt: skip
    with pytest.raises(InvalidTableError, match='"b": the earlier values are scores, and the new'):
        join_losses(read(old, higher_is_better_for=["b"]), read(new))
    other = new.assign(cluster="x")
    with pytest.raises(InvalidTableError, match=r'"i00" is in cluster "x" in the new .* "i0" i'):
        join_losses(read(old), read(other))


def test_tasks_are_targets_and_sources_without_reserved_names(whole):
    assert tasks_of(read(split(whole)[1])) == {*"abcd"}


@pytest.mark.parametrize("kind", ["losses", "transfers"])
def test_a_table_without_a_new_task_is_refused(whole, kind):
    old, _ = split(whole)
    extra = old[old["target"] == "a"]
    extend, tables = tg.extend_losses, [read(old), read(extra)]
    if kind == "transfers":
        extend, tables = tg.extend_transfers, [tg.affinities(each).transfers for each in tables]
    message = f"the new {kind} name no task that the earlier ones lack.*add their rows"
    with pytest.raises(InvalidTableError, match=message):
        extend(*tables)


def test_other_images_are_named(whole):
    old, new = split(whole)
    fewer = new[~new["image"].isin(["i03", "i04"])]
    message = r'"a" has other images in the two tables: the new losses lack 2 images \(i03, i04\);'
    with pytest.raises(InvalidTableError, match=message):
        tg.extend_losses(read(old), read(fewer))
    more = pd.concat([fewer, new[new["image"] == "i05"].assign(image="extra")])
    message = r"lack 2 images \(i03, i04\), and the earlier losses lack 1 image \(extra\)"
    with pytest.raises(InvalidTableError, match=message):
        tg.extend_losses(read(old), read(more))
    alone = fewer[fewer["target"] == "d"]  # a new target has images of its own
    assert tg.extend_losses(read(old), read(alone)).touched == ()


def test_a_repeated_row_with_another_value_is_named(whole):
    old, new = split(whole)
    extra = old[(old["target"] == "a") & (old["sources"] == "b")]
    wrong = pd.concat([new, extra.assign(loss=extra["loss"] + (extra["image"] < "i02"))])
    message = r'"b" to "a" on image "i00" is 1\.\d+, and was 0\.\d+ \(and 1 row more\); one netw'
    with pytest.raises(InvalidTableError, match=message):
        tg.extend_losses(read(old), read(wrong))


@pytest.mark.parametrize("word", ["earlier", "new"])
def test_several_seeds_are_refused_as_rows_are_joined_by_one_run(whole, word):
    parts = dict(zip(("earlier", "new"), split(whole), strict=True))
    parts[word] = pd.concat(
        [parts[word].assign(seed=s, loss=parts[word]["loss"] + s) for s in (0, 1)]
    )
    source = {"earlier": "b", "new": "d"}[word]
    message = rf'the {word} losses have several seeds of "{source}" to "a" \(0, 1\), .*seed=0'
    with pytest.raises(InvalidTableError, match=message):
        tg.extend_losses(read(parts["earlier"]), read(parts["new"]))
    parts[word] = parts[word][parts[word]["seed"] == 0]
    assert tg.extend_losses(read(parts["earlier"]), read(parts["new"])).newcomers == ("d",)


def test_pruned_transfers_stay_pruned(whole):
    old, new = split(whole)
    joined, _ = join_losses(read(old.assign(pruned=old["sources"] == "b")), read(new))
    assert joined.pruned == {("a", "b"), ("c", "b")}


def test_two_spellings_in_two_tables_are_refused(whole):
    old, new = split(whole)
    new = new[(new["target"] == "a") & (new["sources"] == "d")].assign(target="A")
    with pytest.raises(InvalidTableError, match=r'"A" .* and "a" .* differ only in case'):
        tg.extend_losses(read(old), read(new))
    assert "A" in tg.extend_losses(read(old), read(new), exact_names=True).newcomers


# --- tables of affinities ---


def table(*rows):
    return tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))


OLD = [("self", "a", 0.75), ("b", "a", 0.25), ("self", "b", 0.5), ("a", "b", 0.5)]


def test_rows_of_one_tournament_are_put_together_as_they_are():
    """A table that was cut in two: together the affinities of each target sum to 1."""
    whole = tg.affinities(read(losses_frame())).transfers.frame
    late = is_late(whole)
    joined = tg.extend_transfers(tg.Transfers(whole[~late]), tg.Transfers(whole[late]))
    found = joined.transfers.frame.sort_values(["target", "sources"], ignore_index=True)
    expected = whole.sort_values(["target", "sources"], ignore_index=True)
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_exact=True)
    assert joined.newcomers == ("d",)
    assert joined.touched == ("a", "b", "c")
    assert len(joined.notes) == 1
    assert "no tournament was held again, so the earlier affinities stay" in joined.notes[0]


def test_a_shared_candidate_gives_the_scale():
    """The new tournament gives self 0.6 and c half of it, so c is half of the earlier 0.75."""
    new = table(("self", "a", 0.6), ("c", "a", 0.3), ("x", "a", 0.1), ("self", "c", 1.0))
    joined = tg.extend_transfers(table(*OLD), new)
    frame = joined.transfers.frame.set_index(["target", "sources"])["affinity"]
    assert frame["a", "self"] == 0.75
    assert frame["a", "b"] == 0.25
    assert frame["a", "c"] == pytest.approx(0.375)
    assert frame["c", "self"] == 1.0
    assert joined.notes[1].endswith('"a" times 1.25 by 1 candidate of both tables')


def test_the_factor_of_a_consistent_tournament_is_exact_and_a_spread_is_said():
    """Affinities proportional to fixed strengths, in any tournament: the factor restores them."""
    strength = {"self": 8.0, "b": 4.0, "c": 2.0, "d": 1.0}

    def shares(names):
        total = sum(strength[n] for n in names)
        return [(n, "a", strength[n] / total) for n in names]

    joined = tg.extend_transfers(table(*shares(["self", "b"])), table(*shares(["self", "b", "c"])))
    found = joined.transfers.frame.set_index("sources")["affinity"]
    assert found["c"] / found["self"] == pytest.approx(strength["c"] / strength["self"])
    assert (
        "by 2 candidates of both tables, whose ratios differ by a factor of up to 1"
        in (joined.notes[1])
    )
    other = table(("self", "a", 0.5), ("b", "a", 0.3), ("c", "a", 0.2))
    joined = tg.extend_transfers(table(*shares(["self", "b"])), other)
    ratios = np.array([8 / 12 / 0.5, 4 / 12 / 0.3])
    found = joined.transfers.frame.set_index("sources")["affinity"]
    assert found["c"] == pytest.approx(0.2 * np.sqrt(ratios.prod()))
    assert f"up to {ratios.max() / ratios.min():.3g}" in joined.notes[1]


def test_intervals_are_scaled_with_the_affinity():
    new = table(("self", "a", 0.6), ("c", "a", 0.3), ("x", "a", 0.1)).frame
    new = tg.Transfers(new.assign(low=new["affinity"] / 2, high=new["affinity"] * 2, gain=0.4))
    row = tg.extend_transfers(table(*OLD), new).transfers.row_of("a", "c")
    assert (row["low"], row["high"], row["gain"]) == pytest.approx((0.1875, 0.75, 0.4))


def test_scales_without_a_shared_candidate_are_refused():
    new = table(("c", "a", 0.7), ("d", "a", 0.3), ("self", "c", 1.0))
    message = r'"a": the new affinities are of another tournament.*measure "self" or another'
    with pytest.raises(InvalidTableError, match=message):
        tg.extend_transfers(table(*OLD), new)
