/* cache.h - the directory that keeps built programs: finding it, one builder an entry, nothing left of killed runs.
 *
 *   <key>/             a program that is complete
 *   <key>.part/        the same while it is built, by whoever holds the lock on <key>.lock
 *   emission-XXXXXX/   a run's Verilog, locked by that run while it lives
 *   runtime-<key>/     what is compiled once for all programs: runtime.h
 */
#ifndef COFIBER_RTL_TOOLS_CACHE_H
#define COFIBER_RTL_TOOLS_CACHE_H

#include <stdbool.h>

#include "base/error.h"

/* The cache's path, malloc'd, and made where it was not there: `given`, or by XDG_CACHE_HOME or HOME where that is
 * NULL. NULL with an error where there is none, or where make could not build in one of that name. */
char *cf_cache_find(const char *given, struct cf_error *err);

/* Waits until no other process builds the entry (a path); `*lock` is to be closed. */
bool cf_cache_lock(const char *entry, int *lock, struct cf_error *err);

/* Makes a directory for this run alone. The path is malloc'd; both are for cf_cache_scratch_remove. */
bool cf_cache_scratch(const char *cache, char **path, int *lock, struct cf_error *err);
void cf_cache_scratch_remove(char *path, int lock);

/* Removes what killed runs left. What a living run uses is locked, and stays. */
void cf_cache_sweep(const char *cache);

#endif
