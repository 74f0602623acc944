# Every script that a page names ends well when it is run without arguments. Sourced by run.sh, which has ok, bad, $log and
# $copy.
#
# The scripts run in a copy of the repository that has not been built. A script that needs no argument must say in one line
# that the build is missing, before it does anything; any other must print how it is used.

pages=(README.md docs/*.md tests/README.md netlists/FORMAT.md)
mkdir -p "$copy/unbuilt"
cp -r scripts tests examples "$copy/unbuilt"

# The script's exit status must be 2, and it must print 1 to 12 lines, of which one is a usage or says that there is no build.
ends_well() { # script
    local status lines command=(bash)
    case $1 in *.py) command=(python3) ;; *.mjs) command=(node) ;; esac
    (cd "$copy/unbuilt" && timeout 300 "${command[@]}" "$1") >"$log" 2>&1 </dev/null
    status=$? lines=$(wc -l <"$log")
    [ "$status" -eq 2 ] && [ "$lines" -ge 1 ] && [ "$lines" -le 12 ] && grep -qE "there is no .*cofiber|usage|${1##*/}" "$log" &&
        ! grep -qE 'unbound variable|Traceback|[0-9]+ passed|No such file' "$log"
}

named=$(grep -ohE '\b(scripts|tests)/[A-Za-z0-9_/.]+\.(sh|py|mjs)\b' "${pages[@]}" | sort -u)
for script in $named; do
    case $script in
    */setup.sh) [ -x "$script" ] && ok || bad "$script is not executable" ;; # without arguments it installs packages
    *.mjs) [ -n "$(command -v node)" ] || continue ;;&
    *) if [ ! -e "$script" ]; then bad "a page names $script, which is not there"; elif ends_well "$script"; then ok; else bad "$script without arguments"; fi ;;
    esac
done

# A script of each kind that must not pass.
printf 'set -u\necho "$1"\n' >"$copy/unbuilt/scripts/unbound.sh"
printf 'echo "0 passed, 255 failed"\nexit 1\n' >"$copy/unbuilt/scripts/counts.sh"
printf 'import sys\nsys.argv[1]\n' >"$copy/unbuilt/scripts/argv.py"
for script in scripts/unbound.sh scripts/counts.sh scripts/argv.py; do
    if ends_well $script; then bad "$script is taken for a script that ends well"; else ok; fi
done
