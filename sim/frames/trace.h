/* trace.h - writes the results of a simulation, the decisions or every gate's value, to a safetensors file.
 *
 * The file has one tensor per group, with the group's name and the shape [N, group's shape] for N frames. Decisions:
 * the output groups, U8 where the output is a step, else I32 (I64 where wider than 32 bits). Traces: all groups and
 * `input`, I32 or I64. A path that ends in .npy gives a .npy file when there is one tensor; an error when there are
 * more.
 */
#ifndef COFIBER_SIM_FRAMES_TRACE_H
#define COFIBER_SIM_FRAMES_TRACE_H

#include "sim/storage.h"

enum cf_trace_kind { CF_TRACE_DECISIONS, CF_TRACE_ALL };

struct cf_trace;

/* The file appears at `path` only with cf_trace_commit. The netlist must outlive the trace. */
bool cf_trace_create(struct cf_trace **trace, const char *path, const struct cf_netlist *netlist, uint64_t frames,
                     enum cf_trace_kind kind, struct cf_error *err);
/* Whether the trace has a tensor for the group. */
bool cf_trace_holds(const struct cf_trace *trace, uint32_t group);
/* Writes one group of one frame, frames and groups in any order, from its values [count], stored as the group's type
 * demands (cf_storage_of). */
bool cf_trace_put_group(struct cf_trace *trace, uint64_t frame, uint32_t group, const void *values,
                        struct cf_error *err);
/* Copies frames [0, frames) from an earlier trace of the same netlist, kind and number of frames. */
bool cf_trace_copy(struct cf_trace *trace, const char *path, uint64_t frames, struct cf_error *err);
/* Appends the suffix to the name that the file will get. */
bool cf_trace_add_suffix(struct cf_trace *trace, const char *suffix, struct cf_error *err);
bool cf_trace_commit(struct cf_trace **trace, struct cf_error *err); /* `*trace` becomes NULL in either case */
void cf_trace_abort(struct cf_trace **trace);

#endif
