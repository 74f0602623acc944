"""Sections of scripts/readme_figures.sh that take long, or whose data are not in the repository.

Each runs when it is named, and its output is then kept in build/figures/. When all sections run, these read what was kept,
and where nothing was kept they name the command.
"""
import datetime
import json
import re

from figure import ROOT, Figure, Note, cofiber, compiled, rows_of, run, said, table, text_of

KEPT = ROOT / "build/figures"


def kept(name, named, measure):
    """What `measure` prints, run now where the section is named; else as it was kept, or None. Also says which it is."""
    path = KEPT / f"{name}.txt"
    if named:
        KEPT.mkdir(parents=True, exist_ok=True)
        output = measure()
        path.write_text(output)
        return output, "measured now"
    if path.exists():
        return path.read_text(), f"as measured on {datetime.date.fromtimestamp(path.stat().st_mtime)}"
    return None, "not measured: scripts/readme_figures.sh " + name


def up5k(folder, named):
    """cofiber verilog NET -o DIR --style stream --fit ice40up5k; cofiber synth DIR --target ice40 --seeds 3"""
    def measure():
        net = compiled(folder, "net")
        cofiber("verilog", net, "-o", f"{folder}/up5k", "--style", "stream", "--fit", "ice40up5k")
        return cofiber("synth", f"{folder}/up5k", "--target", "ice40", "--seeds", "3", "--json")

    output, when = kept("up5k", named, measure)
    yield Note(when)
    if output:
        found = json.loads(output)
        for label, pattern, measured in (
                ("logic cells", r"takes ([\d,]+) of 5,280 logic cells", f"{found['logic_cells']:,}"),
                ("MHz by nextpnr", r"([\d.]+) MHz by nextpnr", f"{found['nextpnr_mhz']:.1f}"),
                ("MHz by icetime", r"and ([\d.]+) by icetime", f"{found['icetime_mhz']:.1f}"),
                ("frames per second", r"and so ([\d.]+) frames per second", f"{found['frames_per_second']:.1f}")):
            yield said("docs/stream.md", label, pattern, measured)


def stream_model(folder, named):
    """scripts/stream_model.sh (fourteen syntheses by Yosys)"""
    output, when = kept("stream_model", named, lambda: run(ROOT / "scripts/stream_model.sh"))
    yield Note(when)
    if output:
        yield from table("docs/stream.md", rows_of(output, names=2), names=2)


def proof(folder, named):
    """tests/long/proof.sh (20 to 60 minutes)"""
    output, when = kept("proof", named, lambda: run(ROOT / "tests/long/proof.sh"))
    yield Note(when)
    names = {"the default netlist": "the default", "iterated pools, cofiber top": "iterated pools, cofiber top",
             "half the weights are 0": "half the head's weights 0"}
    quoted = rows_of((ROOT / "docs/proof.md").read_text())
    for line in (output or "").splitlines():
        found = re.match(r"(.+): (\d+ s)$", line)
        row = found and names.get(found.group(1), found.group(1))
        if row in quoted:
            yield Figure("docs/proof.md", row, quoted[row][-1], found.group(2), False)
    if output:
        yield Figure("docs/proof.md", "answers", "as quoted", "as quoted" if " 0 failed" in output else output[-200:], True)


def mutation(folder, named):
    """tests/long/mutation.sh (an hour and more)"""
    output, when = kept("mutation", named, lambda: run(ROOT / "tests/long/mutation.sh"))
    yield Note(when)
    if output:
        rows = {name: cells for name, cells in rows_of(output).items() if name != "kind"}
        yield from table("docs/proof.md", rows)
        yield said("docs/proof.md", "mutants", r"none of (\d+) survives", rows["all"][0])


# What cannot be measured with the repository alone: page, the words of the number, what is needed, the command.
ELSEWHERE = [
    ("docs/claims.md", r"([\d,]+) of 3,360,000 classifiers fire", "20 frames and the card's form of the head",
     "cofiber compile head_card_form.safetensors -o card --calibrate FRAMES && cofiber sim card FRAMES"),
    ("docs/claims.md", r"([\d.]+%) of the decisions agree at score 0.1", "20 frames", "cofiber audit HEAD FRAMES"),
    ("docs/claims.md", r"and ([\d.]+%) of those that fire", "20 frames", "cofiber audit HEAD FRAMES"),
    ("docs/faults.md", r"show ([\d,]+) of the weights", "4 frames", "tests/long/vectors.sh"),
    ("docs/faults.md", r"runs took (\d+ s) \(nearest\)", "3 frames and the bilinear head",
     "SAMPLE=100000 HEAD_BILINEAR=HEAD scripts/fault_coverage.sh FRAMES (and with TOP=cofiber)"),
    ("docs/detect.md", r"\| classifier \| 8 \| ([\d.]+%) \|", "4 frames", "scripts/heads_accuracy.py FRAMES"),
    ("docs/stream.md", r"gave the simulator's ([\d,]+) decisions", "3 frames; Verilator for half an hour",
     "cofiber cosim NET FRAMES --style stream --lanes 8 --stalls 0"),
    ("docs/stream.md", r"Verilator gave all ([\d,]+) decisions", "Verilator for hours",
     "cofiber cosim NET FRAME --style stream --fit ice40up5k --stalls 10 --seed 3"),
    ("docs/pruning.md", r"\| R1 \| ([\d,]+) \|", "50 test pictures of the garment task (scripts/features/garments.sh)",
     "cofiber prune HEAD FRAMES --annotations A -o OUT --method magnitude --step 800 --effort 0"),
    ("examples/README.md", r"mAP of ([\d.]+%) and", "50 test pictures of the garment task", "cofiber detect; cofiber eval"),
    ("docs/training.md", r"\| dim20 \|.* ([\d,]+) \| 63,902 \|", "the garment task (scripts/features/garments.sh); two hours",
     "EFFORT=0 scripts/card_table.sh TASK OUT 40"),
    ("docs/training.md", r"average precision of ([\d.]+) \(", "20 photographs' frames and annotations",
     "cofiber train FRAMES --annotations A --epochs 1500 --batch 16 --rate 0.003"),
    ("docs/exchange.md", r"AIGER files of ([\d,]+), ", "the EPFL benchmarks", "EPFL=FOLDER tests/long/epfl.sh"),
    ("docs/features.md", r"the same ([\d,]+) features to the bit", "the photograph, and InceptionV3 from npm",
     "scripts/features/inception.mjs PHOTO -o FRAME"),
    ("docs/report.md", r"photograph ([\d.]+) MB", "the photograph", "cofiber report NET FRAME --photo PHOTO -o PAGE"),
]


def elsewhere(folder, named):
    """numbers that need data which are not in the repository, each with its command"""
    for page, pattern, needs, command in ELSEWHERE:
        found = re.search(pattern, text_of(page))
        if found:
            yield Note(f"{page}: quoted {found.group(1)}; needs {needs}: {command}")
        else:
            yield said(page, f"the number of `{command}`", pattern, "nothing")
