/* Any bytes at all through the reader of Yosys JSON; what it accepts is a valid network, evaluates, and converts.
 * Seeds: tests/hostile/yjson_*; build: make build/fuzz/fuzz_yosys_json. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/lower_threshold.h"
#include "netlists/yosys_json.h"

enum { SMALL = 4096 }; /* signals, up to which a network is worked through */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void work_through(const struct cf_bits *bits, const struct cf_bits_names *names)
{
    struct cf_error err = {{0}};
    struct cf_netlist *netlist;
    struct cf_bits_counts counts;
    uint64_t *inputs = calloc(bits->input_count + 1u, 8), *signals = calloc(cf_bits_signals(bits), 8);
    check(inputs && signals);
    cf_bits_evaluate(bits, inputs, signals);
    check(cf_bits_count(bits, &counts, &err));
    if (cf_bits_to_netlist(&netlist, bits, names, "fuzz", &err))
        cf_netlist_free(netlist);
    else
        check(strncmp(err.text, "fuzz: ", 6) == 0);
    free(inputs);
    free(signals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_error err = {{0}};
    struct cf_bits bits;
    struct cf_bits_names names;
    if (!cf_yosys_json_parse(&bits, &names, data, size, "fuzz", &err)) {
        check(strncmp(err.text, "fuzz: ", 6) == 0 && !strchr(err.text, '\n') && !bits.nodes);
        return 0;
    }
    check(cf_bits_check(&bits, "fuzz", &err));
    if (cf_bits_signals(&bits) < SMALL && bits.output_count < SMALL)
        work_through(&bits, &names);
    cf_bits_free(&bits);
    cf_bits_names_free(&names);
    return 0;
}
