#!/usr/bin/env bash
# Measures again the numbers that README.md and docs/ quote, and prints quoted beside measured, under the command that
# measures them.
#
#   scripts/readme_figures.sh [SECTION...]
#
# Sections whose numbers are counted and must be equal (all together: `counted`, 20 minutes, most of it for faults):
#   counts claims vectors faults optimize stream heads area pages
# Sections of times and memory, which differ between machines (`timed`, some two hours):
#   commands speed scaling peers bits evaluation training adders memory
# Sections that take hours, or whose data are not in the repository (`slow`):
#   up5k stream_model proof mutation elsewhere
# A slow section runs only when it is named; its output is kept in build/figures/, and a run without arguments, which
# takes all sections, reads it there.
#
# Ends with exit status 1 where a number that must be equal differs, or is no longer on its page. Needs `make tests` and
# `scripts/setup.sh build test bench peers`.
cd "$(dirname "$0")/.." && exec python3 scripts/figures/quoted.py "$@"
