"""What a task is: which pictures go in, what comes out, and where the label is from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import numpy as np

from encoders.errors import InvalidDataError
from encoders.tasks.sample import Made, OneView, Sample, as_given
from taskgraph.arrays import Booleans, Floats32

Kind = Literal["map", "class_map", "segments", "vector", "classes"]


@dataclass(frozen=True)
class Output:
    """The form of a task's answer.

    Attributes
    ----------
    kind : str
        What a network gives, and what its target is:

        ============= ============================== =============================================
        ``map``       (C, H, W)                      the same
        ``class_map`` (C, H, W) scores of classes    (H, W) whole numbers below C
        ``segments``  (C, H, W) embedding            (H, W) numbers; equal ones are one segment
        ``vector``    (C,)                           the same
        ``classes``   (C,) scores of classes         (C,) probabilities, or one whole number
                                                     where the loss is ``xentropy``
        ============= ============================== =============================================
    channels : int or None
        C; None where the data set's files say how many classes there are.
    shrink : int
        H and W are the size of the pictures divided by this.
    """

    kind: Kind
    channels: int | None
    shrink: int = 1

    @property
    def pixels(self) -> bool:
        """Whether the answer is a picture."""
        return self.kind in ("map", "class_map", "segments")

    def shape(self, size: int) -> tuple[int, ...]:
        """What a network gives for pictures of side ``size``.

        Raises
        ------
        InvalidDataError
            If the number of classes is still open, or ``size`` cannot be divided.
        """
        if self.channels is None:
            raise InvalidDataError(
                "the number of classes depends on the data: take the task from "
                "TaskonomyDataset(...).tasks"
            )
        if not self.pixels:
            return (self.channels,)
        if size % self.shrink:
            raise InvalidDataError(f"size {size} cannot be divided by {self.shrink}")
        return (self.channels, size // self.shrink, size // self.shrink)


@dataclass(frozen=True)
class Label:
    """Where a task's label comes from.

    Attributes
    ----------
    make : function
        From a `Sample` to targets and masks.
    domains : tuple of str
        The folders that it reads, besides the pictures.
    valid : bool
        Whether it needs to know which pixels saw anything.
    infos : bool
        Whether it needs ``point_info``.
    fixed : bool
        Whether the targets of a view are always the same and small enough to be kept in memory.
    fit : function, optional
        From the train split's samples to the constants that ``make`` standardizes with.
    clips : bool
        Whether ``make`` clips what is above the constants' ceiling to 1.
    """

    make: Callable[[Sample], Made]
    domains: tuple[str, ...] = ()
    valid: bool = False
    infos: bool = False
    fixed: bool = False
    fit: Callable[[Iterable[Sample]], Mapping[str, Any]] | None = None
    clips: bool = False


@dataclass(frozen=True)
class Task:
    """A question about pictures, and how its answer is known.

    Attributes
    ----------
    name : str
        In tables and on the command line; Taskonomy's internal names for its own tasks.
    output : Output or None
        None where nothing is learned (a random projection).
    loss : str
        A key of `encoders.losses.LOSSES`.
    label : Label or None
        None where ``output`` is.
    title : str
        For people; the name where it is empty.
    inputs : int
        Pictures that a network is given: 1, 2, 3, or the 9 tiles of a jigsaw.
    channels : int
        Of each of them.
    shrink : int
        Pixels of a picture, along a side, to one of what goes in.
    partners : str
        The rule by which further pictures are chosen (`encoders.dataset.pairs`); empty for tasks
        that start from one picture.
    prepare : function
        From a `Sample` to what goes in, (B, inputs, channels, S / shrink, S / shrink) in
        [-1, 1].
    source_only : bool
        Whether the dictionary holds it as a source alone, never as a target.
    augment : tuple of str
        What training may change of its examples: ``mirror`` and ``light`` of their pictures
        (`encoders.training.augment.varied`); with ``partners``, each epoch draws other partners.
    mirror : tuple of float
        Sign of each number of the answer, before it is standardized, when pictures are mirrored;
        empty where the answer stays the same.
    """

    name: str
    output: Output | None
    loss: str
    label: Label | None
    title: str = ""
    inputs: int = 1
    channels: int = 3
    shrink: int = 1
    partners: str = ""
    prepare: Callable[[Sample], Floats32] = field(default=as_given, repr=False)
    source_only: bool = False
    augment: tuple[str, ...] = ()
    mirror: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if (self.output is None) != (self.label is None):
            raise InvalidDataError(f"task {self.name}: give both an output and a label, or neither")

    @property
    def display(self) -> str:
        """The title, or the name."""
        return self.title or self.name

    def input_shape(self, size: int) -> tuple[int, ...]:
        """(channels, s, s), with the number of pictures before it where there are several."""
        one = (self.channels, size // self.shrink, size // self.shrink)
        return one if self.inputs == 1 else (self.inputs, *one)

    def domains(self) -> tuple[str, ...]:
        """The folders that the task reads, besides the pictures and the mask."""
        return self.label.domains if self.label else ()

    def needs_infos(self) -> bool:
        """Whether ``point_info`` is read: for the label, or to choose partners."""
        return bool(self.partners) or (self.label is not None and self.label.infos)


def each_view(
    function: Callable[[OneView], Any], domains: Sequence[str] = (), *, infos: bool = False
) -> Label:
    """A label for a task of your own: a function of one view.

    Parameters
    ----------
    function
        From a `OneView` to the target: a number, (C,), (S, S) or (C, S, S); NaN where it does not
        count.
    domains : sequence of str
        The folders that the function reads.
    infos : bool
        Whether it reads ``view.info``.
    """
    return Label(partial(_made_of_views, function=function), tuple(domains), True, infos)


def _made_of_views(sample: Sample, *, function: Callable[[OneView], Any]) -> Made:
    targets = np.stack([np.asarray(function(view), dtype=np.float32) for view in sample.views()])
    if targets.ndim == 1:
        targets = targets[:, None]
    if targets.ndim == 3:
        targets = targets[:, None]
    counts: Booleans = np.logical_not(np.isnan(targets).any(axis=1))
    return np.nan_to_num(targets, nan=0.0), counts
