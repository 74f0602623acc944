#!/usr/bin/env python3
"""Writes made-up annotations and results in COCO's form, the same for the same seed everywhere (SplitMix64).

    make_coco_set.py ANNOTATIONS RESULTS [--images N] [--detections N] [--classes N] [--objects N] [--seed N]
                     [--decimals N] [--crowds PERCENT] [--outlines]

Each image has up to twice --objects objects of a few classes, in clusters and of all sizes, and --detections
detections: most are objects moved a little, some of the wrong class, the others anywhere. Few --decimals of the score
make ties. --outlines adds a `segmentation` to each annotation, as COCO's own files have.
"""
import argparse
import json

MASK = 2**64 - 1


class Random:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, count):
        return self.next() % count

    def unit(self):
        return (self.next() >> 11) * 2.0**-53


def make_box(random):
    side = 4 * 100 ** random.unit()  # 4 to 400 pixels, as many small as large
    width, height = side * (0.5 + random.unit()), side * (0.5 + random.unit())
    return [random.unit() * (640 - min(width, 639)), random.unit() * (480 - min(height, 479)), width, height]


def move(random, box):
    reach = 0.4 * random.unit() ** 2
    x, y, width, height = box
    return [x + width * reach * (random.unit() - 0.5) * 2, y + height * reach * (random.unit() - 0.5) * 2,
            width * (1 + reach * (random.unit() - 0.5)), height * (1 + reach * (random.unit() - 0.5))]  # fmt: skip


def rounded(box):
    return [round(v, 2) for v in box]


def outline(box):
    x, y, width, height = box
    points = [(x + width * s, y) for s in (0, 0.3, 0.6, 1)] + [(x + width * s, y + height) for s in (1, 0.6, 0.3, 0)]
    return [[round(v, 2) for point in points * 2 for v in point]]


def make_objects(random, options, image, annotations):
    classes = [random.below(options.classes) for _ in range(1 + random.below(4))]
    objects = []
    for _ in range(random.below(2 * options.objects + 1)):
        category = classes[random.below(len(classes))]
        box = rounded(move(random, objects[-1][1]) if objects and random.below(4) == 0 else make_box(random))
        crowd = int(random.below(100) < options.crowds)
        record = {"id": len(annotations) + 1, "image_id": image, "category_id": category + 1, "bbox": box,
                  "area": round(box[2] * box[3] * (0.4 + 0.6 * random.unit()), 2), "iscrowd": crowd}  # fmt: skip
        if options.outlines:
            record["segmentation"] = outline(box)
        annotations.append(record)
        objects.append((category, box))
    return objects


def make_results(random, options, image, objects, results):
    for _ in range(options.detections):
        score = random.unit()
        if objects and random.below(3):
            category, box = objects[random.below(len(objects))]
            box, score = move(random, box), score**0.5
            if random.below(8) == 0:
                category = random.below(options.classes)
        else:
            category, box, score = random.below(options.classes), make_box(random), score**2
        results.append({"image_id": image, "category_id": category + 1, "bbox": rounded(box),
                        "score": round(score, options.decimals)})  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("annotations")
    parser.add_argument("results")
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--detections", type=int, default=100)
    parser.add_argument("--classes", type=int, default=80)
    parser.add_argument("--objects", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--decimals", type=int, default=6)
    parser.add_argument("--crowds", type=int, default=1)
    parser.add_argument("--outlines", action="store_true")
    options = parser.parse_args()
    random = Random(options.seed)
    ids = list(range(1, options.images + 1))
    for i in range(len(ids) - 1, 0, -1):  # the ids in no order
        j = random.below(i + 1)
        ids[i], ids[j] = ids[j], ids[i]
    annotations, results = [], []
    for image in ids:
        make_results(random, options, image, make_objects(random, options, image, annotations), results)
    for i in range(len(results) - 1, 0, -1):
        j = random.below(i + 1)
        results[i], results[j] = results[j], results[i]
    whole = {"images": [{"id": i, "width": 640, "height": 480} for i in ids], "annotations": annotations,
             "categories": [{"id": k + 1, "name": f"class {k + 1}"} for k in range(options.classes)]}  # fmt: skip
    for path, value in ((options.annotations, whole), (options.results, results)):
        with open(path, "w") as file:
            json.dump(value, file, separators=(",", ":"))


if __name__ == "__main__":
    main()
