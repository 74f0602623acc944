/* file_out.c - writes files that take their name only when they are complete. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/spool.h"

enum { BUFFER = 1 << 20, TEMP_NAME = 32 };

struct cf_out {
    char *path;   /* as the caller gave it, for messages */
    char *target; /* with a final symbolic link resolved, relative to the working directory */
    char *name;   /* last component of target, inside the same string */
    int directory;
    int fd;
    bool in_place;        /* a device, or something that cannot seek: it keeps its name */
    int sink;             /* a target that cannot seek, which gets the content at the end; -1: `fd` is the output */
    char temp[TEMP_NAME]; /* name of the temporary in the directory; "" while it has none (O_TMPFILE) */
    int error;            /* errno of the first failed write; a file that has one is never given its name */
    uint64_t flushed;     /* append position on disk */
    size_t pending;       /* bytes in buffer */
    char *buffer;
};

static bool write_error(struct cf_out *out, int error, struct cf_error *err)
{
    if (!out->error)
        out->error = error;
    errno = error;
    return cf_fail(err, "%s: %m", out->path);
}

/* ---- opening ---- */

/* Follows the symbolic links of the last component, so that the link survives and its file is replaced. A link to a
 * file that does not exist yet is followed too, which realpath would not do. Returns malloc'd text, or NULL with errno.
 */
static char *resolve(const char *path)
{
    char *target = strdup(path);
    for (int links = 0; target; links++) {
        char link[PATH_MAX];
        ssize_t length = readlink(target, link, sizeof link - 1);
        if (length < 0)
            return target; /* not a link, or nothing there */
        link[length] = '\0';
        char *slash = strrchr(target, '/');
        int base = link[0] == '/' || !slash ? 0 : (int)(slash + 1 - target);
        char *next = NULL;
        if (links == 40)
            errno = ELOOP;
        else if (asprintf(&next, "%.*s%s", base, target, link) < 0)
            next = NULL;
        free(target);
        target = next;
    }
    return NULL;
}

static bool open_directory(struct cf_out *out, struct cf_error *err)
{
    char *slash = strrchr(out->target, '/');
    out->name = slash ? slash + 1 : out->target;
    if (!*out->name)
        return cf_fail(err, "%s: not the name of a file", out->path);
    bool cut = slash && slash != out->target;
    const char *text = cut ? out->target : slash ? "/" : ".";
    if (cut)
        *slash = '\0';
    out->directory = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out->directory < 0 && errno == ENOENT)
        cf_fail(err, "%s: directory '%s' does not exist", out->path, text);
    else if (out->directory < 0 && errno == ENOTDIR)
        cf_fail(err, "%s: '%s' is not a directory", out->path, text);
    else if (out->directory < 0)
        cf_fail(err, "%s: %m", out->path);
    if (cut)
        *slash = '/';
    return out->directory >= 0;
}

/* A name that nobody else uses, independent of the target's, which may have the longest legal name already. */
static void choose_temp_name(struct cf_out *out)
{
    uint64_t number = 0;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
        number = (uint64_t)getpid() << 32 ^ (uint64_t)(uintptr_t)out ^ number;
    snprintf(out->temp, sizeof out->temp, ".cofiber-%016llx", (unsigned long long)number);
}

static int open_named(struct cf_out *out)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        choose_temp_name(out);
        int fd = openat(out->directory, out->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0)
            return fd;
        out->temp[0] = '\0';
        if (errno != EEXIST)
            break;
    }
    return -1;
}

static bool open_temporary(struct cf_out *out, struct cf_error *err)
{
    /* An unnamed file gets its name through /proc; without that (a bare chroot) only the named kind can finish. */
    if (access("/proc/self/fd", X_OK) == 0)
        out->fd = openat(out->directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    else
        errno = EOPNOTSUPP;
    /* EOPNOTSUPP: the file system has none; EISDIR and ENOENT: a kernel or a file system that ignores the flag. */
    if (out->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL))
        out->fd = open_named(out);
    if (out->fd < 0)
        return cf_fail(err, "%s: cannot create: %m", out->path);
    return true;
}

