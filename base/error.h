/* error.h - how every function of the libraries reports failure.
 *
 * A function that can fail returns bool (true: done) and takes a `struct cf_error *` as its last argument. On
 * failure it fills the error with one line, "FILE: what is wrong, and where", without the program's name and
 * without a newline; the command line adds both. Libraries never print and never exit.
 */
#ifndef COFIBER_BASE_ERROR_H
#define COFIBER_BASE_ERROR_H

#include <stdbool.h>

struct cf_error {
    char text[512];
    const char
        *setting; /* a library's option that would let the call pass, as its header names it; NULL: none is known */
};

/* Formats the message into `err` (truncating at its size; err may be NULL) and returns false, so that a caller can
 * write `return cf_fail(err, ...)`. Control characters of the formatted text are replaced by '?': names that come
 * from a hostile file must not break the one line. */
bool cf_fail(struct cf_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Whether a failure was that memory ran out: its message says so. */
bool cf_failed_for_memory(const struct cf_error *err);

/* Adds to a failure which of the caller's settings would help: a string that lives as long as the program, or NULL.
 * Returns false. The interface in front of the user says how that setting is given there. */
bool cf_fail_setting(struct cf_error *err, const char *setting);

#endif
