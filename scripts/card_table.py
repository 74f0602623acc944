#!/usr/bin/env python3
"""Prints the rows that scripts/card_table.sh has made beside those of the published card, as a table in Markdown.

    scripts/card_table.py TASK OUT EPOCHS

The card's columns are its parameters and nonzero parameters, for 80 classes; the task has 10, and so the heads are smaller.
"""
import json
import pathlib
import sys

# The card's row: our variant, search and point; the card's parameters and nonzero parameters.
ROWS = [
    ("classifier", "classifier", "magnitude", "head", 61520, 61520),
    ("linear_70k", "linear", "magnitude", "head", 69976, 69976),
    ("box32_92k", "box32", "magnitude", "head", 91640, 91640),
    ("box32, R1", "box32", "magnitude", "R1", 91640, 76640),
    ("box32, R2", "box32", "magnitude", "R2", 91640, 62000),
    ("box32, R3", "box32", "magnitude", "R3", 91640, 47000),
    ("dim20", "dim20", "bisect", "head", 22076, 22076),
    ("dim20, project", "dim20", "bisect", "only project_weight", 22076, 18121),
    ("dim20, joint", "dim20", "bisect", "joint", 22076, 17988),
    ("dim20, reg_hidden", "dim20", "bisect", "only reg_hidden_weight", 22076, 22021),
    ("dim20, cls", "dim20", "bisect", "only cls_weight", 22076, 21480),
    ("dim20, ctr", "dim20", "bisect", "only ctr_weight", 22076, 22068),
    ("dim20, reg_out", "dim20", "bisect", "only reg_out_weight", 22076, 22058),
    ("dim15", "dim15", "bisect", "head", 17751, 17751),
    ("dim15, project", "dim15", "bisect", "only project_weight", 17751, 17406),
    ("dim15, joint", "dim15", "bisect", "joint", 17751, 17129),
    ("dim10", "dim10", "magnitude", "head", 13426, 13426),
    ("dim5", "dim5", "magnitude", "head", 9101, 9101),
]


def read(path):
    return json.loads(path.read_text()) if path.exists() else None


def percent(value):
    return f"{100 * value:.2f}"


def main(task, out, epochs):
    out, task = pathlib.Path(out), pathlib.Path(task)
    images = {part: len(json.loads((task / part / "instances.json").read_text())["images"]) for part in ("train", "test")}
    print(f"{images['train']} training and {images['test']} test pictures annotated; {epochs} epochs. mAP, AP50 and AP75 in "
          "percent; float: the head before it is pruned, in floating point.\n")
    print("| row | card: parameters | card: nonzero | parameters | nonzero | float mAP | AP50 | AP75 | mAP | AP50 | AP75 "
          "| gates | edges | adders |")
    print("|---|" + "--:|" * 13)
    for row, variant, search, name, parameters, nonzero in ROWS:
        points = read(out / f"{variant}.{search}.json")
        found = [p for p in points["points"] if p["name"] == name] if points else []
        whole = read(out / f"{variant}.float.json") if name == "head" else None
        floats = [percent(v) for v in whole["stats"][:3]] if whole else ["", "", ""]
        ours = ["", "", *floats, "", "", "", "", "", ""]
        if found:
            p = found[0]
            ours = [f"{p['parameters']:,}", f"{p['nonzero']:,}", *floats, percent(p["mAP"]), percent(p["AP50"]),
                    percent(p["AP75"]), f"{p['gates']:,}", f"{p['edges']:,}", f"{p['adders']:,}"]  # fmt: skip
        print(f"| {row} | {parameters:,} | {nonzero:,} | " + " | ".join(ours) + " |")


main(*sys.argv[1:])
