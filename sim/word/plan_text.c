/* plan_text.c - a plan in words. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/word/linear.h"
#include "sim/word/plan_internal.h"

static const int lane_bits[] = {8, 16, 32, 64};

struct lines {
    void (*line)(void *context, const char *text);
    void *context;
};

static void describe_rows(const struct cf_plan *plan, const struct cf_block *block, char *text, size_t size)
{
    uint32_t fewest = UINT32_MAX, most = 0;
    enum cf_storage widest = CF_STORE16;
    for (uint32_t i = 0; i < block->pattern_count; i++) {
        uint32_t count = block->patterns[i].term_count;
        fewest = count < fewest ? count : fewest;
        most = count > most ? count : most;
        widest = block->patterns[i].compute > widest ? block->patterns[i].compute : widest;
    }
    char terms[32];
    snprintf(terms, sizeof terms, fewest == most ? "%u" : "%u to %u", fewest, most);
    snprintf(text, size, "rows: %u x %u lanes, %u pattern%s of %s terms, %d-bit sums%s%s", block->rows, block->lanes,
             block->pattern_count, block->pattern_count == 1 ? "" : "s", terms, lane_bits[widest],
             block->fused == CF_NONE ? "" : ", together with ",
             block->fused == CF_NONE ? "" : plan->netlist->groups[block->fused].name);
}

static void describe_dense(const struct cf_plan *plan, const struct cf_block *block, char *text, size_t size)
{
    static const char *const operands[] = {"", " (widened)", " (two digits each)"};
    const struct cf_dense_form *form = block->dense;
    snprintf(text, size, "dense: %u rows of %s, %u lanes x %u inputs, %d-bit operands%s, %d-bit sums%s", block->rows,
             plan->netlist->groups[form->source].name, block->lanes, form->packed.inputs, lane_bits[form->packed.lane],
             operands[form->operands], lane_bits[form->sums], form->step ? ", thresholds" : "");
}

static void describe_group(const struct cf_plan *plan, uint32_t index, const struct lines *out)
{
    const struct cf_group *group = &plan->netlist->groups[index];
    const struct cf_block *block = &plan->blocks[index];
    char what[256] = "gate by gate", text[512];
    if (block->kind == CF_BLOCK_ROWS)
        describe_rows(plan, block, what, sizeof what);
    else if (block->kind == CF_BLOCK_DENSE)
        describe_dense(plan, block, what, sizeof what);
    else if (block->kind == CF_BLOCK_INPUT)
        snprintf(what, sizeof what, "input: %u x %u lanes", block->rows, block->lanes);
    snprintf(text, sizeof text, "%-14s %3u bits in %d  %s", group->name, group->type.width, lane_bits[block->lane],
             what);
    if (block->exception_count) {
        size_t used = strnlen(text, sizeof text);
        snprintf(text + used, sizeof text - used, "; %u exception%s", block->exception_count,
                 block->exception_count == 1 ? "" : "s");
    }
    out->line(out->context, text);
}

static void describe_linear(const struct cf_plan *plan, const struct lines *out)
{
    const struct cf_linear *linear = plan->linear;
    char text[512];
    if (linear->whole) {
        out->line(out->context, "decisions: by running all gates; classifying the input first would save nothing here");
        return;
    }
    for (uint32_t f = 0; f < linear->family_count; f++) {
        const struct cf_family *family = &linear->families[f];
        if (!family->live)
            continue;
        snprintf(text, sizeof text, "decisions: input classified first, %u rows, %u lanes x %u inputs, %d-bit operands",
                 plan->blocks[CF_INPUT].rows, family->packed.lanes, family->packed.inputs,
                 lane_bits[family->packed.lane]);
        out->line(out->context, text);
    }
    for (uint32_t g = 1; g < plan->netlist->group_count; g++)
        if (linear->outputs[g].family != CF_NONE) {
            snprintf(text, sizeof text, "decisions: %s from sums of %s%s", plan->netlist->groups[g].name,
                     plan->netlist->groups[plan->blocks[g].dense->source].name,
                     linear->outputs[g].inlined ? ", combined on the way" : "");
            out->line(out->context, text);
        }
    snprintf(text, sizeof text,
             "decisions: %" PRIu64 " from the classified input, %" PRIu64
             " gate by gate as in --all-gates, for which %" PRIu64 " other gates are run",
             linear->fast_gates, linear->exact_gates, linear->helper_gates);
    out->line(out->context, text);
}

void cf_plan_describe(const struct cf_plan *plan, void (*line)(void *context, const char *text), void *context)
{
    struct lines out = {line, context};
    char text[512];
    snprintf(text, sizeof text, "kernels: %s", plan->kernels->name);
    line(context, text);
    for (uint32_t g = 0; g < plan->netlist->group_count; g++)
        describe_group(plan, g, &out);
    snprintf(text, sizeof text, "all gates: %u waves, %u tasks; %" PRIu64 " gates by the general path",
             plan->all.wave_count, plan->all.task_count, cf_plan_general_gates(plan));
    line(context, text);
    if (plan->linear)
        describe_linear(plan, &out);
}
