/* aiger_read.c - reads AIGER files, and checks every byte before it uses it. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/file_kind.h"
#include "netlists/exchange/aiger.h"

struct reader {
    const uint8_t *data;
    size_t size, at;
    const char *label;
    bool ascii;
    uint32_t maximum, inputs, latches, outputs, ands;
    struct cf_network *network;
    struct cf_network_names *names;
    uint32_t *variable; /* [maximum + 1]: the variable's signal in the network, PENDING + its AND, LATCH or UNDEFINED */
    cf_lit (*rhs)[2];   /* [ands]: the two literals of the file that each AND reads */
    uint32_t *lhs;      /* [ands]: the variable of the file that each AND defines */
    struct cf_error *err;
};

enum { UNDEFINED = 0x7ffffffe, LATCH = 0x7ffffffd, PENDING = 0x40000000, MOST_TAIL = 1 << 24 };

static bool wrong(struct reader *r, const char *what)
{
    return cf_fail(r->err, "%s: byte %zu: %s", r->label, r->at, what);
}

static bool number(struct reader *r, uint32_t *value)
{
    uint64_t v = 0;
    size_t start = r->at;
    for (; r->at < r->size && r->data[r->at] >= '0' && r->data[r->at] <= '9'; r->at++) {
        v = 10 * v + (uint64_t)(r->data[r->at] - '0');
        if (v > UINT32_MAX)
            return wrong(r, "a number beyond 2^32");
    }
    if (r->at == start)
        return wrong(r, "a number is expected");
    if (r->data[start] == '0' && r->at - start > 1)
        return wrong(r, "a number with a leading zero");
    *value = (uint32_t)v;
    return true;
}

static bool symbol(struct reader *r, char c)
{
    if (r->at < r->size && r->data[r->at] == (uint8_t)c) {
        r->at++;
        return true;
    }
    return wrong(r, c == '\n' ? "the line should end here" : "a blank is expected");
}

static bool literal(struct reader *r, cf_lit *value)
{
    if (!number(r, value))
        return false;
    return *value / 2 <= r->maximum || wrong(r, "a literal above the maximum of the header");
}

/* The optional counts of bad-state, constraint, justice and fairness properties: a file may say that it has none. */
static bool read_properties(struct reader *r)
{
    for (int i = 0; i < 4 && r->at < r->size && r->data[r->at] == ' '; i++) {
        uint32_t count;
        if (!symbol(r, ' ') || !number(r, &count))
            return false;
        if (count > 0)
            return wrong(r, "bad-state, constraint, justice or fairness properties: only plain outputs are read");
    }
    return true;
}

static bool read_header(struct reader *r)
{
    uint32_t *const fields[5] = {&r->maximum, &r->inputs, &r->latches, &r->outputs, &r->ands};
    if (r->size < 4 || (memcmp(r->data, "aig ", 4) != 0 && memcmp(r->data, "aag ", 4) != 0))
        return cf_fail(r->err, "%s: byte 0: neither 'aig' nor 'aag': not an AIGER file%s", r->label,
                       cf_file_kind_remark(r->data, r->size, CF_KIND_AIGER));
    r->ascii = r->data[1] == 'a';
    r->at = 3;
    for (int i = 0; i < 5; i++)
        if (!symbol(r, ' ') || !number(r, fields[i]))
            return false;
    if (!read_properties(r) || !symbol(r, '\n'))
        return false;
    uint64_t defined = (uint64_t)r->inputs + r->latches + r->ands;
    if (r->maximum >= LATCH / 2 || defined > r->maximum || (!r->ascii && defined != r->maximum))
        return wrong(r, "the header's counts do not fit its maximum");
    /* Each of these takes at least two bytes (an input of the binary form: none). */
    uint64_t lines = (uint64_t)r->latches + r->outputs + r->ands + (r->ascii ? r->inputs : 0);
    if (lines > (r->size - r->at) / 2)
        return wrong(r, "the file is too short for the header's counts");
    /* Inputs take no bytes in the binary form, and an ASCII file may leave variables out: bound how much memory a short
     * file can ask for. */
    if (r->maximum > 64 * (uint64_t)r->size + 65536)
        return wrong(r, "a maximum far above what the file defines");
    return true;
}

static bool define(struct reader *r, cf_lit lit, uint32_t as)
{
    if (lit < 2 || (lit & 1))
        return wrong(r, "a constant or an inverted literal cannot be defined");
    if (r->variable[lit / 2] != UNDEFINED)
        return wrong(r, "a variable is defined twice");
    r->variable[lit / 2] = as;
    return true;
}

