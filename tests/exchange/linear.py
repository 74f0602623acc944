#!/usr/bin/env python3
"""linear.py NET OUT: the netlist with every step made linear, so that a trace holds the classifiers' sums themselves.
Changes the types of cells and groups in place (netlists/FORMAT.md); nothing else in the file moves."""
import json
import sys

import numpy as np

STEP, WIDE = 1, (40, 1, 0)  # width, signed, frac: rule 5 has the reader check that every sum fits

content = bytearray(open(sys.argv[1], "rb").read())
size = int.from_bytes(content[:8], "little")
header = json.loads(content[8:8 + size])


def tensor(name):
    begin, end = header[name]["data_offsets"]
    return np.frombuffer(content, "<i4", (end - begin) // 4, 8 + size + begin).reshape(header[name]["shape"])


cells, groups = tensor("cell.type"), tensor("group.type")
steps = cells[:, 0] == STEP
for g, name in enumerate(header["__metadata__"]["groups"].split()):
    if g > 0 and steps[tensor(name + ".cell").flat[0]]:
        groups[g, :3] = WIDE
cells[steps] = (0,) + WIDE
open(sys.argv[2], "wb").write(content)
