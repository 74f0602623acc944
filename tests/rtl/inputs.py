#!/usr/bin/env python3
"""Writes a random head or random frames as safetensors. Standard library only; a seed gives the same bytes.

    inputs.py head FILE CLASSES CHANNELS SEED
    inputs.py frames FILE COUNT CHANNELS HEIGHT WIDTH SEED
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from netlistfile import product, safetensors


def main():
    kind, path, sizes = sys.argv[1], sys.argv[2], [int(text) for text in sys.argv[3:]]
    source = random.Random(sizes.pop())

    def tensor(shape):
        return "F32", shape, [source.gauss(0, 1) for _ in range(product(shape))]

    tensors = {"weight": tensor(sizes), "bias": tensor(sizes[:1])} if kind == "head" else {"features": tensor(sizes)}
    with open(path, "wb") as file:
        file.write(safetensors(tensors))


if __name__ == "__main__":
    main()
