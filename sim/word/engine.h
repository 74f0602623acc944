/* engine.h - runs a plan: one frame's values, in memory that is used again for the next frame. */
#ifndef COFIBER_SIM_WORD_ENGINE_H
#define COFIBER_SIM_WORD_ENGINE_H

#include "sim/word/plan.h"

struct cf_workspace;

/* Memory for one frame: every group's values (in the mode of all gates), or the outputs' and what they need. `threads`
 * is how many threads cf_run may use. A workspace serves one run at a time; a plan serves any number of them. */
struct cf_workspace *cf_workspace_new(const struct cf_plan *plan, int threads, struct cf_error *err);
void cf_workspace_free(struct cf_workspace *workspace); /* NULL is fine */

/* Bytes that a workspace takes, apart from what each of its threads works in. */
size_t cf_workspace_frame_bytes(const struct cf_workspace *workspace);

/* The input's nets [count], in the input's lane (cf_storage_of its type), to be filled before a run. The values must be
 * in the range of the input's type. */
void *cf_workspace_input(struct cf_workspace *workspace);

/* Simulates a frame. The result does not depend on the number of threads or on the instruction set. */
void cf_run(struct cf_workspace *workspace);

/* The values of a group after a run, [count] in the group's lane; NULL when the plan did not compute them all. */
const void *cf_workspace_values(const struct cf_workspace *workspace, uint32_t group);

/* Stores one value, for a group that is stored: for those who compute otherwise and keep their values here. */
void cf_workspace_put(struct cf_workspace *workspace, uint32_t group, uint32_t index, int64_t value);

#endif
