"""Writes heads with wrong claims, and a frame, for tests/report/run.sh: make.py EXAMPLES OUT."""
import json
import pathlib
import struct
import sys

import numpy as np

examples, out = map(pathlib.Path, sys.argv[1:])


def save(name, **tensors):
    header, data = {}, b""
    for key, values in tensors.items():
        raw = values.astype("<f4").tobytes()
        header[key] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    (out / name).write_bytes(struct.pack("<Q", len(text)) + text + data)


raw = (examples / "head_nearest_fp32.safetensors").read_bytes()
(size,) = struct.unpack("<Q", raw[:8])
entries = json.loads(raw[8 : 8 + size])
weight, bias = (
    np.frombuffer(raw, "<f4", np.prod(entries[key]["shape"], dtype=int), 8 + size + entries[key]["data_offsets"][0])
    .reshape(entries[key]["shape"]).copy() for key in ("weight", "bias"))
np.save(out / "frame.npy", np.load(examples / "000000214753_f16.npy")[:, :8, :8])

save("good", weight=weight, bias=bias)
save("short", weight=weight, bias=bias[:79])  # 61,519 parameters
pruned = weight.copy()
pruned[17] = 0
save("pruned", weight=pruned, bias=bias)

# Integers as stored, biases and all: INT8 in every respect. Class 3 sees one channel, which is 0 at many positions.
integers = np.rint(weight / np.abs(weight).max() * 127)
integers[3] = 0
integers[3, 5] = 1
small = np.full(80, -7.0)
save("integers", weight=integers, bias=small)
moved = small.copy()
moved[3] = -0.4  # rounds to 0, and a sum of 0 fires
save("moved", weight=integers, bias=moved)
