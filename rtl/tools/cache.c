/* cache.c - looks after the directory that keeps built programs. */
#include "rtl/tools/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/directory.h"
#include "base/file.h"
#include "base/scratch.h"

#define PART ".part"

/* ---- the directory ---- */

bool cf_cache_can_build(const char *path)
{
    return path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-@,=^")] == '\0';
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
    return cache;
}

/* ---- locks ---- */

bool cf_cache_lock(const char *entry, struct cf_cache_lock *lock, struct cf_error *err)
{
    *lock = (struct cf_cache_lock){.descriptor = -1};
    if (asprintf(&lock->path, "%s.lock", entry) < 0) {
        lock->path = NULL;
        return cf_fail(err, "%s: out of memory", entry);
    }
    struct stat status;
    bool held = false, done = true;
    while (done && !held) {
        lock->descriptor = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        done = lock->descriptor >= 0;
        while (done && flock(lock->descriptor, LOCK_EX) != 0)
            done = errno == EINTR;
        /* The process that held the lock before may have removed the file; then others would not find this lock. */
        held = done && fstat(lock->descriptor, &status) == 0 && status.st_nlink > 0;
        if (done && !held)
            close(lock->descriptor);
    }
    if (!done)
        cf_fail(err, "%s: %m", lock->path);
    return done;
}

void cf_cache_unlock(struct cf_cache_lock *lock, bool remove)
{
    if (remove && lock->descriptor >= 0)
        unlink(lock->path);
    if (lock->descriptor >= 0)
        close(lock->descriptor);
    free(lock->path);
    *lock = (struct cf_cache_lock){.descriptor = -1};
}

/* ---- sweeping ---- */

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
    cf_scratch_sweep(cache, CF_CACHE_SCRATCH);
    DIR *stream = opendir(cache);
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        char path[4096];
        size_t length = strlen(entry->d_name);
        int used = snprintf(path, sizeof path, "%s/%s", cache, entry->d_name);
        if (used < 0 || (size_t)used >= sizeof path)
            continue;
        if (length > strlen(PART) && strcmp(entry->d_name + length - strlen(PART), PART) == 0)
            sweep_part(path);
    }
    if (stream)
        closedir(stream);
}

/* ---- looking and cleaning ---- */

/* The bytes of the regular files in a directory and those below it. */
static uint64_t bytes_below(int parent, const char *name)
{
    uint64_t bytes = 0;
    struct stat status;
    int descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    if (!stream && descriptor >= 0)
        close(descriptor);
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(status.st_mode))
            bytes += bytes_below(dirfd(stream), entry->d_name);
        else if (S_ISREG(status.st_mode))
            bytes += (uint64_t)status.st_size;
    }
    if (stream)
        closedir(stream);
    return bytes;
}

static const char runtime[] = "runtime-";

static bool is_shared(const char *name)
{
    return strncmp(name, runtime, sizeof runtime - 1) == 0;
}

/* True for the name of a program, or of the objects that programs share. The directory may hold other files. */
static int is_entry(const struct dirent *entry)
{
    const char *key = entry->d_name + (is_shared(entry->d_name) ? sizeof runtime - 1 : 0);
    return *key && strspn(key, "0123456789abcdef") == strlen(key);
}

/* The label that an entry holds, malloc'd, or NULL: older programs hold none. */
static char *netlist_of(const char *cache, const char *name)
{
    enum { LONGEST_LABEL = 1 << 16 };
    char *path = NULL, *label = NULL;
    size_t size;
    if (asprintf(&path, "%s/%s/%s", cache, name, CF_CACHE_NETLIST) < 0)
        return NULL;
    if (!cf_file_read(path, LONGEST_LABEL, &label, &size, NULL))
        label = NULL;
    free(path);
    return label;
}

bool cf_cache_list(const char *cache, void (*visit)(void *context, const struct cf_cache_entry *entry), void *context,
                   struct cf_error *err)
{
    struct dirent **entries;
    int descriptor = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int count = descriptor >= 0 ? scandir(cache, &entries, is_entry, alphasort) : -1;
    if (count < 0)
        cf_fail(err, "%s: %m", cache);
    for (int i = 0; i < count; i++) {
        struct stat status;
        const char *name = entries[i]->d_name;
        if (fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode)) {
            char *netlist = is_shared(name) ? NULL : netlist_of(cache, name);
            visit(context, &(struct cf_cache_entry){name, netlist, bytes_below(descriptor, name), status.st_mtime,
                                                    is_shared(name)});
            free(netlist);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    if (descriptor >= 0)
        close(descriptor);
    return count >= 0;
}

bool cf_cache_remove(const char *cache, const char *name, struct cf_error *err)
{
    struct cf_cache_lock lock = {.descriptor = -1};
    char *path = cf_directory_join(cache, name);
    if (!path)
        return cf_fail(err, "%s: out of memory", cache);
    bool done = cf_cache_lock(path, &lock, err) && cf_directory_remove(path, err);
    cf_cache_unlock(&lock, done);
    free(path);
    return done;
}
