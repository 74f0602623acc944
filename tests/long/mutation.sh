#!/usr/bin/env bash
# The whole mutation campaign: some 600 random single mutations of netlists, emitted Verilog and sources. Prints the table of
# docs/proof.md.
#
#   tests/long/mutation.sh BUILD      ends with 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh"
check "the campaign" 0 " 0 survive" python3 "$root/tests/mutation/campaign.py" "$build" --netlists 280 --verilog 300 \
    --sources 33 --cosim 12
grep '^|' log
finish
