/* Any bytes at all through the reader of Yosys JSON; what it accepts is a valid network,
 * which means the same as a netlist and on the way back.
 * Seeds: tests/hostile/yjson_*; build: make build/fuzz/fuzz_yosys_json. */
#include "netlists/exchange/yosys_json.h"
#include "tests/fuzz/semantics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_error err = {0};
    struct cf_network bits;
    struct cf_network_names names;
    if (!cf_yosys_json_parse(&bits, &names, data, size, "fuzz", &err)) {
        check(strncmp(err.text, "fuzz: ", 6) == 0 && !strchr(err.text, '\n') && !bits.nodes);
        return 0;
    }
    check(cf_network_check(&bits, "fuzz", &err));
    if (cf_network_signals(&bits) < SMALL && bits.output_count < SMALL)
        check_semantics(&bits, &names, false);
    cf_network_free(&bits);
    cf_network_names_free(&names);
    return 0;
}
