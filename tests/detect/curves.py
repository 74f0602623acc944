#!/usr/bin/env python3
"""curves.py CURVES ANSWER: the curves are whole, and their means are the averages of `cofiber eval --json`."""
import json
import sys

with open(sys.argv[1]) as file:
    curves = json.load(file)
with open(sys.argv[2]) as file:
    answer = json.load(file)


def average(rows):
    return sum(map(sum, rows)) / 1010


assert len(curves["iou_thresholds"]) == 10 and len(curves["recalls"]) == 101
assert abs(average(curves["mean"]["precision"]) - answer["stats"][0]) < 1e-12
assert [str(c["id"]) for c in curves["classes"]] == list(answer["per_class_AP"])
for one in curves["classes"]:
    assert len(one["precision"]) == len(one["scores"]) == 10
    assert all(len(row) == 101 and sorted(row, reverse=True) == row for row in one["precision"] + one["scores"])
    assert abs(one["AP"] - answer["per_class_AP"][str(one["id"])]) < 1e-12
    assert abs(average(one["precision"]) - one["AP"]) < 1e-12
