/* streams.c - lets commands, which read and write files, read from a pipe and write to standard output. */
#include "cli/streams.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/spool.h"
#include "cli/stream_names.h"

/* A pipe that delivers more bytes than this is refused, because one that never ends would fill the disk. */
static const uint64_t limit = (uint64_t)16 << 30;

/* True when this operand can only be read once, from its start to its end. */
static bool is_stream(const char *operand)
{
    struct stat status;
    return strcmp(operand, "-") == 0 ||
           (stat(operand, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)));
}

/* The path of a descriptor, noted under the name that the user gave; NULL after a message. */
static const char *keep(const char *given, const char *directory, int descriptor)
{
    const char *path = cli_stream_add(given, directory, descriptor);
    if (!path)
        cli_complain("%s: more than %d pipes", given, CLI_STREAMS);
    return path;
}

/* The path under which the content of a stream can be read any number of times; NULL after a message. The files are
 * closed when the process ends. */
static const char *spool(const char *given)
{
    struct cf_error err;
    bool standard = strcmp(given, "-") == 0;
    if (standard && isatty(STDIN_FILENO)) {
        cli_complain("-: standard input is a terminal; give a file, or send one through a pipe");
        return NULL;
    }
    int from = standard ? STDIN_FILENO : open(given, O_RDONLY | O_CLOEXEC), spooled = -1;
    if (from < 0)
        cf_fail(&err, "%s: %m", given);
    else
        spooled = cf_spool(from, given, limit, &err);
    if (from >= 0 && !standard)
        close(from);
    if (spooled < 0) {
        cli_fail(&err);
        return NULL;
    }
    return keep(given, "/proc/self/fd", spooled);
}

/* Keeps standard output for the data, and sends what is printed to standard error. */
static const char *divert_output(const char *given)
{
    int data = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (data >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
        return keep(given, "/dev/fd", data);
    cli_complain("standard output: %m");
    return NULL;
}

static bool names_output(const struct cli_option *option)
{
    static const char *const names[] = {"-o", "--trace", "--curves", "--plot"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(option->name, names[i]) == 0)
            return true;
    return false;
}

static bool is_standard_output(const char *value)
{
    return strcmp(value, "-") == 0 || strcmp(value, "/dev/stdout") == 0;
}

static bool names_input(const struct cli_option *option)
{
    return option->argument && strcmp(option->argument, "FRAMES") == 0 && !names_output(option);
}

/* The path to read for a path that was given: the same, or that of the copy. NULL after a message. */
static const char *readable(const char *given)
{
    const char *path = is_stream(given) ? cli_stream_path(given) : given;
    return path ? path : spool(given);
}

bool cli_streams_open(struct cli_args *args)
{
    const char *path, *first_output = NULL;
    for (int i = 0; i < args->operand_count; i++) {
        if (!(path = readable(args->operands[i])))
            return false;
        args->operands[i] = (char *)path; /* operands are argv's strings, which are not const */
    }
    for (int i = 0; args->command->options[i].name; i++) {
        const struct cli_option *option = &args->command->options[i];
        if (args->values[i] && names_input(option) && !(args->values[i] = readable(args->values[i])))
            return false;
        if (!args->values[i] || !names_output(option) || !is_standard_output(args->values[i]))
            continue;
        if (strcmp(option->argument, "DIR") == 0)
            return cli_complain("%s: %s -: a directory cannot be written to standard output", args->command->name,
                                option->name) == CLI_OK;
        if (first_output)
            return cli_complain("%s: %s - and %s -: standard output takes one of them", args->command->name,
                                first_output, option->name) == CLI_OK;
        first_output = option->name;
        if (!(args->values[i] = divert_output("standard output")))
            return false;
    }
    return true;
}
