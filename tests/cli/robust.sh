# Sourced by run.sh, after full_size.sh, whose files it uses. Runs that are killed, disks that are full, readers that go away.

# ---- kill -9: the folder holds nothing, or the complete output ----

# kill_after SECONDS OUTPUT WHOLE COMMAND...: OUTPUT, when there, must equal WHOLE.
kill_after() {
    mkdir killed
    "${@:4}" >/dev/null 2>&1 &
    local victim=$!
    sleep "$1"
    kill -9 "$victim" 2>/dev/null
    wait "$victim" 2>/dev/null
    local left
    left=$(ls -A killed)
    if [ -z "$left" ] || { [ "$left" = "$2" ] && cmp -s "killed/$2" "$3"; }; then
        pass
    else
        fail "kill -9 after $1 s: ${*:4}" "left behind:" <<<"$left"
    fi
    rm -r killed
}

# The command, timed, gives the delays: some kills must fall inside the writing.
duration() {
    local started=$EPOCHREALTIME
    "$@" >/dev/null
    awk "BEGIN { print $EPOCHREALTIME - $started }"
}

compile=(cofiber compile full/head --input-scale 0.02 -o)
whole=$(duration "${compile[@]}" full/whole)
for part in 0.05 0.2 0.35 0.5 0.6 0.7 0.8 0.9 1.0; do
    kill_after "$(awk "BEGIN { print $part * $whole }")" net full/whole "${compile[@]}" killed/net
done
sim=(cofiber sim full/default "$frame" --trace)
whole=$(duration "${sim[@]}" full/trace)
for part in 0.1 0.4 0.6 0.8 0.9 1.0; do
    kill_after "$(awk "BEGIN { print $part * $whole }")" trace full/trace "${sim[@]}" killed/trace
done

# ---- outputs that cannot be written ----

# fails NAME FRAGMENT COMMAND: exit status 2 and one line with the fragment.
fails() {
    run "$3"
    if [ "$status" -eq 2 ] && [ "$(wc -l <"$scratch/err")" -eq 1 ] && grep -q "^cofiber: .*$2" "$scratch/err"; then
        pass
    else
        fail "$1" "exit status $status; wanted 2 and: $2" <"$scratch/err"
    fi
}

cp golden/small.safetensors net
cofiber compile fixtures/head_f32.safetensors -o plain --grid 8x8 --scales 2 --input-scale 0.03125 >/dev/null
cofiber compile fixtures/head_f32.safetensors -o threshold --grid 8x8 --scales 2 --input-scale 0.03125 \
    --score-threshold 0.9 >/dev/null
small="cofiber compile fixtures/head_f32.safetensors --grid 8x8 --scales 2 --input-scale 0.03125 -o"
space='No space left on device'
fails dev_full_compile "/dev/full: $space" "$small /dev/full"
fails dev_full_sim "/dev/full: $space" "cofiber sim net fixtures/frame_f32.npy -o /dev/full"
fails dev_full_trace "/dev/full: $space" "cofiber sim net fixtures/frame_f32.npy --trace /dev/full"
fails dev_full_stdout "standard output: $space" "cofiber stats net >/dev/full"
fails dev_full_json "standard output: $space" "cofiber stats net --json >/dev/full"
fails dev_full_diff "standard output: $space" "cofiber diff plain threshold >/dev/full"
fails dev_full_help "standard output: $space" "cofiber compile --help >/dev/full"
fails closed_stdout "standard output: Bad file descriptor" "cofiber stats net >&-"

# A closed stdout's number must not become the output file's.
run "$small closed >&-"
check closed_stdout_compile "the netlist is not what it should be" cmp -s closed plain

# An old output stays as it was when a run fails, whether the disk is full or the input bad.
echo old >kept
fails file_limit "File too large" "trap '' XFSZ; ulimit -f 1; $small kept"
check file_limit "the old output is gone" grep -qx old kept
fails bad_input_keeps "frame_nan.npy" "cofiber sim net fixtures/frame_nan.npy -o kept"
check bad_input_keeps "the old output is gone" grep -qx old kept
chmod 640 kept
run "$small kept"
check overwrite "the new output is not whole" cmp -s kept plain

# A file system of 64 kB, where the system lets us mount one.
mkdir tiny
if mount -t tmpfs -o size=64k tmpfs tiny 2>/dev/null; then
    fails full_disk "tiny/net: $space" "${compile[*]} tiny/net"
    check full_disk "something was left" [ -z "$(ls -A tiny)" ]
    fails full_disk_trace "$space" "${sim[*]} tiny/trace"
    check full_disk_trace "something was left" [ -z "$(ls -A tiny)" ]
    umount tiny
fi

# ---- a long file of frames costs the memory of one ----

python3 - long.npy <<'END'
import sys

text = "{'descr': '<f4', 'fortran_order': False, 'shape': (400, 64, 64, 64), }"
text += " " * (-(len(text) + 11) % 64) + "\n"
with open(sys.argv[1], "wb") as file:  # 420 MB, of which the file system holds two blocks
    file.write(b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text.encode())
    file.seek(400 * 64**3 * 4 - 4, 1)
    file.write(b"\0\0\x80\x3f")
END
python3 - "$root/tests/support" >wide_head <<'END'
import sys

sys.path.insert(0, sys.argv[1])
from netlistfile import safetensors

sys.stdout.buffer.write(safetensors({"w": ("F32", [1, 64], [0.5] * 64), "b": ("F32", [1], [0])}))
END
megabytes=$(python3 - <<'END'
import resource
import subprocess

subprocess.run(["cofiber", "compile", "wide_head", "--grid", "64x64", "--calibrate", "long.npy", "-o", "x"],
               check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
END
)
check long_frames "$megabytes MB for frames of 1 MB" [ "${megabytes:-999}" -lt 150 ]

# ---- a header of 90 MB, which cJSON would unfold to gigabytes, is refused before that ----

python3 - crowded <<'END'
import sys

text = b"{" + b'"a":{},' * 13000000 + b'"b":{}}'
with open(sys.argv[1], "wb") as file:
    file.write(len(text).to_bytes(8, "little") + text)
END
fails crowded_header 'crowded: byte [0-9]*: header: too many values' \
    "cofiber compile crowded --grid 8x8 --input-scale 1 -o crowded.out"
rm crowded

# ---- a header that is fine, and memory that is not enough for it ----

python3 - large <<'END'
import sys

text = b"{" + b'"a":{},' * 1000000 + b'"b":{}}'
with open(sys.argv[1], "wb") as file:
    file.write(len(text).to_bytes(8, "little") + text)
END
if (ulimit -v 60000 && cofiber --version) >/dev/null 2>&1; then # sanitisers reserve more
    fails out_of_memory 'large: out of memory' "ulimit -v 60000; cofiber check large"
fi
rm large

# ---- a reader that goes away ----

run "cofiber explain full/default 's0.classify[0,0,0]' | head -n 1"
check pipe "head got no line" grep -q '^s0.classify' "$scratch/out"
check pipe "something on stderr" [ ! -s "$scratch/err" ]
fails pipe_ignored "standard output: Broken pipe" "trap '' PIPE; { sleep 0.2; cofiber stats net --json; } | true"
