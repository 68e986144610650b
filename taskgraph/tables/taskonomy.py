"""The published Taskonomy measurements, read from pickles without running code in them."""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from taskgraph.errors import InvalidTableError
from taskgraph.tables.formats import FilePath
from taskgraph.tables.naming import naming
from taskgraph.tasks import SCRATCH, join_sources, parse_sources, split_sources
from taskgraph.transfers import Transfers

PIXELS = "pixels"
FILES = {"affinity": "all_affinities", "gain": "wins_vs_pixels", "quality": "wins_vs_task"}
SIZES = {"16k": "_16k", "1k": "_1k", "early": ""}
LARGEST = 64 << 20
"""Largest file that is read, in bytes; the published files have fewer than 0.2 million."""


def read_taskonomy(folder: FilePath, *, size: str = "16k", exact_names: bool = False) -> Transfers:
    """Read the three published pickles of one training-set size as one table of transfers.

    Parameters
    ----------
    folder : str or path
        Holds ``all_affinities<suffix>.pkl`` (affinity), ``wins_vs_pixels<suffix>.pkl`` (gain) and
        ``wins_vs_task<suffix>.pkl`` (quality): dictionaries of ``source__source__target`` to
        numbers, as in the folder ``results`` of the StanfordVL/taskonomy repository.
    size : str
        Number of images that the transfers were trained on: ``16k`` or ``1k``; ``early`` is an
        earlier run, whose files have no suffix.
    exact_names : bool
        As for `Transfers`.

    Returns
    -------
    Transfers
        Sorted by target, order and sources. The published ``pixels``, a network trained from
        scratch on the transfer data, is the reserved source ``scratch``.

    Raises
    ------
    InvalidTableError
        If a file is missing, or holds anything but names and numbers. No code in it is run.

    Source: Taskonomy, Sec. 3.3 and 5; the release of its measurements.
    """
    if size not in SIZES:
        raise InvalidTableError(f'size is "{size}", expected one of {", ".join(SIZES)}')
    suffix = SIZES[size]
    merged: dict[tuple[str, str], dict[str, float]] = {}
    for column, stem in FILES.items():
        path = Path(folder) / f"{stem}{suffix}.pkl"
        with naming(path):
            for key, value in load_numbers(path).items():
                merged.setdefault(_split(key), {})[column] = value
    rows = [
        {"sources": sources, "target": target, **{name: row.get(name) for name in FILES}}
        for (target, sources), row in merged.items()
    ]
    frame = pd.DataFrame(rows).astype(dict.fromkeys(FILES, "float64"))
    frame["order"] = [len(split_sources(text)) for text in frame["sources"]]
    frame = frame.sort_values(["target", "order", "sources"], ignore_index=True)
    with naming(folder):
        return Transfers(frame.drop(columns="order"), exact_names=exact_names)


def load_numbers(path: FilePath) -> dict[str, float]:
    """Read a pickle that holds a dictionary of names to numbers and nothing else.

    The only functions that the pickle may name are those that numpy writes for a float. They are
    replaced by functions of this module, so that nothing else is called.

    Raises
    ------
    InvalidTableError
        If the file is missing or too large, names another function, or holds anything else.
    """
    try:
        size = Path(path).stat().st_size
        if size > LARGEST:
            raise InvalidTableError(f"this has {size} bytes, expected at most {LARGEST}")
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise InvalidTableError("no such file") from None
    except OSError as error:
        raise InvalidTableError(f"cannot be read: {error.strerror}") from None
    try:
        pickled = _NamesAndFloatsUnpickler(io.BytesIO(content), encoding="latin1").load()
    except InvalidTableError:
        raise
    except (Exception, RecursionError, MemoryError) as error:
        # A hostile or broken pickle may raise any error while it is read.
        raise InvalidTableError(
            f"this is not a readable pickle ({type(error).__name__}: {error})"
        ) from None
    return _checked(pickled)


def _checked(content: object) -> dict[str, float]:
    """Return the content of a pickle; raise if it is not a dictionary of names to numbers."""
    if type(content) is not dict:
        raise InvalidTableError(
            f"this pickle holds a {type(content).__name__}, expected a dictionary of names to "
            "numbers"
        )
    for key, value in content.items():
        if type(key) is not str or type(value) not in (float, int):
            raise InvalidTableError(
                f"the entry {key!r} holds a {type(value).__name__}, expected a number under a name"
            )
    return {key: float(value) for key, value in content.items()}


def _split(key: str) -> tuple[str, str]:
    """Return target and sources of a key such as ``a__b__t``, a transfer from a and b to t."""
    *sources, target = key.split("__")
    if not sources or not target:
        raise InvalidTableError(f'the key "{key}" is no transfer, expected "source__target"')
    named = [SCRATCH if name == PIXELS else name for name in sources]
    return target, join_sources(parse_sources(named))


class _Float:
    """Replaces a numpy dtype of floats of 4 or 8 bytes."""

    __slots__ = ("code", "order")

    def __init__(self, code: str) -> None:
        self.code, self.order = code, "<"

    def __setstate__(self, state: Any) -> None:
        if type(state) is not tuple or len(state) < 2 or state[1] not in ("<", ">"):
            raise InvalidTableError("this pickle holds a dtype that is no float")
        self.order = state[1]


class _Replacement:
    """A function that a pickle can call and cannot change."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *arguments: Any) -> object:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise InvalidTableError("this pickle tries to change a function; it was not read")


def _dtype(code: Any, *_: Any) -> _Float:
    if code not in ("f4", "f8"):
        raise InvalidTableError(f'this pickle holds numbers of the type "{code}", expected floats')
    return _Float(str(code))


def _scalar(dtype: Any, data: Any) -> float:
    if type(dtype) is not _Float:
        raise InvalidTableError("this pickle holds a scalar without a dtype of ours")
    content = data.encode("latin1") if type(data) is str else data
    (value,) = struct.unpack(dtype.order + {"f4": "f", "f8": "d"}[dtype.code], content)
    return float(value)


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if type(text) is not str or encoding != "latin1":
        raise InvalidTableError(f'this pickle asks for the encoding "{encoding}", expected latin1')
    return text.encode("latin1")


_REPLACEMENTS: dict[tuple[str, str], Callable[..., object]] = {
    ("numpy", "dtype"): _dtype,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("_codecs", "encode"): _encode,
}


class _NamesAndFloatsUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Return the replacement of a class or function that may be read; raise for any other."""
        if (module, name) not in _REPLACEMENTS:
            raise InvalidTableError(
                f'this pickle asks for "{module}.{name}", expected only names and floats; '
                "it was not read, and nothing in it was run"
            )
        return _Replacement(_REPLACEMENTS[module, name])
