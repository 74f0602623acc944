/* file.c - maps and reads regular files. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"

/* Messages use printf's %m (the text of errno), which unlike strerror is safe between threads. */

/* ---- reading ---- */

/* The descriptor of a regular file, or -1. */
static int open_regular(const char *path, struct stat *status, struct cf_error *err)
{
    /* O_NONBLOCK: opening a pipe must not wait for a writer before it is refused. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    bool known = fd >= 0 && fstat(fd, status) == 0;
    if (known && S_ISREG(status->st_mode))
        return fd;
    if (known)
        cf_fail(err, "%s: not a regular file", path);
    else
        cf_fail(err, "%s: %m", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

bool cf_map_open(struct cf_map *map, const char *path, struct cf_error *err)
{
    *map = (struct cf_map){0};
    struct stat status;
    int fd = open_regular(path, &status, err);
    if (fd < 0)
        return false;
    bool done = false;
    if ((uintmax_t)status.st_size > SIZE_MAX / 2) {
        cf_fail(err, "%s: too large to map", path);
    } else if (status.st_size == 0) {
        done = true; /* mmap refuses a length of zero */
    } else {
        void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        done = data != MAP_FAILED;
        if (done)
            *map = (struct cf_map){.data = data, .size = (size_t)status.st_size};
        else
            cf_fail(err, "%s: cannot map: %m", path);
    }
    close(fd);
    return done;
}

void cf_map_close(struct cf_map *map)
{
    if (map->data)
        munmap((void *)(uintptr_t)map->data, map->size);
    *map = (struct cf_map){0};
}

void cf_map_forget(const struct cf_map *map, size_t offset, size_t size)
{
    if (!map->data || offset >= map->size)
        return;
    size_t end = size < map->size - offset ? offset + size : map->size;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    /* When a page is read, the kernel also maps cached pages around it, at most AROUND bytes. These may be the ends of
     * neighbouring pieces, which were forgotten already. So the surroundings of a large piece are forgotten with it. */
    enum { AROUND = 1 << 20 };
    if (size >= AROUND) {
        offset -= offset < AROUND ? offset : AROUND;
        end += map->size - end < AROUND ? map->size - end : AROUND;
    }
    /* Both ends are rounded down to whole pages: a caller that goes forward in small steps then leaves no page behind
     * and drops none that it is about to read. Dropping too much would still be correct, as pages come back from the
     * file. */
    size_t first = offset / page * page;
    size_t last = end == map->size ? end : end / page * page;
    if (last > first)
        madvise((void *)(uintptr_t)(map->data + first), last - first, MADV_DONTNEED);
}

/* Reads until the end or until `capacity` bytes. */
static bool read_all(int fd, char *buffer, size_t capacity, size_t *size)
{
    *size = 0;
    while (*size < capacity) {
        ssize_t got = read(fd, buffer + *size, capacity - *size);
        if (got == 0)
            break;
        if (got > 0)
            *size += (size_t)got;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

/* The file may grow while it is read, or say nothing of its size (/proc): the buffer grows with what comes. */
static bool read_growing(int fd, const char *path, size_t limit, char **text, size_t *size, struct cf_error *err)
{
    enum { FIRST = 4096 };
    for (size_t capacity = 0;;) {
        if (!cf_array_reserve(text, &capacity, capacity ? capacity + 1 : FIRST, 1))
            return cf_fail(err, "%s: out of memory", path);
        size_t end =
            capacity - 1 < limit + 1 ? capacity - 1 : limit + 1; /* one byte past the limit shows a longer file */
        size_t wanted = end - *size, got;
        if (!read_all(fd, *text + *size, wanted, &got))
            return cf_fail(err, "%s: %m", path);
        *size += got;
        (*text)[*size] = '\0';
        if (*size > limit)
            return cf_fail(err, "%s: larger than %zu bytes", path, limit);
        if (got < wanted)
            return true;
    }
}

bool cf_file_read(const char *path, size_t limit, char **text, size_t *size, struct cf_error *err)
{
    *text = NULL;
    *size = 0;
    if (limit > SIZE_MAX / 4)
        limit = SIZE_MAX / 4;
    struct stat status;
    int fd = open_regular(path, &status, err);
    if (fd < 0)
        return false;
    bool done = read_growing(fd, path, limit, text, size, err);
    close(fd);
    if (!done) {
        free(*text);
        *text = NULL;
        *size = 0;
    }
    return done;
}
