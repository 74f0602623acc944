/* yosys_json_read.c - reading the JSON netlists of Yosys. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/file_kind.h"
#include "base/json_keys.h"
#include "base/json_strict.h"
#include "netlists/exchange/yosys_json.h"

enum { MAX_NETS = 1 << 28, LEAST_NETS = 1 << 16, MAX_DEPTH = 16, MAX_ARRAY = 1 << 24, MAX_VALUES = 1 << 26 };

/* A gate; the net that its Y drives points back to it. */
struct gate {
    const char *name;
    uint64_t in[4]; /* by the order of its kind's pins: nets; 0 and 1 are the constants */
    int kind;
};

static const struct kind {
    const char *type, *pins;
} kinds[] = {
    {"$_BUF_", "A"},     {"$_NOT_", "A"},    {"$_AND_", "AB"},    {"$_NAND_", "AB"},
    {"$_OR_", "AB"},     {"$_NOR_", "AB"},   {"$_XOR_", "AB"},    {"$_XNOR_", "AB"},
    {"$_ANDNOT_", "AB"}, {"$_ORNOT_", "AB"}, {"$_MUX_", "ABS"},   {"$_NMUX_", "ABS"},
    {"$_AOI3_", "ABC"},  {"$_OAI3_", "ABC"}, {"$_AOI4_", "ABCD"}, {"$_OAI4_", "ABCD"},
};
enum { BUF, NOT, AND, NAND, OR, NOR, XOR, XNOR, ANDNOT, ORNOT, MUX, NMUX, AOI3, OAI3, AOI4, OAI4, KINDS };

#define NOBODY UINT32_MAX
#define NO_LITERAL UINT32_MAX

struct reader {
    const char *label;
    struct cf_network *network;
    struct cf_network_names *names;
    struct gate *gates;
    uint32_t gate_count;
    uint32_t *driver; /* by net: the gate, or NOBODY */
    cf_lit *literal;  /* by net, or NO_LITERAL */
    uint64_t nets;
    uint64_t net_limit; /* numbers far beyond what a file of this size can use are refused: tables go by number */
    struct cf_error *err;
};

static bool out_of_memory(struct reader *r)
{
    return cf_fail(r->err, "%s: out of memory", r->label);
}

/* A bit of a port or pin: a net from 2 on, or the constant "0" or "1". */
static bool net_of(struct reader *r, const cJSON *bit, const char *where, uint64_t *net)
{
    if (cJSON_IsNumber(bit) && bit->valuedouble >= 2 && bit->valuedouble < (double)r->net_limit &&
        bit->valuedouble == floor(bit->valuedouble)) {
        *net = (uint64_t)bit->valuedouble;
        return true;
    }
    if (cJSON_IsString(bit) && (strcmp(bit->valuestring, "0") == 0 || strcmp(bit->valuestring, "1") == 0)) {
        *net = (uint64_t)(bit->valuestring[0] - '0');
        return true;
    }
    if (cJSON_IsString(bit) && (strcmp(bit->valuestring, "x") == 0 || strcmp(bit->valuestring, "z") == 0))
        return cf_fail(r->err, "%s: '%s': a bit is \"%s\", not known (in Yosys: setundef -zero)", r->label, where,
                       bit->valuestring);
    return cf_fail(r->err, "%s: '%s': a bit is neither a net of a sensible number (from 2 on) nor \"0\" or \"1\"",
                   r->label, where);
}

static const cJSON *top_module(struct reader *r, const cJSON *root)
{
    const cJSON *modules = cJSON_GetObjectItemCaseSensitive(root, "modules"), *module, *found = NULL;
    if (!cJSON_IsObject(modules) || !modules->child) {
        cf_fail(r->err, "%s: there is no module", r->label);
        return NULL;
    }
    if (!modules->child->next)
        return modules->child;
    cJSON_ArrayForEach(module, modules)
    {
        const cJSON *top =
            cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(module, "attributes"), "top");
        bool set =
            cJSON_IsString(top) ? strchr(top->valuestring, '1') != NULL : cJSON_IsNumber(top) && top->valuedouble != 0;
        if (set && found) {
            cf_fail(r->err, "%s: two modules have the attribute 'top'", r->label);
            return NULL;
        }
        found = set ? module : found;
    }
    if (!found)
        cf_fail(r->err, "%s: there are several modules, and none has the attribute 'top'", r->label);
    return found;
}

