#!/usr/bin/env python3
"""Writes a test bench around an exported gate-level Verilog module, and patterns for it.

    peer_wrapper.py MODULE.v LANES CYCLES FOLDER

FOLDER/bench.v drives every input from a register of LANES patterns and moves the registers round by one each cycle, so
that all inputs change; it prints the outputs of cycle 0, then runs CYCLES cycles and prints the XOR of all outputs.
FOLDER/patterns.hex holds the registers' first values; FOLDER/patterns.npy the same as frames [LANES, inputs, 1, 1]."""
import re
import sys

import numpy as np

module, lanes, cycles, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
text = open(module).read()
name = re.search(r"module (\w+)", text).group(1)
header = text[:text.index(");")]
inputs = len(re.findall(r"^  input ", header, re.M))
outputs = len(re.findall(r"^  output ", header, re.M))
bits = np.random.default_rng(1).integers(0, 2, (lanes, inputs))
np.save(folder + "/patterns.npy", bits.reshape(lanes, inputs, 1, 1).astype("f4"))
with open(folder + "/patterns.hex", "w") as f:
    for i in range(inputs):
        f.write("%x\n" % int("".join(map(str, bits[::-1, i])), 2))
ports = ",\n    ".join([f"x[{i}]" for i in range(inputs)] + [f"y[{i}]" for i in range(outputs)])
with open(folder + "/bench.v", "w") as f:
    f.write(f"""module bench;
  reg [{lanes - 1}:0] x [0:{inputs - 1}];
  wire [{lanes - 1}:0] y [0:{outputs - 1}];
  reg [{lanes - 1}:0] first, all; // `first` goes round
  reg clk;
  integer i, cycle;
  {name} dut ({ports});
  always @(posedge clk) begin
    first = x[0];
    for (i = 0; i < {inputs - 1}; i = i + 1) x[i] = x[i + 1];
    x[{inputs - 1}] = first;
  end
  initial begin
    clk = 0; all = 0;
    $readmemh("{folder}/patterns.hex", x);
    #1 for (i = 0; i < {outputs}; i = i + 1) $display("output %0d %h", i, y[i]);
    for (cycle = 0; cycle < {cycles}; cycle = cycle + 1) begin
      #1 clk = 1;
      #1 clk = 0; all = all ^ y[0];
    end
    $display("all %h", all);
    $finish;
  end
endmodule
""")
