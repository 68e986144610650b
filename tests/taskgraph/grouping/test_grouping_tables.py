"""Tables of networks in every form, and what is wrong with those that cannot be read."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import InvalidTableError, UnknownTaskError
from taskgraph.grouping.long_form import networks_from_long
from taskgraph.grouping.wide_form import networks_from_wide
from taskgraph.tables import NetworkReading, read_networks

LONG = """network,task,loss,cost
depth,depth,0.3,1
both,depth,0.26,1.5
both,normals,0.22,1.5
"""
WIDE = """network,depth,normals,cost
depth,0.3,,1
both,0.26,0.22,1.5
"""


@pytest.fixture
def write(tmp_path):
    """Write a text to a file and return its path."""

    def written(text, name="networks.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def same(one, other):
    """Return whether two tables hold the same networks, values and costs."""
    assert (one.names, one.tasks) == (other.names, other.tasks)
    np.testing.assert_allclose(one.values, other.values)
    np.testing.assert_allclose(one.cost, other.cost)
    return (one.measure, one.higher_is_better) == (other.measure, other.higher_is_better)


def test_long_and_wide_tables_are_the_same(write):
    long = read_networks(write(LONG))
    assert long["both"] == tg.Network("both", ("depth", "normals"), 1.5)
    assert long.value("depth", "depth") == 0.3
    assert math.isnan(long.value("depth", "normals"))
    assert same(long, read_networks(write(WIDE)))


@pytest.mark.parametrize("separator", ["\t", ";"])
def test_other_separators_and_decimal_commas(write, separator):
    text = WIDE.replace(",", separator)
    if separator == ";":
        text = text.replace(".", ",")
    assert same(read_networks(write(text)), read_networks(write(WIDE, "b.csv")))


def test_other_formats(tmp_path, write):
    frame = pd.read_csv(write(LONG))
    frame.to_parquet(tmp_path / "n.parquet")
    frame.to_json(tmp_path / "n.jsonl", orient="records", lines=True)
    expected = read_networks(tmp_path / "networks.csv")
    assert same(read_networks(tmp_path / "n.parquet"), expected)
    assert same(read_networks(tmp_path / "n.jsonl"), expected)


def test_the_order_of_rows_and_columns_is_free(write):
    head, *rows = LONG.splitlines()
    turned = "\n".join([head, *reversed(rows)])
    assert same(read_networks(write(LONG)), read_networks(write(turned, "b.csv")))


def test_a_wide_table_without_names_and_costs(write):
    found = read_networks(write("normals,depth\n,0.3\n0.22,0.26\n"))
    assert found.names == ("depth", "depth+normals")
    assert found.cost.tolist() == [1.0, 1.0]
    found = read_networks(write("normals,depth\n0.2,0.3\n"), NetworkReading(network_cost=2.5))
    assert found.cost.tolist() == [2.5]


def test_columns_of_other_names_and_rows_by_a_value(write):
    text = "net,task,accuracy,seed\na,t,0.9,0\na,t,0.7,1\n"
    reading = NetworkReading(columns={"network": "net", "gain": "accuracy"}, where={"seed": "1"})
    found = read_networks(write(text), reading)
    assert (found.measure, found.higher_is_better) == ("gain", True)
    assert found.value("a", "t") == 0.7


def test_a_direction_turns_a_measure_or_chooses_one(write):
    better = NetworkReading(higher_is_better=True)
    assert read_networks(write(WIDE), better).measure == "gain"
    assert read_networks(write(LONG), better).higher_is_better
    both = write("network,task,loss,gain\na,t,1,2\n")
    assert read_networks(both, better).value("a", "t") == 2
    assert read_networks(both, NetworkReading(higher_is_better=False)).value("a", "t") == 1


def test_images_give_means(write):
    text = "network,task,image,loss\na,t,1,0.1\na,t,2,0.3\nb,t,1,0.5\n"
    found = read_networks(write(text))
    assert found.value("a", "t") == pytest.approx(0.2)
    assert found.value("b", "t") == pytest.approx(0.5)
    assert found.images.units == 2


def test_names_with_a_plus_and_quotes(write):
    found = read_networks(write('network,task,loss\nn,"""moco+v2""",1\nn,"d ",2\n'))
    assert found.tasks == ("d", "moco+v2")
    assert found.network_name("n", where="--cost") == "n"


def test_the_tasks_in_the_name_of_a_network_may_be_in_any_order(write):
    found = read_networks(write("normals,depth\n0.22,0.26\n"))
    assert found.network_name("normals+depth", where="--cost") == "depth+normals"
    with pytest.raises(UnknownTaskError, match=r"--cost: .* did you mean depth"):
        found.network_name("depth+normal", where="--cost")


HALVES = "0.5\t0.6\n0.4\t\n\t0.5\n0.3\t0.7\n"


def test_half_and_full_networks_without_a_header(write):
    found = read_networks(write(HALVES, "results.txt"), NetworkReading(task_names=("s", "d")))
    assert found.names == ("d", "d+s", "d-half", "s", "s-half")
    assert found.cost.tolist() == [1, 1, 0.5, 1, 0.5]
    assert found.value("s-half", "s") == 0.5
    assert found.value("d+s", "d") == 0.7
    reading = NetworkReading(half_cost=2, network_cost=3)
    assert sorted(read_networks(write(HALVES), reading).cost) == [2, 2, 3, 3, 3]


def test_groups_and_gains_without_a_header(write):
    groups, gains = write("1 0\n0 1\n1 1\n", "x.csv"), write("0 0\n0 0\n.1 -.2\n", "y.csv")
    found = read_networks(groups, gains=gains)
    assert found.names == ("task1", "task1+task2", "task2")
    assert (found.measure, found.higher_is_better) == ("gain", True)
    assert found.value("task1+task2", "task2") == -0.2
    assert math.isnan(found.value("task1", "task2"))


SQUARE = "onto,a,b,c\na,9,1,2\nb,3,9,5\nc,7,4,9\n"


def test_a_matrix_of_affinities_gives_means_over_pairs(write):
    found = read_networks(write(SQUARE))
    assert found.names == ("a+b", "a+b+c", "a+c", "b+c")
    assert found.value("a+b", "a") == 1
    assert found.value("a+b+c", "c") == 5.5
    assert "estimates" in found.estimate
    turned = read_networks(write(SQUARE), NetworkReading(transpose=True))
    assert turned.value("a+b", "a") == 3
    more = read_networks(write(SQUARE), NetworkReading(single_gain=0.0, largest=2))
    assert more.names == ("a", "a+b", "a+c", "b", "b+c", "c")
    assert more.value("a", "a") == 0


def test_the_rows_of_a_matrix_may_be_in_any_order(write):
    head, *rows = SQUARE.splitlines()
    turned = "\n".join([head, *reversed(rows)])
    assert same(read_networks(write(SQUARE)), read_networks(write(turned, "b.csv")))


def published_selection(matrix, splits):
    """The best groups by the published search of TAG: every set of at most ``splits`` groups."""
    tasks = list(matrix)
    groups = [g for size in range(2, len(tasks) + 1) for g in itertools.combinations(tasks, size)]
    scores = [{t: np.mean([matrix[t][o] for o in g if o != t]) for t in g} for g in groups]
    best = (-math.inf, ())
    for count in range(1, splits + 1):
        for chosen in itertools.combinations(range(len(groups)), count):
            every = [max(scores[k].get(t, -1e6) for k in chosen) for t in tasks]
            best = max(best, (float(np.sum(every)), tuple(groups[k] for k in chosen)))
    return best


@pytest.mark.parametrize("splits", [1, 2, 3])
def test_the_affinities_of_tag_against_their_published_search(shared, splits):
    path = shared / "tables" / "tag_affinities" / "tag_taskonomy5.csv"
    frame = pd.read_csv(path, index_col=0)
    matrix = {row: frame.loc[row].to_dict() for row in frame.index}
    value, groups = published_selection(matrix, splits)
    found = tg.solve_groups(read_networks(path), budget=splits)
    assert found.objective == pytest.approx(value)
    if splits == 2:
        assert {frozenset(n.tasks) for n in found.networks} == {frozenset(g) for g in groups}
        assert {len(group) for group in groups} == {2, 3}


@pytest.mark.parametrize("budget", [1, 2, 3])
def test_the_gains_of_mtg_net_against_every_set_of_groups(shared, budget):
    folder = shared / "tables" / "mtgnet_gains" / "ETT"
    networks = read_networks(folder / "ETTm1_x.csv", gains=folder / "ETTm1_y.csv")
    groups = np.loadtxt(folder / "ETTm1_x.csv")
    gains = np.where(groups == 1, np.loadtxt(folder / "ETTm1_y.csv"), -np.inf)
    best = gains.sum(axis=1).max()
    for count in range(2, budget + 1):
        for chosen in itertools.combinations(range(len(gains)), count - 1):
            held = gains[list(chosen)].max(axis=0)
            best = max(best, np.maximum(held, gains).sum(axis=1).max())
    found = tg.solve_groups(networks, budget=budget)
    assert len(networks) == 127
    assert found.status == "optimal"
    assert found.objective == pytest.approx(best)


BAD_LONG = [
    ("network,loss\na,1\n", 'needs the column "task"; it has "network", "loss"'),
    ("task,loss\na,1\n", 'needs the column "network"'),
    (
        "network,task,error\na,t,1\n",
        'needs the column "loss" or "gain"; it has "network", "task", "error"; say which column '
        "to read with --column loss=HEADER",
    ),
    ("network,task,loss,gain\na,t,1,2\n", "both a loss and a gain; choose the loss with --lower"),
    ("network,task,loss\n", "the table has no rows"),
    ("network,task,loss\na,t,\n", "row 1: loss is empty, expected a finite number"),
    ("network,task,loss\na,t,nan\n", 'row 1: loss is "nan", expected a finite number'),
    ("network,task,loss\na,t,inf\n", 'row 1: loss is "inf", expected a finite number'),
    ("network,task,loss\na,t,x\n", 'row 1: loss is "x", expected a finite number'),
    ("network,task,loss\n,t,1\n", "row 1: network is empty"),
    ("network,task,loss\na,,1\n", "row 1: task is empty"),
    (
        "network,task,loss\na,t,1\na,u,2\na,t,3\n",
        'rows 1 and 3 are both the network "a", task "t"; keep one of them',
    ),
    (
        "network,task,loss,seed\na,t,1,x\na,t,2,y\n",
        "--where seed=x; for means over seeds add --column image=SEED",
    ),
    (
        "network,task,image,loss\na,t,1,1\na,t,1,2\n",
        'rows 1 and 2 are both the network "a", task "t", image "1"',
    ),
    ("network,task,loss,cost\na,t,1,-2\n", "row 1: cost is -2, expected a number of at least 0"),
    ("network,task,loss,cost\na,t,1,x\n", 'row 1: cost is "x", expected a finite number'),
    (
        "network,task,loss,cost\na,t,1,2\na,u,1,3\n",
        'rows 1 and 2 give the network "a" the costs 2 and 3; a network has one cost',
    ),
    (
        "network,task,image,cluster,loss\na,t,1,x,1\nb,t,1,y,1\n",
        'the image "1" is in the clusters',
    ),
    ("network,task,loss\na,Depth,1\na,depth,1\n", '"depth" (row 2) differ only in case'),
    ('network,task,loss\na,"""x",1\n', "begins with a double quote"),
]

