#!/usr/bin/env python3
"""check_garments.py FOLDER: holds the annotations of scripts/features/garments.py against the pictures themselves.

A texture is smooth and an item has a dark rim or another colour: along the sides of a box, just inside, the picture must
differ more from what is just outside than it does a few pixels further out. That is asked of all boxes together.
"""
import json
import sys

import numpy as np
from PIL import Image


def step_at(pixels, box, margin):
    """The mean change of the picture across the lines that are `margin` pixels outside a box's four sides."""
    x, y, w, h = box
    steps = []
    for line, low, high in ((y - margin, x, x + w), (y + h + margin, x, x + w)):
        if 1 <= line < pixels.shape[0]:
            steps.append(np.abs(pixels[line, low:high] - pixels[line - 1, low:high]).max(axis=0).mean())
    for line, low, high in ((x - margin, y, y + h), (x + w + margin, y, y + h)):
        if 1 <= line < pixels.shape[1]:
            steps.append(np.abs(pixels[low:high, line] - pixels[low:high, line - 1]).max(axis=0).mean())
    return np.mean(steps) if steps else 0


folder = sys.argv[1]
document = json.load(open(f"{folder}/instances.json"))
assert [c["id"] for c in document["categories"]] == list(range(10))
files = {image["id"]: image["file_name"] for image in document["images"]}
inside, outside = [], []
for annotation in document["annotations"]:
    x, y, w, h = annotation["bbox"]
    if not (0 <= x and 0 <= y and x + w <= 640 and y + h <= 640 and 8 <= max(w, h) <= 640):
        sys.exit(f"annotation {annotation['id']}: the box {annotation['bbox']} is not inside the picture")
    if not (0 < annotation["area"] <= w * h and annotation["category_id"] in range(10)):
        sys.exit(f"annotation {annotation['id']}: its area or class is not possible")
    pixels = np.asarray(Image.open(f"{folder}/{files[annotation['image_id']]}"), dtype=float)
    inside.append(step_at(pixels, annotation["bbox"], 0))
    outside.append(step_at(pixels, annotation["bbox"], 8))
ratio = np.median(inside) / np.median(outside)
print(f"{len(inside)} boxes, step at the sides {ratio:.2f} times that outside")
if not ratio > 1.3:
    sys.exit("a box's side is not where the picture changes")
