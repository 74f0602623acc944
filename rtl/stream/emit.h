/* emit.h - writes the texts of the package's files, which stream.c puts together. Names begin with "cofiber_stream"
 * in all of them; stream.c puts the prefix before each. */
#ifndef COFIBER_RTL_STREAM_EMIT_H
#define COFIBER_RTL_STREAM_EMIT_H

#include "base/text.h"
#include "rtl/stream/plan.h"
#include "rtl/stream/stream.h"

enum cf_stream_kind { CF_STREAM_CORE, CF_STREAM_TESTBENCH, CF_STREAM_DRIVER, CF_STREAM_TARGET };

/* Which core a file belongs to; a file may belong to several. The wide core has multipliers or constant weights. */
enum { CF_STREAM_MULTIPLIERS = 1, CF_STREAM_SHARED = 2, CF_STREAM_CONSTANTS = 4, CF_STREAM_WIDE = 1 | 4 };

struct cf_stream_source {
    const char *name; /* of the file */
    const char *text, *end;
    enum cf_stream_kind kind;
    unsigned cores;
    bool replaced; /* the target's file has another module of this name */
};

static inline unsigned cf_stream_core(const struct cf_stream_plan *plan)
{
    return plan->options.shared      ? CF_STREAM_SHARED
           : plan->options.constants ? CF_STREAM_CONSTANTS
                                     : CF_STREAM_MULTIPLIERS;
}

/* The files that are the same for every netlist; ends with a NULL name. */
extern const struct cf_stream_source cf_stream_sources[];

void cf_stream_put_head(const struct cf_stream_plan *plan, struct cf_text *text);      /* the top's first line */
void cf_stream_put_top(const struct cf_stream_plan *plan, struct cf_text *text);       /* the module to instantiate */
void cf_stream_put_constants(const struct cf_stream_plan *plan, struct cf_text *text); /* the adders of the weights */
void cf_stream_put_geometry(const struct cf_stream_plan *plan, const struct cf_stream_vectors *vectors,
                            struct cf_text *text); /* the testbench's header */

void cf_stream_put_shared_top(const struct cf_stream_plan *plan, struct cf_text *text);
void cf_stream_put_shared_geometry(const struct cf_stream_plan *plan, struct cf_text *text); /* what the other lacks */

/* The registers (registers.h) for people and tools. */
void cf_stream_put_register_table(struct cf_text *text);
void cf_stream_put_register_header(const struct cf_stream_plan *plan, struct cf_text *text);
void cf_stream_put_register_rdl(struct cf_text *text);
void cf_stream_put_register_svd(struct cf_text *text);

/* The files with which a design takes the core in. */
void cf_stream_put_list(const struct cf_stream_plan *plan, struct cf_text *text);
void cf_stream_put_target_list(const struct cf_stream_plan *plan, struct cf_text *text); /* with the target's file */
void cf_stream_put_pins(struct cf_text *text); /* of the iCE40 UP5K in its package of 48 pins */
void cf_stream_put_core(const struct cf_stream_plan *plan, struct cf_text *text);
void cf_stream_put_ipxact(const struct cf_stream_plan *plan, struct cf_text *text);
void cf_stream_put_model(const struct cf_stream_plan *plan, struct cf_text *text); /* for `cofiber synth` */
void cf_stream_put_constraints(struct cf_text *text);
void cf_stream_put_shared_readme(const struct cf_stream_plan *plan, struct cf_text *text);
void cf_stream_put_readme(const struct cf_stream_plan *plan, struct cf_text *text);

/* Memories' contents, one word per line in hexadecimal. */
void cf_stream_put_weights(const struct cf_stream_plan *plan, struct cf_text *text);
void cf_stream_put_load(const struct cf_stream_plan *plan, struct cf_text *text); /* the shared core's, in bytes */
void cf_stream_put_thresholds(const struct cf_stream_plan *plan, uint32_t scale, struct cf_text *text);
void cf_stream_put_stimulus(const struct cf_stream_plan *plan, const struct cf_stream_vectors *vectors,
                            struct cf_text *text);
void cf_stream_put_expected(const struct cf_stream_plan *plan, const struct cf_stream_vectors *vectors,
                            struct cf_text *text);
void cf_stream_put_outcomes(const struct cf_stream_vectors *vectors, struct cf_text *text);

#endif
