#!/usr/bin/env python3
"""sparse.py MATRIX TRACE [--sums SUMS] [GROUP...]: SciPy's product of the exported matrix with the traced nets must give
every gate's traced value, where a step's is sum >= 0. The groups in net order, the input first.

SUMS is the trace of the same netlist with its steps made linear (linear.py): every step's sum must then be equal too.
Prints how many values were compared and differ, and names the first gates that do; exits with 1 if any does."""
import argparse
import json
import sys

import numpy as np
import scipy.sparse

KINDS = {"I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "U8": "u1"}


def load(path):
    with open(path, "rb") as f:
        size = int.from_bytes(f.read(8), "little")
        header = json.loads(f.read(size))
    data = np.memmap(path, dtype="u1", mode="r", offset=8 + size)
    return {
        k: data[v["data_offsets"][0]:v["data_offsets"][1]].view(KINDS[v["dtype"]]).reshape(v["shape"])
        for k, v in header.items() if k != "__metadata__"
    }


def name_of(net, trace, groups):
    for g in ["input"] + groups:
        shape = trace[g].shape[1:]
        if net < np.prod(shape):
            return g + "[" + ",".join(map(str, np.unravel_index(net, shape))) + "]"
        net -= np.prod(shape)


def flat(trace, groups, frame):
    return np.concatenate([trace[g][frame].astype(np.int64).ravel() for g in ["input"] + groups])


arguments = argparse.ArgumentParser()
for name in ("matrix", "trace", "--sums"):
    arguments.add_argument(name)
arguments.add_argument("groups", nargs="*")
asked = arguments.parse_intermixed_args()
m, trace, groups = load(asked.matrix), load(asked.trace), asked.groups
matrix = scipy.sparse.csr_matrix((m["data"], m["indices"], m["indptr"]), shape=m["shape"])
first, step = int(m["first_gate"][0]), m["step"] == 1
rows = slice(first, first + matrix.shape[0])
linear = load(asked.sums) if asked.sums else None
frames = trace["input"].shape[0]
wrong = []
compared = 0
for f in range(frames):
    nets = flat(trace, groups, f)
    sums = matrix @ nets + m["bias"]  # the nets are 64 bits wide, so the products and sums are
    differ = np.where(step, sums >= 0, sums) != nets[rows]
    if linear:
        differ |= sums != flat(linear, groups, f)[rows]
    compared += len(sums)
    wrong += [name_of(first + i, trace, groups) for i in np.flatnonzero(differ)]
print(f"{frames} frames, {matrix.shape[0]} gates, {matrix.nnz} edges, {compared} values and "
      f"{frames * int(step.sum()) if linear else 0} sums of steps compared: {len(wrong)} gates differ", *wrong[:5])
sys.exit(len(wrong) > 0)
