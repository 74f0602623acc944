#!/usr/bin/env bash
# The Coq development: it builds, and its audit refuses a theorem that rests on an axiom or that is not audited.
#
#   tests/proof/run.sh BUILD      ends with 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh"

make_proof() { make -s -C "$1" SETUP=no BUILD="$2" proof; }
check "the proofs" 0 "no axioms; coqchk agrees" make_proof "$root" "$build"

# A copy with one thing wrong; what is compiled already stays so.
broken() { # NAME WORDS, and a script that breaks the file of its first argument
    rm -rf copy && mkdir -p copy/build && cp -rp "$root/proof" "$root/prove" "$root/Makefile" copy && cp -rp "$build/proof" "$build/cofiber-checker" copy/build
    "${@:3}"
    check "$1" 2 "$2" make_proof copy build
}
append() { printf '%s\n' "${@:2}" >>"copy/proof/$1"; }
admit() {
    append AbstractProofs.v 'Theorem exact_sums_holds : False.' 'Proof. Admitted.'
    append Audit.v 'Print Assumptions exact_sums_holds.'
}
broken "an admitted theorem" "exact_sums_holds : False" admit
broken "a statement without a theorem" "audit: unproved is not in Audit.v" append Mathematics.v 'Definition unproved : Prop := True.'

source "$root/tests/proof/prove.sh"
source "$root/tests/proof/algebra.sh"

finish
