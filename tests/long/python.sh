#!/usr/bin/env bash
# The Python package from its source distribution alone: the library is built from the sources that it brought along.
#
#   tests/long/python.sh [BUILD]     minutes: everything is compiled anew
source "$(dirname "$0")/../support/suite.sh" "${1:-}"
export PIP_DISABLE_PIP_VERSION_CHECK=1
mkdir repository
(cd "$root" && tar cf - --exclude='./build*' --exclude=./.git .) | tar xf - -C repository
check 'a fresh virtual environment' 0 '' python3 -m venv --system-site-packages venv
check 'the source distribution' 0 '' bash -c 'cd repository/python && ../../venv/bin/python setup.py -q sdist -d ../../dist'
rm -r repository
check 'pip builds and installs it' 0 'Successfully installed cofiber' \
    venv/bin/pip install --no-index --no-build-isolation dist/*.tar.gz
check 'it works' 0 '620 gates' venv/bin/python -c "
import cofiber
print(cofiber.compile('$root/tests/fixtures/head_f32.safetensors', grid=(8, 8), scales=2, input_scale=1))"
finish
