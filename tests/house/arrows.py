#!/usr/bin/env python3
"""Checks that includes run one way: `arrows.py [ROOT]` prints each that does not, and closes with counts.

A room is a folder of sources. ROOMS says which rooms each may read besides itself and base/, and which of its headers
other rooms may include (its face; None: all of them). Tests may look anywhere.
"""
import pathlib
import re
import sys

ROOMS = {
    # room: (rooms it may read, its face)
    "base": ((), None),
    "netlists": ((), None),
    "netlists/exchange": (("netlists",), None),
    "netlists/lowering": (("netlists", "netlists/exchange"), None),
    "compiler/heads": (("netlists",), None),
    "compiler": (("netlists", "compiler/heads"), None),
    "compiler/lowering": (("netlists", "netlists/exchange", "netlists/lowering"), None),
    "compiler/optimise": (("netlists",), ("optimise.h", "implement.h", "explicit.h", "place_graphs.h")),
    "sim/frames": (("netlists", "sim/storage.h"), ("frames.h", "join.h", "quantise.h", "saturation.h", "trace.h")),
    "sim/word": (("netlists", "sim/storage.h"), ("plan.h", "engine.h", "reference.h", "limits.h")),
    "sim/bits": (("netlists", "netlists/exchange", "netlists/lowering", "sim/storage.h"), ("engine.h",)),
    "sim/vectors": (("netlists",), ("vectors.h",)),
    "sim/faults": (("netlists", "netlists/exchange"), ("faults.h",)),
    "sim": (("netlists", "sim/frames", "sim/word", "sim/bits", "include"), None),
    "rtl/structural": (("netlists",), ("structural.h", "places.h")),
    "rtl/stream": (
        ("netlists", "netlists/lowering", "rtl/structural"),
        ("stream.h", "plan.h", "model.h", "fit.h", "constants.h"),
    ),
    "rtl/stream/driver": (("include",), ()),  # shipped with the package, and no part of the program
    "rtl/tools": (
        ("netlists", "rtl/structural", "rtl/stream"),
        ("cosim.h", "yosys.h", "process.h", "cache.h", "stream_sim.h", "stream_synth.h"),
    ),
    "prove": (("netlists", "sim/vectors", "sim/vectors/steer.h", "sim", "rtl/structural", "rtl/tools", "include"), None),
    "include": ((), None),
    "detect": (("netlists", "compiler", "sim/frames", "sim", "include"), None),
    "report": (
        ("netlists", "compiler", "compiler/heads", "sim/frames", "sim", "rtl/structural", "include", "detect"),
        ("audit.h", "claims.h", "evidence.h", "box_tally.h", "tally.h", "page.h"),
    ),
    "train": (("netlists", "compiler", "sim/frames", "sim", "include", "detect"), None),
    "prune": (
        ("netlists", "compiler", "compiler/heads", "compiler/optimise", "sim/frames", "sim", "include", "detect"),
        ("prune.h", "judge.h", "log.h", "weights.h"),
    ),
    "train/mpi": (("train",), ("exchange.h",)),
    "library": (("netlists", "compiler", "sim", "detect", "include"), ()),
    "cli": (
        ("netlists", "netlists/exchange", "netlists/lowering", "compiler", "compiler/heads", "compiler/lowering",
         "compiler/optimise", "sim/frames", "sim/word", "sim/bits", "sim/vectors", "sim/faults", "sim",
         "rtl/structural", "rtl/stream", "rtl/tools", "include", "detect", "prove", "report", "train", "train/mpi", "prune"),
        (),
    ),
}  # fmt: skip

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def room_of(path):
    folder = str(pathlib.PurePosixPath(path).parent)
    return "include" if folder == "." else folder


def complaint(room, header):
    """Why a file of `room` may not include `header`; None if it may."""
    other = room_of(header)
    if other in (room, "base"):
        return None
    reads, _ = ROOMS[room]
    if other not in ROOMS:
        return f"{other}/ is no room"
    if other not in reads and header not in reads:
        return f"{room}/ does not read {other}/"
    face = ROOMS[other][1]
    if face is not None and pathlib.PurePosixPath(header).name not in face and header not in reads:
        return f"{header} is inside {other}/, whose face is {', '.join(face) or 'nothing'}"
    return None


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    good = bad = 0
    for room in ROOMS:
        for source in sorted(root.glob(f"{room}/*.[ch]")):
            for header in INCLUDE.findall(source.read_text()):
                reason = complaint(room, header)
                good += reason is None
                bad += reason is not None
                if reason:
                    print(f"{source.relative_to(root)}: includes {header}: {reason}")
    # A folder of sources that ROOMS does not name would go unchecked.
    outside = {"tests", "build", "scripts", "examples", "python"}
    for source in sorted(root.glob("**/*.[ch]")):
        folder = str(source.relative_to(root).parent)
        if folder.split("/")[0] not in outside and folder not in ROOMS:
            print(f"{source.relative_to(root)}: in no room of {pathlib.Path(__file__).name}")
            bad += 1
    print(f"{good} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
