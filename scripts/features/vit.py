#!/usr/bin/env python3
"""Frames from photographs: the patch features of a vision transformer whose weights you have, in PyTorch.

    scripts/features/vit.py PHOTO... -o FRAMES.npy --model FILE.py:FUNCTION [--weights FILE]
    scripts/features/vit.py PHOTO... -o FRAMES.npy --model FILE.pt        (TorchScript, weights included)

A photograph is resized to a square of 640 x 640 pixels, and normalised with ImageNet's mean and deviation. The model
takes [1, 3, 640, 640] and gives tokens, of which the last 40 x 40 are the patches, row by row, at stride 16: class and
register tokens, which stand before them, are dropped. Accepted are [1, tokens, D], [1, D, 40, 40], a dictionary with
`x_norm_patchtokens` or `last_hidden_state`, and an object that has one of these. FUNCTION takes no arguments and returns
the module, for instance:

    def make():                                        # dinov3.py: --model dinov3.py:make --weights weights.pth
        import torch
        return torch.hub.load("FOLDER", "dinov3_vitb16", source="local", pretrained=False)

Frames are written as [D, 40, 40] for one photograph and [N, D, 40, 40] for several, float32 or, with --half, float16.
"""
import argparse
import importlib.util
import os
import sys

import numpy as np
import torch
from PIL import Image

SIDE, STRIDE = 40, 16
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Refused(Exception):
    """One line for the user."""


def load_model(spec, weights):
    """The module that `spec` names, with its weights, ready to run."""
    if ":" in os.path.basename(spec):
        path, function = spec.rsplit(":", 1)
        module_spec = importlib.util.spec_from_file_location("model_of_the_user", path)
        if not os.path.exists(path) or module_spec is None:
            raise Refused(f"{path}: no such file of Python")
        module = importlib.util.module_from_spec(module_spec)
        module_spec.loader.exec_module(module)
        model = getattr(module, function)()
        if weights:
            state = torch.load(weights, map_location="cpu", weights_only=True)
            for key in ("model", "state_dict"):
                state = state[key] if isinstance(state, dict) and isinstance(state.get(key), dict) else state
            model.load_state_dict(state)
    else:
        if weights:
            raise Refused("--weights is for models of FILE.py:FUNCTION: TorchScript has its own")
        model = torch.jit.load(spec, map_location="cpu")
    return model.eval()


def pixels_of(path):
    """The photograph as the model takes it: [1, 3, 640, 640]."""
    try:
        photo = Image.open(path).convert("RGB").resize((SIDE * STRIDE, SIDE * STRIDE), Image.BICUBIC)
    except OSError as problem:
        raise Refused(f"{path}: {problem}") from None
    pixels = (np.asarray(photo, dtype=np.float32) / 255 - np.float32(MEAN)) / np.float32(DEVIATION)
    return torch.from_numpy(pixels.transpose(2, 0, 1)[np.newaxis].copy())


def patches_of(output):
    """The patches among what the model gives: [D, 40, 40]."""
    for name in ("x_norm_patchtokens", "last_hidden_state"):
        if isinstance(output, dict) and name in output:
            output = output[name]
        elif hasattr(output, name):
            output = getattr(output, name)
    if isinstance(output, (tuple, list)):
        output = output[0]
    if not torch.is_tensor(output) or output.shape[0] != 1 or output.ndim not in (3, 4):
        raise Refused(f"the model gives {getattr(output, 'shape', type(output))}, which is neither tokens nor a grid")
    if output.ndim == 4:
        if tuple(output.shape[2:]) != (SIDE, SIDE):
            raise Refused(f"the model gives a grid of {tuple(output.shape[2:])}: 40 x 40 at stride 16 are wanted")
        return output[0]
    extra = output.shape[1] - SIDE * SIDE
    if extra < 0:
        raise Refused(f"the model gives {output.shape[1]} tokens: 40 x 40 patches at stride 16 are wanted")
    return output[0, extra:].T.reshape(-1, SIDE, SIDE)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+", metavar="PHOTO")
    parser.add_argument("-o", dest="out", required=True, metavar="FRAMES.npy")
    parser.add_argument("--model", required=True, metavar="FILE.py:FUNCTION|FILE.pt")
    parser.add_argument("--weights", metavar="FILE", help="a state dictionary, as torch.save wrote it")
    parser.add_argument("--half", action="store_true", help="write float16")
    arguments = parser.parse_args()
    try:
        if not arguments.out.endswith(".npy"):
            raise Refused(f"{arguments.out}: a name that ends in .npy is wanted")
        model = load_model(arguments.model, arguments.weights)
        frames = []
        with torch.no_grad():
            for photo in arguments.photos:
                print(photo, file=sys.stderr)
                frames.append(patches_of(model(pixels_of(photo))).float().numpy())
    except Exception as problem:  # of the user's model, too
        print(f"vit.py: {(str(problem) or repr(problem)).splitlines()[0]}", file=sys.stderr)
        return 2
    array = frames[0] if len(frames) == 1 else np.stack(frames)
    partial = arguments.out + ".part"
    with open(partial, "wb") as file:
        np.save(file, array.astype(np.float16 if arguments.half else np.float32))
    os.replace(partial, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
