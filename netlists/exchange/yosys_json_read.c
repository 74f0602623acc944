/* yosys_json_read.c - reads the JSON netlists of Yosys. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/file_kind.h"
#include "base/json_keys.h"
#include "base/json_strict.h"
#include "netlists/exchange/gate_order.h"
#include "netlists/exchange/truth_table.h"
#include "netlists/exchange/yosys_json.h"

enum { MAX_NETS = 1 << 28, LEAST_NETS = 1 << 16, MAX_DEPTH = 16, MAX_ARRAY = 1 << 24, MAX_VALUES = 1 << 26 };

/* A gate; the net that its Y drives points back to it. It reads the nets operands[first], ..., by the order of its
 * kind's pins, or of the bits of a look-up table's A; nets 0 and 1 are the constants. */
struct gate {
    const cJSON *cell;
    uint32_t out;
    int kind;
};

static const struct kind {
    const char *type, *pins;
} kinds[] = {
    {"$_BUF_", "A"},     {"$_NOT_", "A"},    {"$_AND_", "AB"},   {"$_NAND_", "AB"},   {"$_OR_", "AB"},
    {"$_NOR_", "AB"},    {"$_XOR_", "AB"},   {"$_XNOR_", "AB"},  {"$_ANDNOT_", "AB"}, {"$_ORNOT_", "AB"},
    {"$_MUX_", "ABS"},   {"$_NMUX_", "ABS"}, {"$_AOI3_", "ABC"}, {"$_OAI3_", "ABC"},  {"$_AOI4_", "ABCD"},
    {"$_OAI4_", "ABCD"}, {"$lut", ""}, /* its A has as many bits as its parameter WIDTH says */
};
enum { BUF, NOT, AND, NAND, OR, NOR, XOR, XNOR, ANDNOT, ORNOT, MUX, NMUX, AOI3, OAI3, AOI4, OAI4, LUT, KINDS };

#define NO_LITERAL UINT32_MAX

struct reader {
    const char *label;
    struct cf_network *network;
    struct cf_network_names *names;
    struct gate *gates;
    uint32_t gate_count;
    size_t *first;      /* [gate_count + 1]: by gate, its first operand */
    uint32_t *operands; /* nets */
    size_t operand_count, operand_capacity;
    uint32_t *driver; /* by net: the gate, or CF_NO_GATE */
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

/* Counts the gates, and finds the largest net of the ports: tables by net will be made. */
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
    }
    return true;
}

static bool add_operand(struct reader *r, uint64_t net)
{
    if (!cf_array_reserve(&r->operands, &r->operand_capacity, r->operand_count + 1, sizeof *r->operands))
        return out_of_memory(r);
    r->operands[r->operand_count++] = (uint32_t)net;
    r->nets = net >= r->nets ? net + 1 : r->nets;
    return true;
}

/* The bits of a look-up table's A. */
static bool read_lut_pins(struct reader *r, const cJSON *cell)
{
    const cJSON *bits = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(cell, "connections"), "A");
    const cJSON *bit;
    if (!cJSON_IsArray(bits) || cJSON_GetArraySize(bits) > CF_TABLE_MAX_INPUTS)
        return cf_fail(r->err, "%s: cell '%s': pin A is not up to %d bits", r->label, cell->string,
                       CF_TABLE_MAX_INPUTS);
    cJSON_ArrayForEach(bit, bits)
    {
        uint64_t net;
        if (!net_of(r, bit, cell->string, &net) || !add_operand(r, net))
            return false;
    }
    return true;
}

