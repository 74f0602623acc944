/* prove.c - runs the emitter, Yosys and the verified checker, one after the other, and keeps verdicts. */
#include "prove/prove.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/directory.h"
#include "base/file.h"
#include "base/hash.h"
#include "netlists/cell.h"
#include "rtl/structural/structural.h"
#include "rtl/tools/cache.h"
#include "rtl/tools/process.h"
#include "rtl/tools/yosys.h"

enum { VERDICT_LIMIT = 1 << 20 }; /* bytes of the checker's answer */

#define DESIGN "design.il"
#define VERDICT "verdict"

struct session {
    const struct cf_prove_options *options;
    const char *step;
    char *yosys, *checker, *net, *verdict; /* paths; the last is the checker's output */
    char *kept;                            /* the verdict's place in the cache */
    uint32_t nets;                         /* of the netlist */
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void tick(void *user)
{
    struct session *s = user;
    if (s->options->progress)
        s->options->progress(s->options->user, s->step);
}

static bool stop(void *user)
{
    struct session *s = user;
    return s->options->stop && s->options->stop(s->options->user);
}

/* ---- the tools ---- */

/* Finds the checker beside the program that runs, where `make` and `make install` put it, or on PATH. */
static bool find_checker(struct session *s, struct cf_error *err)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0) {
        self[length] = '\0';
        char *slash = strrchr(self, '/');
        if (slash)
            *slash = '\0';
        if (!(s->checker = cf_directory_join(self, CF_CHECKER)))
            return cf_fail(err, "%s: out of memory", CF_CHECKER);
        if (access(s->checker, X_OK) == 0)
            return true;
        free(s->checker);
    }
    s->checker = cf_program_find(CF_CHECKER, CF_CHECKER, err);
    return s->checker || cf_fail(err, CF_CHECKER ": not found beside cofiber or on PATH; make builds it where Coq and "
                                                 "OCaml are (scripts/setup.sh proof)");
}

static bool find_tools(struct session *s, const char *path, const char *scratch, struct cf_error *err)
{
    if (!find_checker(s, err) || !(s->yosys = cf_program_find("yosys", "yosys", err)))
        return false;
    if (!(s->net = realpath(path, NULL)))
        return cf_fail(err, "%s: %m", path);
    s->verdict = cf_directory_join(scratch, VERDICT);
    return s->verdict || cf_fail(err, "%s: out of memory", path);
}

/* ---- the cache ---- */

/* One hash for the netlist, the Verilog and both tools. */
static bool make_key(const struct session *s, const char *directory, char key[CF_SHA256_HEX], struct cf_error *err)
{
    char hashes[8 * CF_SHA256_HEX] = "";
    const char *files[] = {s->net, s->yosys, s->checker};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!cf_sha256_file(files[i], key, err))
            return false;
        strcat(hashes, key);
    }
    for (int i = 0; cf_rtl_sources[i]; i++) {
        char *file = cf_directory_join(directory, cf_rtl_sources[i]);
        bool done = file ? cf_sha256_file(file, key, err) : cf_fail(err, "%s: out of memory", directory);
        free(file);
        if (!done)
            return false;
        strcat(hashes, key);
    }
    cf_sha256(hashes, strlen(hashes), key);
    return true;
}

static bool find_kept(struct session *s, const char *directory, struct cf_error *err)
{
    char key[CF_SHA256_HEX], *cache;
    if (!make_key(s, directory, key, err) || !(cache = cf_cache_find(s->options->cache_directory, err)))
        return false;
    bool done = asprintf(&s->kept, "%s/proof-%s", cache, key) >= 0;
    if (!done)
        s->kept = NULL;
    free(cache);
    return done || cf_fail(err, "%s: out of memory", directory);
}

static bool keep(const struct session *s, struct cf_error *err)
{
    struct cf_out *out;
    if (!cf_out_open(&out, s->kept, err))
        return false;
    cf_out_printf(out, err, "proved\n");
    return cf_out_commit(&out, err);
}

/* ---- the steps ---- */

static bool add_refused(struct cf_proof *proof, size_t *capacity, uint32_t net, const char *why, size_t length)
{
    if (!cf_array_reserve(&proof->gates, capacity, proof->gate_count + (size_t)1, sizeof *proof->gates))
        return false;
    char *copy = strndup(why, length);
    if (copy)
        proof->gates[proof->gate_count++] = (struct cf_refused){net, copy};
    return copy != NULL;
}

/* The checker's answer to a refusal: "refused: WHY", then lines of the form "gate NET: WHY". */
static bool read_refusal(char *text, uint32_t nets, struct cf_proof *proof)
{
    size_t capacity = 0;
    char *line = strtok_r(text, "\n", &text);
    bool done = (proof->refusal = strdup(line + strlen("refused: "))) != NULL;
    while (done && (line = strtok_r(NULL, "\n", &text))) {
        char *end;
        unsigned long net = strncmp(line, "gate ", 5) == 0 ? strtoul(line + 5, &end, 10) : nets;
        if (net < nets && strncmp(end, ": ", 2) == 0)
            done = add_refused(proof, &capacity, (uint32_t)net, end + 2, strlen(end + 2));
    }
    return done;
}

