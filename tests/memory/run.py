#!/usr/bin/env python3
"""Makes every allocation of a command fail, one at a time, and judges how the command ends.

    run.py [BUILD] [--tries N] [--commands WORD,...]

Each command runs on a small circuit, once for each N: its Nth allocation fails (BUILD/memory/failing.so, preloaded),
until N passes the last one. Then the same again with all allocations from the Nth on failing. With --tries 20, about 20
values of N, evenly spread, are tried for each command, and about 5 in the second mode; they differ by command but not
by run. A run must end in one of two ways:

- refused: exit status 2, one line on standard error, no file left but such as a run without a failure leaves (the file
  was complete, and the report of it was not), all memory given back;
- done: exit status 0, no more on standard error, output and files equal those of a run without a failure. That is where
  the command could do without this allocation.

Prints a table and what was wrong, and last `N passed, N failed`: a command, in one of the two modes, is a test.
OpenMP's own allocations are left out (it ends the process when a thread's memory is missing), and so the commands run
with one thread. So are OpenBLAS's. The times that a command prints count for nothing."""

import argparse
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FIXTURES = os.path.join(ROOT, "tests", "fixtures")
GOLDEN = os.path.join(ROOT, "netlists", "golden")
TIME_LIMIT = 600  # seconds that one run may take: a hundred times what it does, as a machine may be busy with other things

