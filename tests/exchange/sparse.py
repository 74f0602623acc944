#!/usr/bin/env python3
"""sparse.py MATRIX TRACE [GROUP...]: SciPy's product of the exported matrix with the traced nets must give every gate's
traced value, where a step's is sum >= 0. The groups in net order, the input first."""
import json
import sys

import numpy as np
import scipy.sparse


def load(path):
    with open(path, "rb") as f:
        size = int.from_bytes(f.read(8), "little")
        header = json.loads(f.read(size))
        data = f.read()
    kinds = {"I8": "i1", "I16": "i2", "I32": "i4", "I64": "i8", "U8": "u1"}
    return {
        k: np.frombuffer(data[v["data_offsets"][0]:v["data_offsets"][1]], kinds[v["dtype"]]).reshape(v["shape"])
        for k, v in header.items() if k != "__metadata__"
    }


m, trace, groups = load(sys.argv[1]), load(sys.argv[2]), sys.argv[3:]
matrix = scipy.sparse.csr_matrix((m["data"].astype(np.int64), m["indices"], m["indptr"]), shape=m["shape"])
frames = trace["input"].shape[0]
differ = 0
for f in range(frames):
    nets = np.concatenate([trace[g][f].astype(np.int64).ravel() for g in ["input"] + groups])
    sums = matrix @ nets + m["bias"]
    first = int(m["first_gate"][0])
    values = np.where(m["step"] == 1, sums >= 0, sums)
    differ += int((values != nets[first:first + len(values)]).sum())
print(f"{frames} frames, {matrix.shape[0]} gates, {matrix.nnz} edges: {differ} values differ")
sys.exit(differ != 0)
