#!/usr/bin/env python3
"""How near heads as circuits are to the same heads in floats: a table in Markdown, for each family of the published card.

    scripts/heads_accuracy.py FRAME.npy... [--bits 8,12,14] [--cofiber PROGRAM]

The heads are those of tests/heads/make.py (random weights with the card's shapes), and the floats those of
tests/oracle/heads.py. Two differences are told apart: against floats on the features as the circuit reads them, rounded
to integers of so many bits, which leaves the rounding of the weights; and against floats on the features as stored. What
the rounding of the input alone costs, floats on the one against floats on the other, stands beside them.
"""
import argparse
import datetime
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/oracle"), str(ROOT / "tests/heads")]
import heads  # noqa: E402
import make  # noqa: E402

FAMILIES = ("classifier", "linear_70k", "box32_92k", "dim20", "dim15", "dim10", "dim5")
SCALES, THRESHOLD = 3, 0.5


class Tally:
    """Decisions equal of all, and the largest distance of the sides of boxes in pixels where both fire."""

    def __init__(self):
        self.gates = self.equal = self.both = 0
        self.worst = 0.0

    def add(self, gates, equal, both, worst):
        self.gates, self.equal, self.both = self.gates + gates, self.equal + equal, self.both + both
        self.worst = max(self.worst, worst)

    def __str__(self):
        return f"{100 * self.equal / self.gates:.4f}% | {self.worst:.3f}"


def add_rounding(tally, head, stored, rounded):
    """Floats on rounded features against floats on those as stored."""
    limit = math.log(THRESHOLD / (1 - THRESHOLD))
    for k, (a, b) in enumerate(zip(heads.bands(stored, SCALES), heads.bands(rounded, SCALES))):
        (logits, z, _), (other, other_z, _) = heads.run(head, a, k), heads.run(head, b, k)
        both = (logits >= limit) & (other >= limit)
        place, worst = both.any(-1), 0.0
        if z is not None and place.any():
            worst = float(np.abs(np.exp(z) - np.exp(other_z))[place].max()) * 16 * 2**k
        tally.add(both.size, int(((logits >= limit) == (other >= limit)).sum()), int(both.sum()), worst)


def measure(program, path, frames, bits, folder):
    """The three tallies of one head."""
    net, trace = folder / "net", folder / "trace"
    run = lambda *command: subprocess.run([program, *map(str, command)], check=True, capture_output=True, text=True)
    run("compile", path, *frames[1:], "-o", net, "--calibrate", frames[0], "--input-bits", bits)
    head, notes = heads.load(path)[0], heads.load(net)[1]
    scale = float(notes["compile.input_scale"])
    rounded, stored, input_alone = Tally(), Tally(), Tally()
    for frame in frames:
        run("sim", net, frame, "--trace", trace)
        values, x = heads.load(trace)[0], np.load(frame).astype(float)
        read = np.clip(np.rint(x / scale), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) * scale
        rounded.add(*heads.compare(head, read, values, notes, SCALES, THRESHOLD)[:4])
        stored.add(*heads.compare(head, x, values, notes, SCALES, THRESHOLD)[:4])
        add_rounding(input_alone, head, x, read)
    return rounded, stored, input_alone


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("frames", nargs="+")
    parser.add_argument("--bits", default="8,12,14")
    parser.add_argument("--cofiber", default=str(ROOT / "build/cofiber"))
    options = parser.parse_args()
    print(f"{datetime.date.today()}, {len(options.frames)} frames\n")
    print("| head | input bits | gates that fire | circuit, features as read: decisions | pixels "
          "| circuit, features as stored: decisions | pixels | input alone: decisions | pixels |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for family in FAMILIES:
            make.save(folder / "head", make.head(*make.ROWS[family]))
            for bits in map(int, options.bits.split(",")):
                rounded, stored, alone = measure(options.cofiber, folder / "head", options.frames, bits, folder)
                fires = f"{100 * rounded.both / rounded.gates:.2f}%"
                print(f"| {family} | {bits} | {fires} | {rounded} | {stored} | {alone} |", flush=True)


if __name__ == "__main__":
    main()
