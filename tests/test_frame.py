"""The frame: README's commands are CI's, commands are documented, imports go one way, no torch."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import taskgraph as tg
from benchmarks.cli.registry import PACKAGES
from taskgraph.cli import COMMANDS, run
from tests.docs_scripts import docs_script

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()

ORDER = {
    "taskgraph": "errors < arrays < progress < tasks < frames < nesting < transfers < losses < "
    "affinity < problem < program < taxonomy < solver < frontiers < grouping < baselines < "
    "selection < lifelong < sensitivity < tables < plot < report < server < cli",
    "taskgraph.lifelong": "joining < scales < sunk < newcomers < extension < extending < "
    "arrivals < ends < doubts < remeasure",
    "taskgraph.sensitivity": "programs < regret < confidence < tournaments < variation < cases < "
    "result < analysis < shrinking < robust_program < robust",
    "taskgraph.frames": "rows < spelling < names < score_words < direction < columns < long_table",
    "taskgraph.frontiers": "ladder < frontier < needed < marginal < shortlist",
    "taskgraph.grouping": "image_losses < networks < choice < settings < covering < shortage < "
    "solve < intervals < estimates < long_form < wide_form",
    "taskgraph.baselines": "random_sets < random_choices < evaluation < methods",
    "taskgraph.affinity": "wins < tournament < seeds < perron < ahp < bradley_terry < methods < "
    "closed < references < interval < bootstrap < estimate < aggregated < wins_table < scores",
    "taskgraph.solver": "clock < scale < running < backends < choice < presolve < model < local < "
    "additive < listing < nextbest < root < incumbent < halves < solvable < contract < lagrange < "
    "leaves < ascent < branch < ranking < infeasible < ties < search",
    "taskgraph.tables": "text < formats < naming < writing < files < columns < missing < "
    "many_files < rows < wide < readers < bare_numbers < networks < documents < costs < "
    "default < taskonomy < transfer_names",
    "taskgraph.plot": "errors < paper < style < colors < figures < matrix < fonts < names < "
    "affinities < layout < "
    "sheet < legend < shapes < taxonomy < grouping < frontier < needed < arrivals < "
    "sensitivity < grid < tree < heatmap",
    "taskgraph.cli": "exit_codes < streams < output < progress < stopping < groups < parameters < "
    "paths < options < problem < tables < losses < networks < grouping < pictures < affinity < "
    "stability < sensitivity < import_ < robust < solve < recommend < extend < remeasure < "
    "frontier < group < evaluate < plot < report < serve",
    "taskgraph.report": "section < measured < pictures < tables < results < page < notebook",
    "taskgraph.server": "limits < refusals < openapi < bodies < asked < jobs < comparison < "
    "answers < tables < security < app < serving",
    "encoders": "errors < engines < codecs < scenes < tasks < draw < dataset < losses < networks < "
    "training < bank < transfer < features < pipeline < cli",
    "encoders.engines": "workers < threads < job < pool < local < cluster < named < progress < "
    "running",
    "encoders.scenes": "solids < appearance < building < furniture < homes < camera < raycast < "
    "camera_places < views < pictures < labels < making",
    "encoders.draw": "tiles < overlays < canvas < maps < cameras < words < answers < painters < "
    "legend < pages < labeled_views < contact_sheet",
    "encoders.codecs": "pixels < photos < file_content < encodings < corruptions < colors < "
    "jigsaw < poses < point_info < no_label",
    "encoders.training": "checkpoint < loading < run_state < tensorboard < schedule < augment < "
    "adversarial < config < loop < fit < objective",
    "encoders.dataset": "content < folders < splits < label_rows < table < index < resize < "
    "reader < manifest < broken < selection < listing < cache < constants < pairs < partners < "
    "samples < fingerprint < examples < taskonomy < buildings < overlap",
    "encoders.bank": "commit < pretrained < identity < config < splits < record < training < jobs "
    "< table1 < predict",
    "encoders.transfer": "file_names < alone < candidates < screened < data < store < ridge < "
    "scores < agreement < families < family_moments < pruning < readouts < scratch < settings < "
    "records < caps < represented < measure < rungs < repeats < closed < external_sources < "
    "used_views < config_file < scratch_trials < jobs < sweep < gather",
    "encoders.features": "settings < label_columns < label_table < shapes < npz < parquet < "
    "readers < matching < parts < store < moments < losses < cache < readout < ridge < logistic < "
    "perceptron < inline < prepared < jobs < checks < tables < measure < transformers",
    "encoders.pipeline": "presets < stages",
    "benchmarks.learning": "accuracy < subsets < augment < worker_parts < lenet < resnet < "
    "tracing < listing < surgery < classifier < starts < freezing < rates < l2sp < config < "
    "batches < history < placement < optimizers < loop < prediction < features < throughput",
    "benchmarks.lifelong": "settings < variants < objectives < streams < sources < learner < "
    "training < icarl < rules < strategies < measures < evaluation < checkpoint < collect < "
    "beside < worker_avalanche < worker_ours < versus_avalanche < figures < published < "
    "tables < page < run",
    "benchmarks.multitask": "settings < joint_data < derived_labels < labeled_sets < scenes < "
    "sharing < scalarizations < aggregators < cosines < training < measures < affinity_pairs < "
    "plan < groups < run < collect < tables < figures < page",
}
"""Modules of each package; a module imports only those to its left."""


def command_blocks():
    """The two fenced one-line commands of README's first screen."""
    return re.findall(r"```sh\n(python3 -m venv .+)\n```", README)


