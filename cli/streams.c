/* streams.c - lets commands, which read and write files, read from a pipe and write to standard output. */
#include "cli/streams.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/spool.h"

enum { MOST = 16, PATH_BYTES = 32 };

/* More than this through a pipe is taken for an accident: one that never ends would fill the disk. */
static const uint64_t limit = (uint64_t)16 << 30;

/* Messages are printed in places that know nothing of the arguments, so the names are kept here. */
static struct {
    const char *given; /* "-", or the path of a pipe */
    char path[PATH_BYTES];
} streams[MOST];
static int stream_count;

static const char *path_of(const char *given)
{
    for (int i = 0; i < stream_count; i++)
        if (strcmp(streams[i].given, given) == 0)
            return streams[i].path;
    return NULL;
}

static const char *add(const char *given, const char *directory, int descriptor)
{
    if (stream_count == MOST) {
        cli_complain("%s: more than %d pipes", given, MOST);
        return NULL;
    }
    streams[stream_count].given = given;
    snprintf(streams[stream_count].path, PATH_BYTES, "%s/%d", directory, descriptor);
    return streams[stream_count++].path;
}

/* Is this operand something that can only be read once, from its start to its end? */
static bool is_stream(const char *operand)
{
    struct stat status;
    return strcmp(operand, "-") == 0 ||
           (stat(operand, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)));
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
    return add(given, "/proc/self/fd", spooled);
}

/* Keeps standard output for the data, and sends what is printed to standard error. */
static const char *divert_output(const char *given)
{
    int data = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (data >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
        return add(given, "/dev/fd", data);
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
    const char *path = is_stream(given) ? path_of(given) : given;
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

const char *cli_shown(const char *path)
{
    for (int i = 0; i < stream_count; i++)
        if (strcmp(streams[i].path, path) == 0)
            return streams[i].given;
    return path;
}

const char *cli_streams_name(const char *text, char *buffer, size_t size)
{
    size_t used = 0;
    while (*text && used + 1 < size) {
        const char *given = NULL;
        size_t length = 1;
        for (int i = 0; i < stream_count && !given; i++) {
            size_t whole = strlen(streams[i].path);
            if (strncmp(text, streams[i].path, whole) == 0 && strspn(text + whole, "0123456789") == 0) {
                given = streams[i].given;
                length = whole;
            }
        }
        if (given)
            used += (size_t)snprintf(buffer + used, size - used, "%s", given);
        else
            buffer[used++] = *text;
        if (used >= size)
            used = size - 1;
        text += length;
    }
    buffer[used] = '\0';
    return buffer;
}
