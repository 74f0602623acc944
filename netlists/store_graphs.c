/* store_graphs.c - reads and writes the adder graphs and banks in netlist files. */
#include "netlists/store_graphs.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "netlists/bank.h"

/* The tensors in the order of the file. Element g of a START tensor says where the adders or outputs of graph g begin,
 * or the cells of bank g, and element g + 1 where they end. */
enum {
    INPUTS,
    ADDERS,
    OUTPUTS,
    OPERAND,
    OUTPUT_SIGNAL,
    OUTPUT_SHIFT,
    BANK_GRAPH,
    BANK_CELLS,
    BANK_CELL,
    SHIFT,
    SIGN,
    OUTPUT_SIGN
};
static_assert(OUTPUT_SIGN + 1 == CF_GRAPH_TENSORS, "every tensor has its name");

static const struct {
    const char *name;
    bool bytes; /* one byte per element; otherwise 4 */
    int columns;
} tensors[CF_GRAPH_TENSORS] = {
    [INPUTS] = {"graph.inputs", false, 1},         [ADDERS] = {"graph.adders", false, 1},
    [OUTPUTS] = {"graph.outputs", false, 1},       [OPERAND] = {"adder.operand", false, 2},
    [OUTPUT_SIGNAL] = {"output.signal", false, 1}, [OUTPUT_SHIFT] = {"output.shift", false, 1},
    [BANK_GRAPH] = {"bank.graph", false, 1},       [BANK_CELLS] = {"bank.members", false, 1},
    [BANK_CELL] = {"bank.member", false, 1},       [SHIFT] = {"adder.shift", true, 2},
    [SIGN] = {"adder.negative", true, 2},          [OUTPUT_SIGN] = {"output.negative", true, 1},
};

bool cf_graphs_have_tensor(const char *name)
{
    for (int t = 0; t < CF_GRAPH_TENSORS; t++)
        if (strcmp(name, tensors[t].name) == 0)
            return true;
    return false;
}

/* ---- reading ---- */

struct reader {
    const struct cf_safetensors *file;
    struct cf_netlist *netlist;
    struct cf_error *err;
    const struct cf_tensor *in[CF_GRAPH_TENSORS];
};

static bool find_tensors(struct reader *r)
{
    for (int t = 0; t < CF_GRAPH_TENSORS; t++) {
        const struct cf_tensor *tensor = cf_safetensors_find(r->file, tensors[t].name);
        const char *path = cf_safetensors_path(r->file);
        if (!tensor)
            return cf_fail(r->err, "%s: tensor '%s' is missing", path, tensors[t].name);
        bool fits = tensor->dtype == (tensors[t].bytes ? CF_U8 : CF_I32) && tensor->count <= INT32_MAX &&
                    tensor->rank == tensors[t].columns &&
                    (tensors[t].columns == 1 || tensor->shape[1] == (uint64_t)tensors[t].columns);
        if (!fits) {
            char found[128];
            return cf_fail(r->err, "%s: tensor '%s': %s %s does not fit here; see FORMAT.md", path, tensors[t].name,
                           cf_dtype_name(tensor->dtype), cf_shape_text(tensor, found, sizeof found));
        }
        r->in[t] = tensor;
    }
    return true;
}

static bool expect_rows(struct reader *r, int tensor, uint64_t rows)
{
    return r->in[tensor]->shape[0] == rows ||
           cf_fail(r->err, "%s: tensor '%s' has %" PRIu64 " rows, not %" PRIu64, cf_safetensors_path(r->file),
                   tensors[tensor].name, r->in[tensor]->shape[0], rows);
}

static int32_t word(const struct reader *r, int tensor, uint64_t index)
{
    int32_t value;
    memcpy(&value, r->in[tensor]->data + 4 * index, sizeof value);
    return value;
}

/* A U8 element that must be 0 or 1. */
static bool flag(struct reader *r, int tensor, uint64_t index, bool *value)
{
    uint8_t byte = r->in[tensor]->data[index];
    *value = byte == 1;
    return byte <= 1 || cf_fail(r->err, "%s: tensor '%s': element %" PRIu64 " is %u, not 0 or 1",
                                cf_safetensors_path(r->file), tensors[tensor].name, index, byte);
}

