#!/usr/bin/env python3
"""The circuit's function in float32, as a user would write it: times it, and writes its decisions.

    head.py numpy|torch HEAD FRAMES.npy OUT.npy THREADS REPEATS

HEAD is a safetensors file with `weight` [C, D] and `bias` [C]; FRAMES one float32 frame [D, H, W]. Two forms are timed:
`layers` follows the circuit (pool, subtract, classify, three scales); `linear` classifies the input once and pools and
subtracts the classes' scores. Prints one line of JSON: milliseconds, medians and fastest. OUT gets the decisions of
`layers`, one after another by scale, as uint8.

    head.py numpy|torch --blas

prints, as JSON, the library's version and the BLAS behind its matrix products: by name, the file that is mapped, and
what NumPy was configured with. The mapped file is what counts: Debian's libblas.so.3 is whatever was installed last.
"""
import json
import os
import re
import struct
import sys
import time

library = sys.argv[1]
head, frame, out, threads, repeats = sys.argv[2:] if sys.argv[2:] != ["--blas"] else ["", "", "", "1", "0"]
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = threads  # before the library is loaded
import numpy as np  # noqa: E402

SCALES = 3


def configured():
    """The BLAS that NumPy was built for, by its own account: old versions and new ones tell it differently."""
    config = getattr(np, "__config__", None)
    if hasattr(config, "CONFIG"):
        return str(config.CONFIG.get("Build Dependencies", {}).get("blas", {}).get("name", "unknown"))
    return ", ".join(getattr(config, "blas_opt_info", {}).get("libraries", [])) or "unknown"


def blas():
    """The BLAS of this process, after a product was made with it."""
    if library == "torch":
        import torch

        torch.ones(64, 64) @ torch.ones(64, 64)
    np.ones((64, 64), np.float32) @ np.ones((64, 64), np.float32)
    mapped = set()
    with open("/proc/self/maps") as file:
        for line in file:
            path = line.split(maxsplit=5)[5].strip() if len(line.split(maxsplit=5)) == 6 else ""
            if re.search(r"openblas|mkl|blis|atlas|libblas", path):
                mapped.add(path)
    for name, pattern in (("OpenBLAS", "openblas"), ("MKL", "mkl"), ("BLIS", "blis"), ("ATLAS", "atlas"),
                          ("reference BLAS", "libblas")):
        files = sorted(path for path in mapped if pattern in path)
        if files:
            return name, files[0]
    return "no BLAS", ""


def read_safetensors(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    return {
        name: np.frombuffer(data[slice(*of["data_offsets"])], "<f4").reshape(of["shape"])
        for name, of in header.items()
        if name != "__metadata__"
    }


def numpy_forms(weight, bias, x):
    def pool(a):
        c, h, w = a.shape
        return a.reshape(c, h // 2, 2, w // 2, 2).mean((2, 4))

    def up(a):
        return a.repeat(2, 1).repeat(2, 2)

    def classify(a):
        return weight @ a.reshape(a.shape[0], -1) + bias[:, None] >= 0

    def layers():
        fine, decisions = x, []
        for scale in range(SCALES):
            if scale == SCALES - 1:
                decisions.append(classify(fine))
                break
            coarse = pool(fine)
            decisions.append(classify(fine - up(coarse)))
            fine = coarse
        return decisions

    def linear():
        fine, decisions = (weight @ x.reshape(x.shape[0], -1)).reshape(-1, *x.shape[1:]), []
        for scale in range(SCALES):
            coarse = pool(fine)
            band = fine if scale == SCALES - 1 else fine - up(coarse)
            decisions.append(band.reshape(band.shape[0], -1) + bias[:, None] >= 0)
            fine = coarse
        return decisions

    return {"layers": layers, "linear": linear}


def torch_forms(weight, bias, x):
    import torch
    import torch.nn.functional as F

    torch.set_num_threads(int(threads))
    weight, bias, x = (torch.from_numpy(a.copy()) for a in (weight, bias, x))

    def classify(a):
        return weight @ a.reshape(a.shape[0], -1) + bias[:, None] >= 0

    def run(first, last):
        fine, decisions = first[None], []
        for scale in range(SCALES):
            if scale == SCALES - 1:
                decisions.append(last(fine[0]))
                break
            coarse = F.avg_pool2d(fine, 2)
            decisions.append(last(fine[0] - F.interpolate(coarse, scale_factor=2)[0]))
            fine = coarse
        return [d.numpy() for d in decisions]

    def linear():
        scores = (weight @ x.reshape(x.shape[0], -1)).reshape(-1, *x.shape[1:])
        return run(scores, lambda a: a.reshape(a.shape[0], -1) + bias[:, None] >= 0)

    def without_gradients(form):
        def wrapped():
            with torch.no_grad():
                return form()

        return wrapped

    return {"layers": without_gradients(lambda: run(x, classify)), "linear": without_gradients(linear)}


if sys.argv[2:] == ["--blas"]:
    name, path = blas()
    print(json.dumps({"version": sys.modules[library].__version__, "blas": name, "mapped": path,
                      "configured": configured()}))
    sys.exit()
tensors = read_safetensors(head)
forms = (numpy_forms if library == "numpy" else torch_forms)(
    tensors["weight"], tensors["bias"], np.load(frame).astype(np.float32)
)
figures = {}
for name, form in forms.items():
    times = []
    for _ in range(int(repeats) + 3):
        start = time.perf_counter()
        decisions = form()
        times.append(1e3 * (time.perf_counter() - start))
    times = sorted(times[3:])
    figures[name] = {"ms": times[len(times) // 2], "fastest_ms": times[0]}
    if name == "layers":
        # [C, positions] of each scale becomes [positions, C], as the simulator writes them.
        np.save(out, np.concatenate([d.T.reshape(-1) for d in decisions]).astype(np.uint8))
print(json.dumps(figures))
