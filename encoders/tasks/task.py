"""The definition of a task: its input, its output, its label and its loss."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, SupportsIndex, get_args

from encoders.errors import InvalidDataError, UnknownNameError
from encoders.tasks.sample import Sample, TargetsAndMask, scaled_pictures
from taskgraph.arrays import Floats32

OutputKind = Literal["map", "class_map", "segments", "vector", "classes"]
OUTPUT_KINDS: tuple[str, ...] = get_args(OutputKind)

KINDS_OF_LOSS: Mapping[str, tuple[OutputKind, ...]] = {
    "l1": ("map", "vector"),
    "l2": ("map", "vector"),
    "xentropy": ("classes", "class_map"),
    "soft_xentropy": ("classes", "map"),
    "metric": ("segments",),
    "pose_norm": ("vector",),
    "ego_cycle": ("vector",),
}
"""By loss, the kinds of outputs that it is for. The keys are those of `encoders.losses.LOSSES`,
which is not imported here: it needs torch."""

LOSS_NAMES = tuple(KINDS_OF_LOSS)


@dataclass(frozen=True)
class Output:
    """The form of a task's output.

    Attributes
    ----------
    kind : str
        The shapes of a network's output and of its target:

        ============= ============================== =============================================
        kind          output                         target
        ============= ============================== =============================================
        ``map``       (C, H, W)                      (C, H, W)
        ``class_map`` (C, H, W) logits of classes    (H, W) class numbers below C
        ``segments``  (C, H, W) embedding            (H, W) integers, equal within one segment
        ``vector``    (C,)                           (C,)
        ``classes``   (C,) logits of classes         (C,) probabilities, or one class number if the
                                                     loss is ``xentropy``
        ============= ============================== =============================================
    channels : int or None
        C; None if the number of classes is read from the data set's files.
    shrink : int
        H and W are the side of the pictures divided by this number.

    Raises
    ------
    InvalidDataError
        If there is no such kind, or ``channels`` or ``shrink`` is below 1.
    """

    kind: OutputKind
    channels: int | None
    shrink: int = 1

    def __post_init__(self) -> None:
        if self.kind not in OUTPUT_KINDS:
            raise InvalidDataError(
                f'no output of the kind "{self.kind}"; there are {", ".join(OUTPUT_KINDS)}'
            )
        for name, value in (("channels", self.channels), ("shrink", self.shrink)):
            if value is not None and value < 1:
                raise InvalidDataError(f"an output's {name} is {value}, expected at least 1")

    @property
    def pixels(self) -> bool:
        """Return whether the output is a map, with one value or more for each pixel."""
        return self.kind in ("map", "class_map", "segments")

    def shape(self, size: int) -> tuple[int, ...]:
        """Return the shape of a network's output for pictures of side ``size``.

        Raises
        ------
        InvalidDataError
            If the number of classes is unknown, or ``size`` is not divisible by ``shrink``.
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
    """The recipe by which a task's targets are made from the files of a data set.

    Attributes
    ----------
    make : function
        From a `Sample` to targets and masks.
    domains : tuple of str
        The folders that are read, besides that of the pictures.
    valid : bool
        Whether ``make`` uses the mask of valid pixels.
    infos : bool
        Whether ``make`` uses ``point_info``.
    fixed : bool
        Whether a view's target never changes and is small enough to be kept in memory.
    fit : function, optional
        From the samples of the train split to the constants that ``make`` standardizes with.
    clips : bool
        Whether ``make`` clips targets above the constants' ceiling to 1.
    """

    make: Callable[[Sample], TargetsAndMask]
    domains: tuple[str, ...] = ()
    valid: bool = False
    infos: bool = False
    fixed: bool = False
    fit: Callable[[Iterable[Sample]], Mapping[str, Any]] | None = None
    clips: bool = False


