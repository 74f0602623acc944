/* streams.h - files that a command reads from a pipe or writes to standard output; used by main.c and by the functions
 * that print. */
#ifndef COFIBER_CLI_STREAMS_H
#define COFIBER_CLI_STREAMS_H

#include "cli/cli.h"

/* Prepares the files that the arguments name before the command runs. An operand that is '-' (standard input) or a pipe
 * is copied into a temporary file without a name, and the path of that takes its place. An option that names an output
 * and is given '-' gets a path that leads to standard output, and from then on everything that is printed goes to
 * standard error. False after a message. */
bool cli_streams_open(struct cli_args *args);

#endif
