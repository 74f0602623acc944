/* synth.c - cofiber synth: synthesises an accelerator's package, and prints its cost beside the model's forecast. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/directory.h"
#include "base/file.h"
#include "base/scratch.h"
#include "cli/cli.h"
#include "cli/interrupt.h"
#include "rtl/tools/stream_synth.h"

static bool stop(void *context)
{
    (void)context;
    return cli_interrupted();
}

/* The package's own account of what it costs, cofiber_stream_model.json. */
static bool read_model(const char *directory, cJSON **model, struct cf_error *err)
{
    char prefix[64], *path = NULL, *text = NULL;
    size_t size;
    bool done =
        cf_stream_find_package(directory, prefix, err) &&
        (asprintf(&path, "%s/%scofiber_stream_model.json", directory, prefix) >= 0 || cf_fail(err, "out of memory"));
    done = done && cf_file_read(path, 1 << 16, &text, &size, err);
    *model = done ? cJSON_Parse(text) : NULL;
    done = done && (cJSON_IsObject(*model) || cf_fail(err, "%s: is no model of an accelerator", path));
    free(text);
    free(path);
    return done;
}

static double number_of(const cJSON *model, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(model, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* What the package foretells of a target; 0 in luts and registers: nothing. */
struct forecast {
    uint64_t cycles, multipliers, luts, registers, dsps, memory_bits;
};

/* A multiplier takes one DSP block, or half of an SB_MAC16 in the shared core; an iCE40 has none for the wide core,
 * whose multipliers are LUTs there, which are not foretold. */
static struct forecast foretell(const cJSON *model, int target)
{
    struct forecast f = {.cycles = (uint64_t)number_of(model, "cycles_per_frame"),
                         .multipliers = (uint64_t)number_of(model, "multipliers"),
                         .registers = (uint64_t)number_of(model, "registers"),
                         .memory_bits = (uint64_t)number_of(model, "memory_bits")};
    bool wanted = number_of(model, "dsp_blocks_wanted") != 0, shared = number_of(model, "shared") != 0;
    if (target == CF_TARGET_GENERIC)
        f.luts = (uint64_t)number_of(model, "luts");
    if (wanted)
        f.dsps = target != CF_TARGET_ICE40 ? f.multipliers : shared ? (f.multipliers + 1) / 2 : 0;
    return f;
}

static int report_json(const struct cf_synth_result *r, const struct forecast *f, const char *target)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddStringToObject(document, "target", target);
    cJSON_AddNumberToObject(document, "luts", (double)r->luts);
    cJSON_AddNumberToObject(document, "registers", (double)r->registers);
    cJSON_AddNumberToObject(document, "dsps", (double)r->dsps);
    cJSON_AddNumberToObject(document, "memory_blocks", (double)r->memory_blocks);
    cJSON_AddNumberToObject(document, "memory_bits", (double)r->memory_bits);
    cJSON_AddNumberToObject(document, "multipliers", (double)r->multipliers);
    cJSON_AddNumberToObject(document, "logic_cells", (double)r->cells);
    cJSON_AddNumberToObject(document, "seed", r->seed);
    cJSON_AddNumberToObject(document, "nextpnr_mhz", r->nextpnr_mhz);
    cJSON_AddNumberToObject(document, "icetime_mhz", r->icetime_mhz);
    cJSON_AddNumberToObject(document, "frames_per_second",
                            f->cycles > 0 ? 1e6 * cf_synth_clock(r) / (double)f->cycles : 0);
    cJSON *foretold = cJSON_AddObjectToObject(document, "model");
    cJSON_AddNumberToObject(foretold, "cycles_per_frame", (double)f->cycles);
    cJSON_AddNumberToObject(foretold, "multipliers", (double)f->multipliers);
    cJSON_AddNumberToObject(foretold, "dsps", (double)f->dsps);
    if (f->luts > 0)
        cJSON_AddNumberToObject(foretold, "luts", (double)f->luts);
    if (f->registers > 0)
        cJSON_AddNumberToObject(foretold, "registers", (double)f->registers);
    cJSON_AddNumberToObject(foretold, "memory_bits", (double)f->memory_bits);
    return cli_print_json(document);
}

/* One line: what was found, and what was foretold where it was. */
static void print_counts(const char *name, uint64_t found, uint64_t foretold, bool known)
{
    char left[32], right[32];
    printf("%-20s %14s", name, cli_thousands(found, left));
    if (known)
        printf(" %14s", cli_thousands(foretold, right));
    printf("\n");
}

static void report_text(const struct cf_synth_result *r, const struct forecast *f, int target)
{
    char number[32];
    bool generic = target == CF_TARGET_GENERIC;
    printf("%-20s %14s %14s\n", "", "synthesised", "model");
    print_counts("LUTs", r->luts, f->luts, f->luts > 0);
    print_counts("flip-flops", r->registers, f->registers, f->registers > 0);
    print_counts(generic ? "multipliers" : "DSP blocks", generic ? r->multipliers : r->dsps, f->dsps, true);
    print_counts(generic ? "memory bits" : "block RAM bits", r->memory_bits, f->memory_bits, true);
    if (r->nextpnr_mhz > 0) {
        print_counts("logic cells", r->cells, 0, false);
        printf("%-20s %14.1f\n", "MHz, by nextpnr", r->nextpnr_mhz);
        printf("%-20s %14.1f\n", "MHz, by icetime", r->icetime_mhz);
        printf("%-20s %14u\n", "seed", r->seed);
        printf("%-20s %14.2f\n", "frames per second", 1e6 * cf_synth_clock(r) / (double)f->cycles);
    }
    printf("%-20s %14s %14s\n", "cycles per frame", "", cli_thousands(f->cycles, number));
}

/* Copies a file of the tools' output to `path`, where there is one. */
static bool keep(const char *path, const char *scratch, const char *name, struct cf_error *err)
{
    if (!path)
        return true;
    char *from = cf_directory_join(scratch, name), *text = NULL;
    size_t size;
    bool done = (from || cf_fail(err, "out of memory")) && cf_file_read(from, 1 << 30, &text, &size, err) &&
                cf_file_write(path, text, size, err);
    free(text);
    free(from);
    return done;
}

static int run(const struct cli_args *args)
{
    static const char *const targets[] = {"ice40", "ecp5", "xilinx", "generic"};
    struct cf_error err;
    struct cf_scratch scratch = {0};
    struct cf_synth_result result;
    cJSON *model = NULL;
    const char *place = getenv("TMPDIR"), *directory = args->operands[0];
    int target, status = CLI_OK;
    long long seed, seeds;
    if (!cli_choice(args, "--target", &target) || !cli_integer(args, "--seed", 1, 1000000, &seed) ||
        !cli_integer(args, "--seeds", 1, 100, &seeds))
        return CLI_BAD;
    const char *bitstream = cli_value(args, "--bitstream");
    bool placed = cli_given(args, "--place") || bitstream || cli_given(args, "--seeds");
    if (placed && target != CF_TARGET_ICE40)
        return cli_complain("synth: only --target ice40 is placed");
    cli_catch_interrupts();
    bool done = read_model(directory, &model, &err) &&
                cf_scratch_make(&scratch, place && *place == '/' ? place : "/tmp", "cofiber-synth", &err);
    const struct cf_synth_options options = {.target = (enum cf_stream_target)target,
                                             .scratch = scratch.path,
                                             .logic = number_of(model, "dsp_blocks_wanted") == 0,
                                             .place = placed,
                                             .seed = (uint32_t)seed,
                                             .seeds = (uint32_t)seeds,
                                             .netlist = cli_value(args, "-o") != NULL,
                                             .bitstream = bitstream != NULL,
                                             .stop = stop};
    done = done && cf_stream_synthesise(&result, directory, &options, &err);
    done = done && keep(cli_value(args, "-o"), scratch.path, "netlist.v", &err) &&
           keep(bitstream, scratch.path, "netlist.bin", &err);
    if (!done)
        status = cli_fail(&err);
    else {
        const struct forecast forecast = foretell(model, target);
        if (cli_given(args, "--json"))
            status = report_json(&result, &forecast, targets[target]);
        else
            report_text(&result, &forecast, target);
    }
    cJSON_Delete(model);
    cf_scratch_remove(&scratch);
    return status;
}

const struct cli_command cli_synth = {
    .name = "synth",
    .synopsis = "DIR [--target ice40|ecp5|xilinx|generic] [options]",
    .summary = "Synthesise a streaming accelerator, and print its cost beside the model's.",
    .details = "DIR was written by `cofiber verilog --style stream`. This command needs yosys, and with --place also "
               "nextpnr-ice40 and icetime. iCE40 is synthesised without -dsp, which loses multipliers silently; "
               "docs/stream.md shows an example. Memories that are too small for block RAM become LUTs or flip-flops "
               "of the target, so that its block RAM bits are not the model's memory bits; the target generic counts "
               "all memory bits of the Verilog.",
    .min_operands = 1,
    .max_operands = 1,
    .options =
        (const struct cli_option[]){
            {"--target", "ice40|ecp5|xilinx|generic", "generic",
             "Map to the cells of this family; generic: LUTs of 4 inputs, among them one per bit of an adder, and "
             "memories "
             "and the multipliers that are meant for DSP blocks counted as they are described."},
            {"--place", NULL, NULL,
             "ice40: place and route, and time: for a UP5K (sg48) where the package "
             "was written with --fit ice40up5k, else for an HX8K (ct256)."},
            {"--seed", "N", "1", "Seed of the placement."},
            {"--seeds", "N", "1", "Place with N seeds, from --seed on, and keep the fastest."},
            {"--bitstream", "FILE", NULL, "ice40: place, and write the bitstream that configures the device."},
            {"-o", "FILE", NULL, "Keep the netlist after synthesis as Verilog."},
            {"--json", NULL, NULL, "Print the counts as JSON."},
            {0}},
    .run = run,
};
