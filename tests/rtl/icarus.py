#!/usr/bin/env python3
"""Runs emitted Verilog in Icarus Verilog and compares every gate with a trace.

    icarus.py TRACE VERILOG...       TRACE: from `cofiber sim --trace`; VERILOG: the files that hold cofiber_top

A second simulator beside Verilator, with an event queue and four-valued logic: an undriven wire is x here, not 0.
Prints how many values were compared, or the first gate that differs (status 1). Standard library and iverilog only.
"""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from netlistfile import product, read_safetensors


def plain(name):
    return re.sub(r"[._]+", "_", name).strip("_")


class Group:
    def __init__(self, name, shape, values, text):
        self.name, self.frames = name, shape[0]
        self.positions, self.lanes = shape[1:-1], shape[-1]
        self.rows, self.values = product(self.positions), values
        wires = re.findall(r"wire \[\d+\*(\d+)-1:0\] ((?:g\d+_)?%s)_0" % plain(name), text)
        self.width, self.identifier = int(wires[0][0]), wires[0][1]

    def position(self, row):
        index = []
        for size in reversed(self.positions):
            index.insert(0, row % size)
            row //= size
        return index

    def wire(self, row):
        return "_".join([self.identifier] + [str(i) for i in self.position(row) or [0]])

    def gate(self, row, lane):
        return "%s[%s]" % (self.name, ",".join(str(i) for i in self.position(row) + [lane]))

    def bits(self, frame, row):
        """The row's lanes as one integer, lane 0 in the low bits."""
        start = (frame * self.rows + row) * self.lanes
        mask = (1 << self.width) - 1
        return sum((int(v) & mask) << (i * self.width) for i, v in enumerate(self.values[start : start + self.lanes]))


def testbench(source, groups):
    """Sets the input rows of each frame and prints all others, one a line."""
    size = source.lanes * source.width
    rows = [source.wire(r) for r in range(source.rows)]
    lines = ["module testbench;"] + ["reg [%d:0] %s;" % (size - 1, row) for row in rows]
    lines.append("cofiber_top dut (%s);" % ", ".join(".%s(%s)" % (row, row) for row in rows))
    lines.append("initial begin")
    for frame in range(source.frames):
        lines += ["%s = %d'h%x;" % (rows[r], size, source.bits(frame, r)) for r in range(source.rows)]
        lines.append("#1;")
        lines += ['$display("%%b", dut.%s);' % g.wire(r) for g in groups for r in range(g.rows)]
    return "\n".join(lines + ["end", "endmodule", ""])


def run(files, bench):
    with tempfile.TemporaryDirectory() as folder:
        path, program = os.path.join(folder, "testbench.v"), os.path.join(folder, "program")
        with open(path, "w") as file:
            file.write(bench)
        subprocess.run(["iverilog", "-g2005", "-o", program, "-s", "testbench", path] + files, check=True)
        return subprocess.run(["vvp", "-n", program], check=True, capture_output=True, text=True).stdout.split()


def compare(groups, frames, lines):
    compared = 0
    lines = iter(lines)
    for frame in range(frames):
        for group in groups:
            for row in range(group.rows):
                found, expected = next(lines), group.bits(frame, row)
                for lane in range(group.lanes):
                    end = len(found) - lane * group.width
                    want = expected >> (lane * group.width) & ((1 << group.width) - 1)
                    if found[end - group.width : end] != format(want, "0%db" % group.width):
                        sys.exit("frame %d: %s differs" % (frame, group.gate(row, lane)))
                    compared += 1
    return compared


def main():
    with open(sys.argv[1], "rb") as file:
        tensors, _ = read_safetensors(file.read())
    files = sys.argv[2:]
    directory = os.path.dirname(files[0])
    with open(os.path.join(directory, "cofiber_top.v")) as file:
        text = file.read()
    groups = [Group(name, shape, values, text) for name, (_, shape, values) in tensors.items()]
    source = next(g for g in groups if g.name == "input")
    groups.remove(source)
    print("%d values compared" % compare(groups, source.frames, run(files, testbench(source, groups))))


if __name__ == "__main__":
    main()
