#!/usr/bin/env python3
"""An oracle for `cofiber eval`: COCO's detection numbers in Python and NumPy, straight from their published definition.

It shares nothing with the library: the json module reads the files, and each (class, area range, image) is matched by
itself, in loops over thresholds, detections and objects, as the published algorithm goes.

    coco.py ANNOTATIONS RESULTS              prints `stats` and `per_class_AP` as JSON
    coco.py ANNOTATIONS RESULTS --check JSON compares with what `cofiber eval --json` printed: exit status 1, and the
                                             largest difference, where a number is off by more than 1e-12
"""
import argparse
import collections
import json
import sys

import numpy as np

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AREAS = {"all": (0, 1e10), "small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}
CAPS = (1, 10, 100)


def by_falling_score(scores):
    """Places in order of falling score; equal scores keep their order."""
    return np.argsort(-np.asarray(scores, float), kind="mergesort")


def overlaps(detections, objects):
    """[detections, objects]: intersection over union; over the detection's own area for a crowd."""
    a = np.array([d["bbox"] for d in detections], float).reshape(-1, 1, 4)
    b = np.array([o["bbox"] for o in objects], float).reshape(1, -1, 4)
    ends = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    sides = np.maximum(ends - np.maximum(a[..., :2], b[..., :2]), 0)
    common = sides[..., 0] * sides[..., 1]
    area_a, area_b = a[..., 2] * a[..., 3], b[..., 2] * b[..., 3]
    crowd = np.array([bool(o.get("iscrowd", 0)) for o in objects])
    whole = np.where(crowd, area_a, area_a + area_b - common)
    return np.divide(common, whole, out=np.zeros_like(common), where=common > 0)


class Scene:
    """One class in one image."""

    def __init__(self, detections, objects):
        order = by_falling_score([d["score"] for d in detections])[: CAPS[-1]]
        self.detections = [detections[i] for i in order]
        self.objects = objects
        self.overlaps = overlaps(self.detections, objects)

    def match(self, low, high):
        """(scores, matched [T, D], ignored [T, D], number of objects that count) for one area range."""
        ignored = [bool(o.get("iscrowd", 0)) or o["area"] < low or o["area"] > high for o in self.objects]
        order = np.argsort(ignored, kind="mergesort")
        ignored = [ignored[i] for i in order]
        crowd = [bool(self.objects[i].get("iscrowd", 0)) for i in order]
        table = self.overlaps[:, order]
        shape = (len(THRESHOLDS), len(self.detections))
        matched, dropped = np.zeros(shape, bool), np.zeros(shape, bool)
        for t, threshold in enumerate(THRESHOLDS):
            taken = [False] * len(order)
            for d in range(len(self.detections)):
                best, least = -1, threshold
                for g in range(len(order)):
                    if taken[g] and not crowd[g]:
                        continue
                    if best >= 0 and not ignored[best] and ignored[g]:
                        break
                    if table[d, g] < least:
                        continue
                    best, least = g, table[d, g]
                if best >= 0:
                    taken[best] = True
                    matched[t, d] = True
                    dropped[t, d] = ignored[best]
        areas = np.array([d["bbox"][2] * d["bbox"][3] for d in self.detections]).reshape(1, -1)
        dropped |= ~matched & ((areas < low) | (areas > high))
        scores = np.array([d["score"] for d in self.detections], float)
        return scores, matched, dropped, ignored.count(False)


def curve(found, cap):
    """(precision [T, R], final recall [T]) of a class's matches, image by image; None without an object."""
    count = sum(f[3] for f in found)
    if count == 0:
        return None
    scores = np.concatenate([f[0][:cap] for f in found])
    order = by_falling_score(scores)
    matched = np.concatenate([f[1][:, :cap] for f in found], axis=1)[:, order]
    dropped = np.concatenate([f[2][:, :cap] for f in found], axis=1)[:, order]
    precision, recall = np.zeros((len(THRESHOLDS), len(RECALLS))), np.zeros(len(THRESHOLDS))
    for t in range(len(THRESHOLDS)):
        right = np.cumsum(matched[t] & ~dropped[t]).astype(float)
        wrong = np.cumsum(~matched[t] & ~dropped[t]).astype(float)
        recalls = right / count
        precisions = right / (wrong + right + np.spacing(1))
        envelope = np.maximum.accumulate(precisions[::-1])[::-1]
        if len(recalls):
            recall[t] = recalls[-1]
        for r, place in enumerate(np.searchsorted(recalls, RECALLS, side="left")):
            if place < len(envelope):
                precision[t, r] = envelope[place]
    return precision, recall


def mean(arrays):
    arrays = [np.asarray(a).ravel() for a in arrays]
    return float(np.mean(np.concatenate(arrays))) if arrays else -1.0


def evaluate(annotations, results):
    images = sorted({i["id"] for i in annotations["images"]})
    classes = sorted({c["id"] for c in annotations["categories"]})
    objects, detections = collections.defaultdict(list), collections.defaultdict(list)
    for annotation in annotations["annotations"]:
        objects[annotation["image_id"], annotation["category_id"]].append(annotation)
    for result in results:
        detections[result["image_id"], result["category_id"]].append(result)
    curves = {}  # (class, area, cap): curve
    for k in classes:
        places = [(i, k) for i in images if objects.get((i, k)) or detections.get((i, k))]
        scenes = [Scene(detections.get(p, []), objects.get(p, [])) for p in places]
        for area, (low, high) in AREAS.items():
            found = [scene.match(low, high) for scene in scenes]
            for cap in CAPS:
                curves[k, area, cap] = curve(found, cap) if found else None

    def precision(area="all", threshold=slice(None)):
        known = [curves[k, area, 100] for k in classes if curves[k, area, 100]]
        return mean([c[0][threshold] for c in known])

    def recall(area="all", cap=100):
        return mean([curves[k, area, cap][1] for k in classes if curves[k, area, cap]])

    stats = [precision(), precision(threshold=0), precision(threshold=5), precision("small"), precision("medium"),
             precision("large"), recall(cap=1), recall(cap=10), recall(), recall("small"), recall("medium"),
             recall("large")]  # fmt: skip
    each = {str(k): mean([curves[k, "all", 100][0]] if curves[k, "all", 100] else []) for k in classes}
    return {"stats": stats, "per_class_AP": each}


def difference(ours, theirs):
    """The largest difference of two answers, infinite where they are not of one shape."""
    if len(ours["stats"]) != len(theirs["stats"]) or ours["per_class_AP"].keys() != theirs["per_class_AP"].keys():
        return float("inf")
    pairs = list(zip(ours["stats"], theirs["stats"]))
    pairs += [(ours["per_class_AP"][k], theirs["per_class_AP"][k]) for k in ours["per_class_AP"]]
    return max((abs(a - b) for a, b in pairs), default=0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("annotations")
    parser.add_argument("results")
    parser.add_argument("--check")
    options = parser.parse_args()
    with open(options.annotations) as a, open(options.results) as r:
        answer = evaluate(json.load(a), json.load(r))
    if not options.check:
        print(json.dumps(answer))
        return 0
    with open(options.check) as file:
        worst = difference(json.load(file), answer)
    print(f"largest difference {worst:g}")
    return 0 if worst <= 1e-12 else 1


if __name__ == "__main__":
    sys.exit(main())
