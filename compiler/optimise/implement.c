/* implement.c - finds the banks of a netlist, and an adder graph for each. */
#include "compiler/optimise/implement.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/optimise/wiring.h"
#include "netlists/bank.h"

/* A bank that may get a graph. */
struct task {
    struct cf_bank bank; /* the graph is set when it is known */
    struct cf_bank_operand *operands;
    struct cf_matrix matrix; /* [cells][operands] */
    uint64_t hash;           /* of the matrix */
    uint64_t csd_adders;
    uint64_t at_least;
    bool leave;
};

struct work {
    struct cf_netlist *netlist;
    const struct cf_optimise_options *options;
    struct task *tasks;
    uint32_t task_count;
    uint64_t csd_adders;     /* of all different matrices that are optimised */
    struct cf_graph *graphs; /* [task_count] at most */
    uint32_t graph_count;
    struct cf_implement_report *report;
    struct cf_error *err;
};

static bool out_of_memory(struct work *w)
{
    return cf_fail(w->err, "%s: out of memory", w->netlist->label);
}

/* ---- matrices ---- */

static void fill_row(const struct cf_cell *cell, const struct cf_bank_operand *operands, int64_t *row)
{
    for (uint32_t t = 0, i = 0; t < cell->term_count; t++, i++) {
        const struct cf_term *term = &cell->terms[t];
        while (operands[i].port != term->port || operands[i].offset != term->offset ||
               operands[i].square != term->square)
            i++;
        row[i] = term->weight * ((int64_t)1 << term->shift);
    }
}

static bool fill_matrix(struct work *w, struct task *task)
{
    struct cf_matrix *m = &task->matrix;
    m->rows = task->bank.cell_count;
    if (!cf_bank_operands(w->netlist, task->bank.cells, m->rows, &task->operands, &m->columns, w->err))
        return false;
    task->leave = m->columns == 0 || (uint64_t)m->rows * m->columns > CF_MAX_BANK_ELEMENTS;
    if (task->leave)
        return true;
    m->at = calloc((size_t)m->rows * m->columns, sizeof *m->at);
    if (!m->at)
        return out_of_memory(w);
    for (uint32_t k = 0; k < m->rows; k++)
        fill_row(&w->netlist->cells[task->bank.cells[k]], task->operands, m->at + (size_t)k * m->columns);
    for (uint32_t k = 0; k < m->rows; k++) {
        uint64_t digits = 0;
        for (uint32_t c = 0; c < m->columns; c++) {
            int64_t value = m->at[(size_t)k * m->columns + c];
            task->leave = task->leave || llabs((long long)value) >> 60;
            task->hash = (task->hash ^ (uint64_t)value) * UINT64_C(0x9e3779b97f4a7c15);
            task->hash ^= task->hash >> 29;
            digits += (uint64_t)cf_csd_weight(value);
        }
        task->csd_adders += digits > 1 ? digits - 1 : 0;
    }
    if (!cf_adders_at_least(m, &task->at_least))
        return out_of_memory(w);
    task->leave = task->leave || task->csd_adders <= task->at_least;
    return true;
}

/* Turns the numbers of the cells' banks into tasks, each with its cells. */
static bool list_tasks(struct work *w, const uint32_t *bank_of, uint32_t banks)
{
    uint32_t cells = w->netlist->cell_count;
    w->tasks = calloc(banks + (size_t)1, sizeof *w->tasks);
    w->graphs = calloc(banks + (size_t)1, sizeof *w->graphs);
    w->report->graphs = calloc(banks + (size_t)1, sizeof *w->report->graphs);
    uint32_t *list = cf_arena_alloc(&w->netlist->arena, cells, sizeof *list);
    if (!w->tasks || !w->graphs || !w->report->graphs || !list)
        return out_of_memory(w);
    w->task_count = banks;
    for (uint32_t c = 0; c < cells; c++)
        if (bank_of[c] != UINT32_MAX)
            w->tasks[bank_of[c]].bank.cell_count++;
    for (uint32_t b = 0; b < banks; list += w->tasks[b++].bank.cell_count)
        w->tasks[b].bank.cells = list;
    uint32_t *next = calloc(banks + (size_t)1, sizeof *next);
    if (!next)
        return out_of_memory(w);
    for (uint32_t c = 0; c < cells; c++)
        if (bank_of[c] != UINT32_MAX) {
            struct cf_bank *bank = &w->tasks[bank_of[c]].bank;
            uint32_t *own = (uint32_t *)(uintptr_t)bank->cells; /* still being filled */
            own[next[bank_of[c]]++] = c;
        }
    free(next);
    bool done = true;
    for (uint32_t b = 0; done && b < banks; b++)
        done = fill_matrix(w, &w->tasks[b]);
    return done;
}

static bool same_matrix(const struct task *a, const struct task *b)
{
    const struct cf_matrix *x = &a->matrix, *y = &b->matrix;
    return a->hash == b->hash && x->rows == y->rows && x->columns == y->columns &&
           memcmp(x->at, y->at, (size_t)x->rows * x->columns * sizeof *x->at) == 0;
}

static void add_up(struct work *w)
{
    for (struct task *task = w->tasks; task < w->tasks + w->task_count; task++) {
        bool again = task->leave;
        for (const struct task *before = w->tasks; !again && before < task; before++)
            again = !before->leave && same_matrix(before, task);
        w->csd_adders += again ? 0 : task->csd_adders;
    }
}

