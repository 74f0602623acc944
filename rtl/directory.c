#include "rtl/directory.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct cf_directory {
    char *target, *path; /* path: the temporary one */
    const char *const *files;
    bool exists; /* the target */
};

static const char *last_of(const char *const *files)
{
    while (files[1])
        files++;
    return *files;
}

static char *join(const char *directory, const char *name)
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
    char *marker = join(d->target, last_of(d->files));
    bool ours = marker && access(marker, F_OK) == 0;
    free(marker);
    return empty || ours || force ||
           cf_fail(err, "%s: holds other files (it has no %s); --force writes into it nevertheless", d->target,
                   last_of(d->files));
}

static bool make_temporary(struct cf_directory *d, struct cf_error *err)
{
    if (asprintf(&d->path, "%s.tmp-XXXXXX", d->target) < 0) {
        d->path = NULL;
        return cf_fail(err, "%s: out of memory", d->target);
    }
    if (mkdtemp(d->path) && chmod(d->path, 0755) == 0)
        return true;
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
    d->target = strdup(target);
    size_t length = d->target ? strlen(d->target) : 0;
    while (length > 1 && d->target[length - 1] == '/')
        d->target[--length] = '\0'; /* the temporary one goes beside it, not into it */
    bool done = (length > 0 || cf_fail(err, "'%s' is not the name of a directory", target)) &&
                check_target(d, force, err) && make_temporary(d, err);
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
    char *from = join(d->path, name), *to = join(d->target, name);
    bool done = (from && to) || cf_fail(err, "%s: out of memory", d->target);
    if (done && rename(from, to) != 0)
        done = cf_fail(err, "%s: %m", to);
    free(from);
    free(to);
    return done;
}

static bool move_files(const struct cf_directory *d, struct cf_error *err)
{
    char *marker = join(d->target, last_of(d->files));
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
    if (d->path)
        cf_directory_remove(d->path, NULL);
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