/* Starts begin at 0, never fall, and end at `total`. */
static bool check_starts(struct reader *r, int tensor, uint64_t total)
{
    for (uint64_t i = 0; i < r->in[tensor]->count; i++) {
        int64_t before = i ? word(r, tensor, i - 1) : 0, value = word(r, tensor, i);
        if (value < before || (i == 0 && value != 0) || (i + 1 == r->in[tensor]->count && value != (int64_t)total))
            return cf_fail(r->err,
                           "%s: tensor '%s': element %" PRIu64 " is %" PRId64 "; starts rise from 0 to %" PRIu64,
                           cf_safetensors_path(r->file), tensors[tensor].name, i, value, total);
    }
    return true;
}

static bool check_shapes(struct reader *r)
{
    uint64_t graphs = r->in[INPUTS]->count, banks = r->in[BANK_GRAPH]->count, adders = r->in[OPERAND]->shape[0],
             outputs = r->in[OUTPUT_SIGNAL]->count;
    return expect_rows(r, ADDERS, graphs + 1) && expect_rows(r, OUTPUTS, graphs + 1) && expect_rows(r, SHIFT, adders) &&
           expect_rows(r, SIGN, adders) && expect_rows(r, OUTPUT_SHIFT, outputs) &&
           expect_rows(r, OUTPUT_SIGN, outputs) && expect_rows(r, BANK_CELLS, banks + 1) &&
           check_starts(r, ADDERS, adders) && check_starts(r, OUTPUTS, outputs) &&
           check_starts(r, BANK_CELLS, r->in[BANK_CELL]->count);
}

static bool read_adders(struct reader *r, struct cf_adder *adders)
{
    for (uint64_t a = 0; a < r->in[OPERAND]->shape[0]; a++)
        for (uint64_t side = 0; side < 2; side++) {
            struct cf_graph_addend *addend = side ? &adders[a].right : &adders[a].left;
            addend->signal = (uint32_t)word(r, OPERAND, 2 * a + side);
            addend->shift = r->in[SHIFT]->data[2 * a + side];
            if (!flag(r, SIGN, 2 * a + side, &addend->negative))
                return false;
        }
    return true;
}

static bool read_outputs(struct reader *r, struct cf_graph_output *outputs)
{
    for (uint64_t o = 0; o < r->in[OUTPUT_SIGNAL]->count; o++) {
        int32_t shift = word(r, OUTPUT_SHIFT, o);
        if (shift < -CF_MAX_SHIFT || shift > CF_MAX_SHIFT)
            return cf_fail(r->err, "%s: tensor 'output.shift': element %" PRIu64 " is %d", cf_safetensors_path(r->file),
                           o, shift);
        outputs[o].signal = (uint32_t)word(r, OUTPUT_SIGNAL, o); /* -1 becomes CF_NO_SIGNAL */
        outputs[o].shift = (int8_t)shift;
        if (!flag(r, OUTPUT_SIGN, o, &outputs[o].negative))
            return false;
    }
    return true;
}

static bool share_out(struct reader *r, struct cf_implementation *impl, const struct cf_adder *adders,
                      const struct cf_graph_output *outputs, const uint32_t *cells)
{
    for (uint32_t g = 0; g < impl->graph_count; g++) {
        int32_t inputs = word(r, INPUTS, g), first = word(r, ADDERS, g), first_output = word(r, OUTPUTS, g);
        if (inputs < 0)
            return cf_fail(r->err, "%s: tensor 'graph.inputs': element %u is %d", cf_safetensors_path(r->file), g,
                           inputs);
        impl->graphs[g] = (struct cf_graph){.inputs = (uint32_t)inputs,
                                            .adder_count = (uint32_t)(word(r, ADDERS, g + 1) - first),
                                            .output_count = (uint32_t)(word(r, OUTPUTS, g + 1) - first_output),
                                            .adders = adders + first,
                                            .outputs = outputs + first_output};
    }
    for (uint32_t b = 0; b < impl->bank_count; b++) {
        int32_t first = word(r, BANK_CELLS, b);
        impl->banks[b] = (struct cf_bank){.graph = (uint32_t)word(r, BANK_GRAPH, b),
                                          .cell_count = (uint32_t)(word(r, BANK_CELLS, b + 1) - first),
                                          .cells = cells + first};
    }
    return true;
}

