#!/usr/bin/env python3
"""Makes a small task for the tests of pruning.

    task.py frames FOLDER            a head of each family, and 6 frames of 24 channels and 8 x 8 cells with image ids
    task.py truth RESULTS OUT        annotations: the best detections in RESULTS (of `cofiber detect --format json`) are
                                     the objects, so that the head that made them finds what there is to find
"""
import json
import pathlib
import struct
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "heads"))
import make

CHANNELS, CLASSES, FRAMES = 24, 7, 6


def frames(folder):
    for family in ("classifier", "linear", "box32", "dim20"):
        head = make.head(family, channels=CHANNELS, classes=CLASSES, seed=3)
        head["cls_bias"] += np.float32(0 if family == "classifier" else 3)  # so that something is found
        make.save(folder / f"{family}.safetensors", head)
    features = np.random.default_rng(7).gamma(0.3, 0.8, (FRAMES, CHANNELS, 8, 8)).astype(np.float16)
    header = {"features": {"dtype": "F16", "shape": list(features.shape), "data_offsets": [0, features.nbytes]},
              "__metadata__": {"image_ids": ",".join(str(100 + 3 * k) for k in range(FRAMES))}}
    text = json.dumps(header).encode()
    (folder / "frames.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + features.tobytes())


def truth(results, out):
    objects, images = [], [100 + 3 * k for k in range(FRAMES)]
    for image in images:
        best = sorted((r for r in json.load(open(results)) if r["image_id"] == image), key=lambda r: -r["score"])[:8]
        for r in best:
            objects.append({"id": len(objects) + 1, "image_id": image, "category_id": r["category_id"],
                            "bbox": r["bbox"], "area": r["bbox"][2] * r["bbox"][3], "iscrowd": 0})
    json.dump({"images": [{"id": i, "width": 128, "height": 128} for i in images], "annotations": objects,
               "categories": [{"id": c, "name": f"class {c}"} for c in range(CLASSES)]}, open(out, "w"))


if sys.argv[1] == "frames":
    frames(pathlib.Path(sys.argv[2]))
else:
    truth(*sys.argv[2:])
