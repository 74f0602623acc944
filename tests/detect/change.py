#!/usr/bin/env python3
"""change.py FILE KEY: changes one field of the record with the most influence: the largest score, or the first object
that is no crowd."""
import json
import sys

path, key = sys.argv[1:]
with open(path) as file:
    whole = json.load(file)
records = whole["annotations"] if isinstance(whole, dict) else sorted(whole, key=lambda r: -r["score"])
record = next(r for r in records if not r.get("iscrowd"))
if key == "bbox":
    record[key][0] += 500
elif key == "iscrowd":
    record[key] = 1
elif key == "category_id":
    record[key] = 3 - record[key]
else:
    record[key] = 0
with open(path, "w") as file:
    json.dump(whole, file)
