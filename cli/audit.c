/* audit.c - cofiber audit: checks every claim of the published card for the head and frames given. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/interrupt.h"
#include "report/audit.h"

static bool on_progress(void *context, uint64_t done, uint64_t total)
{
    struct cli_progress *progress = context;
    progress->total = total;
    cli_progress_update(progress, done);
    return !cli_interrupted();
}

/* Reads --grid, --upsample, --input-bits, --input-scale, --score-threshold, --weight and --bias; false after a message.
 */
static bool audit_options(const struct cli_args *args, struct cf_evidence_options *options)
{
    int upsample;
    long long bits;
    struct cf_compile_options *compile = &options->compile;
    *options = (struct cf_evidence_options){.weight = cli_value(args, "--weight"), .bias = cli_value(args, "--bias")};
    *compile = cf_compile_defaults();
    if (!cli_grid(args, &compile->height, &compile->width) || !cli_choice(args, "--upsample", &upsample) ||
        !cli_integer(args, "--input-bits", 2, 16, &bits) ||
        !cli_number(args, "--score-threshold", &compile->score_threshold))
        return false;
    compile->upsample = (enum cf_upsample)upsample;
    compile->input_bits = (int)bits;
    compile->input_scale = 0;
    if (!cli_given(args, "--input-scale"))
        return true;
    return cli_number(args, "--input-scale", &compile->input_scale) &&
           (compile->input_scale > 0 ||
            cli_complain("%s: --input-scale must be positive", args->command->name) == CLI_OK);
}

/* The claims as a JSON array: {key, claim, verdict, found, how}, and condition and because where there are any. */
static cJSON *claims_json(const struct cf_claims *claims)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < claims->count; i++) {
        const struct cf_claim *claim = &claims->items[i];
        char verdict[CF_VERDICT_TEXT];
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "key", claim->key);
        cJSON_AddStringToObject(entry, "claim", claim->claim);
        cJSON_AddStringToObject(entry, "verdict", cf_verdict_text(claim, verdict));
        cli_json_text(entry, "found", claim->found);
        cJSON_AddStringToObject(entry, "how", claim->how);
        if (claim->because)
            cli_json_text(entry, "because", claim->because);
        cJSON_AddItemToArray(array, entry);
    }
    return array;
}

static int print_json(const struct cf_claims *claims, const struct cf_evidence *e)
{
    cJSON *document = cJSON_CreateObject();
    cJSON_AddItemToObject(document, "claims", claims_json(claims));
    cJSON_AddStringToObject(document, "variant", e->variant);
    cJSON_AddNumberToObject(document, "parameters", (double)e->parameters);
    cJSON_AddBoolToObject(document, "compiled", e->readable);
    if (e->readable) {
        cJSON_AddStringToObject(document, "head_sha256", e->head.sha256);
        cJSON_AddNumberToObject(document, "frames", (double)e->frames);
        cJSON_AddNumberToObject(document, "input_scale", e->options.input_scale);
        cJSON_AddNumberToObject(document, "score_threshold", e->options.score_threshold);
    }
    return cli_print_json(document);
}

/* Prints text, control characters as '?', wrapped between the columns `indent` and 100. */
static void print_wrapped(const char *text, int indent)
{
    enum { WIDTH = 100 };
    int column = printf("%*s", indent, "");
    while (*text) {
        char word[256];
        size_t length = strcspn(text, " "), kept = length < sizeof word ? length : sizeof word - 1;
        snprintf(word, sizeof word, "%.*s", (int)kept, text);
        if (column > indent && column + 1 + (int)kept > WIDTH)
            column = printf("\n%*s", indent, "") - 1;
        else if (column > indent)
            column += printf(" ");
        cli_print_text(word);
        column += (int)kept;
        text += length + strspn(text + length, " ");
    }
    printf("\n");
}

