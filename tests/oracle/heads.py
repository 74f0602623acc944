"""A head of any family on one frame, in floats, straight from its definition; and the circuit's own integers, by exact
rationals. Shares nothing with the library: the bands are means and differences, the head is matrix products.

    heads.py floats HEAD FRAME.npy TRACE NET SCALE SCALES THRESHOLD  decisions and boxes against the trace of cofiber sim
    heads.py stored HEAD FRAME.npy TRACE NET SCALE SCALES THRESHOLD  the same, with the features as stored
    heads.py exact  HEAD FRAME.npy TRACE NET SCALE SCALES THRESHOLD  every gate of the head, bit for bit

HEAD is safetensors in the documented scheme; but for `stored` the frame is quantised as the circuit does it, so that only
the weights' rounding is left. Nearest upsampling, residual on top.
"""
import json
import math
import pathlib
import struct
import sys
from fractions import Fraction

import numpy as np

DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "i1", "U8": "u1", "I32": "<i4", "I64": "<i8"}


def load(path):
    raw = pathlib.Path(path).read_bytes()
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    notes = header.pop("__metadata__", {})
    data = raw[8 + size :]
    return {
        name: np.frombuffer(data[t["data_offsets"][0] : t["data_offsets"][1]], DTYPES[t["dtype"]]).reshape(t["shape"])
        for name, t in header.items()
    }, notes


