"""The records as arrays: by stream, network and method, with an entry for each class order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.lifelong.settings import CLASSES
from benchmarks.results.banks import of_newest_bank
from benchmarks.results.frame import latest
from benchmarks.results.record import Record
from taskgraph.arrays import Floats, Integers

SHARED = (
    "protocol",
    "max_steps",
    "variant",
    "size",
    "epochs",
    "batch",
    "learning_rate",
    "weight_decay",
    "augment",
    "per_class",
)
"""Settings that all records of a stream and a network on the page have in common."""


STEPS = ("protocol", "max_steps", "memory", "classes_of_steps")
"""Settings that all networks of a stream have in common."""
PROBE = "linear-probe"


@dataclass
class MethodResults:
    """The results of one method with one network on one stream.

    Attributes
    ----------
    network, method : str
    by_order : dict
        By class order: the records of all steps, in their order. Unfinished orders are left out.
    """

    network: str
    method: str
    by_order: dict[int, list[Record]] = field(default_factory=dict)

    @property
    def orders(self) -> list[int]:
        """Return the class orders, sorted."""
        return sorted(self.by_order)

    def curves(self) -> Floats:
        """Return the accuracy on all classes seen, (orders, steps) in [0, 1]."""
        return self._stacked("accuracy")

    def matrices(self) -> Floats:
        """Return the accuracies on each step's images, (orders, steps, steps), NaN if unknown."""
        values = self._stacked("accuracies")
        return values[:, :, : values.shape[1]]

    def untrained(self) -> Floats:
        """Return the accuracy of untrained networks, (orders, steps)."""
        values = self._stacked("untrained")[:, 0]
        return values[:, : self._steps()]

    def stored(self, name: str = "stored_bytes") -> Floats:
        """Return the images or bytes that are stored after each step, (orders, steps)."""
        return self._stacked(name)

    def seconds(self) -> Floats:
        """Return the seconds of each step's training, (orders, steps)."""
        return self._stacked("training_seconds")

    def confusion(self) -> Integers:
        """Return the counts after the last step of the first order: a row a class."""
        return np.array(self.by_order[self.orders[0]][-1].metrics["confusion"], np.int64)

    def seen(self) -> list[int]:
        """Return the number of classes seen after each step."""
        return [each.metrics["seen"] for each in self.by_order[self.orders[0]]]

    def _steps(self) -> int:
        return len(self.by_order[self.orders[0]])

    def _stacked(self, name: str) -> Floats:
        """Return one metric of all orders and steps; null becomes NaN."""
        rows = [[each.metrics[name] for each in self.by_order[order]] for order in self.orders]
        return np.array(rows, dtype=np.float64)


@dataclass
class StreamResults:
    """The results on one stream.

    Attributes
    ----------
    name : str
        The stream as `stream_name` writes it.
    memory : int
    settings : dict
        The settings in `SHARED`, of the first network.
    own : dict
        By other network: its settings that differ from these.
    sizes : list of int
        Classes of each step.
    methods : list of `MethodResults`
    """

    name: str
    memory: int
    settings: dict[str, Any]
    sizes: list[int]
    methods: list[MethodResults]
    own: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def networks(self) -> list[str]:
        """Return the trained networks: those of more than the linear probe."""
        return list(dict.fromkeys(m.network for m in self.methods if m.method != PROBE))

    def of(self, network: str) -> dict[str, MethodResults]:
        """Return the methods of a network by their names, and the linear probe."""
        chosen = [m for m in self.methods if m.network == network or m.method == PROBE]
        return {each.method: each for each in chosen}


def stream_name(settings: Mapping[str, Any]) -> str:
    """Return the data set, the classes of a larger first step, and a variant that is not paper's.

    Examples: ``mnist-5k``, ``orl-faces B20``, ``cifar-100 official``.
    """
    sizes = settings["classes_of_steps"]
    larger = settings["protocol"] == CLASSES and len(sizes) > 1 and sizes[0] != sizes[1]
    parts = [settings["data"], f"B{sizes[0]}" if larger else "", settings["variant"]]
    return " ".join(part for part in parts if part and part != "paper")


def stream_results(records: Sequence[Record]) -> list[StreamResults]:
    """Return the finished results by stream, of the newest settings of each of its networks.

    Networks with other steps or another memory than the stream's newest record are left out.
    """
    found = []
    for name in dict.fromkeys(stream_name(each.settings) for each in records):
        own = [each for each in records if stream_name(each.settings) == name]
        found += _stream(name, latest(own, *STEPS))
    return found


def _stream(name: str, records: Sequence[Record]) -> list[StreamResults]:
    """Return the results of one stream; none if no order of any method is finished."""
    last = records[-1].settings
    sizes = last["classes_of_steps"]
    steps = min(last["max_steps"] or len(sizes), len(sizes))
    methods: list[MethodResults] = []
    settings: dict[str, dict[str, Any]] = {}
    for network in dict.fromkeys(each.settings["network"] for each in records):
        own = of_newest_bank([each for each in records if each.settings["network"] == network])
        own = latest(own, *SHARED)
        if finished := _methods(own, steps):
            methods += finished
            settings[network] = {key: own[-1].settings[key] for key in SHARED}
    if not methods:
        return []
    trained = list(dict.fromkeys(m.network for m in methods if m.method != PROBE))
    first = settings[(trained or list(settings))[0]]
    others = {network: _differing(settings[network], first) for network in trained}
    others = {network: differing for network, differing in others.items() if differing}
    return [StreamResults(name, last["memory"], first, sizes[:steps], methods, others)]


def _differing(settings: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are not those of the first network."""
    return {key: value for key, value in settings.items() if value != first[key]}


def _methods(records: Sequence[Record], steps: int) -> list[MethodResults]:
    """Return the methods that have all steps of at least one order."""
    found: dict[tuple[str, str], MethodResults] = {}
    parts: dict[tuple[str, str, int], dict[int, Record]] = {}
    for each in records:
        asked = each.settings
        key = (asked["network"], asked["method"], int(each.seed or 0))
        parts.setdefault(key, {})[asked["step"]] = each
    for (network, method, order), by_step in parts.items():
        if sorted(by_step) == list(range(steps)):
            results = found.setdefault((network, method), MethodResults(network, method))
            results.by_order[order] = [by_step[step] for step in range(steps)]
    return list(found.values())


def figure_stem(stream: str, network: str) -> str:
    """Return the names of a stream and of a network in the form that file names use."""
    return re.sub(r"[^a-z0-9]+", "_", f"{stream} {network}".lower()).strip("_")
