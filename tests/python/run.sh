#!/usr/bin/env bash
# The Python package: installed into a virtual environment by pip without a network, then its doctests and its tests; the
# wheel, the source distribution, and which symbols the library exports.
#
#   tests/python/run.sh [BUILD]      the last line is 'N passed, N failed'
source "$(dirname "$0")/../support/suite.sh" "${1:-}"
export COFIBER_BUILD=$build PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# setuptools works beside its sources: they are copied, so that the repository stays clean. The library is made already.
mkdir repository
(cd "$root" && tar cf - --exclude='./build*' --exclude=./.git .) | tar xf - -C repository

# A sanitised library needs its run-time before Python's own memory.
preload=
if nm -D "$build/libcofiber.so" | grep -q __asan_init; then
    preload="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
fi

exported() {
    nm -D --defined-only "$build/libcofiber.so" | awk '$2 == "T" { print $3 }' | grep -v '^_' | sort
}

declared() {
    grep -o 'COFIBER_API .*' "$root/include/cofiber.h" | grep -oE 'cofiber_[a-z0-9_]+\(' | tr -d '(' | sort
}

check 'a fresh virtual environment' 0 '' python3 -m venv --system-site-packages venv
check 'pip installs the folder, without a network' 0 'Successfully installed cofiber' \
    venv/bin/pip install --no-index --no-build-isolation ./repository/python
check 'the wheel' 0 'Successfully built cofiber' \
    venv/bin/pip wheel --no-index --no-build-isolation --no-deps -w dist ./repository/python
check 'the source distribution' 0 '' bash -c 'cd repository/python && ../../venv/bin/python setup.py -q sdist -d ../../dist'
check 'the library exports what the header declares' 0 '' diff <(exported) <(declared)

# tests ARGUMENTS...: pytest's own counts, added to the suite's.
tests() {
    local counted good bad
    PYTHONPATH=$root/tests/python COFIBER_DISTRIBUTIONS=$PWD/dist LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 \
        venv/bin/python -m pytest -q -p no:cacheprovider --rootdir "$PWD" -c /dev/null "$@" >log 2>&1 </dev/null
    counted=$(tail -n 1 log)
    good=$(grep -oE '[0-9]+ passed' <<<"$counted" | cut -d' ' -f1)
    bad=$(grep -oE '[0-9]+ (failed|error|skipped)' <<<"$counted" | awk '{ n += $1 } END { print n + 0 }')
    [ -n "$good" ] || bad=$((bad + 1))
    passed=$((passed + ${good:-0})) failed=$((failed + bad))
    [ "$bad" -eq 0 ] || tail -n 60 log
}

tests -p doctest_names --doctest-modules "$(cd / && "$work/venv/bin/python" -c 'import cofiber, os; print(os.path.dirname(cofiber.__file__))')"
tests "$root/tests/python"
finish
