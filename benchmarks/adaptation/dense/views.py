"""Views of two domains as maps of a frozen encoder, with the labels of dense tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.data.data import TEST, TRAIN
from benchmarks.data.worlds import scene_domains
from encoders.bank.pretrained import load
from encoders.dataset import TaskonomyDataset
from encoders.networks import EncoderDecoder
from taskgraph.arrays import Integers

CHUNK = 64
"""Views that are read and encoded at a time."""


@dataclass(frozen=True, eq=False)
class DenseViews:
    """Views of one split of one domain.

    Attributes
    ----------
    maps : (N, 8, h, w) tensor
        Representations by the frozen encoder.
    targets : mapping of tasks to pairs of tensors
        (N, ...) targets and (N, H, W) masks, as `encoders.dataset` gives them.
    buildings : tuple of N texts
    """

    maps: Tensor
    targets: Mapping[str, tuple[Tensor, Tensor]]
    buildings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.maps)

    def rows(self, rows: Integers) -> DenseViews:
        """Return the views of these numbers."""
        chosen = torch.from_numpy(np.asarray(rows, np.int64))
        targets = {name: (t[chosen], m[chosen]) for name, (t, m) in self.targets.items()}
        return DenseViews(self.maps[chosen], targets, tuple(self.buildings[k] for k in rows))


@dataclass(frozen=True, eq=False)
class DensePair:
    """Drawn and photographed views of the same buildings.

    Attributes
    ----------
    synthetic : DenseViews
        Training views of the synthetic domain.
    real, test : DenseViews
        Training and test views of the real domain.
    """

    synthetic: DenseViews
    real: DenseViews
    test: DenseViews


def dense_pair(
    work: Path,
    domains: tuple[str, str],
    tasks: Sequence[str],
    encoder: str,
    *,
    bank: str | None = None,
    buildings: int,
    views: int,
) -> DensePair:
    """Return the views of a synthetic and a real domain; missing scenes are rendered.

    Both domains have the same split of buildings, and no test building is a training building in
    either of them (`scene_domains`).

    Parameters
    ----------
    work : Path
        Folder of the scenes.
    domains : (synthetic, real)
    tasks : sequence of str
    encoder : str
        A task of the bank, whose encoder is frozen.
    bank : str, optional
        Folder of the bank; by default, that of the library.
    """
    scene_domains(work, buildings=buildings, views=views, domains=domains)
    synthetic, real = (work / folder_name(each) for each in domains)
    network = load(encoder, bank)
    drawn = _views(TaskonomyDataset(synthetic, list(tasks), TRAIN, progress=False), network)
    dataset = TaskonomyDataset(real, list(tasks), TRAIN, progress=False)
    test = _views(dataset.of_split(TEST), network)
    return DensePair(drawn, _views(dataset, network), test)


def folder_name(domain: str) -> str:
    """Return the folder of a domain's scenes within the working folder."""
    return "scenes" if domain == "day" else f"scenes-{domain}"


def _views(dataset: TaskonomyDataset, network: EncoderDecoder) -> DenseViews:
    """Return all views of a split."""
    names = list(dataset.tasks)
    maps: list[Tensor] = []
    parts: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in names}
    for begin in range(0, len(dataset), CHUNK):
        numbers = np.arange(begin, min(begin + CHUNK, len(dataset)))
        for place, name in enumerate(names):
            pictures, target, mask = dataset.batch(name, numbers)
            parts[name].append((target, mask))
            if not place:
                maps.append(network.represent(pictures).detach())
    targets = {
        name: (torch.cat([t for t, _ in own]), torch.cat([m for _, m in own]))
        for name, own in parts.items()
    }
    buildings = tuple(dataset.image(k).split("/")[0] for k in range(len(dataset)))
    return DenseViews(torch.cat(maps), targets, buildings)
