/* parse.h - from argv to cli_args; used by main.c alone. */
#ifndef COFIBER_CLI_PARSE_H
#define COFIBER_CLI_PARSE_H

#include "cli/cli.h"

/* Parses what follows the command's name; prints a message and returns false on bad usage. Reorders argv. */
bool cli_parse(struct cli_args *args, int argc, char **argv);

/* Prints the help of one command, of the program, or the whole man page (troff). */
void cli_help_command(const struct cli_command *command);
void cli_help_program(void);
void cli_manual(void);

#endif
