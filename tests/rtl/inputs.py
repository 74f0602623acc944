#!/usr/bin/env python3
"""Writes a random head, random frames or a normalised head's netlist as safetensors. Standard library only; a seed
gives the same bytes.

    inputs.py head FILE CLASSES CHANNELS SEED
    inputs.py frames FILE COUNT CHANNELS HEIGHT WIDTH SEED
    inputs.py norm FILE CHANNELS HEIGHT WIDTH SEED      per position the sum of all channels, the root of their
                                                        variance, and three classes over both
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from netlistfile import LINEAR, ROOT, STEP, cell, group, netlist, product, safetensors


def norm(channels, height, width, source):
    """Of 8-bit pixels x: m = sum x; R = root(D * sum x^2 - m^2 + 7); H(D * w . x - (sum w) * m + b * R)."""
    pixel, total, root, bit = (8, 1, 0), (8 + channels.bit_length(), 1, 0), (8 + channels.bit_length(), 0, 0), (1, 0, 0)
    squares = [(0, d, channels, 0, 1) for d in range(channels)]
    cells = [
        cell([pixel], [(0, d, 1, 0) for d in range(channels)], 0, LINEAR, total),
        cell([pixel, total], squares + [(1, 0, -1, 0, 1)], 7, ROOT, root),
    ]
    for _ in range(3):
        weights = [source.randint(-99, 99) or 1 for _ in range(channels)]
        weights[0] += not sum(weights)
        terms = [(0, d, channels * w, 0) for d, w in enumerate(weights)]
        cells.append(cell([pixel, total, root], terms + [(1, 0, -sum(weights), 0), (2, 0, source.randint(9, 99), 0)], 0,
                          STEP, bit))
    positions = range(height * width)
    first = height * width * channels
    groups = [
        group("s0.sum", [height, width, 1], total, 0, [0] * len(positions), [[channels * p] for p in positions]),
        group("s0.root", [height, width, 1], root, 0, [1] * len(positions),
              [[channels * p, first + p] for p in positions]),
        group("s0.classify", [height, width, 3], bit, 1, [2, 3, 4] * len(positions),
              [[channels * p, first + p, first + len(positions) + p] for p in positions for _ in range(3)]),
    ]
    return netlist([height, width, channels], pixel, 0.05, cells, groups)


def main():
    kind, path, sizes = sys.argv[1], sys.argv[2], [int(text) for text in sys.argv[3:]]
    source = random.Random(sizes.pop())

    def tensor(shape):
        return "F32", shape, [source.gauss(0, 1) for _ in range(product(shape))]

    if kind == "norm":
        with open(path, "wb") as file:
            file.write(safetensors(*norm(*sizes, source)))
        return
    tensors = {"weight": tensor(sizes), "bias": tensor(sizes[:1])} if kind == "head" else {"features": tensor(sizes)}
    with open(path, "wb") as file:
        file.write(safetensors(tensors))


if __name__ == "__main__":
    main()
