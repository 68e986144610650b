"""Tasks of one's own: loading, sending to other processes, names, hashes, and every error."""

import pickle
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from encoders.codecs.encodings import OWN_FOLDERS, label_folder
from encoders.errors import InvalidDataError, UnknownNameError
from encoders.losses import LOSSES
from encoders.tasks import TASKS, Label, Output, Sample, Task, each_view, load_task, own
from encoders.tasks.definition import definition_hash
from encoders.tasks.names import predicted_tasks
from encoders.tasks.own import check_own, find_task, joined_own, split_own
from encoders.tasks.targets import make_target
from encoders.tasks.task import LOSS_NAMES

HEAD = "import numpy as np\nfrom encoders import Output, Task, each_view\n"
FILE = HEAD + (
    "SCALE = 2\n"
    "def helper(view):\n    return SCALE * view.rgb[..., 0]\n"
    "def red(view):\n    return helper(view)\n"
    'RED = Task("red", Output("map", 1), "l1", each_view(red))\n'
)


def written(folder, text, name="my_tasks.py"):
    (folder / name).write_text(text)
    return f"{folder / name}:RED"


def sample(function_task, count=2, size=4, **more):
    yes = np.ones(count, dtype=bool)
    return Sample(
        size=size,
        pictures=np.full((count, 1, size, size, 3), 51, dtype=np.uint8),
        raw={},
        valid=np.ones((count, size, size), dtype=bool),
        infos=((),) * count,
        paths=((),) * count,
        has_partners=yes,
        same_point=yes,
        seeds=((0,),) * count,
        constants={},
        names=tuple(f"b/{number}" for number in range(count)),
        **more,
    )


def test_a_task_of_a_file_makes_the_same_targets_in_a_fresh_process(tmp_path):
    """The pickled task is enough: a worker runs the file again."""
    task = load_task(written(tmp_path, FILE))
    resolved = replace(task, output=Output("map", 3), title="Red")
    packed = tmp_path / "task.pickle"
    packed.write_bytes(pickle.dumps((task, resolved)))
    code = (
        f"import pickle; task, other = pickle.load(open({str(packed)!r}, 'rb')); "
        "print(task.name, task.output.channels, other.output.channels, other.title, "
        "task.label.make.keywords['function'].__name__)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["red", "1", "3", "Red", "red"]
    target, mask = make_target(task, sample(task))
    assert target.shape == (2, 1, 4, 4)
    assert np.allclose(target, 2 * 51 / 255)
    assert mask.all()
    assert pickle.loads(pickle.dumps(TASKS["denoise"])).name == "denoise"


def test_the_hash_changes_with_the_code_that_is_used_and_with_nothing_else(tmp_path):
    texts = {
        "same": FILE,
        "other place": "# a comment\n\n" + FILE,
        "unused": FILE + "def unused():\n    pass\n",
        "helper": FILE.replace("[..., 0]", "[..., 1]"),
        "constant": FILE.replace("SCALE = 2", "SCALE = 3"),
        "loss": FILE.replace('"l1"', '"l2"'),
        "function": FILE.replace("return helper(view)", "return -helper(view)"),
    }
    found = {}
    for number, (name, text) in enumerate(texts.items()):
        found[name] = definition_hash(load_task(written(tmp_path, text, f"my_{number}.py")))
    assert found["same"] == found["other place"] == found["unused"]
    assert len(set(found.values())) == 5


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        (None, "RED", r"no\.py: there is no such file; give FILE\.py:NAME"),
        (FILE, "BLUE", r"my_tasks\.py has no BLUE; it has RED; expected an encoders\.Task"),
        ("X = 1\n", "RED", r"has no RED; it has no Task at all"),
        ("import os\nimport nmupy\n", "RED", r"my_tasks\.py, line 2: ModuleNotFoundError: No modu"),
        ("x = (\n", "RED", r"my_tasks\.py, line 1: SyntaxError: '\(' was never closed; mend this"),
        ("def f():\n    return 1 / 0\nf()\n", "RED", r"my_tasks\.py, line 2: ZeroDivisionError"),
        ("RED = 3\n", "RED", r"RED is of the type int, expected an encoders\.Task"),
        (FILE.replace('"red"', '"normals"'), "RED", r'"normals" .* name of the built-in task rgb2'),
        (FILE.replace('"red"', '"a/b"'), "RED", r'"a/b".*: the name cannot be used in tables'),
        (FILE.replace('"red"', '"self"'), "RED", r'"self".* none of self, scratch, average'),
        (FILE.replace('"l1"', '"l3"'), "RED", r'line 8: UnknownNameError: task red: no loss "l3"'),
        (FILE.replace('"map"', '"maps"'), "RED", r'line 8: .* no output of the kind "maps"; there'),
        (FILE.replace('"map", 1', '"map", 0'), "RED", r"line 8: .* output's channels is 0, expec"),
        (
            FILE.replace('"l1"', '"xentropy"'),
            "RED",
            r"the loss xentropy is for .* classes or class_map, not .map., for which there are l1",
        ),
        (FILE.replace("each_view(red)", "each_view(3)"), "RED", r"line 8: .* of the type int, exp"),
        (
            FILE.replace("(red)", '(red, "normal")'),
            "RED",
            r'the folders are "normal", .*\["normal"',
        ),
        (
            FILE.replace("SCALE = 2", "class X(BaseException): pass\nraise X('odd')"),
            "RED",
            r"my_tasks\.py, line 4: X: odd; mend this line",
        ),
    ],
)
def test_every_error_of_loading_is_one_line(tmp_path, text, name, message):
    path = tmp_path / ("no.py" if text is None else "my_tasks.py")
    if text is not None:
        path.write_text(text)
    with pytest.raises((InvalidDataError, UnknownNameError), match=message) as caught:
        load_task(f"{path}:{name}")
    assert "\n" not in str(caught.value)


