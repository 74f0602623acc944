/* plan.c - planning, step by step. */
#include "sim/word/plan.h"

#include <stdlib.h>
#include <string.h>

#include "sim/word/linear.h"
#include "sim/word/plan_internal.h"

uint32_t cf_group_of_run(const struct cf_netlist *netlist, uint64_t first, uint64_t count)
{
    if (first + count > netlist->net_count)
        return CF_NONE;
    uint32_t index = cf_netlist_group_of(netlist, (uint32_t)first);
    const struct cf_group *group = &netlist->groups[index];
    return first - group->first_net + count <= group->count ? index : CF_NONE;
}

bool cf_index_list_add(struct cf_index_list *list, uint32_t item)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? 2 * list->capacity : 64;
        uint32_t *more = realloc(list->items, capacity * sizeof *more);
        if (!more)
            return false;
        list->items = more;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return true;
}

static bool find_reaches(struct cf_plan *plan)
{
    uint32_t count = plan->netlist->cell_count;
    plan->reaches = cf_arena_alloc(&plan->arena, count, sizeof *plan->reaches);
    for (uint32_t c = 0; plan->reaches && c < count; c++)
        cf_cell_reach(&plan->netlist->cells[c], &plan->reaches[c]);
    return plan->reaches != NULL;
}

/* Which form to look for first: lanes that share a base are dense. */
static bool looks_dense(const struct cf_plan *plan, const struct cf_group *group, uint32_t lanes)
{
    if (lanes == 1)
        return plan->netlist->cells[group->cell[0]].term_count > 16;
    /* Gates 0 and 1 may be mutated ones; the answer only decides what is tried first. */
    const uint32_t *a = cf_instance_bases(group, 0), *b = cf_instance_bases(group, 1);
    return memcmp(a, b, group->ports * sizeof *a) == 0;
}

static bool recognise(struct cf_plan *plan, uint32_t index, bool *memory)
{
    const struct cf_group *group = &plan->netlist->groups[index];
    struct cf_block *block = &plan->blocks[index];
    *block = (struct cf_block){.kind = CF_BLOCK_GENERAL, .lane = cf_storage_of(group->type), .fused = CF_NONE};
    block->lanes = cf_group_lanes(group);
    block->rows = group->count / block->lanes;
    if (index == CF_INPUT) {
        block->kind = CF_BLOCK_INPUT;
        return true;
    }
    bool dense = looks_dense(plan, group, block->lanes), found;
    found = dense ? cf_recognise_dense(plan, index, memory) : cf_recognise_rows(plan, index, memory);
    if (!found && *memory)
        found = dense ? cf_recognise_rows(plan, index, memory) : cf_recognise_dense(plan, index, memory);
    return *memory;
}

static void note_reads(const struct cf_plan *plan, const struct cf_group *group, uint32_t index, bool *reads)
{
    const struct cf_reach *reach = &plan->reaches[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    for (uint32_t p = 0; p < group->ports; p++) {
        if (reach->low[p] > reach->high[p])
            continue;
        uint32_t g = cf_netlist_group_of(plan->netlist, bases[p] + reach->low[p]);
        uint32_t last = cf_netlist_group_of(plan->netlist, bases[p] + reach->high[p]);
        for (; g <= last; g++)
            reads[g] = true;
    }
}

static bool find_reads(struct cf_plan *plan, uint32_t index)
{
    const struct cf_group *group = &plan->netlist->groups[index];
    struct cf_block *block = &plan->blocks[index];
    bool *reads = cf_arena_alloc(&plan->arena, plan->netlist->group_count, sizeof *reads);
    if (!reads)
        return false;
    for (uint32_t i = 0; i < block->pattern_count; i++)
        for (uint32_t p = 0; p < CF_MAX_PORTS; p++)
            if (block->patterns[i].source[p] != CF_NONE)
                reads[block->patterns[i].source[p]] = true;
    if (block->kind == CF_BLOCK_DENSE)
        reads[block->dense->source] = true;
    for (uint32_t i = 0; i < block->exception_count; i++)
        note_reads(plan, group, block->exceptions[i], reads);
    for (uint32_t i = 0; block->kind == CF_BLOCK_GENERAL && i < group->count; i++)
        note_reads(plan, group, i, reads);
    block->reads = reads;
    return true;
}

static bool plan_blocks(struct cf_plan *plan)
{
    uint32_t count = plan->netlist->group_count;
    plan->blocks = cf_arena_alloc(&plan->arena, count, sizeof *plan->blocks);
    bool done = plan->blocks && find_reaches(plan);
    for (uint32_t g = 0; done && g < count; g++)
        done = recognise(plan, g, &done) && (g == CF_INPUT || find_reads(plan, g));
    return done;
}

struct cf_plan *cf_plan_new(const struct cf_netlist *netlist, const struct cf_kernels *kernels, enum cf_mode mode,
                            struct cf_error *err)
{
    struct cf_plan *plan = calloc(1, sizeof *plan);
    if (plan) {
        plan->netlist = netlist;
        plan->kernels = kernels;
    }
    if (!plan || !plan_blocks(plan) || !cf_schedule_all(plan) || (mode == CF_DECISIONS && !cf_linear_plan(plan))) {
        cf_plan_free(plan);
        cf_fail(err, "%s: out of memory", netlist->label);
        return NULL;
    }
    return plan;
}

void cf_plan_free(struct cf_plan *plan)
{
    if (!plan)
        return;
    cf_schedule_free(&plan->all);
    cf_linear_free(plan->linear);
    cf_arena_free(&plan->arena);
    free(plan);
}

uint64_t cf_plan_general_gates(const struct cf_plan *plan)
{
    uint64_t count = 0;
    for (uint32_t g = 1; g < plan->netlist->group_count; g++)
        count +=
            plan->blocks[g].kind == CF_BLOCK_GENERAL ? plan->netlist->groups[g].count : plan->blocks[g].exception_count;
    return count;
}
