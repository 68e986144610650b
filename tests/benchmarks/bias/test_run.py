"""A small run: what it records, that it resumes, and what its page says."""

import itertools
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from benchmarks.bias import collect, page
from benchmarks.bias.margins import margins
from benchmarks.bias.settings import CROSS, DISTANCE, NAME, SUITE
from benchmarks.results.record import FILE, read_records
from benchmarks.results.suite import SMOKE
from taskgraph.cli import run


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The folder of the smoke preset's results."""
    out = tmp_path_factory.mktemp("bias")
    SUITE.run(SUITE.with_preset(SMOKE, {}), out)
    SUITE.write_page(out)
    return out


def test_every_training_set_size_and_seed_has_one_record(smoke):
    records = read_records(smoke)
    counts = {what: sum(r.settings["part"] == what for r in records) for what in (CROSS, NAME)}
    assert counts == {CROSS: 2 * 2 * 2, NAME: 2 * 2}
    assert sum(r.settings["part"] == DISTANCE for r in records) == 2
    choices = [r for r in records if r.settings["part"] == "choice"]
    assert len(choices) == 2 * 2
    for record in choices:
        tried = record.metrics["tried"]
        assert tried[f"{record.metrics['chosen']:g}"] == max(tried.values())
        assert record.split == "val", "no test sample chooses"


def test_a_run_resumes_from_its_records_alone(smoke, tmp_path):
    lines = (smoke / FILE).read_text().splitlines()
    kept = [line for k, line in enumerate(lines) if k % 3]
    (tmp_path / FILE).write_text("\n".join(kept) + "\n")
    SUITE.run(SUITE.with_preset(SMOKE, {}), tmp_path)

    def values(path):
        """Return the measured values without times, sorted."""
        read = [json.loads(line) for line in path.read_text().splitlines()]
        return sorted(json.dumps([r["settings"], r["seed"], r["metrics"]]) for r in read)

    assert values(tmp_path / FILE) == values(smoke / FILE)
    assert (tmp_path / FILE).read_text().splitlines()[: len(kept)] == kept


def test_the_page_has_the_margins_of_the_mean_matrix(smoke):
    text = (smoke / "README.md").read_text()
    records = collect.of_group(read_records(smoke), "digits+mnist-5k")
    case = collect.cases(records, CROSS)[0]
    matrix = collect.matrices(records, case, collect.PRECISION)[:, -1].mean(axis=0)
    found = margins(matrix)
    row = f"| digits | {matrix[0, 0]:.1f} | {matrix[0, 1]:.1f} | {found.own[0]:.1f} |"
    assert row in text
    assert (
        f"| {found.mean_own:.1f} | {found.mean_others:.1f} | {found.drop_of_means:.0f} % |" in text
    )
    assert matrix.shape == (2, 2)
    assert (np.diag(matrix) > matrix[[0, 1], [1, 0]]).all(), "digits of the other set are harder"


def test_the_page_says_that_the_detection_table_prints_another_drop(smoke):
    text = " ".join((smoke / "README.md").read_text().split())
    assert "the detection table prints a last drop of 48 %, while the drop of its means" in text
    assert "(72.4 and 44.8) is 38 %" in text


def test_the_quiz_hides_its_answers_and_shows_the_pictures(smoke):
    text = (smoke / "README.md").read_text()
    picture, answers = text.split("<details><summary>Answers</summary>")
    assert "![Twelve numbered samples](quiz_digits_mnist_5k.jpg)" in picture
    listed = answers.split("</details>")[0].split(",")
    assert [int(each.split()[0]) for each in listed] == list(range(1, 13))
    assert {each.split()[1] for each in listed} == {"digits", "mnist-5k"}
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (smoke / link).stat().st_size < 200_000


def test_the_sentence_of_the_list_names_drop_and_naming(smoke):
    sentence = page.finding(smoke)
    assert re.fullmatch(
        r"digits\+mnist-5k: average precision is \d+ % on a classifier's own set and \d+ % on "
        r"other sets, a drop of \d+ % of itself \(intervals within \d+ to \d+ %\), and a "
        r"classifier names the data set of \d+ % of the samples \(chance 50 %\)\.",
        sentence,
    )


@pytest.fixture(scope="module")
def two_folders(tmp_path_factory):
    """Two sets of the same two classes, 60 pictures each."""
    root, rng = tmp_path_factory.mktemp("bias"), np.random.default_rng(0)
    for name, k in itertools.product(("one", "two"), range(60)):
        pixels = rng.integers(0, 120, (16, 16), np.uint8)
        pixels[:, : 4 + 8 * (k % 2)] += np.uint8(60 if name == "one" else 100)
        place = root / name / ("cat", "dog")[k % 2]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{k}.png")
    return root


def bias(folders, *flags):
    data = ",".join(str(folders / name) for name in ("one", "two"))
    shared = "--test", "8", "--features", "pixels"
    return run(["bench", "bias", "--data", data, *shared, *flags])


def test_a_run_with_other_sizes_and_more_seeds_still_has_a_page(two_folders, tmp_path):
    out = tmp_path / "out"
    assert bias(two_folders, "--out", str(out), "--sizes", "8,16", "--seeds", "2") == 0
    assert bias(two_folders, "--out", str(out), "--sizes", "8", "--seeds", "3") == 0
    assert "### Negative samples" in (out / "README.md").read_text()


def test_results_are_never_written_among_the_pictures(two_folders, capsys):
    for place in ("one", "two/out"):
        out = str(two_folders / place)
        assert bias(two_folders, "--out", out, "--sizes", "8", "--seeds", "1") == 2
        assert "would be written into the folder of your pictures" in capsys.readouterr().err
    assert not (two_folders / "two" / "out").exists()


def test_other_pictures_in_the_same_folder_are_measured_again(two_folders, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(two_folders / name, tmp_path / name)
    out = tmp_path / "out"
    assert bias(tmp_path, "--sizes", "5", "--out", str(out)) == 0
    first = read_records(out)
    assert bias(tmp_path, "--sizes", "5", "--out", str(out)) == 0
    assert len(read_records(out)) == len(first)
    for path in (tmp_path / "one").rglob("*.png"):
        Image.open(path).point(lambda value: 255 - value).save(path)
    assert bias(tmp_path, "--sizes", "5", "--out", str(out)) == 0
    again = read_records(out)
    assert len(again) == 2 * len(first)
    assert again[0].settings["contents"] != again[-1].settings["contents"]
    assert collect.of_group(again, "one+two") == again[len(first) :]


def test_parts_that_are_measured_one_after_another_share_a_page(two_folders, tmp_path):
    out = "--out", str(tmp_path), "--sizes", "8", "--seeds", "2"
    assert bias(two_folders, *out, "--parts", "cross") == 0
    assert bias(two_folders, *out, "--parts", "name") == 0
    text = (tmp_path / "README.md").read_text()
    assert "### Negative samples" in text
    assert "Name that data" in text
    records = read_records(tmp_path)
    assert sum(each.settings["part"] == "quiz" for each in records) == 1


def test_a_folder_beside_the_user_is_a_folder(two_folders, tmp_path, monkeypatch):
    monkeypatch.chdir(two_folders)
    out = str(tmp_path / "out")
    small = "--sizes", "8", "--test", "8", "--seeds", "1", "--features", "pixels", "--parts", "name"
    assert run(["bench", "bias", "--data", "./one,two/", "--out", out, *small]) == 0
