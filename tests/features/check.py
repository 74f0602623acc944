#!/usr/bin/env python3
"""check.py vit PHOTO FRAME | inception FRAME SHAPE: holds a frame against what the script says it is.

A tiny transformer's features are its patch embedding, worked out here in NumPy from the photograph.
"""
import sys

import numpy as np


def patch_features(photo):
    import torch
    from PIL import Image

    sys.path.insert(0, __file__.rsplit("/", 1)[0])
    import tiny

    layer = tiny.tokens().patch
    weight, bias = layer.weight.detach().numpy().astype(float), layer.bias.detach().numpy().astype(float)
    pixels = np.asarray(Image.open(photo).convert("RGB").resize((640, 640), Image.BICUBIC)) / 255
    pixels = (pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    blocks = pixels.reshape(40, 16, 40, 16, 3)
    return np.einsum("iajbc,dcab->dij", blocks, weight) + bias[:, None, None]


kind, *words = sys.argv[1:]
if kind == "vit":
    frame, wanted = np.load(words[1]), patch_features(words[0])
    wanted = np.broadcast_to(wanted, frame.shape)
    error = float(np.abs(frame - wanted).max())
    print(f"shape {list(frame.shape)}, largest difference {error:.3g}")
    sys.exit(error > (0.01 if frame.dtype == np.float16 else 1e-4))
frame = np.load(words[0])
good = str(list(frame.shape)) == words[1] and frame.dtype == np.float32 and frame.min() == 0 and np.isfinite(frame).all()
print(f"shape {list(frame.shape)}, {np.mean(frame != 0):.3f} of the features are not zero, largest {frame.max():.3f}")
sys.exit(not (good and 0.02 < np.mean(frame != 0) < 0.6 and 0.5 < frame.max() < 30))
