#!/usr/bin/env python3
"""Changes the emitted Verilog at random, one change at a time, and sees whether the testbench notices.

    mutations.py COUNT SEED PACKAGE...     packages of `cofiber verilog --style stream`, and copies of them with other
                                           streams (stream.py); prints each survivor, and last 'N caught, M survived'

A change is an operator, a constant, an index, a width, a condition or a reset. A mutant is run on one package after the
other until one of them fails to compile, to come to its end, to pass, or to count its frames as before. The registers are left out: the test of the
driver is theirs.
"""
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile

FILES = ["skid", "framer", "multiply", "tree", "mac", "weights", "front", "scale", "merge"]
# what to look for, and what it may become
CHANGES = [
    (r"(?<=[\w\])]) \+ (?=[\w({$])", [" - "]),
    (r"(?<=[\w\])]) - (?=[\w({$])", [" + "]),
    (r" == ", [" != "]),
    (r" != ", [" == "]),
    (r" >= ", [" > ", " < "]),
    (r" && ", [" || "]),
    (r" \|\| ", [" && "]),
    (r"<= 1'b1;", ["<= 1'b0;"]),
    (r"<= 1'b0;", ["<= 1'b1;"]),
    (r"<= 0;", ["<= 1;"]),
    (r"\(!", ["("]),
    (r" \? ([^:;?]+) : ([^:;?]+);", [r" ? \2 : \1;"]),
    (r"\[0\]", ["[1]"]),
    (r"(?<=[ (])1'b1(?=[;)])", ["1'b0", "2'd2"]),
    (r"if \(rst\)", ["if (1'b0)", "if (!rst)"]),
    (r"<<< 1\)", ["<<< 2)"]),
    (r"signed \[", ["["]),
    (r"-1:0\]", ["-2:0]"]),
]


def mutants(text):
    body = text.index("\nmodule")
    for pattern, results in CHANGES:
        for hit in re.finditer(pattern, text):
            line = text[text.rfind("\n", 0, hit.start()) + 1 : hit.start()]
            if hit.start() > body and "//" not in line and "parameter" not in line:
                for result in results:
                    yield hit.start(), hit.end(), hit.expand(result)


def run(words, folder, seconds=60):
    """Runs a tool to its end; on time-out ends it with all programs that it started. Gives its output, or None."""
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          start_new_session=True) as process:
        try:
            output = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None
        return output if process.returncode == 0 else None


def outcome(package, name, text, folder):
    """The verdict and the counters of frames that the testbench prints; None where it does not come to its end."""
    work = pathlib.Path(folder) / "run"
    shutil.copytree(package, work)
    (work / name).write_text(text)
    verilog = [n for n in (work / "cofiber_stream.f").read_text().split("\n") if n.endswith(".v") and "//" not in n]
    build = ["iverilog", "-g2005", "-DCOFIBER_STREAM_PROBE", "-s", "cofiber_stream_tb", "-o", "tb", *verilog]
    try:
        if run([*build, "cofiber_stream_tb.v"], work) is None:
            return None
        output = run(["vvp", "-n", "tb", "+seed=3", "+input_stalls=30", "+output_stalls=60"], work)
        lines = [] if output is None else output.split("\n")
        return [line[:4] if line.startswith("PASS") else line for line in lines if "_frames" in line or "PASS" in line]
    finally:
        shutil.rmtree(work)


def main():
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    count, seed, packages = int(sys.argv[1]), int(sys.argv[2]), [pathlib.Path(p) for p in sys.argv[3:]]
    every = []
    for file in FILES:
        name = f"cofiber_stream_{file}.v"
        text = (packages[0] / name).read_text()
        every += [(name, text, change) for change in mutants(text)]
    caught = survived = 0
    with tempfile.TemporaryDirectory() as folder:
        name, text, _ = every[0]
        sound = {package: outcome(package, name, text, folder) for package in packages}
        if not all(found and found[-1] == "PASS" for found in sound.values()):
            sys.exit(f"the packages do not pass as they are: {sound}")
        for name, text, (start, end, result) in random.Random(seed).sample(every, min(count, len(every))):
            changed = text[:start] + result + text[end:]
            if all(outcome(package, name, changed, folder) == sound[package] for package in packages):
                survived += 1
                number = text.count("\n", 0, start) + 1
                line = changed.split("\n")[number - 1].strip()
                print(f"survived: {name}:{number}: '{text[start:end]}' became '{result}': {line}", flush=True)
            else:
                caught += 1
    print(f"{caught} caught, {survived} survived, of {len(every)} possible changes")


if __name__ == "__main__":
    main()
