"""Runs of the suite: records, resuming after a step, damaged files, the page, and the presets."""

import json
import pickle

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.cli.command import command_of
from benchmarks.lifelong import run as suite_run
from benchmarks.lifelong.checkpoint import restore_learner, save_learner
from benchmarks.lifelong.collect import stream_results
from benchmarks.lifelong.settings import SUITE, Settings
from benchmarks.lifelong.strategies import STRATEGIES
from benchmarks.results.record import FILE, read_records
from benchmarks.results.suite import PAPER, SMOKE
from encoders.errors import InvalidDataError
from taskgraph.errors import InvalidTableError
from tests.benchmarks.lifelong.tiny import tiny_data, tiny_learner, tiny_stream

SMALL = {
    "per_class": 10,
    "epochs": 1,
    "orders": 1,
    "max_steps": 3,
    "increment": (2,),
    "memory": (18,),
}


def small(work, **given):
    """Settings of a run that takes about two seconds."""
    return SUITE.with_preset(SMOKE, {**SMALL, "work": str(work), **given})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a small run of all strategies."""
    out = tmp_path_factory.mktemp("lifelong")
    SUITE.run(small(out / "work"), out)
    SUITE.write_page(out)
    return out


def values(folder):
    """Return the measured values without times, sorted."""
    read = [json.loads(line) for line in (folder / FILE).read_text().splitlines()]
    for each in read:
        each["metrics"].pop("training_seconds")
    return sorted(json.dumps([r["settings"], r["seed"], r["metrics"]]) for r in read)


def test_every_method_and_step_has_one_record(finished):
    records = read_records(finished)
    assert len(records) == 11 * 3
    assert {r.split for r in records} == {"test"}
    bounded = [r for r in records if not STRATEGIES[r.settings["strategy"]].all_data]
    assert max(r.metrics["stored"] for r in bounded) == 18
    assert not list((finished / "work").glob("*")), "states of finished streams are deleted"


def test_the_page_shows_what_the_records_say(finished):
    text = (finished / "README.md").read_text()
    stream = stream_results(read_records(finished))[0]
    assert stream.sizes == [2, 2, 2]
    for each in stream.methods:
        curve = each.curves()[0]
        row = f"| {each.network} | {each.method} | {100 * curve.mean():.1f} | – | "
        assert row + f"{100 * curve[-1]:.1f} |" in text
    for kind in ("accuracy", "confusion", "costs"):
        assert f"({kind}_digits_scratch_lenet.svg)" in text
        assert (finished / f"{kind}_digits_scratch_lenet.svg").stat().st_size > 1000
    assert (finished / "exemplars_digits_scratch_lenet.jpg").exists()
    confusion = stream.of("scratch:lenet")["icarl"].confusion()
    assert np.trace(confusion) / confusion.sum() == pytest.approx(
        stream.of("scratch:lenet")["icarl"].curves()[0, -1]
    )


def test_the_page_lists_what_was_tried_on_validation_images(finished, tmp_path):
    for rate in (0.1, 0.5):
        given = {"learning_rate": rate, "strategies": ("finetuning",), "split": "val"}
        SUITE.run(small(tmp_path / "work", **given), tmp_path)
    alone = SUITE.write_page(tmp_path)
    assert "on the val images" in alone
    assert "Tried" not in alone, "there is nothing that these were chosen for"
    means = {}
    for each in read_records(tmp_path):
        means.setdefault(each.settings["learning_rate"], []).append(each.metrics["accuracy"])
    with (tmp_path / FILE).open("a") as file:
        file.write((finished / FILE).read_text())
    text = SUITE.write_page(tmp_path)
    assert "on the test images" in text
    assert "## Tried on validation images" in text
    assert "| data | network | learning rate | finetuning |" in text
    for rate, values in means.items():
        assert f"| digits | scratch:lenet | {rate} | {100 * np.mean(values):.1f} |" in text
    rows = [line for line in (finished / "README.md").read_text().splitlines() if " icarl " in line]
    assert set(rows) <= set(text.splitlines()), "results are those of the test images alone"


def test_each_stream_keeps_its_own_settings_on_the_page(finished, tmp_path):
    """A stream with a larger first step and one of sets stand beside the classes of digits."""
    lines = (finished / FILE).read_text().splitlines()
    with (tmp_path / FILE).open("w") as file:
        for changes in (
            {},
            {"classes_of_steps": [4, 2, 2, 2], "learning_rate": 0.125},
            {"data": "a+b+c", "protocol": "sets", "classes_of_steps": [3, 0, 0], "epochs": 7},
        ):
            for line in lines:
                record = json.loads(line)
                record["settings"] |= changes
                file.write(json.dumps(record) + "\n")
    text = SUITE.write_page(tmp_path)
    heads = [line for line in text.splitlines() if line.startswith("## ")]
    assert heads[:3] == ["## digits", "## digits B4", "## a+b+c"]
    steps = [line for line in text.splitlines() if line.startswith("Steps of")]
    own = "protocol {}, epochs {}, learning rate {}."
    assert [line.split("images; ")[1] for line in steps] == [
        own.format("classes", 1, 0.5),
        own.format("classes", 1, 0.125),
        own.format("sets", 7, 0.5),
    ]
    assert "(accuracy_digits_b4_scratch_lenet.svg)" in text


def test_a_finished_run_adds_nothing(finished):
    before = (finished / FILE).read_bytes()
    SUITE.run(small(finished / "work"), finished)
    assert (finished / FILE).read_bytes() == before


@pytest.mark.parametrize("recorded", [True, False])
def test_interrupted_after_a_step_it_resumes_with_the_same_results(
    finished, tmp_path, monkeypatch, recorded
):
    """The process is killed after the records of the step were written, or before."""
    settings = small(tmp_path / "work", strategies=("icarl",))
    count, name = [0], "save_learner" if recorded else "_record"
    real = getattr(suite_run, name)

    def interrupt(*args):
        """Fail in the second step."""
        count[0] += 1
        if count[0] == 2:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(suite_run, name, interrupt)
    with pytest.raises(KeyboardInterrupt):
        SUITE.run(settings, tmp_path)
    monkeypatch.undo()
    assert len(read_records(tmp_path)) == 3
    trained = []
    real_learn = STRATEGIES["icarl"].learn
    monkeypatch.setitem(
        suite_run.STRATEGIES,
        "icarl",
        type(STRATEGIES["icarl"])(
            "icarl",
            lambda learner, stream: (trained.append(learner.steps), real_learn(learner, stream))[1],
            STRATEGIES["icarl"].rules,
        ),
    )
    SUITE.run(settings, tmp_path)
    assert trained == ([1, 2] if recorded else [2]), "steps that were saved are not trained again"
    own = [line for line in values(finished) if '"strategy": "icarl"' in line]
    assert values(tmp_path) == own


def test_a_state_is_restored_bit_for_bit(tmp_path):
    stream, learner = tiny_stream(), tiny_learner(epochs=1)
    STRATEGIES["icarl"].learn(learner, stream)
    save_learner(learner, {"a": 1}, tmp_path / "state.safetensors")
    other = tiny_learner(epochs=1)
    restore_learner(other, {"a": 1}, tmp_path / "state.safetensors")
    for each in (learner, other):
        STRATEGIES["icarl"].learn(each, stream)
    for one, two in zip(learner.exemplars, other.exemplars, strict=True):
        assert one.label == two.label
        assert one.images.equal(two.images)
    for name, value in learner.network.state_dict().items():
        assert value.equal(other.network.state_dict()[name]), name


def test_a_damaged_state_is_named(tmp_path):
    stream, learner, path = tiny_stream(), tiny_learner(epochs=1), tmp_path / "s.safetensors"
    STRATEGIES["icarl"].learn(learner, stream)
    save_learner(learner, {"a": 1}, path)
    with pytest.raises(
        InvalidDataError, match=r"s\.safetensors: this state is of a run with other"
    ):
        restore_learner(tiny_learner(), {"a": 2}, path)
    content = path.read_bytes()
    path.write_bytes(content[:-5])
    with pytest.raises(InvalidDataError, match=r"s\.safetensors: not a whole safetensors file"):
        restore_learner(tiny_learner(), {"a": 1}, path)
    learner.exemplars = learner.exemplars[:1]
    save_learner(learner, {"a": 1}, path)
    path.write_bytes(path.read_bytes().replace(b'\\"labels\\"', b'\\"lapels\\"'))
    with pytest.raises(InvalidDataError, match=r"s\.safetensors: this state lacks 'labels'"):
        restore_learner(tiny_learner(), {"a": 1}, path)


def test_the_paper_preset_completes_a_step_of_a_tiny_cifar_100(tmp_path):
    place = tmp_path / "data" / "cifar-100-python"
    place.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for name, each in (("train", 2), ("test", 1)):
        images = generator.integers(0, 256, (100 * each, 3072)).astype(np.uint8)
        labels = [k % 100 for k in range(100 * each)]
        content = {b"data": images, b"fine_labels": labels}
        (place / name).write_bytes(pickle.dumps(content, protocol=2))
    names = [f"fine {k}".encode() for k in range(100)]
    (place / "meta").write_bytes(pickle.dumps({b"fine_label_names": names}, protocol=2))
    given = {"sets": ("cifar100",), "data_root": str(tmp_path / "data"), "epochs": 1, "orders": 1}
    given |= {"max_steps": 1, "strategies": ("icarl",), "work": str(tmp_path / "work")}
    settings = SUITE.with_preset(PAPER, given)
    assert settings.networks == ("scratch:resnet32",)
    assert (settings.learning_rate, settings.batch, settings.memory) == (2.0, 128, (2000,))
    assert SUITE.with_preset(PAPER, {}).epochs == 70
    SUITE.run(settings, tmp_path / "out")
    records = read_records(tmp_path / "out")
    assert [r.settings["method"] for r in records] == ["icarl", "hybrid1", "ncm"]
    assert records[0].metrics["seen"] == 10
    assert records[0].settings["classes_of_steps"] == [10] * 10
    page = SUITE.write_page(tmp_path / "out")
    assert "| scratch:resnet32 | icarl | " in page


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"strategies": ("icarl", "ewc")}, 'there is no strategy "ewc"; expected icarl, no-dist'),
        ({"orders": 0}, "--orders is 0, expected at least 1"),
        ({"per_class": -1}, "--per-class is -1, expected at least 0"),
        ({"networks": ()}, "--networks is empty"),
        ({"memory": (1, 2)}, "--memory has 2 numbers for 1 data sets"),
        (
            {"protocol": "sets", "sets": ("digits", "mnist-5k"), "memory": (1, 2)},
            "--memory has several numbers, expected one",
        ),
    ],
)
def test_impossible_settings_are_named(flags, message):
    with pytest.raises(InvalidTableError, match=message):
        suite_run.check(Settings(**flags))


def test_any_iterable_of_named_sets_is_a_stream(tmp_path):
    sets = ((f"part {k}", tiny_data(4, seed=k)) for k in range(2))
    settings = small(tmp_path / "work", strategies=("icarl",), max_steps=0)
    suite_run.run_sets(sets, settings, tmp_path)
    records = read_records(tmp_path)
    assert {r.settings["data"] for r in records} == {"part 0+part 1"}
    assert {r.settings["protocol"] for r in records} == {"sets"}
    assert [r.metrics["stored"] for r in records if r.settings["method"] == "icarl"] == [16, 16]
    assert "## part 0+part 1" in SUITE.write_page(tmp_path)


def test_a_folder_without_a_finished_run_is_named(tmp_path):
    with pytest.raises(InvalidTableError, match="has no finished run: `taskgraph bench lifelong`"):
        SUITE.write_page(tmp_path)


def test_the_help_names_the_flags():
    text = CliRunner().invoke(command_of(SUITE), ["--help"]).output
    for flag in ("--variant [paper|official|modern]", "--memory", "--protocol [classes|sets]"):
        assert flag in text
