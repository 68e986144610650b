"""The suite ``adapt``: a run that resumes, its page, the user's folders, and bad input."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmarks.adaptation import collect, sections, selection
from benchmarks.adaptation.broken import broken_line
from benchmarks.adaptation.own_predictions import chosen_method
from benchmarks.adaptation.pair_groups import (
    DIGIT_PAIRS,
    FURTHER,
    SCENE_PAIRS,
    TUNING,
    chosen_pairs,
)
from benchmarks.adaptation.settings import SUITE
from benchmarks.adaptation.two_folders import own_group, read_pictures
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.record import FILE, Record, read_records
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.pretrained import SUFFIX, default_bank
from taskgraph.cli import run

TINY = ("--steps", "4", "--batch", "4", "--seeds", "1", "--rates", "0.01")
OWN = ("--start", "scratch:lenet", "--methods", "source-only,dann,mcc")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A source with two classes, and a target without labels, of 40 pictures each."""
    root, rng = tmp_path_factory.mktemp("own"), np.random.default_rng(0)
    for k in range(40):
        for name in ("source", "target"):
            pixels = rng.integers(0, 90, (28, 28), np.uint8)
            pixels[:, :14] += np.uint8(120 * (k % 2))
            place = root / name / (("cat", "dog")[k % 2] if name == "source" else "")
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(place / f"{k}.png")
    return root


def adapt(folders, *flags, source="source", target="target"):
    """Run the suite on two folders; returns the exit status."""
    where = "--source", str(folders / source), "--target", str(folders / target)
    return run(["bench", "adapt", *where, *TINY, *OWN, *flags])


