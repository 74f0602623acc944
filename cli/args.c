/* args.c - parses the options of a command by its table, and the numbers in them. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/parse.h"

static int find_option(const struct cli_command *command, const char *name, size_t length)
{
    for (int i = 0; command->options[i].name; i++)
        if (strlen(command->options[i].name) == length && strncmp(command->options[i].name, name, length) == 0)
            return i;
    return -1;
}

/* One argument that starts with '-'; `*used` says whether the next one was its value. */
static bool parse_option(struct cli_args *args, const char *text, const char *next, bool *used)
{
    size_t length = text[1] == '-' ? strcspn(text, "=") : strlen(text);
    int index = find_option(args->command, text, length);
    const char *command = args->command->name;
    if (index < 0)
        return cli_complain("%s: unknown option '%.*s' (cofiber %s --help lists them)", command, (int)length, text,
                            command) == CLI_OK;
    const struct cli_option *option = &args->command->options[index];
    const char *value = text[length] == '=' ? text + length + 1 : NULL;
    if (args->values[index])
        return cli_complain("%s: option '%s' is given twice", command, option->name) == CLI_OK;
    if (!option->argument) {
        if (value)
            return cli_complain("%s: option '%s' takes no value", command, option->name) == CLI_OK;
        value = "";
    } else if (!value && option->argument[0] == '[') {
        *used = next && next[0] != '-';
        value = *used ? next : "";
    } else if (!value) {
        if (!next)
            return cli_complain("%s: option '%s' needs a value: %s", command, option->name, option->argument) == CLI_OK;
        value = next;
        *used = true;
    }
    args->values[index] = value;
    return true;
}

bool cli_parse(struct cli_args *args, int argc, char **argv)
{
    bool options_over = false;
    args->operands = argv; /* operands are moved to the front of argv */
    for (int i = 0; i < argc; i++) {
        bool used = false;
        if (options_over || argv[i][0] != '-' || argv[i][1] == '\0')
            args->operands[args->operand_count++] = argv[i];
        else if (strcmp(argv[i], "--") == 0)
            options_over = true;
        else if (!parse_option(args, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used))
            return false;
        i += used;
    }
    const struct cli_command *command = args->command;
    if (args->operand_count < command->min_operands ||
        (command->max_operands >= 0 && args->operand_count > command->max_operands))
        return cli_complain("%s: usage: cofiber %s %s", command->name, command->name, command->synopsis) == CLI_OK;
    return true;
}

/* A command may only ask for the options of its own table. */
static const struct cli_option *option_of(const struct cli_args *args, const char *name)
{
    int index = find_option(args->command, name, strlen(name));
    if (index < 0)
        abort();
    return &args->command->options[index];
}

const char *cli_value(const struct cli_args *args, const char *name)
{
    const struct cli_option *option = option_of(args, name);
    const char *given = args->values[option - args->command->options];
    return given ? given : option->fallback;
}

bool cli_given(const struct cli_args *args, const char *name)
{
    return args->values[option_of(args, name) - args->command->options] != NULL;
}

bool cli_integer(const struct cli_args *args, const char *name, long long min, long long max, long long *value)
{
    const char *text = cli_value(args, name);
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < min || number > max)
        return cli_complain("%s: %s '%s' is not a whole number from %lld to %lld", args->command->name, name, text, min,
                            max) == CLI_OK;
    *value = number;
    return true;
}

bool cli_number(const struct cli_args *args, const char *name, double *value)
{
    const char *text = cli_value(args, name);
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number))
        return cli_complain("%s: %s '%s' is not a finite number", args->command->name, name, text) == CLI_OK;
    *value = number;
    return true;
}

bool cli_choice(const struct cli_args *args, const char *name, int *index)
{
    const char *word = option_of(args, name)->argument, *text = cli_value(args, name);
    char list[256] = "";
    size_t used = 0;
    *index = 0;
    for (bool more = true; more; ++*index) {
        size_t length = strcspn(word, "|");
        if (length == strlen(text) && strncmp(word, text, length) == 0)
            return true;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%.*s", used ? ", " : "", (int)length, word);
        assert(used < sizeof list); /* the words stand in a table of ours */
        more = word[length] == '|';
        word += length + more;
    }
    return cli_complain("%s: %s '%s' is none of: %s", args->command->name, name, text, list) == CLI_OK;
}

bool cli_grid(const struct cli_args *args, uint32_t *height, uint32_t *width)
{
    const char *grid = cli_value(args, "--grid");
    char rest;
    if (strspn(grid, "0123456789x") != strlen(grid) || /* no signs, no spaces */
        sscanf(grid, "%9ux%9u%c", height, width, &rest) != 2)
        return cli_complain("%s: --grid '%s' is not HEIGHTxWIDTH", args->command->name, grid) == CLI_OK;
    return true;
}