@dataclass(frozen=True)
class Task:
    """A task: what a network predicts from pictures, how targets are made, and its loss.

    Attributes
    ----------
    name : str
        The name in tables and on the command line. Taskonomy's tasks keep their internal names.
    output : Output or None
        The form of the output; None if nothing is learned (the random projection).
    loss : str
        A key of `encoders.losses.LOSSES`.
    label : Label or None
        How targets are made; None if ``output`` is None.
    title : str
        The name in figures and reports; ``name`` if it is empty.
    inputs : int
        Number of pictures in a network's input: 1, 2, 3, or the 9 tiles of a jigsaw.
    channels : int
        Channels of each input picture.
    shrink : int
        The side of a data set's picture divided by the side of an input picture.
    partners : str
        The rule that chooses a view's partners (`encoders.dataset.pairs`); empty for tasks of one
        picture.
    prepare : function
        From a `Sample` to inputs, (B, inputs, channels, S / shrink, S / shrink) in [-1, 1].
    source_only : bool
        Whether the task is a source only, and never a target of transfers.
    augment : tuple of str
        Augmentations in training: ``mirror`` and ``light`` change the pictures
        (`encoders.training.augment.varied`); ``partners`` draws other partners in each epoch.
    mirror : tuple of float
        Signs by which the numbers of the target, before standardization, are multiplied when
        pictures are mirrored; empty if mirroring does not change the target.
    reload : function, optional
        Returns the task anew in another process, for a task whose functions cannot be sent there
        (`encoders.tasks.own.load_task` sets it).

    Raises
    ------
    InvalidDataError
        If there is an output and no label, or a label and no output, or the loss is not for
        outputs of that kind.
    UnknownNameError
        If there is no loss of that name.
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
    prepare: Callable[[Sample], Floats32] = field(default=scaled_pictures, repr=False)
    source_only: bool = False
    augment: tuple[str, ...] = ()
    mirror: tuple[float, ...] = ()
    reload: Callable[[], Task] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.loss not in LOSS_NAMES:
            near = difflib.get_close_matches(self.loss, LOSS_NAMES, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UnknownNameError(
                f'task {self.name}: no loss "{self.loss}"; {hint}there are {", ".join(LOSS_NAMES)}'
            )
        if (self.output is None) != (self.label is None):
            raise InvalidDataError(f"task {self.name}: give both an output and a label, or neither")
        kinds = KINDS_OF_LOSS[self.loss]
        if self.output is not None and self.output.kind not in kinds:
            others = [loss for loss, own in KINDS_OF_LOSS.items() if self.output.kind in own]
            raise InvalidDataError(
                f"task {self.name}: the loss {self.loss} is for outputs of the kind "
                f'{" or ".join(kinds)}, not "{self.output.kind}", for which there are '
                f"{', '.join(others)}"
            )

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        """Pickle the task by how it is loaded, if it is from a file that is no module."""
        if self.reload is None:
            return super().__reduce_ex__(protocol)
        return _reloaded, (self.reload, {name: getattr(self, name) for name in _SENT})

    @property
    def display(self) -> str:
        """Return the title, or the name if there is no title."""
        return self.title or self.name

    def input_shape(self, size: int) -> tuple[int, ...]:
        """Return an input's shape: (channels, s, s), or (inputs, channels, s, s) for several."""
        one = (self.channels, size // self.shrink, size // self.shrink)
        return one if self.inputs == 1 else (self.inputs, *one)

    def domains(self) -> tuple[str, ...]:
        """Return the folders that the label reads, besides pictures and valid pixels."""
        return self.label.domains if self.label else ()

    def needs_infos(self) -> bool:
        """Return whether ``point_info`` is needed, for the label or to choose partners."""
        return bool(self.partners) or (self.label is not None and self.label.infos)


_SENT = tuple(
    name for name in Task.__dataclass_fields__ if name not in ("label", "prepare", "reload")
)
"""The fields of a task that hold no functions, and that may have changed since it was loaded."""


def _reloaded(reload: Callable[[], Task], fields: Mapping[str, Any]) -> Task:
    """Return a task loaded anew, with other plain fields."""
    return replace(reload(), **fields)