static bool find_tasks(struct work *w)
{
    size_t cells = w->netlist->cell_count + (size_t)1;
    uint32_t *bank_of = malloc(cells * sizeof *bank_of), banks;
    uint64_t *places = malloc(cells * sizeof *places);
    bool done = (bank_of && places) || out_of_memory(w);
    done = done && cf_find_banks(w->netlist, bank_of, places, &banks, w->err) && list_tasks(w, bank_of, banks);
    if (done)
        add_up(w);
    free(bank_of);
    free(places);
    return done;
}

/* ---- graphs ---- */

/* Gives a bank the graph of an earlier one with the same matrix, where its operands do not make that too wide; tells by
 * `*reused`. */
static bool reuse(struct work *w, struct task *task, bool *reused)
{
    struct cf_error why;
    *reused = false;
    for (struct task *before = w->tasks; before < task && !*reused; before++) {
        if (before->leave || !same_matrix(before, task))
            continue;
        *reused = cf_graph_prove(w->netlist, &w->graphs[before->bank.graph], &task->bank, 0, &why);
        if (*reused)
            task->bank.graph = before->bank.graph;
        else if (cf_failed_for_memory(&why))
            return out_of_memory(w);
    }
    return true;
}

static bool same_cost(const struct cf_graph_cost *a, const struct cf_graph_cost *b)
{
    return a->adders == b->adders && a->full_adders == b->full_adders && a->depth == b->depth;
}

static bool optimise_task(struct work *w, struct task *task)
{
    struct cf_optimise_options options = *w->options;
    struct cf_optimised found;
    options.seconds *= (double)task->csd_adders / (double)w->csd_adders;
    struct cf_range *range = cf_operand_ranges(w->netlist, task->bank.cells, task->operands, task->matrix.columns);
    if (!range)
        return out_of_memory(w);
    bool done = cf_optimise_matrix(&found, &task->matrix, range, &options, w->err);
    free(range);
    w->report->too_deep = found.too_deep;
    if (!done)
        return false;
    w->report->interrupted = w->report->interrupted || found.interrupted;
    task->leave = found.graph.outputs == NULL || same_cost(&found.cost, &found.csd);
    if (task->leave) {
        cf_wire_free(&found.graph);
        return true;
    }
    task->bank.graph = w->graph_count;
    w->report->graphs[w->graph_count] = (struct cf_graph_report){.rows = task->matrix.rows,
                                                                 .columns = task->matrix.columns,
                                                                 .at_least = task->at_least,
                                                                 .csd = found.csd,
                                                                 .effort = found.effort};
    w->graphs[w->graph_count++] = found.graph;
    return true;
}

static const void *keep(struct cf_netlist *netlist, const void *data, size_t count, size_t size)
{
    void *copy = cf_arena_alloc(&netlist->arena, count, size);
    if (copy && count)
        memcpy(copy, data, count * size);
    return copy;
}

/* Copies graphs and banks into the netlist's arena, the banks in the order of their graphs. */
static bool install(struct work *w)
{
    struct cf_netlist *n = w->netlist;
    struct cf_implementation *impl = cf_arena_alloc(&n->arena, 1, sizeof *impl);
    n->implementation = NULL;
    if (w->graph_count == 0)
        return true;
    if (!impl)
        return out_of_memory(w);
    impl->graph_count = w->graph_count;
    impl->graphs = cf_arena_alloc(&n->arena, w->graph_count, sizeof *impl->graphs);
    impl->banks = cf_arena_alloc(&n->arena, w->task_count, sizeof *impl->banks);
    if (!impl->graphs || !impl->banks)
        return out_of_memory(w);
    for (uint32_t g = 0; g < w->graph_count; g++) {
        struct cf_graph *graph = &impl->graphs[g];
        *graph = w->graphs[g];
        graph->adders = keep(n, graph->adders, graph->adder_count, sizeof *graph->adders);
        graph->outputs = keep(n, graph->outputs, graph->output_count, sizeof *graph->outputs);
        if (!graph->adders || !graph->outputs)
            return out_of_memory(w);
        w->report->graphs[g].bank = impl->bank_count;
        for (uint32_t t = 0; t < w->task_count; t++)
            if (!w->tasks[t].leave && w->tasks[t].bank.graph == g)
                impl->banks[impl->bank_count++] = w->tasks[t].bank;
    }
    w->report->left = w->task_count - impl->bank_count;
    n->implementation = impl;
    return true;
}

static bool implement(struct work *w)
{
    if (!find_tasks(w))
        return false;
    for (uint32_t t = 0; t < w->task_count; t++) {
        bool reused = w->tasks[t].leave;
        if ((!reused && !reuse(w, &w->tasks[t], &reused)) || (!reused && !optimise_task(w, &w->tasks[t])))
            return false;
    }
    w->report->left = w->task_count;
    if (!install(w) || !cf_implementation_check(w->netlist, w->err)) {
        w->netlist->implementation = NULL;
        return false;
    }
    return true;
}

bool cf_implement(struct cf_netlist *netlist, const struct cf_optimise_options *options,
                  struct cf_implement_report *report, struct cf_error *err)
{
    struct work w = {.netlist = netlist, .options = options, .report = report, .err = err};
    *report = (struct cf_implement_report){0};
    bool done = implement(&w);
    for (uint32_t t = 0; t < w.task_count; t++) {
        free(w.tasks[t].operands);
        free(w.tasks[t].matrix.at);
    }
    for (uint32_t g = 0; g < w.graph_count; g++)
        cf_wire_free(&w.graphs[g]);
    free(w.tasks);
    free(w.graphs);
    if (!done) {
        free(report->graphs);
        report->graphs = NULL;
    }
    return done;
}
