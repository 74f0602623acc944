/* log.c - keeps the verdicts of a search, so that an interrupted one can go on. */
#include "prune/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"

enum { MOST_BYTES = 1 << 28 };
static const char title[] = "cofiber-prune 1 ";

static bool keep(struct cf_prune_log *log, const char *key, const struct cf_verdict *verdict, struct cf_error *err)
{
    if (!cf_array_reserve(&log->entries, &log->capacity, log->count + 1, sizeof *log->entries))
        return cf_fail(err, "%s: out of memory", log->path ? log->path : "prune");
    struct cf_prune_entry *entry = &log->entries[log->count++];
    memcpy(entry->key, key, sizeof entry->key);
    entry->verdict = *verdict;
    return true;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* Reads one line, which ends at `end`. */
static bool read_line(struct cf_prune_log *log, const char *line, const char *end, struct cf_error *err)
{
    struct cf_verdict v = {0};
    char key[CF_SHA256_HEX];
    int used = 0;
    if (sscanf(line, "%64s %la %la %la %" SCNu64 " %" SCNu64 " .%n", key, &v.map, &v.ap50, &v.ap75, &v.true_positives,
               &v.detections, &used) != 6 ||
        line + used != end || strlen(key) != CF_SHA256_HEX - 1)
        return cf_fail(err, "%s: line %zu says no verdict; remove it to start anew", log->path, log->count + 2);
    return keep(log, key, &v, err);
}

static bool read_text(struct cf_prune_log *log, const char *text, const char *identity, size_t *whole,
                      struct cf_error *err)
{
    const char *end = strchr(text, '\n');
    if (strncmp(text, title, strlen(title)) != 0 || !end)
        return cf_fail(err, "%s: does not say where a run stopped; remove it to start anew", log->path);
    if (strncmp(text + strlen(title), identity, strlen(identity)) != 0)
        return cf_fail(err, "%s: the run that stopped there had other inputs or options; remove it to start anew",
                       log->path);
    const char *line = end + 1;
    while ((end = strchr(line, '\n')) != NULL) {
        if (!read_line(log, line, end, err))
            return false;
        line = end + 1;
    }
    *whole = (size_t)(line - text);
    return true;
}

/* Reads the file, and opens it behind its last whole line. */
static bool reopen(struct cf_prune_log *log, const char *identity, struct cf_error *err)
{
    char *text;
    size_t size, whole = 0;
    if (!cf_file_read(log->path, MOST_BYTES, &text, &size, err))
        return false;
    bool done = read_text(log, text, identity, &whole, err);
    free(text);
    if (!done)
        return false;
    log->file = fopen(log->path, "r+");
    return (log->file && ftruncate(fileno(log->file), (off_t)whole) == 0 && fseek(log->file, 0, SEEK_END) == 0) ||
           cf_fail(err, "%s: %m", log->path);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

bool cf_prune_log_open(struct cf_prune_log *log, const char *path, const char *identity, bool resume,
                       struct cf_error *err)
{
    struct stat s;
    assert(strlen(identity) == CF_SHA256_HEX - 1);
    *log = (struct cf_prune_log){.path = path};
    if (!path)
        return true;
    if (resume && stat(path, &s) == 0)
        return reopen(log, identity, err);
    log->file = fopen(path, "w");
    return (log->file && fprintf(log->file, "%s%s\n", title, identity) > 0 && fflush(log->file) == 0) ||
           cf_fail(err, "%s: %m", path);
}

void cf_prune_log_close(struct cf_prune_log *log, bool finished)
{
    if (log->file)
        fclose(log->file); /* every line was flushed when it was written */
    if (log->file && finished)
        unlink(log->path);
    free(log->entries);
    *log = (struct cf_prune_log){0};
}

const struct cf_verdict *cf_prune_log_find(const struct cf_prune_log *log, const char *key)
{
    for (size_t i = 0; i < log->count; i++)
        if (memcmp(log->entries[i].key, key, CF_SHA256_HEX) == 0)
            return &log->entries[i].verdict;
    return NULL;
}

bool cf_prune_log_add(struct cf_prune_log *log, const char *key, const struct cf_verdict *v, struct cf_error *err)
{
    assert(strlen(key) == CF_SHA256_HEX - 1);
    if (log->file && (fprintf(log->file, "%s %a %a %a %" PRIu64 " %" PRIu64 " .\n", key, v->map, v->ap50, v->ap75,
                              v->true_positives, v->detections) < 0 ||
                      fflush(log->file) != 0))
        return cf_fail(err, "%s: %m", log->path);
    return keep(log, key, v, err);
}
