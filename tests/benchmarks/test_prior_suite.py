"""The suite ``prior``: it resumes, its rule and strengths come from validation, its page."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks.cli.registry import load
from benchmarks.prior.baselines import BASELINES
from benchmarks.prior.curves import add_curve, read_curves
from benchmarks.prior.fits import fits_of, rules, tried_rules
from benchmarks.prior.grid import PRIOR, chosen_strength, restore_published
from benchmarks.prior.page import render
from benchmarks.prior.page_parts import stopping_section
from benchmarks.prior.photographs import REPORTED, VALIDATION
from benchmarks.prior.run import FUNCTIONS, run
from benchmarks.prior.settings import PARTS, Settings
from benchmarks.prior.stopping import RULE, stop_of
from benchmarks.prior.values import read_results
from benchmarks.results.log import open_log
from benchmarks.results.machine import RESULTS
from benchmarks.results.record import FILE, read_records
from taskgraph.errors import InvalidTableError, TaskgraphError

SETTINGS = Settings(
    parts=("validation", "grid", "impedance"),
    tasks=("inpaint",),
    photos=("astronaut", "camera"),
    size=20,
    seeds=1,
    iterations=30,
)
COMMITTED = RESULTS / "prior"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a tiny run."""
    out = tmp_path_factory.mktemp("prior")
    run(SETTINGS, out)
    return out


def test_a_run_has_every_evaluation_once_and_a_second_one_adds_none(folder):
    before = (folder / FILE).read_text()
    records = read_records(folder)
    strengths = sum(len(each) for _, each in BASELINES["inpaint"].values())
    assert [each.settings["part"] for each in records].count("validation") == 2 * (1 + strengths)
    assert [each.settings["part"] for each in records].count("grid") == 2 * (
        1 + len(BASELINES["inpaint"])
    )
    run(SETTINGS, folder)
    assert (folder / FILE).read_text() == before


def test_a_longer_run_adds_what_is_missing(folder, tmp_path):
    (tmp_path / FILE).write_text((folder / FILE).read_text())
    run(replace(SETTINGS, parts=("grid",), seeds=2, photos=("camera",)), tmp_path)
    added = read_records(tmp_path)[len(read_records(folder)) :]
    assert {(each.settings["photo"], each.seed) for each in added} == {("camera", 1)}


def test_the_strength_is_the_best_on_the_photographs_of_validation(folder):
    values = {}
    for each in read_records(folder):
        if each.settings["part"] == "validation" and each.settings["method"] == "median":
            assert each.settings["photo"] in VALIDATION
            values.setdefault(each.settings["strength"], []).append(each.metrics["psnr"])
    best = max(values, key=lambda strength: np.mean(values[strength]))
    assert chosen_strength(folder, "inpaint", "median", 20) == best
    with pytest.raises(InvalidTableError, match=r"no strength of TV for denoise at 64 pixels; run"):
        chosen_strength(folder, "denoise", "TV", 64)


def test_the_records_say_what_the_curves_say(folder):
    fits = fits_of(folder).set_index(["part", "photo"])
    for each in read_records(folder):
        if each.settings["method"] != PRIOR:
            continue
        row = fits.loc[(each.settings["part"], each.settings["photo"])]
        assert row["peak"] == pytest.approx(each.metrics["peak"], abs=1e-4)
        assert row["iteration"] == each.metrics["iteration"] == 30, "shorter than a window"
        assert row["stopped"] == pytest.approx(each.metrics["psnr"], abs=1e-4)
        assert row["gap"] == pytest.approx(row["peak"] - row["stopped"])
        assert each.metrics["last"] <= each.metrics["peak"]


def test_the_page_names_the_runs_and_every_method(folder):
    load("prior").write_page(folder)
    page = render(folder)
    assert "inpaint 2 photographs, 2 fits" in " ".join(page.split())
    for name in (*BASELINES["inpaint"], "**prior, stopped**", "## Impedance", "They were not run"):
        assert name in page
    results = read_results(folder)
    assert results.tasks == ["inpaint"]
    assert (folder / "inpaint.jpg").exists()
    assert (
        load("prior").finding(folder).startswith("PSNR of the prior, stopped without the truth: ")
    )
    with pytest.raises(InvalidTableError, match="has no restored photograph; run `taskgraph bench"):
        render(folder / "nowhere")


