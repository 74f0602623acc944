# Sourced by run.sh. Every file of tests/hostile through each command that reads its kind: exit status 2, one line on
# stderr that begins with 'cofiber: ' and the file, nothing on stdout, and no output file.

refused() { # file, fragment, command
    run "$3"
    local lines
    lines=$(wc -l <"$scratch/err")
    if [ "$status" -ne 2 ]; then
        fail "$3" "exit status $status, not 2" <"$scratch/err"
    elif [ -s "$scratch/out" ]; then
        fail "$3" "something on stdout" < <(head -n 3 "$scratch/out")
    elif [ "$lines" -ne 1 ] || ! grep -qF "cofiber: $1: " "$scratch/err" || ! grep -qF -- "$2" "$scratch/err"; then
        fail "$3" "not one line 'cofiber: $1: ... $2'" <"$scratch/err"
    elif [ -e refused.out ] || [ -e refused.trace ]; then
        fail "$3" "an output was left" </dev/null
        rm -f refused.out refused.trace
    else
        pass
    fi
}

cp golden/small.safetensors net
while IFS=$'\t' read -r file fragment; do
    path=hostile/$file
    case $file in
    net_*)
        refused "$path" "$fragment" "cofiber check $path"
        refused "$path" "$fragment" "cofiber stats $path --json"
        refused "$path" "$fragment" "cofiber sim $path fixtures/frame_f32.npy -o refused.out --trace refused.trace"
        ;;
    head_*) refused "$path" "$fragment" "cofiber compile $path --grid 8x8 --input-scale 1 -o refused.out" ;;
    npy_*)
        refused "$path" "$fragment" "cofiber sim net fixtures/frame_f32.npy $path -o refused.out --trace refused.trace"
        ;;
    st_*)
        refused "$path" "$fragment" "cofiber compile $path --grid 8x8 --input-scale 1 -o refused.out"
        refused "$path" "$fragment" "cofiber check $path"
        refused "$path" "$fragment" "cofiber sim net $path -o refused.out"
        refused "$path" "$fragment" "cofiber diff net $path"
        ;;
    esac
done <hostile/expected.txt
while IFS=$'\t' read -r file fragment; do
    path=hostile/$file
    case $file in
    coco_truth_*) refused "$path" "$fragment" "cofiber eval $path hostile/coco_good_results.json --curves refused.out" ;;
    coco_results_*) refused "$path" "$fragment" "cofiber eval hostile/coco_good_truth.json $path --curves refused.out" ;;
    esac
done <hostile/expected_coco.txt
