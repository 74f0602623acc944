#!/usr/bin/env python3
"""Evaluates any netlist file gate by gate, in Python's integers, from netlists/FORMAT.md alone, and compares a trace.

    formula.py NET TRACE      TRACE: from `cofiber sim --trace`; the frames are the trace's own rows of the input

Exit status 0: every value of every group is equal; 1: some differ, and the first is named. Standard library only.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from netlistfile import evaluate, product, read_safetensors


def main():
    net, trace = sys.argv[1:]
    with open(net, "rb") as file:
        content = file.read()
    with open(trace, "rb") as file:
        found, _ = read_safetensors(file.read())
    _, shape, values = found["input"]
    size = product(shape[1:])
    wanted = evaluate(content, [values[i : i + size] for i in range(0, len(values), size)])
    compared = 0
    for name, (_, shape, values) in wanted.items():
        size = product(shape[1:])
        for i, (right, value) in enumerate(zip(values, found[name][2])):
            if value != right:
                print("frame %d: %s[%d]: trace has %d, the formula gives %d" % (i // size, name, i % size, value, right))
                return 1
        compared += len(values)
    print(compared, "values compared, 0 differ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
