/* plan_text.c - says in words what a plan has recognised. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/word/linear.h"

static const int storage_bits[] = {8, 16, 32, 64};

struct lines {
    void (*line)(void *context, const char *text);
    void *context;
};

static void describe_rows(const struct cf_plan *plan, uint32_t index, char *text, size_t size)
{
    const struct cf_layout *layout = &plan->layouts[index];
    uint32_t fused = plan->order[index].fused_dense;
    uint32_t fewest = UINT32_MAX, most = 0;
    enum cf_storage widest = CF_STORE16;
    for (uint32_t i = 0; i < layout->pattern_count; i++) {
        uint32_t count = layout->patterns[i].term_count;
        fewest = count < fewest ? count : fewest;
        most = count > most ? count : most;
        widest = layout->patterns[i].compute > widest ? layout->patterns[i].compute : widest;
    }
    char terms[32];
    snprintf(terms, sizeof terms, fewest == most ? "%u" : "%u to %u", fewest, most);
    snprintf(text, size, "rows: %u x %u lanes, %u pattern%s of %s terms, %d-bit sums%s%s", layout->rows, layout->lanes,
             layout->pattern_count, layout->pattern_count == 1 ? "" : "s", terms, storage_bits[widest],
             fused == CF_NONE ? "" : ", together with ", fused == CF_NONE ? "" : plan->netlist->groups[fused].name);
}

static void describe_dense(const struct cf_plan *plan, const struct cf_layout *layout, char *text, size_t size)
{
    static const char *const operands[] = {"", " (widened)", " (two digits each)", " (and a few bits more)"};
    const struct cf_dense_form *form = layout->dense;
    snprintf(text, size, "dense: %u rows of %s, %u lanes x %u inputs, %d-bit operands%s, %d-bit sums%s%s", layout->rows,
             plan->netlist->groups[form->source].name, layout->lanes, form->packed.inputs,
             storage_bits[form->packed.storage], operands[form->operands], storage_bits[form->sums],
             form->extra_count ? ", and some nets more" : "", form->step ? ", thresholds" : "");
}

static void describe_group(const struct cf_plan *plan, uint32_t index, const struct lines *out)
{
    const struct cf_group *group = &plan->netlist->groups[index];
    const struct cf_layout *layout = &plan->layouts[index];
    char kind[256] = "gate by gate", text[512];
    if (layout->kind == CF_LAYOUT_ROWS)
        describe_rows(plan, index, kind, sizeof kind);
    else if (layout->kind == CF_LAYOUT_DENSE)
        describe_dense(plan, layout, kind, sizeof kind);
    else if (layout->kind == CF_LAYOUT_INPUT)
        snprintf(kind, sizeof kind, "input: %u x %u lanes", layout->rows, layout->lanes);
    snprintf(text, sizeof text, "%-14s %3u bits in %d  %s", group->name, group->type.width,
             storage_bits[layout->storage], kind);
    if (layout->exception_count) {
        size_t used = strnlen(text, sizeof text);
        snprintf(text + used, sizeof text - used, "; %u exception%s", layout->exception_count,
                 layout->exception_count == 1 ? "" : "s");
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
        snprintf(text, sizeof text, "decisions: input classified first, %u rows, %u lanes x %u inputs, %d-bit operands",
                 plan->layouts[CF_INPUT].rows, family->packed.lanes, family->packed.inputs,
                 storage_bits[family->packed.storage]);
        out->line(out->context, text);
    }
    for (uint32_t g = 1; g < plan->netlist->group_count; g++)
        if (linear->outputs[g].family != CF_NONE) {
            snprintf(text, sizeof text, "decisions: %s from sums of %s%s", plan->netlist->groups[g].name,
                     plan->netlist->groups[plan->layouts[g].dense->source].name,
                     linear->inlined[g] ? ", combined on the way" : "");
            out->line(out->context, text);
        }
    snprintf(text, sizeof text,
             "decisions: %" PRIu64 " from the classified input, %" PRIu64 " gate by gate, for which %" PRIu64
             " other gates are run",
             linear->exact.fast_gates, linear->exact.exact_gates, linear->exact.helper_gates);
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