/* A cell that is connected to nothing, such as Yosys's $scopeinfo, has no part in the function. */
static bool is_inert(const cJSON *cell)
{
    const cJSON *connections = cJSON_GetObjectItemCaseSensitive(cell, "connections"), *pin;
    cJSON_ArrayForEach(pin, connections)
    {
        if (!cJSON_IsArray(pin) || pin->child)
            return false;
    }
    return cJSON_IsObject(connections) && cJSON_IsString(cJSON_GetObjectItemCaseSensitive(cell, "type"));
}

static bool find_kind(struct reader *r, const cJSON *cell, int *kind)
{
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(cell, "type");
    if (!cJSON_IsString(type))
        return cf_fail(r->err, "%s: cell '%s' has no type", r->label, cell->string);
    for (*kind = 0; *kind < KINDS; ++*kind)
        if (strcmp(kinds[*kind].type, type->valuestring) == 0)
            return true;
    return cf_fail(r->err,
                   "%s: cell '%s' is a %s: only one-bit combinational gates are read (in Yosys: synth -flatten; "
                   "abc -g simple)",
                   r->label, cell->string, type->valuestring);
}

static bool read_pin(struct reader *r, const cJSON *cell, char pin, uint64_t *net)
{
    const char name[2] = {pin, 0};
    const cJSON *bits = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(cell, "connections"), name);
    if (!cJSON_IsArray(bits) || cJSON_GetArraySize(bits) != 1)
        return cf_fail(r->err, "%s: cell '%s': pin %c is not one bit", r->label, cell->string, pin);
    return net_of(r, bits->child, cell->string, net);
}

/* The largest net that appears anywhere, so that tables by net can be made. */
static bool count_nets(struct reader *r, const cJSON *module)
{
    const cJSON *item, *bit;
    r->nets = 2;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(module, "ports"))
    {
        cJSON_ArrayForEach(bit, cJSON_GetObjectItemCaseSensitive(item, "bits"))
        {
            uint64_t net;
            if (!net_of(r, bit, item->string, &net))
                return false;
            r->nets = net >= r->nets ? net + 1 : r->nets;
        }
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(module, "cells"))
    {
        int kind;
        if (is_inert(item))
            continue;
        if (!find_kind(r, item, &kind))
            return false;
        r->gate_count++;
        const char *pins = kinds[kind].pins;
        for (size_t i = 0; i <= strlen(pins); i++) {
            uint64_t net;
            if (!read_pin(r, item, pins[i] ? pins[i] : 'Y', &net))
                return false;
            r->nets = net >= r->nets ? net + 1 : r->nets;
        }
    }
    return true;
}

static bool read_gate(struct reader *r, const cJSON *cell, uint32_t index)
{
    struct gate *gate = &r->gates[index];
    gate->name = cell->string;
    if (!find_kind(r, cell, &gate->kind))
        return false;
    const char *pins = kinds[gate->kind].pins;
    for (int i = 0; pins[i]; i++)
        if (!read_pin(r, cell, pins[i], &gate->in[i]))
            return false;
    uint64_t out;
    if (!read_pin(r, cell, 'Y', &out))
        return false;
    if (out < 2 || r->driver[out] != NOBODY || r->literal[out] != NO_LITERAL)
        return cf_fail(r->err, "%s: cell '%s': its output is driven by something else too", r->label, cell->string);
    r->driver[out] = index;
    return true;
}

static bool is_input(const cJSON *port, bool *known)
{
    const cJSON *direction = cJSON_GetObjectItemCaseSensitive(port, "direction");
    bool input = cJSON_IsString(direction) && strcmp(direction->valuestring, "input") == 0;
    *known = input || (cJSON_IsString(direction) && strcmp(direction->valuestring, "output") == 0);
    return input;
}

