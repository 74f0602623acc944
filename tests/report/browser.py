#!/usr/bin/env python3
"""Opens pages of `cofiber report` in headless Chromium and compares what they show with what `cofiber explain` prints.

    browser.py [BUILD]

A copy of each page gets one more script, which works the page as a reader would (the slider, the form, an operand's
button, Back) and leaves what it saw in the document; Chromium prints that document. Closes with 'N passed, N failed'.
"""
import contextlib
import html
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COFIBER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build").resolve() / "cofiber"
HEAD = ROOT / "examples/head_nearest_fp32.safetensors"
FRAME = ROOT / "examples/000000214753_f16.npy"
GOLDEN = ROOT / "netlists/golden"
passed = failed = 0

PROBE = """<script>
(async () => {
  const seen = { errors: [], gates: {} };
  window.addEventListener("error", (event) => seen.errors.push(event.message));
  const byName = (name) => document.getElementById(name), wait = (ms) => new Promise((done) => setTimeout(done, ms));
  for (let i = 0; i < 600 && !document.documentElement.dataset.ready; i++) await wait(50);
  const show = async (name) => {
    byName("name").value = name;
    byName("name").dispatchEvent(new Event("input"));
    byName("chooser").requestSubmit();
    for (let i = 0; i < 100 && (byName("gate-name") || {}).textContent !== name; i++) await wait(20);
  };
  const read = () => ({
    value: document.querySelector(".gatehead").dataset.value,
    facts: [...document.querySelectorAll("#gate dl")].flatMap((dl) => [...dl.children].map((child) => child.textContent)),
    beyond: [...document.querySelectorAll("#gate .scroll")].map((box) => box.scrollWidth - box.clientWidth),
    rows: [...document.querySelectorAll("#gate tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent)),
  });
  document.body.style.width = "390px"; // headless Chromium's own window is never narrower than 500
  for (const name of GATES) {
    await show(name);
    const more = document.querySelector("#gate p button");
    if (more) more.click();
    seen.gates[name] = read();
  }
  seen.width = document.body.getBoundingClientRect().width;
  for (const cell of document.querySelectorAll("#gate td")) cell.textContent += " and words that need room";
  seen.crammed = read().beyond;
  const operand = document.querySelector("#gate tbody button");
  if (operand) {
    const wanted = operand.textContent;
    operand.click();
    for (let i = 0; i < 100 && byName("gate-name").textContent !== wanted; i++) await wait(20);
    seen.clicked = [wanted, byName("gate-name").textContent];
    byName("back").click();
    for (let i = 0; i < 100 && byName("gate-name").textContent === wanted; i++) await wait(20);
    seen.back = byName("gate-name").textContent;
  }
  await show("s0.nothing[0]");
  seen.wrong = byName("wrong").textContent;
  if (!byName("bands").hidden) {
    seen.fired = byName("fired").textContent;
    byName("score").value = 0.3;
    byName("score").dispatchEvent(new Event("input"));
    seen.fewer = byName("fired").textContent;
    seen.marks = byName("marks").children.length;
  }
  seen.charts = document.querySelectorAll("#plot-grid canvas").length;
  seen.claims = document.querySelectorAll(".claim").length;
  const box = document.createElement("pre");
  box.id = "probe";
  box.textContent = JSON.stringify(seen);
  document.body.append(box);
})();
</script>"""


