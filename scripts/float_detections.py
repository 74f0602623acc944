#!/usr/bin/env python3
"""Detections of a head in floating point, as `cofiber detect --format json` writes those of its circuit.

    scripts/float_detections.py HEAD.safetensors FRAMES.safetensors... -o RESULTS.json [--score-thresh 0.05]

The head is computed by tests/oracle/heads.py, in NumPy and on the features as stored; boxes and suppression are those of
detect/boxes.h. Boxes are in the frame's pixels. FRAMES have `image_ids` in their metadata.
"""
import argparse
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "oracle"))
import heads

SCALES, STRIDE, NMS, TOP = 3, 16, 0.6, 100


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def candidates(head, frame, threshold):
    """[score, class, x, y, w, h] of all cells and classes that reach the threshold, in the order of the cells."""
    rows = []
    for k, band in enumerate(heads.bands(frame, SCALES)):
        logits, z, centers = heads.run(head, band, k)
        stride = STRIDE * 2**k
        score = sigmoid(logits) if centers is None else sigmoid(logits) * sigmoid(centers)[..., None]
        sides = np.full(score.shape[:2] + (4,), stride / 2) if z is None else np.minimum(np.exp(z) * stride, 2.0**20)
        for i, j, c in np.argwhere(score >= threshold):
            left, top, right, bottom = sides[i, j]
            x, y = stride * (j + 0.5), stride * (i + 0.5)
            rows.append((score[i, j, c], c, x - left, y - top, left + right, top + bottom))
    return np.array(rows).reshape(-1, 6)


def suppress(rows):
    """The best first; of one class none that overlaps a better one too much."""
    rows = rows[np.argsort(-rows[:, 0], kind="stable")]
    kept = np.empty((0, 6))
    for row in rows:
        same = kept[kept[:, 1] == row[1]]
        low = np.maximum(same[:, 2:4], row[2:4])
        high = np.minimum(same[:, 2:4] + same[:, 4:6], row[2:4] + row[4:6])
        common = np.prod(np.maximum(high - low, 0), axis=1)
        union = np.prod(same[:, 4:6], axis=1) + row[4] * row[5] - common
        if not np.any(common > NMS * union):
            kept = np.vstack([kept, row])
            if len(kept) == TOP:
                break
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("head")
    parser.add_argument("frames", nargs="+")
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("--score-thresh", type=float, default=0.05)
    options = parser.parse_args()
    head = {name: value.astype(np.float64) for name, value in heads.load(options.head)[0].items()}
    results = []
    for path in options.frames:
        tensors, notes = heads.load(path)
        for image, frame in zip(notes["image_ids"].split(","), tensors["features"]):
            rows = suppress(candidates(head, frame.astype(np.float64), options.score_thresh))
            results += [{"image_id": int(image), "category_id": int(row[1]), "bbox": [float(v) for v in row[2:]],
                         "score": float(row[0])} for row in rows]  # fmt: skip
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(results, file)


main()
