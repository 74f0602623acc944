#!/usr/bin/env python3
"""Every C file opens with a comment that names the file and says what it does: `openings.py ROOT` prints those that do not."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
rooms = "base netlists compiler sim rtl detect prove prune report library train cli".split()
bad = 0
for room in rooms:
    for path in sorted((root / room).rglob("*.[ch]")):
        opening = re.match(rf"/\* {re.escape(path.name)} - (.+?)\*/", path.read_text(), re.S)
        words = " ".join(opening.group(1).replace("\n *", " ").split()) if opening else ""
        if not re.search(r"\w{3,}.*\w{3,}.*[.:]", words):
            bad += 1
            print(f"{path.relative_to(root)}: the file does not open with '/* {path.name} - ...' and what it is for")
sys.exit(1 if bad else 0)
