"""NumPy arrays in and out of the library, without copies where they can be shared."""
from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from ._library import CofiberError, Features

# In the order of the C library's cofiber_dtype; bfloat16 (3) has no type in NumPy.
_DTYPES = {
    "f4": 0, "f2": 1, "f8": 2, "i1": 4, "u1": 5, "i2": 6, "u2": 7, "i4": 8, "u4": 9, "i8": 10, "u8": 11, "b1": 5,
}  # fmt: skip
STORAGE = (np.dtype("int8"), np.dtype("int16"), np.dtype("int32"), np.dtype("int64"))


def as_features(features: Any, shape: tuple[int, int, int], batch: bool) -> npt.NDArray[Any]:
    """Features as a contiguous array [D, H, W], or [N, D, H, W] for a batch.

    Parameters
    ----------
    features : array-like
        Numbers of any type that NumPy has, or a PyTorch tensor.
    shape : tuple
        D, H, W of the circuit's input.

    Raises
    ------
    CofiberError
        When the shape or the type is another.
    """
    if hasattr(features, "detach"):  # a PyTorch tensor, which NumPy takes once it is off the graph and the GPU
        features = features.detach().cpu()
        features = features.float() if str(features.dtype) == "torch.bfloat16" else features
    array = np.asarray(features)
    code = array.dtype.str[1:]
    if code not in _DTYPES:
        raise CofiberError(f"features of type {array.dtype}: they are numbers, of at most 8 bytes")
    wanted = "[N, {}, {}, {}]".format(*shape) if batch else "[{}, {}, {}]".format(*shape)
    if array.shape[-3:] != shape or array.ndim != (4 if batch else 3):
        raise CofiberError(f"features of shape {list(array.shape)}: the circuit takes {wanted}")
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


def view_of(array: npt.NDArray[Any]) -> Features:
    """What the library needs to know of the array, which must outlive the call."""
    return Features(array.ctypes.data, _DTYPES[array.dtype.str[1:]])


def shared_array(address: int, dtype: np.dtype[Any], shape: tuple[int, ...], owner: object) -> npt.NDArray[Any]:
    """An array of memory that `owner` keeps: it lives at least as long as the array, which cannot be written to."""
    size = int(np.prod(shape)) * dtype.itemsize
    memory = (ctypes.c_char * size).from_address(address)
    memory.owner = owner  # type: ignore[attr-defined]
    array: npt.NDArray[Any] = np.frombuffer(memory, dtype=dtype).reshape(shape)
    array.flags.writeable = False
    return array
