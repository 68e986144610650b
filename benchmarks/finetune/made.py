"""Targets that the suite makes: views of rooms, their depth, textures, and spectrograms of tones.

Each function returns the images and labels of each split. Rendered scenes are kept in a folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.data.data import TEST, TRAIN, VAL
from benchmarks.data.packages import PHOTOS
from benchmarks.data.registry import load
from benchmarks.data.source import data_root
from benchmarks.finetune.settings import Settings
from taskgraph.arrays import Floats, Integers, Pixels

Arrays = dict[str, tuple[Pixels, Integers]]
"""The images and labels of each split."""

WORLD_SEED, BUILDINGS, VIEWS, SIZE = 17, 24, 40, 64
"""The scenes that are rendered where the user's folder has none."""
DEEPEST = 8.0
"""Depth in meters that is white in depth pictures, as are larger depths and windows."""

TEXTURES = (
    "brick.png",
    "cell.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "page.png",
    "retina.jpg",
)
"""Photographs of scikit-image whose crops are the classes of the target ``textures``."""
CROP = 32
COLUMNS = {TRAIN: (0.0, 0.5), VAL: (0.5, 0.68), TEST: (0.68, 1.0)}
"""Shares of a photograph's width from which the crops of each split come; they do not overlap."""

PER_CLASS = {TRAIN: 60, VAL: 15, TEST: 40}
"""Images of each class of the targets ``textures`` and ``tones``."""
SAMPLE_RATE, SAMPLES = 8_000, 4_096
WINDOW, FRAMES = 254, 32


def room_types(settings: Settings) -> Arrays:
    """Return views of buildings that the bank's encoders have not seen, with their room types."""
    return _views(settings, "rgb")


def depth_pictures(settings: Settings) -> Arrays:
    """Return one-channel pictures of the depth of the same views, with their room types."""
    return _views(settings, "depth_zbuffer")


def _views(settings: Settings, domain: str) -> Arrays:
    """Return pictures of one domain with the room types, split by buildings."""
    from encoders.codecs.encodings import read_value
    from encoders.dataset.index import read_index
    from encoders.dataset.splits import split_buildings

    index = read_index(world_folder(settings))
    kept = unseen_buildings(index.root, index.buildings)
    pictures, rooms = index.files(domain).paths, index.files("class_scene").paths
    buildings = np.array(index.buildings)[index.building]
    arrays = {}
    for split, own in split_buildings(kept).items():
        rows = np.flatnonzero(np.isin(buildings, own))
        images = np.stack([_picture(index.root / pictures[int(row)], domain) for row in rows])
        room = [read_value(index.root / rooms[int(row)], "class_scene") for row in rows]
        labels = [int(np.argmax(value)) for value in room]
        arrays[split] = images, np.array(labels)
    return arrays


def _picture(path: Path, domain: str) -> Pixels:
    """Return a view's picture as (H, W, C) bytes."""
    from benchmarks.data.formats import read_picture
    from encoders.codecs.encodings import read_value

    if domain == "rgb":
        return read_picture(path)
    depth = np.asarray(read_value(path, domain), dtype=np.float64).squeeze()
    depth = np.where(np.isfinite(depth), depth, DEEPEST)  # a window has no depth
    return np.round(np.clip(depth / DEEPEST, 0, 1) * 255).astype(np.uint8)[..., None]


def world_folder(settings: Settings) -> Path:
    """Return the user's folder of scenes, or one in ``settings.work``, rendered if missing."""
    from encoders.scenes.making.make import make

    root = data_root(Path(settings.data_root) if settings.data_root else None)
    if root is not None and (root / "scenes").is_dir():
        return root / "scenes"
    folder = Path(settings.work) / "scenes"
    make(folder, buildings=BUILDINGS, views=VIEWS, size=SIZE, seed=WORLD_SEED)
    return folder


