"""The tiers of tests: what the fast one leaves out, and how many examples each profile draws."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from tests.conftest import FAST, NOT_FAST, NoTorch, is_fast
from tests.examples import examples

ROOT = Path(__file__).resolve().parents[1]

COLLECTED = """
import sys, pytest

class Count:
    def pytest_collection_finish(self, session):
        self.items = session.items

count = Count()
code = pytest.main(["-m", "fast", "--collect-only", "-qq", "-p", "no:cacheprovider"], [count])
assert code == 0, code
assert "torch" not in sys.modules
markers = [{mark.name for mark in item.iter_markers()} for item in count.items]
assert all("fast" in names and not names & {"slow", "browser", "gpu"} for names in markers)
print("collected", len(markers))
"""


def test_the_fast_tier_is_collected_without_torch():
    """Its modules import in a Python without torch; ``-m fast`` blocks torch in their tests too."""
    done = subprocess.run(
        [sys.executable, "-c", COLLECTED], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 500


def test_in_the_fast_tier_torch_is_not_imported(request):
    if request.config.option.markexpr != "fast":
        pytest.skip("other tests of the whole run may have imported torch")
    assert "torch" not in sys.modules
    with pytest.raises(ModuleNotFoundError, match="blocked by -m fast"):
        import torch  # noqa: F401


def test_the_block_refuses_torch_alone():
    for name in ("torch", "torch.nn"):
        with pytest.raises(ModuleNotFoundError, match=f"No module named '{name}'"):
            NoTorch().find_spec(name)
    assert NoTorch().find_spec("torchvision") is NoTorch().find_spec("numpy") is None


def test_what_the_fast_tier_names_exists():
    for name in (*FAST, *NOT_FAST):
        place, _, test = name.partition("::")
        assert (ROOT / place).exists(), name
        assert not test or f"\ndef {test}" in (ROOT / place).read_text(), name
    assert not is_fast("tests/encoders/losses/test_losses.py")


def test_no_test_fixes_its_number_of_examples():
    """The number is the profile's, times a factor of the test's own (`tests.examples`)."""
    fixed = "max_examples" + "="
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path.name not in {"conftest.py", "examples.py"}:
            assert fixed not in path.read_text(), path


@pytest.mark.parametrize(("profile", "share"), [("dev", 0.2), ("ci", 0.4), ("thorough", 10)])
def test_a_factor_multiplies_the_examples_of_the_profile(profile, share):
    current = settings.get_current_profile_name()
    try:
        settings.load_profile(profile)
        assert settings().max_examples == 100 * share
        assert settings().deadline is None
        assert examples(times=0.3).max_examples == 30 * share
        assert examples(times=0.001).max_examples >= 1
    finally:
        settings.load_profile(current)
