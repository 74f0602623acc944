/* blif_read.c - reads BLIF files: first all lines, then the tables, each behind those that it reads. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/file_kind.h"
#include "base/string_set.h"
#include "netlists/exchange/blif.h"
#include "netlists/exchange/gate_order.h"
#include "netlists/exchange/truth_table.h"

#define NO_LITERAL UINT32_MAX

/* A .names table. One of few inputs is kept as its truth table, a wider one as its rows. */
struct table {
    size_t first_row; /* in `rows`: row_count rows of one character per input */
    uint32_t row_count, input_count, out;
    uint64_t word;
    bool of_zeros; /* the rows say where the output is 0 */
};

struct numbers {
    uint32_t *items;
    size_t count, capacity;
};

struct reader {
    const char *data, *label;
    size_t size, at, line; /* the number of the line at hand, from 1; of a continued one, the first */
    size_t lines_read;
    char *text, *rest; /* of the line at hand, without comments; what of it is not yet read */
    size_t text_capacity;
    struct cf_string_set nets; /* their names; numbered as they appear */
    struct numbers inputs, outputs, operands;
    struct table *tables;
    size_t table_capacity;
    size_t *first; /* [table_count + 1]: by table, its first operand */
    size_t first_capacity;
    char *rows;
    size_t row_bytes, row_capacity;
    uint32_t table_count;
    bool has_model, in_table, ended, skipping;
    struct cf_network *network;
    struct cf_network_names *names;
    const char **net_name; /* by net */
    size_t name_capacity;
    uint32_t *driver; /* by net: the table, or CF_NO_GATE */
    cf_lit *literal;  /* by net, or NO_LITERAL */
    struct cf_error *err;
};

static bool wrong(const struct reader *r, const char *what, const char *name)
{
    return cf_fail(r->err, "%s: line %zu: '%.60s': %s", r->label, r->line, name, what);
}

