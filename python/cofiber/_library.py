"""The C library: where it is, its types and functions, and how its errors become exceptions.

Nothing is loaded before the first call. The library's functions are called through ctypes, which lets other Python
threads run meanwhile.
"""
from __future__ import annotations

import ctypes
import functools
import os
import pathlib
from ctypes import POINTER, Structure, c_bool, c_char, c_char_p, c_double, c_int, c_int32, c_int64, c_size_t
from ctypes import c_uint32, c_uint64, c_void_p
from typing import Any, Optional, Union

PathLike = Union[str, "os.PathLike[str]"]
NONE = 2**64 - 1


class CofiberError(Exception):
    """What the command `cofiber` would print, in one line.

    Attributes
    ----------
    frame : int or None
        Of a batch: the frame that was refused.
    element : int or None
        Row-major index of a feature that is NaN or infinite.
    """

    def __init__(self, text: str, frame: Optional[int] = None, element: Optional[int] = None) -> None:
        super().__init__(text)
        self.frame = frame
        self.element = element


class Error(Structure):
    _fields_ = [("text", c_char * 512), ("frame", c_uint64), ("element", c_uint64)]


class InputInfo(Structure):
    _fields_ = [("channels", c_uint32), ("height", c_uint32), ("width", c_uint32), ("bits", c_int),
                ("is_signed", c_bool), ("scale", c_double)]


class GroupInfo(Structure):
    _fields_ = [("name", c_char_p), ("rank", c_int), ("shape", c_uint32 * 4), ("count", c_uint32), ("bits", c_int),
                ("is_signed", c_bool), ("fraction", c_int), ("is_output", c_bool)]


class Counts(Structure):
    _fields_ = [("gates", c_uint64), ("live", c_uint64), ("edges", c_uint64), ("live_edges", c_uint64),
                ("cells", c_uint32), ("level_low", c_uint32), ("level_high", c_uint32)]


class GateInfo(Structure):
    _fields_ = [("group", c_uint32), ("index", c_uint32), ("cell", c_uint32), ("terms", c_uint32), ("bias", c_int64),
                ("activation", c_char_p)]


class TermInfo(Structure):
    _fields_ = [("name", c_char * 128), ("weight", c_int32), ("shift", c_int), ("is_square", c_bool)]


class SimOptions(Structure):
    _fields_ = [("mode", c_int), ("isa", c_char_p), ("threads", c_int), ("memory", c_size_t), ("engine", c_int)]


class Features(Structure):
    _fields_ = [("data", c_void_p), ("dtype", c_int)]


class Output(Structure):
    _fields_ = [("group", c_uint32), ("values", c_void_p)]


class CompileOptions(Structure):
    _fields_ = [("height", c_uint32), ("width", c_uint32), ("scales", c_uint32), ("upsample", c_char_p),
                ("pools", c_char_p), ("top", c_char_p), ("pad", c_char_p), ("sweep", c_bool), ("input_bits", c_int),
                ("score_threshold", c_double), ("input_scale", c_double), ("features", POINTER(Features)),
                ("feature_count", c_size_t), ("weight", c_char_p), ("bias", c_char_p), ("map", c_char_p),
                ("no_bias", c_bool), ("transposed", c_bool), ("norm_eps", c_double), ("weight_bits", c_int),
                ("layer_bits", c_int)]


class DetectOptions(Structure):
    _fields_ = [("score_threshold", c_double), ("overlap", c_double), ("top", c_uint32), ("root", c_bool)]


class DetectionInfo(Structure):
    _fields_ = [("score", c_double), ("box", c_double * 4), ("scale", c_uint32), ("row", c_uint32),
                ("column", c_uint32), ("class_index", c_uint32)]


