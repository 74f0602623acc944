#!/usr/bin/env python3
"""Draws the circuit as docs/circuit.svg and, for dark pages, docs/circuit-dark.svg.

    scripts/draw_circuit.py [FOLDER]      (default: docs)

The numbers of gates follow from the geometry below, as in `cofiber stats`.
"""
import sys
from pathlib import Path

CHANNELS, CLASSES, SIDE = 768, 80, 40
WIDTH, HEIGHT = 980, 560

LIGHT = {"ink": "#1f2328", "faint": "#59636e", "line": "#59636e", "card": "#f6f8fa", "edge": "#d1d9e0",
         "pool": "#0969da", "subtract": "#8250df", "classify": "#1a7f37"}  # fmt: skip
DARK = {"ink": "#f0f6fc", "faint": "#9198a1", "line": "#9198a1", "card": "#151b23", "edge": "#3d444d",
        "pool": "#4493f8", "subtract": "#ab7df8", "classify": "#3fb950"}  # fmt: skip

# Left edges and widths of the three columns of boxes, and the tops of the four rows.
COLUMNS = {"grid": (24, 258), "subtract": (382, 258), "classify": (730, 234)}
ROWS = (82, 190, 298, 420)
BOX = 76


class Drawing:
    def __init__(self, colours):
        self.colours, self.parts = colours, []

    def add(self, text):
        self.parts.append(text)

    def text(self, x, y, words, colour="ink", size=14, weight="normal", anchor="start"):
        self.add(f'<text x="{x}" y="{y}" fill="{self.colours[colour]}" font-size="{size}" font-weight="{weight}" '
                 f'text-anchor="{anchor}">{words}</text>')

    def box(self, column, row, kind, title, lines, cells=0, dead=False):
        """A group of gates: title, two lines, and a mesh of cells x cells that shows how coarse its grid is."""
        x, width = COLUMNS[column]
        y, colour = ROWS[row], self.colours[kind]
        dash = ' stroke-dasharray="5 4"' if dead else ""
        self.add(f'<rect x="{x}" y="{y}" width="{width}" height="{BOX}" rx="8" fill="{self.colours["card"]}" '
                 f'stroke="{colour}" stroke-width="1.6"{dash}/>')
        left = x + 14
        if cells:
            side = 48
            step, top = side / cells, y + (BOX - side) / 2
            path = "".join(f"M{left + i * step:g} {top:g}v{side}M{left:g} {top + i * step:g}h{side}"
                           for i in range(cells + 1))
            self.add(f'<path d="{path}" stroke="{colour}" stroke-width="1" fill="none" opacity="0.75"/>')
            left += side + 14
        self.text(left, y + 24, title, "ink", 15, "600")
        for i, line in enumerate(lines):
            self.text(left, y + 44 + 19 * i, line, "faint", 13)

    def arrow(self, path, kind, label=None, at=(0, 0), anchor="start", dead=False):
        dash = ' stroke-dasharray="5 4"' if dead else ""
        self.add(f'<path d="{path}" fill="none" stroke="{self.colours[kind]}" stroke-width="1.8"{dash} '
                 f'marker-end="url(#{kind})"/>')
        if label:
            self.text(*at, label, "faint", 13, anchor=anchor)

    def svg(self):
        colours = self.colours
        markers = "".join(
            f'<marker id="{kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
            f'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="{colours[kind]}"/></marker>'
            for kind in ("line", "pool", "subtract", "classify"))
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
                f'height="{HEIGHT}" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" '
                f'role="img" aria-labelledby="title">\n<title id="title">The circuit: pools, subtracts and classifiers '
                f"on three scales</title>\n<defs>{markers}</defs>\n" + "\n".join(self.parts) + "\n</svg>\n")


def gates(side, lanes):
    return f"{side * side * lanes:,} gates"