def unseen_buildings(world: Path, buildings: tuple[str, ...]) -> tuple[str, ...]:
    """Return the buildings that are not in the data set of the encoders of the library's bank.

    Those that chose the encoders' epochs, or that the bank left out, do not count as unseen either.

    Raises
    ------
    InvalidDataError
        If fewer than three are left, which cannot be split.
    """
    from encoders.bank.jobs import MANIFEST
    from encoders.bank.pretrained import default_bank
    from encoders.errors import InvalidDataError
    from encoders.scenes.making.manifest import read_manifest

    own = read_manifest(world)["settings"]
    trained = json.loads((default_bank() / MANIFEST).read_text())["tasks"][0]["data"]["settings"]
    seen = trained["buildings"] if own["seed"] == trained["seed"] else 0
    kept = buildings[seen:]
    if len(kept) < 3:
        raise InvalidDataError(
            f"{world} has {len(buildings)} buildings, and the first {seen} are in the data set of "
            f"the bank's encoders; make more (taskgraph scenes {world} --buildings {seen + 30})"
        )
    return kept


def textures(settings: Settings) -> Arrays:
    """Return gray crops of photographs; a class is the photograph."""
    photos = load("photos").inputs
    generator = np.random.default_rng(0)
    arrays = {}
    for split, (begin, end) in COLUMNS.items():
        images, labels = [], []
        for label, name in enumerate(TEXTURES):
            gray = photos[PHOTOS.index(name)].mean(axis=2)
            height, width = gray.shape
            rows = generator.integers(height - CROP + 1, size=PER_CLASS[split])
            last = int(end * width) - CROP
            columns = generator.integers(int(begin * width), last + 1, size=PER_CLASS[split])
            for row, column in zip(rows, columns, strict=True):
                images.append(gray[row : row + CROP, column : column + CROP])
                labels.append(label)
        arrays[split] = np.round(np.stack(images)).astype(np.uint8)[..., None], np.array(labels)
    return arrays


TONES: tuple[Callable[[Floats, float], Floats], ...] = (
    lambda t, pitch: np.sin(2 * np.pi * pitch * t),
    lambda t, pitch: np.sign(np.sin(2 * np.pi * pitch * t)),
    lambda t, pitch: 2 * ((pitch * t) % 1) - 1,
    lambda t, pitch: np.sin(2 * np.pi * (pitch * t + pitch * t**2)),
    lambda t, pitch: np.sin(2 * np.pi * (2 * pitch * t - pitch * t**2)),
    lambda t, pitch: np.sin(2 * np.pi * pitch * t + 8 * np.sin(2 * np.pi * 6 * t)),
    lambda t, pitch: np.sin(2 * np.pi * pitch * t) * (np.sin(2 * np.pi * 7 * t) > 0),
    lambda t, pitch: np.sin(2 * np.pi * pitch * np.outer((1, 1.26, 1.5), t)).mean(axis=0),
)
"""Sine, square, sawtooth, rising, falling, vibrato, pulsed, and major chord: from times in seconds
and a pitch in hertz to a signal in [-1, 1]."""


def tones(settings: Settings) -> Arrays:
    """Return spectrograms of synthesized tones in noise; a class is the kind of tone (`TONES`)."""
    generator = np.random.default_rng(1)
    arrays = {}
    for split in (TRAIN, VAL, TEST):
        labels = np.repeat(np.arange(len(TONES)), PER_CLASS[split])
        images = np.stack([_spectrogram(int(label), generator) for label in labels])
        arrays[split] = images[..., None], labels
    return arrays


def _spectrogram(label: int, generator: np.random.Generator) -> Pixels:
    """Return the (32, 32) spectrogram of one tone of half a second, up to 2 kHz, low at the bottom.

    Decibels from -60 to 0, relative to the strongest, are spread over bytes.
    """
    times = np.arange(SAMPLES) / SAMPLE_RATE
    signal = TONES[label](times, generator.uniform(200, 800))
    signal = signal + generator.normal(size=SAMPLES) * generator.uniform(0.1, 1.0)
    starts = np.linspace(0, SAMPLES - WINDOW, FRAMES).astype(int)
    windows = np.stack([signal[start : start + WINDOW] for start in starts]) * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2  # (frames, 128)
    bands = power[:, :64].reshape(FRAMES, 32, 2).mean(axis=2).T[::-1]
    decibels = 10 * np.log10(bands / bands.max() + 1e-12)
    pixels: Pixels = np.round(np.clip(1 + decibels / 60, 0, 1) * 255).astype(np.uint8)
    return pixels
