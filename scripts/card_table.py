#!/usr/bin/env python3
"""Prints the rows that scripts/card_table.sh has made beside those of the published card, as a table in Markdown, and
draws all of their points and losses.

    scripts/card_table.py TASK OUT EPOCHS    (writes OUT/pareto.svg and OUT/losses.svg)

The card's columns are its parameters and nonzero parameters, for 80 classes; the task has 10, and so its heads are smaller.
What the card's rows of dim20 and dim15 were pruned by is not known. A question mark stands where a row is beside ours by a
guess: the tensor must have room for the row's zeros, and the most zeros are taken to be the joint search's.
"""
import json
import math
import pathlib
import sys

# Our row: variant, search and point; the card's parameters and nonzero parameters; whether their being one is a guess.
# The first 17 are the card's. The next is its circuit, and the last two are ours alone.
ROWS = [
    ("linear_70k", "linear", "magnitude", "head", 69976, 69976, False),
    ("box32_92k", "box32", "magnitude", "head", 91640, 91640, False),
    ("box32, R1", "box32", "magnitude", "R1", 91640, 76640, False),
    ("box32, R2", "box32", "magnitude", "R2", 91640, 62000, False),
    ("box32, R3", "box32", "magnitude", "R3", 91640, 47000, False),
    ("dim20", "dim20", "bisect", "head", 22076, 22076, False),
    ("dim20, project alone", "dim20", "bisect", "only project_weight", 22076, 18121, True),
    ("dim20, all jointly", "dim20", "bisect", "joint", 22076, 17988, True),
    ("dim20, cls alone", "dim20", "bisect", "only cls_weight", 22076, 21480, True),
    ("dim20, reg_hidden alone", "dim20", "bisect", "only reg_hidden_weight", 22076, 22021, True),
    ("dim20, reg_out alone", "dim20", "bisect", "only reg_out_weight", 22076, 22058, True),
    ("dim20, ctr alone", "dim20", "bisect", "only ctr_weight", 22076, 22068, True),
    ("dim15", "dim15", "bisect", "head", 17751, 17751, False),
    ("dim15, project alone", "dim15", "bisect", "only project_weight", 17751, 17406, True),
    ("dim15, all jointly", "dim15", "bisect", "joint", 17751, 17129, True),
    ("dim10", "dim10", "magnitude", "head", 13426, 13426, False),
    ("dim5", "dim5", "magnitude", "head", 9101, 9101, False),
    ("the circuit alone", "classifier", "magnitude", "head", 61520, 61520, False),
    ("dim20, what bisection kept", "dim20", "bisect", "kept", None, None, False),
    ("dim15, what bisection kept", "dim15", "bisect", "kept", None, None, False),
]
COLOURS = {"classifier": "#777777", "linear": "#0072b2", "box32": "#d55e00", "dim20": "#009e73", "dim15": "#cc79a7",
           "dim10": "#e69f00", "dim5": "#56b4e9"}  # fmt: skip


def read(path):
    return json.loads(path.read_text()) if path.exists() else None


