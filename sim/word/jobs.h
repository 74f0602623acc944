/* jobs.h - the rows of gates and of sums that a workspace's tasks evaluate. They are the same for every frame, and
 * therefore prepared once, when the workspace is made.
 */
#ifndef COFIBER_SIM_WORD_JOBS_H
#define COFIBER_SIM_WORD_JOBS_H

#include "sim/word/plan.h"

struct cf_workspace; /* workspace.h */

/* The jobs of a schedule, task after task in the order in which they are run, so that their own memory is read from one
 * end to the other. */
struct cf_jobs {
    struct cf_row_job *items; /* [count] */
    uint32_t count;
    uint32_t *first, *end; /* [task_count]: the jobs of each task */
};

/* In memory of the workspace, whose values and sums are there already; false when memory is out. */
bool cf_jobs_make(struct cf_workspace *w, const struct cf_schedule *schedule, struct cf_jobs *jobs);

#endif
