"""Writes heads with the card's shapes and numbers of zeros, as safetensors: `make.py FOLDER`; or with 24 channels and 7
classes beside a frame: `make.py FOLDER small`.

The numbers are those of the published card: five families of heads, and for its pruned rows the parameters that are
not zero. Which family a pruned row belongs to follows from its size.
"""
import json
import pathlib
import struct
import sys

import numpy as np

D, C = 768, 80
# row: (family, nonzero parameters)
ROWS = {
    "classifier": ("classifier", 61520),
    "linear_70k": ("linear", 69976),
    "box32_92k": ("box32", 91640),
    "box32_r1": ("box32", 76640),
    "box32_r2": ("box32", 62000),
    "box32_r3": ("box32", 47000),
    "dim20": ("dim20", 22076),
    "dim20_a": ("dim20", 18121),
    "dim20_b": ("dim20", 17988),
    "dim20_c": ("dim20", 21480),
    "dim20_d": ("dim20", 22021),
    "dim20_e": ("dim20", 22068),
    "dim20_f": ("dim20", 22058),
    "dim15": ("dim15", 17751),
    "dim15_a": ("dim15", 17406),
    "dim15_b": ("dim15", 17129),
    "dim10": ("dim10", 13426),
    "dim5": ("dim5", 9101),
}


RARE = (4, 1)  # what the biases are below 0, behind a LayerNorm and on the bands themselves


def shapes(family, channels=D, classes=C, scales=3):
    """The tensors of a family, in the documented scheme: name -> shape."""
    if family == "classifier":
        return {"cls_weight": (classes, channels), "cls_bias": (classes,)}
    width, result = channels, {}
    if family.startswith("dim"):
        width = int(family[3:])
        result["project_weight"] = (width, channels)
    result |= {"cls_weight": (classes, width), "cls_bias": (classes,)}
    if family == "linear":
        result |= {"reg_weight": (4, width), "reg_bias": (4,)}
    else:
        hidden = 32 if family == "box32" else 16
        result |= {"reg_hidden_weight": (hidden, width), "reg_hidden_bias": (hidden,)}
        result |= {"reg_out_weight": (4, hidden), "reg_out_bias": (4,)}
    result |= {"ctr_weight": (1, width), "ctr_bias": (1,)}
    for k in range(scales):
        result |= {f"norm.{k}.weight": (channels,), f"norm.{k}.bias": (channels,)}
    return result | {"scale": (scales,)}


def head(family, nonzero=None, seed=1, **sizes):
    """A random head of the family; all but `nonzero` of its parameters are 0."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for name, shape in shapes(family, **sizes).items():
        spread = {"n": 0.2, "s": 0.1}.get(name[0], 0.05)
        tensors[name] = rng.normal(0, spread, shape).astype(np.float32)
        if name.startswith("norm") and name.endswith("weight") or name == "scale":
            tensors[name] += 1
        tensors[name][tensors[name] == 0] = 0.01
    # As trained heads are: few classes fire, and boxes are not hundreds of cells wide.
    tensors["cls_weight"] *= 10 if family.startswith("dim") else 1
    tensors["cls_bias"] -= RARE[family == "classifier"]
    if "reg_weight" in tensors:
        tensors["reg_weight"] *= np.float32(0.3)
    total = sum(t.size for t in tensors.values())
    if nonzero is not None:
        flat = np.ones(total, bool)
        flat[rng.choice(total, total - nonzero, replace=False)] = False
        at = 0
        for tensor in tensors.values():
            tensor *= flat[at : at + tensor.size].reshape(tensor.shape)
            at += tensor.size
    return tensors


DTYPES = {"f2": "F16", "f4": "F32", "f8": "F64", "i1": "I8", "u1": "U8", "i4": "I32", "i8": "I64"}


def save(path, tensors):
    """Writes safetensors from its specification: length, header, bytes."""
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = np.ascontiguousarray(tensor).tobytes()
        header[name] = {
            "dtype": DTYPES[tensor.dtype.str[1:]],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def main():
    folder = pathlib.Path(sys.argv[1])
    if sys.argv[2:] == ["small"]:
        for family in sorted({family for family, _ in ROWS.values()}):
            tensors = head(family, channels=24, classes=7)
            tensors["cls_bias"] += np.float32(RARE[family == "classifier"] - 0.2)
            save(folder / f"{family}.safetensors", tensors)
        np.save(folder / "frame.npy", np.random.default_rng(5).gamma(0.3, 0.8, (24, 8, 8)).astype(np.float32))
        return
    for row, (family, nonzero) in ROWS.items():
        save(folder / f"{row}.safetensors", head(family, nonzero))
        print(row, {"linear": "linear_70k", "box32": "box32_92k"}.get(family, family), nonzero)


if __name__ == "__main__":
    main()
