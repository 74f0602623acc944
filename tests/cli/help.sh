# Sourced by run.sh. Things that hold for the help of every command, for the manual page and for completion.

commands=$(cofiber --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
check help "no commands are listed" grep -q compile <<<"$commands"
cofiber --manual >"$scratch/manual"
check manual "no title" grep -q '^\.TH COFIBER 1' "$scratch/manual"
for command in $commands; do
    run "cofiber $command --help"
    check "help_$command" "exit status $status" [ "$status" -eq 0 ]
    check "help_$command" "no usage line" grep -q "^usage: cofiber $command" "$scratch/out"
    check "help_$command" "something on stderr" [ ! -s "$scratch/err" ]
    check "help_$command" "a line beyond 100 columns, or with blanks at its end" \
        awk '/ $/ || length > 100 { bad = 1 } END { exit bad }' <(tail -n +2 "$scratch/out")
    check "manual_$command" "not in the manual" grep -q "^\.SS \"$command\"" "$scratch/manual"
    run "cofiber $command --no-such-option"
    check "unknown_$command" "exit status $status" [ "$status" -eq 2 ]
    check "unknown_$command" "not one line" [ "$(wc -l <"$scratch/err")" -eq 1 ]
done

# ---- the manual page ----

for section in EXAMPLES 'EXIT STATUS' ENVIRONMENT FILES; do
    check manual "no section $section" grep -q "^\.SH $section" "$scratch/manual"
done
if command -v mandoc >/dev/null; then
    run "mandoc -T lint <'$scratch/manual'" # by standard input: a file's name has to end in its section
    check manual_lint "$(head -n 1 "$scratch/out")" [ "$status" -eq 0 ]
    check manual_argument "an option's argument is not on its line" \
        grep -q '^ *--grid HxW' <(mandoc -T ascii "$scratch/manual" | col -b)
fi

# ---- completion ----

cofiber --completion bash >"$scratch/completion.bash"
# completes WANTED WORDS...: bash offers exactly the wanted words for the last of the words.
completes() {
    local found
    found=$(bash -c 'source "$1" && COMP_WORDS=("${@:2}") && COMP_CWORD=$(($# - 2)) && _cofiber && echo "${COMPREPLY[*]}"' \
        bash "$scratch/completion.bash" "${@:2}")
    [ "$found" = "$1" ] || { echo "found: $found" && return 1; }
}
check complete_command "compile and cosim" completes 'compile check census cosim' cofiber c
check complete_option "options of compile" completes '--scales --sweep --score-threshold' cofiber compile head --s
check complete_choice "choices of --upsample" completes 'nearest bilinear' cofiber compile head --upsample ''
check complete_choice_part "one choice of --to" completes 'aiger aiger-ascii' cofiber export net --to ai
check complete_help "commands after help" completes 'verilog vectors' cofiber help ve
check complete_number "nothing after --scales" completes '' cofiber compile head --scales ''
check complete_file "a file" completes 'fixtures' cofiber stats fix
check complete_every_option "an option of a command is not offered" bash -c '
    for command in $(cofiber --help | sed -n "s/^  \([a-z][a-z]*\) .*/\1/p"); do
        options=$(cofiber $command --help | sed -n "s/^  \(--*[a-z][a-z-]*\).*/\1/p" | tr "\n" " ")
        grep -qF "        $command) words='\''${options% }'\''" "$1" || exit 1
    done' bash "$scratch/completion.bash"
if command -v zsh >/dev/null; then
    check complete_zsh "zsh does not take its script" zsh -n <(cofiber --completion zsh)
fi
run "cofiber --completion fish"
check complete_other_shell "exit status $status" [ "$status" -eq 2 ]