def test_readme_has_two_commands_and_ci_runs_both_word_for_word():
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    blocks = command_blocks()
    assert len(blocks) == 2
    for command in blocks:
        assert command in script


def test_every_command_is_in_readme_and_the_page_of_help_texts_is_fresh():
    """A suite is in README's table or in its sentence on suites that are not measured yet."""
    page, suites = docs_script("cli"), {f"bench {name}": name for name in PACKAGES}
    for name, _ in page.commands():
        suite = suites.get(name)
        words = f"taskgraph {name}" if suite is None else f"results/{suite}/README.md"
        assert words in README or f"`{suite}`" in README, name
    assert (ROOT / "docs" / "cli.md").read_text() == page.page(), (
        "run `python docs/cli.py > docs/cli.md`"
    )


def test_the_page_of_the_data_names_every_folder_and_every_task():
    from encoders.codecs.encodings import ENCODINGS
    from encoders.tasks import TASKS

    text = (ROOT / "docs" / "data.md").read_text()
    for name in [*ENCODINGS, *TASKS]:
        assert f"`{name}`" in text, name


def test_every_command_has_a_help_text_with_a_runnable_example():
    for name, command in docs_script("cli").commands():
        assert command.help, name
        if not hasattr(command, "commands"):
            assert f"taskgraph {name}" in command.help, name


def imports_of(path, package):
    """Dotted names that a file imports at any depth, ``if TYPE_CHECKING`` aside."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name == package or name.startswith(f"{package}.")}


@pytest.mark.parametrize("package", ORDER)
def test_imports_go_one_way(package):
    """A module imports only those to its left."""
    order = ORDER[package].split(" < ")
    folder = ROOT / package.replace(".", "/")
    modules = {p.stem for p in folder.glob("*.py")} | {p.parent.name for p in folder.glob("*/*.py")}
    assert modules - {"__init__", "__main__", folder.name} == set(order)
    for place, module in enumerate(order):
        files = [folder / f"{module}.py", *(folder / module).rglob("*.py")]
        for path in (p for p in files if p.exists()):
            for name in imports_of(path, package):
                left = name.removeprefix(f"{package}.").split(".")[0]
                if left in order and left != module:
                    assert order.index(left) < place, f"{path.name} imports {name}"


def test_scenes_need_only_errors_engines_and_codecs():
    for path in (ROOT / "encoders" / "scenes").rglob("*.py"):
        packages = {name.split(".")[1] for name in imports_of(path, "encoders")}
        assert packages <= {"errors", "engines", "codecs", "scenes"}, path


def test_packages_import_one_way():
    packages = ["taskgraph", "encoders", "benchmarks"]
    for place, package in enumerate(packages):
        for path in (ROOT / package).rglob("*.py"):
            for other in packages[place + 1 :]:
                assert not imports_of(path, other), f"{path} imports {other}"


BLOCKED = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {"torch", "torchvision"}:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
sys.meta_path.insert(0, Missing())
import pandas as pd, taskgraph as tg
rows = [("self", "a", .5), ("b", "a", .3), ("self", "b", .6), ("a", "b", .2)]
table = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
assert tg.solve(table, budget=1, objective="linear").supervised == ("b",)
from taskgraph.cli import run
for name in tg.__all__: getattr(tg, name)
"""