def bands(x, scales):
    """Feature grid [D, H, W] -> the band of each scale."""
    result = []
    for k in range(scales):
        d, h, w = x.shape
        pool = x.reshape(d, h // 2, 2, w // 2, 2).sum((2, 4)) / 4
        result.append(x if k + 1 == scales else x - pool.repeat(2, 1).repeat(2, 2))
        x = pool
    return result


def run(head, band, k, eps=1e-5):
    """logits [h, w, C], z [h, w, 4] or None, centerness [h, w] or None, of one band [D, h, w]."""
    x = np.moveaxis(band, 0, -1)
    linear = lambda name, v: v @ head[name + "_weight"].T.astype(float) + head.get(name + "_bias", np.zeros(1))
    if f"norm.{k}.weight" in head:
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        x = (x - mean) / np.sqrt(variance + eps) * head[f"norm.{k}.weight"] + head[f"norm.{k}.bias"]
    if "project_weight" in head:
        x = x @ head["project_weight"].T.astype(float)
    z = None
    if "reg_weight" in head:
        z = linear("reg", x)
    elif "reg_out_weight" in head:
        z = linear("reg_out", np.maximum(linear("reg_hidden", x), 0))
    factor = float(head["scale"][k]) if "scale" in head else 1
    return linear("cls", x), None if z is None else z * factor, linear("ctr", x)[..., 0] if "ctr_weight" in head else None


def units(notes, group):
    return np.array([float(t) for t in notes["unit." + group].split(",")])


def compare(head, features, trace, notes, scales, threshold):
    """Counts decisions and the largest pixel difference of boxes where both fire, over all scales of one frame."""
    limit = math.log(threshold / (1 - threshold))
    gates = equal = both = 0
    worst, far = 0.0, 0.0
    for k, band in enumerate(bands(features, scales)):
        logits, z, center = run(head, band, k)
        fires = trace[f"s{k}.classify"][0] != 0
        gates, equal = gates + fires.size, equal + int((fires == (logits >= limit)).sum())
        both += int((fires & (logits >= limit)).sum())
        place = (fires & (logits >= limit)).any(-1)
        over = trace[f"s{k}.root"][0].astype(float) if f"s{k}.root" in trace else np.ones(fires.shape[:2] + (1,))
        if z is not None and place.any():
            found = trace[f"s{k}.box"][0] * units(notes, f"s{k}.box") / over * float(notes[f"factor.s{k}.box"])
            sides = lambda v: np.exp(v) * 16 * 2**k
            worst = max(worst, float(np.abs(sides(found) - sides(z))[place].max()))
        if center is not None:
            found = trace[f"s{k}.center"][0] * units(notes, f"s{k}.center") / over
            far = max(far, float(np.abs(found[..., 0] - center).max()))
    return gates, equal, both, worst, far


# ---- exact ----
def quantise(weight, bits):
    high = 2 ** (bits - 1) - 1
    if np.all(weight == np.rint(weight)) and np.all(np.abs(weight) <= high):
        return weight.astype(int), np.ones(len(weight))
    scale = np.abs(weight).max(1) / high
    scale[scale == 0] = 1
    return np.clip(np.rint(weight / scale[:, None]), -high, high).astype(int), scale


def floor(value):
    return value.numerator // value.denominator


def wire(bias):
    """A bias on the root: its highest 31 bits."""
    shift = 0
    while not -(2**31) <= bias >> shift < 2**31:
        shift += 1
    return bias >> shift << shift


class Band:
    """One band of one frame in integers: s [h][w][D], with `frac` fraction bits."""

    def __init__(self, s, head, k, frac, scale, threshold, bits, project_bits, eps=1e-5):
        self.head, self.k, self.frac, self.scale = head, k, frac, scale
        self.limit, self.bits, self.normed = math.log(threshold / (1 - threshold)), bits, f"norm.{k}.weight" in head
        self.channels, self.out = s.shape[-1], {}
        self.s = [[int(v) for v in row] for row in s.reshape(-1, s.shape[-1])]
        if self.normed:
            extra = floor(Fraction(float(self.channels) * self.channels * eps) * 4**frac / Fraction(scale) ** 2)
            self.m = [sum(x) for x in self.s]
            self.R = [
                math.isqrt(max(0, self.channels * sum(v * v for v in x) - m * m + extra)) for x, m in zip(self.s, self.m)
            ]
            self.out |= {"sum": [[m] for m in self.m], "root": [[r] for r in self.R]}
        width, scales = self.s, None
        if "project_weight" in head:
            width, scales = self.layer("project", self.s, None, "project", project_bits, None)
        self.layer("cls", width, scales, "classify", 8, "step")
        if "reg_weight" in head:
            self.layer("reg", width, scales, "box", bits, None)
        if "reg_out_weight" in head:
            hidden, inner = self.layer("reg_hidden", width, scales, "hidden", bits, "relu")
            self.layer("reg_out", hidden, inner, "box", bits, None)
        if "ctr_weight" in head:
            self.layer("ctr", width, scales, "center", bits, None)

    def layer(self, name, x, scales, group, bits, activation):
        weight = self.head[name + "_weight"].astype(float)
        bias = np.array(self.head.get(name + "_bias", np.zeros(len(weight))), float)
        first, direct = scales is None, scales is None and self.normed
        if direct:
            beta = self.head[f"norm.{self.k}.bias"].astype(float)
            for i in range(weight.shape[1]):
                bias = bias + weight[:, i] * beta[i]
            weight = weight * self.head[f"norm.{self.k}.weight"].astype(float)
        elif not first:
            weight = weight * scales
        codes, scale = quantise(weight, bits)
        if direct or not first:
            scale[~codes.any(1)] = 2.0**-16
        if activation == "step":
            bias = bias - self.limit
        ints = []
        for b, ws in zip(bias, scale):
            exact = Fraction(float(b)) / Fraction(float(ws))
            ints.append(wire(floor(exact)) if self.normed else floor(exact * 2**self.frac / Fraction(self.scale)))
        rows = [[int(v) for v in row] for row in codes]
        result = []
        for p, v in enumerate(x):
            values = []
            for row, b in zip(rows, ints):
                total = sum(w * i for w, i in zip(row, v))
                if direct:
                    total = self.channels * total - sum(row) * self.m[p]
                total += b * (self.R[p] if self.normed else 1)
                values.append(int(total >= 0) if activation == "step" else max(0, total) if activation else total)
            result.append(values)
        self.out[group] = result
        return result, scale


def exact(head, integers, trace, scales, scale, threshold, bits, project_bits):
    """Every gate of the head on one quantised frame [D, H, W]; returns how many were compared."""
    x, count = integers.astype(object), 0
    for k in range(scales):
        d, h, w = x.shape
        pool = x.reshape(d, h // 2, 2, w // 2, 2).sum(4).sum(2)
        band, frac = (x, 2 * k) if k + 1 == scales else (4 * x - pool.repeat(2, 1).repeat(2, 2), 2 * k + 2)
        made = Band(np.moveaxis(band, 0, -1), head, k, frac, scale, threshold, bits, project_bits)
        for group, values in made.out.items():
            found = trace[f"s{k}.{group}"][0].reshape(len(values), -1)
            wanted = np.array(values, object)
            assert found.shape == wanted.shape and (found == wanted).all(), f"s{k}.{group} differs"
            count += found.size
        x = pool
    return count


def main():
    if len(sys.argv) < 9:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    mode, head_path, frame_path, trace_path, net_path = sys.argv[1:6]
    scale, scales, threshold = float(sys.argv[6]), int(sys.argv[7]), float(sys.argv[8])
    head, trace = load(head_path)[0], load(trace_path)[0]
    notes = load(net_path)[1]
    stored, most = np.load(frame_path).astype(float), 2 ** (int(notes["compile.input_bits"]) - 1)
    integers = np.clip(np.rint(stored / scale), -most, most - 1)
    if mode == "exact":
        bits = int(notes.get("compile.layer_bits", 8))
        project_bits = int(notes.get("compile.project_bits", bits))
        print("equal:", exact(head, integers.astype(int), trace, scales, scale, threshold, bits, project_bits), "gates")
        return
    features = stored if mode == "stored" else integers * scale
    gates, equal, both, worst, far = compare(head, features, trace, notes, scales, threshold)
    print(f"{equal} of {gates} decisions equal ({100 * equal / gates:.4f}%), {both} fire in both; boxes within "
          f"{worst:.4f} pixels, centernesses within {far:.5f}")
    if equal < min(0.999 * gates, gates - 1) or worst > 0.5 or both == 0:
        sys.exit(1)


if __name__ == "__main__":
    main()
