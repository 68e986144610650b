"""Hypothesis profiles, the fast tier, and the folder of published data, for all tests."""

import os
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest
from hypothesis import settings

TESTS = Path(__file__).resolve().parent
SHARED = TESTS.parents[1] / "shared"

if "PYTEST_XDIST_WORKER" in os.environ:  # one core a process, as its share is
    os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("dev", deadline=None, max_examples=20)
settings.register_profile("ci", deadline=None, max_examples=40, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

FAST = (
    "tests/taskgraph",
    "tests/encoders/features",
    "tests/test_frame.py",
    "tests/test_tiers.py",
)
"""The fast tier: tests whose node id begins with one of these."""

NOT_FAST = (
    # These compare taskgraph with encoders, which import torch.
    "tests/taskgraph/tasks/test_aliases.py",
    "tests/test_frame.py::test_names_of_encoders",
    "tests/test_frame.py::test_the_page_of_the_data",
    # These start Python processes, or keep a solver busy until it is stopped.
    "tests/taskgraph/cli/test_paths.py::test_a_disk_that_fills_up",
    "tests/taskgraph/cli/test_streams.py",
    "tests/taskgraph/cli/test_terminal.py",
    "tests/taskgraph/solver/test_stopping.py",
    "tests/encoders/features/test_command.py",
    # These draw figures and pages, or solve hundreds of programs.
    "tests/taskgraph/affinity/test_intervals.py",
    "tests/taskgraph/cli/test_costs.py",
    "tests/taskgraph/cli/test_extend.py::test_arrivals",
    "tests/taskgraph/cli/test_extend.py::test_csv",
    "tests/taskgraph/lifelong/test_extend.py::test_extensions",
    "tests/taskgraph/lifelong/test_remeasure.py",
    "tests/taskgraph/plot",
    "tests/taskgraph/report",
    "tests/taskgraph/solver/test_exact.py",
    "tests/taskgraph/solver/test_hard.py",
    "tests/taskgraph/baselines",
    "tests/taskgraph/frontiers/test_needed.py::test_the_command",
    "tests/taskgraph/frontiers/test_needed.py::test_each_budget",
    "tests/taskgraph/sensitivity/test_robust.py::test_the_least",
    "tests/taskgraph/sensitivity/test_robust.py::test_the_command",
    "tests/taskgraph/test_shipped_table.py",
    "tests/taskgraph/affinity/test_affinity.py::test_intervals_cover",
    "tests/taskgraph/affinity/test_perron.py::test_many_tiers",
    "tests/taskgraph/cli/test_cli.py::test_report",
    "tests/taskgraph/cli/test_one_name.py",
    "tests/taskgraph/tables/test_own_measurements.py::test_228_files",
    "tests/taskgraph/test_published.py::test_the_16k_table",
    "tests/taskgraph/test_references.py::test_report",
    "tests/taskgraph/test_selection.py::test_shares",
    "tests/test_tiers.py::test_the_fast_tier_is_collected",
)
"""Tests of these folders and modules that are left out, by the beginning of their node id."""


def is_fast(node_id):
    """Return whether a test, or a test module, belongs to the fast tier."""
    return node_id.startswith(FAST) and not node_id.startswith(NOT_FAST)


def only_fast(config):
    """Return whether pytest was called with ``-m fast``."""
    return config.option.markexpr == "fast"


class NoTorch(MetaPathFinder):
    """Refuses torch, as a Python without it does."""

    def find_spec(self, name, path=None, target=None):
        """Raise ModuleNotFoundError for torch; leave every other module to the next finder."""
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named '{name}': blocked by -m fast", name=name)


def pytest_configure(config):
    """In the fast tier, block torch and draw few examples, unless a profile is chosen."""
    if only_fast(config):
        sys.meta_path.insert(0, NoTorch())
        if "HYPOTHESIS_PROFILE" not in os.environ:
            settings.load_profile("dev")


def pytest_ignore_collect(collection_path, config):
    """In the fast tier, skip the import of every other test module: many import torch."""
    if only_fast(config) and collection_path.suffix == ".py":
        return None if is_fast(collection_path.relative_to(TESTS.parent).as_posix()) else True
    return None


def pytest_collection_modifyitems(items):
    """Mark as ``fast`` every test of the fast tier that is not marked as slow."""
    for item in items:
        if is_fast(item.nodeid) and not item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.fast)


@pytest.fixture(scope="session")
def shared():
    """The folder of published tables; the test is skipped where a checkout has none."""
    if not SHARED.is_dir():
        pytest.skip("the published tables (../shared) are not here; the project holds no copies")
    return SHARED
