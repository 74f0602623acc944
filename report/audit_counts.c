/* audit_counts.c - judges the card's claims about gates, depth, parameters and weights. */
#include <inttypes.h>
#include <string.h>

#include "report/audit_parts.h"
#include "report/judge.h"

enum { CARD_SCALES = 3 };

/* The gates in each row of the card's table, whose last row has only the classifiers. */
static const uint64_t card_rows[CARD_SCALES] = {1664000, 416000, 8000};
static const uint64_t card_total = 2184000;

static const struct cf_form_facts *form(const struct cf_evidence *e, enum cf_form which)
{
    return &e->forms[which];
}

/* ---- gates ------------------------------------------------------------------------------------------------------ */

static uint64_t row_of(const struct cf_evidence *e, uint32_t k)
{
    const uint64_t *gates = form(e, CF_FORM_NEAREST)->gates[k];
    bool last = k + 1 == e->options.scales;
    return gates[CF_CLASSIFY] + (last ? 0 : gates[CF_POOL] + gates[CF_SUBTRACT]);
}

static void add_row(struct cf_claims *claims, const struct cf_evidence *e, uint32_t k)
{
    const uint64_t *gates = form(e, CF_FORM_NEAREST)->gates[k];
    bool there = k < e->options.scales && e->readable, last = k + 1 == CARD_SCALES;
    uint64_t found = there ? row_of(e, k) : 0;
    struct cf_claim claim = {.how = "counted in the compiled netlist", .because = "this head on this grid has others"};
    claim.key = cf_claims_text(claims, "gates.scale%" PRIu32, k);
    claim.claim =
        cf_claims_text(claims, "%s gates in the row of scale %" PRIu32, cf_claims_number(claims, card_rows[k]), k);
    claim.found =
        !there ? "no such scale"
        : last ? cf_claims_text(claims, "%s classifiers; the row counts nothing else",
                                cf_claims_number(claims, gates[CF_CLASSIFY]))
               : cf_claims_text(claims, "%s: %s pools, %s subtracts, %s classifiers", cf_claims_number(claims, found),
                                cf_claims_number(claims, gates[CF_POOL]), cf_claims_number(claims, gates[CF_SUBTRACT]),
                                cf_claims_number(claims, gates[CF_CLASSIFY]));
    cf_audit_judge(claims, e, claim, found == card_rows[k]);
}

static void add_total(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_form_facts *facts = form(e, CF_FORM_NEAREST);
    struct cf_claim claim = {.key = "gates.total",
                             .claim = "2,184,000 gates in all",
                             .how = "counted in the compiled netlist",
                             .because = "this head on this grid has another number"};
    claim.found = cf_claims_text(
        claims, "%s: %s linear sums, and %s threshold gates that classify", cf_claims_number(claims, facts->total),
        cf_claims_number(claims, facts->total - facts->steps), cf_claims_number(claims, facts->steps));
    cf_audit_judge(claims, e, claim, facts->total == card_total);
}

static void add_sum_of_rows(struct cf_claims *claims, const struct cf_evidence *e)
{
    uint64_t rows = 0, rest = 0;
    for (uint32_t k = 0; e->readable && k < e->options.scales; k++)
        rows += row_of(e, k);
    rest = form(e, CF_FORM_NEAREST)->total - rows;
    struct cf_claim claim = {
        .key = "gates.rows", .claim = "the rows of the table add up to its total", .how = "counted"};
    claim.found = cf_claims_text(claims, "the rows add up to %s", cf_claims_number(claims, rows));
    claim.because = cf_claims_text(claims,
                                   "the total also counts the last scale's own pool and subtract, %s gates, which "
                                   "have no row",
                                   cf_claims_number(claims, rest));
    cf_audit_judge(claims, e, claim, rest == 0);
}

static void add_live(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_form_facts *residual = form(e, CF_FORM_NEAREST), *cofiber = form(e, CF_FORM_COFIBER);
    struct cf_claim claim = {.key = "gates.live",
                             .claim = "every gate takes part in a decision",
                             .condition = "--top cofiber",
                             .how = "counted: gates from which a classifier can be reached"};
    claim.found = cf_claims_text(claims, "%s of %s with --top residual, %s of %s with --top cofiber",
                                 cf_claims_number(claims, residual->live), cf_claims_number(claims, residual->total),
                                 cf_claims_number(claims, cofiber->live), cf_claims_number(claims, cofiber->total));
    bool all = cofiber->live == cofiber->total;
    claim.because = all ? "the card's reference function classifies the pooled grid itself at the last scale, so that "
                          "no decision depends on that scale's own pool and subtract"
                        : "the head gives some channels no weight in any class";
    cf_audit_judge(claims, e, claim, all);
}

