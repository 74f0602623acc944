#!/usr/bin/env python3
"""Copies a package and changes its stimulus of two frames: stream.py FROM TO KIND FRAME [WORD].

    early FRAME WORD   TLAST at that word; the rest of the frame does not come
    late FRAME WORDS   TLAST so many words too late
    cut FRAME          TLAST with the second byte of the last word, of four (the shared core)
    missing FRAME      no TLAST: what follows up to the next TLAST is lost
    soft FRAME WORD    a reset through the control register before that word
    reset FRAME WORD   a reset of the core before that word; the frame then comes once more from its start
"""
import pathlib
import shutil
import sys

source, target, kind, frame = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
word = int(sys.argv[5]) if len(sys.argv) > 5 else 0
shutil.copytree(source, target)
target = pathlib.Path(target)
words = (target / "cofiber_stream_stimulus.hex").read_text().split()
half = len(words) // 2
frames = [words[:half], words[half:]]
outcomes = ["0000", "0001"]


def flag(text, bits):
    return f"{int(text[0], 16) | bits:x}" + text[1:]


changed = list(frames[frame])
if kind == "early":
    changed = changed[:word] + [flag(changed[word], 1)]
    outcomes[frame] = "ffff"
elif kind == "late":
    changed[-1] = "0" + changed[-1][1:]
    changed += [changed[0]] * (word - 1) + [flag(changed[0], 1)]
elif kind == "cut":
    changed[-1] = "8" + changed[-1][1:]
    outcomes[frame] = "ffff"
elif kind == "missing":
    changed[-1] = "0" + changed[-1][1:]
    del outcomes[frame + 1]
elif kind == "soft":
    changed[word] = flag(changed[word], 4)
    if frame > 0 or word > 0:  # before the very first word there is nothing to lose
        outcomes[frame] = "ffff"
else:
    again = list(changed)
    again[0] = flag(again[0], 2)
    changed = changed[:word] + again
frames[frame] = changed
(target / "cofiber_stream_stimulus.hex").write_text("".join(f"{text}\n" for text in frames[0] + frames[1]))
(target / "cofiber_stream_outcomes.hex").write_text("".join(f"{text}\n" for text in outcomes))
geometry = target / "cofiber_stream_geometry.vh"
lines = []
for line in geometry.read_text().splitlines():
    if "TB_BEATS" in line:
        line = f"`define COFIBER_STREAM_TB_BEATS {len(frames[0] + frames[1])}"
    if "TB_OUTCOMES" in line:
        line = f"`define COFIBER_STREAM_TB_OUTCOMES {len(outcomes)}"
    lines.append(line)
geometry.write_text("".join(f"{line}\n" for line in lines))
