/* imported.c - keeps notes about an imported file in the metadata, and gives the network of such a netlist as it was
 * in the file.
 */
#include "compiler/lowering/imported.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char from_key[] = "import.from", inputs_key[] = "import.inputs", outputs_key[] = "import.outputs",
                  levels_key[] = "import.levels", tail_key[] = "import.tail";

static bool note_lines(struct cf_netlist *netlist, const char *key, const char *const *names, uint32_t count,
                       struct cf_error *err)
{
    size_t size = 1, used = 0;
    for (uint32_t i = 0; i < count; i++)
        size += (names && names[i] ? strlen(names[i]) : 0) + 1;
    char *text = malloc(size);
    if (!text)
        return cf_fail(err, "%s: out of memory", netlist->label);
    for (uint32_t i = 0; i < count; i++) {
        size_t length = names && names[i] ? strlen(names[i]) : 0;
        if (length)
            memcpy(text + used, names[i], length);
        used += length;
        text[used++] = '\n';
    }
    text[used] = '\0';
    bool done = cf_netlist_set_meta(netlist, key, text, err);
    free(text);
    return done;
}

bool cf_imported_note_names(struct cf_netlist *netlist, const struct cf_network_names *names, uint32_t input_count,
                            uint32_t output_count, struct cf_error *err)
{
    return note_lines(netlist, inputs_key, names->inputs, input_count, err) &&
           note_lines(netlist, outputs_key, names->outputs, output_count, err);
}

static bool note_levels(struct cf_netlist *netlist, const uint32_t *levels, uint32_t count, struct cf_error *err)
{
    enum { LONGEST = 11 };
    bool sorted = true;
    for (uint32_t i = 1; i < count; i++)
        sorted &= levels[i] >= levels[i - 1];
    if (sorted)
        return true;
    char *text = malloc((size_t)count * LONGEST + 1), *at = text;
    if (!text)
        return cf_fail(err, "%s: out of memory", netlist->label);
    for (uint32_t i = 0; i < count; i++)
        at += snprintf(at, LONGEST + 1, i ? " %u" : "%u", levels[i]);
    bool done = cf_netlist_set_meta(netlist, levels_key, text, err);
    free(text);
    return done;
}

