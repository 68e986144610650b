"""The direction "larger is better" is read or stated, and never guessed for a score."""

import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.affinity import affinities_from_scores
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError
from taskgraph.frames.direction import worst_selves
from taskgraph.frames.score_words import called_a_score
from taskgraph.losses import Losses
from tests.failing import fails


def scores(column=None):
    rows = [("self", "a", 0.9), ("b", "a", 0.5), ("self", "b", 0.8), ("a", "b", 0.3)]
    frame = pd.DataFrame(rows, columns=["sources", "target", "score"])
    return frame if column is None else frame.assign(higher_is_better=column)


def losses(header="loss", **columns):
    rows = [
        {"target": t, "sources": s, "image": f"i{i}", header: k + (3 * i + k) % 4 / 3}
        for t in "ab"
        for k, s in enumerate(["self", "x", "y"])
        for i in range(12)
    ]
    return pd.DataFrame(rows).assign(**columns)


@pytest.mark.parametrize(
    "header",
    [
        "score",
        "Accuracy",
        "acc",
        "test_acc",
        "valAccuracy",
        "AUC",
        "ROC-AUC",
        "rocauc",
        "f1",
        "macroF1",
        "F1 macro",
        "mAP",
        "mAP50",
        "mIoU",
        "iou",
        "psnr",
        "SSIM",
        "r2",
        "R²",
        "rougeL",
        "bleu-4",
        "precision@k",
        "recall",
        "top1",
        "hits@10",
        "f1score",
    ],
)
def test_headers_of_scores(header):
    assert called_a_score(header)


@pytest.mark.parametrize(
    "header",
    ["loss", "error", "rmse", "value", "accuracy_error", "map_loss", "delta", "mapping", "nll"],
)
def test_headers_that_are_none(header):
    assert not called_a_score(header)


def test_a_score_is_not_guessed(tmp_path, capsys):
    path, out = tmp_path / "s.csv", tmp_path / "out.csv"
    scores().to_csv(path, index=False)
    error = fails(capsys, "affinity", path, "-o", out)
    assert 's.csv: nothing says whether larger or smaller values of "score" are better' in error
    assert "--higher-is-better (as for accuracies) or --lower-is-better" in error
    assert not out.exists()
    losses("test_acc").to_csv(path, index=False)
    columns = ["--column", "loss=test_acc"]
    for command in (["affinity", path, "-o", out], ["stability", path, "--bootstrap", "2"]):
        error = fails(capsys, *command, *columns)
        assert 'larger or smaller values of "test_acc" are better; add --higher-is-b' in error
    with pytest.raises(InvalidTableError, match="in Python the keywords higher_is_better and"):
        tg.read_losses(path, columns={"loss": "test_acc"})
    path.write_text("accuracy,a,b\na,1,2\nb,3,4\n")
    error = fails(capsys, "affinity", path, "-o", out)
    assert 'values of "accuracy" are better' in error
    assert "give the table a column" not in error  # of which a matrix has none


@pytest.mark.parametrize(
    ("flags", "stated", "best"),
    [
        (["--higher-is-better"], "higher is better", ["self", "self"]),
        (["--lower-is-better"], "lower is better", ["b", "a"]),
        (
            ["--higher-is-better-for", "a"],
            "higher is better for a; lower is better for b",
            ["self", "a"],
        ),
        (
            ["--lower-is-better", "--higher-is-better-for", "b"],
            "higher is better for b; lower is better for a",
            ["b", "self"],
        ),
    ],
)
def test_the_direction_is_taken_stated_and_carried(flags, stated, best, tmp_path, capsys):
    path, out = tmp_path / "s.csv", tmp_path / "out.csv"
    scores().to_csv(path, index=False)
    assert run(["affinity", str(path), "-o", str(out), *flags]) == 0
    assert f"direction of the values: {stated}\n" in capsys.readouterr().err
    frame = pd.read_csv(out)
    first = frame.loc[frame.groupby("target")["affinity"].idxmax(), "sources"]
    assert first.tolist() == best
    assert run(["solve", str(out), "--budget", "1"]) == 0
    assert f"was made from scores: {stated}\n" in capsys.readouterr().err
    page = tmp_path / "page.html"
    assert run(["report", str(out), "--budget", "2", "--random", "3", "-o", str(page)]) == 0
    assert f"The affinities were made from scores: {stated}." in page.read_text()


def test_losses_state_their_direction_too(tmp_path, capsys):
    path, out = tmp_path / "l.csv", tmp_path / "out.csv"
    losses().to_csv(path, index=False)
    assert run(["affinity", str(path), "-o", str(out)]) == 0
    assert "direction of the values: lower is better\n" in capsys.readouterr().err
    assert "higher_is_better" not in pd.read_csv(out).columns
    assert run(["affinity", str(path), "-o", str(out), "--higher-is-better-for", "b"]) == 0
    assert "higher is better for b; lower is better for a\n" in capsys.readouterr().err
    frame = pd.read_csv(out)
    assert frame.groupby("target")["higher_is_better"].first().to_dict() == {"a": False, "b": True}
    assert run(["stability", str(path), "--budget", "1", "--bootstrap", "2"]) == 0
    assert "direction of the values: lower is better\n" in capsys.readouterr().err


