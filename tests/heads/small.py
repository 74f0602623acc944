"""Made the heads of tests/fixtures/heads that other tools are not needed for: `small.py FOLDER`."""
import pathlib
import sys

import make
import numpy as np

folder = pathlib.Path(sys.argv[1])
codes = np.arange(12, dtype=np.float32).reshape(3, 4) - 5
weight, bias = codes / 8, np.arange(3, dtype=np.float32) - 1
make.save(folder / "turned.safetensors", {"weight": weight.T.copy(), "bias": bias})
make.save(folder / "no_bias.safetensors", {"weight": weight})
make.save(folder / "per_band.safetensors",
          {"cls.0.weight": weight, "cls.0.bias": bias, "cls.1.weight": weight[::-1].copy() * 3, "cls.1.bias": bias})  # fmt: skip
boxes = make.head("box32", channels=4, classes=3, scales=2)
boxes["cls_bias"] += np.float32(4)
boxes["cls_weight"] *= np.float32(20)
make.save(folder / "boxes.safetensors", boxes)
np.save(folder / "frame.npy", np.random.default_rng(5).gamma(0.3, 0.8, (4, 8, 8)).astype(np.float32))
