#!/usr/bin/env python3
"""check.py FRONT.json HEADS TRUTH FRAMES KEPT.safetensors: holds what `cofiber prune` says of its points against what the
other commands say of the heads that it wrote.

The heads of some points are compiled, run, evaluated, counted and optimised by the commands for that. Which point is
kept, and which are on the front, is worked out again from all.
"""
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile


def cofiber(*words):
    done = subprocess.run(["cofiber", *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"cofiber {' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def judge(head, scale, truth, frames, folder, adders):
    """What the commands say of a head."""
    net, found, graphs = (pathlib.Path(folder) / name for name in ("net", "found.json", "graphs"))
    cofiber("compile", head, "-o", net, "--grid", "8x8", "--input-scale", repr(scale))
    cofiber("detect", net, frames, "-o", found, "--score-thresh", "0.05", "--photo-size", "128x128")
    stats = json.loads(cofiber("eval", truth, found, "--json"))["stats"]
    counts = json.loads(cofiber("stats", net, "--json"))
    found_by_all = {"nonzero": json.loads(cofiber("params", head, "--json"))["nonzero"],
                    "mAP": stats[0], "AP50": stats[1], "AP75": stats[2], "gates": counts["gates"]["total"],
                    "edges": counts["edges"], "detections": len(json.load(open(found)))}
    if adders:
        optimised = json.loads(cofiber("optimize", net, "-o", graphs, "--effort", "0", "--json"))
        found_by_all |= {"adders": optimised["adders"]["after"], "full_adders": optimised["full_adders"]}
    return found_by_all


def main(front, heads, truth, frames, kept):
    front = json.load(open(front))
    points = front["points"]
    last = {point["name"].split()[0].rstrip("123"): point for point in points}
    for point in last.values():  # of each kind the last
        head = pathlib.Path(heads) / (re.sub(r"[^A-Za-z0-9._-]", "_", point["name"]) + ".safetensors")
        with tempfile.TemporaryDirectory() as folder:
            wanted = judge(head, front["input_scale"], truth, frames, folder, points[0]["adders"])
        for key, value in wanted.items():
            if abs(point[key] - value) > 1e-6:
                sys.exit(f"{point['name']}: {key} is {point[key]}, and the commands say {value}")
    base = points[0]
    if base["name"] != "head" or base["true_positives"] < 20:
        sys.exit(f"the head itself finds {base['true_positives']} objects: the task says nothing")
    least = math.ceil(front["floor"] * base["true_positives"])
    for point in points:
        if point["name"].startswith("R") and point["true_positives"] < least:
            sys.exit(f"{point['name']}: {point['true_positives']} true positives, fewer than {least}")
        bisected = point["name"] == "joint" or point["name"].startswith(("only ", "stack "))
        if bisected and point["mAP"] < base["mAP"] - front["tolerance"]:
            sys.exit(f"{point['name']}: mAP {point['mAP']} is beyond the tolerance of {base['mAP']}")
        better = [p for p in points if p["nonzero"] <= point["nonzero"] and p["mAP"] >= point["mAP"] and
                  (p["nonzero"] < point["nonzero"] or p["mAP"] > point["mAP"])]
        if point["front"] and better:
            sys.exit(f"{point['name']}: on the front, and {better[0]['name']} is better")
    choice = min((p for p in points if p["mAP"] >= base["mAP"] - front["tolerance"]),
                 key=lambda p: (p["nonzero"], -p["mAP"]))
    if front["kept"] != choice["name"]:
        sys.exit(f"kept {front['kept']}, not {choice['name']}")
    if json.loads(cofiber("params", kept, "--json"))["nonzero"] != choice["nonzero"]:
        sys.exit("the head written is not the point kept")
    print(f"{len(points)} points, {base['nonzero']} to {choice['nonzero']} parameters, mAP {base['mAP']:.3f}")


main(*sys.argv[1:])