# name, command; what it writes goes to `out`, `out2`. A word in braces is a file or program of the table `places`.
COMMANDS = [
    ("compile", "{cofiber} compile {head} -o out --grid 4x4 --scales 2 --input-scale 0.03125"),
    ("compile --calibrate", "{cofiber} compile {head} -o out --grid 8x8 --scales 2 --calibrate {frames} --sweep"),
    ("compile bilinear", "{cofiber} compile {head} -o out --grid 4x4 --scales 2 --input-scale 0.03125"
     " --upsample bilinear --pools iterated --top cofiber"),
    ("check", "{cofiber} check {net}"),
    ("check --json", "{cofiber} check {net} --json"),
    ("stats", "{cofiber} stats {net}"),
    ("stats --verilog", "{cofiber} stats {net} --verilog"),
    ("stats --verilog --json", "{cofiber} stats {net} --verilog --json"),
    ("prove --algebra", "{cofiber} prove {net} --algebra"),
    ("stats --json", "{cofiber} stats {net} --json"),
    ("stats --bits", "{cofiber} stats {net} --bits"),
    ("stats --bits --json", "{cofiber} stats {net} --bits --json"),
    ("sim", "{cofiber} sim {net} {frames} -o out --trace out2 --threads 1"),
    ("sim --decisions", "{cofiber} sim {net} {frames} -o out --decisions --threads 1"),
    ("sim --isa portable", "{cofiber} sim {net} {frames} -o out --trace out2 --isa portable --threads 1"),
    ("sim --isa reference", "{cofiber} sim {net} {frames} -o out --trace out2 --isa reference --threads 1"),
    ("sim --engine bits", "{cofiber} sim {net} {frames} -o out --trace out2 --engine bits --threads 1"),
    ("sim --adders graphs", "{cofiber} sim {graphs} {frames} -o out --trace out2 --engine bits --adders graphs"
     " --threads 1"),
    ("optimize --explicit", "{cofiber} optimize {net} -o out --explicit --effort 0"),
    ("sim --plan", "{cofiber} sim {net} --plan --threads 1"),
    ("sim general", "{cofiber} sim {general} {general_frames} -o out --trace out2 --threads 1"),
    ("explain", "{cofiber} explain {net} s0.classify[0,0,0] {frames} --json"),
    ("agreement", "{cofiber} agreement {plain} {head} {frames}"),
    ("audit", "{cofiber} audit {head} {frames} --grid 8x8 --score-threshold 0.5 --json"),
    ("report", "{cofiber} report {net} {frames} -o out"),
    ("diff", "{cofiber} diff {net} {net}"),
    ("faults", "{cofiber} faults {net} {frames} --sample 20 --missed 1 --threads 1"),
    ("faults --json", "{cofiber} faults {net} {frames} --sample 5 --missed 1 --threads 1 --no-dropping --json"),
    ("vectors", "{cofiber} vectors {net} -o out"),
    ("vectors --json", "{cofiber} vectors {net} -o out --json"),
    ("export aiger", "{cofiber} export {net} --gate s0.classify[0,0,0] --to aiger -o out"),
    ("export aiger-ascii", "{cofiber} export {net} --cone s0.classify[0,0,0] --to aiger-ascii -o out"),
    ("export blif", "{cofiber} export {net} --gate s0.pool[0,0,0] --to blif -o out"),
    ("export yosys-json", "{cofiber} export {net} --gate s0.pool[0,0,0] --to yosys-json -o out"),
    ("export verilog", "{cofiber} export {net} --gate s0.pool[0,0,0] --to verilog --lanes 2 -o out"),
    ("export verilog ports", "{cofiber} export {net} --gate s0.pool[0,0,0] --to verilog -o out"),
    ("export threshold", "{cofiber} export {net} --gate s0.pool[0,0,0] --to threshold -o out"),
    ("export csr", "{cofiber} export {net} --to csr -o out"),
    ("export netlist", "{cofiber} export {net} --gate s0.classify[0,0,0] --to netlist -o out"),
    ("import aiger", "{cofiber} import {aiger} --from aiger -o out"),
    ("import yosys-json", "{cofiber} import {yosys_json} --from yosys-json -o out"),
    ("import blif", "{cofiber} import {blif} --from blif -o out"),
    ("verilog", "{cofiber} verilog {net} -o out"),
    ("verilog stream", "{cofiber} verilog {net} -o out --style stream"),
    ("verilog stream --json", "{cofiber} verilog {net} --style stream --dry-run --json --fit artix7-35t"),
    ("params", "{cofiber} params {head}"),
    ("params checkpoint", "{cofiber} params {checkpoint} --json"),
    ("params onnx", "{cofiber} params {onnx}"),
    ("detect", "{cofiber} detect {net} {frames} -o out --score-thresh 0.001"),
    ("eval", "{cofiber} eval {annotations} {results} --json"),
    # The log of pruning stays where a run fails, and so the head goes where there is none.
    ("prune", "{cofiber} prune {head} {pair} --annotations {truth} -o /dev/null --front out --scales 2"
     " --step 4 --passes 1 --rounds 2 --no-adders"),
    ("train", "{cofiber} train {pair} --annotations {truth} -o out --variant dim2 --scales 2 --batch 1"
     " --epochs 2 --threads 1 --order parts --average 0.5"),
    ("train --init-svd", "{cofiber} train {pair} --annotations {truth} -o out --variant dim2 --scales 2 --epochs 1"
     " --threads 1 --init-svd {head} --init-cls frames"),
    ("merge", "{cofiber} merge {part1} {part2} -o out"),
    ("merge --json", "{cofiber} merge {figures1} {figures2} -o out"),
    ("library", "{library} {net}"),
    ("run_frames", "{run_frames} {net} <{raw}"),
]
# run_frames is an example: on an error it leaves, and lets the system take its memory back.
LEAVES_MEMORY = {"run_frames"}
# libzip loses memory by itself when one of its own allocations fails; a run without a failure loses none. OpenBLAS keeps
# what its products work in until the process ends. `detect --draw` and plots are not tried: fontconfig, which finds the
# fonts, crashes or loops without memory.
LOSERS = ("/libzip.so", "/libopenblas.so")
BAD_KINDS = {  # of careless.c, and the word that the complaint must hold
    "crash": "signal", "leak": "lost", "unmapped": "lost", "partial": "left", "wrong": "differs",
    "status": "status", "silent": "0 lines", "chatter": "2 lines", "hang": "seconds",
}


