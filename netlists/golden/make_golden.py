#!/usr/bin/env python3
"""Writes the golden netlists' files of this folder (see README.md). Standard library only.

    make_golden.py [COFIBER]

Without the program small.safetensors stays as it is; everything else is written from FORMAT.md alone.
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "..", "..", "tests")
sys.path.insert(0, os.path.join(TESTS, "support"))
from netlistfile import LINEAR, STEP, cell, evaluate, group, netlist, npy, read_safetensors, safetensors  # noqa: E402


def path(name):
    return os.path.join(HERE, name)


def write(name, content):
    with open(path(name), "wb") as file:
        file.write(content)


def general():
    """input [4,4,6] -> bottleneck (linear, 6 -> 2) -> scores (step, 3 classes) and boxes (linear, two ports)."""
    pixel, narrow, bit, box = (6, 1, 0), (13, 1, 3), (1, 0, 0), (15, 1, 3)
    positions = range(16)
    cells = [
        # The bottleneck's two rows; the second is pruned to three inputs.
        cell([pixel], [(0, d, w, 1) for d, w in enumerate((3, -5, 7, 2, -1, 4))], 11, LINEAR, narrow),
        cell([pixel], [(0, 0, -9, 0), (0, 3, 6, 2), (0, 5, 1, 5)], -4, LINEAR, narrow),
        # Classes over the bottleneck: two of one shape, one that never reads (fires always).
        cell([narrow], [(0, 0, 2, 0), (0, 1, -3, 0)], -100, STEP, bit),
        cell([narrow], [(0, 1, 1, 4)], 25, STEP, bit),
        cell([narrow], [], 0, STEP, bit),
        # A box side: a bottleneck net, gated by a decision (unsigned, one bit), corrected by pixels of two places.
        cell([narrow, bit, pixel], [(0, 0, 1, 1), (1, 0, -37, 3), (2, 0, 1, 3), (2, 6, -1, 3)], 1, LINEAR, box),
        # The last position has no right neighbour: another cell in the same group.
        cell([narrow, bit, pixel], [(0, 0, 1, 1), (1, 0, -37, 3), (2, 0, 1, 3)], 1, LINEAR, box),
    ]
    first = {"bottleneck": 96, "scores": 96 + 32}
    groups = [
        group("bottleneck", [4, 4, 2], narrow, 0, [0, 1] * 16, [[6 * p] for p in positions for _ in range(2)]),
        group("scores", [4, 4, 3], bit, 1, [2, 3, 4] * 16,
              [[first["bottleneck"] + 2 * p] for p in positions for _ in range(3)]),
        group("boxes", [4, 4, 2], box, 1, [5, 5] * 15 + [6, 6],
              [[first["bottleneck"] + 2 * p + side, first["scores"] + 3 * p, 6 * p + side]
               for p in positions for side in range(2)]),
    ]
    return safetensors(*netlist([4, 4, 6], pixel, 0.25, cells, groups, [0.5, 0.25, 1.0], {"note": "made by hand"}))


def quantised(features, shape, scale, bits):
    """[N, D, H, W] features as the input's integers, a list [H, W, D] a frame."""
    count, channels, height, width = shape
    limit = 2 ** (bits - 1)
    return [
        [max(-limit, min(limit - 1, round(features[((n * channels + d) * height + i) * width + j] / scale)))
         for i in range(height) for j in range(width) for d in range(channels)]
        for n in range(count)
    ]


def trace(name, shape, features, scale, bits):
    with open(path(name + ".safetensors"), "rb") as file:
        content = file.read()
    write(name + ".trace.safetensors",
          safetensors(evaluate(content, quantised(features, shape, scale, bits)), {"format": "cofiber-trace"}))


def main():
    write("general.safetensors", general())
    values = [((n * 7919) % 257 - 128) / 16 for n in range(2 * 96)]
    write("general.frames.npy", npy("F32", [2, 6, 4, 4], values))
    trace("general", [2, 6, 4, 4], values, 0.25, 6)
    if len(sys.argv) > 1:
        subprocess.run([sys.argv[1], "compile", "tests/fixtures/head_f32.safetensors", "--grid", "8x8", "--scales", "2",
                        "--upsample", "bilinear", "--pools", "iterated", "--input-scale", "0.03125",
                        "-o", path("small.safetensors")], check=True, cwd=os.path.join(TESTS, ".."))
    with open(os.path.join(TESTS, "fixtures", "frames_f32.safetensors"), "rb") as file:
        _, shape, features = read_safetensors(file.read())[0]["features"]
    trace("small", shape, features, 0.03125, 8)


if __name__ == "__main__":
    main()