static bool out_of_memory(const struct reader *r)
{
    return cf_fail(r->err, "%s: out of memory", r->label);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* Appends the next line of the file to the text, without its comment; `*goes_on` when it ends with a backslash. */
static bool add_line(struct reader *r, size_t *length, bool *goes_on)
{
    const char *from = r->data + r->at, *end = memchr(from, '\n', r->size - r->at);
    size_t size = end ? (size_t)(end - from) : r->size - r->at;
    r->at += size + (end != NULL);
    r->lines_read++;
    const char *comment = memchr(from, '#', size);
    size = comment ? (size_t)(comment - from) : size;
    while (size > 0 && is_blank(from[size - 1]))
        size--;
    for (size_t i = 0; i < size; i++)
        if (!is_blank(from[i]) && (from[i] < ' ' || from[i] > '~'))
            return cf_fail(r->err, "%s: line %zu: a character that is not printable ASCII", r->label, r->lines_read);
    *goes_on = size > 0 && from[size - 1] == '\\';
    size -= *goes_on;
    if (!cf_array_reserve(&r->text, &r->text_capacity, *length + size + 2, 1))
        return out_of_memory(r);
    memcpy(r->text + *length, from, size);
    *length += size;
    r->text[(*length)++] = ' '; /* between the parts of a continued line */
    r->text[*length] = '\0';
    return true;
}

static bool next_line(struct reader *r)
{
    size_t length = 0;
    bool goes_on = true;
    r->line = r->lines_read + 1;
    while (goes_on && r->at < r->size)
        if (!add_line(r, &length, &goes_on))
            return false;
    r->rest = r->text;
    return true;
}

/* The next word of the line, or NULL. */
static char *next_word(struct reader *r)
{
    while (is_blank(*r->rest))
        r->rest++;
    if (*r->rest == '\0')
        return NULL;
    char *word = r->rest;
    while (*r->rest && !is_blank(*r->rest))
        r->rest++;
    if (*r->rest)
        *r->rest++ = '\0';
    return word;
}

static bool append(struct reader *r, struct numbers *numbers, uint32_t number)
{
    if (!cf_array_reserve(&numbers->items, &numbers->capacity, numbers->count + 1, sizeof *numbers->items))
        return out_of_memory(r);
    numbers->items[numbers->count++] = number;
    return true;
}

/* The number of a net, which is new if the name is. */
static bool net_of(struct reader *r, const char *name, uint32_t *net)
{
    size_t number = r->nets.count;
    if (!cf_string_set_number(&r->nets, name, &number)) {
        bool fresh;
        const char *copy = cf_arena_strdup(&r->names->arena, name);
        if (number >= CF_NETWORK_MAX_SIGNALS)
            return wrong(r, "more than 2^31 nets", name);
        if (!copy || !cf_array_reserve(&r->net_name, &r->name_capacity, number + 1, sizeof *r->net_name) ||
            !cf_string_set_add(&r->nets, copy, &fresh))
            return out_of_memory(r);
        r->net_name[number] = copy;
    }
    *net = (uint32_t)number;
    return true;
}

static bool read_nets(struct reader *r, struct numbers *numbers)
{
    uint32_t net = 0;
    for (const char *name; (name = next_word(r)) != NULL;)
        if (!net_of(r, name, &net) || !append(r, numbers, net))
            return false;
    return true;
}

/* Starts a table, whose operands and output are the rest of the line. */
static bool add_table(struct reader *r, struct table **table)
{
    size_t first = r->operands.count;
    if (!read_nets(r, &r->operands))
        return false;
    size_t inputs = r->operands.count - first - 1; /* the last is the output */
    if (r->operands.count == first)
        return cf_fail(r->err, "%s: line %zu: a table without an output", r->label, r->line);
    if (inputs > INT32_MAX || r->table_count == CF_NETWORK_MAX_SIGNALS)
        return cf_fail(r->err, "%s: line %zu: too many tables, or inputs of one", r->label, r->line);
    if (!cf_array_reserve(&r->tables, &r->table_capacity, r->table_count + (size_t)1, sizeof *r->tables) ||
        !cf_array_reserve(&r->first, &r->first_capacity, r->table_count + (size_t)2, sizeof *r->first))
        return out_of_memory(r);
    *table = &r->tables[r->table_count];
    **table = (struct table){
        .first_row = r->row_bytes, .input_count = (uint32_t)inputs, .out = r->operands.items[--r->operands.count]};
    r->first[r->table_count++] = first;
    r->first[r->table_count] = r->operands.count;
    return true;
}

static bool read_model(struct reader *r)
{
    if (r->has_model)
        return wrong(r, "a second model: only flat files are read (in Yosys: flatten)", ".model");
    r->has_model = true;
    return true;
}

static bool read_inputs(struct reader *r)
{
    return read_nets(r, &r->inputs);
}

static bool read_outputs(struct reader *r)
{
    return read_nets(r, &r->outputs);
}

static bool read_table(struct reader *r)
{
    struct table *table = NULL;
    r->in_table = true;
    return add_table(r, &table);
}

/* Yosys's ".conn a b": b is a. */
static bool read_connection(struct reader *r)
{
    struct table *table = NULL;
    if (!add_table(r, &table))
        return false;
    table->word = 2;
    table->row_count = 1;
    return table->input_count == 1 || wrong(r, "not two nets", ".conn");
}

static bool read_end(struct reader *r)
{
    r->ended = true;
    return true;
}

static bool read_dont_cares(struct reader *r)
{
    r->skipping = true;
    return true;
}

static bool skip(struct reader *r)
{
    (void)r;
    return true;
}

static bool refuse_latch(struct reader *r)
{
    const char *input = next_word(r), *output = next_word(r);
    return wrong(r, "a latch: only combinational networks are read", output ? output : input ? input : ".latch");
}

static bool refuse_cell(struct reader *r)
{
    const char *type = next_word(r);
    return wrong(r, "a cell of another model: only .names tables are read (in Yosys: flatten; techmap; abc -g simple)",
                 type ? type : "");
}

static const struct command {
    const char *name;
    bool (*read)(struct reader *r);
} commands[] = {
    {".names", read_table},
    {".inputs", read_inputs},
    {".outputs", read_outputs},
    {".model", read_model},
    {".end", read_end},
    {".exdc", read_dont_cares},
    {".conn", read_connection},
    {".latch", refuse_latch},
    {".mlatch", refuse_latch},
    {".subckt", refuse_cell},
    {".gate", refuse_cell},
    {".attr", skip},
    {".param", skip},
    {".cname", skip},
    {".area", skip},
    {".delay", skip},
    {".wire_load_slope", skip},
    {".wire", skip},
    {".input_arrival", skip},
    {".output_required", skip},
    {".default_input_arrival", skip},
    {".default_output_required", skip},
    {".input_drive", skip},
    {".default_input_drive", skip},
    {".output_load", skip},
    {".default_output_load", skip},
    {".max_input_load", skip},
    {".default_max_input_load", skip},
};

/* Adds the truth table of a row to that of the table. */
static void add_word(struct table *table, const char *row)
{
    for (unsigned k = 0; k < 1u << table->input_count; k++) {
        bool fits = true;
        for (uint32_t i = 0; i < table->input_count; i++)
            fits = fits && (row[i] == '-' || row[i] - '0' == (int)(k >> i & 1));
        table->word |= (uint64_t)fits << k;
    }
}

/* A row such as "1-0 1": for which inputs the output is 1, or 0. */
static bool read_row(struct reader *r, const char *word)
{
    if (!r->in_table)
        return wrong(r, "neither a command nor the row of a .names table", word);
    struct table *table = &r->tables[r->table_count - 1];
    const char *row = table->input_count ? word : "", *value = table->input_count ? next_word(r) : word;
    if (strlen(row) != table->input_count || strspn(row, "01-") != table->input_count)
        return wrong(r, "a row without a 0, 1 or - for each input of its table", word);
    if (!value || (strcmp(value, "0") != 0 && strcmp(value, "1") != 0) || next_word(r))
        return wrong(r, "a row that does not end with the output's value, 0 or 1", word);
    if (table->row_count > 0 && table->of_zeros != (*value == '0'))
        return wrong(r, "a table with rows of 0 and of 1", word);
    if (table->row_count == UINT32_MAX)
        return wrong(r, "a table of 2^32 rows", word);
    table->of_zeros = *value == '0';
    table->row_count++;
    if (table->input_count <= CF_TABLE_WORD_INPUTS) {
        add_word(table, row);
        return true;
    }
    if (!cf_array_reserve(&r->rows, &r->row_capacity, r->row_bytes + table->input_count, 1))
        return out_of_memory(r);
    memcpy(r->rows + r->row_bytes, row, table->input_count);
    r->row_bytes += table->input_count;
    return true;
}

static bool read_line(struct reader *r)
{
    const char *word = next_word(r);
    if (!word)
        return true;
    if (r->ended)
        return strcmp(word, ".model") == 0 ? read_model(r) : wrong(r, "text behind .end", word);
    if (r->skipping) {
        r->ended = strcmp(word, ".end") == 0;
        return true;
    }
    if (*word != '.')
        return read_row(r, word);
    r->in_table = false;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].read(r);
    return wrong(r, "a command that is not known here", word);
}

