/* vectors.c - cofiber vectors: makes test frames from the weights. */
#include <stdio.h>
#include <stdlib.h>

#include "base/safetensors.h"
#include "cli/features.h"
#include "netlists/store.h"
#include "sim/frames/quantise.h"
#include "sim/vectors/vectors.h"

static bool write_frames(const char *path, const struct cf_netlist *netlist, const struct cf_vectors *vectors,
                         struct cf_error *err)
{
    const struct cf_group *input = &netlist->groups[CF_INPUT];
    struct cf_frame_shape frame = cf_input_shape(netlist);
    uint64_t shape[4] = {vectors->count, frame.channels, frame.height, frame.width};
    size_t id, size = input->count * sizeof(float);
    float *features = malloc(size);
    struct cf_safetensors_writer *out = NULL;
    bool done = (features || cf_fail(err, "%s: out of memory", path)) && cf_safetensors_create(&out, path, err) &&
                cf_safetensors_add_metadata(out, "format", "cofiber-vectors", err) &&
                cf_safetensors_add(out, "features", CF_F32, 4, shape, &id, err) && cf_safetensors_begin(out, err);
    for (uint32_t f = 0; done && f < vectors->count; f++)
        done = cli_to_features(netlist, vectors->frames[f], features, err) &&
               cf_safetensors_write(out, id, f * size, features, size, err);
    free(features);
    if (done)
        return cf_safetensors_commit(&out, err);
    cf_safetensors_abort(&out);
    return false;
}

static int report(const struct cli_args *args, const struct cf_vectors *vectors)
{
    char met[32], aims[32];
    if (cli_given(args, "--json")) {
        cJSON *document = cJSON_CreateObject();
        cJSON_AddNumberToObject(document, "frames", vectors->count);
        cJSON_AddNumberToObject(document, "aims", vectors->aim_count);
        cJSON_AddNumberToObject(document, "met", vectors->met);
        cJSON_AddNumberToObject(document, "classifiers", vectors->gates);
        cJSON_AddNumberToObject(document, "guarded", vectors->guarded);
        cJSON_AddNumberToObject(document, "constants", vectors->constants);
        cJSON_AddNumberToObject(document, "skipped", vectors->skipped);
        cJSON_AddNumberToObject(document, "left_out", vectors->left_out);
        return cli_print_json(document);
    }
    printf(
        "%s: %u frames; %s of %s wished-for sums (at the threshold, just below and above, least, greatest) are met\n",
        cli_shown(cli_value(args, "-o")), vectors->count, cli_thousands(vectors->met, met),
        cli_thousands(vectors->aim_count, aims));
    printf("any one wrong weight changes a decision: %s of %s classifiers\n", cli_thousands(vectors->guarded, met),
           cli_thousands(vectors->gates, aims));
    if (vectors->constants)
        printf("constants, which read nothing, and so have no frames: %u\n", vectors->constants);
    if (vectors->skipped)
        printf("%u classifiers left out: their sums are no linear forms of the input\n", vectors->skipped);
    if (vectors->left_out)
        printf("%u gates with cells of their own left out: they would take too many frames\n", vectors->left_out);
    return CLI_OK;
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct cf_netlist *netlist;
    struct cf_vectors vectors = {0};
    if (!cli_value(args, "-o"))
        return cli_complain("vectors: -o FRAMES is missing");
    if (!cf_netlist_load(&netlist, args->operands[0], &err))
        return cli_fail(&err);
    bool done = cf_quantiser_fits(netlist, &err) && cf_vectors_make(&vectors, netlist, &err) &&
                write_frames(cli_value(args, "-o"), netlist, &vectors, &err);
    int status = done ? report(args, &vectors) : cli_fail(&err);
    cf_vectors_free(&vectors);
    cf_netlist_free(netlist);
    return status;
}

const struct cli_command cli_vectors = {
    .name = "vectors",
    .synopsis = "NET -o FRAMES",
    .summary = "Make test frames from the weights: sums at the threshold, extreme sums, one-hot inputs.",
    .details =
        "For each classifier of each scale the command makes inputs whose sum is exactly -1, 0 and +1, or as near to "
        "the threshold as the greatest common divisor of the weights allows, and inputs whose sum is least and "
        "greatest. Gates that share no input share a frame. In the inputs for -1 and 0 no operand is 0, and each "
        "operand has the same sign in both, so that any one wrong weight changes a decision. Further frames have all "
        "values least, all values greatest, a checkerboard of both, and one-hot inputs.\n"
        "FRAMES is a safetensors file with the tensor `features`, F32 [N, D, H, W], which quantises to exactly these "
        "integers.",
    .min_operands = 1,
    .max_operands = 1,
    .options = (const struct cli_option[]){{"-o", "FRAMES", NULL, "Write the frames to this file (required)."},
                                           {"--json", NULL, NULL, "Print the summary as JSON."},
                                           {0}},
    .run = run,
};
