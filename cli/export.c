/* export.c - cofiber export: binary networks of cells, cones and circuits in the formats of the trade. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "compiler/cut.h"
#include "compiler/lower.h"
#include "compiler/lower_circuit.h"
#include "compiler/lower_threshold.h"
#include "netlists/aiger.h"
#include "netlists/blif.h"
#include "netlists/csr.h"
#include "netlists/gate_verilog.h"
#include "netlists/names.h"
#include "netlists/store.h"
#include "netlists/yosys_json.h"

static const char *const formats[] = {"aiger",     "aiger-ascii", "blif",    "yosys-json", "verilog",
                                      "threshold", "csr",         "netlist", NULL};
enum format { AIGER, AIGER_ASCII, BLIF, YOSYS_JSON, VERILOG, THRESHOLD, CSR, NETLIST };

enum { MOST_ADDERS = 16 * 1000 * 1000, MOST_ROOTS = 4096 };

/* What was asked for. */
struct request {
    const struct cli_args *args;
    const char *path;
    enum format format;
    uint32_t lanes;
    uint32_t cell; /* the number given with --cell */
};

static bool write_network(const struct request *r, const struct cf_bits *bits, const struct cf_bits_names *names,
                          struct cf_error *err)
{
    struct cf_aiger_options aiger = {r->format == AIGER_ASCII, cli_given(r->args, "--dummy-latch")};
    struct cf_gate_verilog_options verilog = {r->lanes};
    struct cf_netlist *netlist;
    const char *path = r->path;
    switch (r->format) {
    case AIGER:
    case AIGER_ASCII:
        return cf_aiger_write(path, bits, names, &aiger, err);
    case BLIF:
        return cf_blif_write(path, bits, names, err);
    case YOSYS_JSON:
        return cf_yosys_json_write(path, bits, names, err);
    case VERILOG:
        return cf_gate_verilog_write(path, bits, names, &verilog, err);
    default: {
        bool done = cf_bits_to_netlist(&netlist, bits, names, path, err) && cf_netlist_save(netlist, path, err);
        cf_netlist_free(done ? netlist : NULL);
        return done;
    }
    }
}

static void report(const char *path, const struct cf_bits *bits)
{
    struct cf_bits_counts counts;
    char text[4][32];
    if (cf_bits_count(bits, &counts, NULL))
        printf("%s: %s inputs, %s outputs, %s full adders, %s AND nodes\n", path,
               cli_thousands(bits->input_count, text[0]), cli_thousands(bits->output_count, text[1]),
               cli_thousands(counts.full_adders, text[2]), cli_thousands(counts.aig_nodes, text[3]));
}

static bool export_cell(const struct request *r, const struct cf_netlist *netlist, uint32_t cell, struct cf_error *err)
{
    const char *path = r->path;
    if (r->format == THRESHOLD && netlist->cells[cell].activation == CF_STEP) {
        struct cf_netlist *gate = NULL;
        bool done = cf_step_to_netlist(&gate, &netlist->cells[cell], path, err) && cf_netlist_save(gate, path, err);
        cf_netlist_free(gate);
        return done;
    }
    struct cf_bits_cell lowered;
    struct cf_bits_names names = {0};
    bool done = cf_lower_cell(&lowered, &netlist->cells[cell], err) &&
                cf_lower_cell_names(&names, &lowered, cell, err) && write_network(r, &lowered.bits, &names, err);
    if (done)
        report(path, &lowered.bits);
    cf_bits_names_free(&names);
    cf_bits_cell_free(&lowered);
    return done;
}

/* The gates named in a list separated by blanks, as `option` had it; a bare group name stands for all its gates. */
static bool read_roots(const struct cf_netlist *netlist, const char *option, const char *list, uint32_t *roots,
                       uint32_t *count, struct cf_error *err)
{
    *count = 0;
    while (*(list += strspn(list, " ")) != '\0') {
        char name[CF_NAME_MAX];
        size_t length = strcspn(list, " ");
        if (length >= sizeof name)
            return cf_fail(err, "%s: a name of %zu characters", option, length);
        memcpy(name, list, length);
        name[length] = '\0';
        list += length;
        uint32_t group = cf_netlist_find_group(netlist, name), net, gates = 1;
        if (group != UINT32_MAX) {
            net = netlist->groups[group].first_net;
            gates = netlist->groups[group].count;
        } else if (!cf_net_find(netlist, name, &net, err)) {
            return false;
        }
        if (net < netlist->groups[CF_INPUT].count)
            return cf_fail(err, "%s: an input is no gate", name);
        if (gates > MOST_ROOTS - *count)
            return cf_fail(err, "%s: more than %d gates", option, MOST_ROOTS);
        for (uint32_t i = 0; i < gates; i++)
            roots[(*count)++] = net + i;
    }
    return *count > 0 || cf_fail(err, "%s: no gate is named", option);
}

static bool export_circuit(const struct request *r, const struct cf_netlist *netlist, struct cf_error *err)
{
    static uint32_t roots[MOST_ROOTS];
    uint32_t root_count = 0;
    const char *cone = cli_value(r->args, "--cone");
    if (cone && !read_roots(netlist, "--cone", cone, roots, &root_count, err))
        return false;
    struct cf_bits_cell *cells = cf_lower_cells(netlist, err);
    struct cf_bits bits = {0};
    struct cf_bits_names names = {0};
    bool done = cells && cf_lower_circuit(&bits, &names, netlist, cells, roots, root_count, MOST_ADDERS, err) &&
                write_network(r, &bits, &names, err);
    if (done)
        report(r->path, &bits);
    cf_lower_free(cells, netlist->cell_count);
    cf_bits_free(&bits);
    cf_bits_names_free(&names);
    return done;
}

