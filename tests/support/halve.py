#!/usr/bin/env python3
"""Sets a random half of the weights of a head (the F32 tensor of rank 2) to 0: halve.py HEAD OUT. Standard library only."""
import random
import sys

from netlistfile import read_safetensors, safetensors

with open(sys.argv[1], "rb") as file:
    tensors, meta = read_safetensors(file.read())
(name,) = [n for n, (dtype, shape, _) in tensors.items() if len(shape) == 2]
dtype, shape, values = tensors[name]
for at in random.Random(1).sample(range(len(values)), len(values) // 2):
    values[at] = 0.0
with open(sys.argv[2], "wb") as file:
    file.write(safetensors(tensors, meta))