static void print_claims(const struct cf_claims *claims, const struct cf_evidence *e)
{
    enum { INDENT = 4 };
    uint32_t counts[CF_UNCHECKED + 1] = {0};
    for (size_t i = 0; i < claims->count; i++) {
        const struct cf_claim *claim = &claims->items[i];
        char verdict[CF_VERDICT_TEXT];
        counts[claim->verdict]++;
        printf("%-68s %s\n", claim->claim, cf_verdict_text(claim, verdict));
        print_wrapped(claim->found, INDENT);
        if (claim->because) {
            char because[1024];
            snprintf(because, sizeof because, "because %s", claim->because);
            print_wrapped(because, INDENT);
        }
        printf("%*s(%s)\n", INDENT, "", claim->how);
    }
    printf("\n%" PRIu32 " claims hold, %" PRIu32 " hold under a condition, %" PRIu32 " do not hold, %" PRIu32
           " were not checked",
           counts[CF_HOLDS], counts[CF_HOLDS_UNDER], counts[CF_FAILS], counts[CF_UNCHECKED]);
    if (e->readable)
        printf("; %" PRIu64 " frame%s, input scale %.9g, score %g", e->frames, e->frames == 1 ? "" : "s",
               e->options.input_scale, e->options.score_threshold);
    printf("\n");
    if (e->is_larger)
        printf("The audit checks claims about the bare classifier. HEAD is more (variant %s), and so its parameters "
               "alone were counted.\n",
               e->variant);
}

static bool open_frames(struct cf_frames **frames, const struct cli_args *args, struct cf_error *err)
{
    if (!cf_frames_open(frames, args->operands + 1, args->operand_count - 1, err))
        return false;
    if (cli_frames_select(*frames, args, err))
        return true;
    cf_frames_close(*frames);
    *frames = NULL;
    return false;
}

static int run(const struct cli_args *args)
{
    struct cf_error err;
    struct cf_frames *frames = NULL;
    struct cf_evidence evidence = {0};
    struct cf_claims claims = {0};
    struct cf_evidence_options options;
    struct cli_progress progress;
    if (!audit_options(args, &options))
        return CLI_BAD;
    options.progress = on_progress;
    options.context = &progress;
    cli_catch_interrupts();
    cli_progress_start(&progress, "auditing", "frames", 0);
    bool done = open_frames(&frames, args, &err) &&
                cf_evidence_collect(&evidence, args->operands[0], frames, &options, &err) &&
                cf_audit(&claims, &evidence, &err);
    cli_progress_finish(&progress);
    int status = done ? CLI_OK : cli_fail(&err);
    if (done && cli_given(args, "--json"))
        status = print_json(&claims, &evidence);
    else if (done)
        print_claims(&claims, &evidence);
    cf_claims_free(&claims);
    cf_evidence_free(&evidence);
    cf_frames_close(frames);
    return status;
}

const struct cli_command cli_audit = {
    .name = "audit",
    .synopsis = "HEAD FRAMES... [options]",
    .summary = "Check every claim of the published card, and give each a verdict with the reason.",
    .details =
        "The head is compiled in five ways (nearest and bilinear upsampling, direct and iterated pools, both tops), "
        "the "
        "circuits are counted, and the frames are simulated gate by gate. Each claim gets one of four verdicts: it "
        "holds, it holds under a condition (an option of compile, say), it does not hold, or it was not checked. For "
        "each claim the output says what was found and how and, where the claim does not simply hold, why. A verdict "
        "is no error: the "
        "exit status is 0 when the audit is complete.\n"
        "The circuit whose decisions are compared with those of the head is compiled with --upsample and "
        "--score-threshold, and its input scale is calibrated on FRAMES unless --input-scale gives it. Confidence "
        "intervals draw whole frames, because the gates of one frame see one photograph. The card's claims about gates "
        "and decisions are about a bare classifier. If HEAD has other layers, or is a checkpoint without a head, the "
        "command counts its parameters alone, and says which kind of file it is.\n"
        "docs/claims.md derives each verdict.",
    .min_operands = 2,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            CLI_FRAMES_OPTION,
            {"--score-threshold", "P", "0.1", "Compare the decisions at this score."},
            {"--upsample", "nearest|bilinear", "nearest",
             "Compare a circuit of this upsampling with the head; the head should have been trained with it."},
            {"--grid", "HxW", "40x40", "Height and width of the frames' grid; 8 must divide both."},
            {"--input-bits", "B", "8", "Width of the quantised input, from 2 to 16 bits."},
            {"--input-scale", "S", NULL, "Take this input scale (feature = integer * S), not one from the frames."},
            {"--weight", "NAME", NULL, "Take this tensor of HEAD as the weights. Needed where several tensors fit."},
            {"--bias", "NAME", NULL, "Take this tensor of HEAD as the biases. Needed where several tensors fit."},
            {"--json", NULL, NULL, "Print `claims`: `key`, `claim`, `verdict`, `found`, `how`, `because`."},
            {0}},
    .run = run,
};
