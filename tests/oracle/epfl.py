#!/usr/bin/env python3
"""What the dividers and roots of the EPFL benchmarks compute, in Python's integers.

  epfl.py patterns INPUTS COUNT OUT.npy          random bits, as frames [COUNT, INPUTS, 1, 1]
  epfl.py compare div|sqrt|hyp PATTERNS OUTPUTS  prints how many patterns are right; exit status 1 where one is wrong

div: 64 bits of dividend and 64 of divisor, 64 of quotient and 64 of remainder. sqrt: the integer root of 128 bits. hyp:
the integer root of the sum of the squares of two numbers of 128 bits, where it fits 128 bits; the others are left out.
All bits stand least significant first.
"""
import math
import sys

import numpy as np


def numbers(bits):
    return [int("".join(map(str, row[::-1])), 2) for row in bits.astype(int)]


def divide(x, y):
    dividends, divisors = numbers(x[:, :64]), numbers(x[:, 64:])
    results = zip(numbers(y[:, :64]), numbers(y[:, 64:]))
    return [divmod(a, b) == found for a, b, found in zip(dividends, divisors, results) if b]


def root(x, y):
    return [math.isqrt(a) == found for a, found in zip(numbers(x), numbers(y))]


def hypotenuse(x, y):
    pairs = zip(numbers(x[:, :128]), numbers(x[:, 128:]), numbers(y))
    exact = [(math.isqrt(a * a + b * b), found) for a, b, found in pairs]
    return [value == found for value, found in exact if value < 1 << 128]


if __name__ == "__main__":
    if sys.argv[1] == "patterns":
        shape = (int(sys.argv[3]), int(sys.argv[2]), 1, 1)
        np.save(sys.argv[4], np.random.default_rng(7).integers(0, 2, size=shape, dtype=np.uint8))
    else:
        x, y = (np.load(path) for path in sys.argv[3:])
        right = {"div": divide, "sqrt": root, "hyp": hypotenuse}[sys.argv[2]](
            x.reshape(len(x), -1), y.reshape(len(y), -1))
        print(f"{sum(right)} of {len(right)} patterns are right")
        sys.exit(0 if right and all(right) else 1)
