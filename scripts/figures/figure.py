"""A quoted figure and the measured one, and how to get at both. Used by the sections of scripts/readme_figures.sh."""
import os
import re
import subprocess
import sys
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


class Note:
    """Numbers that were not measured, with the command that measures them."""

    def __init__(self, text):
        self.text = text

    def good(self):
        return True

    def __str__(self):
        return self.text


def text_of(page):
    return " ".join((ROOT / page).read_text().split())


def said(page, label, pattern, measured, exact=True):
    """A number in a page's running text: the group of `pattern`, in which blanks stand for any white space."""
    found = re.search(pattern, text_of(page))
    return Figure(page, label, found.group(1) if found else MISSING, measured, exact)


def plain(cell):
    return cell.replace("`", "").replace("**", "").strip()


def rows_of(text, names=1):
    """{first `names` cells, joined by " | ": the others} of every table in Markdown text."""
    rows = {}
    for line in text.splitlines():
        cells = [plain(cell) for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and not set(cells[0]) <= set("-: "):
            rows.setdefault(" | ".join(cells[:names]), cells[names:])
    return rows


def table(page, measured, exact=False, names=1):
    """Each cell of a measured table beside that of the page's row with the same first cells."""
    quoted = rows_of((ROOT / page).read_text(), names)
    for label, cells in measured.items():
        for column, cell in enumerate(cells):
            old = quoted.get(label, [MISSING] * len(cells))
            yield Figure(page, f"{label}, column {column + 1 + names}", old[column] if column < len(old) else MISSING,
                         cell, exact and any(c.isdigit() for c in cell))


def run(*command, folder=ROOT, **environment):
    """What the command prints. Exit status 1 is no failure: commands that compare end with it where they differ."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=folder,
                          env=os.environ | environment)
    if done.returncode > 1:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def cofiber(*arguments):
    return run(COFIBER, *arguments)


def compiled(folder, name, *options, head=HEAD):
    net = f"{folder}/{name}"
    cofiber("compile", head, "-o", net, "--calibrate", FRAME, "--score-threshold", "0.1", *options)
    return net