static bool read_inputs(struct reader *r)
{
    for (uint32_t i = 0; i < r->inputs; i++) {
        cf_lit lit = 2 * (i + 1);
        if (r->ascii && (!literal(r, &lit) || !symbol(r, '\n')))
            return false;
        if (!define(r, lit, 1 + i))
            return false;
    }
    for (uint32_t i = 0; i < r->latches; i++) {
        cf_lit lit = 2 * (r->inputs + i + 1), next;
        if (r->ascii && (!literal(r, &lit) || !symbol(r, ' ')))
            return false;
        if (!define(r, lit, LATCH) || !literal(r, &next))
            return false;
        if (r->at < r->size && r->data[r->at] == ' ' && (r->at++, !literal(r, &next)))
            return false;
        if (!symbol(r, '\n'))
            return false;
    }
    return true;
}

static bool delta(struct reader *r, uint32_t *value)
{
    uint64_t v = 0;
    for (uint32_t shift = 0; shift < 35; shift += 7) {
        if (r->at >= r->size)
            return wrong(r, "the file ends inside the AND nodes");
        uint8_t byte = r->data[r->at++];
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (v > UINT32_MAX)
            break;
        if (!(byte & 0x80)) {
            *value = (uint32_t)v;
            return (byte != 0 || shift == 0) || wrong(r, "a difference with needless bytes");
        }
    }
    return wrong(r, "a difference beyond 2^32");
}

static bool read_ands(struct reader *r)
{
    for (uint32_t i = 0; i < r->ands; i++) {
        cf_lit lhs = 2 * (r->inputs + r->latches + i + 1);
        if (r->ascii) {
            if (!literal(r, &lhs) || !symbol(r, ' ') || !literal(r, &r->rhs[i][0]) || !symbol(r, ' ') ||
                !literal(r, &r->rhs[i][1]) || !symbol(r, '\n'))
                return false;
        } else {
            uint32_t first, second;
            if (!delta(r, &first) || !delta(r, &second))
                return false;
            if (first == 0 || first > lhs || second > lhs - first)
                return wrong(r, "an AND node that does not read smaller literals");
            r->rhs[i][0] = lhs - first;
            r->rhs[i][1] = lhs - first - second;
        }
        if (!define(r, lhs, PENDING + i))
            return false;
        r->lhs[i] = lhs / 2;
    }
    return true;
}

/* The network's literal of a file's literal, once its variable has a place. */
static bool resolve(struct reader *r, cf_lit lit, cf_lit *out)
{
    uint32_t signal = lit < 2 ? 0 : r->variable[lit / 2];
    if (signal == UNDEFINED)
        return cf_fail(r->err, "%s: variable %u is read but not defined", r->label, lit / 2);
    if (signal == LATCH)
        return cf_fail(r->err, "%s: variable %u is a latch: only combinational networks are read", r->label, lit / 2);
    *out = cf_lit_of(signal, lit & 1);
    return true;
}

static bool is_pending(const struct reader *r, cf_lit lit)
{
    uint32_t signal = lit < 2 ? 0 : r->variable[lit / 2];
    return signal >= PENDING && signal < LATCH;
}

/* Places AND nodes after what they read. In the binary form that is the order of the file; in ASCII any order is
 * allowed, so the nodes are walked depth first, with a stack of our own. */
static bool place_ands(struct reader *r)
{
    uint32_t *stack = malloc(((size_t)r->ands + 1) * sizeof *stack);
    uint8_t *open = calloc((size_t)r->ands + 1, 1);
    bool done = (stack && open) || cf_fail(r->err, "%s: out of memory", r->label);
    for (uint32_t i = 0; done && i < r->ands; i++) {
        uint32_t depth = 0;
        if (is_pending(r, 2 * r->lhs[i]))
            stack[depth++] = i;
        while (done && depth > 0) {
            uint32_t n = stack[depth - 1], waits = UINT32_MAX;
            for (int k = 0; k < 2; k++)
                if (is_pending(r, r->rhs[n][k]))
                    waits = r->variable[r->rhs[n][k] / 2] - PENDING;
            if (waits != UINT32_MAX) {
                if (waits == n || open[waits])
                    done = cf_fail(r->err, "%s: variable %u depends on itself", r->label, r->lhs[waits]);
                open[n] = 1;
                stack[depth++] = waits;
                continue;
            }
            cf_lit a = 0, b = 0;
            done = resolve(r, r->rhs[n][0], &a) && resolve(r, r->rhs[n][1], &b) &&
                   (cf_network_push(r->network, a, b, CF_LIT_FALSE) || cf_fail(r->err, "%s: out of memory", r->label));
            if (done)
                r->variable[r->lhs[n]] = cf_network_carry(r->network, r->network->node_count - 1) / 2;
            open[n] = 0;
            depth--;
        }
    }
    free(stack);
    free(open);
    return done;
}

/* Where a symbol belongs in the order of the format: inputs, latches, outputs, each by number. */
struct symbol_place {
    int kind; /* 0 input, 1 latch, 2 output; -1 before the first */
    uint32_t index;
};

static bool comes_before(struct symbol_place a, struct symbol_place b)
{
    return a.kind < b.kind || (a.kind == b.kind && a.index < b.index);
}

