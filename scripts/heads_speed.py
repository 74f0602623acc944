#!/usr/bin/env python3
"""How long linear_70k takes beside the bare classifier, one thread, and how many products its decisions need at least.

    scripts/heads_speed.py [--frame FRAME.npy] [--isa avx512,avx2] [--rounds 5] [--cofiber PROGRAM]

The heads are those of tests/heads/make.py. Each round measures both with `cofiber bench`, one after the other; a round's
time is the tenth percentile of the samples, which other jobs on the machine disturb less than the median, and the table
has the medians over the rounds. The products are counted for heads whose LayerNorms make the weights of each scale
others, so that no scale's products follow from another's; two numbers are given for the circuit's nearest upsampling:
multiply-adds, and multiply-adds times the bytes of their operands, which is what counts where an instruction takes as
many operands as fit its register.
"""
import argparse
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/heads"))
import make  # noqa: E402

CHANNELS, CLASSES, BOX = 768, 80, 5  # of a position: four sides and the centerness
POSITIONS = (1600, 400, 100)


def products():
    """(multiply-adds, those times bytes) of the decisions of linear_70k, each divided by the bare classifier's."""
    all_positions, first, rest = sum(POSITIONS), POSITIONS[0], sum(POSITIONS[1:])
    bare = first * CLASSES  # of the input, in bytes
    squares, sums = all_positions, first  # the sums of bands follow from those of the input
    count = all_positions * (CLASSES + BOX) + squares + sums
    # The largest scale's classifiers take the input and weights of a byte; box weights and bands have two.
    bytes_ = first * (CLASSES + 2 * BOX) + rest * 2 * (CLASSES + BOX) + 2 * squares + sums
    return count / bare, bytes_ / bare


def milliseconds(program, net, frame, isa):
    """(all gates, decisions) of one frame."""
    command = [program, "bench", net, frame, "--engine", "word", "--isa", isa, "--threads", "1", "--seconds", "0.5", "--json"]
    runs = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["runs"]
    by_mode = {run["mode"]: run["ms_p10"] for run in runs}
    return by_mode["all gates"], by_mode["decisions"]


def compiled(program, folder, name):
    path, net = pathlib.Path(folder, name), pathlib.Path(folder, name + ".net")
    family, nonzero = make.ROWS[name]
    make.save(path, make.head(family, nonzero))
    subprocess.run([program, "compile", path, "-o", net, "--input-scale", "0.0367072959"], check=True, capture_output=True)
    return net


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--frame", default=ROOT / "examples/000000214753_f16.npy")
    parser.add_argument("--isa", default="avx512,avx2")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cofiber", default=ROOT / "build/cofiber")
    options = parser.parse_args()
    if not os.path.exists(options.cofiber):
        parser.error(f"there is no {options.cofiber}: build it with 'make tests', or name another program")
    print("%s, load %.1f, %d rounds" % (datetime.date.today(), os.getloadavg()[0], options.rounds))
    print("| | all gates, ms: classifier | linear_70k | ratio | decisions, ms: classifier | linear_70k | ratio |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        nets = [compiled(options.cofiber, folder, name) for name in ("classifier", "linear_70k")]
        for isa in options.isa.split(","):
            rounds = [[milliseconds(options.cofiber, net, options.frame, isa) for net in nets] for _ in range(options.rounds)]
            cells = []
            for mode in range(2):
                bare, head = (statistics.median(r[n][mode] for r in rounds) for n in range(2))
                ratio = statistics.median(r[1][mode] / r[0][mode] for r in rounds)
                cells += ["%.2f" % bare, "%.2f" % head, "%.2f" % ratio]
            print("| %s | %s |" % (isa, " | ".join(cells)))
    print("least products of its decisions: %.2f times the classifier's, %.2f times by the bytes of operands" % products())


if __name__ == "__main__":
    sys.exit(main())
