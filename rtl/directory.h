/* directory.h - a directory of generated files that changes from one complete set to the next. */
#ifndef COFIBER_RTL_DIRECTORY_H
#define COFIBER_RTL_DIRECTORY_H

#include <stdbool.h>

#include "base/error.h"

struct cf_directory;

/* Makes a temporary directory beside `target` to write `files` into (a NULL-terminated list; it must outlive the
 * result). Refused where `target` exists with other content than an earlier set (which it has when the last of
 * `files` is there), unless `force`; other people's files in it are never touched. Temporary directories that killed
 * runs left beside `target` are removed. */
bool cf_directory_open(struct cf_directory **directory, const char *target, const char *const *files, bool force,
                       struct cf_error *err);

/* Where to write. */
const char *cf_directory_path(const struct cf_directory *directory);

/* Gives the files their place: the whole directory by one rename where there was none; else file by file, with the
 * last of the list removed before and put back at the end, so that a set is complete exactly when that is there.
 * `*directory` becomes NULL in either case. */
bool cf_directory_commit(struct cf_directory **directory, struct cf_error *err);
void cf_directory_abort(struct cf_directory **directory); /* NULL is fine */

/* Removes a directory and everything in it; symbolic links are removed, not followed. */
bool cf_directory_remove(const char *path, struct cf_error *err);

/* Makes a directory and those above it. */
bool cf_directory_make(const char *path, struct cf_error *err);

/* "DIRECTORY/NAME", malloc'd; NULL when memory is out. */
char *cf_directory_join(const char *directory, const char *name);

#endif
