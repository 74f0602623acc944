/* import.c - cofiber import: a foreign binary network becomes a netlist of threshold gates, for every tool here. */
#include <stdio.h>

#include "cli/cli.h"
#include "compiler/lowering/lower_threshold.h"
#include "netlists/exchange/aiger.h"
#include "netlists/exchange/yosys_json.h"
#include "netlists/store.h"

static const char *const formats[] = {"aiger", "yosys-json", NULL};

static int run(const struct cli_args *args)
{
    int format;
    const char *path = cli_value(args, "-o"), *file = args->operands[0];
    if (!path || !cli_given(args, "--from"))
        return cli_complain("import: --from FORMAT and -o NET are needed");
    if (!cli_choice(args, "--from", formats, &format))
        return CLI_BAD;
    struct cf_network bits;
    struct cf_network_names names;
    struct cf_error err;
    struct cf_netlist *netlist = NULL;
    if (!(format == 0 ? cf_aiger_read : cf_yosys_json_read)(&bits, &names, file, &err))
        return cli_fail(&err);
    bool done =
        cf_network_to_netlist(&netlist, &bits, &names, format == 0, file, &err) && cf_netlist_save(netlist, path, &err);
    if (done) {
        char inputs[32], outputs[32], gates[32];
        printf("%s: %s inputs, %s outputs, %s gates in %u levels\n", path, cli_thousands(bits.input_count, inputs),
               cli_thousands(bits.output_count, outputs),
               cli_thousands(netlist->net_count - netlist->groups[CF_INPUT].count, gates), netlist->group_count - 2);
    }
    cf_netlist_free(netlist);
    cf_network_free(&bits);
    cf_network_names_free(&names);
    return done ? CLI_OK : cli_fail(&err);
}

const struct cli_command cli_import = {
    .name = "import",
    .synopsis = "FILE --from aiger|yosys-json -o NET",
    .summary = "Read a binary network of another tool, to simulate and count it here.",
    .details =
        "An AND with inverted inputs is one threshold gate, H(a + b - 2) with weights of -1 for inverted "
        "inputs; XOR takes two. Gates are grouped by level: level1, level2, ... and output. The input is "
        "[1, 1, inputs] (one that nothing reads, where there are none): a frame for it is an array of that many "
        "channels, 0 or 1. Combinational networks only, of at most 4,000 levels (XOR takes two): a netlist has no "
        "room for more groups.\n"
        "Of AIGER, every AND is kept, those that nothing reads and those of constants too, and so are order, "
        "symbols and comment: `cofiber export --help` says when the file comes back byte for byte. Of "
        "Yosys, the one-bit combinational gates are read (synth -flatten; abc -g simple, cmos or all), and ports "
        "of several bits are named as in Verilog: b[4] is the first of input [7:4] b.",
    .min_operands = 1,
    .max_operands = 1,
    .options =
        (const struct cli_option[]){{"-o", "NET", NULL, "where to write the netlist (required)"},
                                    {"--from", "FORMAT", NULL, "aiger (binary or ASCII) or yosys-json (required)"},
                                    {0}},
    .run = run,
};
