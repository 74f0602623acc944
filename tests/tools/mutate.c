/* mutate.c - breaks a netlist in one place, on purpose.
 *
 *   mutate NET -o OUT weight GATE TERM DELTA    shift GATE TERM DELTA    bias GATE DELTA    base GATE PORT DELTA
 *                     width GATE DELTA            cell GATE TERM DELTA
 *
 * The gate first gets a copy of its cell for itself, so that nothing else changes; but `cell` changes a weight of the
 * gate's own cell, for all gates that share it. The one number is then changed in the file, not in memory: the result
 * may well be invalid, which is what the tests of `check` are after.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/safetensors.h"
#include "netlists/names.h"
#include "netlists/store.h"

/* One element of a tensor of the netlist file. */
struct place {
    char tensor[128];
    uint64_t element;
};

static void die(const struct cf_error *err)
{
    fprintf(stderr, "mutate: %s\n", err->text);
    exit(2);
}

static void usage(void)
{
    fputs("usage: mutate NET -o OUT (weight|shift|cell GATE TERM DELTA | bias|width GATE DELTA | "
          "base GATE PORT DELTA)\n",
          stderr);
    exit(2);
}

static long long number(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end)
        usage();
    return value;
}

static void find_gate(const struct cf_netlist *netlist, const char *gate, uint32_t *group, uint32_t *index)
{
    struct cf_error err;
    uint32_t net;
    if (!cf_net_find(netlist, gate, &net, &err))
        die(&err);
    *group = cf_netlist_group_of(netlist, net);
    *index = net - netlist->groups[*group].first_net;
    if (*group == CF_INPUT)
        usage();
}

/* Gives the gate a cell of its own, the netlist's last. */
static void own_cell(struct cf_netlist *netlist, uint32_t group, uint32_t index)
{
    struct cf_error err;
    uint32_t *cell = &netlist->groups[group].cell[index];
    if (!cf_netlist_add_cell(netlist, &netlist->cells[*cell], cell, &err))
        die(&err);
}

/* Where the number is that is to change. `which` is the term or the port. */
static struct place find_place(const struct cf_netlist *netlist, const char *kind, uint32_t group, uint32_t index,
                               long long which)
{
    struct place place;
    uint64_t terms = 0, cell = netlist->groups[group].cell[index];
    for (uint32_t c = 0; c < cell; c++)
        terms += netlist->cells[c].term_count;
    long long limit = strcmp(kind, "base") == 0 ? netlist->groups[group].ports : netlist->cells[cell].term_count;
    bool per_term = strcmp(kind, "weight") == 0 || strcmp(kind, "shift") == 0 || strcmp(kind, "cell") == 0;
    if ((per_term || strcmp(kind, "base") == 0) && (which < 0 || which >= limit))
        usage();
    if (per_term) {
        snprintf(place.tensor, sizeof place.tensor, "term.%s", strcmp(kind, "shift") == 0 ? kind : "weight");
        place.element = terms + (uint64_t)which;
    } else if (strcmp(kind, "base") == 0) {
        snprintf(place.tensor, sizeof place.tensor, "%s.base", netlist->groups[group].name);
        place.element = (uint64_t)index * netlist->groups[group].ports + (uint64_t)which;
    } else if (strcmp(kind, "bias") == 0) {
        snprintf(place.tensor, sizeof place.tensor, "cell.bias");
        place.element = cell;
    } else {
        snprintf(place.tensor, sizeof place.tensor, "cell.type");
        place.element = 4 * cell + 1;
    }
    return place;
}

static void patch(const char *path, const struct place *place, long long delta)
{
    struct cf_error err;
    struct cf_safetensors *file;
    if (!cf_safetensors_open(&file, path, &err))
        die(&err);
    const struct cf_tensor *tensor = cf_safetensors_find(file, place->tensor);
    size_t size = tensor ? cf_dtype_size(tensor->dtype) : 0;
    if (!tensor || place->element >= tensor->count) {
        cf_fail(&err, "%s: no element %llu in '%s'", path, (unsigned long long)place->element, place->tensor);
        die(&err);
    }
    /* The data are the end of the file, in the order of the tensors. */
    uint64_t after = 0;
    for (size_t t = cf_safetensors_count(file); t-- > 0 && cf_safetensors_at(file, t) != tensor;)
        after += cf_safetensors_at(file, t)->size;
    int64_t value = 0;
    memcpy(&value, tensor->data + place->element * size, size); /* little-endian, like the machine */
    value += delta;
    int fd = open(path, O_WRONLY);
    off_t offset = lseek(fd, 0, SEEK_END) - (off_t)(after + tensor->size - place->element * size);
    if (fd < 0 || pwrite(fd, &value, size, offset) != (ssize_t)size || close(fd) != 0) {
        perror(path);
        exit(2);
    }
    cf_safetensors_close(file);
}

int main(int argc, char **argv)
{
    if (argc < 7 || strcmp(argv[2], "-o") != 0)
        usage();
    const char *kind = argv[4], *gate = argv[5];
    bool whole_cell = strcmp(kind, "cell") == 0;
    bool selects = whole_cell || strcmp(kind, "weight") == 0 || strcmp(kind, "shift") == 0 || strcmp(kind, "base") == 0;
    bool plain = strcmp(kind, "bias") == 0 || strcmp(kind, "width") == 0;
    if ((!selects && !plain) || argc != (selects ? 8 : 7))
        usage();
    struct cf_error err;
    struct cf_netlist *netlist;
    uint32_t group, index;
    if (!cf_netlist_load(&netlist, argv[1], &err))
        die(&err);
    find_gate(netlist, gate, &group, &index);
    if (!whole_cell)
        own_cell(netlist, group, index);
    struct place place = find_place(netlist, kind, group, index, selects ? number(argv[6]) : 0);
    if (!cf_netlist_save(netlist, argv[3], &err))
        die(&err);
    cf_netlist_free(netlist);
    patch(argv[3], &place, number(argv[argc - 1]));
    return 0;
}