class Runner:
    """Runs one command in a folder of its own, with a given allocation failing."""

    def __init__(self, build, command, work, time_limit=TIME_LIMIT):
        self.command, self.work, self.time_limit = command, work, time_limit
        self.report = work + ".report"
        self.environment = dict(
            os.environ, LC_ALL="C", OMP_NUM_THREADS="1", FAIL_REPORT=self.report,
            LD_PRELOAD=os.path.join(build, "memory", "failing.so"))
        os.makedirs(work)

    def run(self, n, and_all_after):
        """The exit status (negative: a signal; None: took too long), both outputs, the files, the report."""
        if os.path.exists(self.report):
            os.unlink(self.report)
        words, _, stdin = self.command.partition(" <")
        environment = dict(self.environment, FAIL_AT=str(n), FAIL_FROM="1" if and_all_after else "0")
        try:
            done = subprocess.run(
                words.split(), cwd=self.work, env=environment, capture_output=True, timeout=self.time_limit,
                stdin=open(stdin, "rb") if stdin else subprocess.DEVNULL, check=False)
            status, out, err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired:
            status, out, err = None, b"", b""
        files = {}
        for folder, _, names in os.walk(self.work):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    files[os.path.relpath(path, self.work)] = file.read()
        files.update({name: b"" for name in os.listdir(self.work) if name not in files})
        for name in os.listdir(self.work):
            path = os.path.join(self.work, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        out = re.sub(rb"[0-9.]+ s for each", b"some s for each", out)
        report = open(self.report, encoding="utf-8").read() if os.path.exists(self.report) else ""
        return status, out, err, files, report


def count_in(report, word):
    """The number behind a word of the report's first line."""
    words = report.split("\n", 1)[0].replace(",", "").split()
    return int(words[words.index(word) + 1]) if word in words else None


def lost_by_us(report):
    """Whether the report has lost memory, or more than it lists, that no library of LOSERS took."""
    listed = report.strip().split("\n")[1:]
    return (count_in(report, "lost") or 0) > len(listed) or any(
        not any(name in line for name in LOSERS) for line in listed)


def judge(run, good, may_lose):
    """What is wrong with a run, or None."""
    status, out, err, files, report = run
    if status is None:
        return "took more seconds than it may"
    if status < 0:
        return f"ended by signal {-status}"
    if status not in (0, 2):
        return f"exit status {status}: {err.decode(errors='replace').strip()}"
    if not report:
        return "ended without a report"
    lines = err.count(b"\n")
    if status == 2 and (lines != 1 or not err.endswith(b"\n")):
        return f"{lines} lines on standard error: {err.decode(errors='replace')!r}"
    left = [name for name in sorted(files) if files[name] != good[3].get(name)]
    if status == 2 and left:
        return f"left {', '.join(left)}"
    if lost_by_us(report) and not (may_lose and status == 2):
        return "lost " + "; ".join(report.strip().split("\n")[1:4])
    if status == 0 and err != good[2]:  # a warning about the frame, say
        return f"done, but said {err.decode(errors='replace')!r}"
    if status == 0 and (out, files) != (good[1], good[3]):
        return "done, but " + ("standard output" if out != good[1] else "a file") + " differs"
    return None


def try_all(runner, good, name, step, and_all_after, may_lose):
    """Fails the allocations one after another; the outcomes' counts and the complaints."""
    outcomes, wrong = collections.Counter(), []
    n = 1 + zlib.crc32(name.encode()) % step
    while True:
        run = runner.run(n, and_all_after)
        complaint = judge(run, good, may_lose)
        if complaint is None and count_in(run[4], "failed") == 0:
            return outcomes, wrong
        outcomes["wrong" if complaint else "done" if run[0] == 0 else "refused"] += 1
        if complaint:
            wrong.append(f"allocation {n}{' and all after it' if and_all_after else ''}: {complaint}")
            if count_in(run[4], "failed") == 0 or len(wrong) > 500:
                return outcomes, wrong
        n += step


def check_the_check(build, scratch):
    """The careless program's ways to fail must each be noticed, and its careful way must pass."""
    passed, failed = 0, 0
    for kind, word in [("careful", None), *BAD_KINDS.items()]:
        command = f"{build}/memory/careless {kind} out"
        runner = Runner(build, command, os.path.join(scratch, kind), time_limit=2 if kind == "hang" else TIME_LIMIT)
        good = runner.run(0, False)
        _, wrong = try_all(runner, good, kind, 1, False, False)
        noticed = not wrong if word is None else bool(wrong) and all(word in line for line in wrong)
        passed, failed = passed + noticed, failed + (not noticed)
        if not noticed:
            print(f"FAILED careless {kind}: expected '{word}', found {wrong}")
    return passed, failed


def prepare(build, scratch):
    """The files and programs that the commands name."""
    places = {
        "cofiber": f"{build}/cofiber", "library": f"{build}/memory/library", "run_frames": f"{build}/run_frames",
        "head": f"{FIXTURES}/head_f32.safetensors", "frames": f"{FIXTURES}/frame_f32.npy",
        "net": f"{GOLDEN}/small.safetensors", "general": f"{GOLDEN}/general.safetensors",
        "general_frames": f"{GOLDEN}/general.frames.npy", "raw": f"{scratch}/raw",
        "aiger": f"{scratch}/aiger", "yosys_json": f"{scratch}/yosys_json", "blif": f"{scratch}/blif",
        "plain": f"{scratch}/plain", "graphs": f"{scratch}/graphs",
        "checkpoint": f"{FIXTURES}/heads/state.pth", "onnx": f"{FIXTURES}/heads/conv.onnx",
        "annotations": f"{FIXTURES}/coco/ties_and_crowds_annotations.json",
        "results": f"{FIXTURES}/coco/ties_and_crowds_results.json",
        "pair": f"{FIXTURES}/frames_f32.npy", "truth": f"{scratch}/truth",
        **{f"{name}{n}": f"{scratch}/{name}{n}" for name in ("part", "figures") for n in (1, 2)},
    }
    with open(places["truth"], "w", encoding="utf-8") as file:
        json.dump({
            "images": [{"id": i, "width": 128, "height": 128} for i in (0, 1)],
            "categories": [{"id": c, "name": f"kind {c}"} for c in range(4)],
            "annotations": [
                {"id": k, "image_id": k % 2, "category_id": k, "bbox": [10 * k, 20, 60, 70], "area": 4200, "iscrowd": 0}
                for k in range(4)]}, file)
    with open(places["raw"], "wb") as file:
        file.write(bytes(4 * 3 * 8 * 8))
    for command in (
            "{cofiber} export {net} --gate s0.pool[0,0,0] --to aiger -o {aiger}",
            "{cofiber} export {net} --gate s0.pool[0,0,0] --to yosys-json -o {yosys_json}",
            "{cofiber} export {net} --gate s0.pool[0,0,0] --to blif -o {blif}",
            "{cofiber} compile {head} -o {plain} --grid 8x8 --scales 2 --input-scale 0.03125",
            "{cofiber} optimize {net} -o {graphs} --effort 0",
            "{cofiber} sim {plain} {pair} --decisions --shard 1/2 -o {part1}",
            "{cofiber} sim {plain} {pair} --decisions --shard 2/2 -o {part2}"):
        subprocess.run(command.format(**places).split(), check=True, stdout=subprocess.DEVNULL)
    for n in (1, 2):
        command = f"{{cofiber}} agreement {{plain}} {{head}} {{pair}} --shard {n}/2 --json"
        with open(places[f"figures{n}"], "wb") as file:
            subprocess.run(command.format(**places).split(), check=True, stdout=file)
    return places


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=os.path.abspath, nargs="?", default=os.path.join(ROOT, "build"))
    parser.add_argument("--tries", type=int, default=0, help="per command; 0: every allocation")
    parser.add_argument("--commands", default="", help="only commands of which one of these words is a part")
    arguments = parser.parse_args()
    if not os.path.exists(os.path.join(arguments.build, "cofiber")):
        parser.error(f"there is no {arguments.build}/cofiber: build it with 'make tests', or name another folder")
    words = arguments.commands.split(",")
    with tempfile.TemporaryDirectory() as scratch:
        passed, failed = check_the_check(arguments.build, scratch)
        places = prepare(arguments.build, scratch)
        print(f"{'command':22} {'mode':10} {'allocations':>11} {'tried':>6} {'refused':>8} {'done':>5} {'wrong':>6}")
        for i, (name, command) in enumerate(COMMANDS):
            if not any(word in name for word in words):
                continue
            runner = Runner(arguments.build, command.format(**places), os.path.join(scratch, str(i)))
            good = runner.run(0, False)
            complaint = judge(good, good, False) or (good[0] and "it fails without a failing allocation")
            for and_all_after in (False, True):
                tries = arguments.tries // 4 if and_all_after else arguments.tries
                step = (count_in(good[4], "allocations") or 0) // tries + 1 if tries else 1
                outcomes, wrong = collections.Counter(), [complaint]
                if not complaint:
                    outcomes, wrong = try_all(runner, good, name, step, and_all_after, name in LEAVES_MEMORY)
                print(f"{name:22} {'from N on' if and_all_after else 'the Nth':10} "
                      f"{count_in(good[4], 'allocations') or 0:11} {sum(outcomes.values()):6} {outcomes['refused']:8} "
                      f"{outcomes['done']:5} {outcomes['wrong']:6}", flush=True)
                for line in wrong[:10]:
                    print(f"FAILED {name}: {line}")
                passed, failed = passed + (not wrong), failed + bool(wrong)
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
