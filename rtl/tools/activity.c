/* activity.c - reads a named pipe in a thread. */
#include "rtl/tools/activity.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { PIECE = 1 << 16, WAIT = 20 }; /* bytes; milliseconds */

struct cf_activity {
    struct cf_toggles *toggles;
    int pipe;
    pthread_t thread;
    atomic_bool has_ended; /* the simulator: what is in the pipe now is all */
    bool failed;
    struct cf_error err;
};

/* Without a writer there is nothing to wait for: it has not come, or has gone. */
static void wait_for_writer(const struct cf_activity *a, ssize_t got)
{
    struct pollfd ready = {.fd = got < 0 ? a->pipe : -1, .events = POLLIN};
    poll(&ready, 1, WAIT);
}

/* A dump that is wrong is read to its end as well, so that the simulator is not held up. */
static void *read_dump(void *context)
{
    struct cf_activity *a = context;
    char piece[PIECE];
    for (;;) {
        bool is_last = atomic_load(&a->has_ended);
        ssize_t got = read(a->pipe, piece, sizeof piece);
        if (got > 0)
            a->failed = a->failed || !cf_toggles_take(a->toggles, piece, (size_t)got, &a->err);
        else if (is_last)
            return NULL;
        else
            wait_for_writer(a, got);
    }
}

static void release(struct cf_activity *a)
{
    if (a->pipe >= 0)
        close(a->pipe);
    cf_toggles_free(a->toggles);
    free(a);
}

bool cf_activity_start(struct cf_activity **activity, const char *path, const char *scope, struct cf_error *err)
{
    struct cf_activity *a = calloc(1, sizeof *a);
    *activity = NULL;
    if (!a)
        return cf_fail(err, "%s: out of memory", path);
    a->pipe = -1;
    a->toggles = cf_toggles_new(scope);
    bool done = a->toggles || cf_fail(err, "%s: out of memory", path);
    done = done && (mkfifo(path, 0600) == 0 || cf_fail(err, "%s: %m", path));
    if (done) {
        a->pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        done = a->pipe >= 0 || cf_fail(err, "%s: %m", path);
    }
    done = done && ((errno = pthread_create(&a->thread, NULL, read_dump, a)) == 0 || cf_fail(err, "%s: %m", path));
    if (done)
        *activity = a;
    else
        release(a);
    return done;
}

bool cf_activity_end(struct cf_activity *a, const char *saif, struct cf_toggle_totals *totals, struct cf_error *err)
{
    struct cf_text text = {0};
    if (!a)
        return true;
    atomic_store(&a->has_ended, true);
    pthread_join(a->thread, NULL);
    bool done = !saif || (a->failed ? cf_fail(err, "%s", a->err.text)
                                    : cf_toggles_put(a->toggles, &text, totals, err) &&
                                          cf_file_write(saif, text.data, text.length, err));
    cf_text_free(&text);
    release(a);
    return done;
}
