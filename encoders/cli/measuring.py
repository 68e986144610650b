"""The options that `taskgraph transfer` and `taskgraph run` share: pruning, seeds, ``scratch``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from encoders.cli.pruning import pruning_of, pruning_options
from encoders.cli.repeats import repeat_options, seed_plan_of
from encoders.cli.scratch import scratch_of, scratch_options
from taskgraph.cli.options import with_options

if TYPE_CHECKING:
    from encoders.transfer.pruning import Halving
    from encoders.transfer.repeats import SeedPlan
    from encoders.transfer.scratch import ScratchConfig, ScratchGrid

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class MeasuringChoices:
    """The choices of pruning and seeds for a sweep's read-outs, and of training for ``scratch``.

    Attributes
    ----------
    pruning : Halving, optional
    seeds : SeedPlan
    scratch : ScratchConfig, optional
    scratch_grid : ScratchGrid, optional
        See `encoders.transfer.settings.SweepConfig`.
    """

    pruning: Halving | None
    seeds: SeedPlan
    scratch: ScratchConfig | None
    scratch_grid: ScratchGrid | None


def measuring_options(function: F) -> F:
    """Add the flags of pruning, of seeds and of ``scratch``."""
    return with_options(pruning_options, repeat_options, scratch_options)(function)


def measuring_choices(flags: dict[str, Any]) -> MeasuringChoices:
    """Take the flags of `measuring_options` out of ``flags``, and return what they say."""
    scratch, grid = scratch_of(flags)
    return MeasuringChoices(pruning_of(flags), seed_plan_of(flags), scratch, grid)
