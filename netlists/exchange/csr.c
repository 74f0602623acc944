/* csr.c - writes the gates of a netlist as a sparse matrix in compressed rows, in a safetensors file. */
#include "netlists/exchange/csr.h"

#include <assert.h>
#include <stdlib.h>

#include "base/safetensors.h"
#include "netlists/cell.h"

enum { CHUNK = 1 << 16 }; /* edges held before they are written */

struct matrix {
    const struct cf_netlist *netlist;
    uint32_t first, end;
    uint64_t gates, edges;
    enum cf_dtype dtype; /* of the data */
    struct cf_safetensors_writer *writer;
    size_t indptr, indices, data, bias, step, shape, first_gate; /* tensors */
    int32_t *columns;                                            /* [CHUNK] */
    uint8_t *values;                                             /* [CHUNK * 8] */
    uint64_t held, written;
    struct cf_error *err;
};

static int64_t element(const struct cf_term *term)
{
    return term->weight * ((int64_t)1 << term->shift);
}

static enum cf_dtype narrowest(int64_t low, int64_t high)
{
    return low >= INT8_MIN && high <= INT8_MAX     ? CF_I8
           : low >= INT16_MIN && high <= INT16_MAX ? CF_I16
           : low >= INT32_MIN && high <= INT32_MAX ? CF_I32
                                                   : CF_I64;
}

static void measure(struct matrix *m)
{
    int64_t low = 0, high = 0;
    for (uint32_t g = m->first; g < m->end; g++) {
        const struct cf_group *group = &m->netlist->groups[g];
        m->gates += group->count;
        for (uint32_t i = 0; i < group->count; i++)
            m->edges += m->netlist->cells[group->cell[i]].term_count;
    }
    for (uint32_t c = 0; c < m->netlist->cell_count; c++)
        for (uint32_t t = 0; t < m->netlist->cells[c].term_count; t++) {
            int64_t value = element(&m->netlist->cells[c].terms[t]);
            low = value < low ? value : low;
            high = value > high ? value : high;
        }
    m->dtype = narrowest(low, high);
}

static bool declare(struct matrix *m, const char *path)
{
    uint64_t rows[1] = {m->gates}, pointers[1] = {m->gates + 1}, edges[1] = {m->edges}, two[1] = {2}, one[1] = {1};
    return cf_safetensors_create(&m->writer, path, m->err) &&
           cf_safetensors_add(m->writer, "indptr", CF_I64, 1, pointers, &m->indptr, m->err) &&
           cf_safetensors_add(m->writer, "bias", CF_I64, 1, rows, &m->bias, m->err) &&
           cf_safetensors_add(m->writer, "shape", CF_I64, 1, two, &m->shape, m->err) &&
           cf_safetensors_add(m->writer, "first_gate", CF_I64, 1, one, &m->first_gate, m->err) &&
           (m->dtype == CF_I64 ? cf_safetensors_add(m->writer, "data", m->dtype, 1, edges, &m->data, m->err) : true) &&
           cf_safetensors_add(m->writer, "indices", CF_I32, 1, edges, &m->indices, m->err) &&
           (m->dtype != CF_I64 ? cf_safetensors_add(m->writer, "data", m->dtype, 1, edges, &m->data, m->err) : true) &&
           cf_safetensors_add(m->writer, "step", CF_U8, 1, rows, &m->step, m->err) &&
           cf_safetensors_begin(m->writer, m->err);
}

static bool flush(struct matrix *m)
{
    size_t size = cf_dtype_size(m->dtype);
    bool done = cf_safetensors_write(m->writer, m->indices, m->written * sizeof *m->columns, m->columns,
                                     m->held * sizeof *m->columns, m->err) &&
                cf_safetensors_write(m->writer, m->data, m->written * size, m->values, m->held * size, m->err);
    m->written += m->held;
    m->held = 0;
    return done;
}

/* Adds an element to those that the next flush writes. */
static void hold(struct matrix *m, uint32_t net, int64_t value)
{
    m->columns[m->held] = (int32_t)net;
    if (m->dtype == CF_I8)
        ((int8_t *)m->values)[m->held] = (int8_t)value;
    else if (m->dtype == CF_I16)
        ((int16_t *)m->values)[m->held] = (int16_t)value;
    else if (m->dtype == CF_I32)
        ((int32_t *)m->values)[m->held] = (int32_t)value;
    else
        ((int64_t *)m->values)[m->held] = value;
    m->held++;
}

/* Writes one gate: its elements, the end of its row, its bias, and whether it is a step. */
static bool put_gate(struct matrix *m, const struct cf_group *group, uint32_t index, uint64_t row, uint64_t *edges)
{
    const struct cf_cell *cell = &m->netlist->cells[group->cell[index]];
    const uint32_t *bases = cf_instance_bases(group, index);
    for (uint32_t t = 0; t < cell->term_count; t++) {
        if (m->held == CHUNK && !flush(m))
            return false;
        hold(m, bases[cell->terms[t].port] + cell->terms[t].offset, element(&cell->terms[t]));
    }
    *edges += cell->term_count;
    int64_t pointer = (int64_t)*edges;
    uint8_t step = cell->activation == CF_STEP;
    return cf_safetensors_write(m->writer, m->indptr, (row + 1) * sizeof pointer, &pointer, sizeof pointer, m->err) &&
           cf_safetensors_write(m->writer, m->bias, row * sizeof cell->bias, &cell->bias, sizeof cell->bias, m->err) &&
           cf_safetensors_write(m->writer, m->step, row, &step, sizeof step, m->err);
}

static bool put_all(struct matrix *m)
{
    int64_t shape[2] = {(int64_t)m->gates, m->netlist->net_count};
    int64_t first_gate = m->netlist->groups[m->first].first_net;
    uint64_t row = 0, edges = 0;
    bool done = cf_safetensors_write(m->writer, m->shape, 0, shape, sizeof shape, m->err) &&
                cf_safetensors_write(m->writer, m->first_gate, 0, &first_gate, sizeof first_gate, m->err);
    for (uint32_t g = m->first; done && g < m->end; g++)
        for (uint32_t i = 0; done && i < m->netlist->groups[g].count; i++)
            done = put_gate(m, &m->netlist->groups[g], i, row++, &edges);
    return done && flush(m) && cf_safetensors_commit(&m->writer, m->err);
}

bool cf_csr_write(const char *path, const struct cf_netlist *netlist, uint32_t first, uint32_t end,
                  struct cf_csr_size *size, struct cf_error *err)
{
    assert(first >= 1 && first < end && end <= netlist->group_count);
    if (!cf_groups_are_plain(netlist, first, end, "a matrix of weights", err))
        return false;
    struct matrix m = {.netlist = netlist, .first = first, .end = end, .err = err};
    m.columns = malloc(CHUNK * sizeof *m.columns);
    m.values = malloc(CHUNK * sizeof(int64_t));
    bool done = (m.columns && m.values) || cf_fail(err, "%s: out of memory", path);
    if (done) {
        measure(&m);
        done = declare(&m, path) && put_all(&m);
        *size = (struct cf_csr_size){m.gates, netlist->net_count, m.edges};
    }
    cf_safetensors_abort(&m.writer);
    free(m.columns);
    free(m.values);
    return done;
}
