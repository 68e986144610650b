"""``taskgraph bench finetune --data``: records, table, curve, model, resuming, errors."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.stats import binomtest

from benchmarks.finetune import FineTuned, own, own_page
from benchmarks.finetune.crops import middle_squares
from benchmarks.finetune.listing import layer_table
from benchmarks.finetune.own_settings import PROTOCOL_NAMES
from benchmarks.finetune.pictures import find_pictures
from benchmarks.finetune.protocols import PROTOCOLS
from benchmarks.results.machine import ROOT
from benchmarks.results.record import Record, read_records
from taskgraph.cli import run
from tests.benchmarks.finetune.pictures import write_pictures

FLAGS = ["--start", "scratch:resnet8", "--size", "16", "--keep", "layer2", "--freeze"]
FLAGS += ["--steps", "6", "--batch", "8", "--seeds", "2", "--sizes", "6", "--rates", "0.01,0.1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a subfolder a class."""
    return write_pictures(tmp_path_factory.mktemp("pictures") / "mine", 12)


@pytest.fixture(scope="module")
def out(folder, tmp_path_factory):
    """The results of a whole run."""
    place = tmp_path_factory.mktemp("results") / "own"
    assert asked(folder, place) == 0
    return place


def asked(folder, out, *more):
    """Run the command; returns its exit code."""
    return run(["bench", "finetune", "--data", str(folder), *FLAGS, "--out", str(out), *more])


def contents(folder):
    """Return the bytes of every file by its path."""
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_gives_records_a_table_a_curve_a_model_and_predictions(out, folder):
    tests = [record for record in read_records(out) if record.split == "test"]
    cells = {(record.settings["labels"], record.seed) for record in tests}
    assert cells == {(6, 0), (6, 1), (18, 0), (18, 1)}
    page = (out / "README.md").read_text()
    mean = 100 * np.mean([r.metrics["accuracy"] for r in tests if r.settings["labels"] == 18])
    row = f"| mine | scratch:resnet8 | layer2 | frozen, short, 6 steps | 18 | 2 | {mean:.1f} |"
    assert row in page
    assert "| mine | most frequent class |  |  |  |  | 50.0 |" in page
    assert (out / "curve.svg").stat().st_size > 1000
    (model,) = (out / "models").iterdir()
    assert re.fullmatch(r"scratch-resnet8_keep-layer2_frozen_[0-9a-f]{8}", model.name)
    table = pd.read_csv(model / "predictions.csv")
    assert list(table) == ["picture", "split", "label", "predicted", "p_blue", "p_red"]
    saved = next(r for r in tests if r.seed == 0 and r.settings["labels"] == 18)
    tested = table[table["split"] == "test"]
    assert (tested["label"] == tested["predicted"]).mean() == saved.metrics["accuracy"]
    wilson = binomtest(int(saved.metrics["accuracy"] * 4), 4).proportion_ci(method="wilson")
    assert (saved.metrics["low"], saved.metrics["high"]) == (wilson.low, wilson.high)
    files = find_pictures(folder).files("test")
    probabilities = FineTuned.load(model).predict_proba(middle_squares(files, 16))
    np.testing.assert_allclose(tested[["p_blue", "p_red"]], probabilities, rtol=1e-9)
    assert list(tested["picture"]) == [str(path) for path in files.paths]


def test_validation_chooses_the_rate_and_the_page_says_what_was_tried(out):
    (choice,) = [record for record in read_records(out) if record.split == "val"]
    tried = choice.metrics["tried"]
    assert set(tried) == {"0.01", "0.1"}
    assert tried[f"{choice.metrics['rate']:g}"] == max(tried.values())
    rates = {r.metrics["rate"] for r in read_records(out) if r.split == "test"}
    assert rates == {choice.metrics["rate"]}
    assert (
        "- scratch:resnet8: validation accuracy at rates 0.01: " in (out / "README.md").read_text()
    )


def test_a_finished_run_trains_nothing(out, folder, monkeypatch, capsys):
    before = contents(out)
    monkeypatch.setattr(FineTuned, "fit", None)
    monkeypatch.setattr(own, "write_page", str)
    assert asked(folder, out) == 0
    assert "The model and its predictions are in" in capsys.readouterr().out
    (out / "README.md").unlink()
    monkeypatch.undo()
    assert asked(folder, out, "--render") == 0
    assert contents(out) == before


