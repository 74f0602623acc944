/* import.c - cofiber import: turns a binary network of another tool into a netlist of threshold gates. */
#include <stdio.h>

#include "cli/cli.h"
#include "compiler/lowering/lower_threshold.h"
#include "netlists/exchange/aiger.h"
#include "netlists/exchange/blif.h"
#include "netlists/exchange/yosys_json.h"
#include "netlists/store.h"

enum format { AIGER, YOSYS_JSON, BLIF }; /* as in --from */

static bool (*const readers[])(struct cf_network *network, struct cf_network_names *names, const char *path,
                               struct cf_error *err) = {
    [AIGER] = cf_aiger_read, [YOSYS_JSON] = cf_yosys_json_read, [BLIF] = cf_blif_read};

static int run(const struct cli_args *args)
{
    int format;
    const char *path = cli_value(args, "-o"), *file = args->operands[0];
    if (!path || !cli_given(args, "--from"))
        return cli_complain("import: --from FORMAT and -o NET are needed");
    if (!cli_choice(args, "--from", &format))
        return CLI_BAD;
    struct cf_network network;
    struct cf_network_names names;
    struct cf_error err;
    struct cf_netlist *netlist = NULL;
    if (!readers[format](&network, &names, file, &err))
        return cli_fail(&err);
    bool done = cf_network_to_netlist(&netlist, &network, &names, format == AIGER, file, &err) &&
                cf_netlist_save(netlist, path, &err);
    if (done) {
        char inputs[32], outputs[32], gates[32];
        printf("%s: %s inputs, %s outputs, %s gates in %u levels\n", cli_shown(path),
               cli_thousands(network.input_count, inputs), cli_thousands(network.output_count, outputs),
               cli_thousands(netlist->net_count - netlist->groups[CF_INPUT].count, gates), netlist->group_count - 2);
    }
    cf_netlist_free(netlist);
    cf_network_free(&network);
    cf_network_names_free(&names);
    return done ? CLI_OK : cli_fail(&err);
}

const struct cli_command cli_import = {
    .name = "import",
    .synopsis = "FILE --from aiger|yosys-json|blif -o NET",
    .summary = "Turn a binary network of another tool into a netlist, which all commands can read.",
    .details =
        "An AND gate becomes one threshold gate, H(a + b - 2), in which an inverted input has the weight -1; an XOR "
        "becomes two. Gates are grouped by level: level1, level2, ..., and output. The input has the shape [1, 1, "
        "inputs], or a single place that no gate reads where the network has no inputs; a frame for it is an array of "
        "that many channels that hold 0 or 1. The network must be combinational and have at most 131,070 "
        "levels, because a netlist has no room for more groups; an XOR takes two levels.\n"
        "From AIGER every AND is kept, even if no gate reads it or its inputs are constant, and so are the order, the "
        "symbols and the comment; `cofiber export --help` says when such a file comes back byte for byte. From Yosys "
        "the one-bit combinational gates and look-up tables of up to 16 inputs are read (run synth -flatten, then abc "
        "-g "
        "simple, cmos or all, or abc -lut 4). Ports of several bits are named as in Verilog: b[4] is the first bit of "
        "input [7:4] b.\n"
        "From BLIF one flat model is read, as ABC and Yosys write it: .inputs, .outputs and .names tables. The "
        "don't-care "
        "conditions behind .exdc are left unused, and attributes and the constraints on area and delay have no part in "
        "the function; all else, such as a latch or a library gate, is refused by name. A table, from either, becomes "
        "ANDs, XORs, and full adders where it is the sum or the carry of one.",
    .min_operands = 1,
    .max_operands = 1,
    .options = (const struct cli_option[]){{"-o", "NET", NULL, "Write the netlist to this file (required)."},
                                           {"--from", "aiger|yosys-json|blif", NULL,
                                            "The format of FILE (required); aiger may be binary or ASCII."},
                                           {0}},
    .run = run,
};
