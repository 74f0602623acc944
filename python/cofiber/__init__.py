"""Cofiber detection circuits: compile a head, look at its gates, simulate them, and find objects.

Everything is done by libcofiber, the C library that is part of this package. Its calls let other Python threads run.

>>> import cofiber
>>> netlist = cofiber.compile(HEAD, grid=(8, 8), scales=2, input_scale=1 / 32)
>>> netlist.stats().gates
620
>>> values = cofiber.Simulator(netlist).run(FRAME)
>>> int(values["s0.classify"].sum()), values.gate("s0.classify[0,0,1]")
(92, 1)
"""
from ._library import CofiberError, library_version
from .compiler import compile
from .detector import Detection, Detector
from .netlist import Gate, Group, GroupStats, Input, Netlist, Stats, Term
from .simulator import Simulator, Values

__all__ = [
    "CofiberError",
    "Detection",
    "Detector",
    "Gate",
    "Group",
    "GroupStats",
    "Input",
    "Netlist",
    "Simulator",
    "Stats",
    "Term",
    "Values",
    "compile",
    "library_version",
]
