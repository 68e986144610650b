"""Every name of a task in pictures, tables and conversation is known everywhere."""

import pandas as pd
import pytest

import taskgraph as tg
from encoders.bank.config import trainable
from encoders.draw.contact_sheet import SHEET_ORDER
from encoders.tasks import TASKS, tasks_named
from encoders.tasks.names import known_name, trained_name
from encoders.transfer.settings import resolve_tasks
from taskgraph.cli import run
from taskgraph.errors import UnknownTaskError
from taskgraph.plot import TASKONOMY_NAMES, display_names
from taskgraph.tasks import RESERVED
from taskgraph.tasks.aliases import ALIASES, OTHER_NAMES, name_in, standard_name
from tests.failing import fails

WORDS = {
    "normals": "rgb2sfnorm",
    "Normals": "rgb2sfnorm",
    "depth": "rgb2depth",
    "Z-Depth": "rgb2depth",
    "z depth": "rgb2depth",
    "2D Edges": "edge2d",
    "2.5D Segm.": "segment25d",
    "Cam. Pose (fix)": "fix_pose",
    "camera-pose": "fix_pose",
    "edges": "edge2d",
    "Vanishing Pts.": "vanishing_point_well_defined",
    "semantic": "segmentsemantic_rb",
    "inpainting_whole": "impainting_whole",
    "RGB2MIST": "rgb2mist",
}


@pytest.fixture(scope="module")
def small():
    """A table of three of the tasks, with one transfer to each from each other."""
    rows = [
        ("self", "rgb2sfnorm", 0.5),
        ("rgb2depth", "rgb2sfnorm", 0.3),
        ("edge2d", "rgb2sfnorm", 0.2),
        ("self", "rgb2depth", 0.6),
        ("rgb2sfnorm", "rgb2depth", 0.4),
        ("self", "edge2d", 0.6),
        ("rgb2depth", "edge2d", 0.1),
        ("rgb2sfnorm", "edge2d", 0.3),
    ]
    return tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))


def test_the_papers_figures_and_networks_call_each_task_alike():
    for name, task in TASKS.items():
        assert display_names([name], names=TASKONOMY_NAMES) == {name: task.display}
        assert known_name(task.display) == standard_name(name) == name


def test_the_contact_sheet_draws_every_task_of_the_papers_figures():
    titles = {TASKS[name].display for name in SHEET_ORDER}
    assert titles <= set(TASKONOMY_NAMES.values())
    assert len(titles) == len(TASKS)


def test_no_name_stands_for_two_tasks():
    for word, name in {**ALIASES, **OTHER_NAMES}.items():
        assert standard_name(word) == name
    for name in TASKONOMY_NAMES:
        if name not in RESERVED:
            assert standard_name(name) == OTHER_NAMES.get(name, name)
    for word in (*RESERVED, "Task-Specific", "", "my task"):
        assert standard_name(word) is None


@pytest.mark.parametrize("word", WORDS)
def test_every_command_of_encoders_knows_all_names(word, tmp_path):
    name = WORDS[word]
    assert known_name(word) == trained_name(word) == name
    assert [task.name for task in tasks_named([word])] == trainable((word,)) == [name]
    if not TASKS[name].source_only:
        assert resolve_tasks(str(tmp_path), (word,), (word,)) == ((name,), (name,))


def test_a_tables_own_names_come_first():
    assert name_in("normals", ["rgb2sfnorm", "edge2d"]) == "rgb2sfnorm"
    assert name_in("rgb2sfnorm", ["normals", "edges"]) == "normals"
    assert name_in("normals", ["normals", "rgb2sfnorm"]) == "normals"
    assert name_in("Normals", ["normals", "rgb2sfnorm"]) == "Normals"  # which one? neither
    assert name_in("mine", ["normals", "mine"]) == "mine"
    assert name_in("theirs", ["normals", "mine"]) == "theirs"


@pytest.mark.parametrize(
    ("given", "own"),
    [
        ({"exclude": ["edges"]}, {"exclude": ["edge2d"]}),
        ({"require": ["2D Edges"]}, {"require": ["edge2d"]}),
        ({"source_only": "depth"}, {"source_only": "rgb2depth"}),
        ({"target_only": ["normals"]}, {"target_only": ["rgb2sfnorm"]}),
        ({"label_cost": {"normals": 3}}, {"label_cost": {"rgb2sfnorm": 3}}),
        ({"importance": {"Z-Depth": 9}}, {"importance": {"rgb2depth": 9}}),
        ({"transfer_cost": {"edges": 1}}, {"transfer_cost": {"edge2d": 1}}),
    ],
)
def test_problems_go_by_all_names(small, given, own):
    def all_of(**settings):
        yield tg.solve(small, budget=1, **settings)
        yield from tg.alternatives(small, budget=1, k=2, **settings)
        yield from tg.frontier(small, budgets=[1, 2], max_orders=[1], **settings).taxonomies
        evaluation = tg.evaluate(small, budget=2, draws=3, **settings)
        yield evaluation.taxonomy

    for found, wanted in zip(all_of(**given), all_of(**own), strict=True):
        assert found.to_frame().equals(wanted.to_frame())
        assert (found.supervised, found.spent) == (wanted.supervised, wanted.spent)
    band = {"budgets": [1, 2], "max_order": 1, "draws": 5}
    assert tg.random_band(small, **band, **given).equals(tg.random_band(small, **band, **own))


def test_recommend_goes_by_all_names(small):
    for word in ("normals", "Normals", "rgb2sfnorm"):
        found = tg.recommend(small, word, budget=1, exclude=["edges"])
        assert list(found["sources"]) == ["rgb2depth"]


def test_an_unknown_name_suggests_the_tables(small):
    for word, near in {"normalz": "rgb2sfnorm", "depths": "rgb2depth", "edge": "edge2d"}.items():
        with pytest.raises(UnknownTaskError, match=f'no task "{word}"; did you mean .*{near}'):
            tg.solve(small, exclude=[word])
    both = pd.concat([small.frame, small.frame.replace("rgb2sfnorm", "normals")])
    message = 'no task "Normals"; did you mean rgb2sfnorm or normals|normals or rgb2sfnorm'
    with pytest.raises(UnknownTaskError, match=message):
        tg.solve(tg.Transfers(both.drop_duplicates(["sources", "target"])), exclude=["Normals"])


def test_the_command_line_solves_the_shipped_table_by_all_names(capsys):
    assert run(["solve", "--budget", "2", "--exclude", "normals,Z-Depth", "--csv"]) == 0
    said = capsys.readouterr().out
    assert run(["solve", "--budget", "2", "--exclude", "rgb2sfnorm,rgb2depth", "--csv"]) == 0
    assert capsys.readouterr().out == said
    message = '--exclude: the table has no task "normalz"; did you mean rgb2sfnorm?'
    assert message in fails(capsys, "solve", "--exclude", "normalz")
