/* resume.h - a small text file beside an output, which records where an interrupted simulation stopped. */
#ifndef COFIBER_CLI_RESUME_H
#define COFIBER_CLI_RESUME_H

#include "base/error.h"
#include "base/hash.h"
#include "netlists/netlist.h"

/* The inputs, which must be the same for a run to be continued, and how far the run came. */
struct cli_resume {
    char netlist[CF_SHA256_HEX]; /* of the netlist's file */
    char frames[CF_SHA256_HEX];  /* of the frame files' names, sizes and times, and of the frames selected */
    uint64_t count, done;        /* frames */
    uint64_t *fired;             /* [group_count] gates that fired so far; the caller's */
};

/* Fills the two digests. `selection` is the value of --frames, or NULL. */
bool cli_resume_identify(struct cli_resume *resume, const char *netlist, char *const *frames, int count,
                         const char *selection, struct cf_error *err);
bool cli_resume_write(const struct cli_resume *resume, const char *path, uint32_t groups, struct cf_error *err);
/* Reads `done` and `fired` of a run with the same digests and count; another run's file is an error. Without a file
 * `done` is 0. */
bool cli_resume_read(struct cli_resume *resume, const char *path, uint32_t groups, struct cf_error *err);

#endif
