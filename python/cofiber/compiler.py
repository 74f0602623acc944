"""The compiler: from a trained head to its netlist."""
from __future__ import annotations

import ctypes
from typing import Any, Optional

import numpy as np

from . import _library
from ._arrays import view_of
from ._library import CofiberError, PathLike, call, library, text
from .netlist import Netlist


def _calibration_frames(frames: Any, grid: tuple[int, int]) -> list[Any]:
    array = np.asarray(frames)
    array = array if array.ndim == 4 else array[np.newaxis]
    if array.ndim != 4 or array.shape[2:] != tuple(grid):
        raise CofiberError(f"calibration: frames of shape {list(array.shape)}: the grid is {grid[0]}x{grid[1]}")
    return [np.ascontiguousarray(frame, dtype=np.float64) for frame in array]


def compile(
    head: PathLike,
    *,
    grid: tuple[int, int] = (40, 40),
    scales: int = 3,
    upsample: str = "nearest",
    pools: str = "direct",
    top: str = "residual",
    pad: str = "none",
    sweep: bool = False,
    input_bits: int = 8,
    input_scale: Optional[float] = None,
    calibrate: Any = None,
    score_threshold: float = 0.5,
    weight: Optional[str] = None,
    bias: Optional[str] = None,
    map: Optional[PathLike] = None,
    no_bias: bool = False,
    transposed: bool = False,
    norm_eps: float = 1e-5,
    weight_bits: int = 8,
    layer_bits: Optional[int] = None,
) -> Netlist:
    """Compiles the head in a file, as `cofiber compile` does: the same options give the same netlist.

    Parameters
    ----------
    head : path
        A safetensors file, a PyTorch checkpoint or an ONNX model: a classifier alone, or with LayerNorms, a bottleneck,
        boxes and a centerness.
    grid : (int, int)
        Height and width of the input; 2^scales must divide both unless `pad` says how to pad it.
    upsample : {"nearest", "bilinear"}
    pools : {"direct", "iterated"}
    top : {"residual", "cofiber"}
    pad : {"none", "zeros", "edge"}
    input_scale : float, optional
        feature = integer * input_scale. Give this or `calibrate`.
    calibrate : array-like [D, H, W] or [N, D, H, W], optional
        Frames like those that the circuit will see; the scale with the least squared error over them is chosen.
    score_threshold : float
        A gate fires when its score reaches this.
    weight, bias : str, optional
        Names of the head's tensors, needed where several fit.
    map : path, optional
        A file with a JSON object that says which tensors have which roles, where their names do not show it:
        {"cls_weight": "my.tensor"}.
    no_bias : bool
        Where the head has no biases for a layer, take them as 0.
    transposed : bool
        Weights are [inputs, outputs].
    norm_eps : float
        Added to the variance in the head's LayerNorms.
    weight_bits : int
        Width of the classifiers' integer weights, from 2 to 16 bits.
    layer_bits : int, optional
        Width of the weights of the layers beside the classifiers; by default as many as fit, and at most 12.

    Raises
    ------
    CofiberError
        With the line that the command prints.

    >>> compile(HEAD, grid=(8, 8), scales=2, calibrate=FRAME, sweep=True)
    <cofiber.Netlist: 560 gates in 4 groups>
    >>> compile(HEAD, grid=(7, 5), input_scale=1)
    Traceback (most recent call last):
    cofiber._library.CofiberError: a grid of 7x5: 3 scales need a height and width that 2^3 = 8 divides, or padding
    """
    if (input_scale is None) == (calibrate is None):
        raise CofiberError("compile: give one of input_scale (feature = integer * input_scale) and calibrate (frames "
                           "like those that the circuit will see)")  # fmt: skip
    options = library().cofiber_compile_defaults()
    options.height, options.width = grid
    options.scales = scales
    options.upsample, options.pools, options.top = upsample.encode(), pools.encode(), top.encode()
    options.pad = pad.encode()
    options.sweep = sweep
    options.input_bits = input_bits
    options.score_threshold = score_threshold
    options.weight, options.bias = text(weight), text(bias)
    options.map = None if map is None else _library.path_text(map)
    options.no_bias, options.transposed = no_bias, transposed
    options.norm_eps, options.weight_bits = norm_eps, weight_bits
    options.layer_bits = 0 if layer_bits is None else layer_bits
    frames = [] if calibrate is None else _calibration_frames(calibrate, grid)
    views = (_library.Features * max(1, len(frames)))(*[view_of(frame) for frame in frames])
    if calibrate is None:
        options.input_scale = input_scale
        if options.input_scale == 0:
            raise CofiberError("an input scale of 0: a scale is a positive number, at most 1e300")
    else:
        options.features, options.feature_count = views, len(frames)
    handle = ctypes.c_void_p()
    call("cofiber_compile", ctypes.byref(handle), _library.path_text(head), ctypes.byref(options))
    return Netlist(handle)