/* Reads which nets a gate reads and drives. */
static bool read_gate(struct reader *r, const cJSON *cell, uint32_t index)
{
    struct gate *gate = &r->gates[index];
    uint64_t net;
    gate->cell = cell;
    if (!find_kind(r, cell, &gate->kind) || (gate->kind == LUT && !read_lut_pins(r, cell)))
        return false;
    for (const char *pin = kinds[gate->kind].pins; *pin; pin++)
        if (!read_pin(r, cell, *pin, &net) || !add_operand(r, net))
            return false;
    r->first[index + 1] = r->operand_count;
    if (!read_pin(r, cell, 'Y', &net))
        return false;
    gate->out = (uint32_t)net;
    r->nets = net >= r->nets ? net + 1 : r->nets;
    return true;
}

static bool read_gates(struct reader *r, const cJSON *cells)
{
    const cJSON *cell;
    uint32_t index = 0;
    r->gates = calloc((size_t)r->gate_count + 1, sizeof *r->gates);
    r->first = calloc((size_t)r->gate_count + 1, sizeof *r->first);
    if (!r->gates || !r->first)
        return out_of_memory(r);
    cJSON_ArrayForEach(cell, cells)
    {
        if (!is_inert(cell) && !read_gate(r, cell, index++))
            return false;
    }
    return true;
}

static bool set_drivers(struct reader *r)
{
    for (uint32_t g = 0; g < r->gate_count; g++) {
        uint32_t out = r->gates[g].out;
        if (out < 2 || r->driver[out] != CF_NO_GATE || r->literal[out] != NO_LITERAL)
            return cf_fail(r->err, "%s: cell '%s': its output is driven by something else too", r->label,
                           r->gates[g].cell->string);
        r->driver[out] = g;
    }
    return true;
}

/* Reads a parameter: a number, or a string of binary digits, most significant first. Digits beyond the `count` bits of
 * the table must be 0. */
static bool read_bits(const cJSON *value, uint64_t *table, size_t count)
{
    memset(table, 0, (count + 63) / 64 * sizeof *table);
    if (cJSON_IsNumber(value)) {
        double number = value->valuedouble, limit = count < 53 ? (double)((uint64_t)1 << count) : 0x1p53;
        table[0] = number >= 0 && number < limit ? (uint64_t)number : 0;
        return number >= 0 && number < limit && number == floor(number);
    }
    const char *digits = cJSON_IsString(value) ? value->valuestring : "";
    size_t length = strlen(digits);
    if (length == 0 || strspn(digits, "01") != length)
        return false;
    for (size_t k = 0; k < length; k++) {
        uint64_t one = digits[length - 1 - k] == '1';
        if (k < count)
            table[k / 64] |= one << k % 64;
        else if (one)
            return false;
    }
    return true;
}

