/* engine.h - runs a plan on frames, one after another, in memory that each frame uses again. */
#ifndef COFIBER_SIM_WORD_ENGINE_H
#define COFIBER_SIM_WORD_ENGINE_H

#include "sim/word/plan.h"

struct cf_workspace;

/* Memory for one frame: every group's values in the mode of all gates, or else those of the outputs and all that they
 * need. cf_run may use `threads` threads, or one where that is less than 1. A workspace serves one run at a time; the
 * plan, which must outlive it, serves any number of workspaces. NULL and an error when memory is out. */
struct cf_workspace *cf_workspace_new(const struct cf_plan *plan, int threads, struct cf_error *err);
void cf_workspace_free(struct cf_workspace *workspace); /* NULL is fine */

/* Bytes that a workspace takes, apart from what each of its threads works in. */
size_t cf_workspace_frame_bytes(const struct cf_workspace *workspace);

/* The input's nets [count], in the input's storage (cf_storage_of its type), to be filled before a run. The values must
 * be in the range of the input's type. */
void *cf_workspace_input(struct cf_workspace *workspace);

/* Simulates a frame. The result does not depend on the number of threads or on the instruction set. */
void cf_run(struct cf_workspace *workspace);

/* The values of a group after a run, [count] in the group's storage; NULL when the plan did not compute them all. */
const void *cf_workspace_values(const struct cf_workspace *workspace, uint32_t group);

/* Stores the value of one gate, for a caller that computes values in another way and keeps them here. The plan must be
 * one of all gates. */
void cf_workspace_put(struct cf_workspace *workspace, uint32_t group, uint32_t index, int64_t value);

#endif
