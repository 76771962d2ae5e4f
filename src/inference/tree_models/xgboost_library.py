"""Call XGBoost's C library without its Python package, which needs 150 MB of other packages."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

LIBRARY = "libxgboost"  # in the package xgboost
SETTINGS = {
    "type": 1,  # scores, before the link
    "training": False,
    "iteration_begin": 0,
    "iteration_end": 0,
    "strict_shape": True,
    "missing": float("nan"),
    "cache_id": 0,
}


@functools.cache
def library() -> Any:
    """Load the library of the installed package; None if it is not installed."""
    spec = importlib.util.find_spec(LIBRARY.removeprefix("lib"))
    if spec is None or spec.origin is None:
        return None
    for path in sorted((Path(spec.origin).parent / "lib").glob(f"{LIBRARY}.*")):
        loaded = ctypes.CDLL(str(path))
        loaded.XGBGetLastError.restype = ctypes.c_char_p
        return loaded
    return None


class Booster:
    """Compute the scores of many records by one member of a model; thread-safe."""

    def __init__(self, data: bytes) -> None:
        self._library = library()
        self._handle = ctypes.c_void_p()
        self._check(self._library.XGBoosterCreate(None, 0, ctypes.byref(self._handle)))
        size = ctypes.c_uint64(len(data))
        self._check(self._library.XGBoosterLoadModelFromBuffer(self._handle, data, size))
        # Requests run in parallel already, and OpenMP's threads would hang after a fork.
        self._check(self._library.XGBoosterSetParam(self._handle, b"nthread", b"1"))
        self._settings = json.dumps(SETTINGS).encode()

    def __del__(self) -> None:
        if self._library is not None and self._handle:
            self._library.XGBoosterFree(self._handle)

    def dense(self, matrix: np.ndarray) -> np.ndarray:
        """Return the scores of rows of float32, NaN where missing; shape (rows, scores)."""
        return self._predict("XGBoosterPredictFromDense", _described(matrix))

    def sparse(
        self, starts: np.ndarray, columns: np.ndarray, values: np.ndarray, width: int
    ) -> np.ndarray:
        """Return the scores of sparse rows, whose unstored cells are missing."""
        arrays = [_described(starts), _described(columns), _described(values)]
        return self._predict("XGBoosterPredictFromCSR", *arrays, ctypes.c_uint64(width))

    def _predict(self, function: str, *data: Any) -> np.ndarray:
        shape = ctypes.POINTER(ctypes.c_uint64)()
        dimensions = ctypes.c_uint64()
        result = ctypes.POINTER(ctypes.c_float)()
        out = (ctypes.byref(shape), ctypes.byref(dimensions), ctypes.byref(result))
        call = getattr(self._library, function)
        self._check(call(self._handle, *data, self._settings, None, *out))
        sizes: Sequence[int] = shape[: dimensions.value]
        # A copy: the library reuses its memory at this thread's next call.
        scores = np.ctypeslib.as_array(result, (int(np.prod(sizes)),)).astype(np.float64)
        return scores.reshape(sizes[0], -1)

    def _check(self, code: int) -> None:
        if code != 0:
            raise RuntimeError(self._library.XGBGetLastError().decode())


def _described(array: np.ndarray) -> bytes:
    """Describe an array's memory as XGBoost reads it: __array_interface__ as JSON."""
    return json.dumps(
        {
            "data": [array.ctypes.data, True],
            "shape": list(array.shape),
            "typestr": array.dtype.str,
            "version": 3,
        }
    ).encode()
