"""The pipeline's presets, its failures, and the messages that it prints."""

import logging

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from encoders.cli.messages import messages
from encoders.engines import LocalEngine
from encoders.errors import TrainingError
from encoders.pipeline.presets import PIPELINE_PRESETS, SMOKE
from encoders.pipeline.stages import REPORT, TRANSFER, Pipeline, _raise_failures
from encoders.transfer.file_names import LOSSES, TRANSFERS
from taskgraph.errors import InfeasibleError
from taskgraph.tables import write_transfers


def test_failures_are_printed_one_by_one_and_then_raised(capsys):
    failures = {"edge2d": "the loss became nan", "rgb2depth -> reshade": "its process died"}
    message = "2 failed, as listed above; all other results are kept, and the same command"
    with messages(), pytest.raises(TrainingError, match=message):
        _raise_failures(failures)
    assert capsys.readouterr().err == (
        "edge2d failed: the loss became nan\nrgb2depth -> reshade failed: its process died\n"
    )
    _raise_failures({})


def test_messages_are_printed_only_within_the_block(capsys):
    logger = logging.getLogger("encoders.pipeline.stages")
    level = logging.getLogger("encoders").level
    with messages():
        logger.info("train: %d tasks trained", 3)
    logger.info("nobody reads this")
    assert capsys.readouterr().err == "train: 3 tasks trained\n"
    assert logging.getLogger("encoders").level == level


def test_a_seed_is_that_of_scenes_encoders_and_transfers():
    seeded = SMOKE.with_seed(7)
    assert (seeded.scenes.seed, seeded.train.seed, seeded.transfer.seed) == (7, 7, 7)
    assert seeded.with_seed(0) == SMOKE


def test_presets_are_found_by_their_names():
    assert list(PIPELINE_PRESETS) == ["smoke", "cpu", "full"]
    assert all(config.name == name for name, config in PIPELINE_PRESETS.items())


def test_the_report_says_how_stable_the_taxonomy_is(tmp_path):
    rng = np.random.default_rng(0)
    images = [f"house{k % 8}/point_{k}_view_0" for k in range(40)]
    rows = [
        {"target": target, "sources": source, "image": image, "loss": level + rng.random()}
        for target in ("edge2d", "reshade")
        for source, level in (("self", 0.0), ("scratch", 0.8), ("average", 1.0), ("other", 0.3))
        for image in images
        for source in [source.replace("other", "reshade" if target == "edge2d" else "edge2d")]
    ]
    losses = pd.DataFrame(rows).assign(cluster=lambda frame: frame["image"].str.split("/").str[0])
    (tmp_path / TRANSFER).mkdir()
    losses.to_parquet(tmp_path / TRANSFER / LOSSES)
    made = tg.affinities(tg.Losses.from_frame(losses), bootstrap=200)
    write_transfers(made.transfers, tmp_path / TRANSFER / TRANSFERS)
    pipeline = Pipeline(SMOKE, tmp_path, LocalEngine(1), workers=1)
    pipeline.report()
    text = (tmp_path / REPORT).read_text()
    stable = tg.stability(made, budget=SMOKE.budget, max_order=SMOKE.max_order)
    assert "are resampled was not measured" not in text
    assert f"{stable.same:.0%} of 200 resamples of the test images supervise exactly" in text
    assert pipeline.stability().to_frame().equals(stable.to_frame())


def test_a_program_without_a_solution_has_a_report_without_stability(tmp_path, monkeypatch):
    def none(*_, **__):
        raise InfeasibleError("no taxonomy within the budget")

    monkeypatch.setattr("encoders.pipeline.stages.stability", none)
    monkeypatch.setattr("encoders.pipeline.stages.read_losses", lambda path: None)
    monkeypatch.setattr("encoders.pipeline.stages.affinities", lambda *_, **__: None)
    assert Pipeline(SMOKE, tmp_path, LocalEngine(1), workers=1).stability() is None
