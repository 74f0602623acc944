#!/usr/bin/env python3
"""An oracle for `cofiber sim --trace`: the circuit's function in NumPy, straight from its mathematical definition.

It shares nothing with the simulator: it reads the head and the frame itself, quantises them itself, works on whole
arrays (einsum, matmul, reshape) and knows nothing of cells or instances. Exit status 0: every value of every group of
the trace is equal; 1: some differ, and the first of each group is named; 2: bad usage.

    oracle.py HEAD FRAME TRACE --input-scale S [--upsample nearest|bilinear] [--top residual|cofiber] [--scales N]
              [--input-bits B] [--score-threshold P] [--frame INDEX]
"""
import argparse
import json
import math
import struct
import sys
from fractions import Fraction

import numpy as np

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1", "U8": "<u1"}


def read_safetensors(path):
    """{name: array} of a safetensors file."""
    with open(path, "rb") as file:
        raw = file.read()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            arrays[name] = np.frombuffer(raw[8 + size + begin : 8 + size + end], DTYPES[entry["dtype"]]).reshape(
                entry["shape"]
            )
    return arrays


def read_frame(path, index):
    """Frame `index` as float64 [D, H, W]."""
    if path.endswith(".npy"):
        array = np.load(path)
    else:
        (array,) = [a for a in read_safetensors(path).values() if a.ndim in (3, 4)]
    return (array if array.ndim == 3 else array[index]).astype(np.float64)


def quantise_head(weight):
    """INT8 weights and the scale of each class."""
    if np.all(weight == np.rint(weight)) and np.all(np.abs(weight) <= 127):
        return weight.astype(np.int64), np.ones(len(weight))
    scale = np.abs(weight).max(axis=1) / 127
    scale[scale == 0] = 1
    return np.clip(np.rint(weight / scale[:, None]), -127, 127).astype(np.int64), scale


def threshold(bias, frac, input_scale, weight_scale):
    """floor(bias * 2^frac / (input_scale * weight_scale)), exactly."""
    return math.floor(Fraction(bias) * 2**frac / (Fraction(input_scale) * Fraction(weight_scale)))


def pool(x):
    """Sums of 2 x 2 blocks of [H, W, D]."""
    h, w, d = x.shape
    return x.reshape(h // 2, 2, w // 2, 2, d).sum(axis=(1, 3))


def upsampling_matrix(coarse):
    """[2n, n] in quarters: PyTorch's bilinear interpolation by 2 with align_corners=False, on one axis."""
    matrix = np.zeros((2 * coarse, coarse), dtype=np.int64)
    for i in range(2 * coarse):
        source = max(0.0, (i + 0.5) / 2 - 0.5)
        low = int(source)
        high = min(low + 1, coarse - 1)
        matrix[i, low] += int(round((1 - (source - low)) * 4))
        matrix[i, high] += int(round((source - low) * 4))
    return matrix


def cofiber(x, pooled, method):
    """x - up(pooled) with the binary points aligned; also how many fraction bits that adds to the pool's."""
    if method == "nearest":
        return 4 * x - np.repeat(np.repeat(pooled, 2, axis=0), 2, axis=1), 0
    rows, columns = upsampling_matrix(pooled.shape[0]), upsampling_matrix(pooled.shape[1])
    up = np.einsum("ia,jb,abd->ijd", rows, columns, pooled, optimize=True)
    return 64 * x - up, 4


def circuit(x, weight, weight_scale, bias, options):
    """Every group of the circuit, by name, for the quantised input x [H, W, D]."""
    groups = {"input": x}
    plane, frac = x, 0
    for k in range(options.scales):
        pooled = pool(plane)
        band, extra = cofiber(plane, pooled, options.upsample)
        groups[f"s{k}.pool"], groups[f"s{k}.subtract"] = pooled, band
        band_frac = frac + 2 + extra
        if k == options.scales - 1 and options.top == "residual":
            band, band_frac = plane, frac
        logit = math.log(options.score_threshold / (1 - options.score_threshold))
        limits = [
            threshold(float(b) - logit, band_frac, options.input_scale, s) for b, s in zip(bias, weight_scale)
        ]
        # |sums| stay below 2^53: float64 products of integers are exact, and BLAS is fast.
        sums = band.astype(np.float64) @ weight.T.astype(np.float64)
        groups[f"s{k}.classify"] = (sums.astype(np.int64) + np.array(limits, dtype=np.int64) >= 0).astype(np.int64)
        plane, frac = pooled, frac + 2
    return groups


def compare(wanted, trace, index):
    """Prints a line a group; the number of values that differ."""
    different = 0
    for name, values in trace.items():
        found, right = values[index].astype(np.int64), wanted[name]
        if found.shape != right.shape:
            print(f"{name}: shape {found.shape}, expected {right.shape}")
            return 1
        places = np.argwhere(found != right)
        if len(places):
            at = tuple(places[0])
            where = ",".join(map(str, at))
            print(f"{name}[{where}]: trace has {found[at]}, oracle {right[at]}; {len(places)} differ")
        different += len(places)
    return different


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("head")
    parser.add_argument("frame")
    parser.add_argument("trace")
    parser.add_argument("--input-scale", type=float, required=True)
    parser.add_argument("--upsample", default="nearest", choices=["nearest", "bilinear"])
    parser.add_argument("--top", default="residual", choices=["residual", "cofiber"])
    parser.add_argument("--scales", type=int, default=3)
    parser.add_argument("--input-bits", type=int, default=8)
    parser.add_argument("--score-threshold", type=float, default=0.5)
    parser.add_argument("--frame-index", type=int, default=0)
    options = parser.parse_args()

    head = read_safetensors(options.head)
    (weight,) = [a.astype(np.float64) for a in head.values() if a.ndim == 2]
    (bias,) = [a.astype(np.float64) for a in head.values() if a.ndim == 1]
    quantised, scale = quantise_head(weight)
    features = read_frame(options.frame, options.frame_index)
    limit = 2 ** (options.input_bits - 1)
    x = np.clip(np.rint(features / options.input_scale), -limit, limit - 1).astype(np.int64).transpose(1, 2, 0)
    trace = read_safetensors(options.trace)
    wanted = circuit(x, quantised, scale, bias, options)
    missing = [name for name in wanted if name.endswith("classify") and name not in trace]
    if missing:
        print(f"the trace has no group {missing[0]}")
        return 1
    different = compare(wanted, trace, options.frame_index)
    count = sum(values[options.frame_index].size for name, values in trace.items() if name != "input")
    fired = sum(int(wanted[name].sum()) for name in wanted if name.endswith("classify"))
    print(f"{count} gate values and {trace['input'][0].size} inputs compared, {different} differ, {fired} gates fire")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
