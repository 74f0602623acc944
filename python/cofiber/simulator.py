"""Simulators: the values of all gates, bit for bit."""
from __future__ import annotations

import ctypes
import threading
import weakref
from typing import Any, Iterable, Iterator, Mapping, Optional

import numpy as np
import numpy.typing as npt

from . import _library
from ._arrays import STORAGE, as_features, shared_array, view_of
from ._library import CofiberError, call, library
from .netlist import Group, Netlist

_MODES = ("all", "decisions")
_ENGINES = ("word", "bits", "reference")


def _place(option: str, word: str, words: tuple[str, ...]) -> int:
    if word not in words:
        raise CofiberError(f"{option} '{word}' is none of: {', '.join(words)}")
    return words.index(word)


class Values(Mapping[str, npt.NDArray[Any]]):
    """The values of the frame that was run last: for each group an array of its shape, by the group's name.

    The arrays are the simulator's own memory, not copies, and cannot be written to. The next run fills them anew: copy
    what is to be kept. (The bit engine's are copies, since it keeps values in another form.)
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        group = self._simulator.netlist.groups[name]
        found = self._simulator._values(group)
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        groups = self._simulator.netlist.groups.values()
        return (group.name for group in groups if self._simulator._values(group) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def gate(self, name: str) -> int:
        """The value of one gate by its public name.

        Raises
        ------
        CofiberError
            When there is no such gate, or the mode does not compute it.
        """
        return self._simulator._gate(name)


class Simulator:
    """Evaluates a netlist on frames of features.

    Parameters
    ----------
    netlist : Netlist
    mode : {"all", "decisions"}
        Every gate, or the outputs alone in the fastest exact way.
    engine : {"word", "bits", "reference"}
        Gates as integers; as their binary gates; or one by one, by the definition of a cell. All give the same values.
    isa : str
        "auto", "portable", "avx2", "avxvnni" or "avx512".
    threads : int
        0: one per processor. Values never depend on it.

    Notes
    -----
    A simulator runs one frame or batch at a time: calls from several Python threads wait for each other. Simulators of
    one netlist run side by side.

    >>> simulator = Simulator(NETLIST, threads=1)
    >>> values = simulator.run(FRAME)
    >>> values["s1.classify"].shape, values["s0.subtract"].dtype
    ((4, 4, 4), dtype('int16'))
    """

    def __init__(
        self, netlist: Netlist, *, mode: str = "all", engine: str = "word", isa: str = "auto", threads: int = 0
    ) -> None:
        options = _library.SimOptions(
            _place("mode", mode, _MODES), isa.encode(), int(threads), 0, _place("engine", engine, _ENGINES)
        )
        self._handle = ctypes.c_void_p()
        call("cofiber_sim_new", ctypes.byref(self._handle), netlist._handle, ctypes.byref(options))
        self._free = weakref.finalize(self, library().cofiber_sim_free, self._handle)
        self._netlist = netlist
        self._shared = engine != "bits"
        self._lock = threading.Lock()

    @property
    def netlist(self) -> Netlist:
        """The circuit."""
        return self._netlist

    @property
    def isa(self) -> str:
        """The kernels in use."""
        return str(library().cofiber_sim_isa(self._handle).decode())

    @property
    def threads(self) -> int:
        """The number of threads in use."""
        return int(library().cofiber_sim_threads(self._handle))

    def _shape(self) -> tuple[int, int, int]:
        given = self._netlist.input
        return (given.channels, given.height, given.width)

    def run(self, features: Any) -> Values:
        """Simulates one frame.

        Parameters
        ----------
        features : array-like [D, H, W]
            Any NumPy type of numbers, or a PyTorch tensor; quantised with the netlist's scale.

        Raises
        ------
        CofiberError
            When the shape is another, or a feature is NaN or infinite (`element` says which).
        """
        array = as_features(features, self._shape(), batch=False)
        view = view_of(array)
        with self._lock:
            call("cofiber_sim_run", self._handle, ctypes.byref(view))
        return Values(self)

    def batch(self, frames: Any, groups: Optional[Iterable[str]] = None) -> dict[str, npt.NDArray[Any]]:
        """Simulates many frames, side by side.

        Parameters
        ----------
        frames : array-like [N, D, H, W]
        groups : iterable of str, optional
            Which groups' values to give; the outputs when left out.

        Returns
        -------
        dict
            For each group an array [N, ...] of its values, the caller's own.

        >>> sorted(Simulator(NETLIST).batch([FRAME, FRAME]))
        ['s0.classify', 's1.classify']
        """
        array = as_features(frames, self._shape(), batch=True)
        names = list(self._netlist.outputs if groups is None else groups)
        results: dict[str, npt.NDArray[Any]] = {}
        outputs = (_library.Output * len(names))()
        for place, name in enumerate(names):
            if name not in self._netlist.groups:
                raise CofiberError(f"{name}: the netlist has no group of that name")
            group = self._netlist.groups[name]
            results[name] = np.empty((len(array), *group.shape), dtype=self._dtype(group))
            outputs[place] = _library.Output(group.index, results[name].ctypes.data)
        if len(array) > 0:
            view = view_of(array)
            with self._lock:
                call("cofiber_sim_run_array", self._handle, ctypes.byref(view), len(array), outputs, len(names))
        return results

    @staticmethod
    def _dtype(group: Group) -> np.dtype[Any]:
        bits = group.bits + (not group.is_signed and group.bits > 1)
        return next(dtype for dtype in STORAGE if 8 * dtype.itemsize >= bits)

    def _values(self, group: Group) -> Optional[npt.NDArray[Any]]:
        storage = ctypes.c_int()
        with self._lock:
            result = library().cofiber_sim_result(self._handle)
            address = library().cofiber_values(result, group.index, ctypes.byref(storage))
            if not address:
                return None
            array = shared_array(address, STORAGE[storage.value], group.shape, self)
            return array if self._shared else array.copy()

    def _gate(self, name: str) -> int:
        value = ctypes.c_int64()
        with self._lock:
            result = library().cofiber_sim_result(self._handle)
            call("cofiber_gate", result, name.encode(), ctypes.byref(value))
        return int(value.value)
