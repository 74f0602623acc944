#!/usr/bin/env python3
"""A campaign of random single mutations: each must be killed by a tool, or proved to change nothing.

    campaign.py BUILD --netlists N --verilog N --sources N [--cosim N] [--seed S] [--verbose]

BUILD has the programs. Mutated are: one number of a netlist file; one token of the emitted Verilog; one line of the
program's own sources (simulator kernels, lowering, Verilog writer), which are then built again. Prints a table of what
killed how many, as in docs/proof.md, and ends with status 1 when a mutant survives. Standard library only.

A netlist or Verilog mutant that the prover accepts computes the same function for all inputs: it is equivalent, and
counted so. A mutated source is held against the unchanged program.
"""
import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from netlistfile import read_safetensors, safetensors  # noqa: E402

TOOLS = ["check", "diff", "build", "simulation", "Yosys", "cosim", "prove"]


class Campaign:
    def __init__(self, options):
        self.options, self.random = options, random.Random(options.seed)
        self.build = pathlib.Path(options.build).resolve()
        self.table, self.survivors, self.cosims = {}, [], options.cosim
        self.env = dict(os.environ, LC_ALL="C", PATH="%s:%s" % (self.build, os.environ["PATH"]))

    def run(self, *command, **more):
        """The status and the words of a command."""
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=more.pop("env", self.env),
                              errors="replace", **more)
        return done.returncode, done.stdout

    def count(self, kind, killers, what, words=""):
        row = self.table.setdefault(kind, {"mutants": 0, "equivalent": 0})
        row["mutants"] += 1
        for tool in killers:
            row[tool] = row.get(tool, 0) + 1
        if killers == ["equivalent"] and self.options.verbose:
            print("equivalent: %s: %s" % (kind, what))
        if not killers:
            self.survivors.append("%s: %s: %s" % (kind, what, words.strip().split("\n")[0] if words else ""))

    # ---- subjects ----

    def make_subjects(self):
        """Small circuits, each with its Verilog: (netlist, folder)."""
        subjects = []
        for name, head, more in [("near", "small", ["--grid", "8x8", "--scales", "2"]),
                                 ("bi", "small", ["--grid", "4x4", "--scales", "1", "--upsample", "bilinear"]),
                                 ("loop", "loop", ["--grid", "4x4", "--scales", "1"]),
                                 ("deep", "small", ["--grid", "4x4", "--scales", "2", "--pools", "iterated",
                                                    "--top", "cofiber"])]:
            status, words = self.run("cofiber", "compile", str(ROOT / ("tests/proof/head_%s.safetensors" % head)),
                                     "-o", name, "--input-scale", "0.05", *more)
            assert status == 0, words
            status, words = self.run("cofiber", "verilog", name, "-o", name + ".rtl")
            assert status == 0, words
            subjects.append((name, name + ".rtl"))
        return subjects

    def make_simulated(self):
        """Circuits that need every kernel: rows of more lanes than are added at once, steps in rows, 32-bit sums."""
        noise, channels, classes = random.Random(5), 65, 200
        pathlib.Path("wide.head").write_bytes(safetensors({
            "cls_weight": ("F32", [classes, channels], [noise.gauss(0, 1) for _ in range(channels * classes)]),
            "cls_bias": ("F32", [classes], [noise.gauss(0, 1) for _ in range(classes)])}))
        n = 48  # ANDs side by side
        lines = ["aag %d %d 0 %d %d" % (3 * n, 2 * n, n, n)] + [str(2 * i + 2) for i in range(2 * n)]
        lines += [str(2 * (2 * n + i) + 2) for i in range(n)]
        lines += ["%d %d %d" % (2 * (2 * n + i) + 2, 2 * (n + i) + 2, 2 * i + 2) for i in range(n)]
        pathlib.Path("ands.aag").write_text("\n".join(lines) + "\n")
        common = ["--input-scale", "0.05", "--grid", "2x2", "--scales", "1"]
        for command in (["compile", "wide.head", "-o", "wide8"] + common,
                        ["compile", "wide.head", "-o", "wide16", "--input-bits", "16"] + common,
                        ["import", "ands.aag", "--from", "aiger", "-o", "ands"]):
            status, words = self.run("cofiber", *command)
            assert status == 0, words
        return [("wide8", None), ("wide16", None), ("ands", None)]

    # ---- netlists ----

    KINDS = {
        "netlist: weight": r"term\.weight", "netlist: shift": r"term\.shift",
        "netlist: operand": r"term\.(offset|port)", "netlist: bias": r"cell\.bias",
        "netlist: type": r"(cell|port|group)\.type", "netlist: instance's cell": r".*\.cell",
        "netlist: instance's base": r".*\.base",
    }

    def mutate_netlist(self, subject):
        kind = self.random.choice(list(self.KINDS))
        content = pathlib.Path(subject).read_bytes()
        tensors, meta = read_safetensors(content)
        name = self.random.choice([n for n in tensors if re.fullmatch(self.KINDS[kind], n)])
        dtype, shape, values = tensors[name]
        at = self.random.randrange(len(values))
        if name == "group.type" and at % 4 == 2 or name == "cell.type" and at % 4 == 3 or \
                name == "port.type" and at % 3 == 2:
            at -= 1  # fraction bits are a note: they do not enter a sum
        delta = self.random.choice([-2, -1, 1, 2]) if dtype != "U8" else 1
        values[at] += delta
        pathlib.Path("mutant").write_bytes(safetensors(tensors, meta))
        return kind, "%s %s[%d] %+d" % (subject, name, at, delta)

    def try_netlist(self, subject, folder):
        kind, what = self.mutate_netlist(subject)
        status, words = self.run("cofiber", "check", "mutant")
        if status != 0:
            return self.count(kind, ["check"], what)
        killers = []
        if self.run("cofiber", "diff", subject, "mutant")[0] == 1:
            killers.append("diff")
        status, words = self.run("cofiber", "prove", "mutant", "--rtl", folder, "--no-input", "--cache", "cache")
        if status == 1:
            killers.append("prove")
        elif status == 0:
            killers = ["equivalent"]
        return self.count(kind, killers, what, words)

    # ---- Verilog ----

    TOKENS = {
        "Verilog: operator": (r"(?<=[\w\)\]] )(\+|\*|>=|-)(?= [\w$\(\{])", {"+": "-", "-": "+", "*": "+", ">=": ">"}),
        "Verilog: constant": (r"(?<=')(s?[dh])([0-9a-f]+)(?=\b|_)", None),
        "Verilog: slice": (r"(?<=[\*\[])(\d+)(?= ?\+:)|(?<=\+: )(\d+)(?=\])", None),
        "Verilog: width": (r"(?<=\[)(\d+)(?=(\*\d+)?-1:0\])", None),
        "Verilog: sign": (r"\$signed(?=\()|(?<=wire )signed |(?<=reg )signed ", None),
        "Verilog: swapped wires": (r"\.\w+\(([^()]*)\), \.\w+\(([^()]*)\)", None),
    }

    def change(self, kind, match):
        """The text that replaces a match."""
        if kind == "Verilog: operator":
            return self.TOKENS[kind][1][match.group(0)]
        if kind == "Verilog: sign":
            return ""
        if kind == "Verilog: swapped wires":
            text, (a, b) = match.group(0), match.groups()
            start = match.start(0)
            one, two = match.start(1) - start, match.start(2) - start
            return text[:one] + b + text[one + len(a):two] + a + text[two + len(b):]
        digits = match.group(0)
        if kind == "Verilog: constant":
            head, number = match.groups()
            at = self.random.randrange(len(number))
            new = self.random.choice([d for d in ("0123456789abcdef" if "h" in head else "0123456789")
                                      if d != number[at]])
            return head + number[:at] + new + number[at + 1:]
        return str(max(0, int(digits) + self.random.choice([-1, 1])))

    def try_verilog(self, subject, folder):
        kind = self.random.choice(list(self.TOKENS))
        pattern = self.TOKENS[kind][0]
        files = [f for f in sorted(pathlib.Path(folder).glob("*.v"))]
        places = []
        for file in files:
            lines = file.read_text().split("\n")
            for number, line in enumerate(lines):
                code = line.split("//")[0]
                if not line.startswith("`"):
                    places += [(file, number, m) for m in re.finditer(pattern, code)]
        # One file after another, so that the few leaves count as much as the many instances.
        file = self.random.choice(sorted({p[0] for p in places}))
        file, number, match = self.random.choice([p for p in places if p[0] == file])
        new = self.change(kind, match)
        if new == match.group(0):
            return
        shutil.rmtree("mutant.rtl", ignore_errors=True)
        shutil.copytree(folder, "mutant.rtl")
        lines = file.read_text().split("\n")
        lines[number] = lines[number][:match.start()] + new + lines[number][match.end():]
        (pathlib.Path("mutant.rtl") / file.name).write_text("\n".join(lines))
        what = "%s/%s:%d: %s -> %s" % (folder, file.name, number + 1, match.group(0)[:60], new[:60])
        status, words = self.run("cofiber", "prove", subject, "--rtl", "mutant.rtl", "--no-input", "--cache", "cache")
        killers = {0: ["equivalent"], 1: ["prove"], 2: ["Yosys"]}.get(status, [])
        if status == 1 and self.cosims > 0:
            self.cosims -= 1
            if self.run("cofiber", "cosim", subject, "--vectors", "--rtl", "mutant.rtl", "--cache", "cache")[0] != 0:
                killers.append("cosim")
        self.count(kind, killers, what, words)

    # ---- sources ----

    SOURCES = [  # file, pattern (one match is taken), replacement
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"weights\[4 \* l \+ 3\] \* x\[k \+ 3\]",
         "weights[4 * l + 2] * x[k + 3]"),
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"job->step \? sum >= 0 : sum",
         "job->step ? sum > 0 : sum"),
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"sum >= 0 : sum",
         "sum >= 1 : sum"),
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"\(uint32_t\)job->bias \+",
         "1 + (uint32_t)job->bias +"),
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"acc\[i\] \+= factor \* value;",
         "acc[i] -= factor * value;"),
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"CF_STORE32 \? \(int32_t\)sum",
         "CF_STORE32 ? (int16_t)sum"),
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"\(uint32_t\)\(weights\[2 \* l \+ 1\] \* x\[k \+ 1\]\)",
         "(uint32_t)(weights[2 * l + 1] * x[k])"),
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"strip \+= \(size_t\)dense->padded_inputs \* width",
         "strip += (size_t)dense->padded_inputs * width + 1"),
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"uint32_t acc\[STRIP\] = \{0\}",
         "uint32_t acc[STRIP] = {1}"),
        ("simulator kernels", "sim/word/kernels_portable.c",
         r"first < job->lanes; first \+= CHUNK",
         "first + 1 < job->lanes; first += CHUNK"),
        ("simulator kernels", "sim/word/kernels_avx512.c",
         r"CF_PANEL \* p, acc\[r\]\[p\]\)",
         "CF_PANEL * p, acc[0][p])"),
        ("simulator kernels", "sim/word/kernels_avx512.c",
         r"_mm512_set1_epi32\(\(\(const operand \*\)rows\[r\]\)\[k\]\)",
         "_mm512_set1_epi32(((const operand *)rows[r])[0])"),
        ("simulator kernels", "sim/word/kernels_avx512.c",
         r"dot16_step\(&acc\[r\]\[p\], x, wp\[p\]\)",
         "dot16_step(&acc[r][p], x, wp[0])"),
        ("simulator kernels", "sim/word/rows_avx512.c",
         r"sum = _mm512_add_epi16\(sum, _mm512_mullo",
         "sum = _mm512_sub_epi16(sum, _mm512_mullo"),
        ("simulator kernels", "sim/word/rows_avx512.c",
         r"UINT32_MAX >> \(32 - \(job->lanes - first\)\)\);",
         "UINT32_MAX >> (33 - (job->lanes - first)));"),
        ("simulator kernels", "sim/word/dense_avx2.c",
         r"vpmaddwd %3, %2, %1\\n\\tvpaddd",
         "vpmaddwd %3, %2, %1\\n\\tvpsubd"),
        ("simulator kernels", "sim/word/dense_avx2.c",
         r"8 \* v\), acc\[r\]\[v\]\)",
         "8 * v), acc[r][0])"),
        ("simulator kernels", "sim/word/rows_avx2.c",
         r"sum = _mm256_add_epi16\(sum, _mm256_mullo",
         "sum = _mm256_sub_epi16(sum, _mm256_mullo"),
        ("simulator kernels", "sim/word/rows_avx2.c",
         r"from\[s\] = job->sources\[s\]\.values;",
         "from[s] = job->sources[0].values;"),
        ("lowering", "netlists/lowering/lower.c",
         r"\*plus = number < 0 \? negative : positive",
         "*plus = number > 0 ? negative : positive"),
        ("lowering", "netlists/lowering/lower.c",
         r"triple = 3 \* n",
         "triple = 5 * n"),
        ("lowering", "netlists/lowering/lower.c",
         r"put_column\(l, l->next, column \+ i, wires",
         "put_column(l, l->next, column, wires"),
        ("lowering", "netlists/lowering/lower.c",
         r"wires\[from\[0\]\], wires\[from\[1\]\], wires\[from\[2\]\]",
         "wires[from[0]], wires[from[1]], wires[from[1]]"),
        ("Verilog writer", "rtl/structural/cells.c",
         r"assign y = sum >= ",
         "assign y = sum > "),
        ("Verilog writer", "rtl/structural/cells.c",
         r"\"\$signed\(%s\"",
         "\"(%s\""),
        ("Verilog writer", "rtl/structural/cells.c",
         r"slots - slots % SLICE : 0",
         "slots - slots % SLICE : 1"),
        ("Verilog writer", "rtl/structural/cells.c",
         r"wire signed \[%u-1:0\] \", kind->sum_width",
         "wire signed [%u-1:0] \", kind->sum_width - 1"),
        ("Verilog writer", "rtl/structural/cells.c",
         r"k < SLICE; k\+\+\) \{\n        cf_put\(e, \"\\n                \+ ",
         "k < SLICE; k++) {\n        cf_put(e, \"\\\\n                - "),
        ("Verilog writer", "rtl/structural/cells.c",
         r"\"sum = BIAS\"",
         "\"sum = 0\""),
        ("Verilog writer", "rtl/structural/gate.c",
         r"first\.lane \+ i, 0\}",
         "first.lane + i, 1}"),
        ("Verilog writer", "rtl/structural/gate.c",
         r"\(int64_t\)1 << term->shift",
         "(int64_t)1 << (term->shift / 2)"),
        ("Verilog writer", "rtl/structural/gate.c",
         r"\(cf_signed_width\(min, max\) \+ 3\) / 4 \* 4",
         "(cf_signed_width(min, max) - 1)"),
        ("Verilog writer", "rtl/structural/gate.c",
         r"slots\[operand\.lane - first\.lane\] = operand",
         "slots[i] = operand"),
    ]

    # The kernels of these files run on processors with these features, with --isa of that name.
    ISAS = {"avx512": "avx512_vnni", "avx2": "avx2"}

    def isa_of(self, name):
        """The --isa whose kernels a file holds, or None where this processor has none of it."""
        isa = next((i for i in self.ISAS if name.endswith("_%s.c" % i)), "portable")
        there = isa == "portable" or " %s " % self.ISAS[isa] in pathlib.Path("/proc/cpuinfo").read_text().replace("\n", " ")
        return isa if there else None

    def copy_tree(self):
        """The sources and the objects in a folder of their own, in which one file can be mutated."""
        tree = pathlib.Path("tree").resolve()
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir()
        for room in sorted(p for p in ROOT.iterdir() if p.name not in ("build", ".git", "tests", "docs") and not
                           p.name.startswith("build")):
            (shutil.copytree if room.is_dir() else shutil.copy2)(room, tree / room.name)
        (tree / "build").mkdir()
        for part in ("obj", "gen", "libcofiber.a", "cofiber"):
            source = self.build / part
            if source.is_dir():
                shutil.copytree(source, tree / "build" / part, copy_function=shutil.copy2)
            elif source.exists():
                shutil.copy2(source, tree / "build" / part)
        return tree

    def judge(self, room, tree, subjects, isa):
        """What notices that the program in the tree is not the program."""
        cofiber, killers = str(tree / "build/cofiber"), []
        env = dict(self.env, PATH="%s:%s" % (tree / "build", self.env["PATH"]))
        if room == "Verilog writer":
            for subject, _ in subjects:
                shutil.rmtree("written", ignore_errors=True)
                if self.run(cofiber, "verilog", subject, "-o", "written")[0] != 0:
                    continue
                status = self.run("cofiber", "prove", subject, "--rtl", "written", "--no-input", "--cache", "cache")[0]
                if status == 1:
                    return ["prove"]
                if status == 2:
                    killers = ["Yosys"]
            return killers
        engine = ["--engine", "bits"] if room == "lowering" else ["--isa", isa]
        for subject, _ in subjects:
            self.run("cofiber", "vectors", subject, "-o", "frames")
            if self.run("cofiber", "sim", subject, "frames", "--isa", "reference", "--trace", "expected")[0] != 0:
                continue
            status, _ = self.run(cofiber, "sim", subject, "frames", *engine, "--trace", "found", env=env)
            if status != 0 or pathlib.Path("expected").read_bytes() != pathlib.Path("found").read_bytes():
                return ["simulation"]
        return killers

    def try_source(self, tree, subjects, mutation):
        room, name, pattern, replacement = mutation
        source = tree / name
        text = source.read_text()
        match, isa = re.search(pattern, text), self.isa_of(name)
        if not match:  # the source has changed: the list must follow it
            self.count("source: " + room, [], "%s: %s" % (name, pattern), "stands nowhere")
            return
        if not isa:
            print("not tried: %s: this processor lacks what it needs" % name)
            return
        status = os.stat(source)
        source.write_text(text[:match.start()] + replacement + text[match.end():])
        done, words = self.run("make", "-C", str(tree), "SETUP=no", "CHECKER=", "build/cofiber")
        what = "%s: %s -> %s" % (name, match.group(0), replacement)
        killers = ["build"] if done != 0 else self.judge(room, tree, subjects, isa)
        self.count("source: " + room, killers, what, words if done else "")
        source.write_text(text)
        os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
        object_file = tree / "build/obj" / (name[:-2] + ".o")
        shutil.copy2(self.build / "obj" / (name[:-2] + ".o"), object_file)

    # ---- all of it ----

    def report(self):
        used = [t for t in TOOLS if any(t in row for row in self.table.values())]
        print("| kind | mutants | %s | equivalent |" % " | ".join(used))
        print("|---|---|%s---|" % ("---|" * len(used)))
        total = {}
        for kind, row in sorted(self.table.items()):
            for key, value in row.items():
                total[key] = total.get(key, 0) + value
        for kind, row in sorted(self.table.items()) + [("all", total)]:
            cells = [str(row.get(t, 0)) for t in ["mutants"] + used + ["equivalent"]]
            print("| %s | %s |" % (kind, " | ".join(cells)))
        for survivor in self.survivors:
            print("survives: " + survivor)
        dead = total.get("mutants", 0) - len(self.survivors)
        print("%d mutants, %d survive" % (total.get("mutants", 0), len(self.survivors)))
        return dead, len(self.survivors)

    def go(self):
        subjects = self.make_subjects()
        for _ in range(self.options.netlists):
            self.try_netlist(*self.random.choice(subjects))
        for _ in range(self.options.verilog):
            self.try_verilog(*self.random.choice(subjects))
        mutations = list(self.SOURCES)
        self.random.shuffle(mutations)
        if self.options.sources:
            tree = self.copy_tree()
            simulated = subjects + self.make_simulated()
            for mutation in mutations[: self.options.sources]:
                self.try_source(tree, subjects if mutation[0] == "Verilog writer" else simulated, mutation)
        return self.report()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build")
    for name, default in (("netlists", 0), ("verilog", 0), ("sources", 0), ("cosim", 0), ("seed", 1)):
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--verbose", action="store_true", help="print the equivalent mutants, too")
    options = parser.parse_args()
    campaign = Campaign(options)
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        _, alive = campaign.go()
        os.chdir(here)
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
