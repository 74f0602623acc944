/* detector.c - offers detections through the public interface. */
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "detect/boxes.h"
#include "detect/names.h"
#include "detect/sums.h"
#include "library/pass_on.h"

struct cofiber_detector {
    struct cf_sums sums;
    struct cf_logits logits;
    cofiber_sim *sim; /* of the sums' netlist */
    struct cf_detections found;
    cofiber_detection *detections; /* [capacity], what the caller sees of them */
    size_t capacity;
};

cofiber_detect_options cofiber_detect_defaults(void)
{
    struct cf_detect_options o = cf_detect_defaults();
    return (cofiber_detect_options){
        .score_threshold = o.score_threshold, .overlap = o.overlap, .top = o.top, .root = o.root};
}

bool cofiber_detector_new(cofiber_detector **detector, const cofiber_netlist *netlist, double stride, int threads,
                          cofiber_error *error)
{
    struct cf_error err;
    const cofiber_options options = {.mode = COFIBER_DECISIONS, .threads = threads};
    if (!detector)
        return cf_refuse(error, "no place for the detector");
    *detector = NULL;
    if (!netlist)
        return cf_refuse(error, "no netlist");
    if (!(stride > 0 && stride <= 4096))
        return cf_refuse(error, "a stride must be positive, and 4096 at most");
    struct cofiber_detector *made = calloc(1, sizeof *made);
    if (!made)
        return cf_refuse(error, "out of memory");
    bool done = cf_sums_new(&made->sums, cofiber_unwrap(netlist), stride, &err) &&
                cf_logits_new(&made->logits, &made->sums, &err);
    done =
        done ? cofiber_sim_new(&made->sim, cofiber_wrap(made->sums.netlist), &options, error) : cf_pass_on(error, &err);
    if (!done) {
        cofiber_detector_free(made);
        return false;
    }
    *detector = made;
    return true;
}

void cofiber_detector_free(cofiber_detector *detector)
{
    if (!detector)
        return;
    cofiber_sim_free(detector->sim);
    cf_logits_free(&detector->logits);
    cf_sums_free(&detector->sums);
    cf_detections_free(&detector->found);
    free(detector->detections);
    free(detector);
}

static bool check_options(const cofiber_detect_options *options, struct cf_error *err)
{
    if (!(options->score_threshold > 0 && options->score_threshold < 1))
        return cf_fail(err, "a score threshold of %g: a score lies between 0 and 1, both excluded",
                       options->score_threshold);
    if (!(options->overlap >= 0 && options->overlap <= 1))
        return cf_fail(err, "an overlap of %g: it lies between 0 and 1", options->overlap);
    return options->top > 0 || cf_fail(err, "no detections are asked for");
}

/* The detections found, as the caller sees them. */
static bool show(struct cofiber_detector *d, struct cf_error *err)
{
    if (!cf_array_reserve(&d->detections, &d->capacity, d->found.count + 1, sizeof *d->detections))
        return cf_fail(err, "out of memory");
    for (size_t i = 0; i < d->found.count; i++) {
        const struct cf_detection *from = &d->found.items[i];
        d->detections[i] = (cofiber_detection){.score = from->score,
                                               .box = {from->box[0], from->box[1], from->box[2], from->box[3]},
                                               .scale = from->scale,
                                               .row = from->row,
                                               .column = from->column,
                                               .class_index = from->class_index};
    }
    return true;
}

bool cofiber_detector_run(cofiber_detector *detector, const cofiber_features *features,
                          const cofiber_detect_options *options, const cofiber_detection **detections, size_t *count,
                          cofiber_error *error)
{
    struct cf_error err;
    struct cf_cells cells[CF_SUMS_SCALES];
    if (!detector || !detections || !count)
        return cf_refuse(error, detector ? "no place for the detections" : "no detector");
    cofiber_detect_options asked = options ? *options : cofiber_detect_defaults();
    const struct cf_detect_options inner = {
        .score_threshold = asked.score_threshold, .overlap = asked.overlap, .top = asked.top, .root = asked.root};
    *count = 0;
    if (!check_options(&asked, &err))
        return cf_pass_on(error, &err);
    if (!cofiber_sim_run(detector->sim, features, error))
        return false;
    cf_sums_read(&detector->sums, cofiber_sim_result(detector->sim), &detector->logits, cells);
    if (!cf_detect_boxes(&detector->found, cells, detector->sums.scale_count, &inner, &err) || !show(detector, &err))
        return cf_pass_on(error, &err);
    *detections = detector->detections;
    *count = detector->found.count;
    return true;
}

const char *cofiber_detector_class(const cofiber_detector *detector, uint32_t class_index, char *buffer, size_t size)
{
    char name[CF_CLASS_NAME];
    if (!detector || !buffer || class_index >= detector->sums.classes)
        return NULL;
    snprintf(buffer, size, "%s", cf_class_name(class_index, detector->sums.classes, name));
    return buffer;
}

uint32_t cofiber_detector_classes(const cofiber_detector *detector)
{
    return detector ? detector->sums.classes : 0;
}