static bool read_symbol(struct reader *r, struct symbol_place *place)
{
    char kind = (char)r->data[r->at++];
    uint32_t index, count = kind == 'i' ? r->inputs : kind == 'l' ? r->latches : r->outputs;
    if ((kind != 'i' && kind != 'l' && kind != 'o') || !number(r, &index) || !symbol(r, ' '))
        return wrong(r, "neither a symbol ('i0 name') nor the comment ('c')");
    if (index >= count)
        return wrong(r, "a symbol for an input, latch or output that does not exist");
    *place = (struct symbol_place){kind == 'i' ? 0 : kind == 'l' ? 1 : 2, index};
    const uint8_t *end = memchr(r->data + r->at, '\n', r->size - r->at);
    if (!end)
        return wrong(r, "a symbol without an end of line");
    size_t length = (size_t)(end - r->data) - r->at;
    const char *text = (const char *)r->data + r->at;
    if (!cf_network_name_valid(text, length))
        return wrong(r, "a name that is not 1 to 200 printable ASCII characters");
    const char **slot = kind == 'i' ? &r->names->inputs[index] : kind == 'o' ? &r->names->outputs[index] : NULL;
    if (slot && *slot)
        return wrong(r, "a second name for the same input or output");
    if (slot) {
        char *copy = cf_arena_alloc(&r->names->arena, length + 1, 1);
        if (!copy)
            return wrong(r, "out of memory");
        memcpy(copy, text, length);
        *slot = copy;
    }
    r->at += length + 1;
    return true;
}

/* Keeps the bytes from `start` on, which the writer would not make by itself: Yosys orders symbols by their text, and
 * ABC has binary data in its comments. */
static bool keep_tail(struct reader *r, size_t start)
{
    size_t size = r->size - start;
    if (size > MOST_TAIL || r->latches)
        return true;
    char *copy = cf_arena_alloc(&r->names->arena, size, 1);
    if (!copy)
        return wrong(r, "out of memory");
    memcpy(copy, r->data + start, size);
    r->names->tail = copy;
    r->names->tail_size = size;
    return true;
}

static bool read_symbols(struct reader *r)
{
    size_t start = r->at;
    struct symbol_place last = {-1, 0};
    bool in_order = true;
    while (r->at < r->size) {
        /* A comment, to the end of the file. ABC's &w puts its own binary data right behind the 'c'; with a digit it
         * would be the symbol of a constraint. */
        if (r->data[r->at] == 'c' && (r->at + 1 == r->size || r->data[r->at + 1] < '0' || r->data[r->at + 1] > '9'))
            return keep_tail(r, start);
        struct symbol_place place = last;
        if (!read_symbol(r, &place))
            return false;
        in_order = in_order && comes_before(last, place);
        last = place;
    }
    return in_order || keep_tail(r, start);
}

static bool read_all(struct reader *r)
{
    if (!read_header(r))
        return false;
    r->network->input_count = r->inputs;
    r->network->output_count = r->outputs;
    r->variable = malloc(((size_t)r->maximum + 1) * sizeof *r->variable);
    r->rhs = calloc((size_t)r->ands + 1, sizeof *r->rhs);
    r->lhs = calloc((size_t)r->ands + 1, sizeof *r->lhs);
    r->network->outputs = calloc((size_t)r->outputs + 1, sizeof *r->network->outputs);
    if (!r->variable || !r->rhs || !r->lhs || !r->network->outputs)
        return cf_fail(r->err, "%s: out of memory", r->label);
    for (uint32_t v = 0; v <= r->maximum; v++)
        r->variable[v] = UNDEFINED;
    if (!read_inputs(r))
        return false;
    for (uint32_t i = 0; i < r->outputs; i++)
        if (!literal(r, &r->network->outputs[i]) || !symbol(r, '\n'))
            return false;
    if (!read_ands(r) || !cf_network_names_new(r->names, r->network, "aiger", r->err) || !read_symbols(r) ||
        !place_ands(r))
        return false;
    for (uint32_t i = 0; i < r->outputs; i++)
        if (!resolve(r, r->network->outputs[i], &r->network->outputs[i]))
            return false;
    return true;
}

bool cf_aiger_parse(struct cf_network *network, struct cf_network_names *names, const void *data, size_t size,
                    const char *label, struct cf_error *err)
{
    *network = (struct cf_network){0};
    *names = (struct cf_network_names){0};
    struct reader r = {.data = data, .size = size, .label = label, .network = network, .names = names, .err = err};
    bool done = read_all(&r);
    free(r.variable);
    free(r.rhs);
    free(r.lhs);
    if (!done) {
        cf_network_free(network);
        cf_network_names_free(names);
    }
    return done;
}

bool cf_aiger_read(struct cf_network *network, struct cf_network_names *names, const char *path, struct cf_error *err)
{
    struct cf_map map;
    if (!cf_map_open(&map, path, err))
        return false;
    bool done = cf_aiger_parse(network, names, map.data, map.size, path, err);
    cf_map_close(&map);
    return done;
}
