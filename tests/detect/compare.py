#!/usr/bin/env python3
"""compare.py EXPECTED NAME ANSWER: `stats` and `per_class_AP` of an answer against the expected ones, to 1e-12."""
import json
import sys

expected_path, name, answer_path = sys.argv[1:]
with open(expected_path) as file:
    expected = json.load(file)[name]
with open(answer_path) as file:
    answer = json.load(file)
pairs = [(f"stats[{i}]", e, a) for i, (e, a) in enumerate(zip(expected["stats"], answer["stats"]))]
pairs += [(f"per_class_AP[{k}]", e, answer["per_class_AP"][k]) for k, e in expected["per_class_AP"].items()]
wrong = [(place, e, a) for place, e, a in pairs if abs(e - a) > 1e-12]
for place, e, a in wrong:
    print(f"{name}: {place}: {a!r}, expected {e!r}")
same_shape = len(answer["stats"]) == 12 and answer["per_class_AP"].keys() == expected["per_class_AP"].keys()
sys.exit(1 if wrong or not same_shape else 0)
