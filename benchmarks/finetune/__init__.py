"""Suite ``finetune``: how to use a trained network for a new task, and what it is worth."""

from __future__ import annotations

from typing import Any

__all__ = ["FineTuned"]


def __getattr__(name: str) -> Any:
    """Return `FineTuned`, which imports PyTorch and scikit-learn when it is asked for."""
    if name == "FineTuned":
        from benchmarks.finetune.estimator import FineTuned

        return FineTuned
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
