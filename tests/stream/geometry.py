#!/usr/bin/env python3
"""Prints a random geometry for a seed: CLASSES CHANNELS HEIGHT WIDTH SCALES, the options of compile, '|', and those of
verilog and cosim. Channels need not be a multiple of the lanes, nor classes of the parallel ones. With a third argument,
"shared", one that the shared core takes."""
import random
import sys

source = random.Random(int(sys.argv[1]))
scales = source.choice([1, 2, 2, 3, 3, 4])
side = 2**scales
largest = int(sys.argv[2]) if len(sys.argv) > 2 else 8
shared = len(sys.argv) > 3 and sys.argv[3] == "shared"
channels = source.choice([1, 2, 3, 5, 7, 8, 12, 16])
classes = source.choice([1, 2, 3, 4, 5, 7, 9])
height, width = (side * source.randint(1, max(1, largest // side)) for _ in range(2))
compile_options = [
    "--upsample", source.choice(["nearest", "bilinear"]),
    "--top", source.choice(["residual", "cofiber"]),
    "--pools", source.choice(["direct", "iterated"]),
    "--input-bits", source.choice([8, 8, 2, 4, 12, 16]),
]  # fmt: skip
if shared:
    compile_options[1] = "nearest"
    compile_options[-1] = source.choice([8, 8, 2, 4])
options = [
    "--lanes", source.randint(1, channels),
    "--parallel-classes", source.randint(1, classes),
    "--weights", source.choice(["rom", "loadable"]),
    "--multipliers", source.choice(["dsp", "logic"]),
    "--stalls", source.choice([0, 20, 50]),
]  # fmt: skip
options += [word for word in ("--sparse", "--no-pipeline") if source.random() < 0.5]
if source.random() < 0.15:
    options[:8] = ["--weights", "constants"]
if shared:
    options = ["--fit", "ice40up5k", "--stalls", options[options.index("--stalls") + 1]]
print(classes, channels, height, width, scales, *compile_options, "|", *options)
