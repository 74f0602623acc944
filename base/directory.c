/* directory.c - writes a directory of generated files, and replaces an older one as a whole. */
#include "base/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEMPORARY ".tmp-" /* and six characters of mkdtemp's, after the target's name */

struct cf_directory {
    char *target, *path; /* path: the temporary one */
    const char *const *files;
    bool exists; /* the target */
    int lock;    /* held on the temporary one while this process lives; -1: none */
};

static const char *last_of(const char *const *files)
{
    while (files[1])
        files++;
    return *files;
}

char *cf_directory_join(const char *directory, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

/* 1: has no entries, 0: has some, -1: errno. */
static int is_empty(const char *path)
{
    DIR *stream = opendir(path);
    if (!stream)
        return -1;
    int entries = 0;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        entries += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(stream);
    return entries == 0;
}

/* May the target be written? */
static bool check_target(struct cf_directory *d, bool force, struct cf_error *err)
{
    int empty = is_empty(d->target);
    if (empty < 0 && errno == ENOENT)
        return true;
    if (empty < 0)
        return cf_fail(err, "%s: %m", d->target);
    d->exists = true;
    char *marker = cf_directory_join(d->target, last_of(d->files));
    if (!marker)
        return cf_fail(err, "%s: out of memory", d->target);
    bool ours = access(marker, F_OK) == 0;
    free(marker);
    return empty || ours || force ||
           cf_fail(err, "%s: holds other files (it has no %s), and is written into only when forced", d->target,
                   last_of(d->files));
}

int cf_directory_lock(const char *path, int flags)
{
    int fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

bool cf_directory_is_stale(int lock)
{
    enum { YOUNG = 60 }; /* seconds */
    struct stat status;
    return fstat(lock, &status) == 0 && time(NULL) - status.st_mtime > YOUNG;
}

/* Removes a directory that holds no other files than those of the list, without needing any memory. False: it is still
 * there. */
static bool remove_ours(const struct cf_directory *d, const char *path, int descriptor)
{
    for (int i = 0; d->files[i]; i++)
        unlinkat(descriptor, d->files[i], 0);
    return rmdir(path) == 0;
}

/* Removes a temporary directory that a killed run left. A directory that is locked, because a run is writing it, stays,
 * and so does one that holds other files than those of the list. */
static void remove_stale(const struct cf_directory *d, const char *path)
{
    int lock = cf_directory_lock(path, O_DIRECTORY);
    if (lock < 0)
        return;
    if (cf_directory_is_stale(lock))
        remove_ours(d, path, lock);
    close(lock);
}

static bool is_temporary(const struct cf_directory *d, const char *name)
{
    const char *slash = strrchr(d->target, '/'), *own = slash ? slash + 1 : d->target;
    size_t length = strlen(own), mark = sizeof TEMPORARY - 1;
    return strncmp(name, own, length) == 0 && strncmp(name + length, TEMPORARY, mark) == 0 &&
           strlen(name + length + mark) == 6;
}

/* Directories that cannot be read or removed are left alone, since the run does not depend on them. */
static void remove_all_stale(const struct cf_directory *d)
{
    const char *slash = strrchr(d->target, '/');
    char *parent = slash ? strndup(d->target, (size_t)(slash + 1 - d->target)) : strdup("./");
    DIR *stream = parent ? opendir(parent) : NULL;
    for (struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        char *path = is_temporary(d, entry->d_name) ? cf_directory_join(parent, entry->d_name) : NULL;
        if (path)
            remove_stale(d, path);
        free(path);
    }
    if (stream)
        closedir(stream);
    free(parent);
}

static bool make_temporary(struct cf_directory *d, struct cf_error *err)
{
    if (asprintf(&d->path, "%s" TEMPORARY "XXXXXX", d->target) < 0) {
        d->path = NULL;
        return cf_fail(err, "%s: out of memory", d->target);
    }
    if (mkdtemp(d->path) && chmod(d->path, 0755) == 0) {
        d->lock = cf_directory_lock(d->path, O_DIRECTORY);
        return true;
    }
    cf_fail(err, "%s: cannot create: %m", d->target);
    free(d->path);
    d->path = NULL;
    return false;
}

bool cf_directory_open(struct cf_directory **directory, const char *target, const char *const *files, bool force,
                       struct cf_error *err)
{
    *directory = NULL;
    struct cf_directory *d = calloc(1, sizeof *d);
    if (!d)
        return cf_fail(err, "%s: out of memory", target);
    d->files = files;
    d->lock = -1;
    d->target = strdup(target);
    size_t length = d->target ? strlen(d->target) : 0;
    while (length > 1 && d->target[length - 1] == '/')
        d->target[--length] = '\0'; /* the temporary one goes beside it, not into it */
    bool done = (length > 0 || cf_fail(err, "'%s' is not the name of a directory", target)) &&
                check_target(d, force, err) && make_temporary(d, err);
    if (done)
        remove_all_stale(d);
    if (done)
        *directory = d;
    else
        cf_directory_abort(&d);
    return done;
}

const char *cf_directory_path(const struct cf_directory *directory)
{
    return directory->path;
}

static bool move_file(const struct cf_directory *d, const char *name, struct cf_error *err)
{
    char *from = cf_directory_join(d->path, name), *to = cf_directory_join(d->target, name);
    bool done = (from && to) || cf_fail(err, "%s: out of memory", d->target);
    if (done && rename(from, to) != 0)
        done = cf_fail(err, "%s: %m", to);
    free(from);
    free(to);
    return done;
}

static bool move_files(const struct cf_directory *d, struct cf_error *err)
{
    char *marker = cf_directory_join(d->target, last_of(d->files));
    bool done = marker && (unlink(marker) == 0 || errno == ENOENT);
    if (!done)
        cf_fail(err, "%s/%s: %m", d->target, last_of(d->files));
    free(marker);
    for (int i = 0; done && d->files[i]; i++)
        done = move_file(d, d->files[i], err);
    return done;
}

bool cf_directory_commit(struct cf_directory **directory, struct cf_error *err)
{
    struct cf_directory *d = *directory;
    bool done;
    if (d->exists) {
        done = move_files(d, err);
    } else {
        done = rename(d->path, d->target) == 0 || cf_fail(err, "%s: %m", d->target);
        if (done) {
            free(d->path);
            d->path = NULL;
        }
    }
    cf_directory_abort(directory);
    return done;
}

void cf_directory_abort(struct cf_directory **directory)
{
    struct cf_directory *d = *directory;
    *directory = NULL;
    if (!d)
        return;
    if (d->path && (d->lock < 0 || !remove_ours(d, d->path, d->lock)))
        cf_directory_remove(d->path, NULL);
    if (d->lock >= 0)
        close(d->lock);
    free(d->path);
    free(d->target);
    free(d);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

bool cf_directory_remove(const char *path, struct cf_error *err)
{
    enum { OPEN_AT_ONCE = 16 };
    if (nftw(path, remove_entry, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 || errno == ENOENT)
        return true;
    return cf_fail(err, "%s: cannot remove: %m", path);
}

bool cf_directory_make(const char *path, struct cf_error *err)
{
    char *copy = strdup(path);
    if (!copy)
        return cf_fail(err, "%s: out of memory", path);
    bool done = true;
    for (char *slash = copy; done && slash;) {
        slash = strchr(slash + 1, '/');
        if (slash)
            *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            done = cf_fail(err, "%s: %m", copy);
        if (slash)
            *slash = '/';
    }
    free(copy);
    return done;
}