static bool note_tail(struct cf_netlist *netlist, const char *tail, size_t size, struct cf_error *err)
{
    char *text = malloc(3 * size + 1), *at = text;
    if (!text)
        return cf_fail(err, "%s: out of memory", netlist->label);
    *text = '\0';
    for (size_t i = 0; i < size; i++) {
        bool plain = tail[i] >= ' ' && tail[i] <= '~' && tail[i] != '%';
        at += snprintf(at, 4, plain ? "%c" : "%%%02x", (unsigned char)tail[i]);
    }
    bool done = cf_netlist_set_meta(netlist, tail_key, text, err);
    free(text);
    return done;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads back the tail that note_tail wrote; if there is none, the names stay without a tail. */
static bool restore_tail(struct cf_network_names *names, const char *text)
{
    char *tail = cf_arena_alloc(&names->arena, strlen(text) + 1, 1);
    size_t size = 0;
    if (!tail)
        return false;
    for (; *text; text++) {
        int high = *text == '%' ? hex_digit(text[1]) : 0, low = *text == '%' && high >= 0 ? hex_digit(text[2]) : 0;
        if (high < 0 || low < 0)
            return true;
        tail[size++] = *text == '%' ? (char)(16 * high + low) : *text;
        text += *text == '%' ? 2 : 0;
    }
    names->tail = size && strchr("ioc", tail[0]) ? tail : NULL;
    names->tail_size = size;
    return true;
}

bool cf_imported_note_file(struct cf_netlist *netlist, const struct cf_network_names *names, const uint32_t *levels,
                           uint32_t count, struct cf_error *err)
{
    return cf_netlist_set_meta(netlist, from_key, names->model, err) &&
           (!names->tail || note_tail(netlist, names->tail, names->tail_size, err)) &&
           (!levels || note_levels(netlist, levels, count, err));
}

bool cf_imported_without_inputs(const struct cf_netlist *netlist)
{
    const char *inputs = cf_netlist_meta(netlist, inputs_key);
    return inputs && inputs[0] == '\0';
}

static void restore(struct cf_network_names *names, const char **slots, uint32_t count, const char *text)
{
    char *copy = text ? cf_arena_strdup(&names->arena, text) : NULL;
    for (uint32_t i = 0; copy && i < count; i++) {
        char *end = strchr(copy, '\n');
        if (!end)
            return;
        *end = '\0';
        slots[i] = cf_network_name_valid(copy, strlen(copy)) ? copy : NULL;
        copy = end + 1;
    }
}

void cf_imported_names(struct cf_network_names *names, const struct cf_network *network,
                       const struct cf_netlist *netlist)
{
    restore(names, names->inputs, network->input_count, cf_netlist_meta(netlist, inputs_key));
    restore(names, names->outputs, network->output_count, cf_netlist_meta(netlist, outputs_key));
}

enum { NOT_YET = 0xffffffff };

struct restoring {
    const struct cf_netlist *netlist;
    struct cf_network *network;
    cf_lit *literal; /* by net; NOT_YET before its AND is made */
    uint32_t *next;  /* by group: the gate that comes next */
};

/* Sets the literal that a term reads; returns false if the term does not read a literal. */
static bool read_term(const struct restoring *r, const struct cf_group *group, uint32_t index, uint32_t t, cf_lit *out)
{
    const struct cf_term *term = &r->netlist->cells[group->cell[index]].terms[t];
    cf_lit literal = r->literal[cf_instance_bases(group, index)[term->port] + term->offset];
    *out = literal ^ (term->weight < 0);
    return literal != NOT_YET && term->shift == 0 && !term->square && (term->weight == 1 || term->weight == -1);
}

/* Makes the AND of a gate H(a + b - 2). If the gate has fewer than two terms, the missing operands are constants, whose
 * values follow from the bias. */
static bool make_and(struct restoring *r, const struct cf_group *group, uint32_t index)
{
    const struct cf_cell *cell = &r->netlist->cells[group->cell[index]];
    cf_lit in[2] = {CF_LIT_FALSE, CF_LIT_FALSE};
    int64_t ones = cell->bias + 2;
    if (cell->activation != CF_STEP || cell->term_count > 2)
        return false;
    for (uint32_t t = 0; t < cell->term_count; t++) {
        if (!read_term(r, group, index, t, &in[t]))
            return false;
        ones -= cell->terms[t].weight < 0;
    }
    if (ones < 0 || ones > 2 - (int64_t)cell->term_count)
        return false;
    for (uint32_t t = cell->term_count; ones > 0; ones--)
        in[t++] = CF_LIT_TRUE;
    if (!cf_network_push(r->network, in[0], in[1], CF_LIT_FALSE))
        return false;
    r->literal[group->first_net + index] = cf_network_carry(r->network, r->network->node_count - 1);
    return true;
}

/* Restores the next gate of level `level`. */
static bool make_next(struct restoring *r, uint32_t level)
{
    const struct cf_netlist *n = r->netlist;
    if (level < 1 || level > n->group_count - 2 || r->next[level] == n->groups[level].count)
        return false;
    return make_and(r, &n->groups[level], r->next[level]++);
}

static bool make_ands(struct restoring *r)
{
    const struct cf_netlist *n = r->netlist;
    const char *levels = cf_netlist_meta(n, levels_key);
    if (levels) {
        while (*levels) {
            char *end;
            unsigned long level = strtoul(levels, &end, 10);
            if (end == levels || level > UINT32_MAX || !make_next(r, (uint32_t)level))
                return false;
            levels = end;
        }
    } else {
        for (uint32_t g = 1; g + 1 < n->group_count; g++)
            for (uint32_t i = 0; i < n->groups[g].count; i++)
                if (!make_next(r, g))
                    return false;
    }
    for (uint32_t g = 1; g + 1 < n->group_count; g++)
        if (r->next[g] != n->groups[g].count)
            return false;
    return true;
}

/* An output is H(x - 1) = x, H(-x) = ~x, H(0) = 1 or H(-1) = 0. */
static bool make_outputs(struct restoring *r)
{
    const struct cf_group *group = &r->netlist->groups[r->netlist->group_count - 1];
    for (uint32_t i = 0; i < group->count; i++) {
        const struct cf_cell *cell = &r->netlist->cells[group->cell[i]];
        cf_lit *out = &r->network->outputs[i];
        if (cell->activation != CF_STEP || cell->term_count > 1)
            return false;
        *out = cell->bias == 0;
        if (cell->term_count == 1 && (!read_term(r, group, i, 0, out) || cell->bias != (int64_t)(*out & 1) - 1))
            return false;
        if (cell->term_count == 0 && cell->bias != 0 && cell->bias != -1)
            return false;
    }
    return true;
}

/* Checks everything about the netlist that can be checked without visiting its gates. */
static bool has_the_form(const struct cf_netlist *n)
{
    const char *from = cf_netlist_meta(n, from_key);
    const struct cf_group *input = &n->groups[CF_INPUT];
    if (!from || strcmp(from, "aiger") != 0 || n->group_count < 2 || input->type.width != 1 || input->type.is_signed)
        return false;
    for (uint32_t g = 1; g < n->group_count; g++)
        if (n->groups[g].output != (g + 1 == n->group_count))
            return false;
    return !cf_imported_without_inputs(n) || input->count == 1;
}

static bool make_all(struct restoring *r)
{
    const struct cf_netlist *n = r->netlist;
    r->network->input_count = cf_imported_without_inputs(n) ? 0 : n->groups[CF_INPUT].count;
    r->network->output_count = n->groups[n->group_count - 1].count;
    r->network->outputs = calloc(r->network->output_count, sizeof *r->network->outputs);
    r->literal = malloc(n->net_count * sizeof *r->literal);
    r->next = calloc(n->group_count, sizeof *r->next);
    if (!r->network->outputs || !r->literal || !r->next)
        return false;
    memset(r->literal, 0xff, n->net_count * sizeof *r->literal);
    for (uint32_t i = 0; i < r->network->input_count; i++)
        r->literal[i] = cf_network_input(i);
    return make_ands(r) && make_outputs(r);
}

bool cf_imported_aiger(struct cf_network *network, struct cf_network_names *names, const struct cf_netlist *netlist,
                       bool *same, struct cf_error *err)
{
    *network = (struct cf_network){0};
    *names = (struct cf_network_names){0};
    struct restoring r = {.netlist = netlist, .network = network};
    *same = has_the_form(netlist) && make_all(&r);
    free(r.literal);
    free(r.next);
    if (!*same) {
        cf_network_free(network);
        return true;
    }
    const char *tail = cf_netlist_meta(netlist, tail_key);
    bool done = cf_network_names_new(names, network, "circuit", err);
    if (done) {
        cf_imported_names(names, network, netlist);
        done = !tail || restore_tail(names, tail) || cf_fail(err, "%s: out of memory", netlist->label);
    }
    if (!done) {
        cf_network_names_free(names);
        cf_network_free(network);
    }
    return done;
}