BAD_WIDE = [
    ("network,cost\na,1\n", "the table has no column of a task"),
    ("network,t\n", "the table has no rows"),
    ("network,t,u\na,1,2\nb,,\n", "row 2: the network has no task: all of its values are empty"),
    ("network,t,u\na,1,\nb,2,\n", 'no network was trained on the task "u"'),
    ("network,t\na,1\na,2\n", 'rows 1 and 2 are both the network "a"; keep one'),
    ("t,u\n1,2\n3,4\n", 'rows 1 and 2 are both trained on "t+u"; name them in a column network'),
    ("network,t\na,nan\n", 'row 1: t is "nan", expected a finite number'),
    ("name,t\na,1\nb,2\n", "call the column of names network, with --column network=HEADER"),
    ("network,t,cost\na,1,-1\n", "row 1: cost is -1"),
    ("network,Depth,depth\na,1,2\n", 'column "Depth"'),
    ('network,"""x"\na,1\n', 'column ""x": the name "x begins with a double quote'),
]


@pytest.mark.parametrize(("text", "message"), BAD_LONG + BAD_WIDE)
def test_a_table_that_cannot_be_read(write, text, message):
    path = write(text)
    with pytest.raises(InvalidTableError) as caught:
        read_networks(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_names_that_differ_in_case_with_exact_names(write):
    exact = NetworkReading(exact_names=True)
    path = write("network,task,loss\na,Depth,1\na,depth,1\n")
    assert read_networks(path, exact).tasks == ("Depth", "depth")
    assert read_networks(write("network,Depth,depth\na,1,2\n"), exact).tasks == ("Depth", "depth")


BAD_BARE = [
    ("0.5,0.6\n1,2\n", "the first line holds only numbers and no tabs; write a header"),
    ("1 0\n0 1\n", "give the gains of a matrix of 0 and 1 with --gains FILE"),
    ("0.5\t\n0.4\t0.3\n", "line 1 lacks a number"),
    ("0.5\t0.6\n0.4\n", "line 2 has 1 numbers, expected 2 as in the first line"),
    ("0.5\t0.6\n0.4\tx\n", 'line 2 holds "x", expected a finite number'),
    ("0.5\t0.6\n0.4\tnan\n", 'line 2 holds "nan", expected a finite number'),
    ("0.5\t0.6\n0.4\t\n0.3\t\n", "lines 2 and 3 are both the network of task1; keep one"),
]


@pytest.mark.parametrize(("text", "message"), BAD_BARE)
def test_a_file_without_a_header_that_cannot_be_read(write, text, message):
    with pytest.raises(InvalidTableError) as caught:
        read_networks(write(text))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("groups", "gains", "message"),
    [
        ("1 2\n", "1 1\n", "row 1, column 2 is 2, expected 0 or 1"),
        ("1 0\n1 1\n", "1 1\n", "this matrix is 2 x 2, and that of"),
        ("1 0\n0 0\n", "1 1\n1 1\n", "row 2: the network has no task"),
        ("1 0\n1 0\n", "1 1\n1 1\n", "rows 1 and 2 are both the network of task1"),
        ("1 0\n1\n", "1 1\n1 1\n", "line 2 has 1 numbers, expected 2"),
        ("1 0\n", "1 x\n", 'line 1 holds "x"'),
        ("1 0\n", "1 0\n", 'no network was trained on the task "task2"'),
    ],
)
def test_groups_and_gains_that_do_not_fit(write, groups, gains, message):
    with pytest.raises(InvalidTableError) as caught:
        read_networks(write(groups, "x.csv"), gains=write(gains, "y.csv"))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reading", "message"),
    [
        (HALVES, {"task_names": ("a",)}, "--task-names gives 1 names, expected 2"),
        (HALVES, {"task_names": ("a", "a")}, "--task-names repeats a name"),
        (WIDE, {"task_names": ("a",)}, "the file has a header; leave out --task-names"),
        (SQUARE, {"higher_is_better": False}, "leave out --lower-is-better"),
        (SQUARE, {"largest": 1}, "--largest-group 1 leaves no group of several tasks"),
        (SQUARE.replace("3,9", ",9"), {}, 'the affinity of "b" and "a" is empty'),
        ("x,a\na,1\n", {}, "a matrix of affinities needs at least two tasks"),
        (WIDE, {"where": {"network": "x"}}, 'no row has network "x"'),
        (WIDE, {"columns": {"network": "x"}}, 'there is no column "x" to read as "network"'),
    ],
)
def test_flags_that_do_not_fit_the_file(write, text, reading, message):
    with pytest.raises(InvalidTableError) as caught:
        read_networks(write(text), NetworkReading(**reading))
    assert message in str(caught.value)


