#!/usr/bin/env bash
# Heads of every family of the published card: counted.
set -uo pipefail
cd "$(dirname "$0")/../.."
build=$(cd "${1:-build}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0
check() { # name, command...
    if "${@:2}" >"$scratch/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1"
        sed 's/^/    /' "$scratch/log"
    fi
}

# The card's parameters by variant, from its table.
declare -A parameters=([classifier]=61520 [linear_70k]=69976 [box32_92k]=91640 [dim20]=22076 [dim15]=17751
    [dim10]=13426 [dim5]=9101)
counts() { # row, variant, nonzero
    "$build/cofiber" params "$scratch/$1.safetensors" --json >"$scratch/json" &&
        /usr/bin/python3 - "$scratch/json" "$2" "${parameters[$2]}" "$3" <<'END'
import json, sys
found = json.load(open(sys.argv[1]))
wanted = {"variant": sys.argv[2], "parameters": int(sys.argv[3]), "nonzero": int(sys.argv[4])}
wrong = {k: (found[k], v) for k, v in wanted.items() if found[k] != v}
sums = {k: sum(t[k] for t in found["tensors"]) for k in ("parameters", "nonzero")}
assert not wrong, f"found, wanted: {wrong}"
assert all(sums[k] == found[k] for k in sums), f"the tensors add up to {sums}"
END
}
/usr/bin/python3 tests/heads/make.py "$scratch" >"$scratch/rows" || exit 1
while read -r row variant nonzero; do
    check "params of $row" counts "$row" "$variant" "$nonzero"
done <"$scratch/rows"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