static void add_depth(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_form_facts *direct = form(e, CF_FORM_NEAREST);
    struct cf_claim claim = {.key = "depth",
                             .claim = "depth 3",
                             .condition = "--pools direct",
                             .how = "counted: the longest path from an input",
                             .because = "a pool that sums the pool below it, as hardware wants, adds a level"};
    claim.found =
        cf_claims_text(claims, "%u with direct pools, %u with iterated ones, %u with --top cofiber as well",
                       direct->depth, form(e, CF_FORM_ITERATED)->depth, form(e, CF_FORM_ITERATED_COFIBER)->depth);
    cf_audit_judge(claims, e, claim, direct->depth == 3);
}

/* ---- parameters ------------------------------------------------------------------------------------------------- */

static void add_parameters(struct cf_claims *claims, const struct cf_evidence *e)
{
    bool holds = e->parameters == 61520;
    struct cf_claim claim = {.key = "parameters.head",
                             .claim = "61,520 parameters",
                             .verdict = holds ? CF_HOLDS : CF_FAILS,
                             .how = "counted in the head's tensors",
                             .because = holds ? NULL : "80 x 768 weights and 80 biases are 61,520"};
    claim.found = cf_claims_text(claims, "%s", cf_claims_number(claims, e->parameters));
    cf_claims_add(claims, claim);
}

/* Does a head without its pruned rows have this claim? Every parameter counts, and every class sees its input. */
static void add_nonzero(struct cf_claims *claims, const struct cf_evidence *e)
{
    uint32_t constant = form(e, CF_FORM_NEAREST)->constant;
    struct cf_claim claim = {
        .key = "parameters.nonzero", .claim = "none of the parameters is 0", .how = "counted in the head's tensors"};
    claim.found = cf_claims_text(claims, "%s of %s are not 0; rounding to INT8 makes %s weights 0",
                                 cf_claims_number(claims, e->nonzero), cf_claims_number(claims, e->parameters),
                                 cf_claims_number(claims, e->small));
    claim.because = constant ? cf_claims_text(claims,
                                              "the head is pruned: %" PRIu32 " of %" PRIu32
                                              " classes have no weight left, and their gates no input",
                                              constant, e->head.classes)
                             : "the head is pruned: a weight of 0 is no wire";
    cf_audit_judge(claims, e, claim, e->nonzero == e->parameters && constant == 0);
}

/* The tensors of a variant of the card, for D channels, C classes, K outputs of a bottleneck, H hidden units; see
 * compiler/heads/parts.h. A scale has a LayerNorm and a factor. */
static uint64_t parameters_of(uint64_t k, uint64_t hidden)
{
    const uint64_t d = 768, c = 80, width = k ? k : d;
    uint64_t norms = CARD_SCALES * 2 * d, factors = CARD_SCALES, classifier = c * width + c, centerness = width + 1;
    uint64_t boxes = hidden ? hidden * width + hidden + 4 * hidden + 4 : 4 * width + 4;
    return k * d + classifier + boxes + centerness + norms + factors;
}

static void add_variant(struct cf_claims *claims, const struct cf_evidence *e, const char *name, uint64_t claimed,
                        uint64_t k, uint64_t hidden)
{
    bool given = e->variant && strcmp(e->variant, name) == 0;
    uint64_t found = given ? e->parameters : parameters_of(k, hidden);
    struct cf_claim claim = {.verdict = found == claimed ? CF_HOLDS : CF_FAILS,
                             .how = given ? "counted in the head's tensors" : "derived from the shapes of its tensors",
                             .because = found == claimed ? NULL : "the shapes give another number"};
    claim.key = cf_claims_text(claims, "parameters.%s", name);
    claim.claim = cf_claims_text(claims, "%s has %s parameters", name, cf_claims_number(claims, claimed));
    const char *boxes = hidden ? cf_claims_text(claims, "a box regressor with %" PRIu64 " hidden units", hidden)
                               : "a linear box regressor";
    claim.found = cf_claims_text(claims, "%s: classifier, %s, centerness, 3 LayerNorms and factors%s",
                                 cf_claims_number(claims, found), boxes,
                                 k ? cf_claims_text(claims, ", behind a bottleneck of %" PRIu64, k) : "");
    cf_claims_add(claims, claim);
}