/* The number N of "/dev/fd/N", which stands for a descriptor that is open already; -1 for any other path. */
static int descriptor_of(const char *path)
{
    int number = -1, used = 0;
    return sscanf(path, "/dev/fd/%9d%n", &number, &used) == 1 && path[used] == '\0' && number >= 0 ? number : -1;
}

/* Opens a temporary file for a target that cannot seek, such as a pipe. A pipe cannot be written at an offset, and
 * bytes once written to it cannot be taken back; so it gets the content from the temporary file at the end. */
static bool open_spool(struct cf_out *out, struct cf_error *err)
{
    out->sink = out->fd;
    out->fd = cf_spool_open(out->path, err);
    return out->fd >= 0;
}

static bool open_in_place(struct cf_out *out, struct cf_error *err)
{
    int given = descriptor_of(out->path);
    out->in_place = true;
    out->fd = given >= 0 ? fcntl(given, F_DUPFD_CLOEXEC, 0) : open(out->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (out->fd < 0)
        return cf_fail(err, "%s: %m", out->path);
    return (given < 0 && lseek(out->fd, 0, SEEK_CUR) >= 0) || open_spool(out, err);
}

static bool open_target(struct cf_out *out, struct cf_error *err)
{
    struct stat status;
    if (descriptor_of(out->path) >= 0)
        return open_in_place(out, err);
    bool exists = stat(out->path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode))
        return cf_fail(err, "%s: is a directory", out->path);
    if (exists && !S_ISREG(status.st_mode))
        return open_in_place(out, err);
    out->target = resolve(out->path);
    if (!out->target)
        return cf_fail(err, "%s: %m", out->path);
    return open_directory(out, err) && open_temporary(out, err);
}

bool cf_out_open(struct cf_out **result, const char *path, struct cf_error *err)
{
    *result = NULL;
    struct cf_out *out = calloc(1, sizeof *out);
    if (!out)
        return cf_fail(err, "%s: out of memory", path);
    out->fd = out->sink = out->directory = -1;
    out->path = strdup(path);
    out->buffer = malloc(BUFFER);
    bool done = out->path && out->buffer ? open_target(out, err) : cf_fail(err, "%s: out of memory", path);
    if (done)
        *result = out;
    else
        cf_out_abort(&out);
    return done;
}

/* The real path of the file to which a path leads, or the real path that the file will have when it is made; NULL when
 * memory is out or no file can be there. */
static char *place_of(const char *path)
{
    char *target = resolve(path), *place = NULL;
    if (!target)
        return NULL;
    char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
    char *directory = strndup(target, (size_t)(name - target));
    char *real = directory ? realpath(*directory ? directory : ".", NULL) : NULL;
    if (real && asprintf(&place, "%s/%s", real, name) < 0)
        place = NULL;
    free(real);
    free(directory);
    free(target);
    return place;
}

bool cf_out_is_file(const char *path)
{
    struct stat status;
    return descriptor_of(path) < 0 && (stat(path, &status) != 0 || S_ISREG(status.st_mode));
}

