#!/usr/bin/env bash
# Measures again the numbers that README.md and docs/ quote, and prints quoted beside measured.
#
#   scripts/readme_figures.sh [SECTION...]
#
# Sections: counts, claims, vectors, commands, speed, scaling, peers, bits and faults; without one, all of them, which
# takes an hour or more: Verilator builds the whole circuit three times, and the fault tables are large. `counts`,
# `claims` and `vectors` take two minutes and must be equal; the others are times, which differ between machines.
# Ends with exit status 1 where a number that must be equal differs. Needs `make tests` and
# `scripts/setup.sh build test bench peers`.
cd "$(dirname "$0")/.." && exec python3 scripts/figures/quoted.py "$@"
