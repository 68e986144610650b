"""A task and an encoder of one's own, from files, on Ray: the table that local processes give."""

import pandas as pd
import pytest

from encoders import TaskonomyDataset
from encoders.engines import LocalEngine, RayEngine
from encoders.networks.source_spec import parse_source
from encoders.tasks.own import load_task
from encoders.training.config import FitConfig
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.gather import gather
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.sweep import sweep
from tests.encoders.untrained import write_untrained

TASK = """
from encoders import Output, Task, each_view

def shade(view):
    return view.rgb.mean(axis=2)

SHADE = Task("shade", Output("map", 1), "l1", each_view(shade, []))
"""

NETWORK = """
from torch import nn

def build():
    return nn.Conv2d(3, 8, 4, 4)
"""


@pytest.mark.slow
def test_files_of_ones_own_run_in_the_workers_of_ray(world_of_14, tmp_path):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install -e '.[ray]'")
    (tmp_path / "my_tasks.py").write_text(TASK)
    (tmp_path / "my_nets.py").write_text(NETWORK)
    shade = load_task(f"{tmp_path}/my_tasks.py:SHADE")
    data = TaskonomyDataset(world_of_14, ["edge2d", shade], "train", progress=False)
    bank = write_untrained(tmp_path / "bank", data)
    pool = TransferDataConfig(str(world_of_14), train=6, valid=4, test=10)
    config = TransferConfig(str(bank), pool, FitConfig(epochs=1, batch=4))
    sources = ("edge2d", "random", parse_source(f"mine={tmp_path}/my_nets.py:build"))
    config = SweepConfig(config, (shade,), sources, max_order=1)
    tables = {}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        for name, engine in (("ray", RayEngine()), ("local", LocalEngine(1))):
            outcome = sweep(config, tmp_path / name, engine)
            assert not outcome.failures, outcome.failures
            gather(outcome.records, tmp_path / name, bootstrap=0)
            tables[name] = pd.read_parquet(tmp_path / name / "losses.parquet")
    finally:
        ray.shutdown()
    assert set(tables["ray"]["sources"]) >= {"mine", "edge2d", "random", "self"}
    pd.testing.assert_frame_equal(tables["ray"], tables["local"])
