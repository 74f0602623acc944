#!/usr/bin/env python3
"""`same_classes.py LINEAR DIM`: the classifier of a head with a bottleneck, times that, is that of the other, to 1e-5."""
import json
import sys

import numpy


def read(path):
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header, data = json.loads(file.read(size)), file.read()
    return {name: numpy.frombuffer(data[slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
            for name, entry in header.items() if name != "__metadata__"}


def main():
    linear, dim = read(sys.argv[1]), read(sys.argv[2])
    product = dim["cls_weight"] @ dim["project_weight"]
    assert numpy.abs(product - linear["cls_weight"]).max() < 1e-5 * numpy.abs(linear["cls_weight"]).max()
    assert (dim["cls_bias"] == linear["cls_bias"]).all()
    assert numpy.abs(dim["project_weight"] @ dim["project_weight"].T - numpy.eye(len(dim["project_weight"]))).max() < 1e-5


if __name__ == "__main__":
    main()
