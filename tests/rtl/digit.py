#!/usr/bin/env python3
"""Changes one digit of one classifier weight in emitted Verilog by one, and prints where: 's1.classify 3' (the lane).

    digit.py DIRECTORY SEED      rewrites DIRECTORY/cofiber_rows.v; a seed gives the same choice
"""
import random
import re
import sys

MODULE = re.compile(r"^module row_(s\d+)_classify_\d+ .*?^endmodule", re.MULTILINE | re.DOTALL)
# The weights of one gate, as digits of decimals or of a hexadecimal string, up to the name of its instance.
GATE = re.compile(r"#\(\.W0\(\{(?P<weights>.*?)\}.*?\) lane_(?P<lane>\d+) \(", re.DOTALL)
CONSTANT = re.compile(r"\d+'(?:sd(?P<decimal>\d+)|h(?P<hexadecimal>[0-9a-f_]+))")


def digits(text):
    """(place in the text, what else may stand there, gate) for each digit of each classifier's weights."""
    for module in MODULE.finditer(text):
        for gate in GATE.finditer(text, module.start(), module.end()):
            name = f"{module[1]}.classify {gate['lane']}"
            for constant in CONSTANT.finditer(text, gate.start("weights"), gate.end("weights")):
                kind = constant.lastgroup
                base = 10 if kind == "decimal" else 16
                for place in range(constant.start(kind), constant.end(kind)):
                    if text[place] == "_":
                        continue
                    old = int(text[place], base)
                    new = [f"{value:x}" for value in (old - 1, old + 1) if 0 <= value < base]
                    if base == 10:  # within 8 bits
                        rest = text[constant.start(kind):place], text[place + 1:constant.end(kind)]
                        new = [digit for digit in new if int(rest[0] + digit + rest[1]) <= 127]
                    yield place, new, name


def main():
    path = f"{sys.argv[1]}/cofiber_rows.v"
    with open(path) as file:
        text = file.read()
    source = random.Random(int(sys.argv[2]))
    place, new, name = source.choice([choice for choice in digits(text) if choice[1]])
    with open(path, "w") as file:
        file.write(text[:place] + source.choice(new) + text[place + 1:])
    print(name)


if __name__ == "__main__":
    main()
