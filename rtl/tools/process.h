/* process.h - runs other programs: tools, which run to their end, and the model, with which cosim exchanges data. */
#ifndef COFIBER_RTL_TOOLS_PROCESS_H
#define COFIBER_RTL_TOOLS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Functions that are called while another program runs, some times per second. Each may be NULL. */
struct cf_watch {
    void (*tick)(void *user);
    /* True: the program is to be ended, with all programs that it started. A call that returns for this reason fails,
     * with an error that says "interrupted". */
    bool (*stop)(void *user);
    void *user;
};

/* The path of a program on PATH, malloc'd, or NULL with an error that names the Debian package to install. */
char *cf_program_find(const char *program, const char *package, struct cf_error *err);

/* Runs argv[0] (a path) in `directory` (NULL: here) to its end, with its output in the file `log`. An exit status other
 * than 0 is an error that quotes the log's first complaint and names the log. The program ends when this one does. */
bool cf_process_run(const char *const *argv, const char *directory, const char *log, const struct cf_watch *watch,
                    struct cf_error *err);

/* A program with a socket as its standard input, through which both sides talk; its output goes to `log`. */
struct cf_process {
    pid_t pid; /* 0: it has ended */
    int socket;
    const char *log;       /* borrowed */
    struct cf_watch watch; /* `stop` is asked when a signal interrupts the waiting */
};

bool cf_process_start(struct cf_process *process, const char *const *argv, const char *log,
                      const struct cf_watch *watch, struct cf_error *err);
/* Transfers all bytes. When the other side is gone, the error says how it ended and names the log. */
bool cf_process_send(struct cf_process *process, const void *data, size_t size, struct cf_error *err);
bool cf_process_receive(struct cf_process *process, void *data, size_t size, struct cf_error *err);
/* Closes the socket, at which the program ends by itself, and waits for that; ends it where `stop` says so. */
void cf_process_stop(struct cf_process *process);

#endif
