/* export.c - cofiber export: writes cells, cones and circuits in the formats of other tools. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/graphs.h"
#include "compiler/lowering/extract.h"
#include "compiler/lowering/imported.h"
#include "compiler/lowering/lower_circuit.h"
#include "compiler/lowering/lower_threshold.h"
#include "netlists/cell.h"
#include "netlists/exchange/aiger.h"
#include "netlists/exchange/blif.h"
#include "netlists/exchange/csr.h"
#include "netlists/exchange/gate_verilog.h"
#include "netlists/exchange/yosys_json.h"
#include "netlists/lowering/lower.h"
#include "netlists/names.h"
#include "netlists/store.h"

/* In the order of --to. */
enum format { AIGER, AIGER_ASCII, BLIF, YOSYS_JSON, VERILOG, THRESHOLD, CSR, NETLIST };

enum { MOST_ADDERS = 16 * 1000 * 1000, MOST_ROOTS = 4096 };

/* The parts of the command line that the functions below need. */
struct request {
    const struct cli_args *args;
    const char *path;
    enum format format;
    uint32_t lanes;
    uint32_t cell; /* the number given with --cell */
};

static bool write_network(const struct request *r, const struct cf_network *network,
                          const struct cf_network_names *names, bool as_is, struct cf_error *err)
{
    struct cf_aiger_options aiger = {
        .ascii = r->format == AIGER_ASCII, .as_is = as_is, .dummy_latch = cli_given(r->args, "--dummy-latch")};
    struct cf_gate_verilog_options verilog = {r->lanes};
    switch (r->format) {
    case BLIF:
        return cf_blif_write(r->path, network, names, err);
    case YOSYS_JSON:
        return cf_yosys_json_write(r->path, network, names, err);
    case VERILOG:
        return cf_gate_verilog_write(r->path, network, names, &verilog, err);
    default:
        return cf_aiger_write(r->path, network, names, &aiger, err);
    }
}

static bool report(const char *path, const struct cf_network *network, struct cf_error *err)
{
    struct cf_network_counts counts;
    char text[4][32];
    if (!cf_network_count(network, &counts, err))
        return false;
    printf("%s: %s inputs, %s outputs, %s full adders, %s AND nodes\n", cli_shown(path),
           cli_thousands(network->input_count, text[0]), cli_thousands(network->output_count, text[1]),
           cli_thousands(counts.full_adders, text[2]), cli_thousands(counts.aig_nodes, text[3]));
    return true;
}

static bool write_threshold(const struct request *r, const struct cf_cut *cut, const struct cf_network_names *names,
                            struct cf_error *err)
{
    struct cf_netlist *netlist;
    uint32_t passing;
    char text[4][32];
    if (!cf_cut_to_netlist(&netlist, cut, names, &passing, r->path, err))
        return false;
    bool done = cf_netlist_save(netlist, r->path, err);
    if (done) {
        printf("%s: %s inputs, %s outputs, %s threshold gates in %u levels", cli_shown(r->path),
               cli_thousands(cut->inputs, text[0]), cli_thousands(cut->outputs, text[1]),
               cli_thousands(netlist->net_count - netlist->groups[CF_INPUT].count, text[2]), netlist->group_count - 1);
        printf(passing ? ", %s of them to pass a bit on to an output\n" : "\n", cli_thousands(passing, text[3]));
    }
    cf_netlist_free(netlist);
    return done;
}

/* Writes one cell as threshold gates. The network of the lowered cell moves into the cut. */
static bool write_threshold_cell(const struct request *r, const struct cf_cell *cell, struct cf_network_cell *lowered,
                                 const struct cf_network_names *names, struct cf_error *err)
{
    struct cf_cut cut = {
        .network = lowered->network, .inputs = lowered->network.input_count, .outputs = lowered->network.output_count};
    if (cell->activation == CF_STEP && cf_cell_is_plain(cell)) {
        if (!cf_cut_of_step(&cut, cell, err))
            return false;
    } else {
        lowered->network = (struct cf_network){0};
    }
    bool done = write_threshold(r, &cut, names, err);
    cf_cut_free(&cut);
    return done;
}

static bool export_cell(const struct request *r, const struct cf_netlist *netlist, uint32_t cell, struct cf_error *err)
{
    struct cf_network_cell lowered = {0};
    struct cf_network_names names = {0};
    bool done = cf_lower_cell(&lowered, &netlist->cells[cell], err) && cf_lower_cell_names(&names, &lowered, cell, err);
    if (done && r->format == THRESHOLD) {
        done = write_threshold_cell(r, &netlist->cells[cell], &lowered, &names, err);
    } else if (done) {
        done = write_network(r, &lowered.network, &names, false, err) && report(r->path, &lowered.network, err);
    }
    cf_network_names_free(&names);
    cf_network_cell_free(&lowered);
    return done;
}