/* Counts the bits of the ports of one direction, and checks all directions. */
static bool count_ports(struct reader *r, const cJSON *ports, bool inputs, uint32_t *count)
{
    const cJSON *port;
    *count = 0;
    cJSON_ArrayForEach(port, ports)
    {
        bool known, input = is_input(port, &known);
        const cJSON *bits = cJSON_GetObjectItemCaseSensitive(port, "bits");
        if (!known || !cJSON_IsArray(bits))
            return cf_fail(r->err, "%s: port '%s' is neither an input nor an output with bits", r->label, port->string);
        if (input == inputs)
            *count += (uint32_t)cJSON_GetArraySize(bits);
    }
    return true;
}

/* How Verilog numbers the bits of a port: from `offset` on, downwards where it is "upto", like [0:3]. */
struct range {
    uint32_t count;
    int32_t offset; /* may be negative: input [1:-2] b */
    bool upto;
};

static bool range_of(struct reader *r, const cJSON *port, struct range *range)
{
    const cJSON *upto = cJSON_GetObjectItemCaseSensitive(port, "upto");
    const cJSON *offset = cJSON_GetObjectItemCaseSensitive(port, "offset");
    if (offset && (!cJSON_IsNumber(offset) || offset->valuedouble > INT32_MAX || offset->valuedouble < INT32_MIN ||
                   offset->valuedouble != floor(offset->valuedouble)))
        return cf_fail(r->err, "%s: port '%s': its offset is not an integer of 32 bits", r->label, port->string);
    range->count = (uint32_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(port, "bits"));
    range->offset = offset ? (int32_t)offset->valuedouble : 0;
    range->upto = cJSON_IsNumber(upto) && upto->valuedouble != 0;
    return true;
}

static const char *bit_name(struct reader *r, const char *port, const struct range *range, uint32_t bit)
{
    char name[256];
    int64_t index = (int64_t)range->offset + (range->upto ? range->count - 1 - bit : bit);
    int length = range->count == 1 ? snprintf(name, sizeof name, "%s", port)
                                   : snprintf(name, sizeof name, "%s[%" PRId64 "]", port, index);
    if (length < 0 || !cf_network_name_valid(name, (size_t)length)) {
        cf_fail(r->err, "%s: port '%.40s': a name that is not 1 to 200 printable ASCII characters", r->label, port);
        return NULL;
    }
    const char *copy = cf_arena_strdup(&r->names->arena, name);
    if (!copy)
        out_of_memory(r);
    return copy;
}

static bool read_inputs(struct reader *r, const cJSON *ports)
{
    const cJSON *port, *bit;
    uint32_t next = 0;
    cJSON_ArrayForEach(port, ports)
    {
        bool known;
        uint32_t k = 0;
        const cJSON *bits = cJSON_GetObjectItemCaseSensitive(port, "bits");
        struct range range;
        if (!is_input(port, &known))
            continue;
        if (!range_of(r, port, &range))
            return false;
        cJSON_ArrayForEach(bit, bits)
        {
            uint64_t net;
            if (!net_of(r, bit, port->string, &net))
                return false;
            if (net < 2 || r->literal[net] != NO_LITERAL)
                return cf_fail(r->err, "%s: input '%s': a bit is a constant, or an input twice", r->label,
                               port->string);
            r->literal[net] = cf_network_input(next);
            r->names->inputs[next] = bit_name(r, port->string, &range, k);
            if (!r->names->inputs[next++])
                return false;
            k++;
        }
    }
    return true;
}

static bool and_of(struct reader *r, cf_lit a, cf_lit b, cf_lit *out)
{
    cf_lit sum;
    return cf_network_add(r->network, a, b, CF_LIT_FALSE, &sum, out) || out_of_memory(r);
}