def test_some_targets_may_have_scores():
    """Negated for these targets alone, as negating their rows by hand does."""
    mixed = Losses.from_frame(losses(), higher_is_better_for="b")
    by_hand = losses()
    by_hand.loc[by_hand["target"] == "b", "loss"] *= -1
    assert mixed.to_frame().equals(Losses.from_frame(by_hand).to_frame())
    assert mixed.higher_is_better == ("b",)
    column = losses(higher_is_better=losses()["target"] == "b")
    assert Losses.from_frame(column).to_frame().equals(mixed.to_frame())
    frame = affinities_from_scores(scores(), higher_is_better_for=["a"]).frame
    assert frame["affinity"].tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 3, 2 / 3])
    assert frame["higher_is_better"].tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    "column",
    [
        ["true", "TRUE", "false", "no"],
        [1, 1, 0, 0],
        [1.0, None, 0.0, 0.0],
        ["yes", "", "0", "0"],
        [True, True, False, False],
    ],
)
def test_a_column_says_it_in_several_ways(column):
    frame = affinities_from_scores(scores(column)).frame
    assert frame["higher_is_better"].tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("column", "keywords", "message"),
    [
        (
            ["1", "0", "1", "1"],
            {},
            'rows 1 and 2: higher_is_better is both true and false for the target "a"',
        ),
        (["1", "maybe", "1", "1"], {}, 'row 2: higher_is_better is "maybe", expected true'),
        (["1", "1", "", ""], {}, 'values of "score" of the target "b" are better'),
        (
            ["1", "1", "0", "0"],
            {"higher_is_better": True},
            'row 3: the column "higher_is_better" '
            'says false for the target "b", and --higher-is-better says true',
        ),
        (
            ["1", "1", "0", "0"],
            {"higher_is_better": False},
            'row 1: .* says true for the target "a", and --lower-is-better says false',
        ),
        (
            ["1", "1", "0", "0"],
            {"higher_is_better_for": "b"},
            'row 3: .* says false for the target "b", and --higher-is-better-for says true',
        ),
        (
            None,
            {"higher_is_better_for": ["zz"]},
            '--higher-is-better-for: the table has no target "zz"',
        ),
        (
            None,
            {"higher_is_better": True, "higher_is_better_for": ["a"]},
            "--higher-is-better says "
            "that all targets have scores, and --higher-is-better-for that only a have",
        ),
        (None, {}, 'nothing says whether larger or smaller values of "score" are better'),
    ],
)
def test_contradictions_are_refused_with_both_sides(column, keywords, message):
    with pytest.raises((InvalidTableError, tg.TaskgraphError), match=message):
        affinities_from_scores(scores(column), **keywords)


def test_flags_that_contradict_each_other_are_refused(tmp_path, capsys):
    path, out = tmp_path / "s.csv", tmp_path / "out.csv"
    scores().to_csv(path, index=False)
    both = ["--higher-is-better", "--lower-is-better"]
    error = fails(capsys, "affinity", path, "-o", out, *both)
    assert "--higher-is-better and --lower-is-better contradict each other" in error
    path.write_text("target,sources,versus,wins\nt,a,b,.5\n")
    error = fails(capsys, "affinity", path, "-o", out, "--higher-is-better")
    assert "holds win rates, where more wins are always better" in error


def test_a_matrix_without_a_word_is_read_as_losses_and_says_so(tmp_path, capsys):
    path, out = tmp_path / "m.csv", tmp_path / "out.csv"
    path.write_text(",a,b\na,.1,.4\nb,.5,.2\n")
    assert run(["affinity", str(path), "-o", str(out)]) == 0
    err = capsys.readouterr().err
    assert "direction of the values: lower is better (nothing says so; add --higher-is-bett" in err
    assert run(["affinity", str(path), "-o", str(out), "--lower-is-better"]) == 0
    assert "direction of the values: lower is better\n" in capsys.readouterr().err


def test_a_warning_where_own_networks_come_last(tmp_path, capsys):
    path, out = tmp_path / "s.csv", tmp_path / "out.csv"
    scores().to_csv(path, index=False)
    assert run(["affinity", str(path), "-o", str(out), "--lower-is-better"]) == 0
    words = '"self" is the worst candidate of 2 of 2 targets'
    err = capsys.readouterr().err
    assert words in err
    assert "check the direction (--higher-is-better, --lower-is-better)" in err
    assert run(["affinity", str(path), "-o", str(out), "--higher-is-better"]) == 0
    assert words not in capsys.readouterr().err
    losses().to_csv(path, index=False)
    assert run(["affinity", str(path), "-o", str(out), "--higher-is-better"]) == 0
    assert words in capsys.readouterr().err
    path.write_text("target,sources,versus,wins\nt,a,self,.6\nu,a,self,.7\n")
    assert run(["affinity", str(path), "-o", str(out)]) == 0
    assert 'check that "wins" counts images where "sources" is the' in capsys.readouterr().err


def test_worst_selves_are_counted():
    rows = [
        ("self", "a", 0.1),
        ("b", "a", 0.9),
        ("self", "b", 0.6),
        ("a", "b", 0.4),
        ("scratch", "b", None),
        ("a", "c", 0.5),
        ("self", "d", 1.0),
    ]
    frame = pd.DataFrame(rows, columns=["sources", "target", "affinity"])
    assert worst_selves(frame) == (1, 2)