_ERROR = POINTER(Error)
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "cofiber_version": (c_char_p, []),
    "cofiber_netlist_load": (c_bool, [POINTER(c_void_p), c_char_p, _ERROR]),
    "cofiber_netlist_parse": (c_bool, [POINTER(c_void_p), c_char_p, c_size_t, c_char_p, _ERROR]),
    "cofiber_netlist_save": (c_bool, [c_void_p, c_char_p, _ERROR]),
    "cofiber_netlist_file": (c_bool, [c_char_p]),
    "cofiber_netlist_free": (None, [c_void_p]),
    "cofiber_netlist_input": (c_bool, [c_void_p, POINTER(InputInfo), _ERROR]),
    "cofiber_netlist_meta": (c_bool, [c_void_p, c_uint32, POINTER(c_char_p), POINTER(c_char_p)]),
    "cofiber_netlist_stats": (c_bool, [c_void_p, POINTER(Counts), POINTER(Counts), _ERROR]),
    "cofiber_group_count": (c_uint32, [c_void_p]),
    "cofiber_group_info": (c_bool, [c_void_p, c_uint32, POINTER(GroupInfo)]),
    "cofiber_group_find": (c_uint32, [c_void_p, c_char_p]),
    "cofiber_group_lanes": (POINTER(c_uint32), [c_void_p, c_uint32]),
    "cofiber_gate_find": (c_bool, [c_void_p, c_char_p, POINTER(GateInfo), _ERROR]),
    "cofiber_gate_term": (c_bool, [c_void_p, POINTER(GateInfo), c_uint32, POINTER(TermInfo)]),
    "cofiber_sim_new": (c_bool, [POINTER(c_void_p), c_void_p, POINTER(SimOptions), _ERROR]),
    "cofiber_sim_free": (None, [c_void_p]),
    "cofiber_sim_isa": (c_char_p, [c_void_p]),
    "cofiber_sim_threads": (c_int, [c_void_p]),
    "cofiber_sim_run": (c_bool, [c_void_p, POINTER(Features), _ERROR]),
    "cofiber_sim_result": (c_void_p, [c_void_p]),
    "cofiber_sim_run_array": (c_bool, [c_void_p, POINTER(Features), c_uint64, POINTER(Output), c_size_t, _ERROR]),
    "cofiber_values": (c_void_p, [c_void_p, c_uint32, POINTER(c_int)]),
    "cofiber_gate": (c_bool, [c_void_p, c_char_p, POINTER(c_int64), _ERROR]),
    "cofiber_compile_defaults": (CompileOptions, []),
    "cofiber_compile": (c_bool, [POINTER(c_void_p), c_char_p, POINTER(CompileOptions), _ERROR]),
    "cofiber_detector_new": (c_bool, [POINTER(c_void_p), c_void_p, c_double, c_int, _ERROR]),
    "cofiber_detector_free": (None, [c_void_p]),
    "cofiber_detector_run": (c_bool, [c_void_p, POINTER(Features), POINTER(DetectOptions),
                                      POINTER(POINTER(DetectionInfo)), POINTER(c_size_t), _ERROR]),
    "cofiber_detector_class": (c_char_p, [c_void_p, c_uint32, c_char_p, c_size_t]),
    "cofiber_detector_classes": (c_uint32, [c_void_p]),
}


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    """Loads the library: the package's own, or the file that the environment variable COFIBER_LIBRARY names."""
    path = os.environ.get("COFIBER_LIBRARY") or str(pathlib.Path(__file__).with_name("libcofiber.so"))
    try:
        loaded = ctypes.CDLL(path)
    except OSError as problem:
        raise CofiberError(f"{path}: {problem}") from None
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype = result
        function.argtypes = arguments
    return loaded


def library_version() -> str:
    """The version of the C library.

    >>> library_version()
    '0.1.0'
    """
    return str(library().cofiber_version().decode())


def call(name: str, *arguments: Any) -> None:
    """Calls a function that can fail, whose last argument is the error.

    Raises
    ------
    CofiberError
        When it fails, with its one line.
    """
    error = Error(frame=NONE, element=NONE)
    if not getattr(library(), name)(*arguments, ctypes.byref(error)):
        raise CofiberError(
            error.text.decode(errors="replace"),
            None if error.frame == NONE else int(error.frame),
            None if error.element == NONE else int(error.element),
        )


def text(value: Optional[str]) -> Optional[bytes]:
    """A string as the library takes it."""
    return None if value is None else value.encode()


def path_text(path: PathLike) -> bytes:
    """A path as the library takes it."""
    return os.fsencode(path)