def test_imports_and_solves_with_torch_blocked():
    subprocess.run([sys.executable, "-c", BLOCKED], check=True, cwd=ROOT)


NAMES_WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {modules}:
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)
sys.meta_path.insert(0, Missing())
import encoders
from taskgraph import TaskgraphError
from taskgraph.cli import run
try:
    {name}
except TaskgraphError as error:
    assert isinstance(error, ImportError)
    print(error)
print("exit code", run({command}))
"""


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "command", "modules", "first", "extra"),
    [
        ("encoders.load", ["predict", "photo.jpg"], {"torch"}, "torch", "train"),
        ("encoders.TASKS", ["run", "r"], {"skimage"}, "skimage", "train"),
        pytest.param("encoders.load", ["run", "r"], {"torch"}, "torch", "train", marks=SLOW),
        pytest.param(
            "encoders.load", ["run", "r"], {"safetensors"}, "safetensors", "train", marks=SLOW
        ),
        pytest.param(
            "from encoders import TaskonomyDataset",
            ["train", "--data", "d"],
            {"torch"},
            "torch",
            "train",
            marks=SLOW,
        ),
        pytest.param(
            "encoders.TASKS", ["transfer", "--data", "d"], {"PIL"}, "PIL", "train", marks=SLOW
        ),
        (
            "encoders.make_scenes",
            ["scenes", "w"],
            {"threadpoolctl", "embreex"},
            "threadpoolctl",
            "scenes",
        ),
        ("encoders.make_scenes", ["scenes", "w"], {"skimage", "torch"}, "skimage", "scenes"),
    ],
)
def test_names_of_encoders_say_what_to_install_as_the_command_line_does(
    tmp_path, name, command, modules, first, extra
):
    words = (
        f"this needs {first}, which is not installed: in the checkout, pip install "
        f"-c constraints.txt -e '.[{extra}]'"
    )
    (tmp_path / "photo.jpg").touch()
    code = NAMES_WITHOUT.format(name=name, command=command, modules=modules)
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        cwd=tmp_path,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    text, exit_code = done.stdout.splitlines()
    assert text == words
    assert exit_code == "exit code 2"
    assert done.stderr == f"Error: {words}\n"


def test_a_public_name_is_never_hidden_by_a_module():
    """``tg.solve`` must stay the function, whatever was imported before."""
    modules = {p.stem for p in (ROOT / "taskgraph").iterdir()}
    assert not modules & set(tg.__all__)


def test_help_imports_neither_pandas_nor_pulp():
    """These imports would make `taskgraph --help` slow; a timing would be a flaky test."""
    code = (
        "import sys\nfrom taskgraph.cli import run\nrun(['--help'])\n"
        "heavy = {'pandas', 'numpy', 'pulp', 'matplotlib', 'scipy', 'torch', 'embreex'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def test_nothing_that_is_committed_names_the_machine():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    secret = re.compile("/" + "work/|/" + "opt/pypi|/\\." + "library")
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".json", ".svg", ""} and path.is_file():
            assert not secret.search(path.read_text(errors="ignore")), name


def test_commands_are_all_found():
    assert run(["--version"]) == 0
    for name in COMMANDS:
        assert run([name, "--help"]) == 0
