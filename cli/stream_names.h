/* stream_names.h - how the files are called that a command reads from a pipe or writes to standard output: under which
 * path it opens them, and under which name messages show them. */
#ifndef COFIBER_CLI_STREAM_NAMES_H
#define COFIBER_CLI_STREAM_NAMES_H

#include <stddef.h>

enum { CLI_STREAMS = 16 }; /* the most that one command takes */

/* Notes that what the user called `given` is opened as "DIRECTORY/DESCRIPTOR", and returns that path; it lives as long
 * as the process, and so must `given`. NULL when there are CLI_STREAMS already. */
const char *cli_stream_add(const char *given, const char *directory, int descriptor);

/* The path noted for `given`, or NULL. */
const char *cli_stream_path(const char *given);

/* Writes a text into `buffer` with the noted paths replaced by what the user called them. */
const char *cli_stream_rename(const char *text, char *buffer, size_t size);

#endif