def test_too_many_groups(write):
    names = [f"t{k:02d}" for k in range(20)]
    rows = [",".join(["x", *names])] + [",".join([name, *["1"] * 20]) for name in names]
    path = write("\n".join(rows))
    with pytest.raises(InvalidTableError, match=r"20 tasks have 1048555 groups .* --largest-group"):
        read_networks(path)
    assert len(read_networks(path, NetworkReading(largest=2))) == 190


def test_files_that_are_no_tables(write, tmp_path):
    for path, message in [
        (write("", "empty.csv"), "the file is empty, expected a table"),
        (tmp_path / "none.csv", "no such file"),
        (tmp_path, "this is a folder, expected a file"),
        (write("\n\n", "blank.csv"), "the first line is blank"),
    ]:
        with pytest.raises(InvalidTableError, match=message):
            read_networks(path)


@pytest.mark.parametrize("text", [LONG, SQUARE])
def test_a_table_that_is_written_is_read_again(write, tmp_path, text):
    networks = read_networks(write(text))
    networks.to_frame().to_csv(tmp_path / "again.csv", index=False)
    assert same(read_networks(tmp_path / "again.csv"), networks)


def test_frames_are_read_as_files_are():
    frame = pd.DataFrame({"network": ["a", "a"], "task": ["t", "u"], "loss": [1.0, 2.0]})
    long = networks_from_long(frame)
    wide = networks_from_wide(pd.DataFrame({"network": ["a"], "t": [1.0], "u": [2.0]}))
    assert same(long, wide)
