#!/usr/bin/env python3
"""Pictures for a detection task that anybody may pass on: garments on generated textures, with COCO annotations.

    scripts/features/garments.py -o FOLDER --count 300 [--first 1] [--seed 1] [--items train|test]

A picture has 640 x 640 pixels and shows 2 to 8 items of Fashion-MNIST (Zalando SE, MIT licence; Debian's package
dataset-fashion-mnist), each tinted, enlarged to 24 to 400 pixels (the logarithm is uniform), rotated by at most 45
degrees, and laid over what is there already, so that items overlap. No item hides more than half of another. FOLDER gets
NUMBER.jpg with twelve digits for each picture, and instances.json: ten categories with the ids 0 to 9, boxes around the
whole item, areas of the part that can be seen.

Picture NUMBER depends on the seed and on NUMBER alone, so that a longer run begins with the pictures of a shorter one.
--items test takes Fashion-MNIST's 10,000 test items instead of its 60,000 training items: pictures of these hold
nothing that a head was trained on.
"""
import argparse
import gzip
import json
import os
import sys

import numpy as np
from PIL import Image

SIDE, ITEM = 640, 28
SIZES = (24, 400)  # of an item's longer side before it is rotated, in pixels
MOST_DEGREES = 45
MOST_HIDDEN = 0.5
NAMES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
DATA = "/usr/share/datasets/fashion-mnist"
FILES = {"train": "train", "test": "t10k"}


class Refused(Exception):
    """One line for the user."""


def read_idx(path, rank):
    """An array of bytes in the form of the MNIST files: magic number, shape, elements."""
    try:
        with gzip.open(path) as file:
            data = file.read()
    except OSError as problem:
        raise Refused(f"{path}: {problem.strerror or problem}; scripts/setup.sh features installs it") from None
    if data[:4] != bytes((0, 0, 8, rank)):
        raise Refused(f"{path}: is no file of bytes in {rank} dimensions")
    shape = np.frombuffer(data, ">u4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def smooth_noise(random, cells):
    """A field [640, 640] from 0 to 1 that varies over about 640 / cells pixels."""
    grid = Image.fromarray((random.random((cells, cells)) * 255).astype(np.uint8))
    return np.asarray(grid.resize((SIDE, SIDE), Image.BICUBIC), dtype=np.float32) / 255


def texture(random):
    """A background [640, 640, 3] from 0 to 255: two colours mixed by noise of three sizes and by stripes."""
    mixed = sum(smooth_noise(random, cells) * weight for cells, weight in zip((3, 12, 80), random.random(3)))
    angle, period, strength = random.random() * np.pi, 8 + 100 * random.random(), random.random()
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    mixed += strength * (0.5 + 0.5 * np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / period)))
    mixed = (mixed - mixed.min()) / max(float(np.ptp(mixed)), 1e-6)
    colours = random.random((2, 3)) * 255
    return colours[0] + mixed[:, :, np.newaxis] * (colours[1] - colours[0])


def turned(item, size, degrees):
    """The item at its size and angle: its brightness, and how far each pixel is covered, both [h, w] from 0 to 1."""
    cover = Image.fromarray(np.where(item > 8, 255, 0).astype(np.uint8))
    pair = []
    for layer, filter_ in ((Image.fromarray(item), Image.BICUBIC), (cover, Image.BILINEAR)):
        layer = layer.resize((size, size), filter_).rotate(degrees, Image.BICUBIC, expand=True)
        pair.append(np.asarray(layer, dtype=np.float32) / 255)
    return pair


class Picture:
    """What has been drawn so far."""

    def __init__(self, random):
        self.random = random
        self.pixels = texture(random)
        self.visible = np.full((SIDE, SIDE), -1)  # which item is on top
        self.areas, self.boxes, self.classes = [], [], []  # of each item; an area is that of the whole item

    def place(self, item, class_index):
        """Lays an item somewhere, unless it would hide too much of another or has too little to show."""
        random = self.random
        size = round(np.exp(np.log(SIZES[0]) + random.random() * np.log(SIZES[1] / SIZES[0])))
        light, cover = turned(item, size, (2 * random.random() - 1) * MOST_DEGREES)
        rows, columns = np.nonzero(cover > 0.5)
        if rows.size < 64 or max(light.shape) > SIDE:
            return
        top, left = (int(random.random() * (SIDE - extent + 1)) for extent in light.shape)
        here = (slice(top, top + light.shape[0]), slice(left, left + light.shape[1]))
        visible = self.visible.copy()
        visible[here][cover > 0.5] = len(self.areas)
        if any((visible == k).sum() < (1 - MOST_HIDDEN) * area for k, area in enumerate(self.areas)):
            return
        self.visible = visible
        tint = (80 + 175 * random.random(3)) * (0.35 + 0.65 * light[:, :, np.newaxis])
        self.pixels[here] += cover[:, :, np.newaxis] * (tint - self.pixels[here])
        self.areas.append(rows.size)
        self.boxes.append([left + int(columns.min()), top + int(rows.min()),
                           int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1])
        self.classes.append(class_index)


def make_picture(seed, number, items, labels):
    """The picture of this number."""
    random = np.random.Generator(np.random.PCG64([seed, number]))
    picture = Picture(random)
    for _ in range(2 + int(random.random() * 7)):
        at = int(random.random() * len(items))
        picture.place(items[at], int(labels[at]))
    return picture


def annotate(document, number, name, picture):
    document["images"].append({"id": number, "file_name": name, "width": SIDE, "height": SIDE})
    for k, (box, class_index) in enumerate(zip(picture.boxes, picture.classes)):
        document["annotations"].append({
            "id": len(document["annotations"]) + 1, "image_id": number, "category_id": class_index, "bbox": box,
            "area": int((picture.visible == k).sum()), "iscrowd": 0})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", dest="folder", required=True, metavar="FOLDER")
    parser.add_argument("--count", type=int, required=True, help="how many pictures")
    parser.add_argument("--first", type=int, default=1, help="the number of the first picture (1)")
    parser.add_argument("--seed", type=int, default=1, help="begin the random choices with this number (1)")
    parser.add_argument("--items", choices=FILES, default="train", help="which of Fashion-MNIST's items (train)")
    arguments = parser.parse_args()
    try:
        if arguments.count < 1 or arguments.first < 0 or arguments.seed < 0:
            raise Refused("--count must be 1 or more, --first and --seed 0 or more")
        kind = FILES[arguments.items]
        items = read_idx(f"{DATA}/{kind}-images-idx3-ubyte.gz", 3)
        labels = read_idx(f"{DATA}/{kind}-labels-idx1-ubyte.gz", 1)
        document = {"info": {"description": f"garments.py --seed {arguments.seed} --items {arguments.items}",
                             "source": "Fashion-MNIST, Zalando SE, MIT licence"},
                    "images": [], "annotations": [],
                    "categories": [{"id": k, "name": name} for k, name in enumerate(NAMES)]}
        os.makedirs(arguments.folder, exist_ok=True)
        for number in range(arguments.first, arguments.first + arguments.count):
            picture = make_picture(arguments.seed, number, items, labels)
            name = f"{number:012d}.jpg"
            pixels = np.clip(np.rint(picture.pixels), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(os.path.join(arguments.folder, name), quality=92)
            annotate(document, number, name, picture)
        path = os.path.join(arguments.folder, "instances.json")
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.replace(path + ".part", path)
    except (Refused, OSError) as problem:
        print(f"garments.py: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
