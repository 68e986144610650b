"""Types of NumPy arrays, by the type of their entries; docstrings give the shapes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Floats16 = NDArray[np.float16]
AnyFloats = NDArray[np.floating[Any]]
"""Floating-point numbers of any precision."""
Integers = NDArray[np.int64]
Integers32 = NDArray[np.int32]
Indices = NDArray[np.intp]
Seeds = NDArray[np.uint32]
Booleans = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