/* Says which net is wrong; the line is no longer known. */
static bool wrong_net(const struct reader *r, uint32_t net, const char *what)
{
    return cf_fail(r->err, "%s: net '%.60s' %s", r->label, r->net_name[net], what);
}

static bool set_inputs(struct reader *r)
{
    for (uint32_t i = 0; i < r->inputs.count; i++) {
        uint32_t net = r->inputs.items[i];
        if (r->literal[net] != NO_LITERAL)
            return wrong_net(r, net, "is an input twice");
        if (!cf_network_name_valid(r->net_name[net], strlen(r->net_name[net])))
            return wrong_net(r, net, "is an input with a name of more than 200 characters");
        r->literal[net] = cf_network_input(i);
        r->names->inputs[i] = r->net_name[net];
    }
    return true;
}

static bool set_drivers(struct reader *r)
{
    for (uint32_t t = 0; t < r->table_count; t++) {
        uint32_t net = r->tables[t].out;
        if (r->literal[net] != NO_LITERAL || r->driver[net] != CF_NO_GATE)
            return wrong_net(r, net, "is driven twice");
        r->driver[net] = t;
    }
    for (size_t i = 0; i < r->operands.count + r->outputs.count; i++) {
        uint32_t net = i < r->operands.count ? r->operands.items[i] : r->outputs.items[i - r->operands.count];
        if (r->literal[net] == NO_LITERAL && r->driver[net] == CF_NO_GATE)
            return wrong_net(r, net, "is read, but nothing drives it");
    }
    return true;
}