def check(name, good, found=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED {name}: {found}")


def cofiber(*arguments):
    return subprocess.run([COFIBER, *map(str, arguments)], capture_output=True, text=True, check=True).stdout


def probe(page, gates):
    """What the page shows of these gates, and of the rest; and the console's complaints."""
    text = page.read_text()
    worked = page.with_suffix(".probe.html")
    worked.write_text(text.replace("</html>", PROBE.replace("GATES", json.dumps(gates)) + "</html>"))
    run = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", f"--user-data-dir={page.parent}/user",
         "--virtual-time-budget=120000", "--timeout=120000", "--window-size=390,844", "--dump-dom", worked.as_uri()],
        capture_output=True, text=True, timeout=300, check=False)
    complaints = [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    found = re.search(r'<pre id="probe">(.*?)</pre>', run.stdout, re.S)
    return (json.loads(html.unescape(found.group(1))) if found else None), complaints


def number(text):
    return int(text.replace(",", ""))


def compare(name, shown, explained):
    """A gate as the page shows it beside `explain --json`."""
    lines = explained["verilog"]["lines"] if "verilog" in explained else {}
    if "input" in explained:
        check(name, int(shown["value"]) == explained["value"], shown)
    else:
        facts = shown["facts"]
        check(name, int(shown["value"]) == explained["output"], (shown["value"], explained["output"]))
        check(name, number(facts[facts.index("sum with it") + 1]) == explained["sum"], facts)
        terms = [[term["net"], term["weight"], term["shift"], term["value"]] for term in explained["terms"]]
        rows = [[row[0].removesuffix(" (its square)"), int(row[1].split(" << ")[0]), int((row[1].split(" << ") + ["0"])[1]), number(row[2])]
                for row in shown["rows"]]
        check(name, rows == terms, (rows[:3], terms[:3]))
    for file, line in lines.items():
        check(name, f"line {line}" in shown["facts"] and file in shown["facts"], (file, line, shown["facts"]))
    if lines:
        check(name, explained["verilog"]["wire"] in shown["facts"], shown["facts"])
        check(name, explained["verilog"].get("instance", explained["verilog"]["wire"]) in shown["facts"], shown["facts"])


def notices(shown, wrong):
    """Whether compare() fails on an explanation that was changed."""
    global failed
    before, quiet = failed, io.StringIO()
    with contextlib.redirect_stdout(quiet):
        compare("changed on purpose", shown, wrong)
    found, failed = failed > before, before
    return found


def test(folder, name, net, frame, gates, *options):
    page = folder / f"{name}.html"
    cofiber("report", net, frame, "-o", page, *options)
    text = page.read_text()
    check(name, len(text) < 5_000_000, len(text))
    check(name, not re.search(r'(src|href)="?https?:|@import|url\(http', text.split('<script type="text/plain"')[0]), "the page loads something")
    seen, complaints = probe(page, gates)
    check(name, seen is not None, "nothing was seen")
    check(name, not complaints, complaints)
    if seen is None:
        return {}
    check(name, not seen["errors"], seen["errors"])
    check(name, "no group" in seen["wrong"], seen["wrong"])
    # On a phone the operands need no scrolling; a table that does must be noticed.
    check(name, seen["width"] == 390, seen["width"])
    check(name, all(not any(seen["gates"][gate]["beyond"]) for gate in gates), {gate: seen["gates"][gate]["beyond"] for gate in gates})
    check(name, all(beyond > 0 for beyond in seen["crammed"]), seen["crammed"])
    for gate in gates:
        compare(f"{name} {gate}", seen["gates"][gate], json.loads(cofiber("explain", net, gate, frame, "--json")))
    if "clicked" in seen:
        check(name, seen["clicked"][0] == seen["clicked"][1] and seen["back"] == gates[-1], (seen["clicked"], seen["back"]))
    return seen


def main():
    if not COFIBER.exists():
        print(f"browser.py: there is no {COFIBER}: build it with 'make tests', or name another folder", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        net = folder / "net"
        cofiber("compile", HEAD, "-o", net, "--calibrate", FRAME, "--score-threshold", "0.1")
        gates = ["input[3,5,700]", "s0.pool[19,0,5]", "s1.pool[3,4,700]", "s2.subtract[9,9,767]", "s1.classify[4,9,17]", "s2.classify[2,5,2]",
                 "s0.classify[13,26,41]"]
        seen = test(folder, "example", net, FRAME, gates, "--head", HEAD)
        check("fired", re.match(r"176 gates .*128 on scale 0, 32 on scale 1, 16 on scale 2", seen.get("fired", "")), seen.get("fired"))
        check("slider", re.match(r"\d gates?", seen.get("fewer", "")) and seen.get("marks"), seen.get("fewer"))
        check("charts", seen.get("charts", 0) >= 4, seen.get("charts"))
        check("claims", seen.get("claims", 0) >= 30, seen.get("claims"))
        # The comparison must notice a wrong sum.
        gate, shown = "s1.classify[4,9,17]", seen["gates"]["s1.classify[4,9,17]"]
        wrong = json.loads(cofiber("explain", net, gate, FRAME, "--json"))
        wrong["terms"][5]["value"] += 1
        check("wrong value", notices(shown, wrong), "it was not noticed")
        # A netlist that is no detection circuit, with shifts and several ports.
        general = GOLDEN / "general.safetensors"
        stats = json.loads(cofiber("stats", general, "--json"))
        names = [f"{group['name']}[{','.join('0' for _ in group['shape'])}]" for group in stats["groups"]]
        (folder / "faults.json").write_text(cofiber("faults", general, GOLDEN / "general.frames.npy", "--sample", "50", "--json"))
        (folder / "luts.json").write_text('{"target": "ice40", "groups": [{"name": "s0.pool", "luts": 12}]}')
        (folder / "cost.json").write_text(cofiber("stats", general, "--bits", "--json"))
        bare = test(folder, "general", general, GOLDEN / "general.frames.npy", names)
        more = test(folder, "measured", general, GOLDEN / "general.frames.npy", names[:1], "--faults", folder / "faults.json", "--cost",
                    folder / "cost.json", "--luts", folder / "luts.json")
        check("faults, cost and LUTs", more.get("charts") == bare.get("charts", 0) + 3, (more.get("charts"), bare.get("charts")))
        # Squares, ReLUs and roots.
        norm = GOLDEN / "norm.safetensors"
        names = [f"{group['name']}[{','.join(str(size - 1) for size in group['shape'])}]"
                 for group in json.loads(cofiber("stats", norm, "--json"))["groups"]]
        test(folder, "norm", norm, GOLDEN / "general.frames.npy", names)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
