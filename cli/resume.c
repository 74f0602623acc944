/* resume.c - reads and writes the file from which cofiber sim --resume knows where to continue. */
#include "cli/resume.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

/* "name\nsize time\n" for each file, and the selection where there is one. */
static bool list_files(struct cf_text *text, char *const *paths, int count, const char *selection, struct cf_error *err)
{
    for (int i = 0; i < count; i++) {
        struct stat s;
        if (stat(paths[i], &s) != 0)
            return cf_fail(err, "%s: %m", paths[i]);
        cf_text_printf(text, "%s\n%" PRIu64 " %" PRIu64 ".%09ld\n", paths[i], (uint64_t)s.st_size,
                       (uint64_t)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    }
    if (selection)
        cf_text_printf(text, "frames %s\n", selection);
    return !text->failed || cf_fail(err, "%s: out of memory", paths[0]);
}

bool cli_resume_identify(struct cli_resume *resume, const char *netlist, char *const *frames, int count,
                         const char *selection, struct cf_error *err)
{
    struct cf_text text = {0};
    bool done = list_files(&text, frames, count, selection, err);
    if (done)
        cf_sha256(text.data, text.length, resume->frames);
    cf_text_free(&text);
    return done && cf_sha256_file(netlist, resume->netlist, err);
}

bool cli_resume_write(const struct cli_resume *resume, const char *path, uint32_t groups, struct cf_error *err)
{
    struct cf_out *out;
    if (!cf_out_open(&out, path, err))
        return false;
    bool done =
        cf_out_printf(out, err, "cofiber-resume 1\nnetlist %s\nframes %s\ncount %" PRIu64 "\ndone %" PRIu64 "\n",
                      resume->netlist, resume->frames, resume->count, resume->done);
    for (uint32_t g = 0; done && g < groups; g++)
        done = cf_out_printf(out, err, "fired %" PRIu64 "\n", resume->fired[g]);
    if (!done) {
        cf_out_abort(&out);
        return false;
    }
    return cf_out_commit(&out, err);
}

static bool parse(struct cli_resume *resume, const char *text, const char *path, uint32_t groups, struct cf_error *err)
{
    char netlist[CF_SHA256_HEX], frames[CF_SHA256_HEX];
    uint64_t count, done;
    int used = 0;
    if (sscanf(text, "cofiber-resume 1 netlist %64s frames %64s count %" SCNu64 " done %" SCNu64 "%n", netlist, frames,
               &count, &done, &used) != 4)
        return cf_fail(err, "%s: does not say where a run stopped; remove it to start anew", path);
    const char *differs = strcmp(netlist, resume->netlist) != 0                           ? "netlist"
                          : strcmp(frames, resume->frames) != 0 || count != resume->count ? "frames"
                                                                                          : NULL;
    if (differs)
        return cf_fail(err, "%s: the run that stopped there had another %s; remove it to start anew", path, differs);
    for (uint32_t g = 0; g < groups; g++) {
        int more = 0;
        if (sscanf(text + used, " fired %" SCNu64 "%n", &resume->fired[g], &more) != 1)
            return cf_fail(err, "%s: is cut short; remove it to start anew", path);
        used += more;
    }
    if (done > count)
        return cf_fail(err, "%s: more frames done than there are; remove it to start anew", path);
    resume->done = done;
    return true;
}

bool cli_resume_read(struct cli_resume *resume, const char *path, uint32_t groups, struct cf_error *err)
{
    enum { LIMIT = 1 << 20 };
    struct stat s;
    resume->done = 0;
    if (stat(path, &s) != 0)
        return true;
    char *text;
    size_t size;
    if (!cf_file_read(path, LIMIT, &text, &size, err))
        return false;
    bool done = parse(resume, text, path, groups, err);
    free(text);
    return done;
}