static bool export_cut(const struct request *r, const struct cf_netlist *netlist, struct cf_error *err)
{
    static uint32_t gates[MOST_ROOTS];
    uint32_t count;
    struct cf_netlist *cut = NULL;
    bool done = read_roots(netlist, "--gate", cli_value(r->args, "--gate"), gates, &count, err) &&
                cf_cut(&cut, netlist, gates, count, err) && cf_netlist_save(cut, r->path, err);
    if (done)
        printf("%s: %u inputs of %u bits, %u gate%s of %u cell%s\n", r->path, cut->groups[CF_INPUT].count,
               cut->groups[CF_INPUT].type.width, count, count == 1 ? "" : "s", cut->cell_count,
               cut->cell_count == 1 ? "" : "s");
    cf_netlist_free(cut);
    return done;
}

static bool export_csr(const struct request *r, const struct cf_netlist *netlist, struct cf_error *err)
{
    const char *name = cli_value(r->args, "--group");
    uint32_t group = name ? cf_netlist_find_group(netlist, name) : 0;
    if (name && (group == UINT32_MAX || group == CF_INPUT))
        return cf_fail(err, "--group: the netlist has no group of gates called '%s'", name);
    if (!name && netlist->group_count < 2)
        return cf_fail(err, "%s: has no gates", netlist->label);
    return name ? cf_csr_write(r->path, netlist, group, group + 1, err)
                : cf_csr_write(r->path, netlist, 1, netlist->group_count, err);
}

static bool find_cell(const struct request *r, const struct cf_netlist *netlist, uint32_t *cell, struct cf_error *err)
{
    const char *gate = cli_value(r->args, "--gate");
    uint32_t net;
    *cell = r->cell;
    if (gate) {
        if (!cf_net_find(netlist, gate, &net, err))
            return false;
        const struct cf_group *group = &netlist->groups[cf_netlist_group_of(netlist, net)];
        if (!group->cell)
            return cf_fail(err, "%s: an input is no gate", gate);
        *cell = group->cell[net - group->first_net];
        return true;
    }
    return r->cell < netlist->cell_count ||
           cf_fail(err, "%s: there is no cell %u; the last is %u", netlist->label, r->cell, netlist->cell_count - 1);
}

static int run(const struct cli_args *args)
{
    int format;
    long long lanes, number = 0;
    const char *path = cli_value(args, "-o");
    bool cell = cli_given(args, "--cell") || cli_given(args, "--gate");
    if (!path || !cli_given(args, "--to"))
        return cli_complain("export: --to FORMAT and -o FILE are needed");
    if (!cli_choice(args, "--to", formats, &format) || !cli_integer(args, "--lanes", 1, 65536, &lanes) ||
        (cli_given(args, "--cell") && !cli_integer(args, "--cell", 0, INT32_MAX, &number)))
        return CLI_BAD;
    if (cli_given(args, "--cell") + cli_given(args, "--gate") + cli_given(args, "--cone") + (format == CSR) > 1)
        return cli_complain("export: one of --cell, --gate and --cone, and none of them with --to csr");
    if (format == NETLIST && !cli_given(args, "--gate"))
        return cli_complain("export: --to netlist takes the gates of --gate");
    struct cf_netlist *netlist;
    struct cf_error err;
    if (!cf_netlist_load(&netlist, args->operands[0], &err))
        return cli_fail(&err);
    struct request r = {args, path, (enum format)format, (uint32_t)lanes, (uint32_t)number};
    uint32_t index = 0;
    bool done = format == CSR       ? export_csr(&r, netlist, &err)
                : format == NETLIST ? export_cut(&r, netlist, &err)
                : cell              ? find_cell(&r, netlist, &index, &err) && export_cell(&r, netlist, index, &err)
                                    : export_circuit(&r, netlist, &err);
    cf_netlist_free(netlist);
    return done ? CLI_OK : cli_fail(&err);
}

const struct cli_command cli_export = {
    .name = "export",
    .synopsis = "NET --to FORMAT -o FILE [--cell N | --gate NAME | --cone NAMES]",
    .summary = "Write cells, cones or a small circuit as binary networks for other tools.",
    .details =
        "Formats: aiger (binary) and aiger-ascii, both with symbols; blif; yosys-json; verilog (gate level); threshold "
        "(a netlist of this project, every gate H(w.x + b) over bits; a step cell becomes one gate); csr (the "
        "word-level network as a sparse matrix, gates by nets, in a safetensors file that SciPy loads); netlist (the "
        "gates of --gate as a netlist of their own, cells as they are, whose input is what they read: frames of "
        "[N, 1, 1] integers).\n"
        "What: the cell of one gate (--gate), a cell by number, the cone of gates down to the input (--cone, names "
        "separated by blanks, a group's name for all of it), or, with none of these, all outputs. A network of more "
        "than 16 million adders is refused.",
    .min_operands = 1,
    .max_operands = 1,
    .options =
        (const struct cli_option[]){
            {"-o", "FILE", NULL, "where to write (required)"},
            {"--to", "FORMAT", NULL,
             "aiger, aiger-ascii, blif, yosys-json, verilog, threshold, csr or netlist (required)"},
            {"--cell", "N", NULL, "the cell of that number"},
            {"--gate", "NAME", NULL, "the cell of that gate; netlist: gates of one group, separated by blanks"},
            {"--cone", "NAMES", NULL, "these gates and everything they depend on"},
            {"--group", "NAME", NULL, "csr: only the gates of that group"},
            {"--dummy-latch", NULL, NULL, "aiger: with a latch that nothing reads, for tools that want one (ABC &sim)"},
            {"--lanes", "N", "1", "verilog: width of every wire, to evaluate N patterns at once"},
            {0}},
    .run = run,
};
