/* json_memory.h - memory for YAJL, which does not check whether an allocation succeeded.
 *
 * The allocator keeps a list of all chunks. If an allocation fails, it jumps out of YAJL to the place that
 * `out_of_memory` was set at; cf_json_memory_free then gives back every chunk, the parser's own included.
 */
#ifndef COFIBER_DETECT_JSON_MEMORY_H
#define COFIBER_DETECT_JSON_MEMORY_H

#include <setjmp.h>
#include <yajl/yajl_common.h>

struct cf_json_chunk;
struct cf_json_memory {
    yajl_alloc_funcs functions; /* to be passed to yajl_alloc */
    jmp_buf out_of_memory;      /* the caller sets it with setjmp before it calls YAJL */
    struct cf_json_chunk *chunks;
};

/* Fills in `functions`. The structure must not move afterwards. */
void cf_json_memory_new(struct cf_json_memory *memory);
void cf_json_memory_free(struct cf_json_memory *memory);

#endif