/* The AND of literals, as a balanced tree; the literals are overwritten. */
static bool all_of(struct reader *r, cf_lit *literals, size_t count, cf_lit *out)
{
    cf_lit sum;
    for (; count > 1; count = (count + 1) / 2) {
        for (size_t i = 0; i < count / 2; i++)
            if (!cf_network_add(r->network, literals[2 * i], literals[2 * i + 1], CF_LIT_FALSE, &sum, &literals[i]))
                return out_of_memory(r);
        if (count % 2)
            literals[count / 2] = literals[count - 1];
    }
    *out = count ? literals[0] : CF_LIT_TRUE;
    return true;
}

/* The OR of the rows, of each the AND. `in` and `row_literals` have room for the inputs and for the rows. */
static bool make_wide(struct reader *r, const struct table *table, const uint32_t *operands, cf_lit *in,
                      cf_lit *row_literals, cf_lit *out)
{
    for (uint32_t k = 0; k < table->row_count; k++) {
        const char *row = r->rows + table->first_row + (size_t)k * table->input_count;
        size_t count = 0;
        for (uint32_t i = 0; i < table->input_count; i++)
            if (row[i] != '-')
                in[count++] = r->literal[operands[i]] ^ (row[i] == '0');
        if (!all_of(r, in, count, &row_literals[k]))
            return false;
        row_literals[k] ^= 1;
    }
    bool done = all_of(r, row_literals, table->row_count, out);
    *out ^= 1;
    return done;
}

static bool make_table(struct reader *r, uint32_t index)
{
    const struct table *table = &r->tables[index];
    const uint32_t *operands = r->operands.items + r->first[index];
    cf_lit six[CF_TABLE_WORD_INPUTS], *out = &r->literal[table->out], made;
    bool done;
    if (table->input_count <= CF_TABLE_WORD_INPUTS) {
        for (uint32_t i = 0; i < table->input_count; i++)
            six[i] = r->literal[operands[i]];
        done = cf_network_table(r->network, &table->word, six, table->input_count, &made) || out_of_memory(r);
    } else {
        cf_lit *in = calloc(table->input_count, sizeof *in);
        cf_lit *rows = calloc((size_t)table->row_count + 1, sizeof *rows);
        done = in && rows ? make_wide(r, table, operands, in, rows, &made) : out_of_memory(r);
        free(in);
        free(rows);
    }
    if (done)
        *out = made ^ table->of_zeros;
    return done;
}

