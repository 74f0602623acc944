#!/usr/bin/env python3
"""Makes a small detection task: `make_set.py FRAMES.npy ANNOTATIONS.json [--frames N] [--seed S] [--grid G] [--channels D]`.

Frames are [N, D, G, G] halves of noise, with one to three squares each (all inside the frame of 16 G pixels). In the cells
of an object, the first D - 4 channels say its class, and the last four how far its sides are: a linear head can find it.
Image ids are the frames' places."""
import argparse
import json

import numpy


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("frames")
    parser.add_argument("annotations")
    parser.add_argument("--frames", type=int, default=12, dest="count")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--grid", type=int, default=8)
    parser.add_argument("--channels", type=int, default=12)
    parser.add_argument("--classes", type=int, default=3)
    args = parser.parse_args()
    random = numpy.random.default_rng(args.seed)
    side = 16 * args.grid
    frames = random.normal(0, 0.1, (args.count, args.channels, args.grid, args.grid))
    directions = random.normal(0, 1.5, (args.classes, args.channels - 4))
    centre = 16 * (numpy.arange(args.grid) + 0.5)
    annotations = []
    for image in range(args.count):
        for _ in range(random.integers(1, 4)):
            kind = int(random.integers(args.classes))
            size = float(random.integers(24, side // 2))
            x, y = (float(v) for v in random.integers(0, side - int(size), 2))
            sides = [centre - x + 0 * centre[:, None], centre[:, None] - y + 0 * centre, x + size - centre + 0 * centre[:, None],
                     y + size - centre[:, None] + 0 * centre]
            inside = numpy.minimum.reduce(sides) > 0
            frames[image, :-4, inside] += directions[kind]
            for channel, distance in enumerate(sides):
                frames[image, channel - 4, inside] += numpy.log(distance[inside] / 16)
            annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": kind,
                                "bbox": [x, y, size, size], "area": size * size, "iscrowd": 0})
    numpy.save(args.frames, frames.astype(numpy.float16))
    with open(args.annotations, "w") as file:
        json.dump({"images": [{"id": i, "width": side, "height": side} for i in range(args.count)],
                   "annotations": annotations,
                   "categories": [{"id": c, "name": f"kind {c}"} for c in range(args.classes)]}, file)


if __name__ == "__main__":
    main()
