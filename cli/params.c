/* params.c - cofiber params: lists the tensors of a trained head with their parameters, and the row of the published
 * card that they match.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "compiler/heads/parts.h"

/* The role of a tensor of the head, as "cls_weight" or, one for each band, "norm.0.weight"; false: it has none. */
static bool role_of(const struct cf_parts *parts, size_t tensor, char name[64])
{
    static const char *const kinds[] = {"weight", "bias", "weight_scale"};
    for (int role = 0; role < CF_ROLE_COUNT; role++)
        for (uint32_t band = 0; band < parts->bands[role]; band++)
            for (int kind = 0; kind < CF_PART_KINDS; kind++)
                if (parts->part[role][band].tensor[kind] == tensor) {
                    const char *layer = cf_role_name((enum cf_role)role);
                    if (role == CF_ROLE_SCALE)
                        snprintf(name, 64, parts->bands[role] > 1 ? "%s.%u" : "%s", layer, band);
                    else if (parts->bands[role] > 1 || role == CF_ROLE_NORM)
                        snprintf(name, 64, "%s.%u.%s", layer, band, kinds[kind]);
                    else
                        snprintf(name, 64, "%s_%s", layer, kinds[kind]);
                    return true;
                }
    return false;
}

/* Scales of integer weights say how large a weight is; they are not parameters of their own. */
static bool counts(const char *role)
{
    return role && !strstr(role, "weight_scale");
}

static void add_tensor(cJSON *tensors, const struct cf_tensor *tensor, const char *role)
{
    cJSON *entry = cJSON_CreateObject(), *shape = cJSON_CreateArray();
    cli_json_text(entry, "name", tensor->name);
    if (role)
        cJSON_AddStringToObject(entry, "role", role);
    else
        cJSON_AddNullToObject(entry, "role");
    cJSON_AddStringToObject(entry, "dtype", cf_dtype_name(tensor->dtype));
    for (int d = 0; d < tensor->rank; d++)
        cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)tensor->shape[d]));
    cJSON_AddItemToObject(entry, "shape", shape);
    cJSON_AddNumberToObject(entry, "parameters", counts(role) ? (double)tensor->count : 0);
    if (counts(role))
        cJSON_AddNumberToObject(entry, "nonzero", (double)cf_parts_nonzero(tensor));
    cJSON_AddItemToArray(tensors, entry);
}

static void print_tensor(const struct cf_tensor *tensor, const char *role)
{
    char shape[128], parameters[32], nonzero[32];
    printf("%-28s %-18s %-5s %12s %12s  %s\n", tensor->name, cf_shape_text(tensor, shape, sizeof shape),
           cf_dtype_name(tensor->dtype), cli_thousands(tensor->count, parameters),
           counts(role) ? cli_thousands(cf_parts_nonzero(tensor), nonzero) : "-",
           role ? role : "(not part of the head)");
}

static int report(const struct cli_args *args, const struct cf_checkpoint *checkpoint, const struct cf_parts *parts,
                  const struct cf_parts_count *count)
{
    const char *variant = cf_parts_variant(parts, checkpoint, count->parameters);
    bool json = cli_given(args, "--json");
    cJSON *document = json ? cJSON_CreateObject() : NULL, *tensors = NULL;
    if (json) {
        cJSON_AddStringToObject(document, "variant", variant);
        cJSON_AddNumberToObject(document, "parameters", (double)count->parameters);
        cJSON_AddNumberToObject(document, "nonzero", (double)count->nonzero);
        cJSON_AddStringToObject(document, "format", checkpoint->kind);
        tensors = cJSON_AddArrayToObject(document, "tensors");
    } else {
        printf("%-28s %-18s %-5s %12s %12s  %s\n", "tensor", "shape", "dtype", "parameters", "nonzero", "role");
    }
    for (size_t i = 0; i < checkpoint->count; i++) {
        char role[64];
        const char *found = role_of(parts, i, role) ? role : NULL;
        if (json)
            add_tensor(tensors, &checkpoint->tensors[i], found);
        else
            print_tensor(&checkpoint->tensors[i], found);
    }
    if (json)
        return cli_print_json(document);
    char parameters[32], nonzero[32];
    printf("%s (%s): %s parameters, %s of them not zero; ", cli_shown(checkpoint->path), checkpoint->kind,
           cli_thousands(count->parameters, parameters), cli_thousands(count->nonzero, nonzero));
    if (count->parameters == 61520)
        printf("the published circuit's head\n");
    else if (*variant == 'o' || *variant == 'c')
        printf("no row of the published card has this many\n");
    else
        printf("the card's %s%s\n", variant, count->nonzero < count->parameters ? ", pruned" : "");
    return CLI_OK;
}

static int run(const struct cli_args *args)
{
    struct cf_checkpoint checkpoint;
    struct cf_parts parts;
    struct cf_parts_count count;
    struct cf_error err;
    if (!cf_checkpoint_open(&checkpoint, args->operands[0], &err))
        return cli_fail(&err);
    bool done = cf_parts_find(&parts, &checkpoint, cli_value(args, "--map"), cli_given(args, "--transpose"), &err) &&
                cf_parts_count(&parts, &checkpoint, &count, &err);
    int status = done ? report(args, &checkpoint, &parts, &count) : cli_fail(&err);
    cf_checkpoint_close(&checkpoint);
    return status;
}

const struct cli_command cli_params = {
    .name = "params",
    .synopsis = "HEAD [--map FILE.json] [--transpose] [--json]",
    .summary = "List the tensors of a trained head and count its parameters.",
    .details =
        "HEAD is a safetensors file, a PyTorch checkpoint (.pth or .pt, as torch.save writes it) or an ONNX model. "
        "Each tensor is listed with its shape, its number of parameters, how many of them are not zero, and its role "
        "in the head: cls (the classifier), project (a bottleneck), norm (a LayerNorm), reg, reg_hidden and reg_out "
        "(box regression), ctr (centerness), scale. The last words of a tensor's name give its role, whatever stands "
        "before them. Tensors without a role are listed and not counted. The last line says which head of the "
        "published card has as many parameters.",
    .min_operands = 1,
    .max_operands = 1,
    .options =
        (const struct cli_option[]){
            {"--map", "FILE.json", NULL,
             "Read from this file which tensors have which roles, where their names do not show it, as a JSON object: "
             "{\"cls_weight\": \"my.tensor\"}."},
            {"--transpose", NULL, NULL, "Read weights as [inputs, outputs]."},
            {"--json", NULL, NULL, "Print `variant`, `parameters`, `nonzero`, `format` and `tensors` as JSON."},
            {0}},
    .run = run,
};
