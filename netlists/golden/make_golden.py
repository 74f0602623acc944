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
from netlistfile import (  # noqa: E402
    LINEAR, RELU, ROOT, STEP, cell, evaluate, group, netlist, npy, read_safetensors, safetensors)


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


def norm():
    """input [4,4,6] -> a normalised head in integers, as docs/design.md describes: per position the sum m of 6 channels,
    the root R of 6 * (sum of squares) - m^2 + 40, classes over 6 * w * x - (sum w) * m + b * R, ReLUs of the same kind,
    and boxes over these. One class reads a net and its square."""
    pixel, total, root, bit, hidden, box = (6, 1, 0), (9, 1, 0), (8, 0, 0), (1, 0, 0), (14, 0, 0), (20, 1, -1)
    weights = [[3, -5, 7, 2, -1, 4], [0, 1, 0, -6, 5, 2], [-2, 0, 3, 0, 0, -7]]

    def layer(w, b, activation, out):
        terms = [(0, d, 6 * value, 0) for d, value in enumerate(w) if value] + [(1, 0, -sum(w), 0), (2, 0, b, 0)]
        return cell([pixel, total, root], [t for t in terms if t[2]], 0, activation, out)

    cells = [
        cell([pixel], [(0, d, 1, 0) for d in range(6)], 0, LINEAR, total),
        cell([pixel, total], [(0, d, 3, 1, 1) for d in range(6)] + [(1, 0, -1, 0, 1)], 40, ROOT, root),
        layer(weights[0], -20, STEP, bit),
        layer(weights[1], 11, STEP, bit),
        cell([pixel, total, root], [(0, 2, 9, 0), (0, 2, -2, 1, 1), (2, 0, 3, 0)], 5, STEP, bit),
        layer(weights[1], 4, RELU, hidden),
        layer(weights[2], 0, RELU, hidden),
        cell([hidden, root], [(0, 0, 5, 0), (0, 1, -8, 0), (1, 0, 17, 0)], 0, LINEAR, box),
        cell([hidden, root], [(0, 0, -3, 1), (1, 0, -9, 0)], 0, LINEAR, box),
    ]
    positions, at = range(16), 96
    first = {}
    for name, lanes in (("sum", 1), ("root", 1), ("classify", 3), ("hidden", 2), ("box", 2)):
        first[name] = at
        at += 16 * lanes

    def bases(lanes, *sources):
        return [[first.get(name, 0) + size * p for name, size in sources] for p in positions for _ in range(lanes)]

    read = (("input", 6), ("sum", 1), ("root", 1))
    groups = [
        group("s0.sum", [4, 4, 1], total, 0, [0] * 16, bases(1, *read[:1])),
        group("s0.root", [4, 4, 1], root, 0, [1] * 16, bases(1, *read[:2])),
        group("s0.classify", [4, 4, 3], bit, 1, [2, 3, 4] * 16, bases(3, *read)),
        group("s0.hidden", [4, 4, 2], hidden, 0, [5, 6] * 16, bases(2, *read)),
        group("s0.box", [4, 4, 2], box, 1, [7, 8] * 16, bases(2, ("hidden", 2), ("root", 1))),
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
    write("norm.safetensors", norm())
    trace("norm", [2, 6, 4, 4], values, 0.25, 6)
    if len(sys.argv) > 1:
        subprocess.run([sys.argv[1], "compile", "tests/fixtures/head_f32.safetensors", "--grid", "8x8", "--scales", "2",
                        "--upsample", "bilinear", "--pools", "iterated", "--input-scale", "0.03125",
                        "-o", path("small.safetensors")], check=True, cwd=os.path.join(TESTS, ".."))
    with open(os.path.join(TESTS, "fixtures", "frames_f32.safetensors"), "rb") as file:
        _, shape, features = read_safetensors(file.read())[0]["features"]
    trace("small", shape, features, 0.03125, 8)


if __name__ == "__main__":
    main()
