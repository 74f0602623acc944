/* report.c - cofiber report: writes one self-contained page that shows a circuit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_strict.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/frames.h"
#include "cli/parse.h"
#include "compiler/record.h"
#include "netlists/store.h"
#include "report/page.h"

struct session {
    const struct cli_args *args;
    struct cf_netlist *netlist;
    struct cf_frames *frames; /* NULL: none */
    struct cf_photo *photos;
    size_t photo_count;
    struct cf_evidence evidence;
    struct cf_claims claims;
    char *faults, *cost, *luts; /* JSON */
    struct cf_text command;
};

/* The netlist, the frames, and the photograph; more photographs are the operands that are JPEG files. */
static bool is_photo(const char *path)
{
    size_t length = strlen(path);
    return (length > 4 && strcasecmp(path + length - 4, ".jpg") == 0) ||
           (length > 5 && strcasecmp(path + length - 5, ".jpeg") == 0);
}

static bool read_photo(struct session *s, const char *path, struct cf_error *err)
{
    return cf_photo_read(&s->photos[s->photo_count], path, err) && ++s->photo_count;
}

static bool open_operands(struct session *s, struct cf_error *err)
{
    const struct cli_args *args = s->args;
    char **paths = calloc((size_t)args->operand_count, sizeof *paths);
    int count = 0;
    s->photos = calloc((size_t)args->operand_count + 1, sizeof *s->photos);
    bool done = (paths && s->photos) || cf_fail(err, "%s: out of memory", args->operands[0]);
    if (done && cli_given(args, "--photo"))
        done = read_photo(s, cli_value(args, "--photo"), err);
    for (int i = 1; done && i < args->operand_count; i++) {
        if (is_photo(args->operands[i]))
            done = read_photo(s, args->operands[i], err);
        else
            paths[count++] = args->operands[i];
    }
    done = done && cf_netlist_load(&s->netlist, args->operands[0], err);
    if (done && count)
        done = cf_frames_open(&s->frames, paths, count, err) && cf_frames_fit(s->frames, s->netlist, err) &&
               cli_frames_select(s->frames, args, err);
    if (done && s->photo_count > (s->frames ? cf_frames_count(s->frames) : 0))
        done = cf_fail(err, "%s: there are more photographs than frames", args->operands[0]);
    free(paths);
    return done;
}

/* The evidence is about the circuit that the netlist records. */
static bool audit(struct session *s, struct cf_error *err)
{
    const char *head = cli_value(s->args, "--head");
    struct cf_evidence_options options = {0};
    if (!head)
        return true;
    if (!s->frames)
        return cf_fail(err, "%s: an audit needs frames", head);
    return cf_compile_recorded(s->netlist, &options.compile, err) &&
           cf_evidence_collect(&s->evidence, head, s->frames, &options, err) && cf_audit(&s->claims, &s->evidence, err);
}

/* ---- other commands' outputs ---- */

/* An output that the page plots: the option that names its file, the command that prints it, and what the plot reads.
 */
struct plotted {
    const char *option, *command;
    bool (*fits)(const cJSON *document);
};

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static bool fits_faults(const cJSON *document)
{
    const cJSON *groups = member(document, "groups"), *group;
    bool fits = cJSON_IsArray(groups);
    cJSON_ArrayForEach(group, groups)
    {
        fits = fits && cJSON_IsString(member(group, "name")) && cJSON_IsNumber(member(group, "faults")) &&
               cJSON_IsNumber(member(group, "seen_at_gate")) && cJSON_IsNumber(member(group, "found"));
    }
    return fits;
}

static bool fits_cost(const cJSON *document)
{
    const cJSON *groups = member(member(document, "bits"), "groups"), *group;
    bool fits = cJSON_IsArray(groups);
    cJSON_ArrayForEach(group, groups)
    {
        fits = fits && cJSON_IsString(member(group, "name")) &&
               cJSON_IsNumber(member(member(group, "spatial"), "full_adders")) &&
               cJSON_IsNumber(member(member(group, "shared"), "full_adders"));
    }
    return fits;
}

static bool fits_luts(const cJSON *document)
{
    const cJSON *groups = member(document, "groups"), *group;
    bool fits = cJSON_IsArray(groups) && cJSON_IsString(member(document, "target"));
    cJSON_ArrayForEach(group, groups)
    {
        fits = fits && cJSON_IsString(member(group, "name")) && cJSON_IsNumber(member(group, "luts"));
    }
    return fits;
}

static const struct plotted plotted_faults = {"--faults", "cofiber faults --json", fits_faults},
                            plotted_cost = {"--cost", "cofiber stats --bits --json", fits_cost},
                            plotted_luts = {"--luts", "scripts/area.sh --json", fits_luts};

/* The document of a text, to its last byte; NULL where it is none, or where memory is out. */
static cJSON *parse_strictly(const char *text, size_t size)
{
    static const struct cf_json_limits limits = {CF_JSON_NUMBERS, 16, 1 << 18, 1 << 18};
    const uint8_t *bytes = (const uint8_t *)text;
    const char *end = text;
    size_t at;
    if (!cf_utf8_check(bytes, size, &at) || cf_json_check(bytes, size, &limits, &at))
        return NULL;
    cJSON *document = cJSON_ParseWithLengthOpts(text, size, &end, false);
    if (document && cf_json_only_blanks(end, text + size))
        return document;
    cJSON_Delete(document);
    return NULL;
}

