"""``taskgraph train``: what its flags ask for, and every usage error in one line."""

import csv
import importlib.util

import pytest

from encoders.bank import jobs
from encoders.bank.config import BankConfig, trainable
from encoders.scenes.making.make import make
from encoders.training.adversarial import AdversarialConfig
from encoders.training.config import FitConfig
from encoders.training.run_state import EVENTS, LOG
from taskgraph.cli import run

needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed"
)


@pytest.fixture
def asked(monkeypatch):
    """The calls that commands make from now on; nothing is trained."""
    calls = []

    def train_bank(names, out, config, **more):
        calls.append((names, out, config, more))
        return jobs.BankResult({}, {})

    monkeypatch.setattr(jobs, "train_bank", train_bank)
    monkeypatch.setattr("encoders.cli.train._check_data", lambda *_: None)
    return calls


def test_without_flags_all_tasks_are_trained_as_the_defaults_say(asked, tmp_path):
    assert run(["train", "--data", "world", "-o", str(tmp_path / "bank")]) == 0
    ((names, out, config, more),) = asked
    assert names == trainable()
    assert out == tmp_path / "bank"
    assert config == BankConfig("world", "tiny", FitConfig(epochs=60, batch=32, patience=3))
    assert more["jobs"] == 1


def test_every_flag_reaches_the_training(asked, tmp_path):
    command = (
        "train --data world --preset base --tasks normals,edge2d --epochs 3 --batch 8 "
        "--learning-rate 0.01 --precision 32-true --devices 2 --seed 7 --jobs 2 "
        "--no-references --tensorboard --epochs-of edge2d=9 --patience 4 --min-delta 0.01 --cuts 1 "
        "--evaluations 2 -o"
    )
    assert run([*command.replace("normals", "rgb2sfnorm").split(), str(tmp_path)]) == 0
    ((names, _, config, more),) = asked
    assert names == ["rgb2sfnorm", "edge2d"]
    settings = FitConfig(
        epochs=3,
        batch=8,
        learning_rate=0.01,
        precision="32-true",
        devices=2,
        seed=7,
        patience=4,
        min_delta=0.01,
        cuts=1,
        evaluations=2,
    )
    assert config == BankConfig(
        "world", "base", settings, references=False, epochs_of={"edge2d": 9}, tensorboard=True
    )
    assert config.fit_of("edge2d").epochs == 9
    assert config.fit_of("rgb2sfnorm") == settings
    assert config.epochs(names) == 3 + 9
    assert more["jobs"] == 2


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ("--references both", True),
        ("--references average", ("average",)),
        ("--references random", ("random",)),
        ("--references none", False),
        ("--no-references", False),
    ],
)
def test_each_reference_may_be_left_out(asked, tmp_path, flags, wanted):
    assert run(["train", "--data", "world", *flags.split(), "-o", str(tmp_path / "bank")]) == 0
    assert asked[0][2].references == wanted


@pytest.mark.parametrize("flag", ["--epochs", "--max-epochs"])
def test_without_patience_training_is_as_long_as_it_was(asked, tmp_path, flag):
    assert (
        run(["train", "--data", "world", "-o", str(tmp_path), flag, "20", "--patience", "0"]) == 0
    )
    assert asked[0][2].fit == FitConfig(epochs=20, batch=32)


def test_the_adversarial_term_reaches_the_training(asked, tmp_path):
    command = ["train", "--data", "world", "--preset", "paper", "-o", str(tmp_path)]
    assert run([*command, "--adversarial"]) == run(command) == 0
    (_, _, config, _), (_, _, plain, _) = asked
    assert config.adversarial == AdversarialConfig()
    assert config.preset == "paper"
    assert plain.adversarial is None


@pytest.mark.parametrize("preset", ["tiny", "base"])
def test_the_adversarial_term_without_a_discriminator_is_a_usage_error(
    asked, tmp_path, capsys, preset
):
    command = ["train", "--data", "world", "--preset", preset, "--adversarial"]
    assert run([*command, "-o", str(tmp_path / "bank")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "Error: --adversarial needs a discriminator, so give --preset paper too (see `taskgraph "
        "train --help`)\n"
    )
    assert asked == []
    assert not (tmp_path / "bank").exists()


@pytest.mark.slow
@needs_tensorboard
def test_epochs_are_logged_for_tensorboard_as_they_are_in_the_csv(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    make(tmp_path / "world", buildings=3, views=4, size=32, seed=1)
    command = "train --tasks autoencoder --no-references --epochs 2 --batch 4 --precision 32-true"
    assert (
        run(
            [
                *command.split(),
                "--tensorboard",
                "--data",
                str(tmp_path / "world"),
                "-o",
                str(tmp_path / "bank"),
            ]
        )
        == 0
    )
    folder = tmp_path / "bank" / "runs" / "autoencoder.self"
    found = EventAccumulator(str(folder / EVENTS)).Reload()
    rows = list(csv.DictReader((folder / LOG).read_text().splitlines()))
    assert len(rows) == 2
    for name in ("train_loss", "valid_loss", "learning_rate"):
        assert [(event.step, event.value) for event in found.Scalars(name)] == [
            (int(row["epoch"]), pytest.approx(float(row[name]), rel=1e-6)) for row in rows
        ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("edge2d=0", "expected a whole number of at least 1 for edge2d, not 0"),
        ("edge2d=1.5", "expected a whole number of at least 1 for edge2d, not 1.5"),
        ("edge2d", "expected task=number"),
        ("edge3=4", 'no task "edge3"; did you mean edge3d'),
    ],
)
def test_epochs_of_a_task_that_make_no_sense_are_told(asked, tmp_path, capsys, value, told):
    command = ["train", "--data", "world", "-o", str(tmp_path / "bank"), "--epochs-of", value]
    assert run(command) == 2
    assert told in capsys.readouterr().err
    assert asked == []
