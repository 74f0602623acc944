# The scripts that measure say what they measure. Sourced by run.sh.

numpy_python=python3
"$numpy_python" -c 'import numpy' 2>/dev/null || numpy_python=/usr/bin/python3 # Debian's, where another comes first
run "$numpy_python '$root/scripts/peers/head.py' numpy --blas"
check peers_blas "NumPy's BLAS has no name" grep -qE '"blas": "(OpenBLAS|MKL|BLIS|ATLAS|reference BLAS|no BLAS)"' "$scratch/out"
check peers_blas_mapped "no file is named" grep -qE '"mapped": "(/|")' "$scratch/out"

run "SECONDS_EACH=0.001 POINTS='8x8/4/3/2 12x8/3/4/2' '$root/scripts/bench_scaling.sh' '$build'"
check scaling "not a row of figures for each point" \
    [ "$(grep -cE '^\| (8x8 \| 4 \| 3|12x8 \| 3 \| 4) \|( [0-9.]+ \|){6}$' "$scratch/out")" -eq 2 ]

# The numbers of the pages: as they are, and with one number changed, which must be named.
mkdir figures
ln -s "$build" figures/build
cp -r "$root"/{README.md,docs,scripts,examples,proof,prove} figures
run "figures/scripts/readme_figures.sh pages"
check figures "a page quotes another number than is found: $(grep DIFFERS "$scratch/out")" [ "$status" -eq 0 ]
sed -i "s/weight=16, shift/weight=17, shift/" figures/docs/python.md
run "figures/scripts/readme_figures.sh pages"
check figures_changed "a changed number is not named" grep -q "its weight: quoted 17; measured 16   <-- DIFFERS" "$scratch/out"
check figures_changed_status "the exit status is not 1" [ "$status" -eq 1 ]
run "figures/scripts/readme_figures.sh nothing"
check figures_sections "the sections are not listed" grep -q "no section 'nothing'; there are counts, claims" "$scratch/err"