/* Reads the output that an option names, where it is given, and checks that it is that command's. */
static bool read_json(const struct cli_args *args, const struct plotted *plotted, char **text, struct cf_error *err)
{
    enum { MOST = 1 << 20 };
    size_t size;
    const char *path = cli_value(args, plotted->option);
    if (!path)
        return true;
    if (!cf_file_read(path, MOST, text, &size, err))
        return false;
    cJSON *document = parse_strictly(*text, size);
    bool fits = document && plotted->fits(document);
    cJSON_Delete(document);
    if (!cli_json_complete())
        return cf_fail(err, "%s: out of memory", path);
    return fits || cf_fail(err, "%s: not the output of '%s'", path, plotted->command);
}

/* ---- the page ---- */

/* The command line as the page quotes it: words with blanks or brackets in quotes. */
static void put_word(struct cf_text *command, const char *word)
{
    bool plain = *word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:,@") ==
                              strlen(word);
    cf_text_printf(command, plain ? " %s" : " '%s'", cli_shown(word));
}

static void make_command(struct session *s)
{
    const struct cli_args *args = s->args;
    cf_text_printf(&s->command, "cofiber report");
    for (int i = 0; i < args->operand_count; i++)
        put_word(&s->command, args->operands[i]);
    for (int i = 0; args->command->options[i].name; i++)
        if (args->values[i] && strcmp(args->command->options[i].name, "--json") != 0) {
            put_word(&s->command, args->command->options[i].name);
            put_word(&s->command, args->values[i]);
        }
}

static bool write_page(struct session *s, size_t *size, struct cf_error *err)
{
    int fit;
    if (!cli_choice(s->args, "--fit", &fit))
        return cf_fail(err, "--fit: unknown word");
    make_command(s);
    if (s->command.failed)
        return cf_fail(err, "out of memory");
    const struct cf_page page = {.netlist = s->netlist,
                                 .path = s->args->operands[0],
                                 .frames = s->frames,
                                 .photos = s->photos,
                                 .photo_count = s->photo_count,
                                 .fit = (enum cf_fit)fit,
                                 .claims = cli_given(s->args, "--head") ? &s->claims : NULL,
                                 .evidence = &s->evidence,
                                 .command = s->command.data,
                                 .complete = cli_json_complete,
                                 .faults = s->faults,
                                 .cost = s->cost,
                                 .luts = s->luts};
    return cf_page_write(&page, cli_value(s->args, "-o"), size, err);
}

static void free_session(struct session *s)
{
    for (size_t i = 0; i < s->photo_count; i++)
        cf_photo_free(&s->photos[i]);
    free(s->photos);
    free(s->faults);
    free(s->cost);
    free(s->luts);
    cf_text_free(&s->command);
    cf_claims_free(&s->claims);
    cf_evidence_free(&s->evidence);
    cf_frames_close(s->frames);
    cf_netlist_free(s->netlist);
}

static int run(const struct cli_args *args)
{
    struct session s = {.args = args};
    struct cf_error err;
    size_t size = 0;
    if (!cli_value(args, "-o"))
        return cli_complain("report: -o PAGE.html is missing");
    cli_json_start();
    bool done = open_operands(&s, &err) && read_json(args, &plotted_faults, &s.faults, &err) &&
                read_json(args, &plotted_cost, &s.cost, &err) && read_json(args, &plotted_luts, &s.luts, &err) &&
                audit(&s, &err) && write_page(&s, &size, &err);
    int status = done ? CLI_OK : cli_fail(&err);
    char text[32];
    if (done)
        printf("%s: %s bytes, %zu claims; it needs no network\n", cli_shown(cli_value(args, "-o")),
               cli_thousands(size, text), s.claims.count);
    free_session(&s);
    cli_json_finish();
    return status;
}

const struct cli_command cli_report = {
    .name = "report",
    .synopsis = "NET [FRAMES...] [--photo JPEG...] [--head HEAD] -o PAGE.html",
    .summary = "Write one self-contained page that shows the circuit: its gates, its bands on a photograph, its plots.",
    .details =
        "The page needs a browser and no network. It shows the circuit as a picture with its counts; any gate with its "
        "operands by name, weights, threshold, value on the frame, and place in the Verilog; and for each of FRAMES "
        "the "
        "energy of the bands as heat maps, the gates that fire, and histograms of their margins. With --head, it holds "
        "the audit of the published claims, as `cofiber audit` prints it, for the circuit that NET records.\n"
        "Operands that end in .jpg or .jpeg are further photographs: they belong to the frames in order. The page "
        "holds "
        "the input and the classifiers' sums of each frame, and is at most 5 MB, so that about two frames of the "
        "published size fit.",
    .min_operands = 1,
    .max_operands = -1,
    .options =
        (const struct cli_option[]){
            {"-o", "PAGE.html", NULL, "Write the page to this file."},
            CLI_FRAMES_OPTION,
            {"--photo", "JPEG", NULL, "Show the first frame on this photograph. More may follow it."},
            {"--fit", "longer|square", "longer",
             "How the photograph was turned into the frame. longer: its longer side was resized to the frame's, and it "
             "stands in the top left corner. square: both sides were resized."},
            {"--head", "HEAD", NULL, "Audit the published claims for this head, on FRAMES."},
            {"--faults", "FILE.json", NULL, "Plot this output of `cofiber faults --json`."},
            {"--cost", "FILE.json", NULL, "Show this output of `cofiber stats --bits --json`."},
            {"--luts", "FILE.json", NULL, "Plot the LUTs of each group: this output of `scripts/area.sh --json`."},
            {0}},
    .run = run,
};
