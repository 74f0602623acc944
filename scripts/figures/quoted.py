#!/usr/bin/env python3
"""Measures again the numbers that README.md and docs/ quote. Called by scripts/readme_figures.sh, which explains it.

A section is a function that yields figures. The quoted number of a figure is read from its page, so that a page cannot
be edited past this script: a figure whose words are no longer on its page is reported as missing.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COFIBER = str(ROOT / "build/cofiber")
HEAD = str(ROOT / "examples/head_nearest_fp32.safetensors")
FRAME = str(ROOT / "examples/000000214753_f16.npy")
# The Python that the distribution's NumPy belongs to, where another comes first.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
MISSING = "(not on the page)"


class Figure:
    """One number: where it is quoted, and what was measured. `exact`: the two must be equal."""

    def __init__(self, page, label, quoted, measured, exact):
        self.page, self.label, self.quoted, self.measured, self.exact = page, label, quoted, measured, exact

    def good(self):
        return self.quoted != MISSING and (not self.exact or self.quoted == self.measured)

    def __str__(self):
        mark = "" if self.good() else "   <-- DIFFERS"
        return f"{self.page}: {self.label}: quoted {self.quoted}; measured {self.measured}{mark}"


def text_of(page):
    return " ".join((ROOT / page).read_text().split())


def said(page, label, pattern, measured, exact=True):
    """A number in a page's running text: the group of `pattern`, in which blanks stand for any white space."""
    found = re.search(pattern, text_of(page))
    return Figure(page, label, found.group(1) if found else MISSING, measured, exact)


def plain(cell):
    return cell.replace("`", "").replace("**", "").strip()


def rows_of(text):
    """{first cell: the others} of every table in Markdown text."""
    rows = {}
    for line in text.splitlines():
        cells = [plain(cell) for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and not set(cells[0]) <= set("-: "):
            rows.setdefault(cells[0], cells[1:])
    return rows


def table(page, measured, exact=False):
    """Each cell of a measured table beside that of the page's row with the same first cell."""
    quoted = rows_of((ROOT / page).read_text())
    for label, cells in measured.items():
        for column, cell in enumerate(cells):
            old = quoted.get(label, [MISSING] * len(cells))
            yield Figure(page, f"{label}, column {column + 1}", old[column] if column < len(old) else MISSING, cell,
                         exact and any(c.isdigit() for c in cell))


def run(*command, **environment):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=ROOT,
                          env=os.environ | environment)
    if done.returncode > 1:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def cofiber(*arguments):
    return run(COFIBER, *arguments)


def compiled(folder, name, *options):
    net = f"{folder}/{name}"
    cofiber("compile", HEAD, "-o", net, "--calibrate", FRAME, "--score-threshold", "0.1", *options)
    return net


# ---- numbers that must be equal ---------------------------------------------------------------------------------------


def counts(folder):
    nets = {name: compiled(folder, name, *options) for name, options in
            {"nearest": [], "bilinear": ["--upsample", "bilinear"], "cofiber": ["--top", "cofiber"],
             "swept": ["--sweep"], "five": ["--pools", "iterated", "--top", "cofiber"]}.items()}
    stats = {name: json.loads(cofiber("stats", net, "--json", *(["--bits"] if name in ("nearest", "bilinear") else [])))
             for name, net in nets.items()}
    near, bilinear = stats["nearest"], stats["bilinear"]
    gates = f"{near['gates']['total']:,}"
    yield said("README.md", "gates", r"circuit of ([\d,]+) threshold gates", gates)
    for layer, sentence in (("pool", "pools"), ("subtract", "subtracts"), ("classify", "classifiers")):
        total = sum(g["gates"] for g in near["groups"] if g["name"].endswith(layer))
        yield said("README.md", sentence, rf"([\d,]+) {sentence}", f"{total:,}")
    yield said("docs/claims.md", "gates that reach a decision", r"the card's table add up to ([\d,]+),",
               f"{stats['swept']['gates']['total']:,}")
    yield said("docs/claims.md", "dead gates", r"reports ([\d,]+) of them as dead", f"{near['gates']['dead']:,}")
    yield said("docs/claims.md", "depth, iterated pools and cofiber top", r"or (\d+) with `--top cofiber`",
               str(stats["five"]["depth"]))
    yield said("docs/exchange.md", "edges, nearest", r"([\d,]+) edges \(bilinear", f"{near['edges']:,}")
    yield said("docs/exchange.md", "edges, bilinear", r"edges \(bilinear: ([\d,]+)\)", f"{bilinear['edges']:,}")
    yield said("docs/exchange.md", "cells, nearest", r"(\d+) cells with", str(near["cells"]))
    yield said("docs/exchange.md", "cells, bilinear", r"bilinear: (\d+) cells", str(bilinear["cells"]))
    yield said("docs/exchange.md", "adders on the longest path, nearest", r"whole circuit: (\d+),",
               str(near["bits"]["depth"]))
    yield said("docs/exchange.md", "adders on the longest path, bilinear", r"and (\d+) with bilinear upsampling",
               str(bilinear["bits"]["depth"]))
    nodes = near["bits"]["spatial"]["aig_nodes"]
    yield said("docs/performance.md", "AND nodes of the circuit", r"whole circuit is ([\d.]+) billion AND nodes",
               f"{nodes / 1e9:.1f}")
    proof = run(ROOT / "build/tests/test_proof") if (ROOT / "build/tests/test_proof").exists() else ""
    for form, pattern in (("nearest", r"with ([\d,]+) adders"), ("bilinear", r"cells with ([\d,]+)\)")):
        found = re.search(rf"{form}: \d+ cells proved, (\d+) adders", proof)
        if found:
            yield said("docs/exchange.md", f"adders proved, {form}", pattern, f"{int(found.group(1)):,}")
    fired = cofiber("sim", nets["nearest"], FRAME)
    for line in fired.splitlines():
        yield Figure("README.md", "demo", line if line in (ROOT / "README.md").read_text() else MISSING, line, True)



