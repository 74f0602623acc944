/* cli.h - what the commands share: a table of options for each, which drives parsing, --help, the man page and the
 * completion of shells; messages; JSON; the progress bar. Only this room prints and exits. */
#ifndef COFIBER_CLI_CLI_H
#define COFIBER_CLI_CLI_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "netlists/netlist.h"

/* Exit codes. */
enum { CLI_OK = 0, CLI_DIFFERENT = 1, CLI_BAD = 2 };

enum { CLI_MAX_OPTIONS = 40 };

struct cli_option {
    const char *name;     /* "--grid"; "-o" */
    const char *argument; /* "HxW"; "nearest|bilinear" where it is one of some words; "[FILE]" where it may be left out,
                             and then is ""; NULL: a flag */
    const char *fallback; /* the value where the option is not given; NULL: none */
    const char *help;     /* whole sentences */
};

struct cli_args;

struct cli_command {
    const char *name;
    const char *synopsis;             /* "HEAD -o NET [options]" */
    const char *summary;              /* one line */
    const char *details;              /* paragraphs for --help and the manual page */
    int min_operands, max_operands;   /* max -1: any number */
    const struct cli_option *options; /* ends with a NULL name */
    int (*run)(const struct cli_args *args);
};

struct cli_args {
    const struct cli_command *command;
    const char *values[CLI_MAX_OPTIONS]; /* by the option's place in the table; flags have "" */
    char **operands;
    int operand_count;
};

extern const struct cli_command *const cli_commands[]; /* ends with NULL */

/* The value of an option, its fallback where it was not given, or NULL. The option must be in the command's table. */
const char *cli_value(const struct cli_args *args, const char *name);
bool cli_given(const struct cli_args *args, const char *name);

/* Numbers, read whole and range-checked; on failure a message is printed and false returned. */
bool cli_integer(const struct cli_args *args, const char *name, long long min, long long max, long long *value);
bool cli_number(const struct cli_args *args, const char *name, double *value);
/* The index of the value among the words of the option's argument. */
bool cli_choice(const struct cli_args *args, const char *name, int *index);

/* Whether the outputs that the given options name are different files; otherwise a message is printed. */
bool cli_outputs_differ(const struct cli_args *args, const char *const *names, size_t count);

/* Reads --grid, "HEIGHTxWIDTH". */
bool cli_grid(const struct cli_args *args, uint32_t *height, uint32_t *width);

/* Prints "cofiber: MESSAGE" on stderr and returns CLI_BAD. */
int cli_fail(const struct cf_error *err);
int cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a JSON document on stdout and frees it; CLI_BAD with a message when memory is out, or was when an item should
 * have been added. */
int cli_print_json(cJSON *document);

/* Adds text that may not be UTF-8, as paths need not be, with '?' for the bytes that are none. */
void cli_json_text(cJSON *object, const char *key, const char *text);
void cli_json_add_text(cJSON *array, const char *text);

/* Prints text that comes from a file on stdout, control characters as '?': it must not steer a terminal. */
void cli_print_text(const char *text);

/* The name that the user gave a file: the path, or "-" and the like for one that stands in for it (streams.h). */
const char *cli_shown(const char *path);

/* "1,234,567", written into the buffer. */
const char *cli_thousands(uint64_t value, char buffer[32]);

/* A progress bar on stderr, drawn only on a terminal. `total` 0: unknown, elapsed time alone. */
struct cli_progress {
    const char *label, *unit;
    uint64_t total;
    double started, drawn;
    bool active;
};
void cli_progress_start(struct cli_progress *progress, const char *label, const char *unit, uint64_t total);
void cli_progress_update(struct cli_progress *progress, uint64_t done);
void cli_progress_finish(struct cli_progress *progress);

double cli_seconds(void); /* monotonic */

/* The commands, one short file each. */
extern const struct cli_command cli_compile, cli_stats, cli_check, cli_sim, cli_agreement, cli_explain, cli_diff,
    cli_verilog, cli_census, cli_cosim, cli_export, cli_import, cli_faults, cli_bench, cli_vectors, cli_params,
    cli_eval, cli_detect, cli_prove, cli_audit, cli_synth, cli_report, cli_optimize, cli_train, cli_prune, cli_merge;

#endif