bool cf_graphs_read(struct cf_netlist *netlist, const struct cf_safetensors *file, size_t *taken, struct cf_error *err)
{
    struct reader r = {.file = file, .netlist = netlist, .err = err};
    if (!find_tensors(&r) || !check_shapes(&r))
        return false;
    struct cf_arena *arena = &netlist->arena;
    struct cf_implementation *impl = cf_arena_alloc(arena, 1, sizeof *impl);
    struct cf_adder *adders = cf_arena_alloc(arena, r.in[OPERAND]->shape[0], sizeof *adders);
    struct cf_graph_output *outputs = cf_arena_alloc(arena, r.in[OUTPUT_SIGNAL]->count, sizeof *outputs);
    uint32_t *cells = cf_arena_alloc(arena, r.in[BANK_CELL]->count, sizeof *cells);
    if (impl) {
        impl->graph_count = (uint32_t)r.in[INPUTS]->count;
        impl->bank_count = (uint32_t)r.in[BANK_GRAPH]->count;
        impl->graphs = cf_arena_alloc(arena, impl->graph_count, sizeof *impl->graphs);
        impl->banks = cf_arena_alloc(arena, impl->bank_count, sizeof *impl->banks);
    }
    if (!impl || !adders || !outputs || !cells || !impl->graphs || !impl->banks)
        return cf_fail(err, "%s: out of memory", netlist->label);
    memcpy(cells, r.in[BANK_CELL]->data, r.in[BANK_CELL]->size);
    if (!read_adders(&r, adders) || !read_outputs(&r, outputs) || !share_out(&r, impl, adders, outputs, cells))
        return false;
    netlist->implementation = impl;
    *taken += CF_GRAPH_TENSORS;
    return true;
}

/* ---- writing ---- */

struct sizes {
    uint64_t rows[CF_GRAPH_TENSORS];
};

static struct sizes sizes_of(const struct cf_implementation *impl)
{
    uint64_t adders = 0, outputs = 0, cells = 0;
    for (uint32_t g = 0; g < impl->graph_count; g++) {
        adders += impl->graphs[g].adder_count;
        outputs += impl->graphs[g].output_count;
    }
    for (uint32_t b = 0; b < impl->bank_count; b++)
        cells += impl->banks[b].cell_count;
    return (struct sizes){{[INPUTS] = impl->graph_count,
                           [ADDERS] = impl->graph_count + 1,
                           [OUTPUTS] = impl->graph_count + 1,
                           [OPERAND] = adders,
                           [OUTPUT_SIGNAL] = outputs,
                           [OUTPUT_SHIFT] = outputs,
                           [BANK_GRAPH] = impl->bank_count,
                           [BANK_CELLS] = impl->bank_count + 1,
                           [BANK_CELL] = cells,
                           [SHIFT] = adders,
                           [SIGN] = adders,
                           [OUTPUT_SIGN] = outputs}};
}

static bool declare(const struct cf_netlist *netlist, struct cf_safetensors_writer *out, bool bytes, size_t *ids,
                    struct cf_error *err)
{
    struct sizes sizes = sizes_of(netlist->implementation);
    for (int t = 0; t < CF_GRAPH_TENSORS; t++)
        if (tensors[t].bytes == bytes &&
            !cf_safetensors_add(out, tensors[t].name, bytes ? CF_U8 : CF_I32, tensors[t].columns,
                                (uint64_t[]){sizes.rows[t], 2}, &ids[t], err))
            return false;
    return true;
}

bool cf_graphs_declare_words(const struct cf_netlist *netlist, struct cf_safetensors_writer *out,
                             size_t ids[CF_GRAPH_TENSORS], struct cf_error *err)
{
    return declare(netlist, out, false, ids, err);
}

bool cf_graphs_declare_bytes(const struct cf_netlist *netlist, struct cf_safetensors_writer *out,
                             size_t ids[CF_GRAPH_TENSORS], struct cf_error *err)
{
    return declare(netlist, out, true, ids, err);
}

