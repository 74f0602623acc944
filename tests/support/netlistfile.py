"""Safetensors and netlist files, written and evaluated from netlists/FORMAT.md alone, with the standard library alone.

A second implementation of the format: it shares nothing with the program. Tensors are (dtype, shape, flat list).
"""
import json
import math
import struct

CODES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "I32": "i", "I16": "h", "I8": "b", "U8": "B", "BOOL": "?"}
LINEAR, STEP, RELU, ROOT = 0, 1, 2, 3


def pack(dtype, values):
    if dtype == "BF16":
        return b"".join(struct.pack("<f", value)[2:] for value in values)
    return struct.pack("<%d%s" % (len(values), CODES[dtype]), *values)


def product(shape):
    result = 1
    for size in shape:
        result *= size
    return result


def safetensors(tensors, meta=None):
    """The bytes of a file with these tensors, {name: (dtype, shape, values)}, in their order."""
    header, data = {}, b""
    if meta:
        header["__metadata__"] = meta
    for name, (dtype, shape, values) in tensors.items():
        packed = pack(dtype, values)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def read_safetensors(content):
    (size,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = struct.unpack("<%d%s" % (product(entry["shape"]), CODES[entry["dtype"]]),
                                   content[8 + size + begin : 8 + size + end])
            tensors[name] = (entry["dtype"], entry["shape"], list(values))
    return tensors, header.get("__metadata__", {})


def npy(dtype, shape, values):
    """The bytes of a version 1.0 .npy file; dtype is a safetensors name."""
    kind = {"F": "f", "I": "i", "U": "u"}[dtype[0]] + str(int(dtype[1:]) // 8)
    text = "{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }" % (
        "|" if kind[1] == "1" else "<", kind, "".join("%d," % size for size in shape))
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + pack(dtype, values)


# ---- netlists ----


def cell(ports, terms, bias, activation, out):
    """Types are (width, signed, frac); terms (port, offset, weight, shift), and a 1 behind it where it is a square."""
    return {"ports": ports, "terms": terms, "bias": bias, "activation": activation, "type": out}


def group(name, shape, out, output, cells, bases):
    """cells: one index a gate; bases: one list a gate."""
    return {"name": name, "shape": shape, "type": out, "output": output, "cells": cells, "bases": bases}


def netlist(input_shape, input_type, scale, cells, groups, class_scale=None, meta=None):
    """(tensors, metadata) of a netlist file."""
    tensors = {
        "input.shape": ("I64", [len(input_shape)], list(input_shape)),
        "input.scale": ("F64", [1], [scale]),
        "cell.bias": ("I64", [len(cells)], [c["bias"] for c in cells]),
    }
    if class_scale is not None:
        tensors["class.scale"] = ("F64", [len(class_scale)], class_scale)
    types = [list(input_type) + [0]] + [list(g["type"]) + [g["output"]] for g in groups]
    starts = {"ports": [0], "terms": [0]}
    for c in cells:
        for key, row in starts.items():
            row.append(row[-1] + len(c[key]))
    ports, terms = [p for c in cells for p in c["ports"]], [t for c in cells for t in c["terms"]]
    tensors["group.type"] = ("I32", [len(types), 4], sum(types, []))
    tensors["cell.type"] = ("I32", [len(cells), 4], [v for c in cells for v in (c["activation"],) + c["type"]])
    tensors["cell.ports"] = ("I32", [len(cells) + 1], starts["ports"])
    tensors["cell.terms"] = ("I32", [len(cells) + 1], starts["terms"])
    tensors["port.type"] = ("I32", [len(ports), 3], [v for p in ports for v in p])
    tensors["term.offset"] = ("I32", [len(terms)], [t[1] for t in terms])
    tensors["term.weight"] = ("I32", [len(terms)], [t[2] for t in terms])
    for g in groups:
        tensors[g["name"] + ".cell"] = ("I32", g["shape"], g["cells"])
        tensors[g["name"] + ".base"] = ("I32", g["shape"] + [len(g["bases"][0])], sum(g["bases"], []))
    tensors["term.port"] = ("U8", [len(terms)], [t[0] for t in terms])
    tensors["term.shift"] = ("U8", [len(terms)], [t[3] for t in terms])
    squares = [t[4] if len(t) > 4 else 0 for t in terms]
    full = any(squares) or any(c["activation"] in (RELU, ROOT) for c in cells)
    if full:
        tensors["term.square"] = ("U8", [len(terms)], squares)
    entries = {"format": "cofiber-netlist", "version": "2" if full else "1", "groups": " ".join(["input"] + [g["name"] for g in groups])}
    entries.update(meta or {})
    return tensors, entries


def activate(activation, total):
    if activation == LINEAR:
        return total
    if activation == STEP:
        return int(total >= 0)
    return max(0, total) if activation == RELU else math.isqrt(max(0, total))


def evaluate(content, frames):
    """The trace, {group: (dtype, shape, values)}, of a netlist file on frames: lists of the input's integers."""
    tensors, meta = read_safetensors(content)
    names = meta["groups"].split(" ")
    types = tensors["group.type"][2]
    port_start, term_start = tensors["cell.ports"][2], tensors["cell.terms"][2]
    keys = ["port", "offset", "weight", "shift"] + ["square"] * (meta["version"] == "2")
    terms = list(zip(*(tensors["term." + key][2] for key in keys)))
    rows = {name: [] for name in names}
    for frame in frames:
        nets = list(frame)
        rows["input"] += frame
        for name in names[1:]:
            cells, bases = tensors[name + ".cell"][2], tensors[name + ".base"][2]
            ports = len(bases) // len(cells)
            first = len(nets)
            for gate, c in enumerate(cells):
                assert port_start[c + 1] - port_start[c] == ports
                total = tensors["cell.bias"][2][c]
                for port, offset, weight, shift, *square in terms[term_start[c] : term_start[c + 1]]:
                    net = nets[bases[gate * ports + port] + offset]
                    total += weight * ((net * net if square == [1] else net) << shift)
                nets.append(activate(tensors["cell.type"][2][4 * c], total))
            rows[name] += nets[first:]
    trace = {}
    for wide in (True, False):  # wide elements first
        for g, name in enumerate(names):
            width, signed = types[4 * g], types[4 * g + 1]
            shape = tensors["input.shape"][2] if g == 0 else tensors[name + ".cell"][1]
            if (width + (not signed) > 32) == wide:
                trace[name] = ("I64" if wide else "I32", [len(frames)] + list(shape), rows[name])
    return trace
