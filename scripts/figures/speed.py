#!/usr/bin/env python3
"""Prints the table of docs/performance.md that sets the simulator beside the machine's limits, measured now.

    scripts/figures/speed.py [ISA [UPSAMPLE]]

ISA is auto, the best of this machine, unless it is given; UPSAMPLE is nearest, or bilinear.

Each figure is the median of RUNS (5) runs of `cofiber bench` on the example, SECONDS_EACH (0.3) seconds a line. Where
other jobs share the machine, FASTEST_TENTH=yes takes from each run of the word engine the time that the fastest tenth of
its samples stays below, instead of their median.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COFIBER = ROOT / "build/cofiber"
FRAME = next((ROOT / "examples").glob("*.npy"))


def cofiber(*arguments):
    return subprocess.run([COFIBER, *arguments], check=True, capture_output=True, text=True).stdout


def measure(isa, upsample, folder):
    net = f"{folder}/net"
    cofiber("compile", ROOT / "examples/head_nearest_fp32.safetensors", "-o", net, "--calibrate", FRAME,
            "--score-threshold", "0.1", "--upsample", upsample)
    runs = [json.loads(cofiber("bench", net, FRAME, "--isa", isa, "--seconds", os.environ.get("SECONDS_EACH", "0.3"),
                               "--json")) for _ in range(int(os.environ.get("RUNS", "5")))]

    def median(path):
        values = []
        for value in runs:
            for key in path:
                value = value[key]
            values.append(value)
        return statistics.median(values)

    return runs, median


def main():
    if not COFIBER.exists():
        print(f"speed.py: there is no {COFIBER}: build it with 'make tests'", file=sys.stderr)
        sys.exit(2)
    isa = sys.argv[1] if len(sys.argv) > 1 else "auto"
    upsample = sys.argv[2] if len(sys.argv) > 2 else "nearest"
    with tempfile.TemporaryDirectory() as folder:
        runs, median = measure(isa, upsample, folder)
    time = "ms_p10" if os.environ.get("FASTEST_TENTH") == "yes" else "ms"
    threads = max(run["threads"] for run in runs[0]["runs"])
    print(f"{runs[0]['runs'][0]['isa']}, {upsample}, median of {len(runs)} runs, load {median(['load']):.1f}\n")
    print("| | ms per frame | limit | ratio |\n|---|---|---|---|")
    for mode, key in (("all gates", "all_gates"), ("decisions", "decisions")):
        limit = median([key, "limit_ms"])
        for count in sorted({1, threads}):
            ms = statistics.median(run[time] for bench in runs for run in bench["runs"]
                                   if run["mode"] == mode and run["threads"] == count)
            print(f"| {mode}, {count} thread{'s' * (count > 1)} | {ms:.3f} | {limit / count:.3f} | "
                  f"{ms * count / limit:.2f} |")
    for label, key in (("bit engine: every gate as binary gates, 1 thread, several frames at once", "bits"),
                       ("bit engine, one frame alone", "bits_one_frame")):
        if key in runs[0]:
            rate, ceiling = median([key, "fa_lanes_per_s"]), median([key, "ceiling_fa_lanes_per_s"])
            print(f"| {label} | {median([key, 'ms']):.2f}, or {rate:.2e} | {ceiling:.2e} lanes/s from registers | "
                  f"{rate / ceiling:.2f} of it |")
    ms, copy = ([median(["quantise", kind, key]) for kind in ("f32", "f16")] for key in ("ms", "copy_ms"))
    print(f"| quantising a frame of f32 (f16), beside copying it | {ms[0]:.3f} ({ms[1]:.3f}) | {copy[0]:.3f} "
          f"({copy[1]:.3f}) | {ms[0] / copy[0]:.1f} ({ms[1] / copy[1]:.1f}) |")
    traffic, limit = median(["all_gates", "traffic_ms"]), median(["all_gates", "limit_ms"])
    ms = statistics.median(run[time] for bench in runs for run in bench["runs"]
                           if run["mode"] == "all gates" and run["threads"] == 1)
    print(f"\nReading the input and writing all gates' values alone takes {traffic:.3f} ms with one thread. All gates take "
          f"{ms / (limit + traffic):.2f} times as long as limit and traffic together.")


if __name__ == "__main__":
    main()