def test_a_killed_run_goes_on_and_ends_with_the_same_numbers(out, folder, tmp_path, monkeypatch):
    """It is killed while it chooses the rate, and again in the second of four cells."""
    calls, fit, place = [], FineTuned.fit, tmp_path / "own"

    def fit_until_killed(*args, **options):
        calls.append(1)
        if len(calls) in (2, 6):
            raise KeyboardInterrupt
        return fit(*args, **options)

    monkeypatch.setattr(FineTuned, "fit", fit_until_killed)
    monkeypatch.setattr(own, "write_page", str)
    for recorded in (0, 2):
        with pytest.raises(KeyboardInterrupt):
            own.run(settings_of(folder), place)
        assert len(read_records(place)) == recorded
    own.run(settings_of(folder), place)
    assert len(calls) == 6 + 3, "only what is missing is trained"
    assert [plain(each) for each in read_records(place)] == [
        plain(each) for each in read_records(out)
    ]
    names = [path for path in contents(out) if path.suffix in (".csv", ".safetensors", ".json")]
    assert len(names) == 3
    assert all(contents(place)[name] == contents(out)[name] for name in names)


def settings_of(folder):
    """The settings that `FLAGS` give."""
    return own.OwnSettings(
        data=str(folder),
        start="scratch:resnet8",
        size=16,
        keep="layer2",
        freeze=True,
        steps=6,
        batch=8,
        seeds=2,
        sizes=(6,),
        rates=(0.01, 0.1),
    )


def plain(record):
    """Return the values that two runs must share."""
    return record.settings, record.seed, record.split, record.metrics