def test_a_target_without_labels_gets_predictions_and_a_chosen_method(folders, tmp_path):
    out = tmp_path / "out"
    assert adapt(folders, "--out", str(out), "--selection", "dev") == 0
    records = read_records(out)
    trainings = collect.own_trainings(records, seed=0)
    assert set(trainings) == {"source-only", "dann", "mcc"}
    assert all(point.accuracy is None for own in trainings.values() for point in own)
    name = chosen_method(trainings, "dev")
    values = {each: max(p.values["dev"] for p in own) for each, own in trainings.items()}
    assert values[name] == max(values.values())
    table = pd.read_csv(out / "predictions.csv")
    assert sorted(table["file"]) == sorted(p.name for p in (folders / "target").iterdir())
    assert set(table["predicted"]) <= {"cat", "dog"}
    assert table["probability"].between(0.5, 1).all()
    assert set(table["method"]) == {name}
    before = (out / FILE).read_bytes()
    assert adapt(folders, "--out", str(out)) == 0
    assert (out / FILE).read_bytes() == before, "a run resumes from its records"
    page = (out / "README.md").read_text()
    assert page == SUITE.write_page(out)
    assert "| dev | deep embedded validation" in page
    assert "Not measured yet" not in page
    assert "| image | true class | source-only | dann |" in page
    assert "| 1 | not known | " in page
    assert (out / "decisions_own.jpg").exists()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        ({"x/bird": 6, "x/fish": 6}, "have 0 class(es) in common, expected at least two"),
        ({"x/cat": 6, "x/bird": 6}, "have 1 class(es) in common, expected at least two"),
        ({"x/cat": 3, "x/dog": 3}, "too few"),
        ({"x": 0}, "has no picture in a subfolder or in the folder itself"),
    ],
)
def test_folders_that_do_not_fit_are_one_line(make, message, folders, tmp_path, capsys):
    for place, count in make.items():
        (tmp_path / place).mkdir(parents=True)
        for k in range(count):
            Image.new("L", (8, 8), 10 * k).save(tmp_path / place / f"{k}.png")
    where = "--source", str(folders / "source"), "--target", str(tmp_path / "x")
    assert run(["bench", "adapt", *where, *TINY, *OWN, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert message in error
    assert not (tmp_path / "out").exists(), "bad input leaves nothing"


def test_other_bad_input_is_one_line(folders, tmp_path, capsys):
    (tmp_path / "broken" / "cat").mkdir(parents=True)
    (tmp_path / "broken" / "cat" / "a.png").write_bytes(b"no picture")
    (tmp_path / "cut" / "cat").mkdir(parents=True)
    content = (folders / "source" / "cat" / "0.png").read_bytes()
    (tmp_path / "cut" / "cat" / "b.png").write_bytes(content[: len(content) // 2])
    (tmp_path / "bit" / "cat").mkdir(parents=True)
    wrong = content.replace(b"IDAT", b"IDAT\0", 1)
    (tmp_path / "bit" / "cat" / "c.png").write_bytes(wrong)
    (tmp_path / "one" / "cat").mkdir(parents=True)
    Image.new("L", (8, 8)).save(tmp_path / "one" / "cat" / "a.png")
    target = "--target", str(folders / "target")
    cases = [
        (
            [*target, "--source", str(tmp_path / "broken")],
            "a.png is not a picture that Pillow can read",
        ),
        ([*target, "--source", str(tmp_path / "cut")], "b.png cannot be read as a picture"),
        ([*target, "--source", str(tmp_path / "bit")], "c.png cannot be read as a picture"),
        ([*target, "--source", str(tmp_path / "one")], "has one class, cat, expected at least two"),
        ([*target], "got --target alone; add --source FOLDER"),
        (["--parts", "numbers"], '--parts has "numbers", expected some of digits, scenes'),
        (["--methods", "dann"], "--methods lacks source-only"),
        (["--parts", ""], "--parts is empty, expected some of digits, scenes"),
        (["--methods", ""], "--methods is empty, expected some of source-only"),
        (["--pairs", "a:b"], '--pairs has "a:b", expected some of mnist-5k:digits'),
        (["--steps", "0"], "--steps is 0, expected at least 1"),
        (["--rates", "0"], "--rates is 0.0, expected finite numbers above 0"),
        (["--rates", "nan"], "--rates is nan, expected finite numbers above 0"),
        (["--dense-shares", "nan"], "--dense-shares is nan, expected numbers above 0 and"),
        (["--dense-rate", "inf"], "--dense-rate is inf, expected a finite number above 0"),
        (["--start", "scratch:nothing"], "no network scratch:nothing"),
        (["--data-root", str(tmp_path / "none")], "none, which is no folder; name another one"),
        (["--parts", "office", "--data-root", str(tmp_path)], "office-caltech is not here; "),
        (["--render"], "out has no finished run: `taskgraph bench adapt` measures what"),
    ]
    for flags, message in cases:
        assert run(["bench", "adapt", *flags, "--out", str(tmp_path / "out")]) == 2, message
        error = capsys.readouterr().err
        assert error.count("\n") == 1, error
        assert message in error
        assert "IndexError" not in error
    oracle = ("--selection", "oracle", "--out", str(tmp_path / "out"))
    assert adapt(folders, *oracle) == 2
    assert "--selection oracle needs labels" in capsys.readouterr().err


def test_networks_come_from_a_bank_of_the_users_own(folders, tmp_path, capsys):
    """A copy of two networks is another bank than the library's, and has another hash."""
    bank, out = tmp_path / "bank", str(tmp_path / "out")
    bank.mkdir()
    where = "--source", str(folders / "source"), "--target", str(folders / "target")
    flags = *where, *TINY, "--methods", "source-only", "--work", str(tmp_path / "work")
    flags = *flags, "--bank", str(bank), "--features", "bank:rgb2sfnorm", "--out", out
    assert run(["bench", "adapt", *flags]) == 2
    assert "bank has no network of rgb2sfnorm; it has none at all" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    for task in ("rgb2sfnorm", "autoencoder"):
        shutil.copy(default_bank() / f"{task}{SUFFIX}", bank)
    assert run(["bench", "adapt", *flags]) == 0
    starts = "--start", "bank:autoencoder", "--features", "bank:normals"
    assert run(["bench", "adapt", *flags, *starts]) == 0, "features are not used with a start"
    last = read_records(tmp_path / "out")[-1].settings
    assert last["bank_hash"] == bank_hash(network_hashes(bank)) != shipped_bank_hash()


def test_a_run_on_features_is_measured_once_and_follows_pictures_that_only_it_predicts(tmp_path):
    """The target's foxes have no class in the source: they are predicted, and trained on never."""
    rng = np.random.default_rng(0)
    for place in ("a/cat", "a/dog", "b/cat", "b/dog", "b/fox"):
        (tmp_path / place).mkdir(parents=True)
        for k in range(30):
            pixels = rng.integers(0, 256, (8, 8), np.uint8)
            Image.fromarray(pixels).save(tmp_path / place / f"{k}.png")
    flags = "--methods", "source-only", "--work", str(tmp_path / "work")
    flags = "--source", str(tmp_path / "a"), "--target", str(tmp_path / "b"), *TINY, *flags
    out = tmp_path / "out"
    assert run(["bench", "adapt", *flags, "--out", str(out)]) == 0
    before, table = (out / FILE).read_bytes(), pd.read_csv(out / "predictions.csv")
    assert run(["bench", "adapt", *flags, "--out", str(out)]) == 0
    assert (out / FILE).read_bytes() == before
    Image.new("L", (8, 8), 255).save(tmp_path / "b" / "fox" / "0.png")
    assert run(["bench", "adapt", *flags, "--out", str(out)]) == 0
    again = pd.read_csv(out / "predictions.csv")
    moved = again["probability"] != table["probability"]
    assert again["file"][moved].tolist() == ["fox/0.png"]


def test_trainings_that_diverge_are_recorded_and_told(folders, tmp_path, capsys):
    for steps in ("1", "4"):
        flags = "--steps", steps, "--out", str(tmp_path / steps), "--methods", "source-only,mcc"
        assert adapt(folders, *flags, "--rates", "0.01,1e30") == 0, "a rate is left"
        records = read_records(tmp_path / steps)
        found = {each.settings["rate"] for each in records if _diverged(each)}
        assert found == {1e30}
    assert adapt(folders, "--rates", "1e30", "--out", str(tmp_path / "all")) == 2
    assert "every training diverged; try smaller --rates" in capsys.readouterr().err
    records = read_records(tmp_path / "4")
    last = next(each for each in reversed(records) if each.settings["part"] == "training")
    broken = replace(last, metrics={**last.metrics, "checkpoints": [], "diverged": "nan"}, seed=1)
    text = sections.group_section([*records, broken], "own")
    assert "diverged, which the tables leave out: mcc on source → target, seed 1." in text


def test_trainings_that_break_down_are_counted():
    """At the end source-only is right on .9 of the source's images; half of that is .45."""

    def training(method, seed, *ends):
        points = [
            {"step": k, "values": {"source": v}, "accuracy": 0.5, "class_accuracy": 0.5}
            for k, v in enumerate(ends)
        ]
        asked = {"part": "training", "group": "digits", "source": "a", "target": "b"}
        metrics = {"checkpoints": points}
        return Record("adapt", {**asked, "method": method}, seed, "test", metrics, None, None)

    records = [training("source-only", seed, 0.1, 0.9) for seed in (0, 1, 2)]
    records += [training("coral", 0, 0.9, 0.44), training("coral", 1, 0.1, 0.46)]
    records += [training("coral", 2), training("mcc", 0, 0.9, 0.9)]
    assert "accuracy on the source's validation images: coral 1 of 2." in broken_line(
        records, "digits"
    )
    assert broken_line(records[:3], "digits") == ""


def _diverged(record):
    return record.settings["part"] == "choice" and record.metrics["accuracy"] is None


def test_the_page_shows_the_choices_of_the_trainings_that_it_shows(folders, tmp_path):
    out = "--out", str(tmp_path), "--methods", "source-only"
    assert adapt(folders, *out, "--rates", "0.01,0.03") == 0
    assert "The rate of all methods was chosen" in (tmp_path / "README.md").read_text()
    assert adapt(folders, *out, "--rates", "0.02") == 0
    assert "The rate of all methods was chosen" not in (tmp_path / "README.md").read_text()
    assert adapt(folders, *out, "--rates", "0.01,0.03") == 0
    assert "The rate of all methods was chosen" in (tmp_path / "README.md").read_text()


def test_what_is_left_out_is_said(tmp_path, capsys):
    rng = np.random.default_rng(0)
    for place in ("a/cat", "a/dog", "a/fox", "b/cat", "b/dog", "b/cat/more"):
        (tmp_path / place).mkdir(parents=True)
        for k in range(30):
            pixels = rng.integers(0, 256, (8, 8), np.uint8)
            Image.fromarray(pixels).save(tmp_path / place / f"{k}.tif")
    (tmp_path / "a" / "cat" / "notes.txt").write_text("x")
    Image.new("L", (8, 8)).save(tmp_path / "b" / "loose.png")
    settings = SUITE.settings(source=str(tmp_path / "a"), target=str(tmp_path / "b"))
    _, everything = own_group(replace(settings, start="scratch:lenet"))
    assert len(everything.files) == 60, "TIFF files are pictures"
    said = capsys.readouterr().err.splitlines()
    assert "a: left out 1 file(s) with another ending than .png" in said[0]
    assert "cat/notes.txt" in said[0]
    assert "1 picture(s) in no subfolder, such as loose.png; 1 folder(s) within a" in said[1]
    assert said[2].endswith("1 class(es) that " + str(tmp_path / "b") + " lacks: fox")
    assert len(said) == 3


def test_a_name_that_is_no_text_is_one_line(folders, tmp_path, capsys):
    """Records and tables are UTF-8, and could not hold it."""
    target = tmp_path / "target"
    shutil.copytree(folders / "target", target)
    (target / "0.png").rename(target / "caf\udce9.png")
    assert adapt(folders, "--out", str(tmp_path / "out"), "--target", str(target)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "caf\\xe9.png: the name is not UTF-8; rename it" in error


def test_the_same_folder_twice_is_one_line(folders, tmp_path, capsys):
    out = "--out", str(tmp_path / "out")
    assert adapt(folders, *out, target="target/../source") == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "--source and --target are both" in error
    assert not (tmp_path / "out").exists()


def test_gray_colored_and_transparent_pictures_mix_and_hidden_folders_are_no_class(tmp_path):
    for k, mode in enumerate(("L", "RGB", "RGBA", "P", "1", "I;16")):
        for name in ("cat", "dog"):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.new(mode, (9 + k, 8)).save(tmp_path / name / f"{k}.png")
    (tmp_path / ".cache").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / ".cache" / "a.png")
    found = read_pictures(tmp_path, "source", flat=False)
    assert found.data.classes == ("cat", "dog")
    assert found.data.inputs.shape == (12, 64, 64, 3)


def test_items_of_other_classes_are_left_out(folders, tmp_path):
    for name, count in (("cat", 20), ("dog", 20), ("fish", 5)):
        (tmp_path / name).mkdir()
        for k in range(count):
            Image.new("L", (8, 8), 10 * k).save(tmp_path / name / f"{k}.png")
    settings = SUITE.with_preset(
        None,
        {
            "source": str(folders / "source"),
            "target": str(tmp_path),
            "start": "scratch:lenet",
        },
    )
    group, everything = own_group(settings)
    assert group.sets["target"].classes == ("cat", "dog")
    assert len(group.sets["target"].inputs) == 40
    assert len(everything.files) == 45, "all pictures get predictions"


def test_rates_are_chosen_on_a_pair_whose_target_is_the_target_of_no_other():
    for name, pairs in (("digits", DIGIT_PAIRS), ("scenes", SCENE_PAIRS)):
        assert TUNING[name] not in pairs
        assert TUNING[name][1] not in {target for _, target in pairs}


def test_pairs_are_those_named_or_all_but_the_further_ones():
    names = {"pairs": ("fonts:digits",)}
    chosen = [chosen_pairs(DIGIT_PAIRS, SUITE.with_preset(p, g)) for p, g in PRESETS_AND_FLAGS]
    assert [len(each) for each in chosen] == [3, 5, 1, 1]
    assert chosen_pairs(DIGIT_PAIRS, SUITE.with_preset(None, names)) == [("fonts", "digits")]
    assert set(FURTHER) < set(DIGIT_PAIRS)
    assert len(chosen_pairs(SCENE_PAIRS, SUITE.with_preset("cpu", {}))) == len(SCENE_PAIRS)


PRESETS_AND_FLAGS = (
    ("cpu", {}),
    ("paper", {}),
    ("cpu", {"pairs": ("fonts:digits",)}),
    ("smoke", {}),
)


def frame(**accuracies):
    """A frame of one pair from accuracies by method, one a seed."""
    rows = [
        {"method": name.replace("_", "-"), "source": "a", "target": "b", "seed": seed}
        | {"accuracy": value, "class_accuracy": value}
        for name, values in accuracies.items()
        for seed, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_the_share_of_the_gap_is_that_of_the_formula():
    """Accuracies .4 and .5 against .7 and .81: the gap is .305."""
    found = collect.summaries(
        frame(source_only=[0.4, 0.5], target_supervised=[0.7, 0.81], dann=[0.3, 0.7])
    )
    row = next(each for each in found if each.method == "dann")
    assert row.gap.mean == pytest.approx(100 * 0.05 / 0.305)
    assert row.change.mean == pytest.approx(5)
    assert not row.hurts
    assert {each.method: each.gap.mean for each in found}["target-supervised"] == pytest.approx(100)
    assert collect.pairs_hurt(found) == (0, 0, 3)


def test_a_row_whose_reference_is_not_above_source_only_is_not_converged():
    rows = collect.summaries(
        frame(source_only=[0.5, 0.52], target_supervised=[0.5, 0.5], dann=[0.3, 0.31])
    )
    row = next(each for each in rows if each.method == "dann")
    assert row.gap is None
    assert row.hurts
    assert row.surely_hurts
    assert sections._gap(row) == "not converged"
    assert not sections.adapted(rows)


def test_a_gap_that_may_be_0_has_no_share():
    """Differences of 20 and 40 points: their interval is 30 ± 127."""
    rows = collect.summaries(
        frame(source_only=[0.4, 0.5], target_supervised=[0.6, 0.9], dann=[0.5, 0.6])
    )
    assert [each.gap for each in rows] == [None, None, None]
    assert collect.has_gap({0: 60.0}, {0: 40.0, 1: 70.0})
    assert not collect.has_gap({0: 60.0}, {1: 40.0})


def test_results_are_never_written_among_the_pictures(folders, tmp_path, capsys):
    for place, words in (
        ("source", "--out would write over what the command reads as --source"),
        ("target/results", "would be written into the folder of your pictures"),
    ):
        assert adapt(folders, "--out", str(folders / place)) == 2
        assert words in capsys.readouterr().err
    assert not (folders / "target" / "results").exists()


def test_predictions_are_those_of_the_run_that_is_asked_for(folders, tmp_path):
    """Another run in the same folder, of other settings or of other pictures, comes between."""
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    for path in sorted((folders / "target").iterdir())[:30]:
        shutil.copy(path, other / f"x{path.name}")
    names = sorted(path.name for path in other.iterdir())
    assert adapt(folders, "--out", str(out)) == 0
    first, page = (out / "predictions.csv").read_bytes(), (out / "README.md").read_text()
    assert adapt(folders, "--out", str(out), "--steps", "5", "--methods", "source-only,dann") == 0
    assert "5 steps" in (out / "README.md").read_text()
    assert adapt(folders, "--out", str(out)) == 0
    assert (out / "predictions.csv").read_bytes() == first
    assert "5 steps" not in (out / "README.md").read_text()
    assert (out / "README.md").read_text().count("\n") == page.count("\n")
    assert adapt(folders, "--out", str(out), target=other) == 0
    assert sorted(pd.read_csv(out / "predictions.csv")["file"]) == names
    (out / "predictions_dann.csv").write_text("file,x\n")
    for path in other.iterdir():
        path.rename(other / f"y{path.name}")
    assert adapt(folders, "--out", str(out), target=other) == 0
    assert sorted(pd.read_csv(out / "predictions.csv")["file"]) == [f"y{name}" for name in names]


def test_classes_that_were_renamed_are_another_pair(folders, tmp_path):
    source = shutil.copytree(folders / "source", tmp_path / "source")
    out = tmp_path / "out"
    assert adapt(folders, "--out", str(out), source=source) == 0
    (source / "cat").rename(source / "ant")
    assert adapt(folders, "--out", str(out), source=source) == 0
    assert set(pd.read_csv(out / "predictions.csv")["predicted"]) <= {"ant", "dog"}


def test_a_rule_without_a_value_is_named(folders, tmp_path, capsys):
    """Soft neighborhood density needs two validation images, and this target has one."""
    points = [selection.AdaptationCheckpoint(1, {"source": 0.5, "snd": None}, None, None)]
    assert selection.select(points, "snd") is None
    assert chosen_method({"dann": points}, "snd") is None
    few = tmp_path / "few"
    few.mkdir()
    whole = read_pictures(folders / "target", "target", flat=True)
    for row in sorted({*range(40)} - {*whole.data.splits["val"][1:].tolist()}):
        shutil.copy(folders / "target" / whole.files[row], few)
    out = tmp_path / "out"
    assert len(read_pictures(few, "target", flat=True).data.splits["val"]) == 1
    assert adapt(folders, "--out", str(out), "--selection", "snd", target=few) == 2
    assert "--selection snd has no value for any method" in capsys.readouterr().err
    assert adapt(folders, "--out", str(out), target=few) == 0
    assert (
        "neighborhood density of the target's validation images | – |"
        in (out / "README.md").read_text()
    )
