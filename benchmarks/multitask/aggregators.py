"""Aggregators of TorchJD, which combine the gradients of several losses instead of their sum."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from torch import Tensor, nn

from encoders.errors import MissingPackageError
from encoders.errors.extras import extra_installed

AGGREGATORS: Mapping[str, tuple[str, Mapping[str, float]]] = MappingProxyType(
    {
        "pcgrad": ("PCGrad", {}),
        "mgda": ("MGDA", {}),
        "cagrad": ("CAGrad", {"c": 0.4}),
        "upgrad": ("UPGrad", {}),
        "imtlg": ("IMTLG", {}),
        "alignedmtl": ("AlignedMTL", {}),
        "gradvac": ("GradVac", {}),
        "dualproj": ("DualProj", {}),
        "config": ("ConFIG", {}),
    }
)
"""By name: TorchJD's class, and its arguments (c of CAGrad as in Liu et al. 2021)."""

EXTRAS = MappingProxyType(
    {"cagrad": "cagrad", "upgrad": "quadprog_projector", "dualproj": "quadprog_projector"}
)
"""The extra of TorchJD that an aggregator needs for its solver."""

JointBackward = Callable[[Sequence[Tensor], Sequence[Tensor]], None]
"""From T losses and the shared representations: adds gradients to all parameters."""


def make_aggregator(name: str) -> Any:
    """Return a new aggregator: from the (T, P) matrix of gradients to one gradient of P numbers.

    Raises
    ------
    MissingPackageError
        If TorchJD, or the solver that this aggregator needs, is not installed.
    """
    _import_quadprog()  # before TorchJD, which imports it, too
    with extra_installed("bench"):
        import torchjd.aggregation as aggregation
    kind, arguments = AGGREGATORS[name]
    try:
        return getattr(aggregation, kind)(**arguments)
    except ImportError:
        raise MissingPackageError(
            f'the method "{name}" needs a solver that is not installed: pip install '
            f"'torchjd[{EXTRAS.get(name, 'full')}]', or leave it out of --methods"
        ) from None


def _import_quadprog() -> None:
    """Import quadprog so that it calls its own functions, if it is installed.

    PuLP loads HiGHS for the whole process (``RTLD_GLOBAL``). Both libraries have a function named
    ``dot``; without ``RTLD_DEEPBIND``, quadprog would call that of HiGHS and end the process.
    """
    if not hasattr(sys, "getdlopenflags"):  # Windows keeps the names of libraries apart
        return
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | getattr(os, "RTLD_DEEPBIND", 0))
    try:
        with contextlib.suppress(ImportError):  # TorchJD names the package that is missing
            importlib.import_module("quadprog")
    finally:
        sys.setdlopenflags(flags)


def aggregated_backward(name: str, encoder: nn.Module) -> JointBackward:
    """Return a function that gives the encoder the aggregated gradient.

    Each decoder gets the gradient of its own loss.
    """
    aggregator = make_aggregator(name)
    from torchjd.autojac import jac_to_grad, mtl_backward

    shared = [value for value in encoder.parameters() if value.requires_grad]

    def backward(losses: Sequence[Tensor], features: Sequence[Tensor]) -> None:
        """Add the gradients of one step to the parameters."""
        mtl_backward(
            list(losses),
            features=list(features),
            shared_params=shared,
            parallel_chunk_size=1,  # torch.vmap refuses convolutions in channels_last
        )
        jac_to_grad(shared, aggregator)

    return backward
