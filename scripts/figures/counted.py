"""Sections of scripts/readme_figures.sh whose numbers are counted or computed: they must be equal on every machine."""
import json
import math
import re
import struct
import sys

from figure import FRAME, HEAD, MISSING, PYTHON, ROOT, Figure, cofiber, compiled, plain, rows_of, run, said, table, text_of

def counts(folder):
    """cofiber stats NET --json [--bits]; build/tests/test_proof; cofiber sim NET FRAME; the example, compiled in five ways"""
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
    """cofiber audit HEAD FRAME --json"""
    audit = json.loads(cofiber("audit", HEAD, FRAME, "--json"))["claims"]
    rows = {claim["claim"]: [claim["verdict"], claim["found"]] for claim in audit}
    yield from table("docs/claims.md", rows, exact=True)


def vectors(folder):
    """cofiber vectors NET -o MADE; build/tools/weights NET FRAME; build/tools/weights NET MADE"""
    net, made = compiled(folder, "net"), f"{folder}/made"
    frames = json.loads(cofiber("vectors", net, "-o", made, "--json"))["frames"]
    yield said("docs/faults.md", "frames made, nearest", r"seen in the (\d+) frames of `vectors`", str(frames))
    shows = r"all: (\d+) of (\d+) changes of a weight by one show.*, (\d+) of (\d+) of a weight of 0, (\d+) of (\d+) of a"
    real, all_of = (re.search(shows, run(ROOT / "build/tools/weights", net, path)).groups() for path in (FRAME, made))
    for i, label in enumerate(("weights", "weights that are 0 and so have no wire", "thresholds")):
        share = f" ({int(real[2 * i]) / int(real[1]):.2%})" if i == 0 else ""
        cells = [f"{int(all_of[2 * i + 1]):,}", f"{int(real[2 * i]):,}{share}", f"{int(all_of[2 * i]):,}"]
        yield from table("docs/faults.md", {label: cells}, exact=True)


def faults(folder):
    """scripts/fault_coverage.sh (the page's first two tables: the example, nearest and bilinear)"""
    quoted = re.findall(r"^\| (s\d\.\w+) \|(.*)\|$", (ROOT / "docs/faults.md").read_text(), re.M)
    found = re.findall(r"^\| (s\d\.\w+) \|(.*)\|$", run(ROOT / "scripts/fault_coverage.sh"), re.M)
    for (name, old), (again, new) in zip(quoted, found):
        assert name == again
        yield Figure("docs/faults.md", name, " ".join(old.split()), " ".join(new.split()), True)


def optimize(folder):
    """cofiber optimize NET -o NET2 --effort N --json, for the example head on a 4 x 4 grid"""
    net = f"{folder}/net"
    cofiber("compile", HEAD, "-o", net, "--grid", "4x4", "--scales", "1", "--input-scale", "0.04")
    for effort in (5, 150):
        found = json.loads(cofiber("optimize", net, "-o", f"{folder}/net{effort}", "--effort", effort, "--json"))
        counts = [f"{found['adders']['after']:,}", f"{found['full_adders']:,}"]
        yield from table("docs/optimize.md", {str(effort): counts}, exact=True)
    yield said("docs/optimize.md", "adders before", r"takes ([\d,]+) adders of two operands", f"{found['adders']['before']:,}")


def stream(folder):
    """scripts/stream_table.sh; cofiber verilog NET --style stream --fit DEVICE --dry-run --json"""
    yield from table("docs/stream.md", rows_of(run(ROOT / "scripts/stream_table.sh")), exact=True)
    net = compiled(folder, "net")
    for device, name in (("ecp5-85k", "an ECP5-85K"), ("kintex7-325t", "a Kintex-7 325T")):
        cost = json.loads(cofiber("verilog", net, "--style", "stream", "--fit", device, "--dry-run", "--json"))
        yield said("docs/stream.md", f"channels x classes for {name}", rf"(\d+ x \d+) for {name}",
                   f"{cost['lanes']} x {cost['parallel_classes']}")
        yield said("docs/stream.md", f"cycles per frame for {name}", rf"for {name} \(([\d,]+)", f"{cost['cycles_per_frame']:,}")


