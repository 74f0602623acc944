/* journal.c - writes the log of a training run. */
#include "train/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct cf_journal {
    FILE *file;
    const char *path; /* the caller's */
};

static void put(const struct cf_journal *journal, const struct cf_trainer *t, uint64_t step)
{
    const struct cf_step_record *r = &t->state.records[step];
    fprintf(journal->file,
            "{\"step\": %" PRIu64 ", \"epoch\": %" PRIu64
            ", \"loss\": %.9g, \"classification\": %.9g, \"boxes\": %.9g, "
            "\"centerness\": %.9g, \"positives\": %.0f, \"rate\": %.9g, \"norm\": %.9g}\n",
            step + 1, step / t->steps_per_epoch + 1, r->loss, r->classification, r->boxes, r->centerness, r->positives,
            r->rate, r->norm);
}

static bool flush(const struct cf_journal *journal, struct cf_error *err)
{
    return (fflush(journal->file) == 0 && !ferror(journal->file)) || cf_fail(err, "%s: %m", journal->path);
}

bool cf_journal_open(struct cf_journal **journal, const char *path, const struct cf_trainer *t, struct cf_error *err)
{
    struct cf_journal *made = calloc(1, sizeof *made);
    *journal = NULL;
    if (!made)
        return cf_fail(err, "%s: out of memory", path);
    *made = (struct cf_journal){fopen(path, "we"), path};
    if (!made->file) {
        free(made);
        return cf_fail(err, "%s: %m", path);
    }
    for (uint64_t step = 0; step < t->state.step; step++)
        put(made, t, step);
    *journal = made;
    if (flush(made, err))
        return true;
    cf_journal_close(journal, NULL);
    return false;
}

bool cf_journal_add(struct cf_journal *journal, const struct cf_trainer *t, struct cf_error *err)
{
    put(journal, t, t->state.step - 1);
    return flush(journal, err);
}

bool cf_journal_close(struct cf_journal **journal, struct cf_error *err)
{
    struct cf_journal *closing = *journal;
    *journal = NULL;
    if (!closing)
        return true;
    bool done = fclose(closing->file) == 0 || cf_fail(err, "%s: %m", closing->path);
    free(closing);
    return done;
}
