/* directory.h - a directory of generated files that changes from one complete set to the next. */
#ifndef COFIBER_BASE_DIRECTORY_H
#define COFIBER_BASE_DIRECTORY_H

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

/* Puts the files into `target`. Where `target` does not exist, one rename does it. Otherwise they are moved one by one:
 * the last file of the list is removed first and comes back last, so that a set is complete exactly when that file is
 * there. `*directory` becomes NULL in either case. */
bool cf_directory_commit(struct cf_directory **directory, struct cf_error *err);
void cf_directory_abort(struct cf_directory **directory); /* NULL is fine */

/* Removes a directory and everything in it; symbolic links are removed, not followed. */
bool cf_directory_remove(const char *path, struct cf_error *err);

/* Opens a file or directory that is there (`flags`: O_DIRECTORY, ...) and locks it until it is closed or the process
 * ends, however that ends; -1 with errno where somebody else has it, or where the file system knows no locks. */
int cf_directory_lock(const char *path, int flags);

/* True when a killed run left this temporary directory, which the caller has locked. A directory that is younger than a
 * minute does not count, as it may belong to a run that is about to lock it. */
bool cf_directory_is_stale(int lock);

/* Makes a directory and those above it. */
bool cf_directory_make(const char *path, struct cf_error *err);

/* "DIRECTORY/NAME", malloc'd; NULL when memory is out. */
char *cf_directory_join(const char *directory, const char *name);

#endif
