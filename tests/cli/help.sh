# Sourced by run.sh. What holds for the help of every command, those not yet written too.

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
    check "manual_$command" "not in the manual" grep -q "^\.SS $command" "$scratch/manual"
    run "cofiber $command --no-such-option"
    check "unknown_$command" "exit status $status" [ "$status" -eq 2 ]
    check "unknown_$command" "not one line" [ "$(wc -l <"$scratch/err")" -eq 1 ]
done