/* ---- weights ---------------------------------------------------------------------------------------------------- */

static void add_layer(struct cf_claims *claims, const struct cf_evidence *e, enum cf_layer layer)
{
    const struct cf_form_facts *nearest = form(e, CF_FORM_NEAREST), *bilinear = form(e, CF_FORM_BILINEAR);
    bool near = nearest->other[layer] == 0, both = near && bilinear->other[layer] == 0;
    struct cf_claim claim = {.how = "counted: the weight of every edge",
                             .because =
                                 both ? NULL : "bilinear upsampling weighs four pools by 9, 3, 3 and 1 sixteenths"};
    claim.key = cf_claims_text(claims, "weights.layer%d", (int)layer);
    claim.claim = cf_claims_text(claims, "weights of layer %d are in {-1, 0, 1}", (int)layer);
    claim.found = cf_claims_text(claims, "nearest: %d to %d; bilinear: %d to %d", nearest->low[layer],
                                 nearest->high[layer], bilinear->low[layer], bilinear->high[layer]);
    claim.condition = both ? NULL : "--upsample nearest";
    cf_audit_judge(claims, e, claim, near);
}

static void add_int8_weights(struct cf_claims *claims, const struct cf_evidence *e)
{
    struct cf_claim claim = {.key = "int8.weights", .claim = "the weights are INT8", .how = "quantised, per class"};
    claim.found = cf_claims_text(claims, "%s weights in -127 to 127%s", cf_claims_number(claims, e->weights),
                                 e->readable && cf_head_is_integer(&e->head) ? ", as they are stored"
                                                                             : ", each class with its own scale");
    cf_audit_judge(claims, e, claim, true);
}

static void add_int8_biases(struct cf_claims *claims, const struct cf_evidence *e)
{
    const struct cf_tally *tally = &e->agreement.int8_biases;
    uint64_t changed = tally->gates - tally->equal;
    struct cf_claim claim = {.key = "int8.biases", .claim = "the biases are INT8", .how = "measured on the frames"};
    claim.found = cf_claims_text(claims,
                                 "in the unit of their class's weights they lie from %.6g to %.6g; as INT8, %" PRIu32
                                 " of %" PRIu32 " are at an end of the range, and %s of %s decisions change",
                                 e->bias_low, e->bias_high, e->saturated, e->head.classes,
                                 cf_claims_number(claims, changed), cf_claims_number(claims, tally->gates));
    if (e->saturated && changed)
        claim.because = cf_claims_text(claims,
                                       "they saturate: as INT8, %s gates fire instead of %s; the circuit has exact "
                                       "thresholds of up to %d bits instead",
                                       cf_claims_number(claims, tally->netlist_fires),
                                       cf_claims_number(claims, tally->head_fires), form(e, CF_FORM_NEAREST)->width);
    else
        claim.because = e->saturated ? "an integer at the end of its range is one that was clamped"
                                     : "a bias that is no INT8 moves decisions when it is rounded to one";
    cf_audit_judge(claims, e, claim, e->saturated == 0 && changed == 0);
}

void cf_audit_counts(struct cf_claims *claims, const struct cf_evidence *e)
{
    for (uint32_t k = 0; k < CARD_SCALES; k++)
        add_row(claims, e, k);
    add_sum_of_rows(claims, e);
    add_total(claims, e);
    add_live(claims, e);
    add_depth(claims, e);
    add_parameters(claims, e);
    add_nonzero(claims, e);
    add_variant(claims, e, "linear_70k", 69976, 0, 0);
    add_variant(claims, e, "box32_92k", 91640, 0, 32);
    add_variant(claims, e, "dim20", 22076, 20, 16);
    add_variant(claims, e, "dim15", 17751, 15, 16);
    add_variant(claims, e, "dim10", 13426, 10, 16);
    add_variant(claims, e, "dim5", 9101, 5, 16);
    add_layer(claims, e, CF_POOL);
    add_layer(claims, e, CF_SUBTRACT);
    add_int8_weights(claims, e);
    add_int8_biases(claims, e);
}
