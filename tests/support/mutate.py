#!/usr/bin/env python3
"""Changes one gate of a netlist file: it gets a cell of its own, different in one thing.

    mutate.py NET OUT GATE KIND      KIND: weight, shift, base, width, bias+, bias-, square, linear, step, relu, root

weight negates the last term's weight; shift takes 1 from the first term's shift, or adds it where there is none; base
reads one net earlier or later; width makes the output a bit wider; bias+ and bias- move the bias by 2^40; square
makes a square of the first term, or a plain term of a square; linear, step, relu and root set the activation. Standard
library only.
"""
import re
import sys

from netlistfile import product, read_safetensors, safetensors


def main():
    source, target, gate, kind = sys.argv[1:]
    with open(source, "rb") as file:
        tensors, meta = read_safetensors(file.read())
    name, index = re.fullmatch(r"([^\[]+)\[([0-9,]+)\]", gate).groups()
    _, shape, cells = tensors[name + ".cell"]
    at = 0
    for size, i in zip(shape, index.split(",")):
        at = at * size + int(i)

    def rows(key, columns, first, last):
        return tensors[key][2][first * columns : last * columns]

    def append(key, values):
        dtype, old_shape, old = tensors[key]
        columns = product(old_shape[1:])
        tensors[key] = (dtype, [old_shape[0] + len(values) // columns] + list(old_shape[1:]), old + values)

    old = cells[at]
    ports, terms = rows("cell.ports", 1, old, old + 2), rows("cell.terms", 1, old, old + 2)
    new_type, new_bias = rows("cell.type", 4, old, old + 1), rows("cell.bias", 1, old, old + 1)
    term = {key: rows(key, 1, *terms) for key in tensors if key.startswith("term.")}
    if kind == "weight":
        term["term.weight"][-1] *= -1
    elif kind == "shift":
        term["term.shift"][0] += -1 if term["term.shift"][0] else 1
    elif kind == "width":
        new_type[1] += 1
    elif kind == "bias+":
        new_bias[0] += 2**40
    elif kind == "bias-":
        new_bias[0] -= 2**40
    elif kind == "square":
        term["term.square"][0] ^= 1
    elif kind in ("linear", "step", "relu", "root"):
        new_type[0] = ("linear", "step", "relu", "root").index(kind)
    elif kind == "base":
        columns = tensors[name + ".base"][1][-1]
        bases = tensors[name + ".base"][2]
        bases[at * columns] += 1 if bases[at * columns] == 0 else -1
    else:
        sys.exit(__doc__)
    cells[at] = len(tensors["cell.bias"][2])
    append("cell.bias", new_bias)
    append("cell.type", new_type)
    append("port.type", rows("port.type", 3, *ports))
    append("cell.ports", [tensors["cell.ports"][2][-1] + ports[1] - ports[0]])
    append("cell.terms", [tensors["cell.terms"][2][-1] + terms[1] - terms[0]])
    for key, values in term.items():
        append(key, values)
    with open(target, "wb") as file:
        file.write(safetensors(tensors, meta))


if __name__ == "__main__":
    main()
