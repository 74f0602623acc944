#!/usr/bin/env python3
"""Checks a log of `cofiber train`: `read_log.py LOG STEPS`. The steps are numbered, the parts of the loss add up, and the
loss at the end is less than half of that at the beginning."""
import json
import sys


def main():
    with open(sys.argv[1]) as file:
        lines = [json.loads(line) for line in file]
    assert [line["step"] for line in lines] == list(range(1, int(sys.argv[2]) + 1)), "steps"
    for line in lines:
        total = line["classification"] + line["boxes"] + line["centerness"]
        assert abs(line["loss"] - total) <= 1e-7 * total, line
        assert line["positives"] > 0 and line["norm"] > 0 and line["rate"] >= 0, line
    first, last = lines[0]["loss"], lines[-1]["loss"]
    print(f"loss {first:.4f} at first, {last:.4f} at last")
    assert last < first / 2


if __name__ == "__main__":
    main()
