# Sourced: sets `python` to an interpreter that has NumPy (Debian's own, where another python3 comes first in PATH).
python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import numpy' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "the oracle needs NumPy (scripts/setup.sh installs python3-numpy)"
    echo "0 passed, 1 failed"
    exit 1
fi
