#!/usr/bin/env bash
# A sample of the mutation campaign (tests/long/mutation.sh has all of it): every mutant is killed, or proved equivalent. And the
# campaign itself: with a prover that accepts everything, mutants must survive.
#
#   tests/mutation/run.sh BUILD      ends with 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh"
campaign() { python3 "$root/tests/mutation/campaign.py" "$@"; }

if [ -x "$build/cofiber-checker" ]; then
    check "a sample of mutants" 0 " mutants, 0 survive" campaign "$build" --netlists 12 --verilog 18 --sources 1 --seed 7
fi

# A stand-in for the program whose check, diff and prove find nothing.
mkdir blind
cat >blind/cofiber <<'EOF'
#!/bin/sh
case $1 in check | diff) exit 0 ;; prove) exit 3 ;; esac
exec "$REAL" "$@"
EOF
chmod +x blind/cofiber
REAL=$build/cofiber check "a blind prover is found out" 1 "6 mutants, 6 survive" campaign blind --netlists 6

finish