static bool make_tables(struct reader *r)
{
    size_t none = 0;
    const struct cf_gate_list list = {r->table_count, (uint32_t)r->nets.count, r->first ? r->first : &none,
                                      r->operands.items, r->driver};
    uint32_t *order = calloc((size_t)r->table_count + 1, sizeof *order), loop;
    if (!order)
        return out_of_memory(r);
    bool done = cf_gate_order(&list, order, &loop);
    if (!done)
        done = loop == CF_NO_GATE ? out_of_memory(r) : wrong_net(r, r->tables[loop].out, "is part of a loop");
    for (uint32_t i = 0; done && i < r->table_count; i++)
        done = make_table(r, order[i]);
    free(order);
    return done;
}

static bool set_outputs(struct reader *r)
{
    for (uint32_t i = 0; i < r->outputs.count; i++) {
        const char *name = r->net_name[r->outputs.items[i]];
        if (!cf_network_name_valid(name, strlen(name)))
            return wrong_net(r, r->outputs.items[i], "is an output with a name of more than 200 characters");
        r->network->outputs[i] = r->literal[r->outputs.items[i]];
        r->names->outputs[i] = name;
    }
    return true;
}

static bool make_network(struct reader *r)
{
    if (r->inputs.count > CF_NETWORK_MAX_SIGNALS / 2 || r->outputs.count > CF_NETWORK_MAX_SIGNALS)
        return cf_fail(r->err, "%s: more than 2^30 inputs, or 2^31 outputs", r->label);
    r->network->input_count = (uint32_t)r->inputs.count;
    r->network->output_count = (uint32_t)r->outputs.count;
    r->network->outputs = calloc(r->outputs.count + 1, sizeof *r->network->outputs);
    r->names->model = "blif";
    r->names->inputs = cf_arena_alloc(&r->names->arena, r->inputs.count, sizeof *r->names->inputs);
    r->names->outputs = cf_arena_alloc(&r->names->arena, r->outputs.count, sizeof *r->names->outputs);
    r->driver = malloc((r->nets.count + 1) * sizeof *r->driver);
    r->literal = malloc((r->nets.count + 1) * sizeof *r->literal);
    if (!r->network->outputs || !r->names->inputs || !r->names->outputs || !r->driver || !r->literal)
        return out_of_memory(r);
    memset(r->driver, 0xff, (r->nets.count + 1) * sizeof *r->driver);
    memset(r->literal, 0xff, (r->nets.count + 1) * sizeof *r->literal);
    return set_inputs(r) && set_drivers(r) && make_tables(r) && set_outputs(r);
}

static bool read_all(struct reader *r)
{
    const char *remark = cf_file_kind_remark((const uint8_t *)r->data, r->size, CF_KIND_UNKNOWN);
    if (*remark)
        return cf_fail(r->err, "%s: not BLIF%s", r->label, remark);
    while (r->at < r->size)
        if (!next_line(r) || !read_line(r))
            return false;
    if (!r->has_model && r->outputs.count == 0)
        return cf_fail(r->err, "%s: not BLIF: neither .model nor .outputs is there", r->label);
    return make_network(r);
}

bool cf_blif_parse(struct cf_network *network, struct cf_network_names *names, const void *data, size_t size,
                   const char *label, struct cf_error *err)
{
    *network = (struct cf_network){0};
    *names = (struct cf_network_names){0};
    struct reader r = {.data = data, .size = size, .label = label, .network = network, .names = names, .err = err};
    bool done = read_all(&r);
    free(r.text);
    cf_string_set_free(&r.nets);
    free(r.inputs.items);
    free(r.outputs.items);
    free(r.operands.items);
    free(r.tables);
    free(r.first);
    free(r.rows);
    free(r.net_name);
    free(r.driver);
    free(r.literal);
    if (!done) {
        cf_network_free(network);
        cf_network_names_free(names);
    }
    return done;
}

bool cf_blif_read(struct cf_network *network, struct cf_network_names *names, const char *path, struct cf_error *err)
{
    struct cf_map map;
    if (!cf_map_open(&map, path, err))
        return false;
    bool done = cf_blif_parse(network, names, map.data, map.size, path, err);
    cf_map_close(&map);
    return done;
}
