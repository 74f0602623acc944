/* scratch.c - makes temporary directories, locks each while its run lives, and removes those that a killed run has
 * left.
 */
#include "base/scratch.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"

/* Removes a directory unless it is locked, young or somebody else's. */
static void remove_stale(const char *path)
{
    struct stat status;
    int lock = cf_directory_lock(path, O_DIRECTORY);
    if (lock < 0)
        return;
    if (fstat(lock, &status) == 0 && status.st_uid == geteuid() && cf_directory_is_stale(lock))
        cf_directory_remove(path, NULL);
    close(lock);
}

/* NAME, a hyphen, and the six characters that mkdtemp chose. */
static bool is_scratch(const char *entry, const char *name)
{
    size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && entry[length] == '-' && strlen(entry + length + 1) == 6;
}

void cf_scratch_sweep(const char *parent, const char *name)
{
    DIR *stream = opendir(parent);
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        char *path = is_scratch(entry->d_name, name) ? cf_directory_join(parent, entry->d_name) : NULL;
        if (path)
            remove_stale(path);
        free(path);
    }
    if (stream)
        closedir(stream);
}

bool cf_scratch_make(struct cf_scratch *scratch, const char *parent, const char *name, struct cf_error *err)
{
    assert(*name && !strchr(name, '/'));
    *scratch = (struct cf_scratch){.lock = -1};
    char *path;
    if (asprintf(&path, "%s/%s-XXXXXX", parent, name) < 0)
        return cf_fail(err, "%s: out of memory", parent);
    if (!mkdtemp(path)) {
        cf_fail(err, "%s: cannot be made: %m", path);
        free(path);
        return false;
    }
    *scratch = (struct cf_scratch){path, cf_directory_lock(path, O_DIRECTORY)};
    cf_scratch_sweep(parent, name);
    return true;
}

void cf_scratch_remove(struct cf_scratch *scratch)
{
    if (scratch->path)
        cf_directory_remove(scratch->path, NULL);
    cf_scratch_leave(scratch);
}

void cf_scratch_leave(struct cf_scratch *scratch)
{
    if (scratch->path && scratch->lock >= 0)
        close(scratch->lock);
    free(scratch->path);
    *scratch = (struct cf_scratch){.lock = -1};
}
