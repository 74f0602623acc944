#!/usr/bin/env python3
"""A module around one gate of the emitted Verilog: wrap_cell.py FOLDER KIND [N], the N-th gate instance of the first row
module whose name contains KIND. Its ports are the leaf's, so that their bits stand in the order of the lowered cell's."""
import re
import sys

folder, kind = sys.argv[1:3]
number = int(sys.argv[3]) if len(sys.argv) > 3 else 0
cells = open(folder + "/cofiber_cells.v").read()
rows = open(folder + "/cofiber_rows.v").read()
row = next(m for m in re.finditer(r"module row_(\w+) \(.*?endmodule", rows, re.S) if kind in m.group(1)).group(0)
leaf, parameters = re.findall(r"^\s*(\w+) (#\(.*\)) \w+ (?:\[\d+:0\] )?\(", row, re.M)[number]
header = re.search(r"module " + leaf + r" #\((.*?)\) \((.*?)\);", cells, re.S).group(2)
ports = re.findall(r"(input|output)\s+wire\s+(\[[^\]]*\])\s+(\w+)", header)
print("module wrapped (" + ", ".join(f"{d} wire {r} {n}" for d, r, n in ports) + ");")
print(f"  {leaf} {parameters} gate (" + ", ".join(f".{n}({n})" for _, _, n in ports) + ");")
print("endmodule")
