/* stream_names.c - remembers the names that the user gave for what commands read and write under other paths. */
#include "cli/stream_names.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

enum { PATH_BYTES = 32 };

/* The names are global because messages are printed in functions that do not have the arguments. */
static struct {
    const char *given; /* "-", or the path of a pipe */
    char path[PATH_BYTES];
} streams[CLI_STREAMS];
static int stream_count;

const char *cli_stream_path(const char *given)
{
    for (int i = 0; i < stream_count; i++)
        if (strcmp(streams[i].given, given) == 0)
            return streams[i].path;
    return NULL;
}

const char *cli_stream_add(const char *given, const char *directory, int descriptor)
{
    if (stream_count == CLI_STREAMS)
        return NULL;
    streams[stream_count].given = given;
    snprintf(streams[stream_count].path, PATH_BYTES, "%s/%d", directory, descriptor);
    return streams[stream_count++].path;
}

const char *cli_shown(const char *path)
{
    for (int i = 0; i < stream_count; i++)
        if (strcmp(streams[i].path, path) == 0)
            return streams[i].given;
    return path;
}

const char *cli_stream_rename(const char *text, char *buffer, size_t size)
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