static bool make_lut(struct reader *r, const struct gate *gate, const cf_lit *in, uint32_t count, cf_lit *out)
{
    uint64_t width, table[CF_TABLE_MAX_WORDS];
    const cJSON *parameters = cJSON_GetObjectItemCaseSensitive(gate->cell, "parameters");
    if (!read_bits(cJSON_GetObjectItemCaseSensitive(parameters, "WIDTH"), &width, 32) || width != count)
        return cf_fail(r->err, "%s: cell '%s': WIDTH is not the number of bits of A, %u", r->label, gate->cell->string,
                       count);
    if (!read_bits(cJSON_GetObjectItemCaseSensitive(parameters, "LUT"), table, (size_t)1 << count))
        return cf_fail(r->err, "%s: cell '%s': LUT is not a table of %u bits, each 0 or 1", r->label,
                       gate->cell->string, 1u << count);
    return cf_network_table(r->network, table, in, count, out) || out_of_memory(r);
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

static bool make_gate(struct reader *r, uint32_t index)
{
    const struct gate *gate = &r->gates[index];
    cf_lit in[CF_TABLE_MAX_INPUTS] = {CF_LIT_FALSE}, *out = &r->literal[gate->out], made = CF_LIT_FALSE;
    uint32_t count = (uint32_t)(r->first[index + 1] - r->first[index]);
    for (uint32_t i = 0; i < count; i++)
        in[i] = r->literal[r->operands[r->first[index] + i]];
    bool done = true;
    if (gate->kind == LUT)
        done = make_lut(r, gate, in, count, &made);
    else if (gate->kind <= NOT)
        made = in[0] ^ (gate->kind == NOT);
    else
        done = gate->kind < MUX ? make_two(r, gate->kind, in[0], in[1], &made) : make_complex(r, gate->kind, in, &made);
    *out = made;
    return done;
}

static bool not_driven(struct reader *r, uint64_t net)
{
    return cf_fail(r->err, "%s: net %llu is read, but nothing drives it", r->label, (unsigned long long)net);
}

/* Makes the gates, those that no output reads as well: their loops are wrong, too. */
static bool make_gates(struct reader *r)
{
    for (size_t i = 0; i < r->operand_count; i++)
        if (r->literal[r->operands[i]] == NO_LITERAL && r->driver[r->operands[i]] == CF_NO_GATE)
            return not_driven(r, r->operands[i]);
    const struct cf_gate_list list = {r->gate_count, (uint32_t)r->nets, r->first, r->operands, r->driver};
    uint32_t *order = calloc((size_t)r->gate_count + 1, sizeof *order), loop;
    if (!order)
        return out_of_memory(r);
    bool done = cf_gate_order(&list, order, &loop);
    if (!done)
        done = loop == CF_NO_GATE
                   ? out_of_memory(r)
                   : cf_fail(r->err, "%s: cell '%s' is part of a loop", r->label, r->gates[loop].cell->string);
    for (uint32_t i = 0; done && i < r->gate_count; i++)
        done = make_gate(r, order[i]);
    free(order);
    return done;
}

static bool read_outputs(struct reader *r, const cJSON *ports)
{
    const cJSON *port, *bit;
    uint32_t next = 0;
    cJSON_ArrayForEach(port, ports)
    {
        bool known;
        uint32_t k = 0;
        const cJSON *bits = cJSON_GetObjectItemCaseSensitive(port, "bits");
        struct range range;
        if (!range_of(r, port, &range))
            return false;
        if (is_input(port, &known))
            continue;
        cJSON_ArrayForEach(bit, bits)
        {
            uint64_t net;
            if (!net_of(r, bit, port->string, &net))
                return false;
            if (r->literal[net] == NO_LITERAL)
                return not_driven(r, net);
            r->network->outputs[next] = r->literal[net];
            r->names->outputs[next] = bit_name(r, port->string, &range, k++);
            if (!r->names->outputs[next++])
                return false;
        }
    }
    return true;
}

static bool read_module(struct reader *r, const cJSON *module)
{
    const cJSON *ports = cJSON_GetObjectItemCaseSensitive(module, "ports");
    const cJSON *cells = cJSON_GetObjectItemCaseSensitive(module, "cells");
    if (!cJSON_IsObject(ports) || !cJSON_IsObject(cells))
        return cf_fail(r->err, "%s: the module lacks 'ports' or 'cells'", r->label);
    if (!count_ports(r, ports, true, &r->network->input_count) ||
        !count_ports(r, ports, false, &r->network->output_count) || !count_nets(r, module) || !read_gates(r, cells))
        return false;
    r->driver = malloc(r->nets * sizeof *r->driver);
    r->literal = malloc(r->nets * sizeof *r->literal);
    r->network->outputs = calloc((size_t)r->network->output_count + 1, sizeof *r->network->outputs);
    if (!r->driver || !r->literal || !r->network->outputs)
        return out_of_memory(r);
    memset(r->driver, 0xff, r->nets * sizeof *r->driver);
    memset(r->literal, 0xff, r->nets * sizeof *r->literal);
    r->literal[0] = CF_LIT_FALSE;
    r->literal[1] = CF_LIT_TRUE;
    return cf_network_names_new(r->names, r->network, "yosys", r->err) && read_inputs(r, ports) && set_drivers(r) &&
           make_gates(r) && read_outputs(r, ports);
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
    free(r.first);
    free(r.operands);
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
