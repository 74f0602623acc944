/* Any bytes at all through the reader of Yosys JSON; what it accepts is a valid network,
 * which means the same as a netlist and on the way back.
 * Seeds: tests/hostile/yjson_*; build: make build/fuzz/fuzz_yosys_json. */
#include "netlists/yosys_json.h"
#include "tests/fuzz/semantics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
        check_semantics(&bits, &names, false);
    cf_bits_free(&bits);
    cf_bits_names_free(&names);
    return 0;
}