def claims(folder):
    audit = json.loads(cofiber("audit", HEAD, FRAME, "--json"))["claims"]
    rows = {claim["claim"]: [claim["verdict"], claim["found"]] for claim in audit}
    yield from table("docs/claims.md", rows, exact=True)


def vectors(folder):
    """Changes of weights that show, with the frame of the example and with the frames made from the weights."""
    net, made = compiled(folder, "net"), f"{folder}/made"
    frames = json.loads(cofiber("vectors", net, "-o", made, "--json"))["frames"]
    yield said("docs/faults.md", "frames made, nearest", r"seen in the (\d+) frames of `vectors`", str(frames))
    shows = r"all: (\d+) of (\d+) changes of a weight by one show.*, (\d+) of (\d+) of a weight of 0, (\d+) of (\d+) of a"
    real, all_of = (re.search(shows, run(ROOT / "build/tools/weights", net, path)).groups() for path in (FRAME, made))
    for i, label in enumerate(("weights", "weights that are 0 and so have no wire", "thresholds")):
        share = f" ({int(real[2 * i]) / int(real[1]):.2%})" if i == 0 else ""
        cells = [f"{int(all_of[2 * i + 1]):,}", f"{int(real[2 * i]):,}{share}", f"{int(all_of[2 * i]):,}"]
        yield from table("docs/faults.md", {label: cells}, exact=True)


# ---- numbers that depend on the machine --------------------------------------------------------------------------------


def commands(folder):
    yield from table("docs/performance.md", rows_of(run(ROOT / "scripts/figures.sh")))


def speed(folder):
    yield from table("docs/performance.md", rows_of(run(PYTHON, ROOT / "scripts/figures/speed.py")))


def scaling(folder):
    """The tables of cost are named by their first three cells."""
    def by_point(text):
        return {" | ".join(map(plain, line.strip("| ").split("|")[:3])): list(map(plain, line.strip("| ").split("|")[3:]))
                for line in text.splitlines() if re.match(r"\| \d+x\d+ \|", line)}

    quoted = by_point((ROOT / "docs/performance.md").read_text())
    for point, cells in by_point(run(ROOT / "scripts/bench_scaling.sh")).items():
        for column, cell in enumerate(cells):
            yield Figure("docs/performance.md", f"{point}, column {column + 4}",
                         quoted[point][column] if point in quoted else MISSING, cell, False)


def peers(folder):
    """docs/performance.md joins the tables of one thread and of all."""
    joined = {}
    for part in re.split(r"\n(?=\d+ threads?, median)", run(ROOT / "scripts/bench_peers.sh"))[1:]:
        for label, cells in rows_of(part).items():
            if label != "contender":
                joined.setdefault(label, []).extend([cells[0], cells[2]])
    yield from table("docs/performance.md", joined)


def bits(folder):
    for line in run(ROOT / "scripts/bench_bits_peers.sh", SIZES=os.environ.get("SIZES", "no")).splitlines():
        yield Figure("docs/performance.md", "bit engine beside others", "see the page", line.strip(), False)


def faults(folder):
    """The page's first two tables are of the example: nearest and bilinear."""
    quoted = re.findall(r"^\| (s\d\.\w+) \|(.*)\|$", (ROOT / "docs/faults.md").read_text(), re.M)
    found = re.findall(r"^\| (s\d\.\w+) \|(.*)\|$", run(ROOT / "scripts/fault_coverage.sh"), re.M)
    for (name, old), (again, new) in zip(quoted, found):
        assert name == again
        yield Figure("docs/faults.md", name, " ".join(old.split()), " ".join(new.split()), True)


SECTIONS = {f.__name__: f for f in (counts, claims, vectors, commands, speed, scaling, peers, bits, faults)}


def main():
    chosen = sys.argv[1:] or list(SECTIONS)
    unknown = [name for name in chosen if name not in SECTIONS]
    if unknown:
        sys.exit(f"readme_figures.sh: no section '{unknown[0]}'; there are {', '.join(SECTIONS)}")
    if not os.path.exists(COFIBER):
        print(f"readme_figures.sh: there is no {COFIBER}: build it with 'make tests'", file=sys.stderr)
        return 2
    bad = total = 0
    for name in chosen:
        print(f"== {name}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for figure in SECTIONS[name](folder):
                total += 1
                bad += not figure.good()
                print(figure, flush=True)
    print(f"{total - bad} of {total} figures as quoted (times count if they are on their page)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
