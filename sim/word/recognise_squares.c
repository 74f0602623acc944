/* recognise_squares.c - finds the groups whose gates each add the squares of a run of nets, and a few nets more: the
 * variances of rows, of which roots are taken.
 */
#include "sim/word/passes.h"

struct square_search {
    const struct cf_plan *plan;
    const struct cf_group *group;
    const struct cf_cell *cell; /* of all gates */
    struct cf_square_form *form;
    uint32_t *base;                /* [rows] */
    uint32_t *net[CF_MAX_EXTRAS];  /* [rows] */
    uint32_t run_port, run_offset; /* of the first net of the run */
    uint32_t port[CF_MAX_EXTRAS], offset[CF_MAX_EXTRAS];
};

/* weight << shift, modulo 2^64. */
static int64_t factor_of(const struct cf_term *term)
{
    return (int64_t)((uint64_t)(int64_t)term->weight << term->shift);
}

static bool same_cells(const struct cf_group *group)
{
    for (uint32_t i = 1; i < group->count; i++)
        if (group->cell[i] != group->cell[0])
            return false;
    return true;
}

/* Reads the terms [first, end), all of one port: the run of squares, of which there is one, or an extra. False where
 * they are neither. */
static bool read_terms(struct square_search *s, uint32_t first, uint32_t end, bool squares)
{
    const struct cf_term *term = &s->cell->terms[first];
    struct cf_square_form *form = s->form;
    if (end - first > 1) {
        if (!squares || form->inputs)
            return false;
        form->inputs = end - first;
        form->factor = factor_of(term);
        s->run_port = term->port;
        s->run_offset = term->offset;
        return true;
    }
    if (form->extra_count == CF_MAX_EXTRAS)
        return false;
    s->port[form->extra_count] = term->port;
    s->offset[form->extra_count] = term->offset;
    form->extras[form->extra_count] = (struct cf_square_extra){.factor = factor_of(term), .square = term->square};
    form->extra_count++;
    return true;
}

static bool read_cell(struct square_search *s)
{
    const struct cf_term_run *run = s->plan->runs[s->group->cell[0]];
    for (uint32_t first = 0; first < s->cell->term_count; first = run->end, run++)
        if (!read_terms(s, first, run->end, run->squares))
            return false;
    return s->form->inputs > 0;
}

/* The group of nets [first, first + count), if it is that of the rows before this one, or there were none: `row` is 0.
 */
static bool in_source(const struct square_search *s, uint32_t row, uint64_t first, uint32_t count, uint32_t *source)
{
    uint32_t found = cf_group_of_run(s->plan->netlist, first, count);
    if (row == 0)
        *source = found;
    return found != CF_NONE && found == *source;
}

/* Finds the nets that each gate reads; false where two gates read other groups, or values are not of 16 bits. */
static bool place_rows(struct square_search *s)
{
    struct cf_square_form *form = s->form;
    for (uint32_t row = 0; row < s->group->count; row++) {
        const uint32_t *bases = cf_instance_bases(s->group, row);
        uint64_t first = (uint64_t)bases[s->run_port] + s->run_offset;
        if (!in_source(s, row, first, form->inputs, &form->source))
            return false;
        s->base[row] = (uint32_t)first;
        for (uint32_t e = 0; e < form->extra_count; e++) {
            uint64_t net = (uint64_t)bases[s->port[e]] + s->offset[e];
            if (!in_source(s, row, net, 1, &form->extras[e].source))
                return false;
            s->net[e][row] = (uint32_t)net;
        }
    }
    return s->plan->layouts[form->source].storage == CF_STORE16;
}

static bool alloc_rows(struct square_search *s, struct cf_arena *arena)
{
    s->form->base = s->base = cf_arena_alloc(arena, s->group->count, sizeof *s->base);
    bool done = s->base != NULL;
    for (uint32_t e = 0; done && e < s->form->extra_count; e++) {
        s->form->extras[e].net = s->net[e] = cf_arena_alloc(arena, s->group->count, sizeof *s->net[e]);
        done = s->net[e] != NULL;
    }
    return done;
}

static bool find_form(const struct cf_plan *plan, uint32_t index, struct cf_arena *arena,
                      const struct cf_square_form **found)
{
    const struct cf_layout *layout = &plan->layouts[index];
    if (layout->kind != CF_LAYOUT_GENERAL || layout->lanes != 1 || !same_cells(&plan->netlist->groups[index]))
        return true;
    struct square_search s = {.plan = plan, .group = &plan->netlist->groups[index]};
    s.cell = &plan->netlist->cells[s.group->cell[0]];
    s.form = cf_arena_alloc(arena, 1, sizeof *s.form);
    if (!s.form)
        return false;
    if (!read_cell(&s))
        return true;
    s.form->cell = s.cell;
    if (!alloc_rows(&s, arena))
        return false;
    if (place_rows(&s))
        *found = s.form;
    return true;
}

bool cf_find_squares(const struct cf_plan *plan, struct cf_arena *arena, const struct cf_square_form *const **forms)
{
    uint32_t count = plan->netlist->group_count;
    const struct cf_square_form **found = cf_arena_alloc(arena, count, sizeof *found);
    *forms = found;
    bool done = found != NULL;
    for (uint32_t g = 0; done && g < count; g++)
        done = find_form(plan, g, arena, &found[g]);
    return done;
}
