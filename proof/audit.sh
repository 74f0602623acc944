#!/usr/bin/env bash
# Checks what the theorems rest on: that every statement has its theorem in Audit.v, that none of them uses an axiom, and
# that coqchk, Coq's separate checker, accepts the compiled files (those of this folder: the standard library as installed).
#
#   proof/audit.sh BUILD/proof
set -euo pipefail
cd "$(dirname "$0")"
compiled=$(cd "$OLDPWD" && realpath "$1")

missing=0
while read -r name; do
    grep -qx "Print Assumptions ${name}_holds\." Audit.v || { echo "audit: $name is not in Audit.v" && missing=1; }
done < <(sed -n 's/^Definition \([a-zA-Z0-9_]*\) : Prop :=.*/\1/p' ./*.v)
[ "$missing" -eq 0 ]

asked=$(grep -c '^Print Assumptions' Audit.v)
closed=$(grep -cx 'Closed under the global context' "$compiled/Audit.out" || true)
if [ "$asked" -ne "$closed" ] || grep -q 'Axioms:' "$compiled/Audit.out"; then
    echo "audit: $asked theorems, of which $closed use no axiom"
    cat "$compiled/Audit.out"
    exit 1
fi
modules=()
for module in ./*.v; do
    [ "$module" = ./Extract.v ] || modules+=(-norec "Cofiber.$(basename "$module" .v)")
done
coqchk -silent -o -R "$compiled" Cofiber "${modules[@]}" >"$compiled/coqchk.out" 2>&1 || {
    cat "$compiled/coqchk.out"
    exit 1
}
# coqchk lists the sealed module Under_rel of the standard library as axioms, whether anything uses it or not.
sed -n '/^\* Axioms:/,/^\* Constants/p' "$compiled/coqchk.out" | sed '1d;$d' >"$compiled/coqchk.axioms"
if grep -vE '^ *(Coq\.ssr\.ssrunder\.Under_rel\.[A-Za-z_]+)?$' "$compiled/coqchk.axioms" | grep -v '<none>'; then
    echo "audit: coqchk found the axioms above"
    exit 1
fi
echo "$closed theorems, no axioms; coqchk agrees"
