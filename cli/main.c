/* main.c - finds the command that the first argument names, and runs it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/parse.h"
#include "cli/streams.h"

const struct cli_command *const cli_commands[] = {
    &cli_params, &cli_compile,  &cli_stats,  &cli_check,   &cli_sim,   &cli_agreement, &cli_explain,
    &cli_diff,   &cli_verilog,  &cli_census, &cli_prove,   &cli_cosim, &cli_synth,     &cli_export,
    &cli_import, &cli_faults,   &cli_bench,  &cli_vectors, &cli_eval,  &cli_detect,    &cli_audit,
    &cli_report, &cli_optimize, &cli_train,  &cli_prune,   &cli_merge, NULL,
};

static const struct cli_command *find_command(const char *name)
{
    for (int i = 0; cli_commands[i]; i++)
        if (strcmp(cli_commands[i]->name, name) == 0)
            return cli_commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    return cli_complain("unknown command '%s' (cofiber --help lists them)", name);
}

/* True when one of the arguments before "--" asks for help. */
static bool asks_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* Checks that all output was written: if standard output leads to a full disk, the command fails. */
static int finish(int status)
{
    if (fflush(stdout) != 0)
        return cli_complain("standard output: %s", strerror(errno));
    if (ferror(stdout))
        return cli_complain("standard output: cannot be written");
    return status;
}

/* Inputs are mapped: if another program shortens one while it is read, the process gets this signal. It then prints one
 * line and ends without a core dump; unfinished outputs vanish, as they do for any killed run. */
static void on_bus_error(int number)
{
    static const char text[] = "cofiber: a file became shorter while it was being read\n";
    (void)number;
    ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored; /* there is nobody left to tell */
    _exit(CLI_BAD);
}

static bool prints_json(const struct cli_args *args)
{
    for (int i = 0; args->command->options[i].name; i++)
        if (strcmp(args->command->options[i].name, "--json") == 0)
            return args->values[i] != NULL;
    return false;
}

static int run_command(const struct cli_command *command, int argc, char **argv)
{
    if (asks_help(argc, argv)) {
        cli_help_command(command);
        return CLI_OK;
    }
    struct cli_args args = {.command = command};
    if (!cli_parse(&args, argc, argv) || !cli_streams_open(&args))
        return CLI_BAD;
    if (!prints_json(&args))
        return command->run(&args);
    cli_json_start();
    int status = command->run(&args);
    cli_json_finish();
    return status;
}

/* cofiber help [COMMAND] */
static int help(int argc, char **argv)
{
    const struct cli_command *command = argc > 0 ? find_command(argv[0]) : NULL;
    if (argc > 1)
        return cli_complain("usage: cofiber help [COMMAND]");
    if (argc > 0 && !command)
        return unknown_command(argv[0]);
    if (command)
        cli_help_command(command);
    else
        cli_help_program();
    return finish(CLI_OK);
}

int main(int argc, char **argv)
{
    /* Where stdio finds no memory for this buffer, it loses what is printed and reports no error. */
    static char buffer[1 << 16];
    setvbuf(stdout, buffer, isatty(STDOUT_FILENO) == 1 ? _IOLBF : _IOFBF, sizeof buffer);
    if (argc < 2)
        return cli_complain("usage: cofiber COMMAND ... (cofiber --help lists the commands)");
    struct sigaction action = {.sa_handler = on_bus_error};
    sigaction(SIGBUS, &action, NULL);
    const char *name = argv[1];
    const struct cli_command *command = find_command(name);
    if (command)
        return finish(run_command(command, argc - 2, argv + 2));
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return help(argc - 2, argv + 2);
    if (strcmp(name, "--completion") == 0)
        return finish(argc == 3 ? cli_completion(argv[2]) : cli_completion(NULL));
    if (strcmp(name, "--version") == 0)
        printf("cofiber " COFIBER_VERSION "\n");
    else if (strcmp(name, "--manual") == 0)
        cli_manual();
    else
        return unknown_command(name);
    return finish(CLI_OK);
}
