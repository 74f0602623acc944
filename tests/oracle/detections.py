#!/usr/bin/env python3
"""An oracle for `cofiber detect`: the detections of a bare classifier in NumPy, from the head and the frame.

The circuit's function is oracle.py's; scores, boxes and suppression are worked out here from their definition. Exit
status 1 where the results of cofiber are others, or stand in another order.

    detections.py HEAD FRAMES RESULTS --input-scale S [--scales N] [--upsample U] [--compiled-threshold P]
                  [--score-thresh S] [--nms IOU] [--top N] [--ids ID,ID...]
"""
import argparse
import json
import math
import sys

import numpy as np

import oracle


def logits(x, weight, weight_scale, bias, options):
    """The logit of each gate, [height, width, class] for each scale, from the integer sums."""
    plane, fraction, answer = x, 0, []
    offset = math.log(options.compiled_threshold / (1 - options.compiled_threshold))
    for k in range(options.scales):
        pooled = oracle.pool(plane)
        band, extra = oracle.cofiber(plane, pooled, options.upsample)
        band_fraction = fraction + 2 + extra
        if k == options.scales - 1:
            band, band_fraction = plane, fraction
        limits = [oracle.threshold(float(b) - offset, band_fraction, options.input_scale, s)
                  for b, s in zip(bias, weight_scale)]  # fmt: skip
        sums = band @ weight.T + np.array(limits)
        answer.append(sums * (options.input_scale * weight_scale * 2.0**-band_fraction) + offset)
        plane, fraction = pooled, fraction + 2
    return answer


def overlap(a, b):
    """Intersection over union of two squares [x, y, side]."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[2], b[1] + b[2]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    return common / (a[2] ** 2 + b[2] ** 2 - common)


def detect(scales, options):
    """[(score, class, x, y, side)], best first."""
    found = []
    for k, values in enumerate(scales):
        side = 16 * 2**k
        for (i, j, c), value in np.ndenumerate(values):
            score = 1 / (1 + math.exp(-value))
            if score >= options.score_thresh:
                found.append((-score, k, i, j, c, (side * j, side * i, side)))
    kept = []
    for one in sorted(found):
        if len(kept) < options.top and all(k[4] != one[4] or overlap(k[5], one[5]) <= options.nms for k in kept):
            kept.append(one)
    return [(-score, c, *square) for score, _, _, _, c, square in kept]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("head")
    parser.add_argument("frames")
    parser.add_argument("results")
    parser.add_argument("--input-scale", type=float, required=True)
    parser.add_argument("--scales", type=int, default=2)
    parser.add_argument("--upsample", default="nearest")
    parser.add_argument("--compiled-threshold", type=float, default=0.5)
    parser.add_argument("--score-thresh", type=float, default=0.3)
    parser.add_argument("--nms", type=float, default=0.6)
    parser.add_argument("--top", type=int, default=100)
    parser.add_argument("--ids")
    options = parser.parse_args()
    head = oracle.read_safetensors(options.head)
    (weight,) = [a.astype(np.float64) for a in head.values() if a.ndim == 2]
    (bias,) = [a.astype(np.float64) for a in head.values() if a.ndim == 1]
    quantised, scale = oracle.quantise_head(weight)
    ids = [int(i) for i in options.ids.split(",")] if options.ids else [0, 1]
    wanted = []
    for frame, image in enumerate(ids):
        features = oracle.read_frame(options.frames, frame)
        x = np.clip(np.rint(features / options.input_scale), -128, 127).astype(np.int64).transpose(1, 2, 0)
        for score, c, left, top, side in detect(logits(x, quantised, scale, bias, options), options):
            wanted.append((image, c, [left, top, side, side], score))
    with open(options.results) as file:
        results = json.load(file)
    for place, (one, (image, category, box, score)) in enumerate(zip(results, wanted)):
        same = one["image_id"] == image and one["category_id"] == category and one["bbox"] == box
        if not same or abs(one["score"] - score) > 1e-8:
            print(f"detection {place}: {one}, expected {(image, category, box, score)}")
            return 1
    print(f"{len(results)} detections, expected {len(wanted)}")
    return 0 if len(results) == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
