/* spool.c - copies input that cannot seek into a file without a name, and copies such a file to an output. */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 1 << 16 };

int cf_spool_open(const char *name, struct cf_error *err)
{
    const char *place = getenv("TMPDIR");
    if (!place || !*place)
        place = "/tmp";
    int descriptor = open(place, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor < 0) { /* the file system may know no files without names: then the name is removed at once */
        char *path;
        if (asprintf(&path, "%s/cofiber-spool-XXXXXX", place) < 0) {
            cf_fail(err, "%s: out of memory", name);
            return -1;
        }
        descriptor = mkostemp(path, O_CLOEXEC);
        if (descriptor >= 0)
            unlink(path);
        free(path);
    }
    if (descriptor < 0)
        cf_fail(err, "%s: no temporary file in %s: %m", name, place);
    return descriptor;
}

static bool write_all(int to, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t put = write(to, data, size);
        if (put < 0 && errno != EINTR)
            return false;
        data += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* Copies until the end, or until more than `limit` bytes have come. */
static bool copy(int from, int to, const char *name, uint64_t limit, struct cf_error *err)
{
    char piece[PIECE];
    for (uint64_t total = 0; total <= limit;) {
        ssize_t got = read(from, piece, sizeof piece);
        if (got == 0)
            return true;
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cf_fail(err, "%s: %m", name);
        if (!write_all(to, piece, (size_t)got))
            return cf_fail(err, "%s: cannot be copied: %m", name);
        total += (uint64_t)got;
    }
    return cf_fail(err, "%s: more than %llu bytes; save it as a file first", name, (unsigned long long)limit);
}

int cf_spool(int from, const char *name, uint64_t limit, struct cf_error *err)
{
    int to = cf_spool_open(name, err);
    if (to < 0 || copy(from, to, name, limit, err))
        return to;
    close(to);
    return -1;
}

bool cf_unspool(int spooled, int to, const char *name, struct cf_error *err)
{
    return lseek(spooled, 0, SEEK_SET) == 0 ? copy(spooled, to, name, UINT64_MAX - PIECE, err)
                                            : cf_fail(err, "%s: %m", name);
}
