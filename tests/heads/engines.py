#!/usr/bin/env python3
"""Random small heads of the families with a LayerNorm: the word engine's outputs are those of the reference.

    engines.py BUILD COUNT [SEED]      ends with 'N passed, N failed'

Each head is compiled with random options and simulated for its decisions alone and for all gates, with the kernels of
every instruction set that the processor has and with 1 and 2 threads. Every second netlist has one gate that reads other
nets, so that what an engine recognises in its group does not hold for all of it. The first head is one for which decisions were
once evaluated before what they depend on.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import make
import numpy as np


def options(noise):
    """A family, its channels and classes, and the options of the compiler."""
    scales = noise.choice([1, 1, 2, 3])
    grid = [noise.choice([1, 2, 3]) << scales for _ in range(2)]
    more = ["--grid", "%dx%d" % tuple(grid), "--scales", str(scales),
            "--upsample", noise.choice(["nearest", "bilinear"]), "--pools", noise.choice(["direct", "iterated"]),
            "--top", noise.choice(["residual", "cofiber"]), "--score-threshold", noise.choice(["0.5", "0.3"])]  # fmt: skip
    if noise.random() < 0.3:
        more.append("--sweep")
    if noise.random() < 0.3:
        more += ["--input-bits", "12"]
    family = noise.choice(["linear", "box32", "dim5"])
    return family, noise.choice([4, 7, 16, 33, 64, 96]), noise.choice([1, 3, 8, 17, 40]), scales, grid, more


def mutate(path, noise, group=None):
    """Lets one gate of the netlist, of a group if one is named, read what another gate of its group reads."""
    data = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    tensors = json.loads(data[8:start])
    name = group + ".base" if group else noise.choice(sorted(t for t in tensors if t.endswith(".base")))
    *shape, ports = tensors[name]["shape"]
    begin, end = tensors[name]["data_offsets"]
    bases = np.frombuffer(data, np.int32, (end - begin) // 4, start + begin).copy().reshape(-1, ports)
    gate, other = (noise.randrange(len(bases)) for _ in range(2))
    bases[gate] = bases[other]
    data[start + begin : start + end] = bases.tobytes()
    path.write_bytes(data)
    return "gate %d of %s reads as gate %d" % (gate, name, other)


def each_group(run, folder):
    """A head large enough that its decisions come from the classified input and from runs of rows: for each of its groups,
    whether the decisions are the reference's where one gate of the group reads other nets."""
    make.save(folder / "head", make.head("linear", channels=64, classes=40, scales=3))
    np.save(folder / "frame.npy", np.random.default_rng(1).normal(0.3, 0.8, (64, 24, 24)).astype(np.float32))
    good = run("compile", "head", "-o", "net", "--input-scale", "0.05", "--grid", "24x24")
    whole = (folder / "net").read_bytes()
    for group in ["s%d.%s" % (k, g) for k in range(3) for g in ("subtract", "sum", "root", "classify", "box", "center")]:
        (folder / "net").write_bytes(whole)
        mutation = mutate(folder / "net", random.Random(3), group)
        same = good and run("sim", "net", "frame.npy", "--isa", "reference", "-o", "expected")
        same = same and run("sim", "net", "frame.npy", "--decisions", "-o", "found")
        same = same and (folder / "found").read_bytes() == (folder / "expected").read_bytes()
        if not same:
            print("FAILED decisions where %s" % mutation)
        yield bool(same)


def main():
    program, count = pathlib.Path(sys.argv[1]).resolve() / "cofiber", int(sys.argv[2])
    noise = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    cases = [("linear", 16, 1, 1, [6, 6], ["--grid", "6x6", "--scales", "1", "--upsample", "bilinear"])]
    cases += [options(noise) for _ in range(count - 1)]
    flags = " %s " % pathlib.Path("/proc/cpuinfo").read_text().replace("\n", " ")
    isas = ["portable"] + [i for i, flag in (("avx2", "avx2"), ("avx512", "avx512_vnni")) if " %s " % flag in flags]
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:

        def run(*command):
            done = subprocess.run([program, *command], cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
            return done.returncode == 0 or print("cofiber %s: %s" % (" ".join(command), done.stderr.decode()[:200]))

        for same in each_group(run, pathlib.Path(folder)):
            passed, failed = passed + same, failed + (not same)
        for number, (family, channels, classes, scales, grid, more) in enumerate(cases):
            make.save(pathlib.Path(folder, "head"), make.head(family, channels=channels, classes=classes, scales=scales))
            frame = np.random.default_rng(number).normal(0.3, 0.8, (channels, *grid)).astype(np.float32)
            np.save(pathlib.Path(folder, "frame.npy"), frame)
            good = run("compile", "head", "-o", "net", "--input-scale", "0.05", *more)
            if good and number % 2:
                whole = pathlib.Path(folder, "net").read_bytes()
                more = more + [mutate(pathlib.Path(folder, "net"), noise)]
                if subprocess.run([program, "check", "net"], cwd=folder, capture_output=True).returncode:
                    pathlib.Path(folder, "net").write_bytes(whole)  # the other gate's nets are not of the same types
            good = good and run("sim", "net", "frame.npy", "--isa", "reference", "-o", "expected")
            for isa in isas:
                for threads in ("1", "2"):
                    for mode in ("--decisions", "--all-gates"):
                        same = good and run("sim", "net", "frame.npy", "--isa", isa, "--threads", threads, mode, "-o", "found")
                        same = same and pathlib.Path(folder, "found").read_bytes() == pathlib.Path(folder, "expected").read_bytes()
                        passed, failed = passed + bool(same), failed + (not same)
                        if not same:
                            print("FAILED %s, %d channels, %d classes, %s: %s %s, %s threads" %
                                  (family, channels, classes, " ".join(more), isa, mode, threads))  # fmt: skip
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
