/* help.c - prints --help of the program and of each command, from the same tables that drive parsing. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli/parse.h"

const char *const cli_overview =
    "cofiber compiles a trained object-detection head, which works on the features of a frozen vision backbone, into "
    "an "
    "explicit netlist of threshold gates. It simulates the netlist bit for bit, writes it as Verilog, and shows that "
    "netlist, simulator and Verilog compute the same function.";

const char *const cli_conventions =
    "Results go to standard output; progress and errors go to standard error. Output files appear complete or not at "
    "all.\n"
    "An input may be a pipe, and - stands for standard input. Either is first copied into a temporary file in TMPDIR "
    "(or /tmp), which is removed when the command ends. -o - writes the output to standard output when it is complete; "
    "the results then go to standard error.";

const char *const cli_exit_status[] = {
    "The command is done, or the things that it compared are equal.", "A check found a difference.",
    "The usage or the input is wrong. One line on standard error says what is wrong, "
    "and where."};

enum { WIDTH = 100, OPTIONS_COLUMN = 32, COMMANDS_COLUMN = 14 };

/* Prints text from `column` on, wrapped at WIDTH columns with later lines indented; '\n' in the text starts a
 * paragraph. */
static void print_wrapped(const char *text, int indent, int column)
{
    char before = '\0'; /* the character between the last word and this one */
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (before == '\n' || (before == ' ' && column + 1 + (int)word > WIDTH)) {
            printf("%s\n%*s", before == '\n' ? "\n" : "", indent, "");
            column = indent;
        } else if (before == ' ') {
            column += printf(" ");
        }
        column += printf("%.*s", (int)word, text);
        text += word;
        before = *text;
        text += *text != '\0';
    }
    printf("\n");
}

static void print_option(const struct cli_option *option)
{
    char text[1024];
    int column = printf("  %s", option->name);
    if (option->argument)
        column += printf(" %s", option->argument);
    if (column + 2 > OPTIONS_COLUMN)
        printf("\n%*s", OPTIONS_COLUMN, "");
    else
        printf("%*s", OPTIONS_COLUMN - column, "");
    snprintf(text, sizeof text, option->fallback ? "%s Default: %s." : "%s", option->help, option->fallback);
    print_wrapped(text, OPTIONS_COLUMN, OPTIONS_COLUMN);
}

void cli_help_command(const struct cli_command *command)
{
    assert(command->summary && command->details);
    static const struct cli_option help = {.name = "--help", .help = "Print this page."};
    printf("usage: cofiber %s %s\n\n", command->name, command->synopsis);
    print_wrapped(command->summary, 0, 0);
    printf("\n");
    print_wrapped(command->details, 0, 0);
    printf("\noptions:\n");
    for (const struct cli_option *option = command->options; option->name; option++)
        print_option(option);
    print_option(&help);
}

void cli_help_program(void)
{
    static const char *const more =
        "`cofiber COMMAND --help` explains a command. `cofiber --version` prints the version, `cofiber --manual` the "
        "manual page, and `cofiber --completion bash|zsh` a script that completes commands and options in that shell.";
    printf("usage: cofiber COMMAND ...\n\n");
    print_wrapped(cli_overview, 0, 0);
    printf("\ncommands:\n");
    for (int i = 0; cli_commands[i]; i++) {
        printf("  %-*s", COMMANDS_COLUMN - 2, cli_commands[i]->name);
        print_wrapped(cli_commands[i]->summary, COMMANDS_COLUMN, COMMANDS_COLUMN);
    }
    printf("\n");
    print_wrapped(more, 0, 0);
    printf("\n");
    print_wrapped(cli_conventions, 0, 0);
    printf("\nexit status:\n");
    for (int i = 0; i <= CLI_BAD; i++) {
        printf("  %d  ", i);
        print_wrapped(cli_exit_status[i], 5, 5);
    }
}
