/* parse.h - how main.c turns argv into cli_args, and prints what the tables of commands and options say. */
#ifndef COFIBER_CLI_PARSE_H
#define COFIBER_CLI_PARSE_H

#include "cli/cli.h"

/* Parses what follows the command's name; prints a message and returns false on bad usage. Reorders argv. */
bool cli_parse(struct cli_args *args, int argc, char **argv);

/* Print the help of one command, that of the program, and the manual page in troff's man macros. */
void cli_help_command(const struct cli_command *command);
void cli_help_program(void);
void cli_manual(void);

/* Prints a script that completes commands and options in a shell, bash or zsh; complains about any other. */
int cli_completion(const char *shell);

/* Text of both the help and the manual page: what the program is for, where its output goes, and what each exit status
 * means, from CLI_OK to CLI_BAD. */
extern const char *const cli_overview, *const cli_conventions, *const cli_exit_status[];

/* Between the two, cJSON's memory is an arena's, and cli_print_json knows of every item that found none (json.c). */
void cli_json_start(void);
void cli_json_finish(void);
bool cli_json_complete(void); /* every item so far found memory */

#endif
