"""Netlists: their groups, gates, counts and provenance."""
from __future__ import annotations

import ctypes
import dataclasses
import weakref
from types import MappingProxyType
from typing import Mapping, Optional

from . import _library
from ._library import PathLike, call, library


@dataclasses.dataclass(frozen=True)
class Input:
    """The features that a circuit takes: integer = clamp(round_half_even(feature / scale))."""

    channels: int
    height: int
    width: int
    bits: int
    scale: float


@dataclasses.dataclass(frozen=True)
class Group:
    """A named array of gates, or the input.

    Attributes
    ----------
    index : int
        Its place in the netlist; the input is group 0.
    shape : tuple of int
        The last dimension is the channel or class, the ones before it the position.
    lanes : tuple of int or None
        The last index of each lane in the names of gates, where a sweep removed some; None: 0, 1, 2, ...
    """

    name: str
    index: int
    shape: tuple[int, ...]
    count: int
    bits: int
    is_signed: bool
    fraction: int
    is_output: bool
    lanes: Optional[tuple[int, ...]]


@dataclasses.dataclass(frozen=True)
class GroupStats:
    """What `cofiber stats` counts of a group."""

    gates: int
    live: int
    edges: int
    live_edges: int
    cells: int
    levels: tuple[int, int]

    @property
    def dead(self) -> int:
        """Gates on which no output depends."""
        return self.gates - self.live


@dataclasses.dataclass(frozen=True)
class Stats:
    """What `cofiber stats` counts of a circuit."""

    gates: int
    live: int
    edges: int
    live_edges: int
    cells: int
    depth: int
    groups: Mapping[str, GroupStats]

    @property
    def dead(self) -> int:
        """Gates on which no output depends."""
        return self.gates - self.live


@dataclasses.dataclass(frozen=True)
class Term:
    """One wire of a gate: the net that it reads, or its square, counts weight * 2^shift times."""

    name: str
    weight: int
    shift: int
    is_square: bool = False


@dataclasses.dataclass(frozen=True)
class Gate:
    """A gate: the activation of its sum, which is the bias and all terms.

    Attributes
    ----------
    activation : {"linear", "step", "relu", "root"} or None
        None: an input, which has no terms.
    """

    name: str
    group: str
    activation: Optional[str]
    bias: int
    terms: tuple[Term, ...]


def _shape(info: _library.GroupInfo) -> tuple[int, ...]:
    return tuple(int(size) for size in info.shape[: info.rank])


