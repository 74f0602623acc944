#!/usr/bin/env python3
"""The part of scripts/bench_peers.sh that runs, checks and tabulates. Standard library only."""
import json
import os
import statistics
import struct
import subprocess
import sys

cofiber, scratch, head, frame = sys.argv[1:]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
REPEATS = os.environ.get("REPEATS", "100")
ISA = os.environ.get("ISA", "auto")
THREADS = os.environ.get("THREADS")
NET = f"{scratch}/net.cfn"
HERE = os.path.dirname(os.path.abspath(__file__))


def run(*command, threads=1, check=True):
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode and check:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout if done.returncode == 0 else None


def decisions(path):
    """All decisions of a decisions file, the groups in order of their names."""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    header.pop("__metadata__", None)
    return b"".join(data[slice(*header[name]["data_offsets"])] for name in sorted(header))


def has(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0


def find_peers():
    """The libraries to measure, each with the BLAS behind it; says what is left out, and why."""
    packages = {"numpy": "NumPy (python3-numpy)", "torch": "PyTorch (python3-torch)"}
    found = {}
    for library, package in packages.items():
        if not has(library):
            print(f"{package} is not installed: left out; scripts/setup.sh peers installs it where there is a package")
            continue
        about = json.loads(run(sys.executable, f"{HERE}/head.py", library, "--blas"))
        print(f"{library} {about['version']} multiplies with {about['blas']} ({about['mapped'] or 'nothing mapped'}); "
              f"NumPy's own configuration says: {about['configured']}")
        if library == "numpy" and about["blas"] != "OpenBLAS" and os.environ.get("ANY_BLAS") != "yes":
            print("numpy: this is not the OpenBLAS that it is meant to be measured with: left out; scripts/setup.sh "
                  "peers installs OpenBLAS, ANY_BLAS=yes measures what there is")
            continue
        found[library] = about["blas"]
    if not os.path.exists(f"{scratch}/onednn"):
        print("oneDNN (libdnnl-dev) is not installed: left out; scripts/setup.sh peers installs it")
    return found


def check_decisions(peers):
    ways = {"all gates": [], "decisions": ["--decisions"], "reference": ["--isa", "reference"]}
    found = {}
    for name, options in ways.items():
        run(cofiber, "sim", NET, frame, "-o", f"{scratch}/out", *options)
        found[name] = decisions(f"{scratch}/out")
    if len(set(found.values())) != 1:
        sys.exit("the simulator's modes decide differently")
    exact = found["reference"]
    print(f"decisions: {len(exact):,} in one frame, {sum(exact)} fire; all gates, decisions and reference are equal")
    for library in peers:
        out = f"{scratch}/{library}.npy"
        run(sys.executable, f"{HERE}/head.py", library, head, frame, out, "1", "1")
        with open(out, "rb") as file:
            floats = file.read()[-len(exact):]
        same = sum(a == b for a, b in zip(exact, floats))
        print(f"decisions: {library} in float32 agrees on {100 * same / len(exact):.4f}%")


def cosim(frames):
    """Milliseconds that the Verilated model takes for so many frames in one run, and what was compared; None without."""
    out = run(cofiber, "cosim", NET, *[frame] * frames, "--json", check=False)
    figures = json.loads(out) if out else None
    return figures and (1e3 * figures["seconds_per_frame"] * frames, figures)


def find_verilator():
    """Builds the model, or finds it built; says what is compared, or that it is left out."""
    if os.environ.get("VERILATOR") == "no":
        return False
    found = cosim(1)
    if not found:
        print("Verilator: cofiber cosim did not run here: left out")
        return False
    print(f"Verilator: {found[1]['compared']:,} gates compared, {found[1]['different']} differ")
    return True


def time_in_turns(peers, threads, verilator):
    """Medians over the rounds of each contender's own median, in milliseconds."""
    times = {}
    more = 10  # frames: what each costs after the first of a run is the difference of two runs

    def add(name, value):
        times.setdefault(name, []).append(value)

    for _ in range(ROUNDS):
        bench = json.loads(run(cofiber, "bench", NET, frame, "--engine", "word", "--isa", ISA, "--json",
                               "--threads", str(threads)))
        for one in bench["runs"]:
            if one["threads"] == threads:
                add(f"cofiber {one['mode']}", one["ms"])
        if verilator:
            first, all_frames = cosim(1)[0], cosim(1 + more)[0]
            add("Verilator, every gate, first frame of a run", first)
            add("Verilator, every gate, each frame more", (all_frames - first) / more)
        for library in peers:
            figures = json.loads(run(sys.executable, f"{HERE}/head.py", library, head, frame, f"{scratch}/x.npy",
                                     str(threads), REPEATS))
            for form, of in figures.items():
                add(f"{library} float32 with {peers[library]}, {form}", of["ms"])
        if os.path.exists(f"{scratch}/onednn"):
            for positions, kind in ((1600, "s8s8"), (1600, "u8s8"), (2100, "f32")):
                out = run(f"{scratch}/onednn", str(positions), "768", "80", kind, REPEATS, threads=threads)
                add(f"oneDNN {kind}, {positions} x 768 x 80 alone", float(out.split()[0]))
    return {name: statistics.median(values) for name, values in times.items()}


def main():
    peers = find_peers()
    check_decisions(peers)
    verilator = find_verilator()
    for threads in [int(THREADS)] if THREADS else sorted({1, os.cpu_count() or 1}):
        load = os.getloadavg()[0]
        times = time_in_turns(peers, threads, verilator and threads == 1)
        print(f"\n{threads} thread{'s' * (threads > 1)}, median of {ROUNDS} rounds in turns, {ISA}, load {load:.2f}\n")
        print("| contender | ms per frame | times cofiber --all-gates | times cofiber --decisions |")
        print("|---|---|---|---|")
        for name, value in sorted(times.items(), key=lambda item: item[1]):
            print(f"| {name} | {value:.3f} | {value / times['cofiber all gates']:.2f} "
                  f"| {value / times['cofiber decisions']:.2f} |")


main()