static bool run_checker(struct session *s, const char *scratch, struct cf_proof *proof, struct cf_error *err)
{
    const struct cf_watch watch = {.tick = tick, .stop = stop, .user = s};
    const char *argv[] = {s->checker, DESIGN, s->net, NULL};
    char *text;
    size_t size;
    s->step = "checking";
    if (!cf_process_run(argv, scratch, s->verdict, &watch, err) ||
        !cf_file_read(s->verdict, VERDICT_LIMIT, &text, &size, err))
        return false;
    proof->proved = size == 7 && memcmp(text, "proved\n", 7) == 0;
    if (!proof->proved && size > 10 && text[size - 1] == '\n' && strncmp(text, "refused: ", 9) == 0) {
        text[size - 1] = '\0';
        bool done = read_refusal(text, s->nets, proof) || cf_fail(err, "%s: out of memory", s->verdict);
        free(text);
        return done;
    }
    free(text);
    return proof->proved || cf_fail(err, "%s: the checker gave no verdict", s->verdict);
}

static bool check(struct session *s, const char *directory, const char *scratch, struct cf_proof *proof,
                  struct cf_error *err)
{
    double started = seconds();
    s->step = "elaborating with Yosys";
    if (!cf_yosys_elaborate(directory, scratch, DESIGN, stop, tick, s, err))
        return false;
    proof->yosys_seconds = seconds() - started;
    started = seconds();
    if (!run_checker(s, scratch, proof, err))
        return false;
    proof->checker_seconds = seconds() - started;
    return !proof->proved || keep(s, err);
}

/* Refuses a netlist of which some gate is neither linear nor a step, or reads squares, with one gate for each such
 * cell.
 */
static bool refuse_others(const struct cf_netlist *netlist, struct cf_proof *proof, struct cf_error *err)
{
    static const char why[] = "a square, a ReLU or a root: not proved";
    size_t capacity = 0;
    bool *named = calloc(netlist->cell_count + (size_t)1, sizeof *named), done = named != NULL;
    for (uint32_t g = 1; done && g < netlist->group_count; g++)
        for (uint32_t i = 0; done && i < netlist->groups[g].count; i++) {
            uint32_t cell = netlist->groups[g].cell[i];
            if (named[cell] || cf_cell_is_plain(&netlist->cells[cell]))
                continue;
            named[cell] = true;
            done = add_refused(proof, &capacity, netlist->groups[g].first_net + i, why, sizeof why);
        }
    free(named);
    if (done && proof->gate_count > 0)
        done = (proof->refusal = strdup("the netlist has cells that are not proved: squares, ReLUs or roots")) != NULL;
    return done || cf_fail(err, "%s: out of memory", netlist->label);
}

/* The Verilog of a netlist with adder graphs takes sums from them. */
static bool refuse_graphs(const struct cf_netlist *netlist, struct cf_proof *proof, struct cf_error *err)
{
    static const char why[] =
        "the netlist has adder graphs, which the proof does not read: `check` proves them equal to "
        "the cells; prove the netlist that was optimised";
    if (!netlist->implementation)
        return true;
    proof->refusal = strdup(why);
    return proof->refusal || cf_fail(err, "%s: out of memory", netlist->label);
}

bool cf_prove(const char *path, const struct cf_netlist *netlist, const char *scratch,
              const struct cf_prove_options *options, struct cf_proof *proof, struct cf_error *err)
{
    struct session s = {.options = options, .step = "emitting", .nets = netlist->net_count};
    const struct cf_rtl_options emission = {0};
    struct cf_rtl_summary summary;
    const char *directory = options->rtl_directory ? options->rtl_directory : scratch;
    *proof = (struct cf_proof){0};
    if (!refuse_graphs(netlist, proof, err) || (!proof->refusal && !refuse_others(netlist, proof, err)))
        return false;
    if (proof->refusal)
        return true;
    bool done = find_tools(&s, path, scratch, err) &&
                (options->rtl_directory || cf_rtl_write(netlist, scratch, &emission, &summary, err)) &&
                find_kept(&s, directory, err);
    if (done && !options->again && access(s.kept, R_OK) == 0)
        proof->proved = proof->cached = true;
    else if (done)
        done = proof->checked = check(&s, directory, scratch, proof, err);
    free(s.yosys);
    free(s.checker);
    free(s.net);
    free(s.verdict);
    free(s.kept);
    return done;
}

void cf_proof_free(struct cf_proof *proof)
{
    for (uint32_t i = 0; i < proof->gate_count; i++)
        free(proof->gates[i].why);
    free(proof->gates);
    free(proof->refusal);
    *proof = (struct cf_proof){0};
}