def draw(colours):
    d = Drawing(colours)
    middle = [y + BOX / 2 for y in ROWS]
    for column, kind, words in (("grid", "pool", "layer 0: pool"), ("subtract", "subtract", "layer 1: subtract"),
                                ("classify", "classify", "layer 2: classify")):
        x, width = COLUMNS[column]
        d.text(x + width / 2, 34, words, kind, 16, "600", "middle")
    d.text(COLUMNS["grid"][0] + 129, 56, "sum of 2 x 2 values of the grid above", "faint", 13, anchor="middle")
    d.text(COLUMNS["subtract"][0] + 129, 56, "grid minus upsampled pool: the cofiber", "faint", 13, anchor="middle")
    d.text(COLUMNS["classify"][0] + 117, 56, "fires if w . s + b &#8805; 0", "faint", 13, anchor="middle")

    d.box("grid", 0, "line", "input x", [f"{SIDE} x {SIDE} x {CHANNELS}, 8 bits", "features at stride 16"], 8)
    for k in range(3):
        side = SIDE >> k + 1
        d.box("grid", k + 1, "pool", f"s{k}.pool", [f"{side} x {side} x {CHANNELS}", gates(side, CHANNELS)],
              (4, 2, 1)[k], dead=k == 2)
    for k, row in ((0, 0), (1, 1), (2, 3)):
        side = SIDE >> k
        d.box("subtract", row, "subtract", f"s{k}.subtract", [f"{side} x {side} x {CHANNELS}", gates(side, CHANNELS)],
              (8, 4, 2)[k], dead=k == 2)
    for k in range(3):
        side = SIDE >> k
        d.box("classify", k, "classify", f"s{k}.classify",
              [f"{side} x {side} x {CLASSES} classes, stride {16 << k}", gates(side, CLASSES)])

    grid_right = sum(COLUMNS["grid"])
    subtract, subtract_right = COLUMNS["subtract"][0], sum(COLUMNS["subtract"])
    classify = COLUMNS["classify"][0]
    down = COLUMNS["grid"][0] + 38
    for row in range(3):  # each grid is pooled into the next
        d.arrow(f"M{down} {ROWS[row] + BOX}V{ROWS[row + 1] - 2}", "pool", dead=row == 2)
    for row in (0, 1):  # the grid, and the pool below it upsampled, go into the subtract
        y = middle[row]
        d.arrow(f"M{grid_right} {y - 12}H{subtract - 2}", "subtract", "+", (subtract - 22, y - 20))
        d.arrow(f"M{grid_right} {middle[row + 1] - 24}C{grid_right + 60} {middle[row + 1] - 24} {subtract - 60} {y + 20} "
                f"{subtract - 2} {y + 20}", "subtract", "&#8722; up", (subtract - 10, y + 14), "end")
        d.arrow(f"M{subtract_right} {y}H{classify - 2}", "classify")
    # The coarsest grid itself, the residual, is what the last classifiers read.
    d.arrow(f"M{grid_right} {middle[2] + 6}H{classify - 2}", "classify", "the residual: the coarsest grid itself",
            (subtract + 129, middle[2] - 4), "middle")
    # Scale 2's own pool and subtract, which nothing reads.
    d.arrow(f"M{grid_right} {middle[2] + 26}C{grid_right + 60} {middle[2] + 26} {subtract - 60} {middle[3] - 20} "
            f"{subtract - 2} {middle[3] - 20}", "subtract", "+", (subtract - 20, middle[3] - 28), dead=True)
    d.arrow(f"M{grid_right} {middle[3] + 14}H{subtract - 2}", "subtract", "&#8722; up", (subtract - 10, middle[3] + 8),
            "end", dead=True)
    x = subtract_right + 24
    for i, line in enumerate(("Dashed: the card counts these 96,000", "gates, but no decision depends on them",
                              "(--top cofiber lets the last classifiers", "read s2.subtract instead).")):
        d.text(x, ROWS[3] + 15 + 19 * i, line, "faint", 13)

    totals = {
        "grid": sum((SIDE >> k + 1) ** 2 for k in range(3)) * CHANNELS,
        "subtract": sum((SIDE >> k) ** 2 for k in range(3)) * CHANNELS,
        "classify": sum((SIDE >> k) ** 2 for k in range(3)) * CLASSES,
    }
    for column, kind in (("grid", "pool"), ("subtract", "subtract"), ("classify", "classify")):
        x, width = COLUMNS[column]
        at = x + (40 if column == "classify" else width / 2)
        d.text(at, HEIGHT - 22, f"{totals[column]:,}", kind, 16, "600", "middle")
    for x in (332, 685):
        d.text(x, HEIGHT - 22, "+", "faint", 16, anchor="middle")
    d.text(sum(COLUMNS["classify"]), HEIGHT - 22, f"= {sum(totals.values()):,}", "ink", 16, "600", "end")
    return d.svg()


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent / "docs")
    (folder / "circuit.svg").write_text(draw(LIGHT))
    (folder / "circuit-dark.svg").write_text(draw(DARK))


if __name__ == "__main__":
    main()