def heads(folder):
    """tests/heads/make.py FOLDER; cofiber params HEAD --json; and what docs/training.md works out from the parameters"""
    run(PYTHON, ROOT / "tests/heads/make.py", folder)
    sizes = {name: json.loads(cofiber("params", f"{folder}/{name}.safetensors", "--json"))["parameters"]
             for name in ("classifier", "linear_70k", "box32_92k", "dim20")}
    quoted = rows_of((ROOT / "docs/training.md").read_text())
    for name, size in sizes.items():
        variant = name.split("_")[0]
        yield Figure("docs/training.md", f"parameters of {variant}", quoted.get(variant, [MISSING] * 2)[1], f"{size:,}", True)
    for name in ("linear", "dim20"):
        head = json.loads(cofiber("params", ROOT / f"examples/garments_{name}.safetensors", "--json"))
        yield said("examples/README.md", f"parameters of garments_{name}",
                   r"classes: ([\d,]+) and" if name == "linear" else r"classes: [\d,]+ and ([\d,]+) parameters",
                   f"{head['parameters']:,}")
    frames, share, batch = 117266, 4 * sizes["linear_70k"], 64
    yield said("docs/training.md", "kB of a share's gradient", r"(\d+) kB for `linear`", f"{share / 1e3:.0f}")
    yield said("docs/training.md", "MB that a step sends", r"sends every process ([\d.]+) MB", f"{16 * share / 1e6:.1f}")
    yield said("docs/training.md", "GB of COCO's frames", r"frames are (\d+) GB in F16", f"{frames * 768 * 1600 * 2 / 1e9:.0f}")
    yield said("docs/training.md", "steps of 8 epochs", r"8 epochs are ([\d,]+) steps", f"{8 * math.ceil(frames / batch):,}")


def area(folder):
    """scripts/area.sh --target ice40; scripts/area.sh --target ecp5"""
    found = {}
    for target in ("ice40", "ecp5"):
        for line in run(ROOT / "scripts/area.sh", "--target", target).splitlines():
            name, *cells = line.split() or [""]
            if len(cells) == 5 and cells[0][0].isdigit():
                gates, _, luts, carries, each = cells
                found.setdefault(name, [gates]).extend([luts, carries, each])
    yield from table("docs/exchange.md", found, exact=True)


def pages(folder):
    """cofiber explain NET GATE --json; cofiber report NET FRAME --head HEAD -o PAGE; and numbers that two pages share"""
    net, page = compiled(folder, "net"), f"{folder}/page.html"
    term = json.loads(cofiber("explain", net, "s1.classify[4,9,17]", FRAME, "--json"))["terms"][0]
    yield said("docs/python.md", "an operand's name", r"# Term\(name='([^']+)'", term["net"])
    yield said("docs/python.md", "its weight", r"# Term\(name='[^']+', weight=(-?\d+),", str(term["weight"]))
    cofiber("report", net, FRAME, "--head", HEAD, "-o", page)
    with open(page, "rb") as file:
        yield said("docs/report.md", "MB of the example's page", r"page of the example has ([\d.]+) MB", f"{len(file.read()) / 1e6:.1f}")
    with open(FRAME, "rb") as file:
        content = file.read()
    halves = [value for (value,) in struct.iter_unpack("<e", content[len(content) - 2 * 768 * 1600:])]
    yield said("docs/features.md", "features above 0", r"or more, (\d+%) of them", f"{sum(v > 0 for v in halves) / len(halves):.0%}")
    for path, pattern in (("proof/Spec.v", r"in some (\d+) lines"), ("prove/ocaml/main.ml", r"(\d+) lines of OCaml")):
        lines = len((ROOT / path).read_text().splitlines())
        yield said("docs/proof.md", f"lines of {path}, in tens", pattern, str(10 * round(lines / 10)))
    yield from front_page()


def front_page():
    """The figures of README.md are those of docs/performance.md, rounded; that page's own are measured by `speed` and `peers`."""
    rows, text = rows_of((ROOT / "docs/performance.md").read_text()), text_of("docs/performance.md")
    milliseconds = {
        r"\*\*([\d.]+) ms per frame\*\* for all": "all gates, 1 thread",
        r"\*\*([\d.]+) ms per frame\*\* for the decisions": "decisions, 1 thread",
        r"takes ([\d.]+) ms, and the matrix": "PyTorch and OpenBLAS float32, linear form",
        r"product alone takes ([\d.]+) ms": "oneDNN u8 x s8, 1600 x 768 x 80 alone",
    }
    for pattern, row in milliseconds.items():
        yield said("README.md", row, pattern, f"{float(rows[row][0]):.2f}")
    yield said("README.md", "times their multiplications", r"([\d.]+) times as long as", rows["all gates, 1 thread"][2])
    yield said("README.md", "times as fast as Verilator", r"\*\*(\d+) times as fast", re.search(r"and (\d+) times as fast as it", text).group(1))
