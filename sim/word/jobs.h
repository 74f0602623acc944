/* jobs.h - the rows of gates and of sums that a workspace's tasks evaluate. They are the same for every frame, and
 * therefore prepared once, when the workspace is made.
 */
#ifndef COFIBER_SIM_WORD_JOBS_H
#define COFIBER_SIM_WORD_JOBS_H

#include "sim/word/plan.h"

struct cf_workspace; /* workspace.h */

/* The jobs of a schedule, task after task. */
struct cf_jobs {
    struct cf_row_job *items; /* [count] */
    uint32_t count;
    uint32_t *start; /* [task_count + 1]: where the jobs of each task begin */
};

/* In memory of the workspace, whose values and sums are there already; false when memory is out. */
bool cf_jobs_make(struct cf_workspace *w, const struct cf_schedule *schedule, struct cf_jobs *jobs);

#endif
