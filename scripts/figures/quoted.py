#!/usr/bin/env python3
"""Measures again the numbers that README.md and docs/ quote. Called by scripts/readme_figures.sh, which explains it.

A section is a function that yields figures; the first line of its comment is the command that measures them. The quoted
number of a figure is read from its page, so that a page cannot be edited past this script: a figure whose words are no
longer on its page is reported as missing.
"""
import os
import sys
import tempfile

import counted
import slow
import timed
from figure import COFIBER

COUNTED = (counted.counts, counted.claims, counted.vectors, counted.faults, counted.optimize, counted.stream, counted.heads,
           counted.area, counted.pages)
TIMED = (timed.commands, timed.speed, timed.scaling, timed.peers, timed.bits, timed.evaluation, timed.training,
         timed.adders, timed.memory)
SLOW = (slow.up5k, slow.stream_model, slow.proof, slow.mutation, slow.elsewhere)
GROUPS = {"counted": COUNTED, "timed": TIMED, "slow": SLOW}
SECTIONS = {section.__name__: section for group in GROUPS.values() for section in group}


def choose(names):
    """The sections of these names, in which a group's name stands for its sections; and whether each was named."""
    if not names:
        return [(section, False) for section in SECTIONS.values()]
    unknown = [name for name in names if name not in SECTIONS and name not in GROUPS]
    if unknown:
        print(f"readme_figures.sh: no section '{unknown[0]}'; there are {', '.join(SECTIONS)}; and "
              f"{', '.join(GROUPS)} for several at once", file=sys.stderr)
        sys.exit(2)
    return [(section, True) for name in names for section in GROUPS.get(name, (SECTIONS.get(name),))]


def main():
    chosen = choose(sys.argv[1:])
    if not os.path.exists(COFIBER):
        print(f"readme_figures.sh: there is no {COFIBER}: build it with 'make tests'", file=sys.stderr)
        return 2
    bad = total = 0
    for section, named in chosen:
        print(f"== {section.__name__}: {section.__doc__.splitlines()[0]}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            for figure in section(folder, named) if section in SLOW else section(folder):
                total += 1
                bad += not figure.good()
                print(figure, flush=True)
    print(f"{total - bad} of {total} figures as quoted (times count if they are on their page)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
