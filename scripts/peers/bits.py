#!/usr/bin/env python3
"""What bench_bits_peers.sh needs besides the tools themselves.

    bits.py run LIMIT OUT COMMAND...      runs it with its output in OUT; prints CPU seconds, wall seconds, peak MB.
                                          Exit status 1 when it fails or takes more than LIMIT seconds.
    bits.py gates NET COUNT               names of the first COUNT classifiers of scale 0, class by class
    bits.py patterns CUT COUNT FOLDER     random operands of the cut's input: words.npy (frames [COUNT, N, 1, 1]),
                                          bits.npy (the same as bits, least significant first), bits.txt (a line each)
    bits.py outputs DECISIONS             the outputs as lines of 0 and 1, a pattern each
    bits.py figures JSON                  of `bench --json`: ms, programs_ms, frames and isa of the bit engine
    bits.py verilog MODULE FOLDER LANES   FOLDER/bench.v around an exported gate-level module, LANES patterns a wire;
                                          its patterns are those of FOLDER/../bits.npy
    bits.py lanes LOG                     what such a bench printed, as lines of 0 and 1
"""
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

import numpy as np


def run(limit, out, *command):
    start = time.monotonic()
    with open(out, "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            status = process.wait(timeout=float(limit))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # compilers that a peer called as well
            status = process.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{used.ru_utime + used.ru_stime:.3f} {time.monotonic() - start:.3f} {used.ru_maxrss // 1024}")
    sys.exit(status != 0)


def tensors(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = f.read()
    kinds = {"U8": "u1", "I32": "<i4", "I64": "<i8"}
    return {name: np.frombuffer(data[slice(*t["data_offsets"])], kinds[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items() if name != "__metadata__" and t["dtype"] in kinds}


def gates(net, count):
    _, width, classes = tensors(net)["s0.classify.cell"].shape
    for k in range(int(count)):
        position = k // classes
        print(f"s0.classify[{position // width},{position % width},{k % classes}]", end=" ")


def patterns(cut, count, folder):
    t = tensors(cut)
    inputs, (bits, signed) = int(t["input.shape"].prod()), t["group.type"][0, :2]
    low = -(1 << bits - 1) if signed else 0
    words = np.random.default_rng(1).integers(low, low + (1 << bits), (int(count), inputs))
    flat = (words[:, :, None] >> np.arange(bits) & 1).reshape(len(words), -1)
    np.save(f"{folder}/words.npy", words.astype("f4")[:, :, None, None])
    np.save(f"{folder}/bits.npy", flat.astype("f4")[:, :, None, None])
    np.savetxt(f"{folder}/bits.txt", flat, fmt="%d", delimiter="")


def outputs(decisions):
    (values,) = tensors(decisions).values()
    for row in values.reshape(len(values), -1):
        print("".join(map(str, row)))


def figures(path):
    bits = json.load(open(path))["bits"]
    print(bits["ms"], bits["programs_ms"], bits["frames"], bits["isa"])


def verilog(module, folder, lanes):
    """The bench prints the outputs of all patterns, then moves the inputs round by one so many times as the argument
    +cycles=N of the simulation says and prints the XOR of what comes out, so that runs of two lengths give the time of
    a cycle. Inputs change at clock edges alone: Verilator does not see what an initial block assigns after a delay.
    """
    lanes = int(lanes)
    text = open(module).read()
    name = re.search(r"module (\w+)", text).group(1)
    widths = {way: [int(high) - int(low) + 1 if lanes == 1 and high else 1  # with several lanes, every bit is a port
                    for high, low in re.findall(rf"^  {way} (?:\[(-?\d+):(-?\d+)\] )?", text, re.M)]
              for way in ("input", "output")}
    inputs, results = sum(widths["input"]), sum(widths["output"])
    bits = np.load(folder + "/../bits.npy").reshape(-1, inputs).astype(int)
    blocks = len(bits) // lanes
    with open(folder + "/patterns.hex", "w") as f:
        for block in bits.reshape(blocks, lanes, inputs):
            for column in block.T[:, ::-1]:
                f.write("%x\n" % int("".join(map(str, column)), 2))
    ports = []
    for way, name_of in (("input", "x"), ("output", "y")):
        first = 0
        for width in widths[way]:
            ports.append("{" + ", ".join(f"{name_of}[{i}]" for i in reversed(range(first, first + width))) + "}")
            first += width
    ports = ",\n    ".join(ports)
    with open(folder + "/bench.v", "w") as f:
        f.write(f"""module bench;
  reg [{lanes - 1}:0] pattern [0:{blocks * inputs - 1}];
  reg [{lanes - 1}:0] x [0:{inputs - 1}];
  wire [{lanes - 1}:0] y [0:{results - 1}];
  reg [{lanes - 1}:0] first, all; // `first` goes round
  reg clk, loading;
  integer i, o, block, cycle, cycles;
  {name} dut ({ports});
  always @(posedge clk)
    if (loading) begin
      for (i = 0; i < {inputs}; i = i + 1) x[i] = pattern[block * {inputs} + i];
    end else begin
      first = x[0];
      for (i = 0; i < {inputs - 1}; i = i + 1) x[i] = x[i + 1];
      x[{inputs - 1}] = first;
    end
  initial begin
    clk = 0; all = 0; loading = 1;
    if (!$value$plusargs("cycles=%d", cycles)) cycles = 0;
    $readmemh("{folder}/patterns.hex", pattern);
    for (block = 0; block < {blocks}; block = block + 1) begin
      #1 clk = 1;
      #1 clk = 0;
      for (o = 0; o < {results}; o = o + 1) $display("output %0d %0d %h", block, o, y[o]);
    end
    loading = 0;
    for (cycle = 0; cycle < cycles; cycle = cycle + 1) begin
      #1 clk = 1;
      #1 clk = 0;
      all = all ^ y[0];
    end
    $display("lanes {lanes} all %h", all);
    $finish;
  end
endmodule
""")


def lanes(log):
    text = open(log).read()
    count, found = int(re.search(r"^lanes (\d+)", text, re.M).group(1)), {}
    for block, output, value in re.findall(r"^output (\d+) (\d+) ([0-9a-f]+)", text, re.M):
        for lane in range(count):
            found[int(block) * count + lane, int(output)] = int(value, 16) >> lane & 1
    results = 1 + max(output for _, output in found)
    for pattern in range(len(found) // results):
        print("".join(str(found[pattern, output]) for output in range(results)))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