def test_references_that_are_none(monkeypatch):
    with pytest.raises(UnknownNameError, match=r"a\.txt:X: expected FILE\.py:NAME"):
        load_task("a.txt:X")
    with pytest.raises(UnknownNameError, match='no installed package has a task "level"'):
        load_task("level")


def test_an_entry_point_is_loaded_by_its_name(monkeypatch):
    task = Task("level", Output("map", 1), "l1", each_view(lambda view: view.rgb[..., 0]))

    class Entry:
        name, value, result = "level", "package:LEVEL", task

        def load(self):
            if isinstance(self.result, Exception):
                raise self.result
            return self.result

    monkeypatch.setattr(own.importlib.metadata, "entry_points", lambda group: [Entry()])
    assert load_task("level") is task
    assert predicted_tasks(["level", "depth", "colum"], []) == [task, "depth", "colum"]
    monkeypatch.setattr(Entry, "name", "depth")
    assert predicted_tasks(["depth"]) == ["depth"], "a name of the dictionary means that task"
    monkeypatch.setattr(Entry, "name", "level")
    Entry.result = ImportError("no such thing")
    with pytest.raises(InvalidDataError, match=r"package:LEVEL cannot be loaded \(ImportError: no"):
        load_task("level")
    Entry.result = 3
    with pytest.raises(InvalidDataError, match="package:LEVEL is of the type int"):
        load_task("level")


def test_losses_are_known_by_the_names_that_they_have():
    assert set(LOSS_NAMES) == set(LOSSES)


def made(function, output, loss="l1"):
    task = Task("mine", output, loss, each_view(function))
    return make_target(task, sample(task))


def test_a_label_function_gets_names_paths_rows_and_buildings():
    seen = []
    task = Task("mine", Output("vector", 1), "l2", each_view(lambda v: seen.append(v) or 1.0))
    rows = ({"age": "3"}, {"age": "4"})
    make_target(task, sample(task, rows=rows, file=lambda domain, n: f"{domain}/{n}.png"))
    assert [view.name for view in seen] == ["b/0", "b/1"]
    assert [view.path for view in seen] == ["rgb/0.png", "rgb/1.png"]
    assert [view.building for view in seen] == ["b", "b"]
    assert [view.row["age"] for view in seen] == ["3", "4"]


