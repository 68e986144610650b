"""The pipeline's presets, its failures, and the messages that it prints."""

import logging

import pytest

from encoders.cli.messages import messages
from encoders.errors import TrainingError
from encoders.pipeline.presets import PIPELINE_PRESETS, SMOKE
from encoders.pipeline.stages import _raise_failures


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
