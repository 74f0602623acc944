"""Sections of scripts/readme_figures.sh whose numbers are times or memory: they differ between machines."""
import json
import os
import re
import subprocess

from figure import COFIBER, FRAME, PYTHON, ROOT, Figure, compiled, rows_of, run, said, table


def commands(folder):
    """scripts/figures.sh"""
    yield from table("docs/performance.md", rows_of(run(ROOT / "scripts/figures.sh")))


def speed(folder):
    """scripts/figures/speed.py (cofiber bench NET FRAME)"""
    yield from table("docs/performance.md", rows_of(run(PYTHON, ROOT / "scripts/figures/speed.py")))


def scaling(folder):
    """scripts/bench_scaling.sh"""
    rows = rows_of(run(ROOT / "scripts/bench_scaling.sh"), names=3)
    yield from table("docs/performance.md", {name: cells for name, cells in rows.items() if name[0].isdigit()}, names=3)


def peers(folder):
    """scripts/bench_peers.sh"""
    # docs/performance.md joins the tables of one thread and of all.
    joined = {}
    for part in re.split(r"\n(?=\d+ threads?, median)", run(ROOT / "scripts/bench_peers.sh"))[1:]:
        for label, cells in rows_of(part).items():
            if label != "contender":
                joined.setdefault(label, []).extend([cells[0], cells[2]])
    yield from table("docs/performance.md", joined)


def bits(folder):
    """scripts/bench_bits_peers.sh"""
    for line in run(ROOT / "scripts/bench_bits_peers.sh", SIZES=os.environ.get("SIZES", "no")).splitlines():
        yield Figure("docs/performance.md", "bit engine beside others", "see the page", line.strip(), False)


def evaluation(folder):
    """scripts/eval_speed.sh; cofiber eval of annotations as large as COCO's (scripts/make_coco_set.py --outlines)"""
    said_of = run(ROOT / "scripts/eval_speed.sh")
    times = {label: re.search(pattern, said_of).group(1) for label, pattern in (
        ("cofiber eval, median of 5 runs", r"cofiber eval +([\d.]+) s"),
        ("the published algorithm in Python and NumPy", r"NumPy +([\d.]+) s"), ("ratio", r"ratio +([\d.]+)"))}
    yield from table("docs/detect.md", {label: [time] for label, time in times.items()})
    truth, found = f"{folder}/truth.json", f"{folder}/found.json"
    run(PYTHON, ROOT / "scripts/make_coco_set.py", truth, found, "--images", "117266", "--detections", "1", "--outlines")
    seconds, kilobytes = cost("eval", truth, found)
    yield said("docs/detect.md", "MB of annotations", r"with outlines, (\d+) MB", f"{os.path.getsize(truth) / 1e6:.0f}", False)
    yield said("docs/detect.md", "s to read them", r"is read in ([\d.]+) s", f"{seconds:.1f}", False)
    yield said("docs/detect.md", "MB of memory", r"s and (\d+) MB on the same", f"{kilobytes / 1e3:.0f}", False)


def training(folder):
    """scripts/bench_train.sh build 16"""
    rows = {"linear, 1 processes of 1 thread": "linear, 1 process under mpirun",
            "linear, 2 processes of 1 thread": "linear, each of 2 processes"}
    measured = {}
    for line in run(ROOT / "scripts/bench_train.sh", ROOT / "build", "16").splitlines():
        found = re.match(r"(\S.*\S) +([\d.]+) s a step, of which products ([\d.]+) s: ([\d.]+) times", line)
        torch = re.match(r"PyTorch, (\w+), 1 thread +([\d.]+) s a step", line)
        if found:
            label = found.group(1).strip()
            measured[rows.get(label, label)] = [f"{found.group(2)} s", f"{found.group(3)} s", found.group(4)]
        elif torch:
            measured[f"{torch.group(1)}, 1 thread"].append(f"{float(torch.group(2)):.2f} s")
    measured.pop("linear, 2 threads", None)
    yield from table("docs/training.md", measured)


def adders(folder):
    """scripts/bench_optimize.sh"""
    rows = rows_of(run(ROOT / "scripts/bench_optimize.sh"))
    yield from table("docs/optimize.md", {label: cells for label, cells in rows.items() if label != "matrix"})


def memory(folder):
    """cofiber sim and detect of many frames, cofiber train of 20 and 400: the peak of memory"""
    net = compiled(folder, "net")
    yield said("docs/design.md", "MB of 10,000 frames", r"10,000 frames takes at most (\d+) MB",
               megabytes("sim", net, *[FRAME] * 10000, "-o", f"{folder}/decisions", "--decisions"), False)
    for count in (20, 1000):
        yield said("docs/detect.md", f"MB of {count} frames", r"take at most (\d+) MB, and so",
                   megabytes("detect", net, *[FRAME] * count, "-o", f"{folder}/found"), False)
    for count, pattern in ((20, r"20 frames of [\dx ]+ peak at (\d+) MB"), (400, r"400 at (\d+) MB")):
        frames, truth = f"{folder}/frames.npy", f"{folder}/truth.json"
        run(PYTHON, ROOT / "tests/train/make_set.py", frames, truth, "--frames", count, "--grid", "40", "--channels", "768",
            "--classes", "80")
        yield said("docs/training.md", f"MB of training with {count} frames", pattern,
                   megabytes("train", frames, "--annotations", truth, "-o", f"{folder}/head", "--variant", "linear",
                             "--epochs", "1", "--batch", "16"), False)


def cost(*arguments):
    """Seconds, and the peak of memory in kB, of a command."""
    done = subprocess.run(["/usr/bin/time", "-f", "%e %M", COFIBER, *map(str, arguments)], check=True, capture_output=True,
                          text=True)
    seconds, kilobytes = done.stderr.splitlines()[-1].split()
    return float(seconds), int(kilobytes)


def megabytes(*arguments):
    return f"{cost(*arguments)[1] / 1e3:.0f}"
