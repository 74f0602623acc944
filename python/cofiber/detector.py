"""Detectors: objects in frames of features."""
from __future__ import annotations

import ctypes
import numbers
import sys
import threading
import weakref
from typing import Any, Optional, Union

import numpy as np

from . import _library
from ._arrays import as_features, view_of
from ._library import CofiberError, PathLike, call, library
from .compiler import compile
from .netlist import Netlist

if sys.version_info >= (3, 8):
    from typing import TypedDict
else:  # pragma: no cover
    from typing_extensions import TypedDict


_MOST_DETECTIONS = 2**32 - 1  # what the library's option holds


class Detection(TypedDict):
    """An object that was found.

    label : the class's name; box : x, y, width, height in pixels of the frame; score : from 0 to 1; scale : the band
    that found it, 0 for the finest.
    """

    label: str
    box: list[float]
    score: float
    scale: int


class _Circuit:
    """A netlist ready to detect."""

    def __init__(self, netlist: Netlist, stride: float, threads: int) -> None:
        self.handle = ctypes.c_void_p()
        call("cofiber_detector_new", ctypes.byref(self.handle), netlist._handle, stride, threads)
        self._free = weakref.finalize(self, library().cofiber_detector_free, self.handle)
        self.netlist = netlist
        self.shape = (netlist.input.channels, netlist.input.height, netlist.input.width)
        buffer = ctypes.create_string_buffer(64)
        self.labels = [
            library().cofiber_detector_class(self.handle, index, buffer, len(buffer)).decode()
            for index in range(library().cofiber_detector_classes(self.handle))
        ]


class Detector:
    """Finds objects with a circuit, as `cofiber detect` does.

    Parameters
    ----------
    netlist : Netlist
    stride : float
        Pixels of the frame from cell to cell of the input.
    threads : int
        0: one per processor.

    >>> detector = Detector(NETLIST)
    >>> best = detector.detect(FRAME, score_thresh=0.9)[0]
    >>> best["label"], best["box"], round(best["score"], 3), best["scale"]
    ('class 3', [64.0, 32.0, 16.0, 16.0], 0.995, 0)
    """

    def __init__(self, netlist: Netlist, *, stride: float = 16.0, threads: int = 0) -> None:
        self._circuit: Optional[_Circuit] = _Circuit(netlist, stride, threads)
        self._lock = threading.Lock()

    @classmethod
    def from_safetensors(
        cls, path: PathLike, *, stride: float = 16.0, threads: int = 0, input_scale: Optional[float] = None,
        **options: Any
    ) -> Detector:  # fmt: skip
        """A detector from the file of a netlist, or of a head, which is then compiled.

        Parameters
        ----------
        path : path
            A netlist that `cofiber compile` wrote, or a head of any form that `cofiber.compile` reads; despite the
            method's name also a PyTorch checkpoint or an ONNX model.
        input_scale : float, optional
            Of a head: the scale of its features. Where it is left out, the head is compiled by the first call of
            `detect`, whose features choose the scale (and the grid); later calls keep both.
        **options
            Of a head: those of `cofiber.compile`.

        Raises
        ------
        CofiberError
            With the line that the command prints.
        """
        self = cls.__new__(cls)
        self._lock = threading.Lock()
        self._circuit = None
        self._path, self._stride, self._threads, self._options = path, stride, threads, options
        if library().cofiber_netlist_file(_library.path_text(path)):
            self._circuit = _Circuit(Netlist.load(path), stride, threads)
        elif input_scale is not None:
            self._circuit = _Circuit(compile(path, input_scale=input_scale, **options), stride, threads)
        else:
            open(path, "rb").close()
        return self

    def _ready(self, frame: Any) -> _Circuit:
        """The circuit, compiled for frames like this one where that was left to the first of them."""
        if self._circuit is None:
            options = {"grid": tuple(np.shape(frame)[-2:]), **self._options}
            self._circuit = _Circuit(compile(self._path, calibrate=frame, **options), self._stride, self._threads)
        return self._circuit

    @property
    def netlist(self) -> Optional[Netlist]:
        """The circuit; None while the head waits for the first features."""
        return self._circuit.netlist if self._circuit else None

    def detect(
        self, features: Any, score_thresh: float = 0.3, *, nms: float = 0.6, top: int = 100, score: str = "product"
    ) -> Union[list[Detection], list[list[Detection]]]:
        """Detects objects in a frame, or in each of a batch.

        Parameters
        ----------
        features : array-like [D, H, W] or [N, D, H, W]
        score_thresh : float
            Lowest score.
        nms : float
            A detection that overlaps a better one of its class by more (intersection over union) is dropped.
        top : int
            Most detections of a frame.
        score : {"product", "sqrt"}
            Of a head with a centerness: the class's score times it, or the square root of this product.

        Returns
        -------
        list of Detection
            By falling score. For a batch, a list of such lists.

        Raises
        ------
        CofiberError
            When the features have another shape, or are NaN or infinite; when an option is out of range.
        """
        if score not in ("product", "sqrt"):
            raise CofiberError(f"score '{score}' is none of: product|sqrt")
        for name, value in (("score_thresh", score_thresh), ("nms", nms)):
            if not isinstance(value, numbers.Real):
                raise CofiberError(f"{name} {value!r} is not a number")
        if not isinstance(top, numbers.Integral) or not 1 <= top <= _MOST_DETECTIONS:
            raise CofiberError(f"top {top!r} is not an integer from 1 to {_MOST_DETECTIONS}")
        options = _library.DetectOptions(float(score_thresh), float(nms), int(top), score == "sqrt")
        if np.ndim(features) == 4:
            return [self._detect(frame, options) for frame in features]
        return self._detect(features, options)

    def _detect(self, features: Any, options: _library.DetectOptions) -> list[Detection]:
        found = ctypes.POINTER(_library.DetectionInfo)()
        count = ctypes.c_size_t()
        with self._lock:
            circuit = self._ready(features)
            array = as_features(features, circuit.shape, batch=False)
            view = view_of(array)
            call("cofiber_detector_run", circuit.handle, ctypes.byref(view), ctypes.byref(options),
                 ctypes.byref(found), ctypes.byref(count))  # fmt: skip
            return [
                Detection(label=circuit.labels[one.class_index], box=[float(side) for side in one.box],
                          score=float(one.score), scale=int(one.scale))
                for one in found[: count.value]
            ]  # fmt: skip
