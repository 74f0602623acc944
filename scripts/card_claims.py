#!/usr/bin/python3
"""Checks each claim of the published card on the example (or on other heads and frames) and prints a table.

    scripts/card_claims.py [--cofiber build/cofiber] [--head HEAD] [--frames FRAMES]

Counts come from `cofiber stats`, values from `cofiber sim --trace`; what is done with them is NumPy's. A claim that
does not hold is printed with the reason, and is no error: exit status 0. Needs Debian's python3-numpy.
"""
import argparse
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U8": "<u1"}


def read_safetensors(path):
    raw = Path(path).read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    return {
        name: np.frombuffer(raw, DTYPES[e["dtype"]], np.prod(e["shape"], dtype=int), 8 + size + e["data_offsets"][0])
        .reshape(e["shape"])
        for name, e in header.items()
        if name != "__metadata__"
    }


def pool(x):
    n, h, w, d = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, d).sum(axis=(2, 4))


class Circuit:
    """One compiled variant: its stats and its trace on the frames."""

    def __init__(self, options, folder, *compile_options):
        def cofiber(*arguments):
            run = subprocess.run([options.cofiber, *arguments], capture_output=True, text=True)
            if run.returncode > 1:
                sys.exit(run.stderr.strip())
            return run.stdout

        net, trace = f"{folder}/net", f"{folder}/trace"
        cofiber("compile", options.head, "-o", net, "--calibrate", options.frames, *compile_options)
        self.stats = json.loads(cofiber("stats", net, "--json"))
        self.agreement = json.loads(cofiber("agreement", net, options.head, options.frames, "--json"))
        cofiber("sim", net, options.frames, "--trace", trace)
        self.bias = read_safetensors(net)["cell.bias"]
        self.trace = {name: values.astype(np.int64) for name, values in read_safetensors(trace).items()}

    def layer_weights(self):
        """The weights of layers 0 and 1, as a range."""
        groups = [g for g in self.stats["groups"] if "classify" not in g["name"]]
        low, high = min(g["weights"]["min"] for g in groups), max(g["weights"]["max"] for g in groups)
        return low, high

    def crosstalk(self):
        """The share of non-zero values in pool(s), which is zero where a band holds nothing of the band below."""
        mixed = pool(self.trace["s0.subtract"])
        return float(np.count_nonzero(mixed)) / mixed.size


def neighbours(coarse):
    """The two taps of bilinear upsampling by 2 on one axis: [(source rows, weights in quarters)]."""
    source = np.maximum(0, (np.arange(2 * coarse) + 0.5) / 2 - 0.5)
    low = source.astype(int)
    high = np.minimum(low + 1, coarse - 1)
    weight = np.rint((source - low) * 4).astype(np.int64)
    return [(low, 4 - weight), (high, weight)]


def bilinear_up(p):
    """16 x the bilinear upsampling of [N, h, w, D]."""
    def axis_up(a, axis):
        taps = neighbours(a.shape[axis])
        shape = [1] * a.ndim
        shape[axis] = -1
        return sum(np.take(a, index, axis=axis) * weight.reshape(shape) for index, weight in taps)

    return axis_up(axis_up(p, 1), 2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cofiber", default=str(ROOT / "build/cofiber"))
    parser.add_argument("--head", default=str(ROOT / "examples/head_nearest_fp32.safetensors"))
    parser.add_argument("--frames", default=str(ROOT / "examples/000000214753_f16.npy"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        nearest = Circuit(options, folder, "--score-threshold", "0.1")
        bilinear = Circuit(options, folder, "--score-threshold", "0.1", "--upsample", "bilinear")
        iterated = Circuit(options, folder, "--score-threshold", "0.1", "--pools", "iterated", "--top", "cofiber")
    report(nearest, bilinear, iterated, options)


def lossless(circuit, up):
    """x is had back exactly from the pool and the cofiber: up(p) + s == x on aligned binary points."""
    x, p, s = (circuit.trace[name] for name in ("input", "s0.pool", "s0.subtract"))
    lifted, shift = up(p)
    return bool(np.array_equal(lifted + s, x << shift))


def nearest_up(p):
    return np.repeat(np.repeat(p, 2, axis=1), 2, axis=2)


def report(nearest, bilinear, iterated, options):
    gates = nearest.stats["gates"]
    bits = 1 + max(int(abs(int(b))).bit_length() for b in nearest.bias)
    low, high = bilinear.layer_weights()
    firing = nearest.agreement["thresholds"][2]
    rows = [
        ("2,184,000 gates", gates["total"] == 2184000,
         f"{gates['total']:,} counted; {gates['live']:,} reach a decision with --top residual, all with --top cofiber"),
        ("depth 3", nearest.stats["depth"] == 3,
         f"{nearest.stats['depth']} with direct pools; {iterated.stats['depth']} with iterated pools and cofiber top"),
        ("61,520 INT8 parameters", False,
         f"61,440 weights are INT8; the 80 biases are exact thresholds of up to {bits} bits. As INT8 they saturate"),
        ("layers 0 and 1 have weights in {-1, 0, 1}", nearest.layer_weights() == (-1, 1),
         f"nearest: {' and '.join(map(str, nearest.layer_weights()))}; does not hold for bilinear: {low} to {high}"),
        ("lossless bands", lossless(nearest, lambda p: (nearest_up(p), 2))
         and lossless(bilinear, lambda p: (bilinear_up(p), 6)),
         "x = up(p) + s on every value, nearest and bilinear"),
        ("no cross-talk between bands", nearest.crosstalk() == 0,
         f"nearest: pool(s) = 0 everywhere; does not hold for bilinear: {bilinear.crosstalk():.1%} of pool(s) is not 0"),
        ("INT8 agrees with FP32 on 99.7%", nearest.agreement["agreement"] >= 0.997,
         f"{nearest.agreement['agreement']:.4%} of all decisions at score 0.1; among gates that fire in either: "
         f"{firing.get('agreement_among_firing', 1):.2%}"),
    ]
    print("| claim | holds | measured |\n|---|---|---|")
    for claim, holds, measured in rows:
        print(f"| {claim} | {'yes' if holds else 'no'} | {measured} |")


if __name__ == "__main__":
    main()
