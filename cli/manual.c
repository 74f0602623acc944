/* manual.c - prints the manual page in troff's man macros, from the same tables that drive parsing. */
#include <stdio.h>
#include <string.h>

#include "cli/parse.h"

/* A word with troff's special characters escaped. */
static void print_word(const char *word, size_t length, bool line_starts)
{
    if (line_starts && (*word == '.' || *word == '\''))
        printf("\\&");
    for (size_t i = 0; i < length; i++) {
        if (word[i] == '-')
            printf("\\-");
        else if (word[i] == '\\')
            printf("\\e");
        else
            putchar(word[i]);
    }
}

/* Text in lines of some 70 characters, which formatters fill anew; '\n' in the text starts a paragraph. */
static void print_text(const char *text)
{
    enum { WIDTH = 70 };
    size_t column = 0;
    while (*text) {
        size_t length = strcspn(text, " \n");
        if (column > 0 && column + 1 + length > WIDTH) {
            printf("\n");
            column = 0;
        }
        column += column > 0 ? (size_t)printf(" ") : 0;
        print_word(text, length, column == 0);
        column += length;
        text += length;
        if (*text == '\n') {
            printf("\n.PP\n");
            column = 0;
        }
        text += *text != '\0';
    }
    printf("\n");
}

/* The same within a macro's argument: in double quotes, which are doubled inside, and on one line. */
static void print_quoted(const char *text)
{
    putchar('"');
    for (const char *at = text; *at; at++) {
        if (*at == '"')
            printf("\\(dq");
        else
            print_word(at, 1, false);
    }
    putchar('"');
}

static void print_option(const struct cli_option *option)
{
    printf(".TP\n.BI ");
    print_quoted(option->name);
    if (option->argument) {
        printf(" \" \" ");
        print_quoted(option->argument);
    }
    printf("\n");
    print_text(option->help);
    if (option->fallback) {
        printf("Default: ");
        print_text(option->fallback);
    }
}

static void print_command(const struct cli_command *command)
{
    printf(".SS ");
    print_quoted(command->name);
    printf("\n.B cofiber %s\n", command->name);
    print_text(command->synopsis);
    printf(".PP\n");
    print_text(command->summary);
    printf(".PP\n");
    print_text(command->details);
    for (const struct cli_option *option = command->options; option->name; option++)
        print_option(option);
}

struct entry {
    const char *term, *text;
};

static void print_entries(const char *title, const struct entry *entries)
{
    printf(".SH %s\n", title);
    for (; entries->term; entries++) {
        printf(".TP\n.B ");
        print_quoted(entries->term);
        printf("\n");
        print_text(entries->text);
    }
}

static void print_examples(void)
{
    static const struct entry examples[] = {
        {"Compile a head, with the input scale chosen for one frame:",
         "cofiber compile head.safetensors -o net --calibrate frame.npy --score-threshold 0.1"},
        {"Count its gates beside the published card's table:", "cofiber stats net"},
        {"Evaluate every gate and write all values:", "cofiber sim net frame.npy -o decisions --trace trace"},
        {"Show how one gate comes to its value:", "cofiber explain net 's2.classify[2,5,2]' frame.npy"},
        {"Compare Verilator's run of the emitted Verilog with the simulator, gate by gate:",
         "cofiber cosim net frame.npy --vectors"},
        {"Export the cone of one gate as AIGER and read it back:",
         "cofiber export net --cone 's0.pool[0,0,0]' --to aiger -o pool.aig\n"
         "cofiber import pool.aig --from aiger -o pool"},
        {"Complete commands and options in bash:", "source <(cofiber --completion bash)"},
        {NULL, NULL}};
    printf(".SH EXAMPLES\n");
    for (const struct entry *example = examples; example->term; example++) {
        printf(example > examples ? ".PP\n" : "");
        print_text(example->term);
        printf(".PP\n.RS 4\n.nf\n");
        for (const char *line = example->text; *line;) {
            size_t length = strcspn(line, "\n");
            print_word(line, length, true);
            printf("\n");
            line += length + (line[length] == '\n');
        }
        printf(".fi\n.RE\n");
    }
}

static const struct entry environment[] = {
    {"XDG_CACHE_HOME, HOME",
     "Builds of cosim are kept in $XDG_CACHE_HOME/cofiber, or in ~/.cache/cofiber where that variable is not set."},
    {"TMPDIR", "The directory for temporary files, /tmp where it is not set."},
    {"PATH", "Where verilator, yosys, make and g++ are looked for."},
    {"OMP_NUM_THREADS", "The number of threads of sim and bench where --threads is not given."},
    {NULL, NULL}};

static const struct entry files[] = {
    {"*.safetensors",
     "Heads, netlists, traces and batches of frames. The page FORMAT.md that is installed with cofiber specifies the "
     "netlist."},
    {"*.npy", "Frames and decisions as NumPy writes them."},
    {"OUT.partial, OUT.resume",
     "The results of an interrupted sim, and the place from which sim --resume continues; both are removed when the "
     "command completes."},
    {"HEAD.checkpoint",
     "The state of a train that has not ended, from which train --resume continues; it is removed when the head is "
     "complete."},
    {"~/.cache/cofiber", "Verilator's builds, by the hash of everything that went into them."},
    {NULL, NULL}};

/* The date is that of the text, so that the same sources give the same bytes. */
void cli_manual(void)
{
    printf(".TH COFIBER 1 2026-11-28 \"cofiber " COFIBER_VERSION "\" \"User Commands\"\n.SH NAME\n");
    printf("cofiber \\- compile, simulate, emit and check cofiber detection circuits\n.SH SYNOPSIS\n");
    for (int i = 0; cli_commands[i]; i++) {
        printf("%s.B cofiber %s\n", i ? ".br\n" : "", cli_commands[i]->name);
        print_text(cli_commands[i]->synopsis);
    }
    printf(".SH DESCRIPTION\n");
    print_text(cli_overview);
    printf(".PP\n");
    print_text(cli_conventions);
    printf(".SH COMMANDS\n");
    for (int i = 0; cli_commands[i]; i++)
        print_command(cli_commands[i]);
    print_examples();
    printf(".SH EXIT STATUS\n");
    for (int i = 0; i <= CLI_BAD; i++) {
        printf(".TP\n.B %d\n", i);
        print_text(cli_exit_status[i]);
    }
    print_entries("ENVIRONMENT", environment);
    print_entries("FILES", files);
}
