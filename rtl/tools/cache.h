/* cache.h - the directory that keeps built programs: where it is, and who may build which entry.
 *
 *   <key>/             a program that is complete, and the label of the netlist it was built for (CF_CACHE_NETLIST)
 *   <key>.part/        the same while it is built by the process that holds the lock on <key>.lock
 *   emission-XXXXXX/   the Verilog of one run, locked by that run while it lives
 *   runtime-<key>/     objects that all programs share (runtime.h)
 */
#ifndef COFIBER_RTL_TOOLS_CACHE_H
#define COFIBER_RTL_TOOLS_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The path of the cache, malloc'd: `given`, or if that is NULL the directory that XDG_CACHE_HOME or HOME leads to. The
 * directory is made if it does not exist. NULL with an error where there is none. */
char *cf_cache_find(const char *given, struct cf_error *err);

/* True when programs can be built in a directory of this path: it has no blanks or other characters that make, and the
 * makefiles that Verilator writes, do not take as a part of a name. */
bool cf_cache_can_build(const char *path);

struct cf_cache_lock {
    char *path;     /* of the file that is locked */
    int descriptor; /* -1: nothing is locked */
};

/* Waits until no other process builds the entry (a path), and keeps others from it until cf_cache_unlock, which is to
 * be called in any case. */
bool cf_cache_lock(const char *entry, struct cf_cache_lock *lock, struct cf_error *err);
/* Unlocks. With `remove` the lock's file is removed as well, for an entry that will not exist. */
void cf_cache_unlock(struct cf_cache_lock *lock, bool remove);

/* The name of a run's own directory in the cache (base/scratch.h). */
#define CF_CACHE_SCRATCH "emission"

/* Removes the directories that killed runs left. Those of living runs are locked, and stay. */
void cf_cache_sweep(const char *cache);

/* The file of an entry that holds the netlist's label. */
#define CF_CACHE_NETLIST "netlist"

struct cf_cache_entry {
    const char *name;    /* of its directory */
    const char *netlist; /* the label of the netlist for which it was built first; NULL where nothing says so */
    uint64_t bytes;      /* that its files take */
    int64_t built;       /* seconds since 1970 */
    bool shared;         /* not a program: the objects that all share */
};

/* Calls `visit` for each entry that is complete, by name; the entry is valid during the call. Errors: the directory
 * cannot be read, out of memory. */
bool cf_cache_list(const char *cache, void (*visit)(void *context, const struct cf_cache_entry *entry), void *context,
                   struct cf_error *err);

/* Removes the entry of that name, once nobody builds it. */
bool cf_cache_remove(const char *cache, const char *name, struct cf_error *err);

#endif
