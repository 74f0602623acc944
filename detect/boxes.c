/* boxes.c - decodes scores and boxes of the cells, and keeps the best of each place. */
#include "detect/boxes.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "detect/nms.h"

static const double longest_side = 1 << 20;

struct cf_detect_options cf_detect_defaults(void)
{
    return (struct cf_detect_options){.score_threshold = 0.3, .overlap = 0.6, .top = 100};
}

static double sigmoid(double logit)
{
    return 1 / (1 + exp(-logit));
}

static double side_of(const struct cf_cells *cells, double z)
{
    return fmin(exp(cells->factor * z) * cells->stride, longest_side);
}

void cf_cell_sides(const struct cf_cells *cells, size_t cell, double sides[4])
{
    for (int side = 0; side < 4; side++)
        sides[side] = cells->sides ? side_of(cells, cells->sides[4 * cell + (size_t)side]) : cells->stride / 2;
}

double cf_cell_score(const struct cf_cells *cells, size_t cell, uint32_t class_index, bool root)
{
    double score = sigmoid(cells->logits[cell * cells->classes + class_index]);
    if (!cells->centerness)
        return score;
    score *= sigmoid(cells->centerness[cell]);
    return root ? sqrt(score) : score;
}

static void place_box(struct cf_detection *detection, const struct cf_cells *cells, size_t cell)
{
    double stride = cells->stride, x = stride * (detection->column + 0.5), y = stride * (detection->row + 0.5);
    double side[4];
    cf_cell_sides(cells, cell, side);
    detection->box[0] = x - side[0];
    detection->box[1] = y - side[1];
    detection->box[2] = side[0] + side[2];
    detection->box[3] = side[1] + side[3];
}
/* Adds the classes of a cell that score enough. The class alone is compared as a logit: a gate at the threshold fires,
 * and no rounding of the sigmoid may deny it. With a centerness below 1 the product is lower still. */
static bool add_cell(struct cf_detections *detections, const struct cf_cells *cells, struct cf_detection place,
                     const struct cf_detect_options *options, struct cf_error *err)
{
    size_t cell = (size_t)place.row * cells->width + place.column;
    const double *logits = cells->logits + cell * cells->classes;
    double least = log(options->score_threshold) - log1p(-options->score_threshold);
    if (cells->centerness && options->root)
        least = -INFINITY; /* a root is larger than the product: the score itself decides */
    for (place.class_index = 0; place.class_index < cells->classes; place.class_index++) {
        if (!(logits[place.class_index] >= least))
            continue;
        place.score = cf_cell_score(cells, cell, place.class_index, options->root);
        if (cells->centerness && place.score < options->score_threshold)
            continue;
        if (!cf_array_reserve(&detections->items, &detections->capacity, detections->count + 1,
                              sizeof *detections->items))
            return cf_fail(err, "out of memory");
        place_box(&place, cells, cell);
        detections->items[detections->count++] = place;
    }
    return true;
}

bool cf_detect_boxes(struct cf_detections *detections, const struct cf_cells *scales, uint32_t scale_count,
                     const struct cf_detect_options *options, struct cf_error *err)
{
    assert(options->score_threshold > 0 && options->score_threshold < 1);
    bool done = true;
    detections->count = 0;
    for (uint32_t k = 0; k < scale_count; k++)
        for (uint32_t i = 0; i < scales[k].height; i++)
            for (uint32_t j = 0; done && j < scales[k].width; j++)
                done = add_cell(detections, &scales[k], (struct cf_detection){.scale = k, .row = i, .column = j},
                                options, err);
    if (done)
        detections->count = cf_nms(detections->items, detections->count, options->overlap, options->top);
    return done;
}

void cf_detections_free(struct cf_detections *detections)
{
    free(detections->items);
    *detections = (struct cf_detections){0};
}