/* Reads the gates that a list names, separated by blanks, which was the value of `option`. A group's name stands for
 * all its gates. */
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
        if (gates > MOST_ROOTS - *count) {
            char text[2][32];
            return cf_fail(err,
                           "%s: %s gates up to '%s', but %s can be named. Name fewer; or export the word-level "
                           "matrix of a group (--to csr --group NAME)",
                           option, cli_thousands((uint64_t)*count + gates, text[0]), name,
                           cli_thousands(MOST_ROOTS, text[1]));
        }
        for (uint32_t i = 0; i < gates; i++)
            roots[(*count)++] = net + i;
    }
    return *count > 0 || cf_fail(err, "%s: no gate is named", option);
}

/* The roots that --cone names; none: all outputs. */
struct roots {
    uint32_t nets[MOST_ROOTS], count;
};

static bool export_binary(const struct request *r, const struct cf_netlist *netlist,
                          const struct cf_network_cell *cells, const struct roots *roots, struct cf_error *err)
{
    struct cf_network network = {0};
    struct cf_network_names names = {0};
    bool as_is = false, done = true;
    if (r->format <= AIGER_ASCII && roots->count == 0)
        done = cf_imported_aiger(&network, &names, netlist, &as_is, err);
    done = done &&
           (as_is || cf_lower_circuit(&network, &names, netlist, cells, roots->nets, roots->count, MOST_ADDERS, err));
    done = done && write_network(r, &network, &names, as_is, err) && report(r->path, &network, err);
    cf_network_free(&network);
    cf_network_names_free(&names);
    return done;
}

static bool export_threshold(const struct request *r, const struct cf_netlist *netlist,
                             const struct cf_network_cell *cells, const struct roots *roots, struct cf_error *err)
{
    struct cf_cut cut;
    struct cf_network_names names;
    if (!cf_lower_cut(&cut, &names, netlist, cells, roots->nets, roots->count, MOST_ADDERS, err))
        return false;
    bool done = write_threshold(r, &cut, &names, err);
    cf_cut_free(&cut);
    cf_network_names_free(&names);
    return done;
}

static bool export_circuit(const struct request *r, const struct cf_netlist *netlist, struct cf_error *err)
{
    struct roots roots;
    roots.count = 0;
    const char *cone = cli_value(r->args, "--cone");
    if (cone && !read_roots(netlist, "--cone", cone, roots.nets, &roots.count, err))
        return false;
    struct cf_network_cell *cells = cf_lower_cells(netlist, err);
    bool done = cells && (r->format == THRESHOLD ? export_threshold : export_binary)(r, netlist, cells, &roots, err);
    cf_lower_free(cells, netlist->cell_count);
    return done;
}