@pytest.mark.parametrize(
    ("function", "output", "loss", "message"),
    [
        (lambda v: v.info["x"], Output("map", 1), "l1", r"failed on b/0 \(.*line \d+\): KeyError"),
        (
            lambda v: v.info["x"],
            Output("map", 1),
            "l1",
            r"'x'; view.info is empty unless .*infos=T",
        ),
        (lambda v: v["normal"], Output("map", 1), "l1", r'not read .* normal; .*\["normal"\]'),
        (lambda v, x: 1, Output("map", 1), "l1", r"failed on b/0: TypeError: .*missing 1 required"),
        (lambda v: None, Output("vector", 1), "l2", r"returned None for b/0, .* with NaN where"),
        (lambda v: "a", Output("vector", 1), "l2", r"values of the type <U1 for b/0, expected num"),
        (lambda v: 1j, Output("vector", 1), "l2", r"values of the type complex128 for b/0"),
        (lambda v: 1e300, Output("vector", 1), "l2", r"returned 1e\+300 for b/0, .* other units"),
        (lambda v: -np.inf, Output("vector", 1), "l2", r"returned inf for b/0, expected numbers"),
        (lambda v: v.rgb, Output("map", 3), "l1", r"shape \(4, 4, 3\) for b/0, expected the shape"),
        (lambda v: v.rgb[: int(v.name[-1]) + 1, 0], Output("vector", 3), "l2", "return one shape"),
        (lambda v: [1.0, 2.0], Output("vector", 3), "l2", r"expected the shape \(3,\)"),
        (lambda v: [1.0, 2.0], Output("vector", 1), "l2", "expected one number"),
        (lambda v: 7, Output("classes", 3), "xentropy", "class of b/0 is 7, expected .* 0 to 2"),
        (lambda v: 0.5, Output("classes", 3), "xentropy", "class of b/0 is 0.5, expected a whole"),
        (lambda v: v.rgb[..., 0] + 9, Output("class_map", 3), "xentropy", "class of b/0 is 9.2"),
    ],
)
def test_a_wrong_label_names_the_task_the_view_and_the_remedy(function, output, loss, message):
    with pytest.raises(InvalidDataError, match=message) as caught:
        made(function, output, loss)
    assert str(caught.value).startswith("task mine: ")
    assert re.search(r"mend|return", str(caught.value))


def test_nan_is_no_label():
    target, mask = made(
        lambda v: float("nan") if v.name == "b/0" else 2, Output("classes", 3), "xentropy"
    )
    assert mask.tolist() == [False, True]
    assert target[:, 0].tolist() == [0, 2]


def test_tasks_are_found_by_name_and_two_of_one_name_are_refused():
    one = Task("mine", Output("map", 1), "l1", each_view(abs))
    assert split_own(["edge2d", one, TASKS["denoise"]]) == (["edge2d", "mine", "denoise"], [one])
    assert find_task("mine", [one]) is one
    assert find_task("normals", [one]) is TASKS["rgb2sfnorm"]
    with pytest.raises(UnknownNameError, match='no task "mien"; did you mean mine'):
        find_task("mien", [one])
    assert joined_own([one], [one]) == (one,)
    with pytest.raises(InvalidDataError, match='two different tasks are called "mine"'):
        joined_own([one], [replace(one, loss="l2")])
    check_own(TASKS.values())


def test_a_label_folder_is_a_registration(monkeypatch):
    monkeypatch.setattr("encoders.codecs.encodings.OWN_FOLDERS", OWN_FOLDERS.copy())
    assert label_folder("my_masks", "classes") == label_folder("my_masks", "classes") == "my_masks"
    with pytest.raises(
        UnknownNameError, match='no kind "mask" of label files; there are map, gray'
    ):
        label_folder("my_masks", "mask")
    with pytest.raises(InvalidDataError, match="the label folder my_masks is of another kind"):
        label_folder("my_masks", "map")
    with pytest.raises(InvalidDataError, match="normal is one of Taskonomy's folders"):
        label_folder("normal", "map")
    with pytest.raises(InvalidDataError, match='"my masks" cannot be the name'):
        label_folder("my masks", "map")


def test_a_label_of_another_form_still_needs_an_output():
    with pytest.raises(InvalidDataError, match="give both an output and a label, or neither"):
        Task("mine", None, "l1", Label(make=lambda s: (s.rgb, s.valid)))