class Netlist:
    """A circuit. It does not change, and any number of threads may use it.

    Make one with `Netlist.load`, `Netlist.from_bytes` or `cofiber.compile`.
    """

    def __init__(self, handle: ctypes.c_void_p) -> None:
        self._handle = handle
        self._free = weakref.finalize(self, library().cofiber_netlist_free, handle)
        self._groups = MappingProxyType({group.name: group for group in self._read_groups()})

    @classmethod
    def load(cls, path: PathLike) -> Netlist:
        """Reads and checks a netlist file.

        Raises
        ------
        CofiberError
            When the file cannot be read or breaks a rule of netlists/FORMAT.md.

        >>> Netlist.load("absent")
        Traceback (most recent call last):
        cofiber._library.CofiberError: absent: No such file or directory
        """
        handle = ctypes.c_void_p()
        call("cofiber_netlist_load", ctypes.byref(handle), _library.path_text(path))
        return cls(handle)

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "netlist") -> Netlist:
        """The same for a file's bytes; `name` takes the place of the path in messages."""
        handle = ctypes.c_void_p()
        call("cofiber_netlist_parse", ctypes.byref(handle), bytes(data), len(data), name.encode())
        return cls(handle)

    def save(self, path: PathLike) -> None:
        """Writes the netlist file, which appears when it is complete."""
        call("cofiber_netlist_save", self._handle, _library.path_text(path))

    def _read_groups(self) -> list[Group]:
        groups = []
        for index in range(library().cofiber_group_count(self._handle)):
            info = _library.GroupInfo()
            library().cofiber_group_info(self._handle, index, ctypes.byref(info))
            shape = _shape(info)
            lanes = library().cofiber_group_lanes(self._handle, index)
            groups.append(Group(name=info.name.decode(), index=index, shape=shape, count=int(info.count),
                                bits=int(info.bits), is_signed=bool(info.is_signed), fraction=int(info.fraction),
                                is_output=bool(info.is_output),
                                lanes=tuple(lanes[: shape[-1]]) if lanes else None))  # fmt: skip
        return groups

    @property
    def groups(self) -> Mapping[str, Group]:
        """The groups by name, in the order of their nets; the first is the input.

        >>> list(NETLIST.groups)
        ['input', 's0.pool', 's1.pool', 's0.subtract', 's1.subtract', 's0.classify', 's1.classify']
        >>> NETLIST.groups["s1.classify"].shape
        (4, 4, 4)
        """
        return self._groups

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of the groups that the circuit is for: the decisions."""
        return tuple(group.name for group in self._groups.values() if group.is_output and group.index > 0)

    @property
    def input(self) -> Input:
        """The features that the circuit takes.

        Raises
        ------
        CofiberError
            When features cannot feed it: its input has not the shape [H, W, D], or is wider than 32 bits.
        """
        info = _library.InputInfo()
        call("cofiber_netlist_input", self._handle, ctypes.byref(info))
        return Input(int(info.channels), int(info.height), int(info.width), int(info.bits), float(info.scale))

    @property
    def meta(self) -> dict[str, str]:
        """Provenance: the metadata of the file.

        >>> NETLIST.meta["compile.grid"]
        '8x8'
        """
        entries: dict[str, str] = {}
        key, value = ctypes.c_char_p(), ctypes.c_char_p()
        while library().cofiber_netlist_meta(self._handle, len(entries), ctypes.byref(key), ctypes.byref(value)):
            entries[(key.value or b"").decode()] = (value.value or b"").decode()
        return entries

    def stats(self) -> Stats:
        """Counts gates, live ones, edges, cells and depth.

        >>> stats = NETLIST.stats()
        >>> stats.gates, stats.dead, stats.depth, stats.groups["s0.classify"].edges
        (620, 60, 3, 768)
        """
        total = _library.Counts()
        each = (_library.Counts * len(self._groups))()
        call("cofiber_netlist_stats", self._handle, ctypes.byref(total), each)
        groups = {
            name: GroupStats(int(n.gates), int(n.live), int(n.edges), int(n.live_edges), int(n.cells),
                             (int(n.level_low), int(n.level_high)))
            for (name, n) in zip(self._groups, each) if name != "input"
        }  # fmt: skip
        return Stats(int(total.gates), int(total.live), int(total.edges), int(total.live_edges), int(total.cells),
                     int(total.level_high), MappingProxyType(groups))  # fmt: skip

    def gate(self, name: str) -> Gate:
        """A gate by its public name.

        Raises
        ------
        CofiberError
            When there is no such gate; it says which part of the name is wrong.

        >>> gate = NETLIST.gate("s0.subtract[1,1,2]")
        >>> [(term.name, term.weight, term.shift) for term in gate.terms]
        [('input[1,1,2]', 1, 2), ('s0.pool[0,0,2]', -1, 0)]
        >>> NETLIST.gate("s0.subtract[8,1,2]")
        Traceback (most recent call last):
        cofiber._library.CofiberError: s0.subtract[8,1,2]: index 1 is out of range: 's0.subtract' has 0 to 7 there
        """
        info = _library.GateInfo()
        call("cofiber_gate_find", self._handle, name.encode(), ctypes.byref(info))
        terms = []
        for index in range(info.terms):
            term = _library.TermInfo()
            library().cofiber_gate_term(self._handle, ctypes.byref(info), index, ctypes.byref(term))
            terms.append(Term(term.name.decode(), int(term.weight), int(term.shift), bool(term.is_square)))
        activation = info.activation.decode() if info.activation else None
        return Gate(name, list(self._groups)[info.group], activation, int(info.bias), tuple(terms))

    def __repr__(self) -> str:
        gates = sum(group.count for group in self._groups.values() if group.index > 0)
        return f"<cofiber.Netlist: {gates:,} gates in {len(self._groups) - 1} groups>"