static bool export_extract(const struct request *r, const struct cf_netlist *netlist, struct cf_error *err)
{
    static uint32_t gates[MOST_ROOTS];
    uint32_t count;
    struct cf_netlist *part = NULL;
    bool done = read_roots(netlist, "--gate", cli_value(r->args, "--gate"), gates, &count, err) &&
                cf_extract(&part, netlist, gates, count, err) && cf_netlist_save(part, r->path, err);
    if (done)
        printf("%s: %u inputs of %u bits, %u gate%s of %u cell%s\n", cli_shown(r->path), part->groups[CF_INPUT].count,
               part->groups[CF_INPUT].type.width, count, count == 1 ? "" : "s", part->cell_count,
               part->cell_count == 1 ? "" : "s");
    cf_netlist_free(part);
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
    struct cf_csr_size size;
    char text[3][32];
    if (!cf_csr_write(r->path, netlist, name ? group : 1, name ? group + 1 : netlist->group_count, &size, err))
        return false;
    printf("%s: %s gates by %s nets, %s edges\n", cli_shown(r->path), cli_thousands(size.gates, text[0]),
           cli_thousands(size.nets, text[1]), cli_thousands(size.edges, text[2]));
    return true;
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

/* Refuses an option that the format has no use for. */
static bool check_options(const struct cli_args *args, enum format format)
{
    static const struct {
        const char *option;
        enum format first, last;
        const char *formats;
    } uses[] = {{"--dummy-latch", AIGER, AIGER_ASCII, "aiger and aiger-ascii"},
                {"--lanes", VERILOG, VERILOG, "verilog"},
                {"--group", CSR, CSR, "csr"}};
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        if (cli_given(args, uses[i].option) && (format < uses[i].first || format > uses[i].last)) {
            cli_complain("export: %s is for --to %s, not for %s", uses[i].option, uses[i].formats,
                         cli_value(args, "--to"));
            return false;
        }
    return true;
}

static int run(const struct cli_args *args)
{
    int format, adders;
    long long lanes, number = 0;
    const char *path = cli_value(args, "-o");
    bool cell = cli_given(args, "--cell") || cli_given(args, "--gate");
    if (!path || !cli_given(args, "--to"))
        return cli_complain("export: --to FORMAT and -o FILE are needed");
    if (!cli_choice(args, "--to", &format) || !cli_choice(args, "--adders", &adders) ||
        !check_options(args, (enum format)format) || !cli_integer(args, "--lanes", 1, 65536, &lanes) ||
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
    bool done = cli_place_graphs(&netlist, args, &err);
    done = !done               ? false
           : format == CSR     ? export_csr(&r, netlist, &err)
           : format == NETLIST ? export_extract(&r, netlist, &err)
           : cell              ? find_cell(&r, netlist, &index, &err) && export_cell(&r, netlist, index, &err)
                               : export_circuit(&r, netlist, &err);
    cf_netlist_free(netlist);
    return done ? CLI_OK : cli_fail(&err);
}

const struct cli_command cli_export = {
    .name = "export",
    .synopsis = "NET --to FORMAT -o FILE [--cell N | --gate NAME | --cone NAMES]",
    .summary = "Write cells, cones of gates or a small circuit as binary networks for other tools.",
    .details =
        "The formats are: aiger (binary) and aiger-ascii, both with symbols; blif; yosys-json; verilog, at gate level; "
        "threshold, a netlist of this project in which every gate is H(w.x + b) over bits, with two gates per full "
        "adder and one per step, as `stats --bits` counts them; csr, the word-level network as a sparse matrix of "
        "gates by nets, in a safetensors file that SciPy loads; and netlist, the gates named by --gate as a netlist of "
        "their own, with their cells unchanged, whose input is the nets that they read (its frames are [N, 1, 1] "
        "integers).\n"
        "--gate exports the cell of one gate, --cell a cell by its number, and --cone the named gates with everything "
        "that they depend on, down to the input; the names are separated by blanks, and the name of a group stands "
        "for all its gates. Without any of these the command exports the cone of all outputs. Outputs stand in the "
        "order of the netlist, each once, in whatever order --cone names them. A network of more than 16 million "
        "adders is refused.\n"
        "An imported AIGER file comes back byte for byte, with symbols and comment, if it has no latches and is either "
        "binary, or ASCII with variables numbered and operands ordered as in the binary form. Every file that "
        "cofiber writes without --dummy-latch is of this kind. Other files come back with the same function.\n"
        "AIGER keeps imported names as they are. In blif, yosys-json and verilog each port needs a name of its own: "
        "characters that these formats do not allow become '_', and a name that another port or a wire of the file "
        "has already is followed by \"_i7\" or \"_o7\", for input or output number 7. In yosys-json and verilog, bits "
        "b[4], b[5], b[6] become one port, [6:4] b. The Verilog, unless it has lanes, is as ABC's read_verilog takes "
        "it: "
        "a name with a character that ABC refuses, such as the comma of s0.pool[0,0,1], becomes an identifier, "
        "s0_pool_0_0_1.",
    .min_operands = 1,
    .max_operands = 1,
    .options =
        (const struct cli_option[]){
            {"-o", "FILE", NULL, "Write to this file (required)."},
            {"--to", "aiger|aiger-ascii|blif|yosys-json|verilog|threshold|csr|netlist", NULL,
             "The format to write (required)."},
            {"--cell", "N", NULL, "Export the cell with this number."},
            {"--gate", "NAME", NULL,
             "Export the cell of this gate; with --to netlist, export these gates of one group, separated by blanks."},
            {"--cone", "NAMES", NULL, "Export these gates and everything that they depend on."},
            {"--group", "NAME", NULL, "With --to csr, export only the gates of this group."},
            CLI_PLACED_OPTION,
            {"--dummy-latch", NULL, NULL,
             "With --to aiger or aiger-ascii, add a latch that no gate reads, for tools that need one, such as ABC's "
             "&sim."},
            {"--lanes", "N", "1",
             "With --to verilog, make every wire N bits wide, so that N patterns are evaluated at once."},
            {0}},
    .run = run,
};