def count_frames(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return len(header["__metadata__"]["image_ids"].split(","))


def percent(value):
    return f"{100 * value:.2f}"


def print_row(out, row, variant, search, name, parameters, nonzero, guess):
    points = read(out / f"{variant}.{search}.json")
    wanted = points["kept"] if points and name == "kept" else name
    found = [p for p in points["points"] if p["name"] == wanted] if points else []
    whole = read(out / f"{variant}.float.json") if name == "head" else None
    floats = [percent(v) for v in whole["stats"][:3]] if whole else ["", "", ""]
    ours = ["", "", *floats, "", "", "", "", "", ""]
    if found:
        p = found[0]
        ours = [f"{p['parameters']:,}", f"{p['nonzero']:,}", *floats, percent(p["mAP"]), percent(p["AP50"]),
                percent(p["AP75"]), f"{p['gates']:,}", f"{p['edges']:,}", f"{p['adders']:,}"]  # fmt: skip
    card = [f"{parameters:,}", f"{nonzero:,}{' ?' if guess else ''}"] if parameters else ["", ""]
    print(f"| {row} | " + " | ".join(card + ours) + " |")


# ---- plots ----

LEFT, RIGHT, TOP, BOTTOM = 60, 580, 30, 330  # of the axes in the picture


def frame(x_label, y_label, x_ticks, y_ticks):
    """The lines of an SVG picture with its axes; ticks are (place in the picture, text)."""
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 380" font-family="sans-serif" font-size="12">',
             '<rect width="720" height="380" fill="white"/>',
             f'<path d="M{LEFT} {TOP - 10}V{BOTTOM}H{RIGHT + 10}" fill="none" stroke="black"/>',
             f'<text x="{(LEFT + RIGHT) / 2}" y="372" text-anchor="middle">{x_label}</text>',
             f'<text x="{LEFT}" y="14">{y_label}</text>']  # fmt: skip
    for x, text in x_ticks:
        lines.append(f'<path d="M{x:.1f} {BOTTOM}v5" stroke="black"/>'
                     f'<text x="{x:.1f}" y="{BOTTOM + 20}" text-anchor="middle">{text}</text>')  # fmt: skip
    for y, text in y_ticks:
        lines.append(f'<path d="M{LEFT} {y:.1f}h-5" stroke="black"/>'
                     f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')  # fmt: skip
    return lines


def name_family(i, family):
    return (f'<circle cx="610" cy="{40 + 20 * i}" r="4" fill="{COLOURS[family]}"/>'
            f'<text x="620" y="{44 + 20 * i}">{family}</text>')  # fmt: skip


def draw_points(out, path):
    """mAP over nonzero parameters (logarithmic) of every point of every family; filled: on its family's front."""
    searches = {v: read(out / f"{v}.{s}.json") for v, s in dict.fromkeys((r[1], r[2]) for r in ROWS)}
    families = {v: p["points"] for v, p in searches.items() if p}
    every = [p for family in families.values() for p in family]
    if not every:
        return
    low, high = min(p["nonzero"] for p in every) * 0.9, max(p["nonzero"] for p in every) * 1.1
    top = max(p["mAP"] for p in every) * 1.1
    x = lambda n: LEFT + (RIGHT - LEFT) * math.log(n / low) / math.log(high / low)
    y = lambda a: BOTTOM - (BOTTOM - TOP) * a / top
    lines = frame("nonzero parameters", "mAP of the integer circuit, percent",
                  [(x(n), f"{n:,}") for n in (1000, 2000, 5000, 10000, 20000, 50000) if low <= n <= high],
                  [(y(top * k / 4), f"{100 * top * k / 4:.1f}") for k in range(5)])  # fmt: skip
    for i, (family, points) in enumerate(families.items()):
        lines.append(name_family(i, family))
        for p in points:
            lines.append(f'<circle cx="{x(p["nonzero"]):.1f}" cy="{y(p["mAP"]):.1f}" r="4" stroke="{COLOURS[family]}" '
                         f'fill="{COLOURS[family] if p["front"] else "none"}"><title>{family}, {p["name"]}</title>'
                         "</circle>")  # fmt: skip
    path.write_text("\n".join(lines + ["</svg>\n"]))


def draw_losses(out, path):
    """The mean loss of every epoch, of every family."""
    curves = {}
    for family in COLOURS:
        log = out / f"{family}.log"
        steps = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        epochs = {}
        for step in steps:
            epochs.setdefault(step["epoch"], []).append(step["loss"])
        if epochs:
            curves[family] = [sum(losses) / len(losses) for losses in epochs.values()]
    if not curves:
        return
    last, top = max(map(len, curves.values())), max(map(max, curves.values())) * 1.05
    x = lambda e: LEFT + (RIGHT - LEFT) * e / last
    y = lambda loss: BOTTOM - (BOTTOM - TOP) * loss / top
    lines = frame("epoch", "mean loss of an epoch", [(x(last * k / 4), f"{last * k / 4:g}") for k in range(5)],
                  [(y(top * k / 4), f"{top * k / 4:.2f}") for k in range(5)])  # fmt: skip
    for i, (family, losses) in enumerate(curves.items()):
        points = " ".join(f"{x(e + 1):.1f},{y(loss):.1f}" for e, loss in enumerate(losses))
        lines += [name_family(i, family), f'<polyline points="{points}" fill="none" stroke="{COLOURS[family]}"/>']
    path.write_text("\n".join(lines + ["</svg>\n"]))


def main(task, out, epochs):
    out, task = pathlib.Path(out), pathlib.Path(task)
    frames = {part: sum(map(count_frames, (task / part).glob("frames-*.safetensors"))) for part in ("train", "test")}
    print(f"{frames['train']} training and {frames['test']} test pictures; {epochs} epochs. mAP, AP50 and AP75 in percent; "
          "float: the head before it is pruned, in floating point. ?: a guess (scripts/card_table.py).\n")
    print("| row | card: parameters | card: nonzero | parameters | nonzero | float mAP | AP50 | AP75 | mAP | AP50 | AP75 "
          "| gates | edges | adders |")
    print("|---|" + "--:|" * 13)
    for row in ROWS:
        print_row(out, *row)
    draw_points(out, out / "pareto.svg")
    draw_losses(out, out / "losses.svg")


main(*sys.argv[1:])
