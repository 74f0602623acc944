/* pipeline.h - what an adder graph takes when registers cut it into stages, for one set of operands per cycle. */
#ifndef COFIBER_NETLISTS_PIPELINE_H
#define COFIBER_NETLISTS_PIPELINE_H

#include "netlists/bank.h"
#include "netlists/graph.h"

struct cf_pipeline {
    uint32_t stages;    /* cycles from the operands to the outputs */
    uint64_t registers; /* of one bit */
};

/* Where a signal stands: it is made in stage `made`, and stage `last` is the last that reads it; 0: none does. Between
 * the two it is kept in a register per stage. Outputs are read in the stage after all others. */
struct cf_stage {
    uint32_t made, last;
};

/* Cuts the graph as cf_graph_pipeline does: fills stage, which has [inputs + adders], and says how many stages there
 * are. `graph` passes cf_graph_check. False when memory is out. */
bool cf_graph_stages(const struct cf_graph *graph, uint32_t every, struct cf_stage *stage, uint32_t *stages);

/* Cuts the graph after every `every` >= 1 adders of depth: an adder of depth d stands in stage ceil(d / every), which
 * is as early as it can. The operands arrive at the first stage without a register; a signal is kept, as wide as its
 * values, up to the last stage that reads it, and outputs leave together behind registers at the end of the last stage.
 * Input i takes the values range[i]. `graph` passes cf_graph_check and cf_graph_fits. False when memory is out. */
bool cf_graph_pipeline(const struct cf_graph *graph, const struct cf_range *range, uint32_t every,
                       struct cf_pipeline *pipeline);

/* The same for a bank of the netlist's implementation, at its own operands. */
bool cf_bank_pipeline(const struct cf_netlist *netlist, const struct cf_bank *bank, uint32_t every,
                      struct cf_pipeline *pipeline, struct cf_error *err);

#endif
