#!/usr/bin/env python3
"""Frames for tests of netlists with one position, written with the standard library alone.

    frames.py position TRACE GROUP I J OUT.npy      what a group of a trace holds at a position: [N, C, 1, 1]
    frames.py random N C OUT.npy                    N frames of C integers, -2048 to 2047: [N, C, 1, 1]
"""
import random
import sys

from netlistfile import npy, read_safetensors


def position(trace, group, i, j, out):
    _, (n, height, width, lanes), values = read_safetensors(open(trace, "rb").read())[0][group]
    first = (int(i) * width + int(j)) * lanes
    return out, n, lanes, [v for f in range(n) for v in values[f * height * width * lanes + first:][:lanes]]


def noise(n, c, out):
    source = random.Random(1)
    return out, int(n), int(c), [source.randrange(-2048, 2048) for _ in range(int(n) * int(c))]


out, n, channels, values = {"position": position, "random": noise}[sys.argv[1]](*sys.argv[2:])
with open(out, "wb") as f:
    f.write(npy("F32", (n, channels, 1, 1), values))