/* A column of the file, made in memory: element `index` of tensor `tensor`. */
static int32_t adder_element(const struct cf_adder *adder, int tensor, int side)
{
    const struct cf_graph_addend *addend = side ? &adder->right : &adder->left;
    return tensor == OPERAND ? (int32_t)addend->signal : tensor == SHIFT ? addend->shift : addend->negative;
}

static int32_t output_element(const struct cf_graph_output *output, int tensor)
{
    return tensor == OUTPUT_SIGNAL ? (int32_t)output->signal
                                   : (tensor == OUTPUT_SHIFT ? output->shift : output->negative);
}

static uint64_t fill_graphs(const struct cf_implementation *impl, int tensor, int32_t *words)
{
    uint64_t at = 0;
    int32_t adders = 0, outputs = 0;
    if (tensor == ADDERS || tensor == OUTPUTS)
        words[at++] = 0;
    for (uint32_t g = 0; g < impl->graph_count; g++) {
        const struct cf_graph *graph = &impl->graphs[g];
        adders += (int32_t)graph->adder_count;
        outputs += (int32_t)graph->output_count;
        if (tensor == INPUTS)
            words[at++] = (int32_t)graph->inputs;
        else if (tensor == ADDERS || tensor == OUTPUTS)
            words[at++] = tensor == ADDERS ? adders : outputs;
        else if (tensor == OPERAND || tensor == SHIFT || tensor == SIGN)
            for (uint32_t a = 0; a < 2 * graph->adder_count; a++)
                words[at++] = adder_element(&graph->adders[a / 2], tensor, a % 2);
        else
            for (uint32_t o = 0; o < graph->output_count; o++)
                words[at++] = output_element(&graph->outputs[o], tensor);
    }
    return at;
}

static uint64_t fill_banks(const struct cf_implementation *impl, int tensor, int32_t *words)
{
    uint64_t at = 0;
    int32_t cells = 0;
    if (tensor == BANK_CELLS)
        words[at++] = 0;
    for (uint32_t b = 0; b < impl->bank_count; b++) {
        const struct cf_bank *bank = &impl->banks[b];
        cells += (int32_t)bank->cell_count;
        if (tensor == BANK_CELL)
            for (uint32_t k = 0; k < bank->cell_count; k++)
                words[at++] = (int32_t)bank->cells[k];
        else
            words[at++] = tensor == BANK_GRAPH ? (int32_t)bank->graph : cells;
    }
    return at;
}

bool cf_graphs_write(const struct cf_netlist *netlist, struct cf_safetensors_writer *out,
                     const size_t ids[CF_GRAPH_TENSORS], struct cf_error *err)
{
    const struct cf_implementation *impl = netlist->implementation;
    struct sizes sizes = sizes_of(impl);
    uint64_t most = 1;
    for (int t = 0; t < CF_GRAPH_TENSORS; t++)
        most =
            sizes.rows[t] * (uint64_t)tensors[t].columns > most ? sizes.rows[t] * (uint64_t)tensors[t].columns : most;
    int32_t *words = malloc((size_t)most * sizeof *words);
    uint8_t *bytes = malloc((size_t)most);
    bool done = (words && bytes) || cf_fail(err, "%s: out of memory", netlist->label);
    for (int t = 0; done && t < CF_GRAPH_TENSORS; t++) {
        bool of_banks = t == BANK_GRAPH || t == BANK_CELLS || t == BANK_CELL;
        uint64_t count = of_banks ? fill_banks(impl, t, words) : fill_graphs(impl, t, words);
        assert(count == sizes.rows[t] * (uint64_t)tensors[t].columns);
        for (uint64_t i = 0; tensors[t].bytes && i < count; i++)
            bytes[i] = (uint8_t)words[i];
        done = cf_safetensors_write(out, ids[t], 0, tensors[t].bytes ? (void *)bytes : (void *)words,
                                    (size_t)count * (tensors[t].bytes ? 1 : sizeof *words), err);
    }
    free(words);
    free(bytes);
    return done;
}