def test_a_page_of_validation_alone_says_so(folder, tmp_path):
    lines = [line for line in (folder / FILE).read_text().splitlines() if '"validation"' in line]
    (tmp_path / FILE).write_text("\n".join(lines) + "\n")
    curves = read_curves(folder)
    curves[curves["part"] == "validation"].to_parquet(tmp_path / "curves.parquet")
    page = load("prior").write_page(tmp_path)
    assert "Run so far: validation alone." in " ".join(page.split())
    assert load("prior").finding(tmp_path) == "No photograph to report was restored yet."


def test_a_published_network_is_run_on_one_photograph(tmp_path):
    settings = replace(SETTINGS, size=36, published_iterations=2, arithmetic="fastest")
    restore_published(settings, open_log(tmp_path, "prior"))
    (record,) = read_records(tmp_path)
    assert record.settings["method"] == "published prior"
    assert record.settings["photo"] == "astronaut"
    assert record.metrics["arithmetic"] in ("float32", "bfloat16")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"parts": ("grid", "gird")}, r'--part has "gird", expected names of validation, grid'),
        ({"tasks": ("blur",)}, r'--tasks has "blur", expected names of denoise, inpaint'),
        ({"photos": ("rocket",)}, r'--photos has "rocket", expected names of astronaut'),
        ({"size": 30}, "--size is 30, expected a multiple of 4 from 20 on"),
        ({"parts": ("deepinv",)}, "--part deepinv needs --python PATH"),
    ],
)
def test_settings_that_cannot_be_run(tmp_path, changed, says):
    with pytest.raises(TaskgraphError, match=says):
        run(replace(SETTINGS, **changed), tmp_path)


def test_every_part_has_a_function_and_defaults_exist():
    assert tuple(FUNCTIONS) == PARTS
    default = Settings()
    assert set(default.photos) == set(REPORTED)
    assert set(default.parts) < set(PARTS)


def test_a_curve_replaces_the_one_with_its_key(tmp_path):
    key = {"part": "grid", "task": "denoise", "seed": 0}
    one = pd.DataFrame({"iteration": [1, 5], "loss": [0.5, 0.25]})
    add_curve(tmp_path, key, one)
    add_curve(tmp_path, {**key, "seed": 1}, one)
    add_curve(tmp_path, key, one.assign(loss=[1.0, 0.5]))
    found = read_curves(tmp_path)
    assert found["seed"].tolist() == [1, 1, 0, 0]
    assert found["loss"].tolist() == [0.5, 0.25, 1.0, 0.5]


def test_the_rules_that_were_tried_are_judged_by_their_gaps(folder):
    tried = tried_rules(folder)
    assert len(tried) == len(rules()) == len(set(rules()))
    assert tried["mean"].is_monotonic_increasing
    assert (tried["largest"] >= tried["median"]).all()


@pytest.mark.skipif(not (COMMITTED / FILE).exists(), reason="no results are committed")
def test_the_rule_is_the_best_on_the_committed_photographs_of_validation():
    best = tried_rules(COMMITTED).iloc[0]
    assert (RULE.window, RULE.patience, RULE.lag) == (
        best["window"],
        best["patience"],
        best["lag"],
    )


def test_a_rule_reads_a_curve_with_a_point_every_five_iterations():
    numbers, variances = [5, 10, 15, 20, 25, 30], [np.nan, 4, 1, 2, 3, 4]
    rule = replace(RULE, patience=10, lag=5)
    assert stop_of(numbers, variances, rule) == 20


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ([0.1, 0.1, 0.2], "the goal of 0.5 dB is met. In"),
        (
            [0.9, 0.1, 0.2],
            "the goal of 0.5 dB is met. By task, it is missed for denoise (0.90 dB)",
        ),
        ([0.9, 0.8, 0.2], "the goal of 0.5 dB is missed. In"),
    ],
)
def test_the_goal_of_stopping_is_judged_over_all_fits_and_by_task(gaps, said, tmp_path):
    tasks = ("denoise", "inpaint", "dejpeg")
    rows = [
        dict.fromkeys(("output", "peak", "stopped", "last"), 20.0)
        | {"part": "grid", "task": task, "photo": photo, "gap": gap, "peak_iteration": 900}
        | {"iteration": 1000, "iterations": 1000}
        for task, gap in zip(tasks, gaps, strict=True)
        for photo in "abcde"
    ]
    results = SimpleNamespace(tasks=tasks, fits=pd.DataFrame(rows))
    assert said in " ".join(stopping_section(results, tmp_path).split())