bool cf_out_same(const char *a, const char *b)
{
    if (!cf_out_is_file(a))
        return false;
    char *x = place_of(a), *y = place_of(b);
    bool same = x && y && strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

/* ---- writing ---- */

static bool write_fully(struct cf_out *out, const char *data, size_t size, struct cf_error *err)
{
    while (size > 0) {
        ssize_t put = write(out->fd, data, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return write_error(out, errno, err);
        data += put;
        size -= (size_t)put;
        out->flushed += (uint64_t)put;
    }
    return true;
}

static bool flush(struct cf_out *out, struct cf_error *err)
{
    size_t size = out->pending;
    out->pending = 0;
    return write_fully(out, out->buffer, size, err);
}

bool cf_out_write(struct cf_out *out, const void *data, size_t size, struct cf_error *err)
{
    if (out->error)
        return write_error(out, out->error, err);
    if (size > BUFFER - out->pending && !flush(out, err))
        return false;
    if (size >= BUFFER)
        return write_fully(out, data, size, err);
    if (size > 0)
        memcpy(out->buffer + out->pending, data, size);
    out->pending += size;
    return true;
}

bool cf_out_vprintf(struct cf_out *out, struct cf_error *err, const char *format, va_list arguments)
{
    char small[1024], *large = NULL;
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof small, format, arguments);
    bool fits = length >= 0 && (size_t)length < sizeof small;
    if (!fits)
        length = vasprintf(&large, format, again);
    va_end(again);
    if (length < 0)
        return write_error(out, ENOMEM, err);
    bool done = cf_out_write(out, fits ? small : large, (size_t)length, err);
    free(large);
    return done;
}

bool cf_out_printf(struct cf_out *out, struct cf_error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool done = cf_out_vprintf(out, err, format, arguments);
    va_end(arguments);
    return done;
}

bool cf_out_write_at(struct cf_out *out, uint64_t offset, const void *data, size_t size, struct cf_error *err)
{
    if (out->error)
        return write_error(out, out->error, err);
    if (size > INT64_MAX || offset > (uint64_t)INT64_MAX - size)
        return write_error(out, EFBIG, err);
    /* A later write must win over an earlier one, also over bytes that still wait in the buffer. */
    if (out->pending > 0 && offset < out->flushed + out->pending && !flush(out, err))
        return false;
    const char *from = data;
    while (size > 0) {
        ssize_t put = pwrite(out->fd, from, size, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return write_error(out, errno, err);
        from += put;
        size -= (size_t)put;
        offset += (uint64_t)put;
    }
    return true;
}

/* ---- finishing ---- */

bool cf_out_add_suffix(struct cf_out *out, const char *suffix, struct cf_error *err)
{
    if (out->in_place)
        return true;
    char *target;
    if (asprintf(&target, "%s%s", out->target, suffix) < 0)
        return cf_fail(err, "%s: out of memory", out->path);
    out->name = target + (out->name - out->target);
    free(out->target);
    out->target = target;
    return true;
}

/* Gives an unnamed file a name: the target's own if that is free (one step, nothing can be left behind), else a
 * temporary one, because linkat does not replace. */
static bool link_unnamed(struct cf_out *out, bool *finished)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", out->fd);
    if (linkat(AT_FDCWD, self, out->directory, out->name, AT_SYMLINK_FOLLOW) == 0) {
        *finished = true;
        return true;
    }
    for (int attempt = 0; errno == EEXIST && attempt < 100; attempt++) {
        choose_temp_name(out);
        if (linkat(AT_FDCWD, self, out->directory, out->temp, AT_SYMLINK_FOLLOW) == 0)
            return true;
        out->temp[0] = '\0';
    }
    return false;
}

static bool finish(struct cf_out *out, struct cf_error *err)
{
    if (out->error)
        return write_error(out, out->error, err);
    if (!flush(out, err))
        return false;
    if (out->sink >= 0 && !cf_unspool(out->fd, out->sink, out->path, err))
        return false;
    bool finished = out->in_place;
    if (!finished && !out->temp[0] && !link_unnamed(out, &finished))
        return write_error(out, errno, err);
    int fd = out->fd;
    out->fd = -1;
    if (close(fd) != 0 && errno != EINTR) {
        int error = errno;
        if (finished && !out->in_place)
            unlinkat(out->directory, out->name, 0);
        return write_error(out, error, err);
    }
    if (!finished && renameat(out->directory, out->temp, out->directory, out->name) != 0)
        return write_error(out, errno, err);
    out->temp[0] = '\0';
    return true;
}

bool cf_out_commit(struct cf_out **out, struct cf_error *err)
{
    bool done = finish(*out, err);
    cf_out_abort(out);
    return done;
}

void cf_out_abort(struct cf_out **result)
{
    struct cf_out *out = *result;
    *result = NULL;
    if (!out)
        return;
    if (out->fd >= 0)
        close(out->fd);
    if (out->sink >= 0)
        close(out->sink);
    if (out->temp[0])
        unlinkat(out->directory, out->temp, 0);
    if (out->directory >= 0)
        close(out->directory);
    free(out->buffer);
    free(out->target);
    free(out->path);
    free(out);
}

bool cf_file_write(const char *path, const void *data, size_t size, struct cf_error *err)
{
    struct cf_out *out = NULL;
    if (cf_out_open(&out, path, err) && cf_out_write(out, data, size, err))
        return cf_out_commit(&out, err);
    cf_out_abort(&out);
    return false;
}
