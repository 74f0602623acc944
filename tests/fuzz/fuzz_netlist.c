/* Any bytes at all through the netlist reader; what it accepts must hold every promise of a valid netlist.
 * Seeds: tests/hostile/net_*, netlists/golden; build: make build/fuzz/fuzz_netlist. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/passes.h"
#include "compiler/record.h"
#include "netlists/analyse.h"
#include "netlists/check.h"
#include "netlists/diff.h"
#include "netlists/names.h"
#include "netlists/store.h"
#include "sim/word/reference.h"

enum { MAX_NETS = 1 << 16, MAX_EDGES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* Every value lies in its net's type, on the input's least and largest values and on a pattern. */
static void evaluate(const struct cf_netlist *netlist)
{
    struct cf_type input = netlist->groups[CF_INPUT].type;
    int64_t low = cf_type_min(input), high = cf_type_max(input);
    int64_t *nets = malloc(netlist->net_count * sizeof *nets);
    for (int pattern = 0; nets && pattern < 3; pattern++) {
        for (uint32_t i = 0; i < netlist->groups[CF_INPUT].count; i++)
            nets[i] = pattern == 0 || (pattern == 2 && i % 3) ? low : high;
        cf_word_evaluate(netlist, nets);
        for (uint32_t g = 1; g < netlist->group_count; g++) {
            const struct cf_group *group = &netlist->groups[g];
            for (uint32_t i = 0; i < group->count; i++) {
                int64_t value = nets[group->first_net + i];
                check(value >= cf_type_min(group->type) && value <= cf_type_max(group->type));
            }
        }
    }
    free(nets);
}

static void name_nets(const struct cf_netlist *netlist)
{
    char name[CF_NAME_MAX];
    struct cf_error err;
    uint32_t step = netlist->net_count / 64 + 1, found;
    for (uint32_t net = 0; net < netlist->net_count; net += step)
        check(cf_net_find(netlist, cf_net_name(netlist, net, name, sizeof name), &found, &err) && found == net);
}

static void sweep(const struct cf_netlist *netlist)
{
    struct cf_error err;
    struct cf_netlist_diff diff;
    struct cf_netlist *copy = cf_netlist_copy(netlist, &err);
    check(copy && cf_netlist_check(copy, &err));
    check(cf_netlist_compare(netlist, copy, &diff, NULL, NULL, NULL));
    check(diff.different == 0);
    struct cf_netlist *swept = cf_sweep(copy, &err);
    check(swept && cf_netlist_check(swept, &err));
    check(cf_netlist_compare(netlist, swept, &diff, NULL, NULL, NULL));
    cf_netlist_free(swept);
    cf_netlist_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_safetensors *file;
    struct cf_netlist *netlist;
    struct cf_compile_options options;
    struct cf_facts facts;
    struct cf_error err = {0};
    if (!cf_safetensors_parse(&file, data, size, "fuzz", &err))
        return 0;
    bool valid = cf_netlist_from_safetensors(&netlist, file, &err);
    cf_safetensors_close(file);
    check(valid == (netlist != NULL));
    if (!valid) {
        check(strncmp(err.text, "fuzz: ", 6) == 0 && !strchr(err.text, '\n'));
        return 0;
    }
    if (netlist->net_count <= MAX_NETS && cf_netlist_analyse(netlist, &facts, &err)) {
        check(facts.live <= facts.gates && facts.live_edges <= facts.edges && facts.depth < netlist->group_count);
        if (facts.edges <= MAX_EDGES) {
            evaluate(netlist);
            name_nets(netlist);
            sweep(netlist);
        }
        (void)cf_compile_recorded(netlist, &options, &err);
        cf_facts_free(&facts);
    }
    cf_netlist_free(netlist);
    return 0;
}