/* Gates of two pins: AND, with inverted pins and output, or XOR. */
static bool make_two(struct reader *r, int kind, cf_lit a, cf_lit b, cf_lit *out)
{
    bool or_like = kind == OR || kind == NOR || kind == ORNOT;
    bool b_inverted = kind == ANDNOT || kind == ORNOT;
    bool inverted = kind == NAND || kind == OR || kind == ORNOT || kind == XNOR;
    cf_lit carry;
    bool done = kind == XOR || kind == XNOR
                    ? cf_network_add(r->network, a, b, CF_LIT_FALSE, out, &carry) || out_of_memory(r)
                    : and_of(r, a ^ or_like, b ^ (or_like != b_inverted), out);
    *out ^= inverted;
    return done;
}

/* ~(x | y) of two ANDs, or ~(x & y) of two ORs, which is the same with all literals inverted; and multiplexers. */
static bool make_complex(struct reader *r, int kind, const cf_lit *in, cf_lit *out)
{
    bool mux = kind == MUX || kind == NMUX, ors = kind == OAI3 || kind == OAI4;
    cf_lit x, y;
    bool done =
        mux ? and_of(r, in[0], in[2] ^ 1, &x) && and_of(r, in[1], in[2], &y) : and_of(r, in[0] ^ ors, in[1] ^ ors, &x);
    if (done && (kind == AOI4 || kind == OAI4))
        done = and_of(r, in[2] ^ ors, in[3] ^ ors, &y);
    else if (!mux)
        y = in[2] ^ ors;
    done = done && and_of(r, x ^ 1, y ^ 1, out);
    *out ^= ors || kind == MUX;
    return done;
}

static bool make_gate(struct reader *r, const struct gate *gate, cf_lit *out)
{
    cf_lit in[4];
    for (int i = 0; i < 4; i++)
        in[i] = r->literal[gate->in[i]];
    if (gate->kind <= NOT) {
        *out = in[0] ^ (gate->kind == NOT);
        return true;
    }
    return gate->kind < MUX ? make_two(r, gate->kind, in[0], in[1], out) : make_complex(r, gate->kind, in, out);
}

/* Makes the gates that `net` depends on, depth first with a stack of our own: hostile files can be deep. */
static bool make_net(struct reader *r, uint64_t net, uint64_t *stack, uint8_t *open)
{
    size_t depth = 0;
    if (r->literal[net] == NO_LITERAL)
        stack[depth++] = net;
    while (depth > 0) {
        uint64_t at = stack[depth - 1], waits = 0;
        uint32_t driver = r->driver[at];
        if (driver == NOBODY)
            return cf_fail(r->err, "%s: net %llu is read, but nothing drives it", r->label, (unsigned long long)at);
        const struct gate *gate = &r->gates[driver];
        for (int i = 0; kinds[gate->kind].pins[i]; i++)
            if (r->literal[gate->in[i]] == NO_LITERAL)
                waits = gate->in[i];
        if (waits) {
            open[at] = 1;
            if (open[waits])
                return cf_fail(r->err, "%s: cell '%s' is part of a loop", r->label, gate->name);
            stack[depth++] = waits;
            continue;
        }
        if (!make_gate(r, gate, &r->literal[at]))
            return false;
        open[at] = 0;
        depth--;
    }
    return true;
}

static bool read_outputs(struct reader *r, const cJSON *ports)
{
    uint64_t *stack = malloc(r->nets * sizeof *stack);
    uint8_t *open = calloc(r->nets, 1);
    const cJSON *port, *bit;
    uint32_t next = 0;
    bool done = (stack && open) || out_of_memory(r);
    for (uint32_t net = 2; done && net < r->nets; net++) /* gates that no output reads as well: their loops are wrong */
        done = r->driver[net] == NOBODY || make_net(r, net, stack, open);
    cJSON_ArrayForEach(port, ports)
    {
        bool known;
        uint32_t k = 0;
        const cJSON *bits = cJSON_GetObjectItemCaseSensitive(port, "bits");
        struct range range;
        done = done && range_of(r, port, &range);
        if (!done || is_input(port, &known))
            continue;
        cJSON_ArrayForEach(bit, bits)
        {
            uint64_t net;
            done = done && net_of(r, bit, port->string, &net) && make_net(r, net, stack, open);
            if (!done)
                break;
            r->network->outputs[next] = r->literal[net];
            r->names->outputs[next] = bit_name(r, port->string, &range, k++);
            done = r->names->outputs[next++] != NULL;
        }
    }
    free(stack);
    free(open);
    return done;
}

