#include "rtl/tools/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/directory.h"

#define SCRATCH "emission-"
#define PART ".part"

/* ---- the directory ---- */

/* make and the makefiles that Verilator writes quote nothing. */
static bool check_path(const char *cache, struct cf_error *err)
{
    size_t plain = strspn(cache, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-@,=^");
    return cache[plain] == '\0' ||
           cf_fail(err, "%s: make cannot build in a directory of this name (character '%c'); choose another cache",
                   cache, cache[plain]);
}

char *cf_cache_find(const char *given, struct cf_error *err)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL, *cache = NULL;
    int length = 0;
    if (given)
        length = asprintf(&path, "%s", given);
    else if (base && base[0] == '/')
        length = asprintf(&path, "%s/cofiber", base);
    else if (home && home[0] == '/')
        length = asprintf(&path, "%s/.cache/cofiber", home);
    else
        cf_fail(err, "no HOME to keep built models in: choose a cache directory");
    if (length < 0) {
        path = NULL;
        cf_fail(err, "the cache: out of memory");
    }
    if (path && cf_directory_make(path, err) && !(cache = realpath(path, NULL)))
        cf_fail(err, "%s: %m", path);
    free(path);
    if (cache && !check_path(cache, err)) {
        free(cache);
        cache = NULL;
    }
    return cache;
}

/* ---- locks ---- */

bool cf_cache_lock(const char *entry, int *lock, struct cf_error *err)
{
    char *path;
    *lock = -1;
    if (asprintf(&path, "%s.lock", entry) < 0)
        return cf_fail(err, "%s: out of memory", entry);
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    bool done = *lock >= 0;
    while (done && flock(*lock, LOCK_EX) != 0)
        done = errno == EINTR;
    if (!done)
        cf_fail(err, "%s: %m", path);
    free(path);
    return done;
}

bool cf_cache_scratch(const char *cache, char **path, int *lock, struct cf_error *err)
{
    *lock = -1;
    if (asprintf(path, "%s/" SCRATCH "XXXXXX", cache) < 0) {
        *path = NULL;
        return cf_fail(err, "%s: out of memory", cache);
    }
    if (!mkdtemp(*path)) {
        cf_fail(err, "%s: %m", *path);
        free(*path);
        *path = NULL;
        return false;
    }
    *lock = cf_directory_lock(*path, O_DIRECTORY);
    if (*lock >= 0)
        return true;
    cf_fail(err, "%s: %m", *path);
    cf_cache_scratch_remove(*path, *lock);
    *path = NULL;
    *lock = -1;
    return false;
}

void cf_cache_scratch_remove(char *path, int lock)
{
    if (path)
        cf_directory_remove(path, NULL);
    free(path);
    if (lock >= 0)
        close(lock);
}

/* ---- sweeping ---- */

static void sweep_scratch(const char *path)
{
    int lock = cf_directory_lock(path, O_DIRECTORY);
    if (lock < 0)
        return;
    if (cf_directory_is_stale(lock))
        cf_directory_remove(path, NULL);
    close(lock);
}

static void sweep_part(const char *path)
{
    char lock_path[4096];
    int length = snprintf(lock_path, sizeof lock_path, "%.*s.lock", (int)(strlen(path) - strlen(PART)), path);
    int lock = length > 0 && (size_t)length < sizeof lock_path ? cf_directory_lock(lock_path, O_RDWR) : -1;
    if (lock < 0)
        return;
    cf_directory_remove(path, NULL);
    close(lock);
}

void cf_cache_sweep(const char *cache)
{
    DIR *stream = opendir(cache);
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        char path[4096];
        size_t length = strlen(entry->d_name);
        int used = snprintf(path, sizeof path, "%s/%s", cache, entry->d_name);
        if (used < 0 || (size_t)used >= sizeof path)
            continue;
        if (strncmp(entry->d_name, SCRATCH, strlen(SCRATCH)) == 0)
            sweep_scratch(path);
        else if (length > strlen(PART) && strcmp(entry->d_name + length - strlen(PART), PART) == 0)
            sweep_part(path);
    }
    if (stream)
        closedir(stream);
}