def test_a_model_that_was_deleted_is_written_again(out, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(own, "write_page", str)
    place = tmp_path / "own"
    shutil.copytree(out, place)
    (model,) = (place / "models").iterdir()
    before = contents(model)
    (model / "model.safetensors").unlink()
    assert asked(folder, place) == 0
    assert contents(model) == before
    assert len(read_records(place)) == len(read_records(out))


def test_another_training_adds_a_row_and_a_model(out, folder, tmp_path, capsys):
    place = tmp_path / "own"
    shutil.copytree(out, place)
    more = ["--start", "scratch:resnet8", "--size", "16", "--steps", "1"]
    assert run(["bench", "finetune", "--data", str(folder), *more, "--out", str(place)]) == 0
    printed = capsys.readouterr().out
    assert "| all | fine-tuned, short, 1 steps, batch 32, rates 0.003 | 18 | 1 |" in printed
    assert "| layer2 | frozen, short, 6 steps, batch 8, rates 0.01 and 0.1 | 18 | 2 |" in printed
    assert len(list((place / "models").iterdir())) == 2


def test_the_command_writes_to_runs_and_never_to_the_results_of_the_suite(
    folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own, "write_page", str)
    short = ["--start", "scratch:resnet8", "--size", "16", "--steps", "1"]
    assert run(["bench", "finetune", "--data", str(folder), *short]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["finetune-own"]
    capsys.readouterr()


def test_layers_are_listed_with_numbers_shapes_and_parameters(capsys):
    assert run(["bench", "finetune", "--layers", "scratch:resnet8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["number", "name", "kind", "output", "parameters"]
    rows = {line.split()[0]: line.split() for line in lines[1:]}
    assert rows["conv1"][1:] == ["Conv2d", "16", "x", "32", "x", "32", "432"]
    assert rows["4"][1:] == ["layer3", "Sequential", "64", "x", "8", "x", "8", "55,552"]
    assert lines[-1] == "scratch:resnet8: 74,640 parameters, 64 features"
    gray = layer_table("scratch:resnet8", channels=1, size=16).splitlines()
    assert gray[1].split() == ["conv1", "Conv2d", "16", "x", "16", "x", "16", "144"]


def test_names_of_protocols_are_the_same_in_the_flag_and_in_python():
    assert tuple(PROTOCOLS) == PROTOCOL_NAMES


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--keep", "3"], "name your pictures with --data FOLDER, or list the layers"),
        (
            ["--data", "DATA", "--parts", "sizes"],
            "--parts is for the suite and --data for your own",
        ),
        (["--data", "DATA", "--preset", "smoke"], "--preset is for the suite and --data for your"),
        (["--data", "nowhere"], "nowhere does not exist; expected one subfolder of pictures"),
        (
            ["--data", "DATA", "--start", "resnet18"],
            "no start 'resnet18'; expected scratch:NETWORK",
        ),
        (
            ["--data", "DATA", "--start", "scratch:resnet8", "--keep", "layr3"],
            "did you mean layer3",
        ),
        (["--data", "DATA", "--start", "scratch:resnet8", "--keep", "77"], "expected 1 to 4"),
        (["--data", "DATA", "--bank", "gone"], "gone has no network of rgb2sfnorm; it has none at"),
        (["--data", "DATA", "--start", "timm:resnet181"], "timm has no model 'resnet181'; did you"),
        (["--data", "DATA", "--start", "torchvision:"], "no start 'torchvision:'; expected"),
        (["--data", "DATA", "--keep", ""], "a layer's name is empty; `list_layers` (--layers)"),
        (["--data", "DATA", "--freeze", "--freeze-first", "1"], "leave out --freeze-first"),
        (["--data", "DATA", "--sizes", "1"], "--sizes has 1, expected 2 (one a class) to 18"),
        (["--data", "DATA", "--seeds", "0"], "--seeds is 0, expected at least 1"),
        (["--data", "DATA", "--steps", "0"], "steps is 0, expected at least 1"),
        (["--data", "DATA", "--rates", "0.1,-1"], "learning_rate is -1.0, expected more than 0"),
        (["--data", "DATA", "--rates", "inf"], "learning_rate is inf, expected more than 0"),
        (["--data", "DATA", "--channels", "2"], "2 channels, expected 1 (gray) or 3 (color)"),
        (["--data", "DATA", "--channels", "0"], "0 channels, expected 1 (gray) or 3 (color)"),
        (["--data", "DATA", "--hidden", "8,0"], "hidden layers of widths 8, 0, expected at least"),
        (["--data", "DATA", "--head-ratio", "nan"], "head_ratio is nan, expected more than 0"),
        (["--data", "DATA", "--layer-decay", "2"], "layer_decay is 2.0, expected more than 0 and"),
        (["--data", "DATA", "--device", "tpu9"], "the device 'tpu9' cannot be used here ("),
        (["--data", "DATA", "--device", "meta"], "the device 'meta' cannot be used here ("),
        (["--layers", "scratch:resnet8", "--channels", "2"], "2 channels, expected 1 (gray) or 3"),
        (["--data", "DATA", "--protocol", "cifr"], "'cifr' is not one of 'short', 'cifar'"),
        (["--layers", "scratch:resnet9"], "no network scratch:resnet9; expected lenet, resnet8"),
        (["--data", "DATA", "--render"], "holds no records of your own trainings; run `taskgraph"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(folder, tmp_path, capsys, flags, words):
    flags = [str(folder) if flag == "DATA" else flag for flag in flags]
    assert run(["bench", "finetune", *flags, "--out", str(tmp_path / "own")]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not list(tmp_path.rglob("records.jsonl"))


def test_rows_that_differ_in_one_setting_are_told_apart():
    """Two trainings whose texts would be equal name the setting that differs, and no other."""
    settings = {"freeze": False, "protocol": "short", "steps": 6, "size": None, "hidden": []}
    records = [
        Record("finetune-own", {**settings, "size": size}, 0, "test", {}) for size in (7, None)
    ]
    varied = own_page.varied_settings(records)
    assert varied == ["size"]
    texts = [own_page._training(record.settings, varied) for record in records]
    assert texts == [
        "fine-tuned, short, 6 steps, size 7",
        "fine-tuned, short, 6 steps, size default",
    ]
    assert own_page.varied_settings(records[:1]) == []


@pytest.mark.parametrize("inside", ["", "results", "red/deep"])
def test_results_are_not_written_among_the_pictures(folder, capsys, inside):
    before = contents(folder)
    assert run(["bench", "finetune", "--data", str(folder), "--out", str(folder / inside)]) == 2
    assert "into the folder of your pictures" in capsys.readouterr().err
    assert contents(folder) == before


def test_too_few_pictures_for_validation_and_a_damaged_one_are_named(tmp_path, capsys):
    place = write_pictures(tmp_path / "few", 3)
    flags = ["--start", "scratch:resnet8", "--out", str(tmp_path / "own")]
    data = ["bench", "finetune", "--data", str(place), *flags]
    assert run([*data, "--rates", "0.1,0.2"]) == 2
    assert (
        "too few pictures for validation, which chooses between --rates" in capsys.readouterr().err
    )
    damaged = place / "red" / "1.png"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    assert run(data) == 2
    error = capsys.readouterr().err
    assert f"{damaged} cannot be read as a picture: " in error
    assert error.count("\n") == 1


def test_the_example_of_the_documentation_runs(tmp_path, monkeypatch):
    """The Python of docs/finetune.md, on the test's pictures."""
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "finetune.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    write_pictures(tmp_path / "my_folder", 6)
    Image.open("my_folder/red/1.png").convert("RGB").save("new.png")
    names: dict = {}
    exec(code, names)
    assert names["loaded"].predict(names["images"]).tolist() == names["predicted"].tolist()
