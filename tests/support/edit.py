#!/usr/bin/env python3
"""Changes the metadata or the tensors of a safetensors file.

    edit.py FILE OUT EDIT...      EDIT: KEY=VALUE sets a metadata entry, -KEY removes it; --TENSOR removes a tensor,
                                  TENSOR:N keeps the first N elements of one of rank 1

Standard library only.
"""
import sys

from netlistfile import read_safetensors, safetensors


def main():
    source, target, *edits = sys.argv[1:]
    with open(source, "rb") as file:
        tensors, meta = read_safetensors(file.read())
    for edit in edits:
        if edit.startswith("--"):
            del tensors[edit[2:]]
        elif edit.startswith("-"):
            del meta[edit[1:]]
        elif "=" in edit:
            key, value = edit.split("=", 1)
            meta[key] = value
        else:
            name, count = edit.split(":")
            dtype, shape, values = tensors[name]
            assert len(shape) == 1
            tensors[name] = (dtype, [int(count)], values[: int(count)])
    with open(target, "wb") as file:
        file.write(safetensors(tensors, meta))


if __name__ == "__main__":
    main()
