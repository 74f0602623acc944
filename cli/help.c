/* help.c - --help and the man page, from the same tables that drive parsing. */
#include <stdio.h>
#include <string.h>

#include "cli/parse.h"

static const char *const overview =
    "cofiber compiles a trained detection head on the features of a frozen vision backbone into an explicit netlist of "
    "threshold gates, simulates it bit for bit, emits Verilog, and shows that all of these are the same function.";

static const char *const conventions =
    "Results go to standard output, progress and errors to standard error. Exit status: 0 done or equal, 1 a check "
    "found a difference, 2 bad usage or input. Files appear complete or not at all.";

/* Prints a paragraph wrapped at 100 columns; '\n' in the text starts a new line. */
static void print_wrapped(const char *text, int indent, int column)
{
    char before = '\0'; /* what stands between the last word and this one */
    while (*text) {
        size_t word = strcspn(text, " \n");
        if (before == '\n' || (before == ' ' && column + 1 + (int)word > 100)) {
            printf("\n%*s", indent, "");
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

void cli_help_command(const struct cli_command *command)
{
    printf("usage: cofiber %s %s\n\n", command->name, command->synopsis);
    print_wrapped(command->summary, 0, 0);
    if (command->details) {
        printf("\n");
        print_wrapped(command->details, 0, 0);
    }
    printf("\noptions:\n");
    for (const struct cli_option *option = command->options; option->name; option++) {
        int column =
            printf("  %s%s%s", option->name, option->argument ? " " : "", option->argument ? option->argument : "");
        if (column > 30)
            printf("\n%32s", "");
        else
            printf("%*s", 32 - column, "");
        char text[1024];
        snprintf(text, sizeof text, "%s%s%s%s", option->help, option->fallback ? " (default " : "",
                 option->fallback ? option->fallback : "", option->fallback ? ")" : "");
        print_wrapped(text, 32, 32);
    }
    printf("  --help                        this page\n");
}

void cli_help_program(void)
{
    printf("usage: cofiber COMMAND ...\n\n");
    print_wrapped(overview, 0, 0);
    printf("\ncommands:\n");
    for (int i = 0; cli_commands[i]; i++) {
        printf("  %-12s", cli_commands[i]->name);
        print_wrapped(cli_commands[i]->summary, 14, 14);
    }
    printf("\n`cofiber COMMAND --help` explains one; `cofiber --version` prints the version.\n");
    print_wrapped(conventions, 0, 0);
}

/* Text with troff's special characters escaped. */
static void print_troff(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '-')
            printf("\\-");
        else if (*at == '\\')
            printf("\\e");
        else if ((*at == '.' || *at == '\'') && (at == text || at[-1] == '\n'))
            printf("\\&%c", *at);
        else if (*at == '\n')
            printf("\n.br\n");
        else
            printf("%c", *at);
    }
    printf("\n");
}

void cli_manual(void)
{
    printf(".TH COFIBER 1 \"\" \"cofiber " COFIBER_VERSION "\" \"User Commands\"\n.SH NAME\n");
    printf("cofiber \\- compile, simulate, emit and check cofiber detection circuits\n.SH SYNOPSIS\n");
    for (int i = 0; cli_commands[i]; i++) {
        printf(".B cofiber %s\n", cli_commands[i]->name);
        print_troff(cli_commands[i]->synopsis);
        printf(".br\n");
    }
    printf(".SH DESCRIPTION\n");
    print_troff(overview);
    printf(".PP\n");
    print_troff(conventions);
    printf(".SH COMMANDS\n");
    for (int i = 0; cli_commands[i]; i++) {
        const struct cli_command *command = cli_commands[i];
        printf(".SS %s\n", command->name);
        print_troff(command->summary);
        if (command->details) {
            printf(".PP\n");
            print_troff(command->details);
        }
        for (const struct cli_option *option = command->options; option->name; option++) {
            printf(".TP\n.B ");
            print_troff(option->name);
            if (option->argument) {
                printf(".I ");
                print_troff(option->argument);
                printf(".br\n");
            }
            print_troff(option->help);
            if (option->fallback) {
                printf("Default: ");
                print_troff(option->fallback);
            }
        }
    }
}