static bool read_module(struct reader *r, const cJSON *module)
{
    const cJSON *ports = cJSON_GetObjectItemCaseSensitive(module, "ports"), *cell;
    if (!cJSON_IsObject(ports) || !cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(module, "cells")))
        return cf_fail(r->err, "%s: the module lacks 'ports' or 'cells'", r->label);
    if (!count_ports(r, ports, true, &r->network->input_count) ||
        !count_ports(r, ports, false, &r->network->output_count) || !count_nets(r, module))
        return false;
    r->gates = calloc((size_t)r->gate_count + 1, sizeof *r->gates);
    r->driver = malloc(r->nets * sizeof *r->driver);
    r->literal = malloc(r->nets * sizeof *r->literal);
    r->network->outputs = calloc((size_t)r->network->output_count + 1, sizeof *r->network->outputs);
    if (!r->gates || !r->driver || !r->literal || !r->network->outputs)
        return out_of_memory(r);
    memset(r->driver, 0xff, r->nets * sizeof *r->driver);
    memset(r->literal, 0xff, r->nets * sizeof *r->literal);
    r->literal[0] = CF_LIT_FALSE;
    r->literal[1] = CF_LIT_TRUE;
    if (!cf_network_names_new(r->names, r->network, "yosys", r->err) || !read_inputs(r, ports))
        return false;
    uint32_t index = 0;
    cJSON_ArrayForEach(cell, cJSON_GetObjectItemCaseSensitive(module, "cells"))
    {
        if (!is_inert(cell) && !read_gate(r, cell, index++))
            return false;
    }
    return read_outputs(r, ports);
}

bool cf_yosys_json_parse(struct cf_network *network, struct cf_network_names *names, const void *data, size_t size,
                         const char *label, struct cf_error *err)
{
    *network = (struct cf_network){0};
    *names = (struct cf_network_names){0};
    struct reader r = {.label = label, .network = network, .names = names, .err = err};
    r.net_limit = size < MAX_NETS ? size + LEAST_NETS : MAX_NETS;
    const char *remark = cf_file_kind_remark(data, size, CF_KIND_JSON);
    if (*remark)
        return cf_fail(err, "%s: not JSON%s", label, remark);
    size_t at;
    if (!cf_utf8_check(data, size, &at))
        return cf_fail(err, "%s: byte %zu: not UTF-8", label, at);
    const struct cf_json_limits limits = {CF_JSON_NUMBERS, MAX_DEPTH, MAX_ARRAY, MAX_VALUES};
    const char *what = cf_json_check(data, size, &limits, &at);
    if (what)
        return cf_fail(err, "%s: byte %zu: %s", label, at, what);
    const char *end = NULL;
    errno = 0; /* cJSON gives no reason; malloc does */
    cJSON *root = cJSON_ParseWithLengthOpts(data, size, &end, false);
    if (!root)
        return cf_fail(err, errno == ENOMEM ? "%s: out of memory" : "%s: not JSON", label);
    bool done = cf_json_only_blanks(end, (const char *)data + size) ||
                cf_fail(err, "%s: text after the end of the JSON value", label);
    done = done && cf_json_keys_check(root, label, err);
    const cJSON *module = done ? top_module(&r, root) : NULL;
    done = module && read_module(&r, module);
    cJSON_Delete(root);
    free(r.gates);
    free(r.driver);
    free(r.literal);
    if (!done) {
        cf_network_free(network);
        cf_network_names_free(names);
    }
    return done;
}

bool cf_yosys_json_read(struct cf_network *network, struct cf_network_names *names, const char *path,
                        struct cf_error *err)
{
    struct cf_map map;
    if (!cf_map_open(&map, path, err))
        return false;
    bool done = cf_yosys_json_parse(network, names, map.data, map.size, path, err);
    cf_map_close(&map);
    return done;
}
