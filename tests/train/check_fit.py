#!/usr/bin/env python3
"""`check_fit.py LINEAR DIM FRAMES.npy SCALES EXPLAINED`: DIM's classifier is the least-squares fit of LINEAR's logits on all
positions of the frames, which NumPy finds as well, and has the share EXPLAINED of their variance."""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "oracle"))
import heads


def main():
    linear, dim = heads.load(sys.argv[1])[0], heads.load(sys.argv[2])[0]
    scales, width = int(sys.argv[4]), len(dim["project_weight"])
    inner = {name: value for name, value in dim.items() if name.startswith(("norm", "project"))}
    inner |= {"cls_weight": np.eye(width), "cls_bias": np.zeros(width)}
    wanted, given = [], []
    for frame in np.load(sys.argv[3]).astype(float):
        for k, band in enumerate(heads.bands(frame, scales)):
            wanted.append(heads.run(linear, band, k)[0].reshape(-1, len(linear["cls_bias"])))
            given.append(heads.run(inner, band, k)[0].reshape(-1, width))
    wanted, given = np.concatenate(wanted), np.concatenate(given)
    given = np.hstack([given, np.ones((len(given), 1))])
    fit = np.linalg.lstsq(given, wanted, rcond=None)[0]
    found = np.vstack([dim["cls_weight"].T, dim["cls_bias"]])
    off = np.abs(found - fit).max() / np.abs(fit).max()
    explained = 1 - (wanted - given @ fit).var(0).sum() / wanted.var(0).sum()
    print(f"off by {off:.2e}; {explained:.6f} explained")
    assert off < 1e-4 and abs(explained - float(sys.argv[5])) < 1e-4


main()
